//! Where the evaluation captures are, and the tools that judge.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Skips are failures where everything has to be there.
fn required() -> bool {
    std::env::var_os("SENTINEL_REQUIRE_ALL").is_some_and(|v| v == "1")
}

/// Says why a test does nothing.
pub fn skip(why: &str) {
    assert!(!required(), "SENTINEL_REQUIRE_ALL=1, but {why}");
    eprintln!("skipped: {why}");
}

/// All captures of the corpus, sorted; `None` (and said why) without a corpus.
pub fn captures() -> Option<Vec<PathBuf>> {
    let root = match std::env::var_os("SENTINEL_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
    };
    if !root.is_dir() {
        skip(&format!("there is no corpus at {} (set SENTINEL_CORPUS)", root.display()));
        return None;
    }
    let (mut found, mut folders) = (Vec::new(), vec![root]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable corpus").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "pcap" || e == "pcapng" || e == "cap") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "the corpus has no captures");
    Some(found)
}

/// True if a program can be run; says so if not.
pub fn have(program: &str) -> bool {
    let run = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = run.is_ok_and(|s| s.success());
    if !there {
        skip(&format!("{program} is not installed"));
    }
    there
}

/// Standard output of a program, whatever its exit code: Wireshark's tools fail on cut captures after
/// having said all they know.
pub fn output(program: &str, args: &[&str], file: &Path) -> String {
    let run = Command::new(program).args(args).arg(file).stderr(Stdio::null()).output();
    String::from_utf8_lossy(&run.expect("an installed program").stdout).into_owned()
}

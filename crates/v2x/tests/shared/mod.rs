//! Published vectors, read where they are.
#![allow(dead_code, reason = "each test uses its part")]

use std::path::{Path, PathBuf};

/// The folder of the vectors: beside the captures that SENTINEL_CORPUS names. None, with the reason on
/// standard error, when there is none; SENTINEL_REQUIRE_ALL=1 makes that a failure.
pub fn vectors() -> Option<PathBuf> {
    let captures = match std::env::var_os("SENTINEL_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
    };
    let folder = captures.parent()?.join("vectors");
    if folder.join("camp").is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("SENTINEL_REQUIRE_ALL").is_none_or(|v| v != "1"),
        "there are no vectors at {}",
        folder.display()
    );
    eprintln!("skipped: there are no vectors at {} (set SENTINEL_CORPUS)", folder.display());
    None
}

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A text of an object within a JSON object, both named.
pub fn field(json: &str, object: &str, name: &str) -> String {
    let from = json.find(&format!("\"{object}\"")).unwrap();
    let rest = &json[from..];
    let from = rest.find(&format!("\"{name}\": \"")).unwrap() + name.len() + 5;
    rest[from..].split('"').next().unwrap().to_owned()
}

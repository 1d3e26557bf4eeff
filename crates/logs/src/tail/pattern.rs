//! Which files a person means by a name, a folder or a pattern, as they come and go.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// Endings by which a log is found in a folder that was named; rotated and compressed ones are no longer
/// written. What a pattern or a name says is followed whatever its ending.
const ENDINGS: [&str; 4] = [".log", ".json", ".ndjson", ".jsonl"];
/// Folders below one that was named.
const DEPTH: usize = 4;
/// Entries of folders looked at in one go.
const MOST_ENTRIES: usize = 100_000;

/// What a look found.
#[derive(Debug, Default)]
pub struct Found {
    pub files: BTreeSet<PathBuf>,
    /// Folders and files that could not be looked at, with the reason.
    pub faults: Vec<(PathBuf, String)>,
    /// Entries looked at.
    pub entries: usize,
    visited: BTreeSet<(u64, u64)>,
}

impl Found {
    fn list(&mut self, folder: &Path) -> Vec<(String, PathBuf)> {
        let mut out = Vec::new();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(why) => {
                if why.kind() != std::io::ErrorKind::NotFound {
                    self.faults.push((folder.to_owned(), why.to_string()));
                }
                return out;
            }
        };
        for entry in entries.flatten() {
            self.entries = self.entries.saturating_add(1);
            if self.entries > MOST_ENTRIES {
                break;
            }
            out.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
        out.sort();
        out
    }

    /// Logs of a folder and of those below it. Links to folders are gone through too, each folder once.
    fn folder(&mut self, folder: &Path, depth: usize) {
        let Ok(meta) = fs::metadata(folder) else { return };
        if !self.visited.insert((meta.dev(), meta.ino())) {
            return;
        }
        for (name, path) in self.list(folder) {
            if name.starts_with('.') {
                continue;
            }
            let lower = name.to_ascii_lowercase();
            if ENDINGS.iter().any(|end| lower.ends_with(end)) && !path.is_dir() {
                self.files.insert(path);
            } else if depth > 0 && path.is_dir() {
                self.folder(&path, depth.saturating_sub(1));
            }
        }
    }
}

/// A name, a folder, or a path with `*`, `?`, `[a-z]` and `**` (any folders) in it.
#[derive(Clone, Debug)]
pub struct Pattern {
    path: PathBuf,
    /// Leading part without marks, and the parts from the first with marks on; none in a plain name.
    parts: Option<(PathBuf, Vec<String>)>,
}

impl Pattern {
    pub fn new(path: &Path) -> Pattern {
        let marked = |c: &Component<'_>| matches!(c, Component::Normal(name) if name.to_string_lossy().contains(['*', '?', '[']));
        let parts: Vec<Component<'_>> = path.components().collect();
        let first = parts.iter().position(marked);
        let parts = first.and_then(|at| parts.split_at_checked(at)).map(|(base, rest)| {
            let rest = rest.iter().map(|c| c.as_os_str().to_string_lossy().into_owned());
            (base.iter().collect(), rest.collect())
        });
        Pattern { path: path.to_owned(), parts }
    }

    /// Adds what is there now.
    pub fn look(&self, found: &mut Found) {
        match &self.parts {
            Some((base, parts)) if !self.path.exists() => go(base, parts, found, DEPTH.saturating_mul(2)),
            _ if self.path.is_dir() => found.folder(&self.path, DEPTH),
            _ => {
                found.files.insert(self.path.clone());
            }
        }
    }
}

fn go(at: &Path, parts: &[String], found: &mut Found, depth: usize) {
    let Some((part, rest)) = parts.split_first() else {
        if at.is_dir() {
            found.folder(at, DEPTH);
        } else {
            found.files.insert(at.to_owned());
        }
        return;
    };
    if depth == 0 {
        return;
    }
    let base = if at.as_os_str().is_empty() { Path::new(".") } else { at };
    if part == "**" {
        go(at, rest, found, depth);
        for (name, path) in found.list(base) {
            // links are left out: they could lead back up
            let real = fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir());
            if real && !name.starts_with('.') {
                go(&at.join(&name), parts, found, depth.saturating_sub(1));
            }
        }
    } else if part.contains(['*', '?', '[']) {
        for (name, path) in found.list(base) {
            let hidden = name.starts_with('.') && !part.starts_with('.');
            if !hidden && matches(part, &name) && (rest.is_empty() || path.is_dir()) {
                go(&at.join(&name), rest, found, depth.saturating_sub(1));
            }
        }
    } else if at.join(part).exists() {
        go(&at.join(part), rest, found, depth.saturating_sub(1));
    }
}

/// Whether a name fits a pattern: `*` any characters, `?` one, `[a-z]` and `[!a-z]` one of a set.
/// Source: POSIX.1-2017, Shell Command Language, 2.13.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut to) = (0, 0);
    // where to go on if what follows a star does not fit: one character further
    let mut back: Option<(usize, usize)> = None;
    while to < n.len() || at < p.len() {
        let next = match (p.get(at), n.get(to)) {
            (Some('*'), _) => {
                back = Some((at, to.saturating_add(1)));
                at = at.saturating_add(1);
                continue;
            }
            (Some('?'), Some(_)) => Some(at.saturating_add(1)),
            (Some('['), Some(c)) => match set(p.get(at..).unwrap_or_default(), *c) {
                Some((true, len)) => Some(at.saturating_add(len)),
                Some((false, _)) => None,
                None => (*c == '[').then_some(at.saturating_add(1)),
            },
            (Some(a), Some(b)) if a == b => Some(at.saturating_add(1)),
            _ => None,
        };
        if let Some(next) = next {
            at = next;
            to = to.saturating_add(1);
            continue;
        }
        match back {
            Some((star, again)) if again <= n.len() => {
                back = Some((star, again.saturating_add(1)));
                at = star.saturating_add(1);
                to = again;
            }
            _ => return false,
        }
    }
    true
}

/// Whether `c` is in the set at the beginning of `p`, and how long the set is; nothing if it has no end.
fn set(p: &[char], c: char) -> Option<(bool, usize)> {
    let not = matches!(p.get(1), Some('!' | '^'));
    let mut at: usize = if not { 2 } else { 1 };
    let first = at;
    let mut within = false;
    loop {
        let low = *p.get(at)?;
        if low == ']' && at > first {
            return Some((within != not, at.saturating_add(1)));
        }
        let high = match (p.get(at.saturating_add(1)), p.get(at.saturating_add(2))) {
            (Some('-'), Some(high)) if *high != ']' => Some(*high),
            _ => None,
        };
        within |= (low..=high.unwrap_or(low)).contains(&c);
        at = at.saturating_add(if high.is_some() { 3 } else { 1 });
    }
}

/// Whether a file is one that rotation made of another: `eve.json.1`, `eve.json-20261130.gz`,
/// `eve-20261130.json`, `conn.12:00:00-13:00:00.log.gz` of `eve.json` and `conn.log`.
pub fn of_family(name: &str, other: &str) -> bool {
    if name == other {
        return true;
    }
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    if let Some(more) = other.strip_prefix(name) {
        return more.starts_with(['.', '-', '_']);
    }
    let stem = name.split('.').next().unwrap_or(name);
    let Some(more) = other.strip_prefix(stem).filter(|_| !stem.is_empty()) else { return false };
    more.starts_with(['.', '-', '_']) && digit(more.chars().nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_by_pattern() {
        for (pattern, name, fits) in [
            ("*.log", "conn.log", true),
            ("*.log", "conn.log.gz", false),
            ("c?nn.*", "conn.log", true),
            ("[a-c]onn*", "conn", true),
            ("[!a-c]onn*", "conn", false),
            ("*[0-9].json", "eve-1.json", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("[", "[", true),
            ("[]]", "]", true),
            ("**", "", true),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn families() {
        for other in ["eve.json", "eve.json.1", "eve.json.2.gz", "eve.json-20261130", "eve-20261130.json"] {
            assert!(of_family("eve.json", other), "{other}");
        }
        assert!(of_family("conn.log", "conn.12:00:00-13:00:00.log.gz"));
        for other in ["eve.alert.json", "evening.json", "fast.log", "conn_reduced.log"] {
            assert!(!of_family("eve.json", other) && !of_family("conn.log", other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_a_star_fits_all(pattern in "[a\\[\\]!*?-]{0,12}", name in "[ab\\[\\]-]{0,12}") {
            let _ = matches(&pattern, &name);
            prop_assert!(matches("*", &name));
            let star = format!("*{name}*").replace('[', "?").replace(']', "?");
            prop_assert!(matches(&star, &name));
        }
    }

    #[test]
    fn folders_and_patterns() {
        let at = std::env::temp_dir().join(format!("sentinel-patterns-{}", std::process::id()));
        let _ = fs::remove_dir_all(&at);
        for name in ["a/conn.log", "a/.hid.log", "a/x.txt", "a/b/dns.log", "eve.json", "eve.json.1"] {
            let path = at.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(at.join("a"), at.join("current")).unwrap();
        std::os::unix::fs::symlink(&at, at.join("a/up")).unwrap();
        let look = |what: &str| {
            let mut found = Found::default();
            Pattern::new(&at.join(what)).look(&mut found);
            let short = |p: &PathBuf| p.strip_prefix(&at).unwrap().to_string_lossy().into_owned();
            found.files.iter().map(short).collect::<Vec<_>>()
        };
        assert_eq!(look(""), ["a/b/dns.log", "a/conn.log", "eve.json"]);
        assert_eq!(look("current/*.log"), ["current/conn.log"]);
        assert_eq!(look("eve*"), ["eve.json", "eve.json.1"]);
        assert_eq!(look("**/*.log"), ["a/b/dns.log", "a/conn.log"]);
        assert_eq!(look("later.log"), ["later.log"]);
        assert_eq!(look("c*t"), ["current/b/dns.log", "current/conn.log", "current/up/eve.json"]);
        fs::remove_dir_all(&at).unwrap();
    }
}

//! Where the rest of a file is that is no longer under its name: renamed, copied, compressed.

use super::from::From;
use super::pattern::of_family;
use super::place::{Key, Place, SPAN};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files of a folder that are looked at.
const MOST: usize = 20_000;
/// Folders by day that are looked at: Zeek's archive beside `current`.
const DAYS: usize = 4;

/// A file that rotation may have made of a log.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub path: PathBuf,
    pub key: Key,
    pub size: u64,
    /// When it was last changed, seconds since 1970 and nanoseconds.
    pub changed: (i64, i64),
}

/// Files that rotation may have made of a log, in the folders given and in those where it is put, by the
/// time of their last change.
pub fn candidates(name: &Path, path: &Path) -> Vec<Candidate> {
    candidates_in(name, path, &mut Listing::new())
}

/// Names of the files of folders, each listed once.
pub type Listing = HashMap<PathBuf, Vec<String>>;

/// [`candidates`] for one name of many.
pub fn candidates_in(name: &Path, path: &Path, listing: &mut Listing) -> Vec<Candidate> {
    let Some(base) = name.file_name().map(|n| n.to_string_lossy().into_owned()) else { return Vec::new() };
    let mut folders = BTreeSet::new();
    for of in [name, path] {
        if let Some(folder) = of.parent() {
            folders.insert(if folder.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                folder.to_owned()
            });
            folders.extend(archive(folder));
        }
    }
    let mut out = Vec::new();
    for folder in folders {
        let names = listing.entry(folder.clone()).or_insert_with(|| {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten().take(MOST);
            entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
        });
        let family = names.iter().filter(|other| of_family(&base, other));
        out.extend(family.filter_map(|other| at(&folder.join(other))));
    }
    out.sort_by(|a, b| (a.changed, &a.path).cmp(&(b.changed, &b.path)));
    out
}

/// The file of a path; nothing if it is none.
pub fn at(path: &Path) -> Option<Candidate> {
    let meta = fs::metadata(path).ok().filter(|m| m.is_file())?;
    let changed = (meta.mtime(), meta.mtime_nsec());
    Some(Candidate { path: path.to_owned(), key: (meta.dev(), meta.ino()), size: meta.len(), changed })
}

/// Zeek writes to the folder that `current` links to, and puts what is over in folders beside it that are
/// named by the day: the newest of them.
fn archive(folder: &Path) -> Vec<PathBuf> {
    let link = fs::symlink_metadata(folder).is_ok_and(|m| m.file_type().is_symlink());
    let Some(parent) = folder.parent().filter(|_| link) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let day = |name: &str| {
        let shape = |(n, c): (usize, char)| if n == 4 || n == 7 { c == '-' } else { c.is_ascii_digit() };
        name.len() == 10 && name.chars().enumerate().all(shape)
    };
    let named = entries.flatten().take(MOST).map(|e| e.file_name().to_string_lossy().into_owned());
    let mut days: Vec<String> = named.filter(|n| day(n)).collect();
    days.sort();
    days.iter().rev().take(DAYS).map(|d| parent.join(d)).collect()
}

/// The file that a place is in: by its inode, else by content, plain files before compressed ones. Files
/// of `not` are left out.
pub fn find(place: &Place, among: &[Candidate], not: Option<Key>) -> Option<(Candidate, From)> {
    let fits = |c: &Candidate, packed: bool| -> Option<From> {
        let mut from = From::open(&c.path).ok()?;
        if from.is_packed() != packed || from.key().ok()? != c.key || !place.fits(&mut from).ok()? {
            return None;
        }
        // what was read to see that is needed again
        if packed { From::open(&c.path).ok() } else { Some(from) }
    };
    let others = || among.iter().filter(|c| Some(c.key) != not);
    if place.head.is_empty() {
        return None; // it is as good as new
    }
    let own = others().filter(|c| c.key == place.key);
    let own = own.filter_map(|c| Some((c.clone(), fits(c, false).or_else(|| fits(c, true))?))).next();
    if own.is_some() {
        return own;
    }
    let plain = others().filter(|c| c.size >= place.offset);
    let mut plain = plain.filter_map(|c| Some((c.clone(), fits(c, false)?)));
    plain.next().or_else(|| others().find_map(|c| Some((c.clone(), fits(c, true)?))))
}

/// Whether a file holds the same bytes as another up to the end of the shorter one, as far as its
/// beginning and the last common bytes tell: a copy that is made, or was.
pub fn is_copy(one: &mut From, one_size: u64, other: &mut From, other_size: u64) -> bool {
    let common = one_size.min(other_size);
    if common == 0 || one.is_packed() || other.is_packed() {
        return false;
    }
    let mut same = |at: u64| {
        let len = usize::try_from(common.saturating_sub(at)).unwrap_or(SPAN).min(SPAN);
        let read = |from: &mut From| {
            let mut bytes = vec![0; len];
            let n = from.fill_at(at, &mut bytes).ok()?;
            (n == len).then_some(bytes)
        };
        matches!((read(one), read(other)), (Some(a), Some(b)) if a == b)
    };
    same(0) && same(common.saturating_sub(SPAN as u64))
}

//! Where reading goes on when a file is not where it was: after rotation, truncation, a new start.

use super::find::key;
use super::from::From;
use super::one::Tail;
use super::place::{Mark, Place, SPAN};
use super::rest::{Candidate, Listing, at, candidates, candidates_in, find};
use super::saved::{Saved, SavedTail};
use super::{Tails, count};
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Names of files that were read to their end, beside which is looked after a start.
const MOST_NAMES: usize = 256;
/// Seconds that a compressed file may take to become complete.
const MOST_WAIT: u64 = 600;
/// Seconds by which the clock of a file server may differ from ours.
const SKEW: i64 = 2;

impl Tails {
    /// Files of a name's family that came and were rotated away unseen. False: look again, one is not
    /// complete yet.
    pub(super) fn adopt(&mut self, name: &Path, listing: &mut Listing) -> bool {
        let since = self.seen.min(self.looked).saturating_sub(SKEW);
        let now = super::wall();
        let mut all = true;
        for c in candidates_in(name, name, listing) {
            let known = self.tails.iter().any(|t| t.place.key == c.key)
                || self.others.get(&c.key).is_some_and(|o| o.sure && o.size == c.size)
                || self.over(&c);
            if known || c.size == 0 || c.changed.0 < since || c.path == name {
                continue;
            }
            let Ok(mut from) = From::open(&c.path) else { continue };
            if from.is_packed() {
                let age = u64::try_from(now.saturating_sub(c.changed.0)).unwrap_or(0);
                let begun = from.fill_at(0, &mut [0; SPAN]).is_ok_and(|n| n > 0);
                if age < self.timing.packed.as_secs() || !begun {
                    // what stays broken is not waited for
                    all &= age > MOST_WAIT;
                    continue;
                }
            }
            if let Ok(meta) = fs::metadata(&c.path)
                && key(&meta) == c.key
            {
                self.open(name.to_owned(), c.path, &meta, true);
            }
        }
        all
    }

    /// Whether what is in a file is read as another one, as far as a place at least: a copy that was found
    /// first.
    fn superseded(&self, c: &Candidate, place: &Place, not: Option<usize>) -> bool {
        let mut bytes = [0; SPAN];
        let Ok(Ok(n)) = From::open(&c.path).map(|mut from| from.fill_at(0, &mut bytes)) else { return false };
        let head = Mark::of(bytes.get(..n).unwrap_or_default());
        let tails = self.tails.iter().enumerate().filter(|(at, _)| Some(*at) != not).map(|(_, t)| &t.place);
        let mut others = tails.chain(self.done.iter().map(|d| &d.place));
        n > 0 && others.any(|other| other.head == head && other.offset >= place.offset)
    }

    /// Whether all of a file was read. Inodes are used anew: its content says so too.
    fn over(&self, c: &Candidate) -> bool {
        let mut done = self.done.iter().filter(|d| d.place.key == c.key).peekable();
        if done.peek().is_none() {
            return false;
        }
        let Ok(mut from) = From::open(&c.path) else { return false };
        let packed = from.is_packed();
        done.any(|d| (packed || d.place.offset == c.size) && d.place.fits(&mut from).unwrap_or(packed))
    }

    /// Takes a handle again: of the file itself, or of what rotation made of it.
    pub(super) fn reopen(&mut self, at: usize) {
        let now = Instant::now();
        let due = now >= self.next_look;
        let Some(tail) = self.tails.get_mut(at).filter(|t| now >= t.again.0) else { return };
        match From::open(&tail.path).and_then(|from| from.key().map(|key| (from, key))) {
            Ok((from, key)) if key == tail.place.key => {
                tail.opened(from);
                return;
            }
            Err(why) if why.kind() != ErrorKind::NotFound => return tail.failed(why.to_string()),
            _ => {}
        }
        if !due {
            return;
        }
        let among = candidates(&tail.name, &tail.path);
        if let Some((c, from)) = find(&tail.place, &among, None) {
            tail.place.key = c.key;
            tail.path = c.path;
            tail.changed = true;
            tail.opened(from);
        } else {
            tail.waiting = Some("its file is not found".to_owned());
        }
    }

    /// A file no longer holds what was read of it: the rest is in a copy perhaps, and it begins anew.
    pub(super) fn truncated(&mut self, at: usize) {
        let since = self.seen.min(self.looked).saturating_sub(SKEW);
        let Some(tail) = self.tails.get(at) else { return };
        count(&mut self.counts, &tail.name).truncations += 1;
        let place = &tail.place;
        let mut among = candidates(&tail.name, &tail.path);
        among.retain(|c| c.changed.0 >= since && !self.over(c));
        let found = find(place, &among, Some(place.key));
        let found = found.filter(|(c, _)| !self.superseded(c, place, Some(at)));
        let Some(tail) = self.tails.get_mut(at) else { return };
        let mut rest = None;
        let mut over = None;
        if let Some((c, from)) = found {
            if from.is_packed() || c.size > tail.place.offset {
                rest = Some(tail.go_over(c.path, c.key, from));
            } else {
                over = Some((tail.name.clone(), Place { key: c.key, ..tail.place.clone() }));
            }
        }
        tail.restart();
        tail.note_head();
        // it may have been cut short more than once
        self.replaced.push(tail.name.clone());
        self.next_poll = Instant::now();
        self.next_look = self.next_poll;
        if let Some(mut rest) = rest.filter(|r| !self.followed(r.place.key)) {
            if let Ok(meta) = fs::metadata(&rest.path)
                && rest.size != u64::MAX
            {
                rest.looked(&meta);
            }
            self.others.remove(&rest.place.key);
            self.tails.push(rest);
        }
        if let Some((name, place)) = over.filter(|(_, p)| !self.followed(p.key)) {
            self.finished(name, place);
        }
    }

    /// Goes on where another process was.
    pub(super) fn restore(&mut self, saved: Saved) {
        self.seen = i64::try_from(saved.time).unwrap_or(0);
        self.looked = self.seen;
        let now = Instant::now();
        for done in saved.done {
            self.finished(PathBuf::from(done.name), done.place);
        }
        let mut names: BTreeSet<PathBuf> = saved.tails.iter().map(|t| PathBuf::from(&t.name)).collect();
        for done in self.done.iter().rev() {
            if names.len() >= MOST_NAMES {
                break;
            }
            names.insert(done.name.clone());
        }
        for name in &names {
            count(&mut self.counts, name);
        }
        // those that are known by their inode first: others are looked for by content, in what is left
        let mut elsewhere: Vec<SavedTail> =
            saved.tails.into_iter().filter(|t| !self.resume(t, true)).collect();
        // what was read furthest says most of what it was
        elsewhere.sort_by_key(|t| std::cmp::Reverse(t.place.offset));
        for tail in elsewhere {
            if !self.resume(&tail, false) {
                // one of which nothing was seen is found as a new file, beside its name
                let seen = !tail.place.head.is_empty();
                let until = if seen { now.checked_add(self.timing.search) } else { Some(now) };
                self.missing.push((tail, until.unwrap_or(now)));
            }
        }
        self.replaced.extend(names);
    }

    /// Finds the file of a saved place; false if there is none. With `same`, only the very file is taken,
    /// under whatever name; else one that holds what it did.
    fn resume(&mut self, saved: &SavedTail, same: bool) -> bool {
        if saved.place.head.is_empty() {
            return false;
        }
        let (name, path) = (PathBuf::from(&saved.name), PathBuf::from(&saved.path));
        count(&mut self.counts, &name).kind = saved.kind.and_then(|k| k.word()).unwrap_or_default();
        let mut among: Vec<Candidate> = at(&path).into_iter().chain(candidates(&name, &path)).collect();
        among.retain(|c| !self.followed(c.key) && !self.over(c));
        if same {
            among.retain(|c| c.key == saved.place.key);
        }
        let Some((c, from)) = find(&saved.place, &among, None) else { return false };
        if !same && self.superseded(&c, &saved.place, None) {
            return true;
        }
        self.tails.push(Tail::of_saved(saved.clone(), c.path, c.key, Some(from)));
        true
    }

    pub(super) fn search_missing(&mut self) {
        for (saved, until) in std::mem::take(&mut self.missing) {
            if self.resume(&saved, true) || self.resume(&saved, false) {
                continue;
            }
            if Instant::now() < until {
                self.missing.push((saved, until));
            } else if saved.place.offset > 0 || !saved.place.head.is_empty() {
                count(&mut self.counts, Path::new(&saved.name)).lost += 1;
            }
        }
    }
}

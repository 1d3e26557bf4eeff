//! The folder: pcapng files that follow each other, each with its index beside it, within a bound.
//!
//! A file is only appended to, block by block, and begun anew after a restart; what a fault cut is at
//! its end. The index has a line of JSON for each piece of each request and goes with its file.

use super::block;
use super::request::Request;
use super::ring::Entry;
use crate::decode::LinkType;
use crate::json::{self, List};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The bound is divided into so many files.
const PARTS: u64 = 16;
/// Runs of packet numbers that an entry of the index lists; further ones are counted in it.
const MAX_RUNS: usize = 64;
/// Least octets of a file, so that small bounds are not all heads of files.
const LEAST_PART: u64 = 16 << 10;
const LOCK: &str = ".lock";

/// Where the packets of a request are: (id, file, number of the first packet in it, how many).
pub type Pointer = (String, String, u64, u64);

/// A packet to be written.
pub struct Picked<'a> {
    /// Its number in the run.
    pub number: u64,
    pub entry: Entry,
    pub data: &'a [u8],
}

/// A file that is there, with the bytes it and its index have.
struct Known {
    name: String,
    bytes: u64,
}

struct Current {
    name: String,
    packets: File,
    index: File,
    /// Bytes of either.
    written: (u64, u64),
    /// Packets in it.
    count: u64,
    interfaces: Vec<(u32, LinkType)>,
    /// Which packets of the run stand in it, and under which number.
    numbers: HashMap<u64, u64, FxBuildHasher>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub packets: u64,
    pub files: u64,
    /// Files that gave way to newer ones.
    pub deleted: u64,
    /// Requests of which something could not be written.
    pub failed: u64,
}

/// See the module.
pub struct Files {
    folder: PathBuf,
    bound: u64,
    part: u64,
    /// All but the current one, oldest first.
    known: VecDeque<Known>,
    current: Option<Current>,
    /// Bytes of all.
    bytes: u64,
    next: u64,
    pub written: Written,
    /// What is wrong with the disk, until it is asked for.
    trouble: Option<String>,
    _lock: File,
}

impl Files {
    /// Takes over a folder, made if it is not there. `bound`: bytes of all files together. One line says
    /// what is wrong.
    pub fn open(folder: &Path, bound: u64) -> Result<Files, String> {
        let failed = |why: io::Error| format!("{}: evidence cannot be kept there: {why}", folder.display());
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "{}: another process keeps evidence there, name another folder",
                    folder.display()
                ));
            }
            Err(TryLockError::Error(why)) => return Err(failed(why)),
        }
        let mut found: Vec<(u64, Known)> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let Ok(name) = entry.map_err(failed)?.file_name().into_string() else { continue };
            let Some(number) = number(&name) else { continue };
            let size = |p: PathBuf| std::fs::metadata(p).map_or(0, |m| m.len());
            let bytes = size(folder.join(&name)) + size(folder.join(index_of(&name)));
            found.push((number, Known { name, bytes }));
        }
        found.sort_by_key(|(number, _)| *number);
        let next = found.last().map_or(1, |(n, _)| n.saturating_add(1));
        let known: VecDeque<Known> = found.into_iter().map(|(_, k)| k).collect();
        let bytes = known.iter().map(|k| k.bytes).sum();
        let mut files = Files {
            folder: folder.to_owned(),
            bound,
            part: (bound / PARTS).max(LEAST_PART.min(bound / 2)),
            known,
            current: None,
            bytes,
            next,
            written: Written::default(),
            trouble: None,
            _lock: lock,
        };
        files.make_room(0);
        Ok(files)
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
    /// True if a packet of the run stands in the current file: then its octets are not needed.
    pub fn holds(&self, number: u64) -> bool {
        self.current.as_ref().is_some_and(|c| c.numbers.contains_key(&number))
    }
    /// One line, once, when the disk did not take something.
    pub fn take_trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
    /// Packets before this one are not asked for any more.
    pub fn forget(&mut self, before: u64) {
        if let Some(c) = &mut self.current
            && c.numbers.len() > 1 << 16
        {
            c.numbers.retain(|number, _| *number >= before);
        }
    }

    /// Writes what a request asks for: packets that are not in the current file yet, and an entry of the
    /// index for every file they stand in.
    pub fn put(&mut self, r: &Request, picked: &[Picked<'_>], names: &[String]) -> Vec<Pointer> {
        let mut pointers = Vec::new();
        let moment = picked.iter().position(|p| {
            if r.frame > 0 {
                (p.entry.frame, p.entry.source) == (r.frame, r.source)
            } else {
                p.entry.time_ns >= r.time_ns
            }
        });
        let mut rest = picked;
        let mut moment = moment.unwrap_or(picked.len().saturating_sub(1));
        while !rest.is_empty() {
            match self.piece(r, rest, moment, names) {
                Ok((done, pointer)) => {
                    pointers.push(pointer);
                    rest = rest.get(done.max(1)..).unwrap_or_default();
                    moment = moment.saturating_sub(done);
                }
                Err(why) => {
                    self.written.failed += 1;
                    self.trouble = Some(format!("{}: evidence is not written: {why}", self.folder.display()));
                    break;
                }
            }
        }
        pointers
    }

    /// Writes as many of the packets as the current file takes, or the first into a new one.
    fn piece(
        &mut self,
        r: &Request,
        picked: &[Picked<'_>],
        moment: usize,
        names: &[String],
    ) -> io::Result<(usize, Pointer)> {
        let comment = comment(r, names);
        // so that an entry of the index, however long, fits behind the packets
        let room = self.part.saturating_sub(entry_size(&comment));
        let first = picked.first().map_or(0, |p| block::packet_size(p.data.len(), &comment) as u64);
        let full = self.current.as_ref().is_none_or(|c| c.written.0 + c.written.1 + first > room);
        let held = picked.first().is_some_and(|p| self.holds(p.number));
        if full && !(held && self.current.is_some()) {
            self.begin(r.time_ns)?;
        }
        let Some(mut c) = self.current.take() else { return Err(io::Error::other("no file")) };
        let (mut out, mut numbers, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let (known, mut count) = (c.interfaces.len(), c.count);
        if c.written.0 == 0 {
            block::section(&mut out);
        }
        let mut told = false;
        for (i, p) in picked.iter().enumerate() {
            if let Some(number) = c.numbers.get(&p.number) {
                numbers.push(*number);
                continue;
            }
            let at = c.written.0 + c.written.1 + out.len() as u64;
            if at + block::packet_size(p.data.len(), &comment) as u64 + 64 > room && !numbers.is_empty() {
                break;
            }
            let source = (p.entry.source, p.entry.link);
            let interface = c.interfaces.iter().position(|s| *s == source).unwrap_or_else(|| {
                c.interfaces.push(source);
                let name = names.get(source.0 as usize).map_or("", String::as_str);
                block::interface(&mut out, source.1, name);
                c.interfaces.len() - 1
            });
            // on the packet of the moment, or the next that is written
            let text = if !told && i >= moment { comment.as_str() } else { "" };
            told |= !text.is_empty();
            let Entry { time_ns, wire_len, .. } = p.entry;
            block::packet(&mut out, interface as u32, time_ns, wire_len, p.data, text);
            count += 1;
            numbers.push(count);
            new.push((p.number, count));
        }
        let done = numbers.len();
        if !told && moment < done && !c.interfaces.is_empty() {
            block::remark(&mut out, 0, r.time_ns, &comment);
        }
        numbers.sort_unstable();
        let line = line(r, &comment, &numbers);
        let result = self.append(&mut c, &out, &line);
        if let Err(why) = result {
            c.interfaces.truncate(known);
            self.close(c);
            return Err(why);
        }
        self.written.packets += new.len() as u64;
        c.count = count;
        c.numbers.extend(new);
        let first = numbers.first().copied().unwrap_or(0);
        let pointer = (r.id.clone(), c.name.clone(), first, done as u64);
        self.current = Some(c);
        Ok((done, pointer))
    }

    /// Appends packets, then the entry that points at them. What a fault left half done is cut off.
    fn append(&mut self, c: &mut Current, packets: &[u8], line: &[u8]) -> io::Result<()> {
        self.make_room(packets.len() as u64 + line.len() as u64);
        let before = c.written;
        if before.0 + before.1 + packets.len() as u64 + line.len() as u64 > self.bound {
            return Err(io::Error::other("a packet is larger than all that may be kept"));
        }
        let result = c.packets.write_all(packets).and_then(|()| c.index.write_all(line));
        if let Err(why) = result {
            let _ = (c.packets.set_len(before.0), c.index.set_len(before.1));
            return Err(why);
        }
        c.written = (before.0 + packets.len() as u64, before.1 + line.len() as u64);
        self.bytes += packets.len() as u64 + line.len() as u64;
        Ok(())
    }

    /// Deletes the oldest files until so many bytes more are within the bound.
    fn make_room(&mut self, more: u64) {
        while self.bytes + more > self.bound {
            let Some(old) = self.known.pop_front() else { return };
            for name in [old.name.clone(), index_of(&old.name)] {
                let _ = std::fs::remove_file(self.folder.join(name));
            }
            self.bytes = self.bytes.saturating_sub(old.bytes);
            self.written.deleted += 1;
        }
    }

    /// Ends the current file and begins one, named after the packets' time.
    fn begin(&mut self, time_ns: i64) -> io::Result<()> {
        if let Some(c) = self.current.take() {
            self.close(c);
        }
        let mut time = Vec::new();
        json::plain_time(&mut time, time_ns.div_euclid(1000));
        let time = String::from_utf8_lossy(time.get(..19).unwrap_or(&time)).replace(':', "-");
        let name = format!("{time}Z-{:06}.pcapng", self.next);
        self.next += 1;
        let create = |name: &str| {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.folder.join(name))
        };
        let packets = create(&name)?;
        let index = create(&index_of(&name)).inspect_err(|_| {
            let _ = std::fs::remove_file(self.folder.join(&name));
        })?;
        self.written.files += 1;
        self.current = Some(Current {
            name,
            packets,
            index,
            written: (0, 0),
            count: 0,
            interfaces: Vec::new(),
            numbers: HashMap::default(),
        });
        Ok(())
    }

    /// A file that nothing more comes into. One in which nothing is goes away.
    fn close(&mut self, c: Current) {
        let bytes = c.written.0 + c.written.1;
        if bytes == 0 {
            for name in [c.name.clone(), index_of(&c.name)] {
                let _ = std::fs::remove_file(self.folder.join(name));
            }
            self.written.files -= 1;
            return;
        }
        let _ = c.packets.sync_data().and_then(|()| c.index.sync_data());
        self.known.push_back(Known { name: c.name, bytes });
    }

    /// Sees to it that all that was written survives a loss of power.
    pub fn sync(&mut self) {
        if let Some(c) = &self.current
            && let Err(why) = c.packets.sync_data().and_then(|()| c.index.sync_data())
        {
            self.trouble = Some(format!("{}: evidence is not written: {why}", self.folder.display()));
        }
    }
}

/// Name of the index of a file.
fn index_of(name: &str) -> String {
    format!("{}.ndjson", name.trim_end_matches(".pcapng"))
}

/// Number of a file of ours, by its name.
fn number(name: &str) -> Option<u64> {
    let (time, number) = name.strip_suffix(".pcapng")?.split_at_checked(20)?;
    let number = number.strip_prefix('-')?;
    let dated = time.ends_with('Z') && time.as_bytes().get(10) == Some(&b'T');
    (dated && number.len() >= 6).then(|| number.parse().ok()).flatten()
}

/// What is written at the packet: what it proves, the id, the frame it is in its source.
fn comment(r: &Request, names: &[String]) -> String {
    let name = names.get(r.source as usize).filter(|n| r.frame > 0 && !n.is_empty());
    let place = name.map(|n| format!(" (frame {} of {n})", r.frame)).unwrap_or_default();
    let mut text = format!("{} {}: {}{place}", r.proves.name(), r.id, r.comment);
    let end = (0..=block::MAX_COMMENT.min(text.len())).rev().find(|n| text.is_char_boundary(*n));
    text.truncate(end.unwrap_or(0));
    text
}

/// Bytes an entry of the index takes at most: escapes can make six of one.
fn entry_size(comment: &str) -> u64 {
    (512 + comment.len() * 6 + MAX_RUNS * 44) as u64
}

/// An entry of the index.
fn line(r: &Request, comment: &str, numbers: &[u64]) -> Vec<u8> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut more = 0u64;
    for &n in numbers {
        let full = runs.len() == MAX_RUNS;
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ if full => more += 1,
            _ => runs.push((n, n)),
        }
    }
    let mut out = Vec::new();
    let mut o = List::object(&mut out);
    o.str("id", &r.id);
    o.str("proves", r.proves.name());
    o.time("time", r.time_ns.div_euclid(1000));
    let mut l = List::array(o.key("ends"));
    r.ends().for_each(|a| json::string(l.item(), &a.to_string()));
    l.end();
    o.str("comment", comment);
    let mut l = List::array(o.key("packets"));
    for (first, last) in runs {
        let mut run = List::array(l.item());
        json::int(run.item(), first);
        json::int(run.item(), last);
        run.end();
    }
    l.end();
    if more > 0 {
        o.int("more", more);
    }
    o.end();
    out.push(b'\n');
    out
}

//! Bytes of a source: the file as stored (hashed and counted), then decompressed.

use super::error::CaptureError;
use super::sniff::{self, Kind};
use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Compressed bytes read at a time.
const CHUNK: usize = 64 << 10;

/// The file as stored. It can be parked: its handle is given back and taken again when needed.
pub struct Raw {
    path: Option<PathBuf>,
    from: From,
    /// Bytes read ahead to see what the source is.
    head: Vec<u8>,
    head_at: usize,
    pub read: u64,
    pub total: Option<u64>,
    hasher: Option<Sha256>,
    failed: bool,
}

enum From {
    File(File),
    /// A regular file whose handle was given back; reading goes on at `Raw::read`.
    Parked,
    Other(Box<dyn Read + Send>),
}

impl Raw {
    /// `-` is standard input.
    pub fn open(path: &Path, hash: bool) -> io::Result<Raw> {
        let mut total = None;
        let (path, from) = if path == Path::new("-") {
            (None, From::Other(Box::new(io::stdin())))
        } else {
            let file = File::open(path)?;
            let meta = file.metadata()?;
            if meta.is_dir() {
                return Err(io::Error::other("it is a folder, name the captures in it"));
            }
            if meta.is_file() {
                total = Some(meta.len());
                (Some(path.to_owned()), From::File(file))
            } else {
                (None, From::Other(Box::new(file)))
            }
        };
        Ok(Raw::new(path, from, total, hash))
    }

    /// A source of other origin (a pipe, a test).
    pub fn of(from: Box<dyn Read + Send>, hash: bool) -> Raw {
        Raw::new(None, From::Other(from), None, hash)
    }

    fn new(path: Option<PathBuf>, from: From, total: Option<u64>, hash: bool) -> Raw {
        let hasher = hash.then(Sha256::new);
        Raw { path, from, head: Vec::new(), head_at: 0, read: 0, total, hasher, failed: false }
    }

    /// True if the source can be opened a second time.
    pub fn reopens(&self) -> bool {
        self.path.is_some()
    }

    /// Gives the file handle back until more is read. Nothing for what cannot be reopened.
    pub fn park(&mut self) {
        if self.path.is_some() {
            self.from = From::Parked;
        }
    }

    /// The first bytes, which are read again by [`Read`]. Call it before anything else.
    fn peek(&mut self) -> io::Result<&[u8]> {
        let mut head = vec![0; sniff::HEAD];
        let mut have = 0;
        while let Some(room) = head.get_mut(have..).filter(|r| !r.is_empty()) {
            match self.read_below(room)? {
                0 => break,
                n => have = have.saturating_add(n),
            }
        }
        head.truncate(have);
        self.head = head;
        self.head_at = 0;
        Ok(&self.head)
    }

    fn read_below(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if matches!(self.from, From::Parked)
            && let Some(path) = &self.path
        {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(self.read))?;
            self.from = From::File(file);
        }
        loop {
            let got = match &mut self.from {
                From::File(file) => file.read(buf),
                From::Other(other) => other.read(buf),
                From::Parked => Ok(0),
            };
            match got {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.failed = true;
                    return Err(e);
                }
                Ok(n) => {
                    self.read = self.read.saturating_add(n as u64);
                    if let (Some(hasher), Some(new)) = (&mut self.hasher, buf.get(..n)) {
                        hasher.update(new);
                    }
                    return Ok(n);
                }
            }
        }
    }

    /// SHA-256 of the whole file as stored; reads what was not yet read.
    fn finish_hash(&mut self) -> Option<[u8; 32]> {
        self.hasher.as_ref()?;
        let mut rest = vec![0; CHUNK];
        while !self.failed && matches!(self.read_below(&mut rest), Ok(1..)) {}
        if self.failed { None } else { self.hasher.take().map(|h| h.finalize().into()) }
    }
}

impl Read for Raw {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(ahead) = self.head.get(self.head_at..).filter(|a| !a.is_empty()) {
            let n = ahead.len().min(buf.len());
            if let (Some(to), Some(from)) = (buf.get_mut(..n), ahead.get(..n)) {
                to.copy_from_slice(from);
            }
            self.head_at = self.head_at.saturating_add(n);
            return Ok(n);
        }
        self.read_below(buf)
    }
}

/// gzip members one behind the other (RFC 1952, section 2.2).
pub struct Members {
    member: GzDecoder<BufReader<Raw>>,
    /// What follows the last member is no further one.
    rubbish: bool,
}

impl Members {
    fn new(raw: Raw) -> Members {
        let member = GzDecoder::new(BufReader::with_capacity(CHUNK, raw));
        Members { member, rubbish: false }
    }
}

impl Read for Members {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !self.rubbish && !buf.is_empty() {
            match self.member.read(buf)? {
                0 => {}
                n => return Ok(n),
            }
            let under = self.member.get_mut();
            match under.fill_buf()? {
                [] => return Ok(0),
                [0x1f] | [0x1f, 0x8b, ..] => {
                    // The buffered bytes go over to the next member's decoder.
                    let empty = BufReader::with_capacity(0, Raw::of(Box::new(io::empty()), false));
                    let under = std::mem::replace(under, empty);
                    self.member = GzDecoder::new(under);
                }
                _ => self.rubbish = true,
            }
        }
        Ok(0)
    }
}

/// A source's bytes without the compression around them.
pub enum Input {
    Plain(Box<Raw>),
    Gzip(Box<Members>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Raw>>>),
}

/// How a read ended.
pub enum Got {
    Bytes(usize),
    End,
    /// The compressed data stops before its end.
    Cut,
    /// Bytes that are not compressed data follow a complete member.
    Trailing,
}

impl Input {
    /// Looks at the head of `raw` and takes the compression off.
    pub fn new(name: &str, mut raw: Raw) -> Result<Input, CaptureError> {
        let name = || name.to_owned();
        let head = raw.peek().map_err(|why| CaptureError::Read { name: name(), offset: 0, why })?;
        if head.is_empty() {
            return Err(CaptureError::Empty { name: name() });
        }
        Ok(match sniff::kind(head) {
            Kind::Gzip => Input::Gzip(Box::new(Members::new(raw))),
            Kind::Zstd => {
                let buffered = BufReader::with_capacity(CHUNK, raw);
                let decoder = zstd::Decoder::with_buffer(buffered)
                    .map_err(|why| CaptureError::Open { name: name(), why })?;
                Input::Zstd(Box::new(decoder))
            }
            Kind::Pcap | Kind::PcapNg | Kind::Other => Input::Plain(Box::new(raw)),
        })
    }

    pub fn raw(&self) -> &Raw {
        match self {
            Input::Plain(raw) => raw,
            Input::Gzip(d) => d.member.get_ref().get_ref(),
            Input::Zstd(d) => d.get_ref().get_ref(),
        }
    }
    fn raw_mut(&mut self) -> &mut Raw {
        match self {
            Input::Plain(raw) => raw,
            Input::Gzip(d) => d.member.get_mut().get_mut(),
            Input::Zstd(d) => d.get_mut().get_mut(),
        }
    }
    pub fn park(&mut self) {
        self.raw_mut().park();
    }
    pub fn finish_hash(&mut self) -> Option<[u8; 32]> {
        self.raw_mut().finish_hash()
    }

    /// Reads on.
    pub fn read(&mut self, name: &str, buf: &mut [u8]) -> Result<Got, CaptureError> {
        let (format, got) = match self {
            Input::Plain(raw) => ("", raw.read(buf)),
            Input::Gzip(decoder) => ("gzip", decoder.read(buf)),
            Input::Zstd(decoder) => ("zstd", decoder.read(buf)),
        };
        let why = match got {
            Ok(0) if matches!(self, Input::Gzip(members) if members.rubbish) => return Ok(Got::Trailing),
            Ok(0) => return Ok(Got::End),
            Ok(n) => return Ok(Got::Bytes(n)),
            Err(why) => why,
        };
        let (name, offset) = (name.to_owned(), self.raw().read);
        if self.raw().failed || format.is_empty() {
            return Err(CaptureError::Read { name, offset, why });
        }
        match why.kind() {
            io::ErrorKind::UnexpectedEof => Ok(Got::Cut),
            _ => Err(CaptureError::Compression { name, offset, format, why }),
        }
    }
}

//! Bytes of a source: the file as stored (hashed and counted), then decompressed.

use super::error::CaptureError;
use super::sniff::{self, Kind};
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Compressed bytes read at a time.
const CHUNK: usize = 64 << 10;

/// The file as stored. It can be parked: its handle is given back and taken again when needed.
pub(super) struct Raw {
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

/// A source's bytes without the compression around them.
pub(super) enum Input {
    Plain(Box<Raw>),
    Gzip(Box<MultiGzDecoder<BufReader<Raw>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Raw>>>),
}

/// How a read ended.
pub(super) enum Got {
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
            Kind::Gzip => Input::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, raw)))),
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
            Input::Gzip(d) => d.get_ref().get_ref(),
            Input::Zstd(d) => d.get_ref().get_ref(),
        }
    }
    fn raw_mut(&mut self) -> &mut Raw {
        match self {
            Input::Plain(raw) => raw,
            Input::Gzip(d) => d.get_mut().get_mut(),
            Input::Zstd(d) => d.get_mut().get_mut(),
        }
    }
    pub fn park(&mut self) {
        self.raw_mut().park();
    }
    pub fn finish_hash(&mut self) -> Option<[u8; 32]> {
        self.raw_mut().finish_hash()
    }

    /// Reads on. `read_before`: something of the capture was had already.
    pub fn read(&mut self, name: &str, buf: &mut [u8], read_before: bool) -> Result<Got, CaptureError> {
        let (format, got) = match self {
            Input::Plain(raw) => ("", raw.read(buf)),
            Input::Gzip(decoder) => ("gzip", decoder.read(buf)),
            Input::Zstd(decoder) => ("zstd", decoder.read(buf)),
        };
        let why = match got {
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
            // flate2 says InvalidInput where no further member begins, InvalidData inside one.
            io::ErrorKind::InvalidInput if format == "gzip" && read_before => Ok(Got::Trailing),
            _ => Err(CaptureError::Compression { name, offset, format, why }),
        }
    }
}

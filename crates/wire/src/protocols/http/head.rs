//! Message heads of HTTP/1.x (RFC 9112), read leniently.

use super::text::cut;

/// Most header fields of one head that are looked at.
const FIELDS: usize = 96;
/// Fields of a head that has more than usual.
const MANY: usize = 512;
/// A head longer than this is not waited for, in bytes.
pub const MAX_HEAD: usize = 48 * 1024;

/// Methods of RFC 9110, WebDAV, UPnP and RPC over HTTP: what a request may begin with.
const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "PROPPATCH",
    "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "QUERY", "REPORT", "NOTIFY", "SUBSCRIBE",
    "UNSUBSCRIBE", "M-SEARCH", "M-POST", "MERGE", "CHECKOUT", "MKACTIVITY", "LINK", "UNLINK", "PURGE",
    "POLL", "BCOPY", "BMOVE", "BDELETE", "BPROPFIND", "RPC_IN_DATA", "RPC_OUT_DATA", "VERSION-CONTROL",
];

/// How the body of a message ends (RFC 9112 section 6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    Length(u64),
    Chunked,
    /// By the end of the connection; a request has none then.
    Close,
}

/// A message head; borrows from the data it was read from.
#[derive(Debug)]
pub struct Head<'a> {
    /// Bytes it takes, blank line included.
    pub length: usize,
    /// Method of a request.
    pub method: &'a str,
    /// Request target.
    pub target: &'a str,
    /// Status of a response, 0 in a request.
    pub status: u16,
    pub reason: &'a str,
    /// Minor version: 0 or 1.
    pub minor: u8,
    fields: Vec<(&'a str, &'a [u8])>,
}

/// Result of looking for a head.
pub enum Read<'a> {
    Good(Head<'a>),
    Need,
    Bad,
}

/// True if `data` begins like a request line: a method and a space. `None`: too short to tell.
pub fn like_request(data: &[u8]) -> Option<bool> {
    let end = data.iter().take(16).position(|b| *b == b' ');
    match end {
        Some(end) => {
            let word = data.get(..end)?;
            Some(METHODS.iter().any(|m| m.as_bytes() == word))
        }
        None if data.len() > 15 => Some(false),
        None if METHODS.iter().any(|m| m.as_bytes().starts_with(data)) => None,
        None => Some(false),
    }
}

/// True if `data` begins like a status line. `None`: too short to tell.
pub fn like_response(data: &[u8]) -> Option<bool> {
    const START: &[u8] = b"HTTP/1.";
    if data.len() < START.len() + 2 {
        let n = data.len().min(START.len());
        return if data.get(..n) == START.get(..n) { None } else { Some(false) };
    }
    Some(data.starts_with(START) && data.get(7).is_some_and(u8::is_ascii_digit))
}

/// True if the first line of `data` is a whole request line of HTTP/1.x. `None`: no line end yet.
pub fn request_line(data: &[u8]) -> Option<bool> {
    let end = memchr::memchr(b'\n', data)?;
    let line = data.get(..end)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let version = line.last_chunk::<9>();
    let versioned = version.is_some_and(|v| v.starts_with(b" HTTP/1.") && v[8].is_ascii_digit());
    let method = line.iter().position(|b| *b == b' ').unwrap_or(0);
    let word = line.get(..method).unwrap_or_default();
    let token = (2..=20).contains(&word.len())
        && word.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
    Some(versioned && token && line.len() > method + 9)
}

impl<'a> Read<'a> {
    /// A head with a good first line and a bad field is read line by line, the bad ones left out.
    fn or_lenient(self, data: &'a [u8], request: bool) -> Read<'a> {
        let Read::Bad = self else { return self };
        let first = if request { request_line(data) } else { like_response(data) };
        if first != Some(true) {
            return Read::Bad;
        }
        match lenient(data, request) {
            Some(head) => Read::Good(head),
            None if data.len() < MAX_HEAD => Read::Need,
            None => Read::Bad,
        }
    }
}

/// Length of the head: up to the first blank line.
fn head_length(data: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', data)
        .find_map(|at| match data.get(at + 1..)? {
            [b'\n', ..] => Some(at + 2),
            [b'\r', b'\n', ..] => Some(at + 3),
            _ => None,
        })
        .filter(|n| *n <= MAX_HEAD)
}

/// Reads a head whose fields are partly broken; `None` if its end is not there.
fn lenient(data: &[u8], request: bool) -> Option<Head<'_>> {
    let length = head_length(data)?;
    let mut lines = data.get(..length)?.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let first = lines.next()?;
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    let mut head = Head {
        length,
        method: "",
        target: "",
        status: 0,
        reason: "",
        minor: u8::from(first.ends_with(b"1.1") || first.starts_with(b"HTTP/1.1")),
        fields: Vec::new(),
    };
    if request {
        let mut words = first.split(|b| *b == b' ');
        head.method = text(words.next()?);
        head.target = text(words.next()?);
    } else {
        let mut words = first.splitn(3, |b| *b == b' ').skip(1);
        head.status = text(words.next()?).parse().ok().filter(|s| (100..1000).contains(s))?;
        head.reason = words.next().map(text).unwrap_or_default();
    }
    for line in lines.take(MANY) {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (name, value) = (text(line.get(..colon)?), line.get(colon + 1..)?);
        let token = |c: char| c.is_ascii_graphic();
        if !name.is_empty() && name.chars().all(token) && !value.contains(&0) {
            head.fields.push((name, value));
        }
    }
    Some(head)
}

impl<'a> Head<'a> {
    /// Reads the head of a request.
    pub fn request(data: &'a [u8]) -> Read<'a> {
        Head::read(data, true)
    }

    /// Reads the head of a response.
    pub fn response(data: &'a [u8]) -> Read<'a> {
        Head::read(data, false)
    }

    fn read(data: &'a [u8], request: bool) -> Read<'a> {
        let parsed = parse(data, request, &mut [httparse::EMPTY_HEADER; FIELDS]);
        match parsed {
            Err(httparse::Error::TooManyHeaders) => {
                let mut many = vec![httparse::EMPTY_HEADER; MANY];
                Head::result(data, parse(data, request, &mut many))
            }
            other => Head::result(data, other),
        }
        .or_lenient(data, request)
    }

    fn result(data: &'a [u8], parsed: Result<Option<Head<'a>>, httparse::Error>) -> Read<'a> {
        match parsed {
            Ok(Some(head)) => Read::Good(head),
            Ok(None) if data.len() < MAX_HEAD => Read::Need,
            _ => Read::Bad,
        }
    }

    /// The first field called `name`, trimmed; `None` if it is missing or not text.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// All fields called `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .filter_map(|(_, v)| std::str::from_utf8(v).ok())
            .map(str::trim)
    }

    /// Type of the body without parameters, lower case.
    pub fn media_type(&self) -> String {
        let value = self.get("content-type").unwrap_or_default();
        cut(value.split(';').next().unwrap_or_default().trim(), 80).to_ascii_lowercase()
    }

    /// How the body ends, by the fields.
    pub fn framing(&self) -> Framing {
        let coded = |v: &str| v.rsplit(',').next().is_some_and(|c| c.trim().eq_ignore_ascii_case("chunked"));
        if self.get("transfer-encoding").is_some_and(coded) {
            return Framing::Chunked;
        }
        let length = self.get("content-length").and_then(|v| v.split(',').next()?.trim().parse().ok());
        length.map_or(Framing::Close, Framing::Length)
    }
}

fn parse<'a>(
    data: &'a [u8],
    request: bool,
    space: &mut [httparse::Header<'a>],
) -> Result<Option<Head<'a>>, httparse::Error> {
    let mut config = httparse::ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_requests(true)
        .ignore_invalid_headers_in_responses(true);
    let fields = |headers: &[httparse::Header<'a>]| headers.iter().map(|h| (h.name, h.value)).collect();
    if request {
        let mut r = httparse::Request::new(space);
        let httparse::Status::Complete(length) = config.parse_request(&mut r, data)? else { return Ok(None) };
        Ok(Some(Head {
            length,
            method: r.method.unwrap_or_default(),
            target: r.path.unwrap_or_default(),
            status: 0,
            reason: "",
            minor: r.version.unwrap_or(1),
            fields: fields(r.headers),
        }))
    } else {
        let mut r = httparse::Response::new(space);
        let httparse::Status::Complete(length) = config.parse_response(&mut r, data)? else { return Ok(None) };
        Ok(Some(Head {
            length,
            method: "",
            target: "",
            status: r.code.unwrap_or(0),
            reason: r.reason.unwrap_or_default(),
            minor: r.version.unwrap_or(1),
            fields: fields(r.headers),
        }))
    }
}

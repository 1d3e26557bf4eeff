//! Fox messages: a header line, then typed fields in braces.
//!
//! `fox TYPE SEQUENCE REPLY CHANNEL COMMAND`, then `{`, one `key=type:value` a line, `};;`. Blobs and
//! objects say their length, so that their bytes may be any.

/// Fields kept of one message.
const MAX_FIELDS: usize = 64;
/// Longest header line.
const MAX_LINE: usize = 256;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// a asynchronous, s synchronous, r reply, e error, k keep-alive, n null.
    pub kind: u8,
    pub sequence: i64,
    pub reply_to: i64,
    pub channel: &'a str,
    pub command: &'a str,
    pub fields: Vec<(&'a str, Value<'a>)>,
}

/// A typed value: the type letter and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    pub kind: u8,
    pub bytes: &'a [u8],
}

/// What stands at the head of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    Message(Message<'a>, usize),
    Need,
    Bad,
}

impl<'a> Message<'a> {
    /// Text of a field.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.fields.iter().find(|(n, _)| *n == name)?;
        std::str::from_utf8(value.bytes).ok().filter(|v| !v.is_empty())
    }
    pub fn value(&self, name: &str) -> Option<Value<'a>> {
        self.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
}

/// True if `data` begins as a header line does, as far as it goes.
pub fn begins(data: &[u8]) -> bool {
    data.iter().zip(b"fox ").all(|(a, b)| a == b)
        && data.get(4).is_none_or(|t| b"askren".contains(t))
        && data.get(5).is_none_or(|b| *b == b' ' || *b == b'\n')
}

/// Reads one message.
pub fn parse(data: &[u8]) -> Parsed<'_> {
    if !begins(data) {
        return Parsed::Bad;
    }
    let Some(end) = memchr::memchr(b'\n', data) else {
        return if data.len() < MAX_LINE { Parsed::Need } else { Parsed::Bad };
    };
    let Some(mut message) = data.get(..end).and_then(header) else { return Parsed::Bad };
    let mut at = end + 1;
    match data.get(at) {
        None => return Parsed::Need,
        Some(b'{') => at += 1,
        // a message without fields
        Some(_) => return Parsed::Message(message, at),
    }
    match data.get(at) {
        None => return Parsed::Need,
        Some(b'\n') => at += 1,
        Some(_) => return Parsed::Bad,
    }
    loop {
        let Some(rest) = data.get(at..) else { return Parsed::Bad };
        if rest.starts_with(b"};;\n") {
            return Parsed::Message(message, at + 4);
        }
        if b"};;\n".starts_with(rest) {
            return Parsed::Need;
        }
        match field(rest) {
            Field::Read(name, value, used) => {
                if message.fields.len() < MAX_FIELDS {
                    message.fields.push((name, value));
                }
                at += used;
            }
            Field::Need => return Parsed::Need,
            Field::Bad => return Parsed::Bad,
        }
    }
}

fn header(line: &[u8]) -> Option<Message<'_>> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    let mut words = line.split(' ').skip(1);
    let kind = *words.next()?.as_bytes().first()?;
    let number = |word: Option<&str>| word.map_or(Some(-1), |w| w.parse::<i64>().ok());
    let (sequence, reply_to) = (number(words.next())?, number(words.next())?);
    let (channel, command) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let plain = |w: &str| w.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:".contains(&b));
    (plain(channel) && plain(command)).then(|| Message {
        kind,
        sequence,
        reply_to,
        channel,
        command,
        fields: Vec::new(),
    })
}

enum Field<'a> {
    Read(&'a str, Value<'a>, usize),
    Need,
    Bad,
}

/// One `key=type:value` line.
fn field(data: &[u8]) -> Field<'_> {
    let line = memchr::memchr(b'\n', data);
    let Some(equals) = memchr::memchr(b'=', data) else {
        return if line.is_none() { Field::Need } else { Field::Bad };
    };
    if line.is_some_and(|n| n < equals) {
        return Field::Bad;
    }
    let (Some(name), Some(rest)) = (data.get(..equals), data.get(equals + 1..)) else { return Field::Bad };
    let Ok(name) = std::str::from_utf8(name) else { return Field::Bad };
    let (Some(&kind), Some(&colon)) = (rest.first(), rest.get(1)) else { return Field::Need };
    if colon != b':' {
        return Field::Bad;
    }
    let body = equals + 3;
    if matches!(kind, b'b' | b'o') {
        // a length in digits stands before the opening bracket
        let Some(value) = data.get(body..) else { return Field::Bad };
        let Some(open) = memchr::memchr(b'[', value.get(..value.len().min(128)).unwrap_or_default()) else {
            return if value.len() < 128 { Field::Need } else { Field::Bad };
        };
        let digits = value.get(..open).unwrap_or_default();
        let digits = digits.rsplit(|b| *b == b' ').next().unwrap_or_default();
        let length = std::str::from_utf8(digits).ok().and_then(|d| d.parse::<usize>().ok());
        let Some(length) = length.filter(|n| *n <= 1 << 20) else { return Field::Bad };
        let end = open + 1 + length;
        return match (value.get(open + 1..end), value.get(end), value.get(end + 1)) {
            (Some(bytes), Some(b']'), Some(b'\n')) => {
                Field::Read(name, Value { kind, bytes }, body + end + 2)
            }
            (Some(_), Some(b']'), None) | (Some(_), None, _) | (None, _, _) => Field::Need,
            _ => Field::Bad,
        };
    }
    let Some(end) = line else { return Field::Need };
    match data.get(body..end) {
        Some(bytes) => Field::Read(name, Value { kind, bytes: bytes.trim_ascii_end() }, end + 1),
        None => Field::Bad,
    }
}

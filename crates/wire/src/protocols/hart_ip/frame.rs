//! Header and bodies of HART-IP messages (HCF_SPEC-085, section 10.3).

use crate::bytes::{Reader, hex};

/// Octets of the header.
pub const HEADER: usize = 8;
/// Longest message that is believed: an audit log of 255 records of 58 octets.
const MAX_MESSAGE: usize = 0x4000;
/// Frame type of a burst (a field device speaks unasked).
pub const BURST: u8 = 1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Request,
    Response,
    Publish,
    Nak,
}

impl Kind {
    fn read(octet: u8) -> Option<Kind> {
        Some(match octet {
            0 => Kind::Request,
            1 => Kind::Response,
            2 => Kind::Publish,
            15 => Kind::Nak,
            _ => return None,
        })
    }
    pub fn name(self) -> &'static str {
        match self {
            Kind::Request => "request",
            Kind::Response => "response",
            Kind::Publish => "publish",
            Kind::Nak => "nak",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub version: u8,
    pub kind: Kind,
    /// 0 session initiate, 1 close, 2 keep alive, 3 token passing PDU, 4 direct PDU, 5 audit log.
    pub id: u8,
    pub status: u8,
    pub sequence: u16,
    /// Octets of the whole message.
    pub length: usize,
}

/// False if a header cannot begin so.
pub fn may_begin(data: &[u8]) -> bool {
    let at = |n: usize, test: fn(u8) -> bool| data.get(n).is_none_or(|b| test(*b));
    at(0, |b| matches!(b, 1 | 2)) && at(1, |b| Kind::read(b).is_some()) && at(2, |b| b <= 5)
}

impl Header {
    pub fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        let version = r.u8().filter(|v| matches!(v, 1 | 2))?;
        let kind = Kind::read(r.u8()?)?;
        let (id, status, sequence) = (r.u8().filter(|id| *id <= 5)?, r.u8()?, r.be16()?);
        let length = usize::from(r.be16()?);
        let plausible = match id {
            0 => length == 13 || (kind != Kind::Request && length == HEADER),
            1 | 2 => length == HEADER,
            _ => (HEADER..=MAX_MESSAGE).contains(&length),
        };
        // a request has no status, a publication answers nothing
        let sound = plausible && (kind != Kind::Request || status == 0) && status < 128;
        sound.then_some(Header { version, kind, id, status, sequence, length })
    }

    /// What is in a message; `None` if it is not built as its header says.
    pub fn body<'a>(&self, message: &'a [u8]) -> Option<Body<'a>> {
        let body = message.get(HEADER..)?;
        if body.is_empty() {
            return (self.id != 3 || self.kind == Kind::Nak).then_some(Body::Empty);
        }
        match self.id {
            0 => {
                let mut r = Reader::new(body);
                let master = r.u8().filter(|m| *m <= 1)?;
                Some(Body::Initiate { master, timer: r.be32()? })
            }
            3 => token(body),
            4 => {
                let (status, rest) = body.split_first_chunk::<2>()?;
                let commands = Commands { rest };
                commands.fits().then_some(Body::Direct { status: *status, commands })
            }
            5 => {
                let (head, _) = body.split_first_chunk::<2>()?;
                let length = body.len();
                let fits = if self.kind == Kind::Request { length == 2 } else { length >= 22 };
                fits.then_some(Body::Audit { start: head[0], records: head[1] })
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    Initiate { master: u8, timer: u32 },
    /// A HART frame; `delimiter` as on the wire.
    Token { delimiter: u8, frame_type: u8, address: &'a [u8], command: Command<'a>, check: u8 },
    Direct { status: [u8; 2], commands: Commands<'a> },
    Audit { start: u8, records: u8 },
    Empty,
}

/// A token passing PDU (HCF_SPEC-081): delimiter, address, expansion, command, count, data, check octet.
fn token(body: &[u8]) -> Option<Body<'_>> {
    let mut r = Reader::new(body);
    let delimiter = r.u8()?;
    let frame_type = delimiter & 7;
    if !matches!(frame_type, 1 | 2 | 6) || delimiter & 0x18 > 0x10 {
        return None;
    }
    let address = r.take(if delimiter & 0x80 != 0 { 5 } else { 1 })?;
    r.skip(usize::from(delimiter >> 5 & 3))?;
    let number = u16::from(r.u8()?);
    let count = usize::from(r.u8()?);
    let data = r.take(count)?;
    let before = body.get(..r.position())?;
    let check = r.u8()?;
    (before.iter().fold(0, |sum, b| sum ^ b) == check && r.is_empty()).then_some(Body::Token {
        delimiter,
        frame_type,
        address,
        command: Command { number, data },
        check,
    })
}

/// Text of an address: polling address as a number, unique address without its two flag bits in hexadecimal.
pub fn address_text(address: &[u8]) -> String {
    match *address {
        [short] => (short & 0x3F).to_string(),
        [first, ref rest @ ..] => hex(&[&[first & 0x3F], rest].concat()),
        [] => String::new(),
    }
}

/// One command, of a request or a response.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    /// As in its frame; 31 says that the number proper is in the data.
    pub number: u16,
    pub data: &'a [u8],
}

impl<'a> Command<'a> {
    fn extended(&self, data: &'a [u8]) -> (u16, &'a [u8]) {
        match (self.number, data.split_first_chunk::<2>()) {
            (31, Some((number, rest))) => (u16::from_be_bytes(*number), rest),
            _ => (self.number, data),
        }
    }
    /// Number and data of a request.
    pub fn request(&self) -> (u16, &'a [u8]) {
        self.extended(self.data)
    }
    /// Number, response code and data of a response; `status`: the device's status follows the code.
    pub fn response(&self, status: bool) -> Option<(u16, u8, &'a [u8])> {
        let (&code, rest) = self.data.split_first()?;
        let rest = if status { rest.get(1..)? } else { rest };
        let (number, data) = self.extended(rest);
        Some((number, code, data))
    }
}

/// The commands of a direct PDU, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Commands<'a> {
    rest: &'a [u8],
}

impl Commands<'_> {
    fn fits(&self) -> bool {
        let mut each = *self;
        while each.next().is_some() {}
        each.rest.is_empty()
    }
}

impl<'a> Iterator for Commands<'a> {
    type Item = Command<'a>;
    fn next(&mut self) -> Option<Command<'a>> {
        let mut r = Reader::new(self.rest);
        let number = r.be16()?;
        let count = usize::from(r.u8()?);
        let data = r.take(count)?;
        self.rest = r.rest();
        Some(Command { number, data })
    }
}

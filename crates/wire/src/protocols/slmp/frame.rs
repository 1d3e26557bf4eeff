//! 3E, 4E and 1E frames, binary and ASCII.

use crate::bytes::Reader;
use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    E3,
    E4,
    E3Ascii,
    E4Ascii,
    E1,
}

impl Kind {
    pub fn ascii(self) -> bool {
        matches!(self, Kind::E3Ascii | Kind::E4Ascii)
    }
}

/// One frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub kind: Kind,
    pub request: bool,
    /// 4E only.
    pub serial: u16,
    /// What an answer repeats of the command: 1E only.
    pub echo: u8,
    pub network: u8,
    pub station: u8,
    pub command: u16,
    pub subcommand: u16,
    /// End code of an answer.
    pub end: u16,
    /// The address of the module is one that the specification names.
    pub zero_free: bool,
    raw: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Data behind the command or end code. The texts of ASCII frames stand in it as they are.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }
    /// Data with the numbers of an ASCII frame made binary, where all of it are numbers; model names
    /// stay as they are.
    pub fn body(&self) -> Cow<'a, [u8]> {
        if !self.kind.ascii() {
            return Cow::Borrowed(self.raw);
        }
        let (name, code) = self.raw.split_at(self.raw.len().min(16));
        let mut out = name.to_vec();
        out.extend(code.chunks_exact(2).map_while(|c| number(c).map(|n| n as u8)));
        Cow::Owned(out)
    }
}

pub enum Found<'a> {
    Frame(Frame<'a>, usize),
    Short,
    No,
}

/// Largest data of a frame (SH080008, 960 words and heads).
const MAX_DATA: usize = 8192;

/// A hexadecimal number of up to eight upper-case digits.
pub fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |sum, d| {
        let digit = match d {
            b'0'..=b'9' => d - b'0',
            b'A'..=b'F' => d - b'A' + 10,
            _ => return None,
        };
        Some(sum << 4 | u32::from(digit))
    })
}

/// Reads a frame. `home`: the flow is on a port of this protocol, so that 1E frames may be.
pub fn read(data: &[u8], home: bool) -> Found<'_> {
    match *data {
        [] => Found::Short,
        [0x50 | 0xD0] | [0x54 | 0xD4] => Found::Short,
        [a @ (0x50 | 0xD0), 0, ..] => binary(data, Kind::E3, a == 0x50),
        [a @ (0x54 | 0xD4), 0, ..] => binary(data, Kind::E4, a == 0x54),
        [b'5' | b'D', ..] if b"5000".starts_with(data.get(..data.len().min(4)).unwrap_or_default()) => {
            ascii(data, Kind::E3Ascii, true)
        }
        [b'D', ..] if b"D000".starts_with(data.get(..data.len().min(4)).unwrap_or_default()) => {
            ascii(data, Kind::E3Ascii, false)
        }
        [b'5', ..] if b"5400".starts_with(data.get(..data.len().min(4)).unwrap_or_default()) => {
            ascii(data, Kind::E4Ascii, true)
        }
        [b'D', ..] if b"D400".starts_with(data.get(..data.len().min(4)).unwrap_or_default()) => {
            ascii(data, Kind::E4Ascii, false)
        }
        [a, ..] if home && (a <= 0x1F || (0x80..=0x9F).contains(&a)) => old(data),
        _ => Found::No,
    }
}

/// The modules that the specification names: own station, control and multiple CPU, and so on.
fn is_module(io: u16) -> bool {
    matches!(io, 0x03D0..=0x03D3 | 0x03E0..=0x03E3 | 0x03FF) || io < 0x0200
}

fn binary(data: &[u8], kind: Kind, request: bool) -> Found<'_> {
    let mut r = Reader::new(data);
    let head: Option<(u16, u8, u8, u16, usize)> = (|| {
        r.skip(2)?;
        let serial = if kind == Kind::E4 {
            let serial = r.le16()?;
            r.skip(2)?;
            serial
        } else {
            0
        };
        let (network, station, io) = (r.u8()?, r.u8()?, r.le16()?);
        r.skip(1)?;
        Some((serial, network, station, io, usize::from(r.le16()?)))
    })();
    let Some((serial, network, station, io, size)) = head else { return Found::Short };
    let least = if request { 6 } else { 2 };
    if !(least..=MAX_DATA).contains(&size) || !is_module(io) || (network > 0xEF && network < 0xFE) {
        return Found::No;
    }
    let Some(body) = r.take(size) else { return Found::Short };
    let total = r.position();
    let mut b = Reader::new(body);
    let (mut command, mut subcommand, mut end) = (0, 0, 0);
    let read: Option<()> = (|| {
        if request {
            // monitoring timer
            b.skip(2)?;
            (command, subcommand) = (b.le16()?, b.le16()?);
        } else {
            end = b.le16()?;
        }
        Some(())
    })();
    if read.is_none() {
        return Found::No;
    }
    let zero_free = matches!(io, 0x03D0..=0x03E3 | 0x03FF) && matches!(subcommand, 0..=8 | 0x40 | 0x80..=0x83);
    let frame = Frame {
        kind,
        request,
        serial,
        echo: 0,
        network,
        station,
        command,
        subcommand,
        end,
        zero_free,
        raw: b.rest(),
    };
    Found::Frame(frame, total)
}

fn ascii(data: &[u8], kind: Kind, request: bool) -> Found<'_> {
    let mut r = Reader::new(data);
    let mut bad = false;
    let mut digits = |r: &mut Reader<'_>, n: usize| {
        let n = r.take(n).map(number)?;
        bad |= n.is_none();
        n
    };
    let head: Option<(u32, u32, u32, u32, u32)> = (|| {
        r.skip(4)?;
        let serial = if kind == Kind::E4Ascii {
            let serial = digits(&mut r, 4)?;
            r.skip(4)?;
            serial
        } else {
            0
        };
        let (network, station, io) = (digits(&mut r, 2)?, digits(&mut r, 2)?, digits(&mut r, 4)?);
        r.skip(2)?;
        Some((serial, network, station, io, digits(&mut r, 4)?))
    })();
    let Some((serial, network, station, io, size)) = head else {
        return if bad { Found::No } else { Found::Short };
    };
    let least = if request { 12 } else { 4 };
    if !(least..=MAX_DATA as u32 * 2).contains(&size) || !is_module(io as u16) {
        return Found::No;
    }
    let Some(body) = r.take(size as usize) else { return Found::Short };
    let total = r.position();
    let mut b = Reader::new(body);
    let (mut command, mut subcommand, mut end) = (0, 0, 0);
    let read: Option<()> = (|| {
        if request {
            b.skip(4)?;
            (command, subcommand) = (number(b.take(4)?)?, number(b.take(4)?)?);
        } else {
            end = number(b.take(4)?)?;
        }
        Some(())
    })();
    if read.is_none() {
        return Found::No;
    }
    let frame = Frame {
        kind,
        request,
        serial: serial as u16,
        echo: 0,
        network: network as u8,
        station: station as u8,
        command: command as u16,
        subcommand: subcommand as u16,
        end: end as u16,
        zero_free: matches!(io, 0x03D0..=0x03E3 | 0x03FF),
        raw: b.rest(),
    };
    Found::Frame(frame, total)
}

/// A binary 1E frame: subheader, PC number, timer, then what the command needs. Commands are given the
/// codes of their 3E likes, answers say 80 more than the request. Only those without lists are read:
/// run, stop, CPU type, batch read and write.
fn old(data: &[u8]) -> Found<'_> {
    let mut r = Reader::new(data);
    let Some(sub) = r.u8() else { return Found::Short };
    let frame = |request, command, end, raw| Frame {
        kind: Kind::E1,
        request,
        serial: 0,
        echo: sub & 0x7F,
        network: 0,
        station: 0xFF,
        command,
        subcommand: 0,
        end,
        zero_free: false,
        raw,
    };
    if sub & 0x80 != 0 {
        let Some(end) = r.u8() else { return Found::Short };
        // an answer has no length: it is all that came
        let fits = end == 0 || matches!(end, 0x50..=0x60);
        if !fits || !matches!(sub & 0x7F, 0..=3 | 0x13..=0x15) {
            return Found::No;
        }
        return Found::Frame(frame(false, 0, u16::from(end), r.rest()), data.len());
    }
    let Some(&[pc, a, b]) = r.rest().first_chunk::<3>() else { return Found::Short };
    if !matches!(pc, 0xFF | 1..=64) || u16::from_le_bytes([a, b]) > 0x00F0 {
        return Found::No;
    }
    let _head = r.skip(3);
    let (command, size) = match sub {
        0x00 | 0x01 => (super::commands::READ, 8),
        0x02 | 0x03 => {
            let points = usize::from(r.rest().get(6).copied().unwrap_or(0));
            let points = if points == 0 { 256 } else { points };
            (super::commands::WRITE, 8 + if sub == 2 { points.div_ceil(2) } else { 2 * points })
        }
        0x13 => (super::commands::RUN, 0),
        0x14 => (super::commands::STOP, 0),
        0x15 => (super::commands::READ_TYPE_NAME, 0),
        _ => return Found::No,
    };
    match r.take(size) {
        Some(raw) => Found::Frame(frame(true, command, 0, raw), 4 + size),
        None => Found::Short,
    }
}

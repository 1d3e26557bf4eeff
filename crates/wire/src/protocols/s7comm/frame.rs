//! TPKT, COTP and the head of an S7 PDU, and recognition by them.
//!
//! Sources: RFC 1006 (TPKT); ITU-T X.224 class 0 (TPDU layouts, section 13). Siemens publishes no
//! specification of the S7 protocol; its layout follows the open implementations libnodave and
//! snap7 and was checked against captures.

use crate::bytes::Reader;
use crate::model::Side;
use crate::probe::{Hint, Role, Verdict};

/// TCP port of ISO transport on TCP.
pub const PORT: u16 = 102;
const TPKT: usize = 4;

/// One TPDU in its TPKT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tpdu<'a> {
    /// Code without the credit bits: E0 connection request, D0 confirm, F0 data …
    pub code: u8,
    /// Header behind the code.
    pub header: &'a [u8],
    /// User data.
    pub payload: &'a [u8],
}

/// Outcome of looking for a TPDU at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A TPDU and how many bytes its TPKT takes.
    Tpdu(Tpdu<'a>, usize),
    Short,
    No,
}

pub const CONNECTION_REQUEST: u8 = 0xe0;
pub const CONNECTION_CONFIRM: u8 = 0xd0;
pub const DATA: u8 = 0xf0;

/// Reads the TPDU at the start of `data`.
pub fn read(data: &[u8]) -> Found<'_> {
    let mismatch = |at: usize, value: u8| data.get(at).is_some_and(|&b| b != value);
    if mismatch(0, 3) || mismatch(1, 0) {
        return Found::No;
    }
    let &[_, _, a, b, ..] = data else { return Found::Short };
    let size = usize::from(u16::from_be_bytes([a, b]));
    if size < TPKT + 3 {
        return Found::No;
    }
    if let &[_, _, _, _, li, code, ..] = data {
        let known = matches!(code & 0xf0, 0x10 | 0x50 | 0x60 | 0x70 | 0x80 | 0xc0 | 0xd0 | 0xe0 | 0xf0);
        if li < 2 || usize::from(li) > size - TPKT - 1 || !known {
            return Found::No;
        }
    }
    let Some(body) = data.get(TPKT..size) else { return Found::Short };
    let mut r = Reader::new(body);
    let tpdu = (|| {
        let li = usize::from(r.u8()?);
        let header = r.take(li)?;
        let (&code, header) = header.split_first()?;
        Some(Tpdu { code: code & 0xf0, header, payload: r.rest() })
    })();
    match tpdu {
        Some(tpdu) => Found::Tpdu(tpdu, size),
        None => Found::No,
    }
}

impl Tpdu<'_> {
    /// The last part of its message.
    pub fn is_last(&self) -> bool {
        self.header.last().is_some_and(|b| b & 0x80 != 0)
    }
    /// Name of the TPDU.
    pub fn name(&self) -> &'static str {
        match self.code {
            CONNECTION_REQUEST => "connection_request",
            CONNECTION_CONFIRM => "connection_confirm",
            DATA => "data",
            0x80 => "disconnect_request",
            0xc0 => "disconnect_confirm",
            0x70 => "error",
            0x10 => "expedited_data",
            0x60 => "data_acknowledgement",
            0x50 => "reject",
            _ => "unknown_tpdu",
        }
    }
    /// Calling and called TSAP of a connection request or confirm.
    pub fn tsaps(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        let mut r = Reader::new(self.header);
        let (mut calling, mut called) = (None, None);
        // references and class
        if r.skip(5).is_none() {
            return (None, None);
        }
        while let (Some(parameter), Some(n)) = (r.u8(), r.u8()) {
            let Some(value) = r.take(n.into()) else { break };
            match parameter {
                0xc1 => calling = Some(value),
                0xc2 => called = Some(value),
                _ => {}
            }
        }
        (calling, called)
    }
}

/// Message types (ROSCTR).
pub const JOB: u8 = 1;
pub const ACK: u8 = 2;
pub const ACK_DATA: u8 = 3;
pub const USERDATA: u8 = 7;

/// One S7 PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pdu<'a> {
    pub rosctr: u8,
    /// Counts up in steps of one when read in little-endian order.
    pub reference: u16,
    /// Error class and code of an acknowledgement.
    pub error: Option<(u8, u8)>,
    pub parameter: &'a [u8],
    pub data: &'a [u8],
}

impl<'a> Pdu<'a> {
    /// Reads a PDU; both lengths must agree with what is there.
    pub fn read(bytes: &'a [u8]) -> Option<Pdu<'a>> {
        let mut r = Reader::new(bytes);
        let (id, rosctr) = (r.u8()?, r.u8()?);
        if id != 0x32 || !matches!(rosctr, JOB | ACK | ACK_DATA | USERDATA) {
            return None;
        }
        // redundancy identification, always zero
        r.skip(2)?;
        let reference = r.le16()?;
        let (parameter, data) = (usize::from(r.be16()?), usize::from(r.be16()?));
        let error = if matches!(rosctr, ACK | ACK_DATA) { Some((r.u8()?, r.u8()?)) } else { None };
        let pdu = Pdu { rosctr, reference, error, parameter: r.take(parameter)?, data: r.take(data)? };
        Some(pdu)
    }

    /// First byte of the parameters: the function of jobs and their answers.
    pub fn function(&self) -> u8 {
        self.parameter.first().copied().unwrap_or(0)
    }

    /// Which role sends such a PDU. The controller answers, pushes, and asks for the blocks of a
    /// download; all else is asked by who opened the session.
    pub fn sender(&self) -> Option<Side> {
        let pulls = matches!(self.function(), 0x1b | 0x1c);
        Some(match self.rosctr {
            JOB if pulls => Side::Server,
            JOB => Side::Client,
            USERDATA => match self.parameter.get(5).map(|b| (b >> 4, b & 0x0f)) {
                // block send is peer to peer
                Some((_, 6)) | None => return None,
                Some((4 | 7, _)) => Side::Client,
                Some((0 | 3 | 8 | 0x0b, _)) => Side::Server,
                Some(_) => return None,
            },
            _ if pulls => Side::Client,
            _ if self.parameter.is_empty() => return None,
            _ => Side::Server,
        })
    }
}

/// Recognises S7 communication; S7comm-plus and MMS begin with the same transport and are not it.
pub fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let mut at = 0;
    loop {
        let rest = data.get(at..).unwrap_or_default();
        let (tpdu, size) = match read(rest) {
            Found::Tpdu(tpdu, size) => (tpdu, size),
            Found::No => return Verdict::No,
            Found::Short => {
                // TPKT and the header of a data TPDU are 7 bytes
                let other = rest.get(5) == Some(&DATA) && rest.get(7).is_some_and(|&b| b != 0x32);
                return if other || data.len() >= 4096 { Verdict::No } else { Verdict::Need };
            }
        };
        if tpdu.code == DATA && !tpdu.payload.is_empty() {
            return match Pdu::read(tpdu.payload) {
                Some(pdu) if tpdu.payload.get(2..4) == Some(&[0, 0]) => {
                    Verdict::Strong(pdu.sender().map_or(Role::Unknown, Role::from))
                }
                None if !tpdu.is_last() && tpdu.payload.first() == Some(&0x32) => {
                    Verdict::Weak(Role::Unknown)
                }
                _ => Verdict::No,
            };
        }
        at += size;
        if at >= data.len() {
            // so far only the connection of the transport
            return if at < 4096 { Verdict::Need } else { Verdict::No };
        }
    }
}

//! BACnet virtual link layer and network layer headers (ASHRAE 135, annex J and clause 6).

use super::names;
use crate::bytes::Reader;
use std::net::{IpAddr, Ipv4Addr};

pub const BVLC_RESULT: u8 = 0x00;
pub const FORWARDED_NPDU: u8 = 0x04;

/// A network number and an address on that network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NetAddr {
    pub net: u16,
    length: u8,
    bytes: [u8; 7],
}

impl NetAddr {
    fn read(r: &mut Reader<'_>) -> Option<NetAddr> {
        let (net, length) = (r.be16()?, r.u8()?);
        let data = r.take(usize::from(length))?;
        let mut bytes = [0; 7];
        for (to, from) in bytes.iter_mut().zip(data) {
            *to = *from;
        }
        Some(NetAddr { net, length: length.min(7), bytes })
    }
    /// A broadcast on the network, or on all.
    pub fn is_broadcast(&self) -> bool {
        self.net == 0xFFFF || self.length == 0
    }
    /// `net:address`, a short address as number, a long one in hex.
    pub fn text(&self) -> String {
        match self.bytes.get(..usize::from(self.length)) {
            Some([one]) => format!("{}:{one}", self.net),
            Some(bytes) => format!("{}:{}", self.net, crate::bytes::hex(bytes)),
            None => self.net.to_string(),
        }
    }
}

/// One BACnet/IP message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bvll<'a> {
    pub function: u8,
    /// Who a forwarded message came from.
    pub origin: Option<IpAddr>,
    /// From behind the BVLC header (and the origin) on.
    pub body: &'a [u8],
}

impl<'a> Bvll<'a> {
    pub fn read(data: &'a [u8]) -> Option<Bvll<'a>> {
        let mut r = Reader::new(data);
        if r.u8()? != 0x81 {
            return None;
        }
        let function = r.u8()?;
        names::bvlc(function)?;
        if usize::from(r.be16()?) != data.len() {
            return None;
        }
        let origin = if function == FORWARDED_NPDU {
            let ip = Ipv4Addr::from(r.be32()?);
            r.skip(2)?;
            Some(IpAddr::V4(ip))
        } else {
            None
        };
        Some(Bvll { function, origin, body: r.rest() })
    }
    pub fn has_npdu(&self) -> bool {
        matches!(self.function, 0x04 | 0x09 | 0x0A | 0x0B)
    }
    /// The body has the length that the function asks for (J.2).
    pub fn fits(&self) -> bool {
        let n = self.body.len();
        match self.function {
            0x00 | 0x05 => n == 2,
            0x02 | 0x06 => n == 0,
            0x01 | 0x03 | 0x07 => n.is_multiple_of(10),
            0x08 => n == 6,
            _ => n >= 2,
        }
    }
}

/// A network layer header and what follows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Npdu<'a> {
    pub destination: Option<NetAddr>,
    pub source: Option<NetAddr>,
    /// Network layer message type; `None` if an APDU follows.
    pub message: Option<u8>,
    pub body: &'a [u8],
}

impl<'a> Npdu<'a> {
    pub fn read(data: &'a [u8]) -> Option<Npdu<'a>> {
        let mut r = Reader::new(data);
        if r.u8()? != 1 {
            return None;
        }
        let control = r.u8()?;
        if control & 0x50 != 0 {
            return None;
        }
        let destination = if control & 0x20 != 0 { Some(NetAddr::read(&mut r)?) } else { None };
        let source = if control & 0x08 != 0 { Some(NetAddr::read(&mut r)?) } else { None };
        if destination.is_some() {
            r.skip(1)?;
        }
        let message = if control & 0x80 != 0 { Some(r.u8()?) } else { None };
        if message.is_some_and(|m| m >= 0x80) {
            r.skip(2)?;
        }
        Some(Npdu { destination, source, message, body: r.rest() })
    }
}

//! Entries and options of service discovery (PRS_SOMEIPServiceDiscoveryProtocol, 4.1).

use crate::bytes::Reader;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Options of one message that are read.
const MAX_OPTIONS: usize = 64;

pub struct Entries<'a> {
    entries: &'a [u8],
    options: &'a [u8],
}

pub struct Entry {
    /// 0 find, 1 offer, 6 subscribe, 7 acknowledgement of it.
    pub kind: u8,
    runs: [(u8, u8); 2],
    pub service: u16,
    pub instance: u16,
    pub major: u8,
    pub ttl: u32,
    pub minor: u32,
    pub group: u16,
}

impl<'a> Entries<'a> {
    pub fn read(body: &'a [u8]) -> Option<Entries<'a>> {
        let mut r = Reader::new(body);
        let flags = r.u8()?;
        if flags & 0x1F != 0 || r.be24()? != 0 {
            return None;
        }
        let length = r.be32()? as usize;
        if !length.is_multiple_of(16) {
            return None;
        }
        let entries = r.take(length)?;
        let length = r.be32()? as usize;
        let options = r.take(length)?;
        let known = entries.chunks_exact(16).all(|e| matches!(e.first(), Some(0 | 1 | 6 | 7)));
        (known && r.is_empty()).then_some(Entries { entries, options })
    }

    pub fn each(&self) -> impl Iterator<Item = Entry> + use<'a> {
        self.entries.chunks_exact(16).filter_map(|data| {
            let mut r = Reader::new(data);
            let kind = r.u8()?;
            let (first, second, counts) = (r.u8()?, r.u8()?, r.u8()?);
            let (service, instance) = (r.be16()?, r.be16()?);
            let (major, ttl, minor) = (r.u8()?, r.be24()?, r.be32()?);
            let runs = [(first, counts >> 4), (second, counts & 15)];
            Some(Entry { kind, runs, service, instance, major, ttl, minor, group: minor as u16 })
        })
    }

    /// Endpoints an entry names: `udp 10.0.0.1:30501`.
    pub fn endpoints(&self, entry: &Entry) -> Vec<String> {
        let mut all: Vec<&[u8]> = Vec::new();
        let mut r = Reader::new(self.options);
        while let Some(length) = r.be16() {
            let Some(option) = r.take(usize::from(length) + 1) else { break };
            if all.len() >= MAX_OPTIONS {
                break;
            }
            all.push(option);
        }
        let mut out = Vec::new();
        for (start, count) in entry.runs {
            for option in all.iter().skip(usize::from(start)).take(usize::from(count)) {
                out.extend(endpoint(option));
            }
        }
        out
    }
}

fn endpoint(option: &[u8]) -> Option<String> {
    let mut r = Reader::new(option);
    let kind = r.u8()?;
    r.skip(1)?;
    let address: IpAddr = match kind {
        0x04 => Ipv4Addr::from(r.be32()?).into(),
        0x06 => Ipv6Addr::from(<[u8; 16]>::try_from(r.take(16)?).ok()?).into(),
        _ => return None,
    };
    r.skip(1)?;
    let transport = match r.u8()? {
        6 => "tcp",
        0x11 => "udp",
        _ => return None,
    };
    Some(format!("{transport} {}", std::net::SocketAddr::new(address, r.be16()?)))
}

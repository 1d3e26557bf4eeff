//! Data of resource records as text, by type.

use super::{Record, name_at};
use crate::bytes::{Reader, hex};
use crate::protocols::sysdescr::line;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of unknown data shown.
const MAX_OPAQUE: usize = 64;

/// The address of an A or AAAA record.
pub fn address(rtype: u16, data: &[u8]) -> Option<IpAddr> {
    match rtype {
        1 => <[u8; 4]>::try_from(data).ok().map(|a| IpAddr::V4(Ipv4Addr::from(a))),
        28 => <[u8; 16]>::try_from(data).ok().map(|a| IpAddr::V6(Ipv6Addr::from(a))),
        _ => None,
    }
}

/// The character strings of TXT data (RFC 1035, 3.3.14).
pub fn strings(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut r = Reader::new(data);
    std::iter::from_fn(move || {
        let len = r.u8()?;
        r.take(usize::from(len))
    })
}

/// Data in the presentation form of its type; `\# length hex` (RFC 3597, 5) where it has none here
/// or does not fit it.
pub fn data_text(record: &Record<'_>) -> String {
    if record.data.is_empty() {
        return String::new();
    }
    by_type(record).unwrap_or_else(|| {
        let shown = record.data.get(..MAX_OPAQUE).unwrap_or(record.data);
        format!("\\# {} {}", record.data.len(), hex(shown))
    })
}

fn by_type(record: &Record<'_>) -> Option<String> {
    let mut r = Reader::new(record.data);
    let name = |at: usize| {
        let end = record.data_at.checked_add(record.data.len())?;
        let (name, next) = name_at(record.message, at)?;
        (next <= end).then_some((name, next))
    };
    Some(match record.rtype {
        1 | 28 => record.address()?.to_string(),
        // NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME
        2..=5 | 7..=9 | 12 | 39 => name(record.data_at)?.0,
        6 => {
            let (primary, next) = name(record.data_at)?;
            let (mailbox, next) = name(next)?;
            let mut r = Reader::new(record.message.get(next..)?);
            let (serial, refresh, retry, expire, minimum) =
                (r.be32()?, r.be32()?, r.be32()?, r.be32()?, r.be32()?);
            format!("{primary} {mailbox} {serial} {refresh} {retry} {expire} {minimum}")
        }
        13 | 16 | 99 => strings(record.data).map(line).collect::<Vec<_>>().join(" "),
        // MX, AFSDB, KX
        15 | 18 | 36 => format!("{} {}", r.be16()?, name(record.data_at + 2)?.0),
        32 if record.data.len() >= 6 => {
            r.be16()?;
            Ipv4Addr::from(r.be32()?).to_string()
        }
        33 => {
            let (priority, weight, port) = (r.be16()?, r.be16()?, r.be16()?);
            format!("{priority} {weight} {port} {}", name(record.data_at + 6)?.0)
        }
        35 => {
            let (order, preference) = (r.be16()?, r.be16()?);
            let mut parts = Vec::new();
            for _ in 0..3 {
                let len = r.u8()?;
                parts.push(format!("\"{}\"", line(r.take(usize::from(len))?)));
            }
            let replacement = name(record.data_at + r.position())?.0;
            format!("{order} {preference} {} {replacement}", parts.join(" "))
        }
        43 | 59 => format!("{} {} {} {}", r.be16()?, r.u8()?, r.u8()?, hex(r.rest())),
        44 => format!("{} {} {}", r.u8()?, r.u8()?, hex(r.rest())),
        46 | 24 => {
            let (covered, algorithm, labels) = (r.be16()?, r.u8()?, r.u8()?);
            let (ttl, expires, signed, tag) = (r.be32()?, r.be32()?, r.be32()?, r.be16()?);
            let signer = name(record.data_at + 18)?.0;
            format!("{covered} {algorithm} {labels} {ttl} {expires} {signed} {tag} {signer}")
        }
        47 => name(record.data_at)?.0,
        48 | 60 => {
            let (flags, protocol, algorithm) = (r.be16()?, r.u8()?, r.u8()?);
            format!("{flags} {protocol} {algorithm} {} bytes", r.left())
        }
        52 | 53 => format!("{} {} {} {}", r.u8()?, r.u8()?, r.u8()?, hex(r.rest())),
        64 | 65 => service_binding(record, &mut r)?,
        256 => format!("{} {} \"{}\"", r.be16()?, r.be16()?, line(r.rest())),
        257 => {
            let (flags, len) = (r.u8()?, r.u8()?);
            format!("{flags} {} \"{}\"", line(r.take(usize::from(len))?), line(r.rest()))
        }
        _ => return None,
    })
}

/// SVCB and HTTPS (RFC 9460, 2.2): priority, target, parameters.
fn service_binding(record: &Record<'_>, r: &mut Reader<'_>) -> Option<String> {
    let priority = r.be16()?;
    let (target, next) = name_at(record.message, record.data_at + 2)?;
    let mut r = Reader::new(record.data.get(next.checked_sub(record.data_at)?..)?);
    let mut out = format!("{priority} {target}");
    while let (Some(key), Some(len)) = (r.be16(), r.be16()) {
        let value = r.take(usize::from(len))?;
        let text = match key {
            0 => format!(" mandatory={}", hex(value)),
            1 => format!(" alpn={}", strings(value).map(line).collect::<Vec<_>>().join(",")),
            2 => " no-default-alpn".to_owned(),
            3 => format!(" port={}", Reader::new(value).be16()?),
            4 => format!(" ipv4hint={}", list(value.chunks_exact(4).filter_map(|c| address(1, c)))),
            5 => format!(" ech={} bytes", value.len()),
            6 => format!(" ipv6hint={}", list(value.chunks_exact(16).filter_map(|c| address(28, c)))),
            n => format!(" key{n}={}", hex(value.get(..MAX_OPAQUE).unwrap_or(value))),
        };
        out.push_str(&text);
    }
    Some(out)
}

fn list(addresses: impl Iterator<Item = IpAddr>) -> String {
    addresses.map(|a| a.to_string()).collect::<Vec<_>>().join(",")
}

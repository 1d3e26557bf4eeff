//! Payloads of IKE: their chain, proposals, identities, notifications.

use super::names;
use crate::bytes::Reader;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Payload<'a> {
    pub kind: u8,
    pub body: &'a [u8],
}

/// Payloads of one message at most.
const MAX_PAYLOADS: usize = 40;

/// The chain of payloads; `None` if it does not end where the message does.
pub fn payloads(next: u8, body: &[u8]) -> Option<Vec<Payload<'_>>> {
    let mut out = Vec::new();
    let (mut kind, mut r) = (next, Reader::new(body));
    while kind != 0 {
        let following = r.u8()?;
        r.skip(1)?;
        let size = usize::from(r.be16()?).checked_sub(4)?;
        out.push(Payload { kind, body: r.take(size)? });
        if out.len() > MAX_PAYLOADS {
            return None;
        }
        kind = following;
    }
    // what is filled up to the block's size
    (r.left() < 16).then_some(out)
}

/// The transforms of a chosen proposal.
#[derive(Debug, Default, PartialEq)]
pub struct Chosen {
    pub encryption: Option<String>,
    pub integrity: Option<String>,
    pub prf: Option<String>,
    pub group: Option<u16>,
    pub method: Option<u16>,
}

/// The first proposal of a security association.
pub fn proposal(sa: &[u8], version: u8) -> Chosen {
    let mut out = Chosen::default();
    read(sa, version, &mut out);
    out
}

fn read(sa: &[u8], version: u8, out: &mut Chosen) -> Option<()> {
    let mut r = Reader::new(sa);
    if version == 1 {
        // domain of interpretation and situation
        r.skip(8)?;
    }
    r.skip(4)?;
    let (_, _, spi, count) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
    r.skip(spi.into())?;
    for _ in 0..count {
        r.skip(2)?;
        let size = usize::from(r.be16()?).checked_sub(4)?;
        let mut t = Reader::new(r.take(size)?);
        let (kind, _, id) = (t.u8()?, t.u8()?, t.be16()?);
        let mut bits = None;
        let mut attributes = Vec::new();
        while let (Some(kind), Some(value)) = (t.be16(), t.be16()) {
            if kind & 0x8000 != 0 {
                attributes.push((kind & 0x7fff, value));
            } else {
                t.skip(value.into())?;
            }
        }
        if version == 1 {
            for (kind, value) in attributes {
                match kind {
                    1 => out.encryption = Some(names::encryption_1(value).to_owned()),
                    2 => out.integrity = Some(names::hash_1(value).to_owned()),
                    3 => out.method = Some(value),
                    4 => out.group = Some(value),
                    14 => bits = Some(value),
                    _ => {}
                }
            }
            if let (Some(bits), Some(e)) = (bits, &mut out.encryption) {
                *e = format!("{e}-{bits}");
            }
            // the first transform is the chosen one, in an answer the only one
            return Some(());
        }
        let bits = attributes.iter().find(|(k, _)| *k == 14).map(|(_, v)| *v);
        match kind {
            1 => out.encryption = Some(bits.map_or_else(|| names::encryption_2(id).to_owned(), |b| format!("{}-{b}", names::encryption_2(id)))),
            2 => out.prf = Some(names::prf(id).to_owned()),
            3 => out.integrity = Some(names::integrity_2(id).to_owned()),
            4 => out.group = Some(id),
            _ => {}
        }
    }
    Some(())
}

/// An identity as text: address, name, user at a name, key id.
pub fn identity(body: &[u8]) -> Option<String> {
    let (head, value) = body.split_at_checked(4)?;
    let text = || {
        let t = crate::bytes::text(value);
        (!t.is_empty() && t.chars().all(|c| !c.is_control())).then_some(t)
    };
    match (head.first()?, value) {
        (1, [a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
        (2 | 3 | 11, _) => text(),
        (5, v) if v.len() == 16 => <[u8; 16]>::try_from(v).ok().map(|o| std::net::Ipv6Addr::from(o).to_string()),
        _ => None,
    }
}

/// Number of a notification; `doi` octets stand before it.
pub fn notification(body: &[u8], doi: usize) -> Option<u16> {
    let mut r = Reader::new(body.get(doi..)?);
    r.skip(2)?;
    r.be16()
}

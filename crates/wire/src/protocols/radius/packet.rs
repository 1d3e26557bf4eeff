//! Packets of RADIUS: the header and its attributes (RFC 2865 sections 3 and 5).

/// Octets of the header.
pub const HEADER: usize = 20;
/// Attributes of a packet that are read.
const MAX_ATTRIBUTES: usize = 128;

/// Name of a packet by its code (RFC 2865, 2866, 5176, 5997).
pub fn code_name(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "Access-Request",
        2 => "Access-Accept",
        3 => "Access-Reject",
        4 => "Accounting-Request",
        5 => "Accounting-Response",
        11 => "Access-Challenge",
        12 => "Status-Server",
        13 => "Status-Client",
        40 => "Disconnect-Request",
        41 => "Disconnect-ACK",
        42 => "Disconnect-NAK",
        43 => "CoA-Request",
        44 => "CoA-ACK",
        45 => "CoA-NAK",
        _ => return None,
    })
}

/// True for codes that ask.
pub fn asks(code: u8) -> bool {
    matches!(code, 1 | 4 | 12 | 13 | 40 | 43)
}

/// One packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    pub code: u8,
    pub id: u8,
    pub authenticator: [u8; 16],
    body: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet whose attributes fill exactly the length it says (octets behind are padding).
    pub fn read(data: &'a [u8]) -> Option<Packet<'a>> {
        let (&[code, id, a, b], rest) = data.split_first_chunk::<4>()?;
        code_name(code)?;
        let length = usize::from(u16::from_be_bytes([a, b]));
        if !(HEADER..=4096).contains(&length) || data.len() < length {
            return None;
        }
        let authenticator = *rest.first_chunk::<16>()?;
        let packet = Packet { code, id, authenticator, body: data.get(HEADER..length)? };
        let mut at = 0;
        while at < packet.body.len() {
            let size = usize::from(*packet.body.get(at + 1)?);
            if size < 2 || *packet.body.get(at)? == 0 {
                return None;
            }
            at += size;
        }
        (at == packet.body.len()).then_some(packet)
    }

    /// Octets it takes.
    pub fn length(&self) -> usize {
        HEADER + self.body.len()
    }

    /// Types and values in order.
    pub fn attributes(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let mut rest = self.body;
        std::iter::from_fn(move || {
            let &[kind, size, ..] = rest else { return None };
            let value = rest.get(2..usize::from(size))?;
            rest = rest.get(usize::from(size)..)?;
            Some((kind, value))
        })
        .take(MAX_ATTRIBUTES)
    }

    pub fn get(&self, kind: u8) -> Option<&'a [u8]> {
        self.attributes().find(|(k, _)| *k == kind).map(|(_, v)| v)
    }

    pub fn text(&self, kind: u8) -> Option<String> {
        let value = self.get(kind)?;
        let text: String =
            String::from_utf8_lossy(value).chars().filter(|c| !c.is_control()).take(253).collect();
        (!text.is_empty()).then_some(text)
    }

    pub fn number(&self, kind: u8) -> Option<u32> {
        self.get(kind)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// An attribute of a vendor (type 26): vendor number, then types of its own.
    pub fn vendor(&self, vendor: u32, kind: u8) -> Option<&'a [u8]> {
        self.attributes().filter(|(k, _)| *k == 26).find_map(|(_, value)| {
            let (number, mut rest) = value.split_first_chunk::<4>()?;
            if u32::from_be_bytes(*number) != vendor {
                return None;
            }
            while let &[found, size, ..] = rest {
                let inner = rest.get(2..usize::from(size))?;
                if found == kind {
                    return Some(inner);
                }
                rest = rest.get(usize::from(size)..)?;
            }
            None
        })
    }

    /// The EAP packet, put together from its parts (RFC 3579, 3.1).
    pub fn eap(&self) -> Vec<u8> {
        self.attributes().filter(|(k, _)| *k == 79).flat_map(|(_, v)| v.iter().copied()).collect()
    }
}

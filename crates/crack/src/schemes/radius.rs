//! The secret that a RADIUS server shares with its clients (RFC 2865, 2866, 2869), and that of TACACS+
//! (RFC 8907, 4.5). Ours, packets in hex: `$sentinel$radius$request authenticator$response`,
//! `$sentinel$radius-message$packet` with a Message-Authenticator, its request authenticator in place,
//! `$sentinel$radius-accounting$request`, `$sentinel$radius-pap$request authenticator$hidden password`.
//! hashcat 16100: `$tacacs-plus$0$session$cipher$version and sequence`.

use crate::hash::{Md5, digest, hmac};
use crate::line::{hex, parts, sized};
use crate::scheme::{Cost, Scheme};

/// Attribute with HMAC-MD5 over the packet, and octets of a packet's head.
const MESSAGE_AUTHENTICATOR: u8 = 80;
const HEAD: usize = 20;
/// Zeros behind a hidden password without which a guess is none: 48 bits.
const LEAST_ZEROS: usize = 6;

/// MD5 over the packet and the secret behind it.
struct Authenticator {
    name: &'static str,
    packet: Vec<u8>,
    wanted: [u8; 16],
}

impl Scheme for Authenticator {
    fn name(&self) -> &'static str {
        self.name
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: 1 + self.packet.len() as u32 / 64 }
    }
    fn check(&self, key: &[u8]) -> bool {
        digest::<Md5>(&[&self.packet, key]).as_slice() == self.wanted
    }
}

/// Puts `by` in the place of the packet's authenticator and gives what stood there.
fn exchange(packet: &mut [u8], by: [u8; 16]) -> Option<[u8; 16]> {
    let place: &mut [u8; 16] = packet.get_mut(4..HEAD)?.try_into().ok()?;
    Some(std::mem::replace(place, by))
}

pub fn response(rest: &str) -> Option<Box<dyn Scheme>> {
    let [request, response] = parts(rest, '$')?;
    let mut packet = hex(response)?;
    let wanted = exchange(&mut packet, sized(request)?)?;
    Some(Box::new(Authenticator { name: "radius", packet, wanted }))
}

pub fn accounting(rest: &str) -> Option<Box<dyn Scheme>> {
    let mut packet = hex(rest)?;
    let wanted = exchange(&mut packet, [0; 16])?;
    Some(Box::new(Authenticator { name: "radius-accounting", packet, wanted }))
}

struct Message {
    packet: Vec<u8>,
    wanted: [u8; 16],
}

impl Scheme for Message {
    fn name(&self) -> &'static str {
        "radius-message"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: 5 + self.packet.len() as u32 / 64 }
    }
    fn check(&self, key: &[u8]) -> bool {
        hmac::<Md5>(key, &[&self.packet]).as_slice() == self.wanted
    }
}

pub fn message(rest: &str) -> Option<Box<dyn Scheme>> {
    let mut packet = hex(rest)?;
    let mut at = HEAD;
    while let Some([kind, length]) = packet.get(at..at + 2).and_then(|h| <[u8; 2]>::try_from(h).ok()) {
        if kind == MESSAGE_AUTHENTICATOR && length == 18 {
            let place: &mut [u8; 16] = packet.get_mut(at + 2..at + 18)?.try_into().ok()?;
            let wanted = std::mem::take(place);
            return Some(Box::new(Message { packet, wanted }));
        }
        at += usize::from(length).max(2);
    }
    None
}

/// A password of a person hidden by the secret (RFC 2865, 5.2): it is text with zeros behind it.
struct Hidden {
    authenticator: [u8; 16],
    hidden: Vec<u8>,
}

impl Scheme for Hidden {
    fn name(&self) -> &'static str {
        "radius-pap"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: self.hidden.len() as u32 / 16 }
    }
    fn check(&self, key: &[u8]) -> bool {
        let mut before = self.authenticator.as_slice();
        let mut plain = Vec::with_capacity(self.hidden.len());
        for block in self.hidden.chunks(16) {
            plain.extend(digest::<Md5>(&[key, before]).iter().zip(block).map(|(m, b)| m ^ b));
            before = block;
        }
        let zeros = plain.iter().rev().take_while(|b| **b == 0).count();
        let text = plain.get(..plain.len() - zeros).unwrap_or_default();
        let printable = std::str::from_utf8(text).is_ok_and(|t| !t.chars().any(char::is_control));
        zeros >= LEAST_ZEROS && !text.is_empty() && printable
    }
}

pub fn hidden(rest: &str) -> Option<Box<dyn Scheme>> {
    let [authenticator, hidden] = parts(rest, '$')?;
    let hidden = hex(hidden).filter(|h| (16..=128).contains(&h.len()) && h.len() % 16 == 0)?;
    Some(Box::new(Hidden { authenticator: sized(authenticator)?, hidden }))
}

/// The body is XORed with MD5 of session, secret, version and sequence; a reply to a log-in says how
/// long its parts are.
struct Tacacs {
    session: [u8; 4],
    cipher: Vec<u8>,
    tail: [u8; 2],
}

impl Scheme for Tacacs {
    fn name(&self) -> &'static str {
        "tacacs-plus"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: 1 }
    }
    fn check(&self, key: &[u8]) -> bool {
        let pad = digest::<Md5>(&[&self.session, key, &self.tail]);
        let mut plain = [0u8; 6];
        plain.iter_mut().zip(pad.iter().zip(&self.cipher)).for_each(|(p, (a, b))| *p = a ^ b);
        let [status, flags, m1, m2, d1, d2] = plain;
        let said = usize::from(u16::from_be_bytes([m1, m2])) + usize::from(u16::from_be_bytes([d1, d2]));
        matches!(status, 1..=7 | 0x21) && flags < 2 && 6 + said == self.cipher.len()
    }
}

pub fn tacacs(rest: &str) -> Option<Box<dyn Scheme>> {
    let [kind, session, cipher, tail] = parts(rest, '$')?;
    let cipher = hex(cipher).filter(|c| c.len() >= 6 && kind == "0")?;
    Some(Box::new(Tacacs { session: sized(session)?, cipher, tail: sized(tail)? }))
}

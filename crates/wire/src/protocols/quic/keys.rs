//! Keys of Initial packets, which anyone can make from the first connection id (RFC 9001, 5.2;
//! RFC 9369 for version 2), and the removal of both protections.

use ring::aead::quic::{AES_128, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;

/// Names of the labels keys are made with.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Labels {
    V1,
    V2,
}

const V1: [u8; 20] = *b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a";
const V2: [u8; 20] = *b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9";
const DRAFT_22: [u8; 20] = *b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a";
const DRAFT_23: [u8; 20] = *b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02";
const DRAFT_29: [u8; 20] = *b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99";
const Q050: [u8; 20] = *b"\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45";
const T050: [u8; 20] = *b"\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10";
const T051: [u8; 20] = *b"\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d";

/// Salt of a version, `None` where it is not public or the version not known.
fn salt(version: u32) -> Option<(&'static [u8; 20], Labels)> {
    Some(match version {
        1 | 0xff00_0021 | 0xff00_0022 => (&V1, Labels::V1),
        0x6b33_43cf => (&V2, Labels::V2),
        0xff00_001d..=0xff00_0020 => (&DRAFT_29, Labels::V1),
        // mvfst's own numbers stand for the drafts it followed
        0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => (&DRAFT_23, Labels::V1),
        0xff00_0016 | 0xface_b001 => (&DRAFT_22, Labels::V1),
        0x5130_3530 => (&Q050, Labels::V1),
        0x5430_3530 => (&T050, Labels::V1),
        0x5430_3531 => (&T051, Labels::V1),
        _ => return None,
    })
}

/// True if Initial packets of this version can be read.
pub fn readable(version: u32) -> bool {
    salt(version).is_some()
}

/// HKDF-Expand-Label for at most 32 octets (RFC 8446, 7.1).
fn expand(secret: &[u8], label: &str, size: u8) -> Vec<u8> {
    let mut info = vec![0, size, 6 + label.len() as u8];
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label.as_bytes());
    info.extend_from_slice(&[0, 1]);
    let mut out = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &info).as_ref().to_vec();
    out.truncate(size.into());
    out
}

/// Keys of one direction.
pub struct Keys {
    header: HeaderProtectionKey,
    packet: LessSafeKey,
    iv: [u8; 12],
}

impl Keys {
    /// Keys of what the client (or the server) sends, from the id it sent first.
    pub fn new(version: u32, id: &[u8], client: bool) -> Option<Keys> {
        let (salt, labels) = salt(version)?;
        let initial = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), id);
        let secret = expand(initial.as_ref(), if client { "client in" } else { "server in" }, 32);
        let [key, iv, hp] = match labels {
            Labels::V1 => ["quic key", "quic iv", "quic hp"],
            Labels::V2 => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
        };
        let packet = UnboundKey::new(&AES_128_GCM, &expand(&secret, key, 16)).ok()?;
        Some(Keys {
            header: HeaderProtectionKey::new(&AES_128, &expand(&secret, hp, 16)).ok()?,
            packet: LessSafeKey::new(packet),
            iv: expand(&secret, iv, 12).try_into().ok()?,
        })
    }

    /// The frames of a packet whose number stands at `at`.
    pub fn open(&self, packet: &[u8], at: usize) -> Option<Vec<u8>> {
        let sample = packet.get(at + 4..at + 20)?;
        let mask = self.header.new_mask(sample).ok()?;
        let mut header = packet.get(..at + 4)?.to_vec();
        let first = header.first_mut()?;
        *first ^= mask.first()? & 0x0f;
        let size = usize::from(*first & 3) + 1;
        let mut number = 0u64;
        for (byte, mask) in header.get_mut(at..at + size)?.iter_mut().zip(mask.iter().skip(1)) {
            *byte ^= mask;
            number = number << 8 | u64::from(*byte);
        }
        header.truncate(at + size);
        let mut nonce = self.iv;
        for (byte, n) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
            *byte ^= n;
        }
        let mut body = packet.get(at + size..)?.to_vec();
        let plain = self.packet.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&header), &mut body).ok()?;
        let size = plain.len();
        body.truncate(size);
        Some(body)
    }
}

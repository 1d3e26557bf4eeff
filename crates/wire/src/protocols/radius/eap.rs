//! EAP inside RADIUS (RFC 3748, 3579): who it is, MD5 challenges, MS-CHAP version 2.

use super::secret::{Proof, chap, ms_chap2};

const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const IDENTITY: u8 = 1;
const MD5: u8 = 4;
const MSCHAPV2: u8 = 26;

/// A challenge that waits for its response.
#[derive(Clone, Debug)]
pub struct Challenge {
    id: u8,
    kind: u8,
    value: Vec<u8>,
}

/// Name of a method by its type.
pub fn method(kind: u8) -> Option<&'static str> {
    Some(match kind {
        4 => "EAP-MD5",
        6 => "EAP-GTC",
        13 => "EAP-TLS",
        17 => "LEAP",
        18 => "EAP-SIM",
        21 => "EAP-TTLS",
        23 => "EAP-AKA",
        25 => "PEAP",
        26 => "EAP-MSCHAPv2",
        43 => "EAP-FAST",
        52 => "EAP-PWD",
        _ => return None,
    })
}

/// Type of a request or response.
pub fn kind(packet: &[u8]) -> Option<u8> {
    matches!(packet.first()?, &REQUEST | &RESPONSE).then(|| packet.get(4).copied()).flatten()
}

/// The name in a response of type Identity.
pub fn identity(packet: &[u8]) -> Option<String> {
    match packet {
        [RESPONSE, _, _, _, IDENTITY, name @ ..] => {
            let text: String =
                String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).take(253).collect();
            (!text.is_empty()).then_some(text)
        }
        _ => None,
    }
}

/// The challenge in a request.
pub fn challenge(packet: &[u8]) -> Option<Challenge> {
    match packet {
        [REQUEST, id, _, _, MD5, size, rest @ ..] => {
            let value = rest.get(..usize::from(*size))?.to_vec();
            Some(Challenge { id: *id, kind: MD5, value })
        }
        // opcode 1 Challenge, id, length, size 16
        [REQUEST, id, _, _, MSCHAPV2, 1, _, _, _, 16, rest @ ..] => {
            Some(Challenge { id: *id, kind: MSCHAPV2, value: rest.get(..16)?.to_vec() })
        }
        _ => None,
    }
}

/// The proof in a response to `challenge`.
pub fn proof(packet: &[u8], challenge: &Challenge, user: &str) -> Option<Proof> {
    match packet {
        [RESPONSE, id, _, _, MD5, 16, rest @ ..] if *id == challenge.id && challenge.kind == MD5 => {
            Some(chap("EAP-MD5", *id, rest.get(..16)?, &challenge.value))
        }
        // opcode 2 Response, size 49: peer challenge, reserved, NT response, flags; the name behind
        [RESPONSE, id, _, _, MSCHAPV2, 2, _, _, _, 49, rest @ ..]
            if *id == challenge.id && challenge.kind == MSCHAPV2 =>
        {
            let name = rest.get(49..).and_then(|n| std::str::from_utf8(n).ok()).filter(|n| !n.is_empty());
            let (peer, nt) = (rest.get(..16)?, rest.get(24..48)?);
            ms_chap2("EAP-MSCHAPv2", name.unwrap_or(user), &challenge.value, peer, nt)
        }
        _ => None,
    }
}

//! Proofs of a password in an Access-Request, as lines for hashcat where it has a mode.

use super::packet::Packet;
use crate::bytes::hex;
use sha1::{Digest, Sha1};

const USER_PASSWORD: u8 = 2;
const CHAP_PASSWORD: u8 = 3;
const CHAP_CHALLENGE: u8 = 60;
/// Microsoft's number, and its attributes (RFC 2548).
const MICROSOFT: u32 = 311;
const MS_CHAP_RESPONSE: u8 = 1;
const MS_CHAP_CHALLENGE: u8 = 11;
const MS_CHAP2_RESPONSE: u8 = 25;
/// hashcat: `md5(id.pass.challenge)`, and NetNTLMv1, which both versions of MS-CHAP come to.
const MODE_CHAP: u32 = 4800;
const MODE_MSCHAP: u32 = 5500;

/// What was found: the mechanism, hashcat's mode, the line.
pub struct Proof {
    pub mechanism: &'static str,
    pub mode: Option<u32>,
    pub line: String,
}

/// The proof in a request.
pub fn find(packet: &Packet<'_>, user: &str) -> Option<Proof> {
    if let Some(hidden) = packet.get(USER_PASSWORD)
        && (16..=128).contains(&hidden.len())
        && hidden.len().is_multiple_of(16)
    {
        // hidden with MD5 of the shared secret and the authenticator (RFC 2865, 5.2): no mode has it
        let line = format!("$radius$1*{}*{}", hex(&packet.authenticator), hex(hidden));
        return Some(Proof { mechanism: "PAP", mode: None, line });
    }
    if let Some([id, response @ ..]) = packet.get(CHAP_PASSWORD)
        && response.len() == 16
    {
        let challenge = packet.get(CHAP_CHALLENGE).unwrap_or(&packet.authenticator);
        return Some(chap("CHAP", *id, response, challenge));
    }
    let challenge = packet.vendor(MICROSOFT, MS_CHAP_CHALLENGE)?;
    if let Some(response) = packet.vendor(MICROSOFT, MS_CHAP2_RESPONSE) {
        return ms_chap2("MS-CHAPv2", user, challenge, response.get(2..18)?, response.get(26..50)?);
    }
    let response = packet.vendor(MICROSOFT, MS_CHAP_RESPONSE)?;
    let (lm, nt) = (response.get(2..26)?, response.get(26..50)?);
    let lm = if lm.iter().all(|b| *b == 0) { String::new() } else { hex(lm) };
    let line = format!("{user}:::{lm}:{}:{}", hex(nt), hex(challenge.get(..8)?));
    Some(Proof { mechanism: "MS-CHAP", mode: Some(MODE_MSCHAP), line })
}

pub fn chap(mechanism: &'static str, id: u8, response: &[u8], challenge: &[u8]) -> Proof {
    let line = format!("{}:{}:{id:02x}", hex(response), hex(challenge));
    Proof { mechanism, mode: Some(MODE_CHAP), line }
}

/// Version 2 hashes both challenges and the bare name to eight octets (RFC 2759, 8.2).
pub fn ms_chap2(
    mechanism: &'static str,
    user: &str,
    challenge: &[u8],
    peer: &[u8],
    nt: &[u8],
) -> Option<Proof> {
    let bare = user.rsplit('\\').next().unwrap_or(user);
    let mut hash = Sha1::new();
    hash.update(peer);
    hash.update(challenge);
    hash.update(bare.as_bytes());
    let digest = hash.finalize();
    let line = format!("{bare}::::{}:{}", hex(nt), hex(digest.get(..8)?));
    Some(Proof { mechanism, mode: Some(MODE_MSCHAP), line })
}

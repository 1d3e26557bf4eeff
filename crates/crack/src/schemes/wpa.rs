//! WPA and WPA2 with a shared key (IEEE 802.11, 12.7). hashcat 22000: `WPA*01*PMKID*AP*station*name***` and
//! `WPA*02*MIC*AP*station*name*nonce of the AP*EAPOL frame of the station*flags`, hex, the MIC's place zeroed.

use crate::hash::{Md5, Sha1, Sha256, hmac, pbkdf2};
use crate::line::{hex, sized};
use crate::scheme::{Cost, Scheme};
use cmac::{Cmac, KeyInit, Mac};

/// Where key information, the station's nonce and the MIC stand in an EAPOL key frame.
const INFORMATION: usize = 5;
const NONCE: usize = 17;
const MIC: usize = 81;

enum Proof {
    /// Identifier of the master key: addresses behind `PMK Name`.
    Id { text: Vec<u8> },
    /// Integrity code of a message of the handshake. `version`: 1 MD5, 2 SHA-1, 3 AES-CMAC.
    Code { version: u8, text: Vec<u8>, frame: Vec<u8> },
}

struct Wpa {
    network: Vec<u8>,
    proof: Proof,
    wanted: [u8; 16],
}

impl Scheme for Wpa {
    fn name(&self) -> &'static str {
        match self.proof {
            Proof::Id { .. } => "wpa-pmkid",
            Proof::Code { .. } => "wpa-handshake",
        }
    }
    fn cost(&self) -> Cost {
        Cost { derive: 4 * 4096, check: 20 }
    }
    fn shared(&self) -> Vec<u8> {
        self.network.clone()
    }
    fn possible(&self, password: &[u8]) -> bool {
        (8..=63).contains(&password.len()) // IEEE 802.11, J.4.1
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        pbkdf2::<Sha1>(password, &self.network, 4096, 32, key);
    }
    fn check(&self, key: &[u8]) -> bool {
        match &self.proof {
            Proof::Id { text } => hmac::<Sha1>(key, &[text]).starts_with(&self.wanted),
            Proof::Code { version: 3, text, frame } => {
                let own = hmac::<Sha256>(key, &[&[1, 0], text, &[0x80, 1]]);
                let keyed = own.get(..16).and_then(|k| Cmac::<aes::Aes128>::new_from_slice(k).ok());
                keyed.is_some_and(|mut cmac| {
                    cmac.update(frame);
                    cmac.finalize().into_bytes().as_slice() == self.wanted
                })
            }
            Proof::Code { version, text, frame } => {
                let own = hmac::<Sha1>(key, &[text, &[0]]);
                let own = own.get(..16).unwrap_or_default();
                match version {
                    1 => hmac::<Md5>(own, &[frame]).as_slice() == self.wanted,
                    _ => hmac::<Sha1>(own, &[frame]).starts_with(&self.wanted),
                }
            }
        }
    }
}

pub fn parse(line: &str) -> Option<Box<dyn Scheme>> {
    let mut parts = line.split('*');
    let (tag, kind, wanted) = (parts.next()?, parts.next()?, sized(parts.next()?)?);
    let (point, station): ([u8; 6], [u8; 6]) = (sized(parts.next()?)?, sized(parts.next()?)?);
    let network = hex(parts.next()?).filter(|n| tag == "WPA" && n.len() <= 32)?;
    let proof = match kind {
        "01" => Proof::Id { text: [b"PMK Name".as_slice(), &point, &station].concat() },
        "02" => {
            let (nonce, mut frame): ([u8; 32], _) = (sized(parts.next()?)?, hex(parts.next()?)?);
            frame.get_mut(MIC..MIC + 16)?.fill(0);
            let version = frame.get(INFORMATION + 1)? & 3;
            let other: [u8; 32] = frame.get(NONCE..NONCE + 32)?.try_into().ok()?;
            let mut text = b"Pairwise key expansion".to_vec();
            if version != 3 {
                text.push(0);
            }
            text.extend([point.min(station), point.max(station)].concat());
            text.extend([nonce.min(other), nonce.max(other)].concat());
            Proof::Code { version: Some(version).filter(|v| *v != 0)?, text, frame }
        }
        _ => return None,
    };
    Some(Box::new(Wpa { network, proof, wanted }))
}

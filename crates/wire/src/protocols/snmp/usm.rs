//! The user-based security model (RFC 3414): engine ids, and what an eavesdropper can test offline.

use super::message::V3;
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::{HostAddr, Mac, Side};
use crate::obs::BindKind;
use crate::protocols::{enterprise, sysdescr};

/// Counters a report names (usmStats, RFC 3414, section 5): last arc but the instance, and its name.
pub fn report_name(counter: u32) -> &'static str {
    match counter {
        1 => "unsupported_sec_levels",
        2 => "not_in_time_windows",
        3 => "unknown_user_names",
        4 => "unknown_engine_ids",
        5 => "wrong_digests",
        6 => "decryption_errors",
        _ => "report",
    }
}

/// The counter a report is about: 1.3.6.1.6.3.15.1.1.N.0.
pub fn report_counter(oid: &[u8]) -> Option<u32> {
    match oid {
        [0x2b, 6, 1, 6, 3, 15, 1, 1, n, ..] => Some(u32::from(*n)),
        _ => None,
    }
}

/// Takes what an authoritative engine's id says of the device at `side` (SnmpEngineID, RFC 3411, 5).
pub fn engine(cx: &mut Cx<'_>, side: Side, id: &[u8]) {
    if id.len() < 5 || id.len() > 32 {
        return;
    }
    cx.fact(side, "id:snmp-engine", &hex(id), "snmpEngineID");
    let Some(&[a, b, c, d]) = id.first_chunk::<4>() else { return };
    if let Some(maker) = enterprise::maker(u32::from_be_bytes([a & 0x7f, b, c, d])) {
        cx.fact(side, "vendor", maker, "snmpEngineID");
    }
    if a & 0x80 == 0 {
        return;
    }
    match (id.get(4), id.get(5..)) {
        (Some(3), Some(mac)) => {
            if let (Ok(mac), HostAddr::Ip(ip)) = (<[u8; 6]>::try_from(mac), cx.end(side).addr) {
                cx.bind(Mac(mac), ip, BindKind::Declared);
            }
        }
        (Some(4), Some(text)) => cx.fact(side, "name", &sysdescr::line(text), "snmpEngineID"),
        _ => {}
    }
}

/// Mode and line by which hashcat tests passwords of an authenticated message: the whole message
/// with its authentication parameters zeroed, the engine id, the parameters (RFC 3414, 6.3 and
/// RFC 7860, 4). `None` if no known algorithm has parameters of that length.
pub fn hashcat(message: &[u8], v3: &V3<'_>, frame: u64) -> Option<(u32, String)> {
    let (mode, kind) = match v3.auth.len() {
        12 => (25000, 0),
        16 => (26700, 3),
        24 => (26800, 4),
        32 => (26900, 5),
        48 => (27300, 6),
        _ => return None,
    };
    let end = v3.auth_at.checked_add(v3.auth.len())?;
    // limits of hashcat's own parser: 1500 octets of message, engine ids of 5 to 32
    if !v3.authenticated() || message.len() > 1500 || !(5..=32).contains(&v3.engine_id.len()) {
        return None;
    }
    if v3.auth.iter().all(|b| *b == 0) {
        return None;
    }
    let (head, tail) = (message.get(..v3.auth_at)?, message.get(end..)?);
    let zeros = "00".repeat(v3.auth.len());
    let number = frame % 100_000_000;
    let line = format!(
        "$SNMPv3${kind}${number}${}{zeros}{}${}${}",
        hex(head),
        hex(tail),
        hex(v3.engine_id),
        hex(v3.auth)
    );
    Some((mode, line))
}

//! What Kerberos encrypts with keys made of passwords, as lines for hashcat.

use super::message::Sealed;
use crate::bytes::hex;

const RC4: i64 = 23;
const AES128: i64 = 17;
const AES256: i64 = 18;
/// Octets of the checksum: before the data with RC4 (RFC 4757), behind it with AES (RFC 3962).
const RC4_CHECKSUM: usize = 16;
const AES_CHECKSUM: usize = 12;

/// Checksum and data, in hexadecimal.
fn parts(sealed: &Sealed) -> Option<(String, String)> {
    let cipher = &sealed.cipher;
    match sealed.etype {
        RC4 => cipher.split_at_checked(RC4_CHECKSUM),
        AES128 | AES256 => {
            let at = cipher.len().checked_sub(AES_CHECKSUM)?;
            cipher.split_at_checked(at).map(|(data, sum)| (sum, data))
        }
        _ => None,
    }
    .filter(|(_, data)| !data.is_empty())
    .map(|(sum, data)| (hex(sum), hex(data)))
}

/// True if a line can hold this name.
fn fits(name: &str) -> bool {
    !name.contains(['$', '*', ':']) || name.ends_with('$') && !name.trim_end_matches('$').contains(['$', '*', ':'])
}

/// The encrypted timestamp of an AS-REQ: modes 7500, 19800, 19900.
pub fn pre_authentication(user: &str, realm: &str, sealed: &Sealed) -> Option<(u32, String)> {
    let (sum, data) = parts(sealed)?;
    if !fits(user) || !fits(realm) {
        return None;
    }
    Some(match sealed.etype {
        RC4 if data.len() == 72 => (7500, format!("$krb5pa$23${user}${realm}$${data}{sum}")),
        RC4 => return None,
        AES128 => (19800, format!("$krb5pa$17${user}${realm}${data}{sum}")),
        _ => (19900, format!("$krb5pa$18${user}${realm}${data}{sum}")),
    })
}

/// The part of an AS-REP under the user's key: modes 18200, 32100, 32200.
pub fn first_reply(user: &str, realm: &str, sealed: &Sealed) -> Option<(u32, String)> {
    let (sum, data) = parts(sealed)?;
    if !fits(user) || !fits(realm) {
        return None;
    }
    Some(match sealed.etype {
        RC4 => (18200, format!("$krb5asrep$23${user}@{realm}:{sum}${data}")),
        AES128 => (32100, format!("$krb5asrep$17${user}${realm}${sum}${data}")),
        _ => (32200, format!("$krb5asrep$18${user}${realm}${sum}${data}")),
    })
}

/// A service's ticket, under that service's key: modes 13100, 19600, 19700. The wire does not tell
/// the account of the service: its name stands in that place, which only AES makes use of.
pub fn ticket(service: &str, realm: &str, sealed: &Sealed) -> Option<(u32, String)> {
    let (sum, data) = parts(sealed)?;
    let account = service.split('/').nth(1).unwrap_or(service);
    let account = account.split('.').next().unwrap_or(account);
    // the port of a name would look like a separator
    let spn = service.replace(':', "~");
    if !fits(realm) || spn.contains(['$', '*']) && !spn.ends_with('$') {
        return None;
    }
    let account = account.split(':').next().unwrap_or(account);
    Some(match sealed.etype {
        RC4 => (13100, format!("$krb5tgs$23$*{account}${realm}${spn}*${sum}${data}")),
        AES128 => (19600, format!("$krb5tgs$17${account}${realm}$*{spn}*${sum}${data}")),
        _ => (19700, format!("$krb5tgs$18${account}${realm}$*{spn}*${sum}${data}")),
    })
}

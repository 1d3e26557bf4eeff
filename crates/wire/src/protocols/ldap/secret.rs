//! Passwords that are written to a directory or read out of it.

use super::message::Attribute;
use crate::cx::Cx;
use crate::model::*;

/// Longest password or hash kept, in characters.
const MAX_SECRET: usize = 512;

/// hashcat's mode of a value with a scheme (RFC 2307; OpenLDAP).
fn mode(scheme: &str) -> Option<u32> {
    Some(match scheme.to_ascii_uppercase().as_str() {
        "SHA" => 101,
        "SSHA" => 111,
        "SSHA256" => 1411,
        "SSHA512" => 1711,
        _ => return None,
    })
}

/// `"password"` with its quotes in UTF-16 (MS-ADTS 3.1.1.3.1.5).
fn unicode(value: &[u8]) -> Option<String> {
    let units = value.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).take(MAX_SECRET).collect();
    Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// Reports the passwords among the values of an attribute of `dn`.
pub fn attribute(cx: &mut Cx<'_>, dn: &str, found: &Attribute<'_>, outcome: LoginOutcome, sent: Option<Stamp>) {
    for value in &found.values {
        let text = if found.is("unicodePwd") {
            unicode(value)
        } else if found.is("userPassword") {
            std::str::from_utf8(value).ok().map(|t| t.chars().take(MAX_SECRET).collect())
        } else {
            None
        };
        if let Some(text) = text.filter(|t: &String| !t.is_empty() && !t.chars().any(char::is_control)) {
            password(cx, dn, &text, outcome, sent);
        }
    }
}

/// Reports one, readable or with a scheme.
pub fn password(cx: &mut Cx<'_>, dn: &str, text: &str, outcome: LoginOutcome, sent: Option<Stamp>) {
    let scheme = text.strip_prefix('{').and_then(|t| t.split_once('}')).map(|(scheme, _)| scheme);
    let kind = if scheme.is_some() { CredKind::Hash } else { CredKind::Password };
    let mut cred = Cred::new(kind).username(dn).secret(text).outcome(outcome);
    if let Some(mode) = scheme.and_then(mode) {
        cred = cred.hashcat(mode, text);
    }
    if kind == CredKind::Password {
        cred = cred.cleartext();
    }
    if let Some(sent) = sent {
        cred = cred.sent(sent);
    }
    cx.credential(cred);
}

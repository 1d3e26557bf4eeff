//! Fingerprints of hello messages.
//!
//! JA3 and JA3S: MD5 over the decimal numbers of the hello (Salesforce, 2017). JA4 of the client:
//! the description published by FoxIO under BSD-3. GREASE values count in none of them.

use super::hello::{ClientHello, ServerHello, ext, is_grease};
use crate::bytes::hex;
use md5::{Digest, Md5};
use sha2::Sha256;
use std::fmt::Write as _;

/// Numbers in decimal, joined by `-`.
fn decimal(out: &mut String, values: impl Iterator<Item = u16>) {
    for (i, v) in values.enumerate() {
        if i > 0 {
            out.push('-');
        }
        let mut digits = itoa::Buffer::new();
        out.push_str(digits.format(v));
    }
}

/// Text JA3 is the MD5 of: version, suites, extensions, groups, point formats.
pub fn ja3_text(h: &ClientHello<'_>) -> String {
    let mut out = String::with_capacity(256);
    decimal(&mut out, std::iter::once(h.version));
    out.push(',');
    decimal(&mut out, h.ciphers.real());
    out.push(',');
    decimal(&mut out, h.extensions.iter().map(|e| e.0).filter(|v| !is_grease(*v)));
    out.push(',');
    decimal(&mut out, h.groups().real());
    out.push(',');
    decimal(&mut out, h.point_formats().iter().map(|b| u16::from(*b)));
    out
}

/// Text JA3S is the MD5 of: version, suite, extensions.
pub fn ja3s_text(h: &ServerHello<'_>) -> String {
    let mut out = String::with_capacity(48);
    decimal(&mut out, std::iter::once(h.version));
    out.push(',');
    decimal(&mut out, std::iter::once(h.cipher));
    out.push(',');
    decimal(&mut out, h.extensions.iter().map(|e| e.0));
    out
}

/// MD5 as lower-case hex.
pub fn md5_hex(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// JA4 of a ClientHello over TCP: `t13d1516h2_8daaf6152771_b0da82dd1658`.
pub fn ja4(h: &ClientHello<'_>) -> String {
    ja4_over('t', h)
}

/// JA4 over a transport: `t` for TCP, `q` for QUIC, `d` for DTLS.
pub fn ja4_over(transport: char, h: &ClientHello<'_>) -> String {
    // the highest number, whatever it means: experiments with numbers of their own are 00
    let version = match h.versions().real().max().unwrap_or(h.version) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    };
    let mut ciphers: Vec<u16> = h.ciphers.real().collect();
    let mut codes: Vec<u16> = h.extensions.iter().map(|e| e.0).filter(|v| !is_grease(*v)).collect();
    let sni = if codes.contains(&ext::SERVER_NAME) { 'd' } else { 'i' };
    let (a, b) = alpn(h.extensions.alpn().next().unwrap_or_default());
    let mut out = String::with_capacity(40);
    let (n, m) = (ciphers.len().min(99), codes.len().min(99));
    let _ = write!(out, "{transport}{version}{sni}{n:02}{m:02}{a}{b}_");
    ciphers.sort_unstable();
    out.push_str(&digest(&ciphers, &[]));
    out.push('_');
    codes.retain(|c| !matches!(*c, ext::SERVER_NAME | ext::ALPN));
    codes.sort_unstable();
    let signatures: Vec<u16> = h.signatures().real().collect();
    out.push_str(&digest(&codes, &signatures));
    out
}

/// First and last character of the first ALPN name; of its hex form where one is no letter or digit.
fn alpn(name: &[u8]) -> (char, char) {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return ('0', '0') };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return (char::from(first), char::from(last));
    }
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    (digit(first >> 4), digit(last & 15))
}

/// First twelve hex digits of SHA-256 over the numbers in hex, a second list behind `_`.
fn digest(values: &[u16], more: &[u16]) -> String {
    if values.is_empty() {
        return "000000000000".to_owned();
    }
    let mut text = String::with_capacity((values.len() + more.len()) * 5);
    for (mark, list) in [("", values), ("_", more)] {
        for (i, v) in list.iter().enumerate() {
            text.push_str(if i > 0 { "," } else { mark });
            let _ = write!(text, "{v:04x}");
        }
    }
    let mut out = hex(&Sha256::digest(text.as_bytes()));
    out.truncate(12);
    out
}

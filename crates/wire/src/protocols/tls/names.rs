//! Names of versions, cipher suites, groups and alerts.
//!
//! Sources: IANA "Transport Layer Security (TLS) Parameters"; GM/T 0024-2014 and GB/T 38636-2020
//! for the suites of the Chinese TLCP; RFC 8446 section 6 for alerts.

use std::borrow::Cow;
use std::sync::LazyLock;

/// TLCP, the two-certificate variant of GB/T 38636.
pub const TLCP: u16 = 0x0101;
pub const SSL2: u16 = 0x0002;

/// `code name` a line, sorted by code.
static SUITES: LazyLock<Vec<(u16, &'static str)>> = LazyLock::new(|| {
    include_str!("ciphers.txt")
        .lines()
        .filter_map(|line| {
            let (code, name) = line.split_once(' ')?;
            Some((u16::from_str_radix(code, 16).ok()?, name))
        })
        .collect()
});

/// Standard name of a cipher suite; its number where it has none.
pub fn cipher(code: u16) -> Cow<'static, str> {
    match SUITES.binary_search_by_key(&code, |s| s.0) {
        Ok(i) => SUITES.get(i).map_or(Cow::Borrowed(""), |s| Cow::Borrowed(s.1)),
        Err(_) => Cow::Owned(format!("0x{code:04x}")),
    }
}

/// Protocol and version of a version number: `("tls", "1.2")`. Drafts of 1.3 (0x7fNN) and the
/// experiments that went before it (0x7eNN) are 1.3.
pub fn version(code: u16) -> (&'static str, Cow<'static, str>) {
    match code {
        0x0304 | 0x7e00..=0x7fff => ("tls", Cow::Borrowed("1.3")),
        0x0303 => ("tls", Cow::Borrowed("1.2")),
        0x0302 => ("tls", Cow::Borrowed("1.1")),
        0x0301 => ("tls", Cow::Borrowed("1.0")),
        0x0300 => ("ssl", Cow::Borrowed("3.0")),
        SSL2 => ("ssl", Cow::Borrowed("2.0")),
        TLCP => ("tlcp", Cow::Borrowed("1.1")),
        other => ("tls", Cow::Owned(format!("0x{other:04x}"))),
    }
}

/// True if messages behind the server's hello are encrypted (TLS 1.3 and its drafts).
pub fn is_13(code: u16) -> bool {
    matches!(code, 0x0304 | 0x7e00..=0x7fff)
}

/// How far a version can be told from others: higher is newer. Drafts stand below the standard.
pub fn order(code: u16) -> u16 {
    match code {
        0x0304 => 0x8000,
        0x7e00..=0x7fff | 0x0300..=0x0303 => code,
        _ => 0,
    }
}

/// Name of a key exchange group (curve).
pub fn group(code: u16) -> Cow<'static, str> {
    Cow::Borrowed(match code {
        1 => "sect163k1",
        3 => "sect163r2",
        6 => "sect233k1",
        7 => "sect233r1",
        9 => "sect283k1",
        10 => "sect283r1",
        11 => "sect409k1",
        12 => "sect409r1",
        13 => "sect571k1",
        14 => "sect571r1",
        19 => "secp192r1",
        21 => "secp224r1",
        22 => "secp256k1",
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        26 => "brainpoolP256r1",
        27 => "brainpoolP384r1",
        28 => "brainpoolP512r1",
        29 => "x25519",
        30 => "x448",
        41 => "curveSM2",
        256 => "ffdhe2048",
        257 => "ffdhe3072",
        258 => "ffdhe4096",
        259 => "ffdhe6144",
        260 => "ffdhe8192",
        4587 => "SecP256r1MLKEM768",
        4588 => "X25519MLKEM768",
        4589 => "SecP384r1MLKEM1024",
        25497 => "X25519Kyber768Draft00",
        other => return Cow::Owned(other.to_string()),
    })
}

/// Name of an alert description.
pub fn alert(code: u8) -> Cow<'static, str> {
    Cow::Borrowed(match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        other => return Cow::Owned(other.to_string()),
    })
}

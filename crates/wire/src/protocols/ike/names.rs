//! Numbers of IKE by name (IANA "ipsec-registry", "ikev2-parameters") and vendor identifiers.

/// A vendor identifier: its name, and where it is sure, the maker and product.
type Known = (&'static [u8], &'static str, Option<&'static str>, Option<&'static str>);

/// Begins of identifiers. Most are MD5 sums of a text that the vendor has published.
const VENDORS: &[Known] = &[
    (&[0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45], "NAT-T (RFC 3947)", None, None),
    (&[0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e], "NAT-T draft 02", None, None),
    (&[0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8], "NAT-T draft 02", None, None),
    (&[0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f], "NAT-T draft 03", None, None),
    (&[0x44, 0x85, 0x15, 0x2d, 0x18, 0xb6, 0xbb, 0xcd], "NAT-T draft 00", None, None),
    (&[0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57], "Dead peer detection", None, None),
    (&[0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7, 0x12], "XAUTH", None, None),
    (&[0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9, 0x70, 0x2d, 0x9f, 0xe2, 0x74, 0xcc], "Cisco Unity", Some("Cisco"), None),
    (&[0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85, 0x25, 0xe7, 0xde, 0x7f, 0x00, 0xd6, 0xc2, 0xd3], "IKE fragmentation", None, None),
    (&[0x1f, 0x07, 0xf7, 0x0e, 0xaa, 0x65, 0x14, 0xd3, 0xb0, 0xfa, 0x96, 0x54, 0x2a, 0x50], "Cisco VPN 3000", Some("Cisco"), Some("VPN 3000")),
    (b"CISCO-DELETE-REASON", "Cisco delete reason", Some("Cisco"), None),
    (b"CISCO(COPYRIGHT)", "Cisco copyright", Some("Cisco"), None),
    (b"CISCO-DYNAMIC-ROUTE", "Cisco dynamic route", Some("Cisco"), None),
    (b"FLEXVPN-SUPPORTED", "Cisco FlexVPN", Some("Cisco"), None),
    (&[0x1e, 0x2b, 0x51, 0x69, 0x05, 0x99, 0x1c, 0x7d, 0x7c, 0x96, 0xfc, 0xbf, 0xb5, 0x87, 0xe4, 0x61], "MS NT5 ISAKMPOAKLEY", Some("Microsoft"), None),
    (&[0xfb, 0x1d, 0xe3, 0xcd, 0xf3, 0x41, 0xb7, 0xea, 0x16, 0xb7, 0xe5, 0xbe, 0x08, 0x55, 0xf1, 0x20], "MS-Negotiation Discovery Capable", None, None),
    (&[0x88, 0x2f, 0xe5, 0x6d, 0x6f, 0xd2, 0x0d, 0xbc, 0x22, 0x51, 0x61, 0x3b, 0x2e, 0xbe, 0x5b, 0xeb], "strongSwan", None, Some("strongSwan")),
    (&[0x82, 0x99, 0x03, 0x17, 0x57, 0xa3, 0x60, 0x82, 0xc6, 0xa6, 0x21, 0xde], "Fortinet FortiGate", Some("Fortinet"), Some("FortiGate")),
    (&[0xf4, 0xed, 0x19, 0xe0, 0xc1, 0x14, 0xeb, 0x51, 0x6f, 0xaa, 0xac, 0x0e, 0xe3, 0x7d, 0xaf, 0x28, 0x07, 0xb4, 0x38, 0x1f], "Check Point", Some("Check Point"), None),
    (&[0x16, 0x6f, 0x93, 0x2d, 0x55, 0xeb, 0x64, 0xd8, 0xe4, 0xdf, 0x4f, 0xd3, 0x7e, 0x23, 0x13, 0xf0, 0xd0, 0xfd, 0x84, 0x51], "Juniper NetScreen", Some("Juniper"), Some("NetScreen")),
];

/// Name, maker and product of a vendor identifier.
pub fn vendor_id(body: &[u8]) -> Option<(&'static str, Option<&'static str>, Option<&'static str>)> {
    VENDORS.iter().find(|(begin, ..)| body.starts_with(begin)).map(|(_, name, vendor, product)| (*name, *vendor, *product))
}

/// Groups of at most 1024 bits, and those with small subgroups: a state can break them (RFC 8247, 2.4).
pub fn weak_group(group: u16) -> bool {
    matches!(group, 1 | 2 | 22)
}

pub fn method(code: u16) -> &'static str {
    match code {
        1 => "pre-shared key",
        2 => "DSS signature",
        3 => "RSA signature",
        4 | 5 => "RSA encryption",
        9..=11 => "ECDSA signature",
        64_221 | 64_222 => "hybrid",
        65_001 | 65_002 => "XAUTH with pre-shared key",
        65_005 | 65_006 => "XAUTH with RSA signature",
        _ => "other",
    }
}

pub fn encryption_1(code: u16) -> &'static str {
    match code {
        1 => "DES",
        2 => "IDEA",
        3 => "Blowfish",
        5 => "3DES",
        6 => "CAST",
        7 => "AES",
        8 => "Camellia",
        // GM/T 0022
        127 | 129 => "SM4",
        128 => "SM1",
        _ => "other",
    }
}

pub fn hash_1(code: u16) -> &'static str {
    match code {
        1 => "MD5",
        2 => "SHA-1",
        3 => "Tiger",
        4 => "SHA-256",
        5 => "SHA-384",
        6 => "SHA-512",
        20 => "SM3",
        _ => "other",
    }
}

pub fn encryption_2(code: u16) -> &'static str {
    match code {
        2 => "DES",
        3 => "3DES",
        11 => "NULL",
        12 => "AES-CBC",
        13 => "AES-CTR",
        14..=16 => "AES-CCM",
        18..=20 => "AES-GCM",
        23 => "Camellia-CBC",
        28 => "ChaCha20-Poly1305",
        _ => "other",
    }
}

pub fn integrity_2(code: u16) -> &'static str {
    match code {
        0 => "none",
        1 => "HMAC-MD5-96",
        2 => "HMAC-SHA1-96",
        5 => "AES-XCBC-96",
        12 => "HMAC-SHA2-256-128",
        13 => "HMAC-SHA2-384-192",
        14 => "HMAC-SHA2-512-256",
        _ => "other",
    }
}

pub fn prf(code: u16) -> &'static str {
    match code {
        1 => "HMAC-MD5",
        2 => "HMAC-SHA1",
        4 => "AES128-XCBC",
        5 => "HMAC-SHA2-256",
        6 => "HMAC-SHA2-384",
        7 => "HMAC-SHA2-512",
        8 => "AES128-CMAC",
        _ => "other",
    }
}

/// Names of refusals; the numbers of both versions agree where both have them.
pub fn error(code: u16) -> &'static str {
    match code {
        7 => "INVALID_SYNTAX",
        14 => "NO_PROPOSAL_CHOSEN",
        17 => "INVALID_KE_PAYLOAD",
        18 => "INVALID_ID_INFORMATION",
        24 => "AUTHENTICATION_FAILED",
        _ => "error",
    }
}

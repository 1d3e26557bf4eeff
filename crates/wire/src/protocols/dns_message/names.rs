//! Mnemonics of opcodes, response codes, types and classes.

use crate::model::Val;
use crate::obs::FieldVal;

/// Opcodes of RFC 1035, 1996, 2136, 8490.
pub fn opcode_name(opcode: u8) -> &'static str {
    match opcode {
        0 => "QUERY",
        1 => "IQUERY",
        2 => "STATUS",
        4 => "NOTIFY",
        5 => "UPDATE",
        6 => "DSO",
        _ => "UNASSIGNED",
    }
}

/// Response codes of RFC 1035 and 2136; extended ones (RFC 6891) have the OPT record's upper bits.
pub fn rcode_name(rcode: u16) -> String {
    const NAMES: [&str; 12] = [
        "NOERROR",
        "FORMERR",
        "SERVFAIL",
        "NXDOMAIN",
        "NOTIMP",
        "REFUSED",
        "YXDOMAIN",
        "YXRRSET",
        "NXRRSET",
        "NOTAUTH",
        "NOTZONE",
        "DSOTYPENI",
    ];
    match (NAMES.get(usize::from(rcode)), rcode) {
        (Some(name), _) => (*name).to_owned(),
        (None, 16) => "BADVERS".to_owned(),
        (None, 23) => "BADCOOKIE".to_owned(),
        (None, n) => format!("RCODE{n}"),
    }
}

/// Mnemonic of a record type (IANA DNS parameters); `None` for those not assigned or long gone.
pub fn known_type(rtype: u16) -> Option<&'static str> {
    Some(match rtype {
        1 => "A",
        2 => "NS",
        3 => "MD",
        4 => "MF",
        5 => "CNAME",
        6 => "SOA",
        7 => "MB",
        8 => "MG",
        9 => "MR",
        10 => "NULL",
        11 => "WKS",
        12 => "PTR",
        13 => "HINFO",
        14 => "MINFO",
        15 => "MX",
        16 => "TXT",
        17 => "RP",
        18 => "AFSDB",
        24 => "SIG",
        25 => "KEY",
        28 => "AAAA",
        29 => "LOC",
        30 => "NXT",
        32 => "NB",
        33 => "SRV",
        35 => "NAPTR",
        36 => "KX",
        37 => "CERT",
        38 => "A6",
        39 => "DNAME",
        41 => "OPT",
        42 => "APL",
        43 => "DS",
        44 => "SSHFP",
        45 => "IPSECKEY",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        49 => "DHCID",
        50 => "NSEC3",
        51 => "NSEC3PARAM",
        52 => "TLSA",
        53 => "SMIMEA",
        55 => "HIP",
        59 => "CDS",
        60 => "CDNSKEY",
        61 => "OPENPGPKEY",
        62 => "CSYNC",
        63 => "ZONEMD",
        64 => "SVCB",
        65 => "HTTPS",
        99 => "SPF",
        249 => "TKEY",
        250 => "TSIG",
        251 => "IXFR",
        252 => "AXFR",
        253 => "MAILB",
        255 => "ANY",
        256 => "URI",
        257 => "CAA",
        65281 => "WINS",
        65282 => "WINS-R",
        _ => return None,
    })
}

/// Mnemonic, or `TYPE123` (RFC 3597, 5).
pub fn type_name(rtype: u16) -> FieldVal {
    known_type(rtype).map_or_else(|| Val::from(format!("TYPE{rtype}")), Val::Static)
}

/// Mnemonic of a class (RFC 1035, 3.2.4; RFC 2136).
pub fn class_name(class: u16) -> FieldVal {
    match class {
        1 => Val::Static("IN"),
        3 => Val::Static("CH"),
        4 => Val::Static("HS"),
        254 => Val::Static("NONE"),
        255 => Val::Static("ANY"),
        n => Val::from(format!("CLASS{n}")),
    }
}

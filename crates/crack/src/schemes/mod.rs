//! Schemes by family, and which of them a line is of.

mod camera;
mod database;
mod digest;
mod ike;
mod kerberos;
mod mail;
mod ntlm;
mod plc;
mod radius;
mod salted;
mod scram;
mod snmp;
mod vnc;
mod wpa;

use crate::scheme::Scheme;

/// Octets of the longest line that is read: a Kerberos ticket with many groups has tens of thousands.
pub const MAX_LINE: usize = 1 << 17;

type Parsed = Option<Box<dyn Scheme>>;

/// Reads a line. `mode` is hashcat's; lines that name their scheme need none. `None` if it is of no
/// known scheme or is damaged.
pub fn parse(mode: Option<u32>, line: &str) -> Parsed {
    if line.len() > MAX_LINE {
        return None;
    }
    let Some(mode) = mode else { return named(line) };
    match mode {
        10 | 20 | 50 | 110 | 120 | 150 | 1410 | 1420 | 1450 => salted::parse(mode, line),
        4800 => mail::chap(line),
        5300 => ike::md5(line),
        5400 => ike::sha1(line),
        5500 => ntlm::v1(line),
        5600 => ntlm::v2(line),
        7300 => plc::rakp(line),
        24900 => camera::sofia(line),
        22000 => wpa::parse(line),
        101 | 111 | 1411 | 1711 => salted::stored(line),
        _ => named(line),
    }
}

/// Lines that begin with the name of their scheme.
fn named(line: &str) -> Parsed {
    if line.starts_with("WPA*") {
        return wpa::parse(line);
    }
    if let Some(rest) = line.strip_prefix("SCRAM-SHA-256$") {
        return scram::stored_key(rest);
    }
    let Some((name, rest)) = line.strip_prefix('$').and_then(|l| l.split_once('$')) else {
        return camera::plain(line);
    };
    match name {
        "sip" => digest::sip(line),
        "DIGEST-MD5" => digest::sasl(line),
        "cram_md5" => mail::cram_md5(rest),
        "mysqlna" => database::mysql(rest),
        "mysqlsha2" => database::mysql_sha2(rest),
        "mysql323" => database::mysql_old(rest),
        "postgres" => database::postgres(rest),
        "mongodb" => database::mongo(rest),
        "mongodb-scram" => scram::server_key(rest),
        "scram-sha-1" => scram::wire_sha1(rest),
        "scram-sha-256" => scram::wire_sha256(rest),
        "krb5pa" => kerberos::timestamp(rest),
        "krb5asrep" => kerberos::reply(rest),
        "krb5tgs" => kerberos::ticket(rest),
        "SNMPv3" => snmp::parse(rest),
        "vnc" => vnc::parse(rest),
        "radius" => radius::hidden(&rest.strip_prefix("1*")?.replace('*', "$")),
        "sntp-ms" => ntlm::sntp(rest),
        "tacacs-plus" => radius::tacacs(rest),
        "siemens-s7" => plc::s7(rest),
        "sentinel" => own(rest),
        _ => None,
    }
}

/// Our own lines, where neither hashcat nor John has one: docs/concepts/passwords.md.
fn own(line: &str) -> Parsed {
    let (name, rest) = line.split_once('$')?;
    match name {
        "radius" => radius::response(rest),
        "radius-message" => radius::message(rest),
        "radius-accounting" => radius::accounting(rest),
        "radius-pap" => radius::hidden(rest),
        "dahua" => camera::dahua(rest),
        "dvrip" => camera::dvrip(rest),
        "isapi" => camera::isapi(rest),
        _ => None,
    }
}

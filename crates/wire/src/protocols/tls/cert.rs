//! What a certificate says of its holder (RFC 5280).

use crate::bytes::{hex, text};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use x509_parser::asn1_rs::Tag;
use x509_parser::der_parser::oid::Oid;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{AttributeTypeAndValue, FromDer, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Alternative names kept of one certificate.
const MAX_NAMES: usize = 64;
/// Characters kept of one name.
const MAX_TEXT: usize = 1024;

/// A certificate, as far as it could be read. The digests are always there.
#[derive(Debug, Default)]
pub struct Certificate {
    /// False if only the digests could be made.
    pub readable: bool,
    /// 1 to 3.
    pub version: u32,
    /// Distinguished names in the order of the certificate: `C=DE, O=Maker, CN=plc-7`.
    pub subject: String,
    pub issuer: String,
    pub common_name: Option<String>,
    pub issuer_common_name: Option<String>,
    pub organization: Option<String>,
    pub issuer_organization: Option<String>,
    /// `serialNumber` of the subject: of the device, in a device certificate (IEEE 802.1AR section 8.6).
    pub device_serial: Option<String>,
    /// The subject is a registered business (extended validation): its serialNumber is the firm's.
    pub business: bool,
    /// Upper-case hex without colons.
    pub serial: String,
    /// RFC 3339.
    pub not_before: String,
    pub not_after: String,
    /// Alternative names: host names, addresses, mail addresses, URIs.
    pub names: Vec<String>,
    /// Those of `names` that are host names.
    pub hosts: Vec<String>,
    /// `RSA`, `EC`, `SM2`, `Ed25519` … or an object identifier.
    pub key: String,
    pub key_bits: usize,
    pub curve: Option<&'static str>,
    pub signature: String,
    /// Issuer and subject are the same name.
    pub self_signed: bool,
    pub sha1: String,
    pub sha256: String,
}

impl Certificate {
    pub fn read(der: &[u8]) -> Certificate {
        let (sha1, sha256) = (hex(&Sha1::digest(der)), hex(&Sha256::digest(der)));
        let mut out = Certificate { sha1, sha256, ..Certificate::default() };
        let Ok((_, cert)) = X509Certificate::from_der(der) else { return out };
        out.readable = true;
        out.version = cert.version().0.saturating_add(1);
        out.subject = distinguished(cert.subject());
        out.issuer = distinguished(cert.issuer());
        out.self_signed = cert.subject().as_raw() == cert.issuer().as_raw();
        for a in cert.subject().iter_attributes() {
            match a.attr_type().to_id_string().as_str() {
                "2.5.4.3" => out.common_name = Some(value(a)),
                "2.5.4.10" => out.organization = Some(value(a)),
                "2.5.4.5" => out.device_serial = Some(value(a)),
                "2.5.4.15" | "1.3.6.1.4.1.311.60.2.1.3" => out.business = true,
                _ => {}
            }
        }
        out.issuer_common_name = cert.issuer().iter_common_name().last().map(value);
        out.issuer_organization = cert.issuer().iter_organization().last().map(value);
        // the leading zero only says that the number is positive
        let serial = cert.raw_serial();
        let serial = serial.strip_prefix(&[0]).filter(|s| !s.is_empty()).unwrap_or(serial);
        out.serial = hex(serial).to_uppercase();
        out.not_before = time(cert.validity().not_before.timestamp());
        out.not_after = time(cert.validity().not_after.timestamp());
        out.signature = signature_name(&cert.signature_algorithm.algorithm);
        (out.key, out.key_bits, out.curve) = key(cert.public_key());
        if let Ok(Some(san)) = cert.subject_alternative_name() {
            for name in san.value.general_names.iter().take(MAX_NAMES) {
                out.alternative(name);
            }
        }
        out
    }

    fn alternative(&mut self, name: &GeneralName<'_>) {
        let name = match name {
            GeneralName::DNSName(s) => {
                let s = clean(s);
                self.hosts.push(s.clone());
                s
            }
            GeneralName::RFC822Name(s) | GeneralName::URI(s) => clean(s),
            GeneralName::IPAddress(b) => match (<[u8; 4]>::try_from(*b), <[u8; 16]>::try_from(*b)) {
                (Ok(a), _) => IpAddr::V4(Ipv4Addr::from(a)).to_string(),
                (_, Ok(a)) => IpAddr::V6(Ipv6Addr::from(a)).to_string(),
                _ => return,
            },
            _ => return,
        };
        self.names.push(name);
    }

    /// `RSA 2048`, `EC secp256r1`: kind of key and its size.
    pub fn key_text(&self) -> String {
        match self.curve {
            Some(curve) => format!("{} {curve}", self.key),
            None if self.key_bits > 0 => format!("{} {}", self.key, self.key_bits),
            None => self.key.clone(),
        }
    }

    /// Names in it that could be the holder's host name, most telling first.
    pub fn host_names(&self) -> impl Iterator<Item = &str> {
        let cn = self.common_name.as_deref().filter(|n| n.contains('.'));
        let more = self.hosts.iter().map(String::as_str).filter(move |n| Some(*n) != cn);
        cn.into_iter().chain(more).filter(|n| is_host_name(n))
    }

    /// Serial number of the device that holds it. A web site's certificate has a domain name for a
    /// CN, or the firm's registration for a serial number: neither is a device's.
    pub fn holder_serial(&self) -> Option<&str> {
        let site = self.common_name.as_deref().is_some_and(|n| n.contains('.') && is_host_name(n));
        self.device_serial.as_deref().filter(|_| !self.business && !site && self.hosts.is_empty())
    }
}

/// A host name that could name one device: letters, digits, `-`, `_`, dots, no wildcard, no address.
fn is_host_name(name: &str) -> bool {
    let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (2..=253).contains(&name.len())
        && name.bytes().all(ok)
        && name.bytes().any(|b| b.is_ascii_alphabetic())
        && !name.starts_with(['.', '-'])
        && !name.to_ascii_lowercase().starts_with("localhost")
        && name.parse::<IpAddr>().is_err()
}

/// Text without control characters, which are shown as `\00` (RFC 4514 section 2.4).
fn clean(s: &str) -> String {
    let mut out = String::with_capacity(s.len().min(MAX_TEXT));
    for c in s.chars().take(MAX_TEXT) {
        if c.is_control() {
            out.push_str(&format!("\\{:02x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

fn value(a: &AttributeTypeAndValue<'_>) -> String {
    let raw = a.as_slice();
    if a.attr_value().tag() == Tag::BmpString {
        let units = raw.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]]));
        let s: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
        return clean(&s);
    }
    clean(&String::from_utf8_lossy(raw))
}

fn distinguished(name: &X509Name<'_>) -> String {
    let mut out = String::new();
    for a in name.iter_attributes().take(MAX_NAMES) {
        if !out.is_empty() {
            out.push_str(", ");
        }
        let id = a.attr_type().to_id_string();
        out.push_str(match id.as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.4" => "SN",
            "2.5.4.5" => "serialNumber",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.9" => "street",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "2.5.4.12" => "title",
            "2.5.4.13" => "description",
            "2.5.4.15" => "businessCategory",
            "2.5.4.17" => "postalCode",
            "2.5.4.41" => "name",
            "2.5.4.42" => "GN",
            "2.5.4.46" => "dnQualifier",
            "0.9.2342.19200300.100.1.1" => "UID",
            "0.9.2342.19200300.100.1.25" => "DC",
            "1.2.840.113549.1.9.1" => "emailAddress",
            "1.2.840.113549.1.9.2" => "unstructuredName",
            other => other,
        });
        out.push('=');
        out.push_str(&value(a));
    }
    out
}

/// Seconds since 1970 as RFC 3339.
fn time(secs: i64) -> String {
    let mut out = Vec::with_capacity(28);
    crate::json::plain_time(&mut out, secs.saturating_mul(1_000_000));
    text(&out)
}

fn signature_name(oid: &Oid<'_>) -> String {
    let id = oid.to_id_string();
    let name = match id.as_str() {
        "1.2.840.113549.1.1.2" => "MD2-RSA",
        "1.2.840.113549.1.1.4" => "MD5-RSA",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "SHA1-RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.12" => "SHA384-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        "1.2.840.113549.1.1.14" => "SHA224-RSA",
        "1.2.840.10040.4.3" => "SHA1-DSA",
        "2.16.840.1.101.3.4.3.2" => "SHA256-DSA",
        "1.2.840.10045.4.1" => "SHA1-ECDSA",
        "1.2.840.10045.4.3.1" => "SHA224-ECDSA",
        "1.2.840.10045.4.3.2" => "SHA256-ECDSA",
        "1.2.840.10045.4.3.3" => "SHA384-ECDSA",
        "1.2.840.10045.4.3.4" => "SHA512-ECDSA",
        "1.2.156.10197.1.501" => "SM3-SM2",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return id,
    };
    name.to_owned()
}

/// Kind, size in bits and curve of a public key.
fn key(info: &SubjectPublicKeyInfo<'_>) -> (String, usize, Option<&'static str>) {
    let id = info.algorithm.algorithm.to_id_string();
    match id.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => {
            let bits = match info.parsed() {
                Ok(PublicKey::RSA(rsa)) => bits(rsa.modulus),
                _ => 0,
            };
            ("RSA".to_owned(), bits, None)
        }
        "1.2.840.10045.2.1" => {
            let params = info.algorithm.parameters.as_ref();
            let curve = params.and_then(|p| p.as_oid().ok()).map(|o| o.to_id_string());
            let (kind, size, name) = match curve.as_deref() {
                Some("1.2.840.10045.3.1.1") => ("EC", 192, "secp192r1"),
                Some("1.3.132.0.33") => ("EC", 224, "secp224r1"),
                Some("1.2.840.10045.3.1.7") => ("EC", 256, "secp256r1"),
                Some("1.3.132.0.10") => ("EC", 256, "secp256k1"),
                Some("1.3.132.0.34") => ("EC", 384, "secp384r1"),
                Some("1.3.132.0.35") => ("EC", 521, "secp521r1"),
                Some("1.3.36.3.3.2.8.1.1.7") => ("EC", 256, "brainpoolP256r1"),
                Some("1.3.36.3.3.2.8.1.1.11") => ("EC", 384, "brainpoolP384r1"),
                Some("1.3.36.3.3.2.8.1.1.13") => ("EC", 512, "brainpoolP512r1"),
                Some("1.2.156.10197.1.301") => ("SM2", 256, "curveSM2"),
                _ => {
                    let bytes = info.subject_public_key.data.len().saturating_sub(1) / 2;
                    return ("EC".to_owned(), bytes * 8, None);
                }
            };
            (kind.to_owned(), size, Some(name))
        }
        "1.3.101.112" => ("Ed25519".to_owned(), 256, None),
        "1.3.101.113" => ("Ed448".to_owned(), 456, None),
        "1.2.840.10040.4.1" => {
            let bits = match info.parsed() {
                Ok(PublicKey::DSA(y)) => bits(y),
                _ => 0,
            };
            // the public value is a few bits shorter than its modulus at times
            ("DSA".to_owned(), bits.next_multiple_of(64), None)
        }
        _ => (id, 0, None),
    }
}

/// Bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    let rest = number.get(zeros..).unwrap_or_default();
    let spare = rest.first().map_or(0, |b| b.leading_zeros() as usize);
    (rest.len() * 8).saturating_sub(spare)
}

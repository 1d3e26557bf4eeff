//! What a handshake led to: facts, properties of the service, one event.

use super::cert::Certificate;
use super::{Fields, Tls, index, names};
use crate::cx::{Cx, End};
use crate::model::{HostAddr, Side, Val};
use std::net::IpAddr;

/// Text of a name on the wire, at most 255 bytes of it, control characters taken out.
pub fn shown(name: &[u8]) -> String {
    let name = name.get(..name.len().min(255)).unwrap_or_default();
    String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).collect()
}

/// Ports of proxies, which hand on the certificates of others.
const PROXY_PORTS: [u16; 3] = [1080, 3128, 8080];

/// An address of this site, not one that many may serve: a name used there is the device's own.
fn on_site(end: &End) -> bool {
    if PROXY_PORTS.contains(&end.port) {
        return false;
    }
    match end.addr {
        HostAddr::Ip(IpAddr::V4(a)) => a.is_private() || a.is_link_local(),
        HostAddr::Ip(IpAddr::V6(a)) => a.segments()[0] & 0xfe00 == 0xfc00 || a.is_unicast_link_local(),
        HostAddr::Mac(_) => true,
    }
}

/// Facts of the certificate's holder, who sent it.
pub fn certificate(cx: &mut Cx<'_>, c: &Certificate) {
    let side = cx.from();
    cx.fact(side, "certificate_subject", &c.subject, "certificate.subject");
    if let Some(name) = &c.common_name {
        super::remote::certified(cx, name);
    }
    cx.fact(side, "certificate_issuer", &c.issuer, "certificate.issuer");
    if let Some(o) = &c.organization {
        cx.fact(side, "certificate_organization", o, "certificate.subject.organizationName");
    }
    if let Some(serial) = c.holder_serial() {
        cx.fact(side, "serial", serial, "certificate.subject.serialNumber");
    }
    // the more names, the less they say of one machine
    let few = c.names.len() <= 4;
    for name in c.host_names().take(4) {
        cx.fact(side, "certificate_name", name, "certificate.subject_alt_name");
        if few && side == Side::Server && on_site(cx.end(side)) {
            cx.fact(side, "hostname", name, "certificate.subject_alt_name");
        }
    }
    if side == Side::Client || !c.readable {
        return;
    }
    cx.service_info("tls.subject", c.subject.as_str());
    cx.service_info("tls.issuer", c.issuer.as_str());
    cx.service_info("tls.not_before", c.not_before.as_str());
    cx.service_info("tls.not_after", c.not_after.as_str());
    cx.service_info("tls.self_signed", c.self_signed);
    cx.service_info("tls.key", c.key_text());
    cx.service_info("tls.signature", c.signature.as_str());
    cx.service_info("tls.serial", c.serial.as_str());
    cx.service_info("tls.sha256", c.sha256.as_str());
    if !c.names.is_empty() {
        let names: Vec<Val> = c.names.iter().take(16).map(|n| Val::from(n.as_str())).collect();
        cx.service_info("tls.names", names);
    }
}

/// The second certificate of a TLCP server: its key is for the key exchange, the first one's for signatures
/// (GB/T 38636-2020, 6.4.5.3).
pub fn exchange_certificate(cx: &mut Cx<'_>, c: &Certificate) {
    if cx.from() == Side::Client || !c.readable {
        return;
    }
    cx.service_info("tls.exchange_subject", c.subject.as_str());
    cx.service_info("tls.exchange_serial", c.serial.as_str());
    cx.service_info("tls.exchange_not_after", c.not_after.as_str());
    cx.service_info("tls.exchange_key", c.key_text());
}

impl Tls {
    /// Properties of the service, once the server's hello is known.
    pub fn serves(&mut self, cx: &mut Cx<'_>) {
        let Some(chosen) = &self.chosen else { return };
        let (protocol, version) = names::version(chosen.version);
        if chosen.version == names::TLCP {
            cx.also("tlcp");
        }
        cx.service_info("tls.version_protocol", protocol);
        cx.service_info("tls.version", version.into_owned());
        cx.service_info("tls.cipher", chosen.cipher.as_str());
        if let Some(ja3s) = &chosen.ja3s {
            cx.service_info("tls.ja3s", ja3s.as_str());
        }
        if let Some(protocol) = &chosen.protocol {
            cx.service_info("tls.next_protocol", protocol.as_str());
        }
        if let Some(name) = self.asked.as_ref().and_then(|a| a.server_name.as_deref()) {
            cx.service_info("tls.server_name", name);
        }
    }

    /// The event of the handshake, once.
    pub fn report(&mut self, cx: &mut Cx<'_>) {
        let known =
            self.asked.is_some() || self.chosen.is_some() || self.certificates.iter().any(Option::is_some);
        if self.reported || !known {
            return;
        }
        self.reported = true;
        if !cx.wants_events() {
            return;
        }
        let sealed = self.halves.iter().all(|h| h.sealed);
        let fatal = self.alert.is_some_and(|(level, _)| level == 2);
        let established = self.chosen.is_some() && sealed && !fatal;
        let outcome = match (established, fatal) {
            (true, _) => "success",
            (false, true) => "failure",
            (false, false) => "unknown",
        };
        let mut f: Fields = Vec::with_capacity(24);
        f.push(("event.outcome", Val::Static(outcome)));
        f.push(("tls.established", established.into()));
        if let Some(a) = &self.asked {
            self.asked_fields(a, &mut f);
        }
        if let Some(c) = &self.chosen {
            let (protocol, version) = names::version(c.version);
            f.push(("tls.version_protocol", Val::Static(protocol)));
            f.push(("tls.version", version.into_owned().into()));
            f.push(("tls.version_code", c.version.into()));
            f.push(("tls.cipher", c.cipher.as_str().into()));
            let no_certificate = self.certificates.get(index(Side::Server)).is_none_or(Option::is_none);
            f.push(("tls.resumed", (c.resumed && no_certificate).into()));
            for (name, value) in
                [("tls.curve", &c.curve), ("tls.next_protocol", &c.protocol), ("tls.server.ja3s", &c.ja3s)]
            {
                if let Some(value) = value {
                    f.push((name, value.as_str().into()));
                }
            }
        }
        if let Some((level, description)) = self.alert {
            f.push(("tls.alert.level", Val::Static(if level == 2 { "fatal" } else { "warning" })));
            f.push(("tls.alert.description", names::alert(description).into_owned().into()));
        }
        for (names, certificate, chain) in [
            (&SERVER_FIELDS, &self.certificates[1], self.chain[1]),
            (&CLIENT_FIELDS, &self.certificates[0], self.chain[0]),
        ] {
            if let Some(c) = certificate {
                certificate_fields(names, c, chain, &mut f);
            }
        }
        cx.transaction("tls_handshake", "connection", f);
    }

    fn asked_fields(&self, a: &super::Asked, f: &mut Fields) {
        if let Some(name) = &a.server_name {
            f.push(("tls.client.server_name", name.as_str().into()));
        }
        if let Some(ja3) = &a.ja3 {
            f.push(("tls.client.ja3", ja3.as_str().into()));
        }
        if !a.ja4.is_empty() {
            f.push(("tls.client.ja4", a.ja4.as_str().into()));
        }
        if !a.protocols.is_empty() {
            let list: Vec<Val> = a.protocols.iter().map(|p| Val::from(p.as_str())).collect();
            f.push(("tls.client.supported_protocols", list.into()));
        }
        f.push(("tls.client.version_code", a.version.into()));
        if a.ech {
            f.push(("tls.client.ech", true.into()));
        }
    }
}

/// Names of the fields of one side's certificate (ECS `tls.*.x509`).
type Names = [&'static str; 18];

macro_rules! certificate_names {
    ($side:literal) => {
        [
            concat!("tls.", $side, ".hash.sha1"),
            concat!("tls.", $side, ".hash.sha256"),
            concat!("tls.", $side, ".chain_length"),
            concat!("tls.", $side, ".x509.version_number"),
            concat!("tls.", $side, ".x509.serial_number"),
            concat!("tls.", $side, ".x509.subject.distinguished_name"),
            concat!("tls.", $side, ".x509.subject.common_name"),
            concat!("tls.", $side, ".x509.subject.organization"),
            concat!("tls.", $side, ".x509.issuer.distinguished_name"),
            concat!("tls.", $side, ".x509.issuer.common_name"),
            concat!("tls.", $side, ".x509.issuer.organization"),
            concat!("tls.", $side, ".x509.not_before"),
            concat!("tls.", $side, ".x509.not_after"),
            concat!("tls.", $side, ".x509.alternative_names"),
            concat!("tls.", $side, ".x509.public_key_algorithm"),
            concat!("tls.", $side, ".x509.public_key_size"),
            concat!("tls.", $side, ".x509.public_key_curve"),
            concat!("tls.", $side, ".x509.signature_algorithm"),
        ]
    };
}

static SERVER_FIELDS: Names = certificate_names!("server");
static CLIENT_FIELDS: Names = certificate_names!("client");

fn certificate_fields(names: &Names, c: &Certificate, chain: usize, f: &mut Fields) {
    let text = |s: &str| (!s.is_empty()).then(|| Val::from(s));
    let some = |s: &Option<String>| s.as_deref().and_then(text);
    let list: Vec<Val> = c.names.iter().map(|n| Val::from(n.as_str())).collect();
    let number = |n: usize| (n > 0).then(|| Val::from(n));
    let values: [Option<Val>; 18] = [
        text(&c.sha1),
        text(&c.sha256),
        number(chain),
        number(c.version as usize),
        text(&c.serial),
        text(&c.subject),
        some(&c.common_name),
        some(&c.organization),
        text(&c.issuer),
        some(&c.issuer_common_name),
        some(&c.issuer_organization),
        text(&c.not_before),
        text(&c.not_after),
        (!list.is_empty()).then(|| list.into()),
        text(&c.key),
        number(c.key_bits),
        c.curve.map(Val::Static),
        text(&c.signature),
    ];
    for (name, value) in names.iter().zip(values) {
        if let Some(value) = value {
            f.push((name, value));
        }
    }
}

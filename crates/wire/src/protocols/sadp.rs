//! Hikvision's Search Active Device Protocol: XML in UDP on port 37020, to the group 239.255.255.250.
//!
//! `<Probe><Uuid/><Types/>…` asks or orders, `<ProbeMatch>` with the same Uuid answers. Devices tell model,
//! serial number, versions, addresses. No document of the maker is public: the elements are those seen in
//! its tool's traffic and in open clients. Orders to other devices are told apart by their `Types`.

use super::http::device::mac;
use super::http::xml;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::pending::Pending;
use crate::probe::*;
use std::net::IpAddr;

pub static SPEC: Spec = Spec {
    name: "sadp",
    title: "Hikvision SADP",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[37020],
    ethertypes: &[],
    rank: 44,
    identify,
    open: || Box::<Sadp>::default(),
    pdus: false,
    facts: &[
        "vendor",
        "role",
        "model",
        "serial",
        "firmware",
        "dsp_version",
        "command_port",
        "http_port",
        "activated",
        "device_type",
        "boot_time",
    ],
    credentials: &["password"],
    operations: &["inquiry", "update", "activate", "reset_password", "get_encrypt_string", "exchange_code"],
    source: "traffic of the maker's tool and open clients; no published document",
    level: 5,
    proofs: &[],
};

/// An order is given up after this many microseconds.
const TIMEOUT: Micros = 30_000_000;
/// Octets in which the root element must begin.
const MAX_PROLOGUE: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Probe,
    Match,
}

/// The root element, behind the declaration; both kinds have a Uuid.
fn kind(data: &[u8]) -> Option<Kind> {
    let mut rest = data.trim_ascii_start();
    if rest.starts_with(b"<?xml") {
        let end = memchr::memchr(b'>', rest.get(..rest.len().min(MAX_PROLOGUE))?)?;
        rest = rest.get(end + 1..)?.trim_ascii_start();
    }
    let kind = if rest.starts_with(b"<ProbeMatch>") {
        Kind::Match
    } else if rest.starts_with(b"<Probe>") {
        Kind::Probe
    } else {
        return None;
    };
    memchr::memmem::find(rest, b"<Uuid>").and(memchr::memmem::find(rest, b"</Probe")).map(|_| kind)
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    // cheap: most datagrams begin otherwise
    if !data.first().is_some_and(|b| matches!(b, b'<' | b'\r' | b'\n' | b' ')) {
        return Verdict::No;
    }
    match kind(data) {
        Some(Kind::Probe) => Verdict::Strong(Role::Client),
        Some(Kind::Match) => Verdict::Strong(Role::Server),
        None => Verdict::No,
    }
}

struct Asked {
    types: String,
    target: Option<String>,
    /// Password that was sent readable.
    secret: Option<String>,
    stamp: Stamp,
}

#[derive(Default)]
struct Sadp {
    open: Pending<String, Asked, 16>,
    answered: bool,
}

/// What an order does, and its name.
fn order(types: &str) -> Option<(Action, &'static str)> {
    Some(match types {
        "inquiry" | "inquiry_v31" | "inquiry_v32" => (Action::Discover, "inquiry"),
        "update" => (Action::SetAddress, "update"),
        "activate" | "active" => (Action::Configure, "activate"),
        "resetPassword" | "restore" | "default" => (Action::FactoryReset, "reset_password"),
        "getencryptstring" | "getEncryptString" => (Action::Read, "get_encrypt_string"),
        "exchangecode" | "exchangeCode" => (Action::Authenticate, "exchange_code"),
        _ => return None,
    })
}

const FACTS: &[(&str, &str)] = &[
    ("DeviceDescription", "model"),
    ("DeviceSN", "serial"),
    ("SoftwareVersion", "firmware"),
    ("DSPVersion", "dsp_version"),
    ("CommandPort", "command_port"),
    ("HttpPort", "http_port"),
    ("Activated", "activated"),
    ("DeviceType", "device_type"),
    ("BootTime", "boot_time"),
];

fn leaf(text: &str, name: &str) -> Option<String> {
    xml::leaves(text).find(|l| l.name == name).map(|l| l.text())
}

impl Sadp {
    fn report(&self, cx: &mut Cx<'_>, asked: &Asked, outcome: Outcome, error: Option<(i64, &str)>) {
        let Some((action, name)) = order(&asked.types) else { return };
        let mut op = Op::new(action, name).outcome(outcome).asked(asked.stamp);
        if let Some(target) = &asked.target {
            op = op.target(target);
        }
        if let Some((code, name)) = error {
            op = op.exception(code, name);
        }
        if !matches!(action, Action::Discover | Action::Read) {
            op = op.notable();
        }
        cx.op(op);
        if let Some(secret) = &asked.secret {
            let login = LoginOutcome::from(outcome);
            let cred = Cred::new(CredKind::Password).username("admin").secret(secret).cleartext();
            cx.credential(cred.outcome(login).sent(asked.stamp));
        }
    }

    fn close(&mut self, cx: &mut Cx<'_>) {
        let outcome = if self.answered { Outcome::NoAnswer } else { Outcome::Unknown };
        let open: Vec<(String, Asked)> = self.open.drain().collect();
        for (_, asked) in open {
            self.report(cx, &asked, outcome, None);
        }
    }

    fn asks(&mut self, cx: &mut Cx<'_>, text: &str) {
        cx.sender_is(Side::Client);
        let (Some(uuid), Some(types)) = (leaf(text, "Uuid"), leaf(text, "Types")) else { return };
        // newer devices are sent an enciphered one, with a salt beside it
        let readable = !text.contains("alt") && !text.contains("EncryptString");
        let secret = leaf(text, "Password").filter(|_| readable && types == "update");
        let asked = Asked { target: leaf(text, "MAC"), types, secret, stamp: cx.at() };
        if let Some((_, old)) = self.open.push(uuid, asked) {
            let outcome = if self.answered { Outcome::NoAnswer } else { Outcome::Unknown };
            self.report(cx, &old, outcome, None);
        }
    }

    fn answers(&mut self, cx: &mut Cx<'_>, text: &str) {
        cx.sender_is(Side::Server);
        self.answered = true;
        if let Some(serial) = leaf(text, "DeviceSN") {
            cx.fact(Side::Server, "vendor", "Hikvision", "SADP");
            let model = leaf(text, "DeviceDescription").unwrap_or(serial).to_ascii_uppercase();
            let recorder = ["NVR", "DVR", "DS-7", "DS-8", "DS-9", "IDS-7", "IDS-9"];
            let role = if recorder.iter().any(|r| model.contains(r)) { Some("nvr") } else { None };
            let role = role.or(model.contains("-2CD").then_some("camera")).or(model.contains("-2DE").then_some("camera"));
            if let Some(role) = role {
                cx.fact(Side::Server, "role", role, "DeviceDescription");
            }
            for (element, name) in FACTS {
                if let Some(value) = leaf(text, element) {
                    cx.fact(Side::Server, name, &value, "SADP ProbeMatch");
                }
            }
            let ip = leaf(text, "IPv4Address").and_then(|ip| ip.parse::<IpAddr>().ok());
            if let (Some(mac), Some(ip)) = (leaf(text, "MAC").and_then(|m| mac(&m)), ip) {
                cx.bind(mac, ip, BindKind::Declared);
            }
        }
        let Some(asked) = leaf(text, "Uuid").and_then(|uuid| self.open.take(&uuid)) else { return };
        let failed = leaf(text, "Result").filter(|r| !r.eq_ignore_ascii_case("success"));
        match failed {
            Some(word) => self.report(cx, &asked, Outcome::Refused, Some((0, &word))),
            None => self.report(cx, &asked, Outcome::Accepted, None),
        }
    }
}

impl Probe for Sadp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let kind = kind(data).ok_or(Malformed)?;
        let text = String::from_utf8_lossy(data);
        match kind {
            Kind::Probe => self.asks(cx, &text),
            Kind::Match => self.answers(cx, &text),
        }
        Ok(())
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, old)) = self.open.take_if(|_, a| now - a.stamp.time > TIMEOUT) {
            let outcome = if self.answered { Outcome::NoAnswer } else { Outcome::Unknown };
            self.report(cx, &old, outcome, None);
        }
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.close(cx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    #[test]
    fn discovery_of_other_kinds_is_not_claimed() {
        let d = Dialogue::udp(&SPEC, 37020);
        let soap = b"<?xml version=\"1.0\"?><s:Envelope><s:Body><d:Probe><d:Types/></d:Probe></s:Body></s:Envelope>";
        assert_eq!(d.identify(true, soap), Verdict::No);
        assert_eq!(d.identify(true, b"<Probe></Probe>"), Verdict::No);
        let ours = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Probe><Uuid>A</Uuid><Types>inquiry</Types></Probe>";
        assert_eq!(d.identify(true, ours), Verdict::Strong(Role::Client));
    }

    #[test]
    fn what_waits_is_bounded() {
        let seen = (0..100_000).fold(Dialogue::udp(&SPEC, 37020), |d, n| {
            d.client(format!("<Probe><Uuid>{n}</Uuid><Types>inquiry</Types></Probe>").as_bytes())
        });
        assert_eq!(seen.end().ops(), ["sadp inquiry unknown x100000"]);
    }

    proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, text: String) {
            let d = Dialogue::udp(&SPEC, 37020);
            let _verdict = d.identify(true, &data);
            let wrapped = format!("<ProbeMatch><Uuid>{text}</Uuid><DeviceSN>{text}</DeviceSN></ProbeMatch>");
            let _seen = d.client(&data).server(wrapped.as_bytes()).server(text.as_bytes()).end();
        }
    }
}

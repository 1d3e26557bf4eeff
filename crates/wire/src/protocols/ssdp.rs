//! Simple Service Discovery Protocol (UPnP Device Architecture 2.0, 1): HTTP-like messages over UDP.

use crate::cx::Cx;
use crate::model::*;
use crate::obs::{BindKind, FieldVal};
use crate::probe::*;
use crate::protocols::sysdescr::mac;
use crate::signs::What;

pub static SPEC: Spec = Spec {
    name: "ssdp",
    title: "Simple Service Discovery Protocol",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[1900],
    ethertypes: &[],
    rank: 43,
    identify,
    open: || Box::new(Ssdp),
    pdus: true,
    facts: &["upnp_server", "os", "product", "id:upnp", "upnp_location", "upnp_device", "name", "model", "role", "user_agent"],
    credentials: &[],
    operations: &[],
    source: "UPnP Device Architecture 2.0; Wireshark as second reader",
    level: 5,
    proofs: &["suricata-verify/sip-ssdp-pm"],
};

/// Header lines of one message looked at.
const MAX_HEADERS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Search,
    Notify,
    Answer,
}

fn kind(data: &[u8]) -> Option<Kind> {
    if data.starts_with(b"M-SEARCH * HTTP/1.") {
        Some(Kind::Search)
    } else if data.starts_with(b"NOTIFY * HTTP/1.") {
        Some(Kind::Notify)
    } else if data.starts_with(b"HTTP/1.1 200") || data.starts_with(b"HTTP/1.0 200") {
        // an answer names what was searched for and who answers
        (header(data, "st").is_some() || header(data, "usn").is_some()).then_some(Kind::Answer)
    } else {
        None
    }
}

/// Lines behind the first as (name, value), as they stand.
fn headers(data: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let lines = data.split(|b| *b == b'\n').skip(1).take(MAX_HEADERS);
    lines.map_while(|l| if l.is_empty() || l == b"\r" { None } else { Some(l) }).filter_map(|l| {
        let (name, value) = std::str::from_utf8(l).ok()?.split_once(':')?;
        Some((name.trim(), value.trim()))
    })
}

fn header<'d>(data: &'d [u8], wanted: &str) -> Option<&'d str> {
    headers(data).find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match kind(data) {
        Some(Kind::Search) => Verdict::Strong(Role::Client),
        Some(_) => Verdict::Strong(Role::Server),
        None => Verdict::No,
    }
}

struct Ssdp;

impl Probe for Ssdp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let kind = kind(data).ok_or(Malformed)?;
        let gone = header(data, "nts").is_some_and(|nts| nts.eq_ignore_ascii_case("ssdp:byebye"));
        let action = match kind {
            Kind::Search => "m_search",
            Kind::Notify if gone => "byebye",
            Kind::Notify => "notify",
            Kind::Answer => "response",
        };
        if cx.wants_pdus() {
            let f = fields(data);
            cx.pdu(action, f);
        }
        for (name, value) in headers(data) {
            if !value.is_empty() {
                learn(cx, kind, &name.to_ascii_lowercase(), value);
            }
        }
        Ok(())
    }
}

/// What one header line tells of its sender.
fn learn(cx: &mut Cx<'_>, kind: Kind, name: &str, value: &str) {
    let side = cx.from();
    match name {
        "server" if kind != Kind::Search => {
            cx.fact(side, "upnp_server", value, "ssdp.server");
            if side == Side::Server {
                cx.service_info("product", value);
            }
            system(cx, value, "ssdp.server");
            if let Some(product) = product(value) {
                cx.fact(side, "product", product, "ssdp.server");
            }
        }
        "user-agent" => {
            cx.fact(side, "user_agent", value, "ssdp.user_agent");
            system(cx, value, "ssdp.user_agent");
        }
        "usn" => {
            if let Some(uuid) = uuid(value) {
                cx.fact(side, "id:upnp", uuid, "ssdp.usn");
            }
        }
        "location" | "al" => cx.fact(side, "upnp_location", value, "ssdp.location"),
        "nt" | "st" if kind != Kind::Search => {
            if let (true, HostAddr::Ip(ip)) = (value.contains("InternetGatewayDevice"), cx.end(side).addr) {
                cx.sign(What::Gateway { ip });
            }
            if value.contains(":device:") || value.starts_with("roku:") {
                cx.fact(side, "upnp_device", value, "ssdp.nt");
            }
            if let Some(role) = role(value) {
                cx.fact(side, "role", role, "ssdp.nt");
            }
        }
        "hue-bridgeid" => {
            cx.fact(side, "id:hue-bridge", value, "ssdp.hue_bridgeid");
            cx.fact(side, "role", "home-hub", "ssdp.hue_bridgeid");
        }
        "cpfn.upnp.org" | "x-friendly-name" | "friendlyname" | "dial-friendly-name" => {
            cx.fact(side, "name", value, "ssdp.friendly_name");
        }
        "x-modelname" | "model" | "x-model" => cx.fact(side, "model", value, "ssdp.model"),
        "wakeup" => {
            // DIAL (2.2, 5.2): MAC=aa:bb:cc:dd:ee:ff;Timeout=10
            let mac = value.split(';').find_map(|p| p.trim().strip_prefix("MAC=")).and_then(mac);
            if let (Some(mac), HostAddr::Ip(ip)) = (mac, cx.end(side).addr) {
                cx.bind(mac, ip, BindKind::Declared);
            }
        }
        _ => {}
    }
}

/// The operating system that the first product token names (`OS/version UPnP/1.0 product/version`).
fn system(cx: &mut Cx<'_>, value: &str, field: &'static str) {
    if !value.contains("UPnP/") {
        return;
    }
    let token = value.split([' ', ',']).next().unwrap_or_default();
    let Some((os, version)) = token.split_once('/') else { return };
    let known = ["Linux", "Windows", "Windows NT", "Microsoft-Windows", "Darwin", "FreeBSD", "VxWorks", "Android"];
    if known.iter().any(|k| k.eq_ignore_ascii_case(os)) && version.starts_with(|c: char| c.is_ascii_digit()) {
        let os = if os == "Microsoft-Windows" { "Windows" } else { os };
        cx.fact(cx.from(), "os", &format!("{os} {version}"), field);
    }
}

/// The product that the last token names, unless it is one of the stacks that many makers build in.
fn product(value: &str) -> Option<&str> {
    const STACKS: &[&str] = &[
        "miniupnp", "portable", "intel", "upnp", "cling", "gupnp", "microstack", "linux", "windows", "private",
        "dlnadoc", "sdk", "realtek", "broadcom", "libupnp", "jupnp", "server", "device",
    ];
    let (_, rest) = value.split_once("UPnP/")?;
    let (_, rest) = rest.split_once([' ', ','])?;
    let name = rest.trim().split('/').next()?.trim();
    let lower = name.to_ascii_lowercase();
    (name.len() >= 3 && !name.contains(' ') && !STACKS.iter().any(|s| lower.contains(s))).then_some(name)
}

/// The device part of a unique service name (`uuid:…::urn:…`).
fn uuid(usn: &str) -> Option<&str> {
    let rest = usn.get(..5).filter(|p| p.eq_ignore_ascii_case("uuid:")).and(usn.get(5..))?;
    let id = rest.split("::").next().unwrap_or(rest).trim();
    // all zeros and the like identify nothing
    let distinct = id.bytes().filter(|b| b.is_ascii_alphanumeric()).collect::<std::collections::BTreeSet<_>>();
    (distinct.len() > 2).then_some(id)
}

/// Asset type of a standard device type.
fn role(nt: &str) -> Option<&'static str> {
    let (_, rest) = nt.split_once(":device:")?;
    Some(match rest.split(':').next()? {
        "InternetGatewayDevice" | "WANDevice" | "WANConnectionDevice" => "router",
        "WLANAccessPointDevice" => "access-point",
        "Printer" | "Scanner" => "printer",
        "DigitalSecurityCamera" => "camera",
        "tvdevice" | "MainTVServer2" | "MainTVAgent2" => "tv",
        "HVAC_ZoneThermostat" | "BinaryLight" | "DimmableLight" | "controllee" => "iot",
        _ => return None,
    })
}

fn fields(data: &[u8]) -> Vec<(&'static str, FieldVal)> {
    let mut f: Vec<(&'static str, FieldVal)> = Vec::with_capacity(8);
    for (name, field) in [
        ("st", "ssdp.st"),
        ("nt", "ssdp.nt"),
        ("nts", "ssdp.nts"),
        ("usn", "ssdp.usn"),
        ("location", "ssdp.location"),
        ("server", "ssdp.server"),
        ("user-agent", "user_agent.original"),
        ("man", "ssdp.man"),
    ] {
        if let Some(value) = header(data, name).filter(|v| !v.is_empty()) {
            f.push((field, Val::from(value)));
        }
    }
    f
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    const SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n\
        ST: ssdp:all\r\nUSER-AGENT: Microsoft-Windows/10.0 UPnP/1.0\r\n\r\n";
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\
        USN: uuid:6bfd7b1a-0001-4a5c-9d52-0123456789ab::upnp:rootdevice\r\n\
        Location: http://10.0.0.2:49152/root.xml\r\nSERVER: Linux/3.14 UPnP/1.1 Box/2.0\r\n\
        WAKEUP: MAC=02:00:00:00:00:02;Timeout=10\r\n\r\n";

    #[test]
    fn answers_tell_who_they_are_from() {
        let seen = Dialogue::udp(&SPEC, 1900).client(SEARCH).server(ANSWER).end();
        assert_eq!(
            seen.facts(),
            [
                "client os=Windows 10.0",
                "client user_agent=Microsoft-Windows/10.0 UPnP/1.0",
                "server id:upnp=6bfd7b1a-0001-4a5c-9d52-0123456789ab",
                "server os=Linux 3.14",
                "server product=Box",
                "server role=router",
                "server upnp_device=urn:schemas-upnp-org:device:InternetGatewayDevice:1",
                "server upnp_location=http://10.0.0.2:49152/root.xml",
                "server upnp_server=Linux/3.14 UPnP/1.1 Box/2.0",
            ]
        );
        assert_eq!(seen.obs.bindings.len(), 1);
        assert_eq!(seen.field(0, "ssdp.st").as_deref(), Some("ssdp:all"));
    }

    #[test]
    fn told_from_http_and_sip() {
        let d = Dialogue::udp(&SPEC, 5060);
        assert_eq!(d.identify(true, SEARCH), Verdict::Strong(Role::Client));
        assert_eq!(d.identify(true, ANSWER), Verdict::Strong(Role::Server));
        for other in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..],
            b"NOTIFY sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(d.identify(true, other), Verdict::No);
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..400, b: u8) {
            let mut bent = ANSWER.to_vec();
            bent[at % ANSWER.len()] = b;
            let d = Dialogue::udp(&SPEC, 1900);
            d.identify(true, &bytes);
            d.client(&bytes).client(&bent).server(&ANSWER[..at % ANSWER.len()]).end();
        }
    }
}

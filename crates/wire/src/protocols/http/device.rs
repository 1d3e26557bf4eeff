//! What servers and clients of HTTP say of themselves: descriptions in XML, titles, agents.

use super::text::cut;
use super::xml::{self, Leaf};
use crate::cx::{Cx, Who};
use crate::model::*;
use crate::obs::BindKind;
use crate::protocols::json;
use std::io::Read;

/// Longest body looked at after decompression, in bytes.
const MAX_BODY: u64 = 64 * 1024;

/// A kind of description: how it is known, what its elements mean.
struct Description {
    /// Both stand in the text.
    marks: [&'static str; 2],
    protocol: &'static str,
    field: &'static str,
    /// Element, fact.
    elements: &'static [(&'static str, &'static str)],
}

/// UPnP Device Architecture 2.0 (2.3), Hikvision ISAPI, ONVIF Core 8.1.
static DESCRIPTIONS: &[Description] = &[
    Description {
        marks: ["urn:schemas-upnp-org:device", "<device>"],
        protocol: "upnp",
        field: "UPnP device description",
        elements: &[
            ("friendlyName", "name"),
            ("manufacturer", "vendor"),
            ("modelName", "product"),
            ("modelNumber", "model"),
            ("serialNumber", "serial"),
            ("UDN", "udn"),
            ("deviceType", "device_type"),
        ],
    },
    Description {
        marks: ["<DeviceInfo", "<serialNumber>"],
        protocol: "isapi",
        field: "ISAPI DeviceInfo",
        elements: &[
            ("deviceName", "name"),
            ("manufacturer", "vendor"),
            ("model", "model"),
            ("serialNumber", "serial"),
            ("firmwareVersion", "firmware"),
            ("hardwareVersion", "hardware"),
            ("deviceType", "device_type"),
            ("deviceLocation", "location"),
        ],
    },
    Description {
        marks: ["GetDeviceInformationResponse", "www.onvif.org"],
        protocol: "onvif",
        field: "ONVIF GetDeviceInformation",
        elements: &[
            ("Manufacturer", "vendor"),
            ("Model", "model"),
            ("FirmwareVersion", "firmware"),
            ("SerialNumber", "serial"),
            ("HardwareId", "hardware"),
        ],
    },
];

/// Facts of an XML body sent by `side`.
pub fn describe(cx: &mut Cx<'_>, side: Side, text: &str) {
    for d in DESCRIPTIONS {
        if d.marks.iter().all(|m| text.contains(m)) {
            cx.also(d.protocol);
            // a description lists embedded devices after the root: the first of each counts
            for (element, fact) in d.elements {
                if let Some(leaf) = xml::leaves(text).find(|l| l.name == *element) {
                    cx.fact(side, fact, &leaf.text(), d.field);
                }
            }
            addresses(cx, side, text, "macAddress");
        }
    }
    if text.contains("GetNetworkInterfacesResponse") {
        addresses(cx, side, text, "HwAddress");
    }
    if text.contains("GetHostnameResponse") {
        fact(cx, side, text, "Name", "hostname", "ONVIF GetHostname");
    }
    if text.contains("urn:dslforum-org:cwmp") && text.contains("Inform>") {
        inform(cx, side, text);
    }
}

fn fact(
    cx: &mut Cx<'_>,
    side: Side,
    text: &str,
    element: &str,
    name: &'static str,
    field: &'static str,
) {
    if let Some(leaf) = xml::leaves(text).find(|l| l.name == element) {
        cx.fact(side, name, &leaf.text(), field);
    }
}

/// One device with one address of each kind: then they belong together.
fn addresses(cx: &mut Cx<'_>, side: Side, text: &str, element: &str) {
    let mut found = xml::leaves(text).filter(|l| l.name == element);
    let (first, second) = (found.next(), found.next());
    let mac = first.filter(|_| second.is_none()).and_then(|l| mac(&l.text()));
    if let (Some(mac), HostAddr::Ip(ip)) = (mac, cx.end(side).addr) {
        cx.bind(mac, ip, BindKind::Declared);
    }
}

/// A hardware address of twelve digits, with or without separators.
pub fn mac(text: &str) -> Option<Mac> {
    let digits = text.chars().filter(|c| !matches!(c, ':' | '-' | '.'));
    let digits: Vec<u32> = digits.map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let mut mac = [0; 6];
    if digits.len() != 12 {
        return None;
    }
    for (byte, pair) in mac.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (pair.first()? << 4 | pair.get(1)?) as u8;
    }
    Some(Mac(mac))
}

/// CWMP Inform (TR-069 A.3.3.1): the DeviceId and the versions among the parameters.
fn inform(cx: &mut Cx<'_>, side: Side, text: &str) {
    cx.also("tr069");
    let field = "CWMP Inform";
    for (element, name) in [("Manufacturer", "vendor"), ("ProductClass", "product"), ("SerialNumber", "serial")] {
        fact(cx, side, text, element, name, field);
    }
    let mut last: Option<Leaf<'_>> = None;
    for leaf in xml::leaves(text).take(512) {
        if leaf.name == "Value"
            && let Some(name) = last.filter(|l| l.name == "Name").map(|l| l.text())
        {
            let known = [
                ("DeviceInfo.SoftwareVersion", "firmware"),
                ("DeviceInfo.HardwareVersion", "hardware"),
                ("DeviceInfo.ModelName", "model"),
            ];
            for (end, fact) in known {
                if name.ends_with(end) {
                    cx.fact(side, fact, &leaf.text(), field);
                }
            }
        }
        last = Some(leaf);
    }
}

/// JSON in which some devices describe themselves, by the path it was asked under.
pub fn describe_json(cx: &mut Cx<'_>, path: &str, body: &[u8]) {
    if path.starts_with("/LAPI/") && path.ends_with("/DeviceInfo") {
        return uniview(cx, body);
    }
    let keys: &[(&str, &'static str)] = match path {
        // Shelly, both generations
        "/shelly" | "/rpc/Shelly.GetDeviceInfo" => {
            &[("type", "model"), ("model", "model"), ("fw", "firmware"), ("ver", "firmware"), ("id", "hostname")]
        }
        // Philips Hue
        "/api/config" | "/api/0/config" | "/api/nouser/config" => {
            &[("name", "name"), ("modelid", "model"), ("swversion", "firmware"), ("bridgeid", "serial")]
        }
        _ => return,
    };
    let Some(address) = json::first(body, "mac").and_then(|m| mac(&m)) else { return };
    for (key, name) in keys {
        if let Some(value) = json::first(body, key) {
            cx.fact(Side::Server, name, &value, "device information");
        }
    }
    if let HostAddr::Ip(ip) = cx.end(Side::Server).addr {
        cx.bind(address, ip, BindKind::Declared);
    }
}

/// Uniview's DeviceInfo: the members stand under Response.Data.
fn uniview(cx: &mut Cx<'_>, body: &[u8]) {
    if json::first(body, "SerialNumber").is_none() || json::first(body, "DeviceModel").is_none() {
        return;
    }
    let keys = [
        ("Manufacturer", "vendor"),
        ("DeviceModel", "model"),
        ("SerialNumber", "serial"),
        ("FirmwareVersion", "firmware"),
        ("HardewareID", "hardware"),
        ("HardwareID", "hardware"),
        ("DeviceName", "name"),
    ];
    for (key, name) in keys {
        if let Some(value) = json::first(body, key).filter(|v| !v.is_empty()) {
            cx.fact(Side::Server, name, &value, "LAPI DeviceInfo");
        }
    }
    if let (Some(mac), HostAddr::Ip(ip)) =
        (json::first(body, "MAC").and_then(|m| mac(&m)), cx.end(Side::Server).addr)
    {
        cx.bind(mac, ip, BindKind::Declared);
    }
}

/// The body's beginning as text, decompressed if it was `coded` (Content-Encoding).
pub fn decoded(body: &[u8], coding: &str) -> Vec<u8> {
    let mut out = Vec::new();
    // an error is the end of what was captured: what came before it is good
    let _ = match coding {
        "gzip" | "x-gzip" => flate2::read::GzDecoder::new(body).take(MAX_BODY).read_to_end(&mut out),
        "deflate" => flate2::read::ZlibDecoder::new(body).take(MAX_BODY).read_to_end(&mut out),
        "" | "identity" => return body.to_vec(),
        _ => return out,
    };
    out
}

/// The title of a page, white space collapsed.
pub fn title(html: &str) -> Option<String> {
    let at = html.as_bytes().windows(6).position(|w| w.eq_ignore_ascii_case(b"<title"))?;
    let (_, rest) = html.get(at..)?.split_once('>')?;
    let (title, _) = rest.split_once('<')?;
    let title = xml::entities(title);
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then(|| cut(&title, 200).to_owned())
}

/// Operating system named by a User-Agent.
pub fn system(agent: &str) -> Option<String> {
    let (_, rest) = agent.split_once('(')?;
    let comment = rest.split(')').next().unwrap_or_default();
    for part in comment.split(';').map(str::trim) {
        if let Some(version) = part.strip_prefix("Windows NT ") {
            let name = match version.trim() {
                "5.0" => "Windows 2000",
                "5.1" => "Windows XP",
                "5.2" => "Windows Server 2003",
                "6.0" => "Windows Vista",
                "6.1" => "Windows 7",
                "6.2" => "Windows 8",
                "6.3" => "Windows 8.1",
                // frozen there: 11 says so too
                "10.0" => "Windows 10 or later",
                _ => return None,
            };
            return Some(name.to_owned());
        }
        if let Some(version) = part.strip_prefix("Android ") {
            return Some(format!("Android {}", cut(version, 16)));
        }
        let apple = part.split_once(" OS ").filter(|(head, _)| head.starts_with("CPU"));
        if let Some((head, tail)) = apple
            && tail.ends_with(" like Mac OS X")
        {
            let name = if head.contains("iPhone") || head == "CPU" { "iOS" } else { "iPadOS" };
            let version = tail.split(' ').next().unwrap_or_default().replace('_', ".");
            return Some(format!("{name} {}", cut(&version, 16)));
        }
        if let Some((_, version)) = part.split_once("Mac OS X ") {
            let version = version.replace('_', ".");
            return Some(format!("macOS {}", cut(version.split(' ').next().unwrap_or_default(), 16)));
        }
    }
    None
}

/// Product and version of a `Server` field: "Apache/2.4 (Unix)".
pub fn product(server: &str) -> (&str, &str) {
    let first = server.split([' ', '(']).next().unwrap_or(server);
    match first.split_once('/') {
        Some((name, version)) => (name, version.trim_end_matches(',')),
        None => (server, ""),
    }
}

/// Facts of an agent string, told of the client.
pub fn agent(cx: &mut Cx<'_>, agent: &str) {
    cx.fact(Who::Side(Side::Client), "user_agent", cut(agent, 250), "User-Agent");
    if let Some(os) = system(agent) {
        cx.fact(Who::Side(Side::Client), "os", &os, "User-Agent");
    }
}

/// The time in a Date field (RFC 9110, 5.6.7): the form that senders must use, `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn date(text: &str) -> Option<Micros> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.split(' ');
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if words.next() != Some("GMT") || words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|m| *m == month)? as i64 + 1;
    let mut parts = time.split(':').map(|p| p.parse::<i64>().ok());
    let clock = (parts.next()??, parts.next()??, parts.next()??);
    crate::health::moment((year.parse().ok()?, month, day.parse().ok()?), clock, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_the_form_that_must_be_sent() {
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000_000));
        for other in ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(date(other), None, "{other}");
        }
    }

    #[test]
    fn names_systems_of_agents() {
        let cases = [
            ("Mozilla/5.0 (Windows NT 6.1; WOW64) x", Some("Windows 7")),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac OS X) x", Some("iOS 12.1")),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_8_5) x", Some("macOS 10.8.5")),
            ("Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F)", Some("Android 9")),
            ("curl/7.58.0", None),
        ];
        for (agent, want) in cases {
            assert_eq!(system(agent).as_deref(), want, "{agent}");
        }
    }

    #[test]
    fn reads_titles_and_servers() {
        assert_eq!(title("<HTML><Title id=1>\n  S7-1200 &amp; web\n</title>").as_deref(), Some("S7-1200 & web"));
        assert_eq!(title("<title>cut of"), None);
        assert_eq!(product("Apache/2.4.18 (Ubuntu)"), ("Apache", "2.4.18"));
        assert_eq!(product("GoAhead-Webs"), ("GoAhead-Webs", ""));
    }
}

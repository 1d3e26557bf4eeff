//! An alert document as chains need it. Documents are flat (`docs/reference/data-model.md`, alert);
//! a member of another type than expected counts as absent, it does not refuse the alert.

use super::stages::Stages;
use super::text::{Many, Num};
use crate::event::Event;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::IpAddr;

/// Longest text that is kept of any member, in octets.
pub const TEXT: usize = 128;
/// Techniques kept of an alert, and evidence of a step.
pub const FEW: usize = 8;

/// One end of what an alert is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct End {
    pub ip: Option<IpAddr>,
    /// Hardware address or host name where there is no address.
    pub other: Option<Box<str>>,
    pub asset: Option<Box<str>>,
}

impl End {
    pub fn is_none(&self) -> bool {
        self.ip.is_none() && self.other.is_none() && self.asset.is_none()
    }
}

/// What a chain may say of a credential: never the secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    pub protocol: Option<Box<str>>,
    pub username: Box<str>,
}

/// Where in a capture or log the evidence stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub source: Option<Box<str>>,
    pub frame: u64,
}

/// An alert, read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub time: i64,
    pub id: Box<str>,
    pub rule: Box<str>,
    pub name: Option<Box<str>>,
    /// Stages of its tactics.
    pub tactics: u32,
    pub techniques: Vec<Box<str>>,
    pub severity: u8,
    pub confidence: f32,
    pub source: End,
    pub destination: End,
    /// Of a control system: ATT&CK for ICS, a protocol of control, a low level.
    pub control: bool,
    pub evidence: Vec<Box<str>>,
    pub place: Option<Place>,
    pub credential: Option<Credential>,
}

#[derive(Default, Deserialize)]
struct Document<'a> {
    #[serde(rename = "@timestamp", borrow, default)]
    time: Many<'a>,
    #[serde(rename = "event.id", borrow, default)]
    id: Many<'a>,
    #[serde(rename = "event.severity", default)]
    severity: Num,
    #[serde(rename = "rule.id", borrow, default)]
    rule: Many<'a>,
    #[serde(rename = "rule.name", borrow, default)]
    name: Many<'a>,
    #[serde(rename = "threat.framework", borrow, default)]
    framework: Many<'a>,
    #[serde(rename = "threat.tactic.id", borrow, default)]
    tactic_id: Many<'a>,
    #[serde(rename = "threat.tactic.name", borrow, default)]
    tactic_name: Many<'a>,
    #[serde(rename = "threat.technique.id", borrow, default)]
    technique: Many<'a>,
    #[serde(rename = "source.ip", borrow, default)]
    source_ip: Many<'a>,
    #[serde(rename = "source.mac", borrow, default)]
    source_mac: Many<'a>,
    #[serde(rename = "source.asset", borrow, default)]
    source_asset: Many<'a>,
    #[serde(rename = "destination.ip", borrow, default)]
    destination_ip: Many<'a>,
    #[serde(rename = "destination.mac", borrow, default)]
    destination_mac: Many<'a>,
    #[serde(rename = "destination.asset", borrow, default)]
    destination_asset: Many<'a>,
    #[serde(rename = "host.ip", borrow, default)]
    host_ip: Many<'a>,
    #[serde(rename = "host.name", borrow, default)]
    host_name: Many<'a>,
    #[serde(rename = "sentinel.confidence", default)]
    confidence: Num,
    #[serde(rename = "sentinel.evidence", borrow, default)]
    evidence: Many<'a>,
    #[serde(rename = "sentinel.frame", default)]
    frame: Num,
    #[serde(rename = "sentinel.source", borrow, default)]
    from: Many<'a>,
    #[serde(rename = "ot.protocol", borrow, default)]
    ot: Many<'a>,
    #[serde(rename = "ot.asset.level", default)]
    level: Num,
    #[serde(rename = "network.protocol", borrow, default)]
    protocol: Many<'a>,
    #[serde(rename = "user.name", borrow, default)]
    user: Many<'a>,
}

impl Alert {
    /// Reads a document. `None` if it is no JSON object, or has no time or no rule.
    pub fn read(json: &[u8], stages: &Stages) -> Option<Alert> {
        let d: Document = serde_json::from_slice(json).ok()?;
        Alert::of_document(super::text::time(d.time.first()?)?, &d, stages)
    }

    /// What [`Alert::read`] gives of the document of an event, without writing it. `from`: its source.
    pub fn of_event(event: &Event, from: &str, stages: &Stages) -> Option<Alert> {
        let mut d =
            Document { id: Many::text(Cow::Owned(format!("{:032x}", event.id))), ..Document::default() };
        for (name, value) in &event.fields {
            let texts = match name.as_ref() {
                "rule.id" => &mut d.rule,
                "rule.name" => &mut d.name,
                "threat.framework" => &mut d.framework,
                "threat.tactic.id" => &mut d.tactic_id,
                "threat.tactic.name" => &mut d.tactic_name,
                "threat.technique.id" => &mut d.technique,
                "source.ip" => &mut d.source_ip,
                "source.mac" => &mut d.source_mac,
                "source.asset" => &mut d.source_asset,
                "destination.ip" => &mut d.destination_ip,
                "destination.mac" => &mut d.destination_mac,
                "destination.asset" => &mut d.destination_asset,
                "host.ip" => &mut d.host_ip,
                "host.name" => &mut d.host_name,
                "sentinel.evidence" => &mut d.evidence,
                "ot.protocol" => &mut d.ot,
                "network.protocol" => &mut d.protocol,
                "user.name" => &mut d.user,
                // of a document that was stored: the event itself has no source
                "sentinel.source" => &mut d.from,
                "sentinel.frame" => {
                    d.frame = Num::of(value);
                    continue;
                }
                "event.severity" => {
                    d.severity = Num::of(value);
                    continue;
                }
                "sentinel.confidence" => {
                    d.confidence = Num::of(value);
                    continue;
                }
                "ot.asset.level" => {
                    d.level = Num::of(value);
                    continue;
                }
                _ => continue,
            };
            *texts = Many::of(value);
        }
        if event.frame != 0 {
            d.frame = Num(Some(event.frame as f64));
        }
        if !from.is_empty() {
            d.from = Many::text(Cow::Borrowed(from));
        }
        Alert::of_document(event.time, &d, stages)
    }

    fn of_document(time: i64, d: &Document<'_>, stages: &Stages) -> Option<Alert> {
        let rule = d.rule.first().or(d.name.first())?;
        let mut tactics = 0;
        for name in d.tactic_id.all().chain(d.tactic_name.all()) {
            tactics |= stages.find(name).map_or(0, |n| 1 << n);
        }
        let framework_ics = d.framework.all().any(|f| f.to_ascii_uppercase().contains("ICS"));
        let mut source = end(&d.source_ip, &d.source_mac, &d.source_asset);
        let mut destination = end(&d.destination_ip, &d.destination_mac, &d.destination_asset);
        if source.is_none() && destination.is_none() {
            // something that happened on one host
            source = end(&d.host_ip, &d.host_name, &Many::default());
            destination = source.clone();
        }
        let severity = d.severity.0.map_or(3, |s| s.clamp(1.0, 5.0) as u8);
        let protocol = d.ot.first().or(d.protocol.first()).map(kept);
        Some(Alert {
            time,
            id: d.id.first().map(kept).unwrap_or_default(),
            rule: kept(rule),
            name: d.name.first().map(kept),
            tactics,
            techniques: d.technique.all().take(FEW).map(kept).collect(),
            severity,
            confidence: d.confidence.0.map_or(1.0, |c| c.clamp(0.0, 1.0) as f32),
            control: framework_ics
                || d.ot.first().is_some()
                || d.level.0.is_some_and(|l| (0.0..3.0).contains(&l)),
            source,
            destination,
            evidence: d.evidence.all().take(FEW).map(kept).collect(),
            place: d
                .frame
                .0
                .filter(|f| *f >= 1.0)
                .map(|f| Place { source: d.from.first().map(kept), frame: f as u64 }),
            credential: d.user.first().map(|u| Credential { protocol, username: kept(u) }),
        })
    }
}

fn end(ip: &Many, other: &Many, asset: &Many) -> End {
    let ip: Option<IpAddr> = ip.first().and_then(|t| t.parse().ok());
    End {
        ip: ip.map(|ip| ip.to_canonical()),
        other: if ip.is_none() { other.first().map(kept) } else { None },
        asset: asset.first().map(kept),
    }
}

/// A text, cut at a character boundary.
fn kept(text: &str) -> Box<str> {
    let mut n = text.len().min(TEXT);
    while !text.is_char_boundary(n) {
        n -= 1;
    }
    text.get(..n).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::super::stages::{Stages, tests::TABLE};
    use super::*;

    #[test]
    fn a_document() {
        let stages = Stages::new(TABLE).unwrap();
        let a = Alert::read(
            br#"{"@timestamp":"2026-03-01T00:00:01.5Z","event.id":"x","event.severity":4,"rule.id":"r",
            "threat.tactic.id":["TA0007"],"threat.tactic.name":"Lateral Movement","source.ip":"::ffff:10.0.0.1",
            "destination.ip":["10.0.0.2","10.0.0.3"],"destination.asset":"a-1","sentinel.frame":"7","nested":{"x":[1]},
            "user.name":"admin","ot.protocol":"s7comm","sentinel.confidence":null}"#,
            &stages,
        )
        .unwrap();
        assert_eq!(a.time, 1_772_323_201_500_000);
        assert_eq!(a.tactics, 1 | 1 << 4);
        assert_eq!(a.source.ip, Some("10.0.0.1".parse().unwrap()));
        assert_eq!(a.destination.asset.as_deref(), Some("a-1"));
        assert_eq!((a.severity, a.confidence, a.control), (4, 1.0, true));
        assert_eq!(a.place, Some(Place { source: None, frame: 7 }));
        assert_eq!(a.credential.unwrap().protocol.as_deref(), Some("s7comm"));
    }

    #[test]
    fn hosts_alone_and_what_is_refused() {
        let stages = Stages::new(TABLE).unwrap();
        let host = br#"{"@timestamp":"2026-03-01T00:00:01Z","rule.name":"r","host.name":"WS1"}"#;
        let a = Alert::read(host, &stages).unwrap();
        assert_eq!(a.source, a.destination);
        assert_eq!((&*a.rule, a.source.other.as_deref()), ("r", Some("WS1")));
        for wrong in [&b"[]"[..], b"{", b"{}", b"{\"rule.id\":\"r\",\"@timestamp\":\"yesterday\"}", b"\xff"] {
            assert!(Alert::read(wrong, &stages).is_none());
        }
        assert_eq!(kept(&"ä".repeat(200)).len(), TEXT);
    }
}

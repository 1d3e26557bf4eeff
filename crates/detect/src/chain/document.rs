//! A chain as the document that stores and readers see (`docs/reference/data-model.md`, chain).

use super::alert::Place;
use super::entity::Entity;
use super::next::{self, Next};
use super::state::{Chain, Episode, Kind, Link};
use super::{Chains, tell};
use hashbrown::HashMap;
use serde::Serialize;

/// Entities listed; more are counted only.
const ENTITIES: usize = 128;

#[derive(Serialize)]
pub struct Document<'a> {
    id: String,
    title: String,
    score: f64,
    #[serde(serialize_with = "as_time")]
    first: i64,
    #[serde(serialize_with = "as_time")]
    last: i64,
    state: &'a str,
    severity: u8,
    tactics: Vec<&'a str>,
    techniques: Vec<&'a str>,
    entities: Vec<Party<'a>>,
    entity_count: usize,
    alert_count: u64,
    pub steps: Vec<Step<'a>>,
    /// Numbers of the steps of the best path, in order.
    pub path: Vec<usize>,
    explanation: String,
    next: Vec<Next>,
}

#[derive(Serialize)]
struct Party<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    role: &'static str,
}

/// A step of a chain.
#[derive(Serialize)]
pub struct Step<'a> {
    pub n: usize,
    #[serde(serialize_with = "as_time")]
    pub time: i64,
    #[serde(serialize_with = "as_time")]
    last: i64,
    pub rule: &'a str,
    rule_id: &'a str,
    severity: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tactic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tactic_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    technique: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_asset: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_asset: Option<&'a str>,
    /// Further hosts, of steps that were folded into this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    folded: u32,
    pub count: u64,
    alerts: &'a [Box<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub evidence: &'a [Box<str>],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    #[serde(skip)]
    pub episode: &'a Episode,
}

#[derive(Serialize, Clone, PartialEq)]
pub struct Frame<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    frame: u64,
}

#[derive(Serialize)]
pub struct Because {
    step: usize,
    link: &'static str,
    pub weight: f64,
    pub text: String,
}

fn as_time<S: serde::Serializer>(t: &i64, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&shown(*t))
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// A time as text, RFC 3339 with microseconds.
pub fn shown(t: i64) -> String {
    let mut out = Vec::with_capacity(27);
    sentinel_wire::json::plain_time(&mut out, t);
    String::from_utf8_lossy(&out).into_owned()
}

pub fn identifier(id: u64) -> String {
    format!("c-{id:016x}")
}

/// What is left of a chain that became part of another.
pub fn merged(c: &Chain, into: u64) -> Vec<u8> {
    #[derive(Serialize)]
    struct Merged {
        id: String,
        state: &'static str,
        merged_into: String,
        #[serde(serialize_with = "as_time")]
        first: i64,
        #[serde(serialize_with = "as_time")]
        last: i64,
        alert_count: u64,
    }
    let document = Merged {
        id: identifier(c.id),
        state: "merged",
        merged_into: identifier(into),
        first: c.first,
        last: c.last,
        alert_count: c.alerts,
    };
    serde_json::to_vec(&document).unwrap_or_default()
}

/// How a host is called: its address, else its name or asset.
pub fn label(e: Option<&Entity>, ips: &Ips) -> String {
    let Some(e) = e else { return "an unknown host".into() };
    let name = e.end.ip.and_then(|ip| ips.0.get(&ip).map(String::as_str));
    name.or(e.end.other.as_deref()).or(e.end.asset.as_deref()).unwrap_or("an unknown host").to_owned()
}

/// Addresses as text, made once for a document.
pub struct Ips(HashMap<std::net::IpAddr, String>);

impl Ips {
    fn text(&self, e: Option<&Entity>) -> Option<&str> {
        let end = &e?.end;
        match end.ip {
            Some(ip) => self.0.get(&ip).map(String::as_str),
            None => None,
        }
    }
}

/// Writes a chain.
pub fn write(all: &Chains, c: &Chain, state: &str) -> Vec<u8> {
    let entities = &all.state.entities;
    let mut members: Vec<(u64, u32, &Episode)> =
        c.members.iter().filter_map(|n| all.state.episodes.get(*n).map(|e| (e.serial, *n, e))).collect();
    members.sort_unstable_by_key(|(serial, ..)| *serial);
    let numbers: HashMap<u32, usize> =
        members.iter().enumerate().map(|(at, (_, n, _))| (*n, at + 1)).collect();
    let mut ips = Ips(HashMap::new());
    for (.., e) in &members {
        for host in [e.source, e.destination].iter().chain(&e.others) {
            if let Some(ip) = entities.get(*host).and_then(|h| h.end.ip) {
                ips.0.entry(ip).or_insert_with(|| ip.to_string());
            }
        }
    }
    let steps: Vec<Step> =
        members.iter().enumerate().map(|(at, (_, _, e))| step(all, &ips, &numbers, at + 1, e)).collect();
    let path = tell::told(all, c, &numbers);
    let (mut tactics, mut techniques) = (Vec::new(), Vec::new());
    for s in &steps {
        tactics.extend(s.tactic.filter(|t| !tactics.contains(t)));
        techniques.extend(s.technique.filter(|t| !techniques.contains(t)));
    }
    let (parties, entity_count) = parties(all, &ips, &members);
    let document = Document {
        id: identifier(c.id),
        title: tell::title(&steps, &path),
        score: all.score(c),
        first: c.first,
        last: c.last,
        state,
        severity: c.severity,
        tactics,
        techniques,
        entities: parties,
        entity_count,
        alert_count: c.alerts,
        explanation: tell::explanation(c, &steps, &path),
        next: next::steps(all, &steps, &path),
        steps,
        path,
    };
    serde_json::to_vec(&document).unwrap_or_default()
}

fn step<'a>(
    all: &'a Chains,
    ips: &'a Ips,
    numbers: &HashMap<u32, usize>,
    n: usize,
    e: &'a Episode,
) -> Step<'a> {
    let host = |n: u32| all.state.entities.get(n);
    let (source, destination) = (host(e.source), host(e.destination));
    let rule = all.state.rules.get(e.rule);
    let stage = all.stages.get(e.stage);
    let ics = rule.is_some_and(|r| r.ics);
    let address = |h: Option<&'a Entity>| ips.text(h).or(h.and_then(|h| h.end.other.as_deref()));
    let mut frames: Vec<Frame> = Vec::new();
    for Place { source, frame } in &e.places {
        let frame = Frame { source: source.as_deref(), frame: *frame };
        if !frames.contains(&frame) {
            frames.push(frame);
        }
    }
    Step {
        n,
        time: e.first,
        last: e.last,
        rule: rule.map_or("", |r| &r.name),
        rule_id: rule.map_or("", |r| &r.id),
        severity: e.severity,
        tactic: stage.map(|s| s.name.as_str()),
        tactic_id: stage.and_then(|s| s.id(ics)),
        technique: rule.and_then(|r| r.techniques.first()).map(|t| &**t),
        source: address(source),
        destination: address(destination),
        source_asset: source.and_then(|h| h.end.asset.as_deref()),
        destination_asset: destination.and_then(|h| h.end.asset.as_deref()),
        also: e.others.iter().filter_map(|n| address(host(*n))).collect(),
        folded: e.folded,
        count: e.count,
        alerts: &e.alerts,
        evidence: &e.evidence,
        frames,
        because: e.link.and_then(|l| because(all, ips, numbers, e, &l)),
        episode: e,
    }
}

fn because(
    all: &Chains,
    ips: &Ips,
    numbers: &HashMap<u32, usize>,
    e: &Episode,
    link: &Link,
) -> Option<Because> {
    let step = *numbers.get(&link.from)?;
    let source = label(all.state.entities.get(e.source), ips);
    let destination = label(all.state.entities.get(e.destination), ips);
    let ago = match span(link.after) {
        Some(span) => format!("{span} earlier"),
        None => "at the same time".into(),
    };
    let (link_name, text) = match link.kind {
        Kind::Actor => ("actor", format!("{source} acted in step {step}, {ago}")),
        Kind::Reply if all.state.episodes.get(link.from).is_some_and(|p| p.source == e.destination) => {
            ("actor", format!("answer between the two hosts of step {step}, {ago}"))
        }
        Kind::Reply => (
            "actor",
            format!("{source} was the target of step {step}, {ago}, and turns to an actor of this story"),
        ),
        Kind::Pivot => {
            ("pivot", format!("{source} was the target of step {step}, {ago}, and now acts itself"))
        }
        Kind::Victim => ("victim", format!("{destination} was the target of step {step}, {ago}")),
    };
    let weight = (f64::from(link.weight) * 10_000.0).round() / 10_000.0;
    Some(Because { step, link: link_name, weight, text })
}

/// A length of time for people; `None` below a second.
fn span(micros: i64) -> Option<String> {
    let s = micros / 1_000_000;
    Some(match s {
        i64::MIN..=0 => return None,
        1..=119 => format!("{s} s"),
        120..=7_199 => format!("{} min", s / 60),
        7_200..=172_799 => format!("{} h", s / 3600),
        _ => format!("{} days", s / 86_400),
    })
}

/// Who took part, in order of appearance: pivots are hosts that were acted upon and then acted.
fn parties<'a>(all: &'a Chains, ips: &'a Ips, members: &[(u64, u32, &Episode)]) -> (Vec<Party<'a>>, usize) {
    let mut order: Vec<u32> = Vec::new();
    let mut roles: HashMap<u32, u8> = HashMap::new();
    let mut add = |host: u32, role: u8| match roles.get_mut(&host) {
        Some(known) => *known = role.min(*known),
        None => {
            roles.insert(host, role);
            order.push(host);
        }
    };
    for (.., e) in members {
        match e.link.map(|l| l.kind) {
            Some(Kind::Pivot) => add(e.source, 0),
            Some(Kind::Reply) => add(e.source, 2),
            _ => add(e.source, 1),
        }
        for host in std::iter::once(&e.destination).chain(&e.others) {
            add(*host, 2);
        }
    }
    order.sort_by_key(|n| roles.get(n).copied()); // stable: within a role by first sight
    let count = order.len();
    let listed = order.iter().take(ENTITIES).filter_map(|n| {
        let e = all.state.entities.get(*n)?;
        let role = match roles.get(n) {
            Some(0) => "pivot",
            Some(1) => "actor",
            _ => "victim",
        };
        let end = &e.end;
        Some(Party { asset: end.asset.as_deref(), ip: ips.text(Some(e)), name: end.other.as_deref(), role })
    });
    (listed.collect(), count)
}

impl Chains {
    /// Documents of chains that changed since the last call, those that ended first.
    pub fn changed(&mut self) -> Vec<Vec<u8>> {
        let mut out = std::mem::take(&mut self.ended);
        let mut live: Vec<(u64, u32)> = self
            .state
            .chains
            .iter()
            .filter(|(_, c)| c.changed && c.is_story())
            .map(|(n, c)| (c.born, n))
            .collect();
        live.sort_unstable();
        for (_, n) in live {
            if let Some(c) = self.state.chains.get(n) {
                out.push(write(self, c, "open"));
            }
            if let Some(c) = self.state.chains.get_mut(n) {
                (c.changed, c.published) = (false, true);
            }
        }
        out
    }

    /// Documents of all chains there are, open and closed, the highest score first.
    pub fn all(&self) -> Vec<Vec<u8>> {
        let mut found: Vec<(f64, u64, Vec<u8>)> =
            self.closed.iter().map(|c| (c.score, c.id, c.document.clone())).collect();
        for (_, c) in self.state.chains.iter().filter(|(_, c)| c.is_story()) {
            found.push((self.score(c), c.id, write(self, c, "open")));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.into_iter().map(|(.., document)| document).collect()
    }
}

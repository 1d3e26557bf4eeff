//! Events of the context's own making.

use crate::context::hosts::Key;
use crate::context::rhythm::Evidence;
use crate::event::Event;
use sentinel_wire::model::{HostAddr, Micros, Val};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hash;

/// What is told.
pub struct Told<'a> {
    /// `sentinel.availability` or `sentinel.context`.
    pub dataset: &'static str,
    pub action: &'static str,
    pub time: Micros,
    /// Who acts: the poller, or the device that is new.
    pub source: Option<Key>,
    /// The terminal it is about.
    pub destination: Option<Key>,
    pub protocol: &'a str,
    /// One sentence.
    pub reason: String,
    /// 0-1.
    pub confidence: f64,
    pub evidence: Evidence,
    pub more: Vec<(&'static str, Val)>,
}

impl Told<'_> {
    /// The event. `order`: the place of the event that led to it, behind all that it made itself.
    pub fn event(self, order: (u64, u32)) -> Event {
        let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x636f_6e74_6578_7401);
        (self.dataset, self.action, self.time, self.source, self.destination, self.protocol).hash(&mut h);
        let mut e = Event {
            order,
            time: self.time,
            frame: self.evidence.frame,
            source: self.evidence.source,
            id: h.finish128().as_u128(),
            fields: Vec::with_capacity(20),
        };
        let mut put = |name: &'static str, value: Val| e.fields.push((name.into(), value));
        put("event.kind", Val::Static("event"));
        put("event.dataset", Val::Static(self.dataset));
        put("event.category", Val::Static("network"));
        put("event.type", Val::Static("info"));
        put("event.action", Val::Static(self.action));
        put("event.reason", Val::from(self.reason));
        let ends = [
            (self.source, "source.ip", "source.mac"),
            (self.destination, "destination.ip", "destination.mac"),
        ];
        for (key, ip, mac) in ends {
            match key.map(|k| k.addr) {
                Some(HostAddr::Ip(a)) => put(ip, Val::from(a.to_string())),
                Some(HostAddr::Mac(m)) => put(mac, Val::from(m.to_string())),
                None => {}
            }
        }
        if let Some(vlan) = self.destination.or(self.source).map(|k| k.vlan).filter(|v| *v != 0) {
            put("network.vlan.id", Val::from(vlan));
        }
        if !self.protocol.is_empty() {
            put("network.protocol", Val::from(self.protocol));
        }
        put("sentinel.confidence", Val::Float(self.confidence));
        if self.evidence.id != 0 {
            put("sentinel.evidence", Val::from(vec![Val::from(format!("{:032x}", self.evidence.id))]));
        }
        self.more.into_iter().for_each(|(n, v)| put(n, v));
        e
    }
}

/// A span of time as people say it.
pub fn span(us: Micros) -> String {
    let s = us / 1_000_000;
    match s {
        ..=119 => format!("{s} s"),
        120..=7199 => format!("{} min", s / 60),
        7200..=172_799 => format!("{} h", s / 3600),
        _ => format!("{} days", s / 86_400),
    }
}

/// Seconds, for a field.
pub fn seconds(us: Micros) -> Val {
    Val::Float((us as f64 / 1000.0).round() / 1000.0)
}

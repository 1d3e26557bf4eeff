//! One line that was understood, made an event: base fields, the fields the tables name, what was done,
//! who logged in, and behind them all that the line said, under its own names.

use crate::alert::Alert;
use crate::doing::{Doing, Entry};
use crate::ends::{Ends, Raw, Side};
use crate::forms::change;
use crate::names::name;
use crate::tables::Known;
use sentinel_detect::event::{Event, Name};
use sentinel_wire::model::*;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::borrow::Cow;
use std::hash::Hasher;

/// A line of a log.
#[derive(Debug)]
pub struct Line {
    /// `zeek.<log>` or `suricata.<type>`.
    pub dataset: &'static str,
    /// When what it tells was complete.
    pub time: Micros,
    /// When it began, where it lasted.
    pub start: Option<Micros>,
    pub ends: Ends,
    pub protocol: Option<&'static str>,
    pub raw: Raw,
    pub doing: Option<Doing>,
    pub entry: Option<Entry>,
    pub alert: Option<Alert>,
    /// Further fields that follow from the log's kind.
    pub extra: Vec<(&'static str, Val)>,
    /// Identity of the event.
    pub id: u128,
    pub number: u64,
    pub source: u32,
}

/// Identity of a line: what it says, where it says it and the how manieth of its like it is. The same
/// line in a copy of the log is the same event.
pub fn id(dataset: &str, time: Micros, line: &[u8], nth: u32) -> u128 {
    let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x6c6f_6773_0000_0001);
    h.write(dataset.as_bytes());
    h.write_i64(time);
    h.write(line);
    h.write_u32(nth);
    h.finish128().as_u128()
}

struct Out {
    fields: Vec<(Name, Val)>,
}

impl Out {
    fn put(&mut self, name: &'static str, value: Val) {
        self.fields.push((Cow::Borrowed(name), value));
    }
    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(n, _)| n == name)
    }
    fn put_new(&mut self, name: &'static str, value: Val) {
        if !self.has(name) {
            self.put(name, value);
        }
    }
    fn set(&mut self, name: &'static str, value: Val) {
        match self.fields.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.put(name, value),
        }
    }
}

impl Line {
    /// The event this line is, and its list of fields, emptied, to be filled again.
    pub fn event(self, known: &Known) -> (Event, Raw) {
        let more = if self.alert.is_some() { 40 } else { 28 };
        let mut out = Out { fields: Vec::with_capacity(self.raw.len().saturating_add(more)) };
        self.base(&mut out);
        self.mapped(&mut out, known);
        if let Some(doing) = &self.doing {
            operation(&mut out, doing);
        }
        if let Some(entry) = &self.entry {
            log_in(&mut out, entry);
        }
        if let Some(alert) = &self.alert {
            alert.fields(&self, &mut |name, value| match name {
                "event.kind" => out.set(name, value),
                _ => out.put(name, value),
            });
        }
        let Line { dataset, time, mut raw, id, number, source, .. } = self;
        let own = out.fields.len();
        for (field, value) in raw.drain(..) {
            // names with a dot may be those of events, with other values
            if shared(&field) {
                let ours = out.fields.iter().take(own).find(|(n, _)| *n == field).map(|(_, v)| v);
                match ours {
                    Some(ours) if *ours == value => continue,
                    Some(_) => {
                        let product = if dataset.starts_with("zeek.") { "zeek" } else { "suricata.eve" };
                        if let Some(apart) = name(&format!("{product}.{field}")) {
                            out.put(apart, value);
                        }
                        continue;
                    }
                    None => {}
                }
            }
            out.fields.push((field, value));
        }
        (Event { order: (number, 0), time, frame: number, source, id, fields: out.fields }, raw)
    }

    fn base(&self, out: &mut Out) {
        out.put("event.kind", Val::Static("event"));
        out.put("event.dataset", Val::Static(self.dataset));
        let (source, destination) = (self.ends.source(), self.ends.destination());
        side(out, source, "source.ip", "source.port", "source.mac");
        side(out, destination, "destination.ip", "destination.port", "destination.mac");
        if let Some(transport) = self.ends.transport {
            out.put("network.transport", Val::Static(transport.name()));
        }
        if let Some(protocol) = self.protocol {
            out.put("network.protocol", Val::Static(protocol));
        }
        if self.ends.vlan != 0 {
            out.put("network.vlan.id", Val::from(self.ends.vlan));
        }
        let told = crate::ends::text(&self.raw, "community_id").map(Val::from);
        if let Some(id) = told.or_else(|| community(&self.ends)) {
            out.put("network.community_id", id);
        }
        if let Some(start) = self.start.filter(|s| *s < self.time) {
            out.put("event.start", Val::Int(start));
            out.put("event.end", Val::Int(self.time));
            out.put("event.duration", Val::Int(self.time.saturating_sub(start).saturating_mul(1000)));
        }
        let (category, kind, action) = class(self.dataset);
        out.put("event.category", Val::Static(category));
        out.put("event.type", Val::Static(kind));
        if !action.is_empty() {
            out.put("event.action", Val::Static(action));
        }
        for (name, value) in &self.extra {
            out.put_new(name, value.clone());
        }
    }

    fn mapped(&self, out: &mut Out, known: &Known) {
        let mut rows: Vec<u16> = Vec::with_capacity(16);
        for (field, _) in &self.raw {
            if let Some(found) = known.rows(field) {
                rows.extend_from_slice(found);
            }
        }
        rows.sort_unstable();
        for row in rows {
            let Some(row) = known.fields.get(usize::from(row)) else { continue };
            if out.has(row.to) {
                continue;
            }
            if let Some(value) = crate::ends::get(&self.raw, row.from).and_then(|v| change(v, row.form)) {
                out.put(row.to, value);
            }
        }
    }
}

/// Whether a field of a log may have the name of one that events have: all those begin with such a word.
fn shared(field: &str) -> bool {
    const OURS: &[&str] =
        &["dns", "http", "tls", "ssh", "ftp", "snmp", "dhcp", "mqtt", "file", "email", "sentinel"];
    field.split_once('.').is_some_and(|(head, _)| OURS.contains(&head))
}

fn side(out: &mut Out, s: &Side, ip: &'static str, port: &'static str, mac: &'static str) {
    if let Some(a) = s.ip {
        out.put(ip, Val::from(a.to_string()));
    }
    if s.port != 0 {
        out.put(port, Val::from(s.port));
    }
    if let Some(m) = s.mac {
        out.put(mac, Val::from(m.to_string()));
    }
}

fn community(ends: &Ends) -> Option<Val> {
    let known = |s: &Side| s.ip.is_some() && s.port != 0;
    if !(known(&ends.client) && known(&ends.server)) {
        return None;
    }
    sentinel_wire::flow::community_id(&ends.flow()?).map(Val::from)
}

/// `event.category`, `event.type` and, where it is always the same, `event.action` of a dataset: the
/// words of the probe of that protocol.
fn class(dataset: &str) -> (&'static str, &'static str, &'static str) {
    match dataset.split_once('.').map_or(dataset, |(_, rest)| rest) {
        "conn" | "flow" | "netflow" => ("network", "connection", "flow"),
        "http" => ("network", "access", "http-request"),
        "dns" => ("network", "protocol", "query"),
        "ssl" | "tls" => ("network", "connection", "tls_handshake"),
        "ssh" => ("network", "connection", "ssh_handshake"),
        "quic" => ("network", "connection", ""),
        "ftp" => ("network", "info", "command"),
        "files" | "fileinfo" | "smb_files" | "pe" => ("file", "info", ""),
        "weird" | "anomaly" | "reporter" | "analyzer" | "dpd" => ("network", "error", ""),
        "notice" | "alert" | "intel" => ("intrusion_detection", "info", ""),
        "known_hosts" | "known_services" | "known_devices" | "software" => ("host", "info", ""),
        _ => ("network", "info", ""),
    }
}

fn operation(out: &mut Out, d: &Doing) {
    let category = d.action.category();
    out.set("event.type", Val::Static(if category == Category::Monitor { "info" } else { "change" }));
    out.set("event.action", Val::from(d.name.as_str()));
    out.set(
        "event.outcome",
        Val::Static(match d.outcome {
            Outcome::Accepted => "success",
            Outcome::Refused => "failure",
            Outcome::NoAnswer | Outcome::Unknown => "unknown",
        }),
    );
    out.put("ot.protocol", Val::Static(d.protocol));
    out.put("ot.action", Val::Static(d.action.name()));
    out.put("ot.category", Val::Static(category.name()));
    out.put("ot.function.name", Val::from(d.name.as_str()));
    if let Some(code) = d.code {
        out.put("ot.function.code", Val::Int(code));
    }
    if let Some((start, count)) = d.address {
        out.put_new("ot.address.start", Val::Int(start));
        out.put("ot.address.count", Val::Int(count));
    }
    let texts = [("ot.unit", &d.unit), ("ot.address.space", &d.space), ("ot.address.name", &d.target)];
    for (name, text) in texts {
        if let Some(text) = text {
            out.put(name, Val::from(text.as_str()));
        }
    }
    match &d.value {
        Some(Val::Int(v)) => out.put_new("ot.value", Val::Float(*v as f64)),
        Some(Val::Float(v)) => out.put_new("ot.value", Val::Float(*v)),
        Some(other) => out.put("ot.value_text", other.clone()),
        None => {}
    }
    if let Some((code, name)) = &d.exception {
        if *code != 0 {
            out.put("ot.exception.code", Val::Int(*code));
        }
        out.put("ot.exception.name", Val::from(name.as_str()));
    }
}

fn log_in(out: &mut Out, e: &Entry) {
    if let Some(user) = &e.user {
        out.put_new("user.name", Val::from(user.as_str()));
    }
    if e.itself {
        out.set("event.category", Val::Static("authentication"));
        out.set("event.type", Val::Static("start"));
        out.set("event.action", Val::Static("log-in"));
        out.set("event.outcome", Val::Static(e.outcome.name()));
    }
    if e.user.is_some() || e.secret.is_some() {
        out.put("sentinel.credential.kind", Val::Static(e.kind.name()));
        out.put("sentinel.credential.cleartext", Val::Bool(e.secret.is_some()));
    }
}

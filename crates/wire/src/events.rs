//! How findings become events: base fields, ids, and summing of monitoring traffic.

use crate::cx::Cx;
use crate::model::*;
use crate::obs::{EventMode, FieldVal, Observations};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::{Hash, Hasher};

/// Length of the aligned windows over which monitoring operations are summed, in microseconds.
pub const WINDOW: Micros = 60_000_000;

type Fields = Vec<(&'static str, FieldVal)>;

/// Identity of a summed operation. `(protocol, name, client, server, port, unit, outcome)`
pub type WindowKey = (&'static str, Box<str>, u32, u32, u16, Option<Box<str>>, Outcome);

/// One window being summed.
#[derive(Clone, Debug)]
pub struct Window {
    /// Window number: time divided by [`WINDOW`].
    pub(crate) number: i64,
    pub(crate) count: u64,
    pub(crate) start: Stamp,
    pub(crate) end: Micros,
    pub(crate) low: i64,
    pub(crate) high: i64,
    pub(crate) fields: Fields,
    pub(crate) id: u128,
}

impl Window {
    /// Approximate bytes held beside the window itself.
    pub(crate) fn bytes(&self) -> usize {
        self.fields.capacity() * size_of::<(&str, FieldVal)>() + 256
    }
}

/// Bound on windows open in one shard.
const MAX_WINDOWS: usize = 1 << 13;

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "success",
        Outcome::Refused => "failure",
        Outcome::NoAnswer | Outcome::Unknown => "unknown",
    }
}

/// 128-bit identity of an event: never of enrichment, file name or observer.
fn event_id(
    cx: &Cx<'_>,
    dataset: &str,
    at: Micros,
    action: &str,
    code: Option<i64>,
    address: Option<(i64, i64)>,
) -> u128 {
    let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x6576_656e_7473_0001);
    let (c, s) = (&cx.flow.client, &cx.flow.server);
    (dataset, at, c.addr, c.port, s.addr, s.port, cx.flow.transport, cx.from).hash(&mut h);
    (cx.obs.events.ordinal(), action, code, address).hash(&mut h);
    h.finish128().as_u128()
}

/// Fields every event has: ends (source is who acts), transport, protocol.
fn base(cx: &Cx<'_>, protocol: &'static str, by: Side) -> Fields {
    let (src, dst) = match by {
        Side::Client => (cx.flow.client, cx.flow.server),
        Side::Server => (cx.flow.server, cx.flow.client),
    };
    let mut f: Fields = Vec::with_capacity(28);
    f.push(("event.kind", Val::Static("event")));
    f.push(("event.dataset", Val::from(format!("sentinel.{protocol}"))));
    for (end, ip, port, mac) in [
        (src, "source.ip", "source.port", "source.mac"),
        (dst, "destination.ip", "destination.port", "destination.mac"),
    ] {
        if let HostAddr::Ip(a) = end.addr {
            f.push((ip, Val::from(a.to_string())));
        }
        if end.port != 0 {
            f.push((port, Val::from(end.port)));
        }
        let hardware = match end.addr {
            HostAddr::Mac(m) => Some(m),
            HostAddr::Ip(_) => end.mac,
        };
        if let Some(m) = hardware {
            f.push((mac, Val::from(m.to_string())));
        }
    }
    f.push(("network.transport", Val::Static(cx.flow.transport.name())));
    f.push(("network.protocol", Val::Static(protocol)));
    if cx.flow.vlan != 0 {
        f.push(("network.vlan.id", Val::from(cx.flow.vlan)));
    }
    if let Some(id) = crate::flow::community_id(cx.flow) {
        f.push(("network.community_id", Val::from(id)));
    }
    f
}

/// An operation: an event of its own when notable, summed otherwise.
pub(crate) fn operation(cx: &mut Cx<'_>, protocol: &'static str, op: &Op<'_>, asked: Stamp) {
    let all = cx.obs.events.mode == EventMode::All;
    if all && cx.pdus {
        return;
    }
    let notable = op.notable || op.category != Category::Monitor || op.outcome == Outcome::Refused;
    if all || notable {
        let fields = operation_fields(cx, protocol, op, asked);
        let at = Stamp { time: cx.at.time, ..asked };
        let id = event_id(cx, protocol, at.time, op.name, op.code, op.address);
        return cx.obs.events.push(at, id, fields);
    }
    let (by, to) = match op.by {
        Side::Client => (cx.flow.client.host.0, cx.flow.server.host.0),
        Side::Server => (cx.flow.server.host.0, cx.flow.client.host.0),
    };
    let number = cx.at.time.div_euclid(WINDOW);
    let key: WindowKey =
        (protocol, op.name.into(), by, to, cx.flow.server.port, op.unit.map(Into::into), op.outcome);
    let (low, high) = op.address.map_or((i64::MAX, i64::MIN), |(a, n)| (a, a.saturating_add(n.max(1))));
    if let Some(w) = cx.obs.events.windows.get_mut(&key) {
        if w.number == number {
            w.count += 1;
            w.end = w.end.max(cx.at.time);
            w.low = w.low.min(low);
            w.high = w.high.max(high);
            return;
        }
        let done = w.clone();
        cx.obs.events.windows.remove(&key);
        emit(cx.obs, done);
    } else if cx.obs.events.once(first_of(cx, protocol, op)) {
        // the first of its kind is an event at once
        let fields = operation_fields(cx, protocol, op, asked);
        let at = Stamp { time: cx.at.time, ..asked };
        let id = event_id(cx, protocol, at.time, op.name, op.code, op.address);
        return cx.obs.events.push(at, id, fields);
    }
    if cx.obs.events.windows.len() >= MAX_WINDOWS {
        return cx.obs.count("event_windows");
    }
    let fields = operation_fields(cx, protocol, op, asked);
    let id = event_id(cx, protocol, cx.at.time, op.name, op.code, op.address);
    let window = Window {
        number,
        count: 1,
        start: Stamp { time: cx.at.time, ..asked },
        end: cx.at.time,
        low,
        high,
        fields,
        id,
    };
    cx.obs.events.windows.insert(key, window);
}

/// What tells the first of its kind: the key of its window with addresses in place of host numbers, which
/// are given to others in time.
fn first_of(cx: &Cx<'_>, protocol: &'static str, op: &Op<'_>) -> u64 {
    let (c, s) = (&cx.flow.client, &cx.flow.server);
    let vlan = crate::obs::HostKey::new(cx.flow.vlan, s.addr).vlan;
    let mut h = rustc_hash::FxHasher::default();
    (protocol, op.name, c.addr, s.addr, vlan, s.port, op.unit, op.outcome, op.by).hash(&mut h);
    h.finish()
}

fn emit(obs: &mut Observations, w: Window) {
    let mut fields = w.fields;
    fields.push(("ot.count", Val::from(w.count)));
    fields.push(("event.start", Val::Int(w.start.time)));
    fields.push(("event.end", Val::Int(w.end)));
    if w.low < w.high {
        set(&mut fields, "ot.address.start", Val::Int(w.low));
        set(&mut fields, "ot.address.count", Val::Int(w.high - w.low));
    }
    obs.events.push(Stamp { time: w.end, ..w.start }, w.id, fields);
}

fn set(fields: &mut Fields, name: &'static str, value: Val) {
    match fields.iter_mut().find(|(n, _)| *n == name) {
        Some(slot) => slot.1 = value,
        None => fields.push((name, value)),
    }
}

/// Emits all windows that ended before `now`, in a fixed order; all of them for `Micros::MAX`.
pub fn flush_windows(obs: &mut Observations, now: Micros) {
    let number = now.div_euclid(WINDOW);
    let mut done: Vec<Window> = Vec::new();
    obs.events.windows.retain(|_, w| {
        let keep = now != Micros::MAX && w.number >= number;
        if !keep {
            done.push(w.clone());
        }
        keep
    });
    done.sort_by_key(|w| (w.start, w.id));
    for w in done {
        emit(obs, w);
    }
}

fn operation_fields(cx: &Cx<'_>, protocol: &'static str, op: &Op<'_>, asked: Stamp) -> Fields {
    let mut f = base(cx, protocol, op.by);
    f.push(("event.category", Val::Static("network")));
    f.push(("event.type", Val::Static(if op.category == Category::Monitor { "info" } else { "change" })));
    f.push(("event.action", Val::from(op.name)));
    f.push(("event.outcome", Val::Static(outcome_word(op.outcome))));
    if asked.time != cx.at.time {
        f.push(("event.duration", Val::Int((cx.at.time - asked.time).max(0) * 1000)));
    }
    f.push(("ot.protocol", Val::Static(protocol)));
    f.push(("ot.action", Val::Static(op.action.name())));
    f.push(("ot.category", Val::Static(op.category.name())));
    f.push(("ot.function.name", Val::from(op.name)));
    if let Some(code) = op.code {
        f.push(("ot.function.code", Val::Int(code)));
    }
    if let Some(unit) = op.unit {
        f.push(("ot.unit", Val::from(unit)));
    }
    if let Some((start, count)) = op.address {
        f.push(("ot.address.start", Val::Int(start)));
        f.push(("ot.address.count", Val::Int(count)));
    }
    if let Some(space) = op.space {
        f.push(("ot.address.space", Val::from(space)));
    }
    if let Some(target) = op.target {
        f.push(("ot.address.name", Val::from(target)));
    }
    match &op.value {
        Some(Val::Int(v)) => f.push(("ot.value", Val::Float(*v as f64))),
        Some(Val::Float(v)) => f.push(("ot.value", Val::Float(*v))),
        Some(Val::Bool(v)) => f.push(("ot.value", Val::Float(f64::from(u8::from(*v))))),
        Some(other) => f.push(("ot.value_text", other.clone())),
        None => {}
    }
    if let Some((code, name)) = op.exception {
        f.push(("ot.exception.code", Val::Int(code)));
        f.push(("ot.exception.name", Val::from(name)));
    }
    f.extend(op.fields.iter().cloned());
    f
}

/// A log-in as an event. The secret itself is in no event; its kind and outcome are.
pub(crate) fn credential(cx: &mut Cx<'_>, protocol: &'static str, c: &Cred<'_>, sent: Stamp) {
    let mut f = base(cx, protocol, Side::Client);
    f.push(("event.category", Val::Static("authentication")));
    f.push(("event.type", Val::Static("start")));
    f.push(("event.action", Val::Static("log-in")));
    f.push(("event.outcome", Val::Static(c.outcome.name())));
    if let Some(user) = c.username {
        f.push(("user.name", Val::from(user)));
    }
    f.push(("sentinel.credential.kind", Val::Static(c.kind.name())));
    f.push(("sentinel.credential.cleartext", Val::Bool(c.cleartext)));
    let at = Stamp { time: cx.at.time, ..sent };
    let id = event_id(cx, protocol, at.time, "log-in", None, None);
    cx.obs.events.push(at, id, f);
}

/// Any other event of a probe; `by` is its source.
pub(crate) fn plain(cx: &mut Cx<'_>, by: Side, action: &str, kind: &'static str, fields: Fields) {
    let mut f = base(cx, cx.protocol, by);
    f.push(("event.category", Val::Static("network")));
    f.push(("event.type", Val::Static(kind)));
    f.push(("event.action", Val::from(action)));
    for (name, value) in fields {
        set(&mut f, name, value);
    }
    let id = event_id(cx, cx.protocol, cx.at.time, action, None, None);
    let at = cx.at;
    cx.obs.events.push(at, id, f);
}

/// Takes the findings of probes outside: its own set of observations, beside the shards'.
pub struct Injector {
    pub obs: Observations,
    clock: Micros,
}

impl Injector {
    pub fn new(limits: crate::obs::Limits, mode: EventMode) -> Injector {
        Injector { obs: Observations::new(limits, mode), clock: Micros::MIN }
    }
    /// Reports what was found in `chunk` by the probe `protocol`, through the same context that
    /// native probes have. Chunks must come in their order.
    pub fn with<T>(
        &mut self,
        chunk: &crate::flow::Chunk,
        protocol: &'static str,
        f: impl FnOnce(&mut Cx<'_>) -> T,
    ) -> Option<T> {
        self.obs.events.at_packet(chunk.order.0);
        if self.obs.events.on() && chunk.at.time.div_euclid(WINDOW) > self.clock.div_euclid(WINDOW) {
            flush_windows(&mut self.obs, chunk.at.time);
        }
        self.clock = self.clock.max(chunk.at.time);
        let mut meta = chunk.meta;
        for end in [&mut meta.client, &mut meta.server] {
            end.host = self.obs.host(crate::obs::HostKey::new(meta.vlan, end.addr))?;
        }
        let mut cx = Cx {
            flow: &mut meta,
            from: chunk.from,
            at: chunk.at,
            protocol,
            pdus: false,
            obs: &mut self.obs,
            swapped: false,
        };
        Some(f(&mut cx))
    }
    /// Hands over what was learnt since the last harvest.
    pub fn harvest(&mut self) -> Observations {
        let mut held = vec![false; self.obs.hosts.len()];
        self.obs.events.hosts(&mut |id| {
            if let Some(place) = held.get_mut(id.0 as usize) {
                *place = true;
            }
        });
        self.obs.harvest(&held)
    }
    /// No more chunks will come.
    pub fn finish(&mut self) {
        flush_windows(&mut self.obs, Micros::MAX);
    }
}

/// What stands in the place of a secret.
pub const MASK: &str = "\u{2022}\u{2022}\u{2022}\u{2022}";

/// Event fields that may hold a secret, sorted: masked when written unless asked for.
pub fn is_secret(name: &str) -> bool {
    /// The names, and their marks as bits: most others end there.
    type Table = (u64, std::collections::HashSet<&'static str>);
    static SECRET: std::sync::OnceLock<Table> = std::sync::OnceLock::new();
    let (marks, names) = SECRET.get_or_init(|| {
        let names: std::collections::HashSet<_> = include_str!("../../../sentinel/fields.toml")
            .lines()
            .filter(|l| l.contains("secret = true"))
            .filter_map(|l| l.strip_prefix('"')?.split('"').next())
            .collect();
        (names.iter().fold(0, |bits, n| bits | mark(n)), names)
    });
    marks & mark(name) != 0 && names.contains(name)
}

/// A bit for the length of a name and its last octet.
fn mark(name: &str) -> u64 {
    let last = name.as_bytes().last().map_or(0, |b| usize::from(*b));
    1 << ((name.len().wrapping_mul(7) + last) & 63)
}

/// Names of times among the fields: written as RFC 3339, held as microseconds.
fn is_time(name: &str) -> bool {
    matches!(name, "event.start" | "event.end")
}

fn write_value(out: &mut Vec<u8>, v: &Val) {
    use crate::json;
    match v {
        Val::Int(v) => json::int(out, *v),
        Val::Float(v) => json::float(out, *v),
        Val::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
        Val::Str(s) => json::string(out, s),
        Val::Static(s) => json::string(out, s),
        Val::List(l) => {
            let mut a = json::List::array(out);
            l.iter().for_each(|v| write_value(a.item(), v));
            a.end();
        }
    }
}

/// Writes an event as one flat ECS document.
pub fn write(out: &mut Vec<u8>, e: &crate::obs::StoredEvent, source: &str, tag: bool, reveal: bool) {
    let head = Head { time: e.at.time, id: e.id, frame: e.at.frame, source, record: tag.then_some("event") };
    write_flat(out, &head, e.fields.iter().map(|(n, v)| (*n, v)), reveal);
}

/// What of an event is not among its fields.
pub struct Head<'a> {
    pub time: Micros,
    pub id: u128,
    /// Frame or line that is its evidence; 0 is none.
    pub frame: u64,
    /// Name of its source; empty is none.
    pub source: &'a str,
    /// With one, the document begins with a member `record` of that value.
    pub record: Option<&'a str>,
}

/// Writes an event of any origin as one flat ECS document; secrets are masked unless `reveal`.
pub fn write_flat<'a>(
    out: &mut Vec<u8>,
    head: &Head<'_>,
    fields: impl Iterator<Item = (&'a str, &'a Val)>,
    reveal: bool,
) {
    let mut o = crate::json::List::object(out);
    if let Some(record) = head.record {
        o.str("record", record);
    }
    o.time("@timestamp", head.time);
    let id = o.key("event.id");
    id.push(b'"');
    crate::json::hex128(id, head.id);
    id.push(b'"');
    for (name, value) in fields {
        match value {
            Val::Int(t) if is_time(name) => o.time(name, *t),
            _ if !reveal && is_secret(name) => o.str(name, MASK),
            _ => write_value(o.key(name), value),
        }
    }
    if head.frame != 0 {
        o.int("sentinel.frame", head.frame);
    }
    if !head.source.is_empty() {
        o.str("sentinel.source", head.source);
    }
    o.end();
}

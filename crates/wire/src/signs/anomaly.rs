//! Anomalies of one flow, told where they are seen (`sentinel.anomaly`).

use super::event::{Fields, Side, begin, push};
use crate::cx::Cx;
use crate::flow::Unit;
use crate::model::*;
use crate::obs::Observations;
use std::hash::{Hash, Hasher};

/// A message of a protocol that its probe could not read: once an hour for each (protocol, server
/// port, client, server); the rest is counted in `parse_errors`.
#[cold]
pub fn malformed(cx: &mut Cx<'_>) {
    if !cx.obs.events.on() {
        return;
    }
    let (by, to) = (*cx.end(cx.from), *cx.end(cx.from.other()));
    let mut h = rustc_hash::FxHasher::default();
    ("malformed", cx.protocol, by.addr, to.addr, cx.flow.server.port).hash(&mut h);
    if !cx.obs.events.once_an_hour(cx.at.time, h.finish()) {
        return;
    }
    let side = |e: crate::cx::End| Side::of(e.addr).port(e.port).mac(e.mac);
    let mut f = begin("sentinel.anomaly", "malformed", "error", cx.flow.vlan);
    side(by).put(&mut f, true);
    side(to).put(&mut f, false);
    f.push(("network.transport", Val::Static(cx.flow.transport.name())));
    f.push(("network.protocol", Val::Static(cx.protocol)));
    if let Some(id) = crate::flow::community_id(cx.flow) {
        f.push(("network.community_id", Val::from(id)));
    }
    f.push(("event.reason", Val::from(format!("a message that is no {}", cx.protocol))));
    let at = cx.at;
    push(cx.obs, at, at.time, (cx.protocol, side(by), side(to)), f);
}

fn of_flow(action: &'static str, src: Side, dst: Side, u: &Unit<'_>) -> Fields {
    let mut f = begin("sentinel.anomaly", action, "info", u.vlan);
    src.put(&mut f, true);
    dst.put(&mut f, false);
    f.push(("network.transport", Val::Static("tcp")));
    f
}

/// A TCP segment came again with other octets: someone else speaks for its sender.
#[cold]
pub fn overlap(obs: &mut Observations, src: Side, dst: Side, u: &Unit<'_>) {
    let mut f = of_flow("tcp-overlap", src, dst, u);
    f.push(("sentinel.anomaly.sequence", Val::from(u.seq)));
    f.push(("event.reason", Val::Static("a segment was sent twice with different contents")));
    push(obs, u.at, u.at.time, (src, dst, u.seq), f);
}

/// A reset whose TTL is not that of its sender.
#[cold]
pub fn ttl(obs: &mut Observations, src: Side, dst: Side, u: &Unit<'_>, usual: u8) {
    let mut f = of_flow("odd-ttl", src, dst, u);
    f.push(("sentinel.anomaly.ttl", Val::from(u.ttl)));
    f.push(("sentinel.anomaly.usual_ttl", Val::from(usual)));
    let said = format!("a reset with TTL {} where its sender has {usual}", u.ttl);
    f.push(("event.reason", Val::from(said)));
    push(obs, u.at, u.at.time, (src, dst, u.seq), f);
}

/// Fragments that contradict each other or cannot be, since the last hand-over of their kind.
#[cold]
pub fn fragments(
    obs: &mut Observations,
    at: Stamp,
    vlan: u16,
    ends: (HostAddr, HostAddr),
    action: &'static str,
) {
    let mut f = begin("sentinel.anomaly", action, "info", vlan);
    Side::of(ends.0).put(&mut f, true);
    Side::of(ends.1).put(&mut f, false);
    let said = match action {
        "fragment-overlap" => "fragments of one datagram overlap with different contents",
        _ => "a fragment that no datagram can hold",
    };
    f.push(("event.reason", Val::Static(said)));
    push(obs, at, at.time, (ends, at.frame), f);
}

/// A packet older than those before it in its source.
#[cold]
pub fn time_back(obs: &mut Observations, at: Stamp, back: Micros) {
    let mut f = begin("sentinel.anomaly", "time-back", "info", 0);
    f.push(("sentinel.anomaly.seconds", Val::Float(back as f64 / 1e6)));
    let said = format!("packet time goes back by {:.3} s", back as f64 / 1e6);
    f.push(("event.reason", Val::from(said)));
    push(obs, at, at.time, at.frame, f);
}

//! What a line tells about the network, put where the findings of probes go.

use crate::doing::Doing;
use crate::ends::{Side as EndOf, as_text, get, int, ip, mac, port, text, transport};
use crate::line::Line;
use crate::protocol;
use crate::tables::Known;
use sentinel_wire::cx::{Cx, FlowMeta};
use sentinel_wire::events::Injector;
use sentinel_wire::flow::Chunk;
use sentinel_wire::model::*;
use sentinel_wire::obs::{BindKind, ConvKey, ConvStat, HostId, HostKey, Observations, ServiceKey};
use std::net::IpAddr;

/// Takes what a line tells.
pub fn observe(to: &mut Injector, line: &Line, known: &Known) {
    let at = Stamp { time: line.time, frame: line.number, source: line.source };
    single(&mut to.obs, line, at);
    let Some(mut meta) = line.ends.flow() else { return };
    let Some(ends) = hosts(&mut to.obs, line, &mut meta) else { return };
    conversation(&mut to.obs, line, &meta, ends, at);
    let from = if line.ends.by_server { Side::Server } else { Side::Client };
    let tells = line.doing.is_some() || line.entry.is_some() || !known.facts.is_empty();
    let named =
        line.dataset.ends_with(".ssh") || line.dataset.ends_with(".ssl") || line.dataset.ends_with(".tls");
    if !(tells || named) {
        return;
    }
    let order = (line.number, 0);
    let chunk = Chunk { flow: 0, entry: 0, from, at, order, gap: 0, data: Vec::new(), end: false, meta };
    to.with(&chunk, line.protocol.unwrap_or("log"), |cx| {
        if let Some(doing) = &line.doing {
            operation(cx, doing);
        }
        credential(cx, line);
        for fact in &known.facts {
            let Some(value) = text(&line.raw, fact.field).filter(|v| !v.is_empty() && *v != "(empty)") else {
                continue;
            };
            match fact.of {
                "client" => cx.fact(Side::Client, fact.name, value, fact.field),
                "server" => cx.fact(Side::Server, fact.name, value, fact.field),
                "sender" => cx.fact(from, fact.name, value, fact.field),
                other => {
                    let host = other.strip_prefix('@').and_then(|f| text(&line.raw, f)).and_then(ip);
                    if let Some(host) = host.and_then(|h| cx.host_ip(h)) {
                        cx.own_fact(host, fact.name, value, fact.field);
                    }
                }
            }
        }
        if named {
            for (property, fields) in SERVICE {
                if let Some(value) = fields.iter().find_map(|f| text(&line.raw, f)) {
                    cx.service_info(property, value);
                }
            }
        }
    });
}

/// Properties of the service that a handshake's line names.
const SERVICE: &[(&str, &[&str])] = &[
    ("version", &["ssh.server.software_version", "server"]),
    ("tls.version", &["tls.version", "version"]),
    ("tls.ja3s", &["tls.ja3s.hash", "ja3s"]),
];

fn group(a: HostAddr) -> bool {
    match a {
        HostAddr::Ip(IpAddr::V4(a)) => a.is_multicast() || a.is_broadcast() || a.is_unspecified(),
        HostAddr::Ip(IpAddr::V6(a)) => a.is_multicast() || a.is_unspecified(),
        HostAddr::Mac(m) => !m.is_device(),
    }
}

/// Numbers both hosts and notes when they were seen.
fn hosts(obs: &mut Observations, line: &Line, meta: &mut FlowMeta) -> Option<(HostId, HostId)> {
    let flows = line.dataset == "zeek.conn" || line.dataset == "suricata.flow";
    let count = |ours: &[&str]| -> u64 {
        let all = ours.iter().filter_map(|f| int(&line.raw, f)).find(|n| *n >= 0);
        all.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
    };
    let sent = [count(&["orig_pkts", "flow.pkts_toserver"]), count(&["resp_pkts", "flow.pkts_toclient"])];
    let packets = sent.iter().fold(0u64, |a, b| a.saturating_add(*b));
    let bytes = count(&["orig_ip_bytes", "orig_bytes", "flow.bytes_toserver"]).saturating_add(count(&[
        "resp_ip_bytes",
        "resp_bytes",
        "flow.bytes_toclient",
    ]));
    let mut ids = [HostId(0); 2];
    for (n, end) in [&mut meta.client, &mut meta.server].into_iter().enumerate() {
        end.host = obs.host(HostKey::new(meta.vlan, end.addr))?;
        if let Some(slot) = ids.get_mut(n) {
            *slot = end.host;
        }
        let Some((_, stat)) = obs.hosts.get_mut(end.host.0 as usize) else { continue };
        let spoke = match flows {
            true => sent.get(n).is_some_and(|p| *p > 0),
            // a protocol's log is of an exchange; anything else is only its sender's
            false => (n == 1) == line.ends.by_server || (line.protocol.is_some() && line.alert.is_none()),
        };
        stat.sent |= spoke && !group(end.addr);
        stat.group |= group(end.addr);
        stat.first = stat.first.min(line.start.unwrap_or(line.time));
        stat.last = stat.last.max(line.time);
        if flows {
            stat.packets = stat.packets.saturating_add(packets);
            stat.bytes = stat.bytes.saturating_add(bytes);
        }
    }
    let add = ConvStat {
        packets: if flows { packets } else { 0 },
        bytes: if flows { bytes } else { 0 },
        first: line.start.unwrap_or(line.time),
        last: line.time,
    };
    let key = ConvKey {
        client: meta.client.host,
        server: meta.server.host,
        protocol: line.protocol.unwrap_or(""),
        transport: meta.transport,
        port: meta.server.port,
    };
    // what alerts and the like say of who talks to whom, flows say with counters
    if flows || line.protocol.is_some() || line.alert.is_some() {
        obs.conversation(key, add);
    }
    let [client, server] = ids;
    Some((client, server))
}

fn conversation(obs: &mut Observations, line: &Line, meta: &FlowMeta, ends: (HostId, HostId), at: Stamp) {
    let key = |protocol, host, offered| ServiceKey {
        host,
        port: meta.server.port,
        transport: meta.transport,
        protocol,
        offered,
    };
    let accepted = || {
        let state = text(&line.raw, "conn_state").or_else(|| text(&line.raw, "flow.state"));
        let answered = ["SF", "S1", "S2", "S3", "RSTO", "RSTR", "established", "closed"];
        meta.transport == Transport::Tcp && state.is_some_and(|s| answered.contains(&s))
    };
    // an alert's protocol was identified too, but on one side perhaps
    match line.protocol {
        Some(protocol) if line.alert.is_none() && meta.server.port != 0 && !group(meta.server.addr) => {
            obs.service(key(protocol, ends.1, true), 100, at);
            obs.service(key(protocol, ends.0, false), 100, at);
        }
        None if (line.dataset == "zeek.conn" || line.dataset == "suricata.flow") && accepted() => {
            obs.service(key("", ends.1, true), 0, at);
        }
        _ => {}
    }
    for side in [&line.ends.client, &line.ends.server] {
        let dhcp = line.dataset == "zeek.dhcp";
        bind(obs, side, meta.vlan, if dhcp { BindKind::Declared } else { BindKind::Frame }, at);
    }
}

fn bind(obs: &mut Observations, side: &EndOf, vlan: u16, kind: BindKind, at: Stamp) {
    let (Some(mac), Some(ip)) = (side.mac.filter(|m| m.is_device()), side.ip) else { return };
    if group(HostAddr::Ip(ip)) {
        return;
    }
    let mac = obs.host(HostKey::new(0, HostAddr::Mac(mac)));
    let ip = obs.host(HostKey::new(vlan, HostAddr::Ip(ip)));
    if let (Some(mac), Some(ip)) = (mac, ip) {
        obs.bind(mac, ip, kind, at);
    }
}

fn operation(cx: &mut Cx<'_>, d: &Doing) {
    let mut op = Op::new(d.action, &d.name).protocol(d.protocol).outcome(d.outcome);
    op.code = d.code;
    op.unit = d.unit.as_deref();
    op.address = d.address;
    op.space = d.space.as_deref();
    op.target = d.target.as_deref();
    op.value = d.value.clone();
    op.exception = d.exception.as_ref().map(|(code, name)| (*code, name.as_str()));
    op.by = cx.from();
    cx.op(op);
}

fn credential(cx: &mut Cx<'_>, line: &Line) {
    let Some(e) = line.entry.as_ref().filter(|e| e.user.is_some() || e.secret.is_some()) else { return };
    let mut c = Cred::new(e.kind).protocol(e.protocol).outcome(e.outcome);
    c.username = e.user.as_deref();
    c.secret = e.secret.as_deref();
    c.cleartext = e.secret.is_some();
    cx.credential(c);
}

/// Logs about one host: what runs on it, what it offers, that it is there.
fn single(obs: &mut Observations, line: &Line, at: Stamp) {
    let raw = &line.raw;
    let own = ["zeek.known_hosts", "zeek.known_services", "zeek.software", "zeek.known_devices", "zeek.dhcp"];
    if !own.contains(&line.dataset) {
        return;
    }
    if line.dataset == "zeek.dhcp" {
        // the address it was given is what belongs to its hardware address
        let given = text(raw, "assigned_addr").or_else(|| text(raw, "client_addr")).and_then(ip);
        let side = EndOf { ip: given, mac: text(raw, "mac").and_then(mac), port: 0 };
        bind(obs, &side, line.ends.vlan, BindKind::Declared, at);
        return;
    }
    let address = text(raw, "host").and_then(ip).map(HostAddr::Ip);
    let address = address.or_else(|| text(raw, "mac").and_then(mac).map(HostAddr::Mac));
    let Some(address) = address.filter(|a| !group(*a)) else { return };
    let Some(host) = obs.host(HostKey::new(line.ends.vlan, address)) else { return };
    if let Some((_, stat)) = obs.hosts.get_mut(host.0 as usize) {
        stat.sent = true;
        stat.first = stat.first.min(line.time);
        stat.last = stat.last.max(line.time);
    }
    if let Some(list) = get(raw, "service") {
        let words: Vec<&str> = match list {
            Val::List(l) => l.iter().filter_map(as_text).collect(),
            one => as_text(one).into_iter().collect(),
        };
        let found = words.iter().find_map(|w| protocol::named(w));
        let key = ServiceKey {
            host,
            port: port(int(raw, "port_num")),
            transport: text(raw, "port_proto").and_then(transport).unwrap_or(Transport::Tcp),
            protocol: found.unwrap_or(""),
            offered: true,
        };
        obs.service(key, if found.is_some() { 100 } else { 0 }, at);
    }
    if line.dataset == "zeek.software" {
        let shown = text(raw, "unparsed_version").or_else(|| text(raw, "name"));
        let system = text(raw, "software_type").is_some_and(|t| t.starts_with("OS::"));
        if let Some(shown) = shown {
            let name = if system { "os" } else { "software" };
            obs.fact(host, name, shown, "zeek", "software", true, at);
        }
    }
}

//! One source asks many: sweeps over hosts, scans over ports, by what was not answered.
//!
//! Counted per source and transport in aligned minutes. That many are asked is not enough: browsers,
//! pollers and resolvers do so too and are answered, so at least half must go without. Flag scans
//! (FIN, NULL, Xmas: no TCP opens so) need no count of answers.

use super::event::{Side, begin, push};
use super::{Note, Opening, WINDOW};
use crate::flow::{ACK, FIN, PSH, RST, SYN, is_one};
use crate::model::*;
use crate::obs::Observations;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Stands for ARP and NDP where a transport is told by its IP protocol number.
pub const RESOLUTION: u8 = 255;
/// Hosts asked for one port, or ports of one host, that are a scan.
const MANY: usize = 15;
/// Hosts elsewhere asked for one port: time, names and pages are asked of many there, and captures of
/// one direction show no answers.
const MANY_FAR: usize = 60;
/// Addresses whose owner is asked for that are a sweep: routers ask for some too.
const MANY_OWNERS: usize = 24;
/// Openings with flags that no stack sends which are a scan.
const MANY_ODD: usize = 4;
/// Targets kept of one source and window; more are counted only.
const MAX_TARGETS: usize = 2048;
/// Targets kept in all, and sources.
const MAX_HELD: usize = 1 << 17;
const MAX_SOURCES: usize = 1 << 13;
/// Forms of one source told in a window.
const MAX_TOLD: usize = 16;

const URG: u8 = 32;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// How a source asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
enum How {
    Tcp,
    Udp,
    Icmp,
    Resolution,
    Fin,
    Null,
    Xmas,
}

impl How {
    fn name(self) -> &'static str {
        match self {
            How::Tcp => "tcp",
            How::Udp => "udp",
            How::Icmp => "icmp-echo",
            How::Resolution => "address-resolution",
            How::Fin => "tcp-fin",
            How::Null => "tcp-null",
            How::Xmas => "tcp-xmas",
        }
    }
    fn of(proto: u8) -> Option<How> {
        match proto {
            6 => Some(How::Tcp),
            17 => Some(How::Udp),
            1 | 58 => Some(How::Icmp),
            RESOLUTION => Some(How::Resolution),
            _ => None,
        }
    }
    fn odd(self) -> bool {
        matches!(self, How::Fin | How::Null | How::Xmas)
    }
    fn transport(self) -> Option<&'static str> {
        match self {
            How::Udp => Some("udp"),
            How::Icmp => Some("icmp"),
            How::Resolution => None,
            _ => Some("tcp"),
        }
    }
}

/// What a scan goes over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
enum Form {
    /// Many ports of one host.
    Ports(IpAddr),
    /// Many hosts, one port.
    Hosts(u16),
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Answers {
    asked: u32,
    accepted: u32,
    refused: u32,
}

/// One source in one window.
#[derive(Serialize, Deserialize)]
struct Source {
    window: i64,
    first: Stamp,
    last: Micros,
    mac: Option<Mac>,
    /// By (host, port): 0 asked, 1 accepted, 2 refused.
    #[serde(with = "crate::saved::pairs")]
    targets: Map<(IpAddr, u16), u8>,
    #[serde(with = "crate::saved::pairs")]
    hosts: Map<IpAddr, Answers>,
    #[serde(with = "crate::saved::pairs")]
    ports: Map<u16, Answers>,
    attempts: u64,
    /// Asked of how many when told.
    #[serde(with = "crate::saved::pairs")]
    told: Map<Form, u32>,
}

/// See the module.
#[derive(Default, Serialize, Deserialize)]
pub struct Fanout {
    #[serde(with = "crate::saved::pairs")]
    sources: Map<(u16, IpAddr, How), Source>,
    held: usize,
}

impl Fanout {
    pub fn opened(&mut self, obs: &mut Observations, n: &Note, o: &Opening) {
        let how = match o.proto {
            6 => match o.flags & (FIN | SYN | RST | PSH | ACK | URG) {
                SYN => How::Tcp,
                FIN => How::Fin,
                0 => How::Null,
                f if f == FIN | PSH | URG => How::Xmas,
                _ => return,
            },
            17 => How::Udp,
            1 if o.flags == 8 => How::Icmp,
            58 if o.flags == 128 => How::Icmp,
            _ => return,
        };
        // a reply to what was asked before the capture began, as far as ports tell
        if how == How::Udp && o.src_port < 1024 && o.dst_port >= 1024 {
            return;
        }
        let port = if how == How::Icmp { 0 } else { o.dst_port };
        self.ask(obs, n, (o.src, o.macs.map(|m| m.0)), how, (o.dst, port));
    }

    /// The owner of an address is asked for.
    pub fn asked(&mut self, obs: &mut Observations, n: &Note, mac: Mac, by: IpAddr, ip: IpAddr) {
        if by != ip {
            self.ask(obs, n, (by, Some(mac)), How::Resolution, (ip, 0));
        }
    }

    fn ask(
        &mut self,
        obs: &mut Observations,
        n: &Note,
        (src, mac): (IpAddr, Option<Mac>),
        how: How,
        target: (IpAddr, u16),
    ) {
        if !is_one(target.0) || !is_one(src) {
            return;
        }
        let window = n.at.time.div_euclid(WINDOW);
        let key = (n.vlan, src, how);
        if let Some(old) = self.sources.get(&key)
            && old.window < window
            && let Some(old) = self.sources.remove(&key)
        {
            self.end(obs, key, old, n.at.time);
        }
        if self.sources.len() >= MAX_SOURCES && !self.sources.contains_key(&key) {
            return obs.count("scan_sources");
        }
        let s = self.sources.entry(key).or_insert_with(|| Source {
            window,
            first: n.at,
            last: n.at.time,
            mac,
            targets: Map::default(),
            hosts: Map::default(),
            ports: Map::default(),
            attempts: 0,
            told: Map::default(),
        });
        s.attempts += 1;
        s.last = s.last.max(n.at.time);
        if s.targets.contains_key(&target) {
            return;
        }
        if s.targets.len() >= MAX_TARGETS || self.held >= MAX_HELD {
            return obs.count("scan_targets");
        }
        s.targets.insert(target, 0);
        self.held += 1;
        s.hosts.entry(target.0).or_default().asked += 1;
        s.ports.entry(target.1).or_default().asked += 1;
        for form in s.forms(how, target) {
            tell(obs, key, s, form, n.at, false);
        }
    }

    pub fn answered(
        &mut self,
        n: &Note,
        asker: IpAddr,
        target: IpAddr,
        port: u16,
        proto: u8,
        accepted: bool,
    ) {
        let Some(how) = How::of(proto) else { return };
        let port = if how == How::Icmp { 0 } else { port };
        let Some(s) = self.sources.get_mut(&(n.vlan, asker, how)) else { return };
        let Some(state @ 0) = s.targets.get_mut(&(target, port)) else { return };
        *state = if accepted { 1 } else { 2 };
        for answers in [s.hosts.get_mut(&target), s.ports.get_mut(&port)].into_iter().flatten() {
            answers.accepted += u32::from(accepted);
            answers.refused += u32::from(!accepted);
        }
    }

    /// Ends the windows before `now`.
    pub fn flush(&mut self, obs: &mut Observations, until: Micros, now: Micros) {
        let window = until.div_euclid(WINDOW);
        let mut over: Vec<_> =
            self.sources.iter().filter(|(_, s)| s.window < window).map(|(key, _)| *key).collect();
        over.sort_unstable();
        for key in over {
            if let Some(s) = self.sources.remove(&key) {
                self.end(obs, key, s, now);
            }
        }
    }

    fn end(&mut self, obs: &mut Observations, key: (u16, IpAddr, How), mut s: Source, now: Micros) {
        self.held = self.held.saturating_sub(s.targets.len());
        let mut told: Vec<(Form, u32)> = s.told.drain().collect();
        told.sort_unstable();
        for (form, then) in told {
            // only where there is more to say than was said at once
            if s.answers(form).asked > then {
                let at = Stamp { time: now, ..s.first };
                tell(obs, key, &mut s, form, at, true);
            }
        }
    }

    pub fn bytes(&self) -> usize {
        self.sources.allocation_size() + self.held * 3 * size_of::<(IpAddr, Answers)>()
    }
}

impl Source {
    fn answers(&self, form: Form) -> Answers {
        match form {
            Form::Ports(host) => self.hosts.get(&host).copied().unwrap_or_default(),
            Form::Hosts(port) => self.ports.get(&port).copied().unwrap_or_default(),
        }
    }
    /// What asking `target` made a scan, and was not told.
    fn forms(&self, how: How, target: (IpAddr, u16)) -> Vec<Form> {
        let many = match how {
            _ if how.odd() => MANY_ODD,
            How::Resolution => MANY_OWNERS,
            _ => MANY,
        } as u32;
        let mut out = Vec::new();
        for form in [Form::Ports(target.0), Form::Hosts(target.1)] {
            let a = self.answers(form);
            let far = matches!(form, Form::Hosts(_)) && !how.odd() && !super::is_inside(target.0);
            let many = if far { MANY_FAR as u32 } else { many };
            let unanswered = how.odd() || a.accepted.saturating_mul(2) <= a.asked;
            if a.asked >= many && unanswered && self.told.len() < MAX_TOLD && !self.told.contains_key(&form) {
                out.push(form);
            }
        }
        out
    }
}

fn tell(
    obs: &mut Observations,
    (vlan, src, how): (u16, IpAddr, How),
    s: &mut Source,
    form: Form,
    at: Stamp,
    last: bool,
) {
    let a = s.answers(form);
    s.told.insert(form, a.asked);
    let action = match (form, how) {
        (Form::Ports(_), _) => "port-scan",
        (_, How::Icmp) => "ping-sweep",
        (_, How::Resolution) => "address-sweep",
        _ => "host-sweep",
    };
    let mut f = begin("sentinel.scan", action, if last { "end" } else { "start" }, vlan);
    Side::of(src).mac(s.mac).put(&mut f, true);
    let (hosts, ports) = match form {
        Form::Ports(host) => {
            Side::of(host).put(&mut f, false);
            (1, a.asked)
        }
        Form::Hosts(port) => {
            if port != 0 {
                f.push(("destination.port", Val::from(port)));
            }
            (a.asked, u32::from(port != 0))
        }
    };
    if let Some(transport) = how.transport() {
        f.push(("network.transport", Val::Static(transport)));
    }
    f.push(("sentinel.scan.kind", Val::Static(how.name())));
    f.push(("sentinel.scan.hosts", Val::from(hosts)));
    f.push(("sentinel.scan.ports", Val::from(ports)));
    f.push(("sentinel.scan.accepted", Val::from(a.accepted)));
    f.push(("sentinel.scan.refused", Val::from(a.refused)));
    f.push(("sentinel.scan.attempts", Val::from(s.attempts)));
    f.push(("event.start", Val::Int(s.first.time)));
    f.push(("event.end", Val::Int(s.last)));
    let what = match form {
        Form::Ports(host) => format!("{} ports of {host}", a.asked),
        Form::Hosts(0) => format!("{} hosts", a.asked),
        Form::Hosts(port) => format!("port {port} of {} hosts", a.asked),
    };
    let reason = format!("{src} asked {what} by {} within a minute; {} answered", how.name(), a.accepted);
    f.push(("event.reason", Val::from(reason)));
    push(obs, at, at.time, (vlan, src, how, form, a.asked, last), f);
}

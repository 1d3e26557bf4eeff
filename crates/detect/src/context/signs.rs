//! What events of some protocols tell besides: restarts, and who has which address.

use super::Context;
use crate::context::clock::{HOUR, MINUTE, SECOND};
use crate::context::emit::Told;
use crate::context::enrich::Ends;
use crate::context::hosts::{HostId, NOBODY, Rival};
use crate::context::rhythm::Evidence;
use crate::context::roles::Signs;
use crate::context::view::{self, View};
use crate::event::Event;
use sentinel_wire::model::{HostAddr, Mac, Micros, Val};
use std::net::{IpAddr, Ipv4Addr};

/// A terminal's restart is told once in this time; DNP3 repeats it until the master clears it.
const ONCE: Micros = 10 * MINUTE;
/// A change of hardware address without a word from the old one for so long is a replacement.
const REPLACED: Micros = 10 * MINUTE;
/// A terminal that was there for so long had nothing to be cleared from before.
const SETTLED: Micros = MINUTE;
/// sysUpTime.0 (RFC 3418).
const UPTIME: &str = "1.3.6.1.2.1.1.3.0";

/// Hardware addresses that move between devices by design: VRRP (RFC 5798), HSRP, GLBP, CARP.
fn is_virtual(m: Mac) -> bool {
    let [a, b, c, d, e, _] = m.0;
    (a, b, c) == (0x00, 0x00, 0x5E)
        || (a, b, c, d, e) == (0x00, 0x00, 0x0C, 0x07, 0xAC)
        || (a, b, c) == (0x00, 0x07, 0xB4)
        || (a, b, c, d) == (0x00, 0x00, 0x0C, 0x9F)
}

/// Addresses that say nothing of their holder: link-local ones come and go.
fn is_lasting(addr: HostAddr) -> bool {
    match addr {
        HostAddr::Ip(IpAddr::V4(a)) => !a.is_link_local() && !a.is_loopback() && a != Ipv4Addr::UNSPECIFIED,
        HostAddr::Ip(IpAddr::V6(_)) => true,
        HostAddr::Mac(_) => false,
    }
}

fn any_is(v: Option<&Val>, wanted: &str) -> bool {
    match v {
        Some(Val::List(l)) => l.iter().any(|v| any_is(Some(v), wanted)),
        Some(Val::Str(s)) => **s == *wanted,
        Some(Val::Static(s)) => *s == wanted,
        _ => false,
    }
}

impl Context {
    pub(super) fn read_signs(
        &mut self,
        signs: Signs,
        v: &View,
        ends: &Ends,
        e: &Event,
        extra: &mut Vec<Event>,
    ) {
        let action = e.text("event.action").unwrap_or_default();
        let source = if ends.swapped { ends.server } else { ends.client };
        match signs {
            Signs::None => {}
            Signs::Arp => {
                let ip = e.text("arp.sender.ip").and_then(view::ip);
                let mac = e.text("arp.sender.mac").and_then(view::mac);
                if let (Some(ip), Some(mac)) = (ip, mac)
                    && matches!(action, "claim" | "announcement")
                {
                    self.claim(v.vlan, ip, mac, e, extra);
                }
            }
            Signs::Dhcp => self.lease(v, action, e, extra),
            Signs::Dnp3 => self.restart_bit(source, ends.server, action, e, extra),
            Signs::Iec104 => {
                if action == "m_ei_na_1" {
                    self.restart(source, 0.9, "it reports the end of its initialization", e, extra);
                }
            }
            Signs::Snmp => {
                let trap = e.text("snmp.trap.generic").unwrap_or_default();
                if matches!(trap, "cold_start" | "warm_start") {
                    self.restart(source, 0.9, "it sends the trap of a start", e, extra);
                }
                self.uptime(ends.server, e, extra);
            }
        }
    }
    /// DNP3's restart indication (IEEE 1815, 4.2.2.7.9) stays until the master clears it, which some
    /// never do: what counts is that it comes up, or is cleared at a terminal that was there before.
    fn restart_bit(&mut self, by: HostId, server: HostId, action: &str, e: &Event, extra: &mut Vec<Event>) {
        let now = self.clock.watch;
        if action == "write_internal_indications" {
            let Some(host) = self.hosts.get_mut(server) else { return };
            let settled = host.heard != Micros::MIN && now.saturating_sub(host.first) > SETTLED;
            if settled && host.restart_bit != Some(true) {
                self.restart(server, 0.7, "its master clears the restart indication", e, extra);
            }
        } else if e.get("dnp3.iin").is_some() {
            let set = any_is(e.get("dnp3.indications"), "device_restart");
            let Some(host) = self.hosts.get_mut(by) else { return };
            if host.restart_bit.replace(set) == Some(false) && set {
                self.restart(by, 0.9, "its restart indication came up", e, extra);
            }
        }
    }
    /// An agent's uptime that went back: it began anew. It wraps after 497 days.
    fn uptime(&mut self, id: HostId, e: &Event, extra: &mut Vec<Event>) {
        let (Some(Val::List(names)), Some(Val::List(values))) =
            (e.get("snmp.variables"), e.get("snmp.values"))
        else {
            return;
        };
        let Some(at) = names.iter().position(|n| any_is(Some(n), UPTIME)) else { return };
        let now = match values.get(at) {
            Some(Val::Int(v)) => *v,
            Some(Val::Str(s)) => s.parse().unwrap_or(-1),
            _ => -1,
        };
        let Some(host) = self.hosts.get_mut(id).filter(|_| now >= 0) else { return };
        let before = std::mem::replace(&mut host.uptime, now);
        if now < before && before < i64::from(u32::MAX) - 360_000 {
            self.restart(id, 0.9, "its uptime went back", e, extra);
        }
    }
    fn restart(&mut self, id: HostId, confidence: f64, why: &str, e: &Event, extra: &mut Vec<Event>) {
        let now = self.clock.watch;
        let Some(host) = self.hosts.get_mut(id) else { return };
        let quiet = host.restarted == Micros::MIN || now.saturating_sub(host.restarted) > ONCE;
        host.restarted = now;
        if !quiet {
            return;
        }
        let key = host.key;
        let told = Told {
            dataset: "sentinel.availability",
            action: "restart",
            time: e.time,
            source: None,
            destination: Some(key),
            protocol: e.text("network.protocol").unwrap_or_default(),
            reason: format!("{} restarted: {why}", key.addr),
            confidence,
            evidence: Evidence { id: e.id, frame: e.frame, source: e.source, time: e.time },
            more: Vec::new(),
        };
        self.tell(told, extra);
    }
    /// A lease, or the search for one: terminals look for one when they start.
    fn lease(&mut self, v: &View, action: &str, e: &Event, extra: &mut Vec<Event>) {
        let Some(mac) = e.text("dhcp.client_mac").and_then(view::mac).filter(|m| m.is_device()) else {
            return;
        };
        let id = self.host(v.vlan, HostAddr::Mac(mac), true);
        let Some(host) = self.hosts.get_mut(id) else { return };
        host.leased = true;
        let claims = host.claims;
        let settled = self.clock.watch.saturating_sub(host.first) > REPLACED;
        if action == "discover" && settled {
            let terminal = claims.map_or(NOBODY, |ip| self.host(v.vlan, ip, false));
            if self.hosts.get(terminal).is_some_and(|h| h.shown.serves.is_some()) {
                self.restart(terminal, 0.6, "it looks for an address anew", e, extra);
            }
        }
        if action == "ack"
            && let Some(ip) = e.text("dhcp.assigned_ip").and_then(view::ip)
        {
            let holder = self.host(v.vlan, ip, true);
            if let Some(host) = self.hosts.get_mut(holder) {
                (host.mac, host.rival) = (Some(mac), None); // a lease moves an address by right
            }
            if let Some(host) = self.hosts.get_mut(id) {
                host.claims = Some(ip);
            }
        }
    }
    /// A hardware address says that it has an IP address.
    fn claim(&mut self, vlan: u16, ip: HostAddr, mac: Mac, e: &Event, extra: &mut Vec<Event>) {
        if !mac.is_device() || is_virtual(mac) || !is_lasting(ip) {
            return;
        }
        let now = self.clock.watch;
        let holder = self.host(vlan, ip, true);
        self.hear(holder, self.clock.watched(e.time), e, extra);
        let Some(host) = self.hosts.get_mut(holder) else { return };
        match host.mac {
            None => host.mac = Some(mac),
            Some(old) if old == mac => self.clash(holder, mac, e, extra),
            Some(_) if host.rival.is_none_or(|r| r.mac != mac) => {
                host.rival = Some(Rival { mac, since: now })
            }
            Some(_) => {}
        }
        let id = self.host(vlan, HostAddr::Mac(mac), true);
        let Some(device) = self.hosts.get_mut(id) else { return };
        let (old, settled) = (device.claims, now.saturating_sub(device.first) > REPLACED);
        if old == Some(ip) {
            return;
        }
        device.claims = Some(ip);
        device.claimed = device.claimed.saturating_add(1);
        // a device of several addresses shows them early on, a client of DHCP moves by right
        if device.claimed != 2 || device.leased || !settled {
            return;
        }
        let Some(old) = old else { return };
        let before = self.host(vlan, old, false);
        if self.hosts.get(before).is_some_and(|h| now.saturating_sub(h.heard) < MINUTE) {
            return; // it still has the other one
        }
        let Some(key) = self.hosts.get(holder).map(|h| h.key) else { return };
        let told = Told {
            dataset: "sentinel.availability",
            action: "address-change",
            time: e.time,
            source: Some(key),
            destination: None,
            protocol: "arp",
            reason: format!("{mac} had {old} and now claims {ip}"),
            confidence: 0.6,
            evidence: Evidence { id: e.id, frame: e.frame, source: e.source, time: e.time },
            more: vec![
                ("source.mac", Val::from(mac.to_string())),
                ("sentinel.availability.former_ip", Val::from(old.to_string())),
            ],
        };
        self.tell(told, extra);
    }
    /// A host whose address another one claims sent something, with the hardware address in `field`:
    /// both live, or it was replaced.
    pub(super) fn rivalry(&mut self, id: HostId, field: &str, e: &Event, extra: &mut Vec<Event>) {
        let Some(rival) = self.hosts.get(id).and_then(|h| h.rival) else { return };
        let Some(mac) = e.text(field).and_then(view::mac) else { return };
        let settled = self.clock.watch.saturating_sub(rival.since) > REPLACED;
        let Some(host) = self.hosts.get_mut(id) else { return };
        if host.mac == Some(mac) {
            self.clash(id, mac, e, extra);
        } else if rival.mac == mac && settled {
            (host.mac, host.rival) = (Some(mac), None);
        }
    }
    /// The holder of an address lives while another claims it.
    fn clash(&mut self, id: HostId, mac: Mac, e: &Event, extra: &mut Vec<Event>) {
        let now = self.clock.watch;
        let Some(host) = self.hosts.get_mut(id) else { return };
        let Some(rival) = host.rival else { return };
        // what was on its way when the other one spoke proves nothing
        if now.saturating_sub(rival.since) < SECOND {
            return;
        }
        let quiet = host.clashed == Micros::MIN || now.saturating_sub(host.clashed) > HOUR;
        host.clashed = now;
        if !quiet {
            return;
        }
        let key = host.key;
        let told = Told {
            dataset: "sentinel.availability",
            action: "duplicate-address",
            time: e.time,
            source: Some(key),
            destination: None,
            protocol: "arp",
            reason: format!("{} is claimed by {} while {mac} still uses it", key.addr, rival.mac),
            confidence: 0.8,
            evidence: Evidence { id: e.id, frame: e.frame, source: e.source, time: e.time },
            more: vec![
                ("source.mac", Val::from(rival.mac.to_string())),
                ("sentinel.availability.other_mac", Val::from(mac.to_string())),
            ],
        };
        self.tell(told, extra);
    }
}

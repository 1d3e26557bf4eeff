//! What the first packet of a connection shows of the stack that made it, as a fact of its host.
//!
//! The signature is text of five parts, `ttl:options:window:scale:quirks`, as `64:MSTNW:mss*44:7:D`: the
//! initial TTL (the next of 32, 64, 128, 255), the kinds of options in their order
//! ([`Stack::layout`]), the window ([`Stack::span`]), the window scale or `-`, and D for "don't fragment", Z for
//! an identification of zero, E for explicit congestion notification. What systems send such stands in
//! `sentinel/inventory/data/stacks.tsv`. The idea is that of p0f (Zalewski); its data is not used.

use super::Unit;
use super::shard::{ACK, FIN, RST, SYN};
use crate::obs::{HostId, Observations};
use crate::signs::Stack;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Signatures kept of one host: a stack has one or two, what crafts packets has any number.
const MAX_OF_HOST: u8 = 6;
/// Hosts counted at a time; beyond, counting begins anew.
const MAX_HOSTS: usize = 1 << 14;
/// Frames of common links carry so many octets of IP.
const ETHERNET: u16 = 1500;

/// Signatures by host.
#[derive(Default)]
pub(crate) struct Counted(HashMap<HostId, (u8, [u32; MAX_OF_HOST as usize]), FxBuildHasher>);

impl Counted {
    /// False if the host showed too many others already.
    fn admits(&mut self, host: HostId, signature: &str) -> bool {
        let mut print = 0u32;
        for b in signature.bytes() {
            print = print.wrapping_mul(31).wrapping_add(u32::from(b));
        }
        if self.0.len() >= MAX_HOSTS && !self.0.contains_key(&host) {
            self.0.clear();
        }
        let (count, prints) = self.0.entry(host).or_default();
        if prints.iter().take(usize::from(*count)).any(|p| *p == print) {
            return true;
        }
        match prints.get_mut(usize::from(*count)) {
            Some(place) => {
                *place = print;
                *count += 1;
                true
            }
            None => false,
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.len()
    }
}

fn quirks(u: &Unit<'_>) -> String {
    let ip = u.head.ip();
    let mut out = String::new();
    if u.kind == 4 {
        let dont = ip.get(6).is_some_and(|b| b & 0x40 != 0);
        if dont {
            out.push('D');
        }
        if ip.get(4..6) == Some(&[0, 0]) {
            out.push('Z');
        }
    }
    if u.flags & 0xc0 != 0 {
        out.push('E');
    }
    out
}

/// The signature of a SYN or SYN-ACK.
pub fn signature(u: &Unit<'_>, stack: &Stack) -> String {
    let initial = [32u8, 64, 128].into_iter().find(|i| u.ttl <= *i).unwrap_or(255);
    let scale = stack.scale.map_or_else(|| "-".to_owned(), |s| s.to_string());
    format!("{initial}:{}:{}:{scale}:{}", stack.layout(), stack.span(), quirks(u))
}

/// Notes what `u`, a SYN or a SYN-ACK, shows of `host`, who sent it.
pub(super) fn note(obs: &mut Observations, host: HostId, u: &Unit<'_>) {
    if u.flags & (SYN | FIN | RST) != SYN || u.head.octets.is_empty() {
        return;
    }
    let Some(stack) = Stack::read(u.head.transport()) else { return };
    let text = signature(u, &stack);
    let asked = u.flags & ACK == 0;
    if !obs.stacks.admits(host, &text) {
        return obs.count("stack_signatures");
    }
    let (name, field) = if asked { ("tcp_syn", "SYN") } else { ("tcp_syn_ack", "SYN-ACK") };
    obs.fact(host, name, &text, "tcp", field, true, u.at);
    // a link that carries less than Ethernet: PPPoE, a tunnel
    let header = if u.kind == 6 { 60 } else { 40 };
    let mtu = stack.mss.saturating_add(header);
    if asked && (1280..ETHERNET).contains(&mtu) {
        obs.fact(host, "mtu", &mtu.to_string(), "tcp", "SYN maximum segment size", true, u.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Head;
    use crate::model::Stamp;
    use crate::obs::{EventMode, HostKey, Limits};
    use std::net::IpAddr;

    fn syn<'a>(octets: &'a [u8], ttl: u8, flags: u8) -> Unit<'a> {
        Unit {
            at: Stamp { time: 1, frame: 1, source: 0 },
            order: 0,
            kind: 4,
            proto: 6,
            vlan: 0,
            ttl,
            ethertype: 0x800,
            src: [10; 16],
            dst: [11; 16],
            src_port: 40000,
            dst_port: 80,
            macs: None,
            seq: 1,
            ack: 0,
            flags,
            wire_len: 74,
            payload: &[],
            cut: 0,
            head: Head { octets, transport: 20, ..Head::default() },
        }
    }

    fn packet(window: u16, options: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 40];
        out[6] = 0x40;
        out[34..36].copy_from_slice(&window.to_be_bytes());
        out.extend(options);
        out
    }

    const LINUX: &[u8] = &[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 1, 2, 0, 0, 0, 0, 1, 3, 3, 7];
    const WINDOWS: &[u8] = &[2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2];

    fn said(u: &Unit<'_>) -> String {
        signature(u, &Stack::read(u.head.transport()).unwrap())
    }

    #[test]
    fn signatures() {
        let linux = packet(64240, LINUX);
        assert_eq!(said(&syn(&linux, 61, SYN)), "64:MSTNW:mss*44:7:DZ");
        let answer = packet(1448 * 20, LINUX);
        assert_eq!(said(&syn(&answer, 64, SYN | ACK)), "64:MSTNW:mss*20:7:DZ");
        let windows = packet(65535, WINDOWS);
        assert_eq!(said(&syn(&windows, 128, SYN | 0xc0)), "128:MNWNNS:65535:8:DZE");
        let bare = packet(4128, &[]);
        assert_eq!(said(&syn(&bare, 255, SYN)), "255::4128:-:DZ");
    }

    #[test]
    fn what_crafts_packets_fills_no_table() {
        let mut obs = Observations::new(Limits::default(), EventMode::None);
        for n in 0..100_000u32 {
            let [a, b, c, d] = (0x0a00_0000 + n % 50_000).to_be_bytes();
            let host = obs.host(HostKey::new(0, IpAddr::from([a, b, c, d]).into())).unwrap();
            let octets = packet((n % 65_536) as u16, LINUX);
            note(&mut obs, host, &syn(&octets, 64, SYN));
        }
        assert!(obs.stacks.len() <= MAX_HOSTS);
        let host = obs.host(HostKey::new(0, IpAddr::from([10, 9, 9, 9]).into())).unwrap();
        let before = obs.facts.len();
        for n in 0..1000u16 {
            let octets = packet(n, LINUX);
            note(&mut obs, host, &syn(&octets, 64, SYN));
        }
        assert!(obs.facts.len() - before <= usize::from(MAX_OF_HOST));
        assert!(obs.counters["stack_signatures"] > 0);
    }
}

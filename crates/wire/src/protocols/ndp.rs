//! Neighbor Discovery for IPv6 (RFC 4861): ICMPv6 types 133 to 137.

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::{BindKind, FieldVal};
use crate::probe::*;
use crate::signs::What;
use std::net::{IpAddr, Ipv6Addr};

pub static SPEC: Spec = Spec {
    name: "ndp",
    title: "Neighbor Discovery Protocol for IPv6",
    industrial: false,
    transports: &[Transport::Icmp],
    ports: &[],
    ethertypes: &[],
    rank: 10,
    identify,
    open: || Box::new(Ndp::default()),
    pdus: false,
    facts: &["role"],
    credentials: &[],
    operations: &[],
    source: "RFC 4861, RFC 8106; Wireshark as second reader",
    level: 5,
    proofs: &[],
};

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOR_SOLICITATION: u8 = 135;
const NEIGHBOR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

/// Claims and options remembered or shown.
const MAX_CLAIMS: usize = 16;

fn name(kind: u8) -> &'static str {
    match kind {
        ROUTER_SOLICITATION => "router_solicitation",
        ROUTER_ADVERTISEMENT => "router_advertisement",
        NEIGHBOR_SOLICITATION => "neighbor_solicitation",
        NEIGHBOR_ADVERTISEMENT => "neighbor_advertisement",
        _ => "redirect",
    }
}

/// One message: what stands before its options, and these.
struct Message<'a> {
    kind: u8,
    /// Flags of an advertisement, as they stand in its first octet.
    flags: u8,
    /// Hop limit and router lifetime in seconds, of a router advertisement.
    hop_limit: u8,
    lifetime: u16,
    target: Option<Ipv6Addr>,
    options: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(data: &'a [u8]) -> Option<Message<'a>> {
        let mut r = Reader::new(data);
        let (kind, code) = (r.u8()?, r.u8()?);
        r.be16()?;
        if code != 0 {
            return None;
        }
        let mut m = Message { kind, flags: 0, hop_limit: 0, lifetime: 0, target: None, options: &[] };
        match kind {
            ROUTER_SOLICITATION => r.skip(4)?,
            ROUTER_ADVERTISEMENT => {
                (m.hop_limit, m.flags, m.lifetime) = (r.u8()?, r.u8()?, r.be16()?);
                r.skip(8)?;
            }
            NEIGHBOR_SOLICITATION | NEIGHBOR_ADVERTISEMENT | REDIRECT => {
                m.flags = r.u8()?;
                r.skip(3)?;
                m.target = Some(Ipv6Addr::from(<[u8; 16]>::try_from(r.take(16)?).ok()?));
                if kind == REDIRECT {
                    r.skip(16)?;
                }
            }
            _ => return None,
        }
        m.options = r.rest();
        Some(m)
    }
    /// Options as (type, contents behind type and length).
    fn options(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut r = Reader::new(self.options);
        std::iter::from_fn(move || {
            let (kind, units) = (r.u8()?, r.u8()?);
            Some((kind, r.take((usize::from(units) * 8).checked_sub(2)?)?))
        })
    }
    /// The options fill the message to its end.
    fn is_whole(&self) -> bool {
        let used: usize = self.options().map(|(_, body)| body.len() + 2).sum();
        used == self.options.len()
    }
    fn link_address(&self, option: u8) -> Option<Mac> {
        let (_, body) = self.options().find(|(kind, _)| *kind == option)?;
        <[u8; 6]>::try_from(body).ok().map(Mac).filter(|m| m.is_device())
    }
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match Message::read(data) {
        Some(m) if m.is_whole() => Verdict::Strong(Role::Unknown),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Ndp {
    claims: Vec<(Mac, Ipv6Addr)>,
    /// Last router advertisement told, its checksum and lifetimes left out.
    advertised: Vec<u8>,
}

impl Probe for Ndp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let Some(m) = Message::read(data) else {
            // other ICMPv6 between the same two ends (echo, errors) is no concern of this probe
            return Ok(());
        };
        if cx.wants_pdus() {
            let f = fields(&m);
            cx.pdu(name(m.kind), f);
        }
        let side = cx.from();
        let HostAddr::Ip(source) = cx.end(side).addr else { return Ok(()) };
        let frame = cx.end(side).mac;
        if let (NEIGHBOR_SOLICITATION, Some(target), Some(mac)) = (m.kind, m.target, frame) {
            cx.sign(What::Asked { mac, by: source, ip: IpAddr::V6(target) });
        }
        match m.kind {
            NEIGHBOR_ADVERTISEMENT => {
                let Some(target) = m.target else { return Err(Malformed) };
                // a proxy advertises with a link address that is not its frame's
                if let Some(mac) = m.link_address(2).or(frame)
                    && frame.is_none_or(|f| f == mac)
                {
                    self.claim(cx, mac, target, &m);
                }
                if m.flags & 0x80 != 0
                    && let Some(host) = cx.host_ip(IpAddr::V6(target))
                {
                    cx.own_fact(host, "role", "router", "ndp.router_flag");
                }
            }
            NEIGHBOR_SOLICITATION | ROUTER_SOLICITATION | ROUTER_ADVERTISEMENT => {
                if let (Some(mac), IpAddr::V6(source)) = (m.link_address(1), source)
                    && !source.is_unspecified()
                    && frame.is_none_or(|f| f == mac)
                {
                    self.claim(cx, mac, source, &m);
                }
                if m.kind == ROUTER_ADVERTISEMENT {
                    self.router(cx, data, &m);
                }
            }
            _ => {
                if !cx.wants_pdus() && cx.wants_events() {
                    let f = fields(&m);
                    cx.event("redirect", "change", f);
                }
            }
        }
        if m.is_whole() { Ok(()) } else { Err(Malformed) }
    }
}

impl Ndp {
    fn claim(&mut self, cx: &mut Cx<'_>, mac: Mac, ip: Ipv6Addr, m: &Message<'_>) {
        // VRRP for IPv6 (RFC 9568, 7.3): several routers share it
        if !matches!(mac.0, [0, 0, 0x5e, 0, 2, _]) {
            cx.bind(mac, IpAddr::V6(ip), BindKind::Resolution);
        }
        let to = match cx.end(cx.from().other()).addr {
            HostAddr::Ip(to) => Some(to),
            HostAddr::Mac(_) => None,
        };
        // an answer is one that was asked for (RFC 4861, 4.4)
        let answer = m.kind == NEIGHBOR_ADVERTISEMENT && m.flags & 0x40 != 0;
        cx.sign(What::Claimed { mac, ip: IpAddr::V6(ip), to, answer });
        if self.claims.contains(&(mac, ip)) {
            return;
        }
        let conflict = self.claims.iter().any(|(m, a)| *a == ip && *m != mac);
        if self.claims.len() < MAX_CLAIMS {
            self.claims.push((mac, ip));
        }
        if cx.wants_events() {
            let mut f = fields(m);
            f.push(("ndp.claimed_ip", Val::from(ip.to_string())));
            f.push(("ndp.claimed_mac", Val::from(mac.to_string())));
            cx.event(if conflict { "address_conflict" } else { "claim" }, "info", f);
        }
    }

    /// A router speaks: told once, and again whenever it says something else.
    fn router(&mut self, cx: &mut Cx<'_>, data: &[u8], m: &Message<'_>) {
        if m.lifetime > 0 {
            cx.fact(cx.from(), "role", "router", "ndp.router_lifetime");
        }
        let told = data.get(4..).unwrap_or_default();
        if self.advertised != told {
            self.advertised.clear();
            self.advertised.extend_from_slice(told.get(..512).unwrap_or(told));
            if cx.wants_events() && !cx.wants_pdus() {
                let f = fields(m);
                cx.event("router_advertisement", "info", f);
            }
        }
    }
}

fn fields(m: &Message<'_>) -> Vec<(&'static str, FieldVal)> {
    let mut f: Vec<(&'static str, FieldVal)> =
        vec![("ndp.type", Val::from(m.kind)), ("ndp.type_name", Val::Static(name(m.kind)))];
    if let Some(target) = m.target {
        f.push(("ndp.target", Val::from(target.to_string())));
    }
    if m.kind == NEIGHBOR_ADVERTISEMENT {
        f.push(("ndp.router", Val::from(m.flags & 0x80 != 0)));
        f.push(("ndp.solicited", Val::from(m.flags & 0x40 != 0)));
        f.push(("ndp.override", Val::from(m.flags & 0x20 != 0)));
    }
    if m.kind == ROUTER_ADVERTISEMENT {
        f.push(("ndp.hop_limit", Val::from(m.hop_limit)));
        f.push(("ndp.router_lifetime", Val::from(m.lifetime)));
        f.push(("ndp.managed", Val::from(m.flags & 0x80 != 0)));
        f.push(("ndp.other_config", Val::from(m.flags & 0x40 != 0)));
    }
    let (mut prefixes, mut servers) = (Vec::new(), Vec::new());
    for (kind, body) in m.options().take(MAX_CLAIMS) {
        let v6 = |at: usize| {
            let b = body.get(at..at + 16)?;
            Some(Ipv6Addr::from(<[u8; 16]>::try_from(b).ok()?))
        };
        match kind {
            1 | 2 => {
                if let Ok(mac) = <[u8; 6]>::try_from(body) {
                    f.push(("ndp.link_address", Val::from(Mac(mac).to_string())));
                }
            }
            3 => {
                if let (Some(prefix), Some(length)) = (v6(14), body.first()) {
                    prefixes.push(Val::from(format!("{prefix}/{length}")));
                }
            }
            5 => {
                if let Some(mtu) = body.get(2..6).and_then(|b| <[u8; 4]>::try_from(b).ok()) {
                    f.push(("ndp.mtu", Val::from(u32::from_be_bytes(mtu))));
                }
            }
            // RDNSS (RFC 8106, 5.1)
            25 => servers.extend((6..body.len()).step_by(16).filter_map(v6).map(|a| Val::from(a.to_string()))),
            _ => {}
        }
    }
    if !prefixes.is_empty() {
        f.push(("ndp.prefixes", Val::from(prefixes)));
    }
    if !servers.is_empty() {
        f.push(("ndp.dns_servers", Val::from(servers)));
    }
    f
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{CLIENT_MAC, Dialogue, SERVER_MAC};
    use proptest::prelude::*;

    fn dialogue() -> Dialogue {
        Dialogue::new(&SPEC, Transport::Icmp, 0, false)
    }
    fn advertisement(flags: u8, last: u8, mac: Mac) -> Vec<u8> {
        let mut out = vec![136, 0, 0, 0, flags, 0, 0, 0, 0xfe, 0x80];
        out.extend([0; 13]);
        out.push(last);
        out.extend([2, 1]);
        out.extend(mac.0);
        out
    }
    fn router(lifetime: u8) -> Vec<u8> {
        let mut out = vec![134, 0, 0, 0, 64, 0x80, 0, lifetime, 0, 0, 0, 0, 0, 0, 0, 0];
        out.extend([3, 4, 64, 0xc0]);
        out.extend([0; 12]);
        out.extend([0x20, 1, 0x0d, 0xb8]);
        out.extend([0; 12]);
        out
    }

    #[test]
    fn an_advertisement_binds_its_target() {
        let seen = dialogue().server(&advertisement(0xe0, 7, SERVER_MAC)).end();
        assert_eq!(seen.obs.bindings.len(), 1);
        assert_eq!(seen.facts(), ["fe80::7 role=router"]);
        assert_eq!(seen.field(1, "event.action").as_deref(), Some("claim"));
    }

    #[test]
    fn a_proxy_binds_nothing() {
        let seen = dialogue().server(&advertisement(0x20, 7, Mac([2, 9, 9, 9, 9, 9]))).end();
        assert!(seen.obs.bindings.is_empty());
    }

    #[test]
    fn two_owners_are_a_conflict() {
        let seen = dialogue()
            .server(&advertisement(0x20, 7, SERVER_MAC))
            .client(&advertisement(0x20, 7, CLIENT_MAC))
            .end();
        assert_eq!(seen.field(3, "event.action").as_deref(), Some("address_conflict"));
    }

    #[test]
    fn routers_are_known_by_their_advertisements() {
        let seen = dialogue().server(&router(30)).server(&router(0)).end();
        assert_eq!(seen.facts(), ["server role=router"]);
        assert!(seen.field(0, "ndp.prefixes").unwrap().contains("2001:db8::/64"));
    }

    #[test]
    fn other_icmp_is_not_claimed() {
        let d = dialogue();
        assert_eq!(d.identify(true, &router(30)), Verdict::Strong(Role::Unknown));
        for other in [&b"\x08\x00\x12\x34\x00\x01\x00\x01abcdefgh"[..], b"\x80\x00\x00\x00\x00\x01\x00\x01"] {
            assert_eq!(d.identify(true, other), Verdict::No);
        }
        assert_eq!(d.identify(true, &router(30)[..20]), Verdict::No);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), kind in 133u8..138, at in 0usize..48, b: u8) {
            let mut bent = router(9);
            bent[at] = b;
            bent[0] = kind;
            let d = dialogue();
            d.identify(true, &bytes);
            d.client(&bytes).client(&bent).server(&bent[..at]).end();
        }
    }
}

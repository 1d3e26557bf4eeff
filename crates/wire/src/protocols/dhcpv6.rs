//! Dynamic Host Configuration Protocol for IPv6 (RFC 8415).

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::{BindKind, FieldVal, HostId};
use crate::probe::*;
use crate::protocols::{dns_message, enterprise, sysdescr};
use std::net::{IpAddr, Ipv6Addr};

pub static SPEC: Spec = Spec {
    name: "dhcpv6",
    title: "Dynamic Host Configuration Protocol for IPv6",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[546, 547],
    ethertypes: &[],
    rank: 42,
    identify,
    open: || Box::new(Dhcp6),
    pdus: false,
    facts: &["id:duid", "hostname", "vendor", "dhcp_vendor_class", "dhcp_user_class", "dhcp6_fingerprint"],
    credentials: &[],
    operations: &[],
    source: "RFC 8415, 4704, 4649, 6939; Wireshark as second reader",
    level: 5,
    proofs: &["arkime/wireshark-dhcpv6.pcap"],
};

const CLIENT_ID: u16 = 1;
const SERVER_ID: u16 = 2;
const IA_NA: u16 = 3;
const IA_TA: u16 = 4;
const IA_ADDRESS: u16 = 5;
const OPTION_REQUEST: u16 = 6;
const RELAY_MESSAGE: u16 = 9;
const STATUS: u16 = 13;
const USER_CLASS: u16 = 15;
const VENDOR_CLASS: u16 = 16;
const DNS_SERVERS: u16 = 23;
const IA_PD: u16 = 25;
const IA_PREFIX: u16 = 26;
const CLIENT_FQDN: u16 = 39;
const CLIENT_LINK_ADDRESS: u16 = 79;

/// Options of one message looked at; relays that may wrap one (RFC 8415, 7.6: HOP_COUNT_LIMIT 8).
const MAX_OPTIONS: usize = 128;
const MAX_RELAYS: usize = 8;

fn name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "solicit",
        2 => "advertise",
        3 => "request",
        4 => "confirm",
        5 => "renew",
        6 => "rebind",
        7 => "reply",
        8 => "release",
        9 => "decline",
        10 => "reconfigure",
        11 => "information_request",
        12 => "relay_forw",
        13 => "relay_repl",
        14 => "leasequery",
        15 => "leasequery_reply",
        _ => return None,
    })
}

fn options(data: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut r = Reader::new(data);
    std::iter::from_fn(move || {
        let (code, len) = (r.be16()?, r.be16()?);
        Some((code, r.take(usize::from(len))?))
    })
    .take(MAX_OPTIONS)
}

fn option(data: &[u8], wanted: u16) -> Option<&[u8]> {
    options(data).find(|(code, _)| *code == wanted).map(|(_, v)| v)
}

/// The options fill `data` to its end.
fn is_whole(data: &[u8]) -> bool {
    options(data).map(|(_, v)| v.len() + 4).sum::<usize>() == data.len()
}

/// What an inner message says, and what the relays around it add.
struct Message<'a> {
    kind: u8,
    xid: u32,
    options: &'a [u8],
    /// Outermost message type, if relayed.
    relay: Option<u8>,
    peer: Option<Ipv6Addr>,
    link_address: Option<Mac>,
}

impl<'a> Message<'a> {
    fn read(data: &'a [u8]) -> Option<Message<'a>> {
        let (mut data, mut relay, mut peer, mut link_address) = (data, None, None, None);
        for _ in 0..=MAX_RELAYS {
            let mut r = Reader::new(data);
            let kind = r.u8()?;
            if !matches!(kind, 12 | 13) {
                let xid = r.be24()?;
                name(kind)?;
                return Some(Message { kind, xid, options: r.rest(), relay, peer, link_address });
            }
            relay = relay.or(Some(kind));
            r.skip(17)?;
            peer = Some(Ipv6Addr::from(<[u8; 16]>::try_from(r.take(16)?).ok()?));
            // link type, then the address (RFC 6939)
            if let Some([0, 1, mac @ ..]) = option(r.rest(), CLIENT_LINK_ADDRESS) {
                link_address = <[u8; 6]>::try_from(mac).ok().map(Mac);
            }
            data = option(r.rest(), RELAY_MESSAGE)?;
        }
        None
    }
    fn is_from_server(&self) -> bool {
        matches!(self.relay.unwrap_or(self.kind), 2 | 7 | 10 | 13 | 15)
    }
}

/// A DUID of a known kind and length (RFC 8415, 11).
fn is_duid(id: &[u8]) -> bool {
    match id {
        [0, 1 | 3, 0, _, rest @ ..] => rest.len() >= 6,
        [0, 2, rest @ ..] => rest.len() > 4,
        [0, 4, rest @ ..] => rest.len() == 16,
        _ => false,
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(m) = Message::read(data) else { return Verdict::No };
    if m.options.is_empty() || !is_whole(m.options) {
        return Verdict::No;
    }
    let role = if m.is_from_server() { Role::Server } else { Role::Client };
    let duid = [CLIENT_ID, SERVER_ID].iter().any(|c| option(m.options, *c).is_some_and(is_duid));
    match (duid, hint.port(546) || hint.port(547)) {
        (true, _) => Verdict::Strong(role),
        (false, true) => Verdict::Weak(role),
        _ => Verdict::No,
    }
}

struct Dhcp6;

impl Probe for Dhcp6 {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let m = Message::read(data).ok_or(Malformed)?;
        cx.sender_is(if m.is_from_server() { Side::Server } else { Side::Client });
        let direct = if m.is_from_server() { Side::Server } else { Side::Client };
        // relayed messages come from the relay; whom they are about is the innermost peer
        let client = match m.peer {
            Some(peer) => cx.host_ip(IpAddr::V6(peer)),
            None => Some(cx.end(Side::Client).host),
        };
        let duid = option(m.options, CLIENT_ID).filter(|id| is_duid(id));
        if let Some(client) = client {
            if m.is_from_server() {
                leased(cx, &m, duid);
            } else {
                from_client(cx, client, &m, duid);
            }
            if let (Some(mac), Some(peer)) = (m.link_address, m.peer) {
                cx.bind(mac, IpAddr::V6(peer), BindKind::Declared);
            }
        }
        if direct == Side::Server
            && m.relay.is_none()
            && let Some(id) = option(m.options, SERVER_ID).filter(|id| is_duid(id))
        {
            cx.fact(Side::Server, "id:duid", &hex(id), "dhcpv6.server_id");
        }
        if cx.wants_events() {
            let f = fields(&m);
            cx.event(name(m.kind).unwrap_or("other"), "protocol", f);
        }
        if is_whole(m.options) { Ok(()) } else { Err(Malformed) }
    }
}

/// What a client says of itself.
fn from_client(cx: &mut Cx<'_>, client: HostId, m: &Message<'_>, duid: Option<&[u8]>) {
    if let Some(id) = duid {
        cx.own_fact(client, "id:duid", &hex(id), "dhcpv6.client_id");
        if let [0, 2, a, b, c, d, ..] = id
            && let Some(maker) = enterprise::maker(u32::from_be_bytes([*a, *b, *c, *d]))
        {
            cx.own_fact(client, "vendor", maker, "dhcpv6.client_id");
        }
    }
    for (code, value) in options(m.options) {
        match code {
            CLIENT_FQDN => {
                if let Some(name) = fqdn(value) {
                    cx.own_fact(client, "hostname", &name, "dhcpv6.client_fqdn");
                }
            }
            VENDOR_CLASS => {
                let mut r = Reader::new(value);
                let Some(number) = r.be32() else { continue };
                if let Some(maker) = enterprise::maker(number) {
                    cx.own_fact(client, "vendor", maker, "dhcpv6.vendor_class");
                }
                let text = counted(r.rest());
                cx.own_fact(client, "dhcp_vendor_class", &text, "dhcpv6.vendor_class");
                if text.starts_with("MSFT ") {
                    cx.own_fact(client, "os", "Windows", "dhcpv6.vendor_class");
                }
            }
            USER_CLASS => cx.own_fact(client, "dhcp_user_class", &counted(value), "dhcpv6.user_class"),
            OPTION_REQUEST => {
                cx.own_fact(client, "dhcp6_fingerprint", &requested(value), "dhcpv6.option_request");
            }
            _ => {}
        }
    }
}

/// Addresses a reply gives: the client's, known by its DUID, and by its hardware address where the
/// link-local address it speaks from is made of the very one in the DUID.
fn leased(cx: &mut Cx<'_>, m: &Message<'_>, duid: Option<&[u8]>) {
    let Some(id) = duid.filter(|_| m.kind == 7) else { return };
    let link_local = match (m.peer, cx.end(Side::Client).addr) {
        (Some(peer), _) => Some(peer),
        (None, HostAddr::Ip(IpAddr::V6(a))) => Some(a),
        _ => None,
    };
    let mac = m.link_address.or_else(|| duid_mac(id).filter(|mac| link_local.is_some_and(|a| eui64(a) == Some(*mac))));
    for ip in given(m.options) {
        if let Some(host) = cx.host_ip(IpAddr::V6(ip)) {
            cx.fact(host, "id:duid", &hex(id), "dhcpv6.ia_address");
        }
        if let Some(mac) = mac {
            cx.bind(mac, IpAddr::V6(ip), BindKind::Declared);
        }
    }
}

/// Addresses in the identity associations of a message.
fn given(data: &[u8]) -> Vec<Ipv6Addr> {
    let heads = options(data).filter_map(|(code, v)| match code {
        IA_NA => v.get(12..),
        IA_TA => v.get(4..),
        _ => None,
    });
    heads
        .flat_map(options)
        .filter(|(code, _)| *code == IA_ADDRESS)
        .filter_map(|(_, v)| v.first_chunk::<16>().map(|a| Ipv6Addr::from(*a)))
        .take(16)
        .collect()
}

/// Hardware address in a DUID of type LLT or LL.
fn duid_mac(id: &[u8]) -> Option<Mac> {
    let mac = match id {
        [0, 1, 0, 1, _, _, _, _, mac @ ..] => mac,
        [0, 3, 0, 1, mac @ ..] => mac,
        _ => return None,
    };
    <[u8; 6]>::try_from(mac).ok().map(Mac).filter(|m| m.is_device())
}

/// The hardware address an interface identifier was made of (RFC 4291, appendix A).
fn eui64(ip: Ipv6Addr) -> Option<Mac> {
    let [.., a, b, c, 0xff, 0xfe, d, e, f] = ip.octets() else { return None };
    Some(Mac([a ^ 2, b, c, d, e, f]))
}

/// Strings behind 16-bit lengths, joined.
fn counted(data: &[u8]) -> String {
    let mut r = Reader::new(data);
    let mut parts = Vec::new();
    while let Some(part) = r.be16().and_then(|n| r.take(usize::from(n))) {
        parts.push(sysdescr::line(part));
    }
    parts.join(" ")
}

fn requested(value: &[u8]) -> String {
    let codes = value.chunks_exact(2).filter_map(|c| <[u8; 2]>::try_from(c).ok());
    codes.map(|c| u16::from_be_bytes(c).to_string()).collect::<Vec<_>>().join(",")
}

/// Client FQDN (RFC 4704): flags, then a name in wire form, perhaps without its last label's end.
fn fqdn(value: &[u8]) -> Option<String> {
    let mut name = value.get(1..)?.to_vec();
    name.push(0);
    dns_message::name_at(&name, 0).map(|(name, _)| name).filter(|n| n != ".")
}

fn fields(m: &Message<'_>) -> Vec<(&'static str, FieldVal)> {
    let mut f: Vec<(&'static str, FieldVal)> = Vec::with_capacity(12);
    f.push(("dhcp.message_type", Val::Static(name(m.kind).unwrap_or("other"))));
    f.push(("dhcp.transaction_id", Val::from(m.xid)));
    if let Some(peer) = m.peer {
        f.push(("dhcp.relay_peer", Val::from(peer.to_string())));
    }
    let mut ips: Vec<Val> = given(m.options).iter().map(|a| Val::from(a.to_string())).collect();
    for (code, value) in options(m.options) {
        match code {
            CLIENT_ID => f.push(("dhcp.client_id", Val::from(hex(value)))),
            SERVER_ID => f.push(("dhcp.server_duid", Val::from(hex(value)))),
            OPTION_REQUEST => f.push(("dhcp.fingerprint", Val::from(requested(value)))),
            CLIENT_FQDN => {
                if let Some(name) = fqdn(value) {
                    f.push(("dhcp.client_fqdn", Val::from(name)));
                }
            }
            STATUS => {
                if let Some(code) = value.first_chunk::<2>() {
                    f.push(("dhcp.status_code", Val::from(u16::from_be_bytes(*code))));
                }
            }
            DNS_SERVERS => {
                let list = value.chunks_exact(16).filter_map(|c| <[u8; 16]>::try_from(c).ok());
                let list: Vec<Val> = list.map(|a| Val::from(Ipv6Addr::from(a).to_string())).collect();
                f.push(("dhcp.dns_servers", Val::from(list)));
            }
            IA_PD => {
                for (_, p) in options(value.get(12..).unwrap_or_default()).filter(|(c, _)| *c == IA_PREFIX) {
                    if let (Some(length), Some(prefix)) = (p.get(8), p.get(9..25)) {
                        let prefix = <[u8; 16]>::try_from(prefix).map(Ipv6Addr::from);
                        ips.extend(prefix.map(|p| Val::from(format!("{p}/{length}"))));
                    }
                }
            }
            _ => {}
        }
    }
    if !ips.is_empty() {
        f.push(("dhcp.assigned_addresses", Val::from(ips)));
    }
    f
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    const DUID: &[u8] = &[0, 1, 0, 1, 0x2a, 0, 0, 1, 2, 0, 0, 0, 0, 1];

    fn option(code: u16, value: &[u8]) -> Vec<u8> {
        [&code.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat()
    }
    fn solicit() -> Vec<u8> {
        [
            vec![1, 0, 0, 9],
            option(CLIENT_ID, DUID),
            option(OPTION_REQUEST, &[0, 23, 0, 24]),
            option(VENDOR_CLASS, b"\x00\x00\x01\x37\x00\x08MSFT 5.0"),
            option(CLIENT_FQDN, b"\x00\x05hmi-3"),
        ]
        .concat()
    }
    fn reply() -> Vec<u8> {
        let address = option(IA_ADDRESS, &[&[0xfd; 16][..], &[0; 8]].concat());
        [vec![7, 0, 0, 9], option(CLIENT_ID, DUID), option(IA_NA, &[&[0; 12][..], &address].concat())].concat()
    }

    #[test]
    fn a_client_tells_who_it_is() {
        let seen = Dialogue::udp(&SPEC, 547).client(&solicit()).server(&reply()).end();
        let duid = "000100012a000001020000000001";
        assert_eq!(
            seen.facts(),
            [
                "client dhcp6_fingerprint=23,24".to_owned(),
                "client dhcp_vendor_class=MSFT 5.0".to_owned(),
                "client hostname=hmi-3".to_owned(),
                format!("client id:duid={duid}"),
                "client os=Windows".to_owned(),
                format!("fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd id:duid={duid}"),
            ]
        );
        assert_eq!(seen.field(0, "dhcp.message_type").as_deref(), Some("solicit"));
    }

    #[test]
    fn relayed_messages_are_of_the_peer() {
        let mut relayed = vec![12, 0];
        relayed.extend([0; 16]);
        relayed.extend("fe80::ff:fe00:1".parse::<Ipv6Addr>().unwrap().octets());
        relayed.extend(option(CLIENT_LINK_ADDRESS, &[0, 1, 2, 0, 0, 0, 0, 1]));
        relayed.extend(option(RELAY_MESSAGE, &solicit()));
        let seen = Dialogue::udp(&SPEC, 547).client(&relayed).end();
        assert!(seen.facts().contains(&"fe80::ff:fe00:1 hostname=hmi-3".to_owned()));
        assert_eq!(seen.obs.bindings.len(), 1);
    }

    #[test]
    fn hardware_addresses_in_interface_identifiers() {
        let ip = "fe80::ff:fe00:1".parse().unwrap();
        assert_eq!(eui64(ip), Some(Mac([2, 0, 0, 0, 0, 1])));
        assert_eq!(duid_mac(DUID), Some(Mac([2, 0, 0, 0, 0, 1])));
    }

    #[test]
    fn known_by_its_duid_on_any_port() {
        let d = Dialogue::udp(&SPEC, 9999);
        assert_eq!(d.identify(true, &solicit()), Verdict::Strong(Role::Client));
        assert_eq!(d.identify(true, &reply()), Verdict::Strong(Role::Server));
        for other in [&b"\x01\x00\x00\x09\x00\x01\x00\x02ab"[..], b"\x01\x01\x06\x00abcdefgh", &[7; 40]] {
            assert_eq!(d.identify(true, other), Verdict::No);
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..100, b: u8) {
            let (mut bent, mut answer) = (solicit(), reply());
            let (n, m) = (bent.len(), answer.len());
            bent[at % n] = b;
            answer[at % m] = b;
            let d = Dialogue::udp(&SPEC, 547);
            d.identify(true, &bytes);
            d.client(&bytes).client(&bent).server(&answer).client(&bent[..at % n]).end();
        }
    }
}

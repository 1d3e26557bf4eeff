//! Dynamic Host Configuration Protocol for IPv4 (RFC 2131) and BOOTP (RFC 951): who a host says it
//! is before it has an address, and which address it gets.

mod event;
mod options;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::{BindKind, HostId};
use crate::probe::*;
use crate::protocols::{enterprise, sysdescr};
use options::*;
use std::net::{IpAddr, Ipv4Addr};

pub static SPEC: Spec = Spec {
    name: "dhcp",
    title: "Dynamic Host Configuration Protocol",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[67, 68, 4011],
    ethertypes: &[],
    rank: 42,
    identify,
    open: || Box::new(Dhcp),
    pdus: false,
    facts: &[
        "hostname",
        "os",
        "vendor",
        "serial",
        "domain",
        "role",
        "dhcp_vendor_class",
        "dhcp_fingerprint",
        "dhcp_user_class",
        "dhcp_circuit",
        "dhcp_remote",
        "id:dhcp-client",
        "id:duid",
        "id:uuid",
    ],
    credentials: &[],
    operations: &[],
    source: "RFC 951, 2131, 2132, 3046, 3396, 3925, 4361, 4578, 4702; Wireshark as second reader",
    level: 5,
    proofs: &["zeek/dhcp"],
};

const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// Addresses of one option looked at.
const MAX_ADDRESSES: usize = 8;

/// The fixed fields of a message (RFC 2131, 2).
struct Message<'a> {
    op: u8,
    hardware: u8,
    xid: u32,
    /// Addresses: the client's own, the one it is given, next server, relay.
    ciaddr: Ipv4Addr,
    yiaddr: Ipv4Addr,
    siaddr: Ipv4Addr,
    giaddr: Ipv4Addr,
    chaddr: Option<Mac>,
    sname: &'a [u8],
    file: &'a [u8],
    /// `None` for BOOTP without the magic cookie.
    options: Option<Options<'a>>,
}

impl<'a> Message<'a> {
    fn read(data: &'a [u8]) -> Option<Message<'a>> {
        let mut r = Reader::new(data);
        let (op, hardware, len, hops) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        if !matches!(op, 1 | 2) || len > 16 || hops > 16 {
            return None;
        }
        let xid = r.be32()?;
        r.skip(4)?;
        let mut ip = || r.be32().map(Ipv4Addr::from);
        let (ciaddr, yiaddr, siaddr, giaddr) = (ip()?, ip()?, ip()?, ip()?);
        let chaddr = r.take(16)?;
        let (sname, file) = (r.take(64)?, r.take(128)?);
        let options = r.rest().strip_prefix(&COOKIE);
        let mac = (hardware == 1 && len == 6).then(|| chaddr.first_chunk::<6>().copied().map(Mac)).flatten();
        Some(Message {
            op,
            hardware,
            xid,
            ciaddr,
            yiaddr,
            siaddr,
            giaddr,
            chaddr: mac.filter(|m| m.is_device()),
            sname,
            file,
            options: options.map(|o| Options::new(o, file, sname)),
        })
    }
    fn kind(&self) -> Option<u8> {
        self.options.and_then(|o| o.get(MESSAGE_TYPE)).and_then(|v| v.first().copied())
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(m) = Message::read(data) else { return Verdict::No };
    let role = if m.op == 1 { Role::Client } else { Role::Server };
    match (&m.options, m.hardware) {
        (Some(_), 1..=40) => Verdict::Strong(role),
        // BOOTP with a maker's own options, or none
        (None, 1..=40) if (hint.port(67) && hint.port(68)) && data.len() >= 300 => Verdict::Weak(role),
        _ => Verdict::No,
    }
}

struct Dhcp;

impl Probe for Dhcp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let m = Message::read(data).ok_or(Malformed)?;
        cx.sender_is(if m.op == 1 { Side::Client } else { Side::Server });
        if let Some(mac) = m.chaddr
            && let Some(client) = cx.host_mac(mac)
        {
            if m.op == 1 {
                from_client(cx, client, &m);
            } else {
                from_server(cx, client, &m);
            }
            bind(cx, mac, &m);
        }
        if m.op == 2 {
            of_network(cx, &m);
        }
        if cx.wants_events() {
            let f = event::fields(&m);
            let action = m.kind().map_or(if m.op == 1 { "bootp_request" } else { "bootp_reply" }, message_name);
            cx.event(action, "protocol", f);
        }
        Ok(())
    }
}

/// The address a client has (it says so itself), or has just been given.
fn bind(cx: &mut Cx<'_>, mac: Mac, m: &Message<'_>) {
    let declared = match (m.op, m.kind()) {
        // renewing, informing, releasing
        (1, _) => m.ciaddr,
        (2, Some(5)) if m.yiaddr.is_unspecified() => m.ciaddr,
        (2, Some(5) | None) => m.yiaddr,
        _ => return,
    };
    cx.bind(mac, IpAddr::V4(declared), BindKind::Declared);
}

/// What a client says of itself.
fn from_client(cx: &mut Cx<'_>, client: HostId, m: &Message<'_>) {
    let Some(options) = &m.options else { return };
    let mut parameters = String::new();
    for (code, value) in options.iter() {
        match code {
            HOST_NAME => cx.own_fact(client, "hostname", &sysdescr::line(value), "dhcp.host_name"),
            PARAMETERS => {
                for code in value {
                    if !parameters.is_empty() {
                        parameters.push(',');
                    }
                    parameters.push_str(itoa::Buffer::new().format(*code));
                }
            }
            VENDOR_CLASS => vendor_class(cx, client, &sysdescr::line(value)),
            CLIENT_ID => client_id(cx, client, m.chaddr, value),
            USER_CLASS => cx.own_fact(client, "dhcp_user_class", &user_class(value), "dhcp.user_class"),
            FQDN => {
                if let Some(name) = fqdn(value) {
                    cx.own_fact(client, "hostname", &name, "dhcp.client_fqdn");
                }
            }
            UUID => {
                if let Some((0, uuid)) = value.split_first()
                    && let Ok(uuid) = <[u8; 16]>::try_from(uuid)
                    && uuid.iter().any(|b| *b != 0 && *b != 0xff)
                {
                    cx.own_fact(client, "id:uuid", &machine_uuid(uuid), "dhcp.client_machine_id");
                }
            }
            VENDOR_ENTERPRISE_CLASS | VENDOR_ENTERPRISE => enterprise_class(cx, client, code, value),
            VENDOR_SPECIFIC => vendor_specific(cx, client, options, value),
            RELAY_AGENT => relay(cx, client, value),
            _ => {}
        }
    }
    if !parameters.is_empty() {
        cx.own_fact(client, "dhcp_fingerprint", &parameters, "dhcp.parameter_request_list");
    }
}

/// What the server says of a client.
fn from_server(cx: &mut Cx<'_>, client: HostId, m: &Message<'_>) {
    let Some(options) = &m.options else { return };
    for (code, value) in options.iter() {
        match code {
            HOST_NAME => cx.fact(client, "hostname", &sysdescr::line(value), "dhcp.host_name"),
            FQDN => {
                if let Some(name) = fqdn(value) {
                    cx.fact(client, "hostname", &name, "dhcp.client_fqdn");
                }
            }
            DOMAIN => cx.fact(client, "domain", &sysdescr::line(value), "dhcp.domain_name"),
            RELAY_AGENT => relay(cx, client, value),
            _ => {}
        }
    }
}

/// What an offer or acknowledgement says of the network.
fn of_network(cx: &mut Cx<'_>, m: &Message<'_>) {
    let Some(options) = &m.options else { return };
    if !matches!(m.kind(), Some(2 | 5)) {
        return;
    }
    for (_, value) in options.iter().filter(|(code, _)| *code == ROUTER) {
        for ip in addresses(value) {
            if let Some(router) = cx.host_ip(IpAddr::V4(ip)) {
                cx.fact(router, "role", "router", "dhcp.router");
            }
        }
    }
}

/// Vendor class texts that say more than themselves.
fn vendor_class(cx: &mut Cx<'_>, client: HostId, text: &str) {
    cx.own_fact(client, "dhcp_vendor_class", text, "dhcp.vendor_class");
    let mut own = |name, value: &str| cx.own_fact(client, name, value, "dhcp.vendor_class");
    if let Some(version) = text.strip_prefix("android-dhcp-") {
        own("os", &format!("Android {version}"));
    } else if text.starts_with("MSFT ") {
        own("os", "Windows");
    } else if let Some(model) = text.strip_prefix("Cisco Systems, Inc. IP Phone ") {
        own("vendor", "Cisco");
        own("model", model);
        own("role", "phone");
    } else if let Some(rest) = text.strip_prefix("Hewlett-Packard JetDirect") {
        own("vendor", "Hewlett-Packard");
        own("product", &format!("JetDirect{rest}"));
    } else if text.starts_with("dhcpcd") && text.contains(":Linux-") {
        // `dhcpcd-6.8.2:Linux-4.1.12:x86_64:…`
        if let Some(release) = text.split(":Linux-").nth(1).and_then(|r| r.split(':').next()) {
            own("os", &format!("Linux {release}"));
        }
    }
}

/// Client identifier (RFC 2132, 9.14; RFC 4361): hardware address, DUID, or a text of its own.
fn client_id(cx: &mut Cx<'_>, client: HostId, chaddr: Option<Mac>, value: &[u8]) {
    let Some((kind, id)) = value.split_first() else { return };
    match kind {
        1 if id.len() == 6 => {}
        _ if chaddr.is_some_and(|mac| id == mac.0) => {}
        255 if id.len() > 6 => {
            cx.own_fact(client, "id:duid", &hex(id.get(4..).unwrap_or_default()), "dhcp.client_id");
        }
        0 if id.iter().all(|b| b.is_ascii_graphic() || *b == b' ') => {
            cx.own_fact(client, "id:dhcp-client", &sysdescr::line(id), "dhcp.client_id");
        }
        _ => cx.own_fact(client, "id:dhcp-client", &hex(value), "dhcp.client_id"),
    }
}

/// User class (RFC 3004): counted strings, though many send one bare text.
fn user_class(value: &[u8]) -> String {
    let mut r = Reader::new(value);
    let mut parts = Vec::new();
    while let Some(len) = r.u8() {
        match r.take(usize::from(len)) {
            Some(part) if len > 0 => parts.push(sysdescr::line(part)),
            _ => return sysdescr::line(value),
        }
    }
    parts.join(" ")
}

/// Client FQDN (RFC 4702): flags, two codes, then a name, in wire form if flag E is set.
fn fqdn(value: &[u8]) -> Option<String> {
    let (&[flags, _, _], name) = value.split_first_chunk::<3>()?;
    if flags & 4 == 0 {
        return Some(sysdescr::line(name)).filter(|n| !n.is_empty());
    }
    let mut out = String::new();
    let mut r = Reader::new(name);
    while let Some(len) = r.u8().filter(|l| (1..64).contains(l)) {
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(&sysdescr::line(r.take(usize::from(len))?));
    }
    Some(out).filter(|n| !n.is_empty())
}

/// Vendor-identifying class and information (RFC 3925): enterprise number, then data.
fn enterprise_class(cx: &mut Cx<'_>, client: HostId, code: u8, value: &[u8]) {
    let mut r = Reader::new(value);
    while let (Some(number), Some(len)) = (r.be32(), r.u8()) {
        let Some(data) = r.take(usize::from(len)) else { return };
        if let Some(maker) = enterprise::maker(number) {
            cx.own_fact(client, "vendor", maker, "dhcp.vi_vendor");
        }
        if code == VENDOR_ENTERPRISE_CLASS {
            if let Some((len, text)) = data.split_first().filter(|(len, text)| usize::from(**len) <= text.len())
            {
                let text = text.get(..usize::from(*len)).unwrap_or_default();
                cx.own_fact(client, "dhcp_vendor_class", &sysdescr::line(text), "dhcp.vi_vendor_class");
            }
        } else if number == 3561 {
            // Broadband Forum TR-111: device OUI, serial number, product class
            for (code, text) in inner(data) {
                match code {
                    2 | 5 => cx.own_fact(client, "serial", &sysdescr::line(text), "dhcp.tr111.serial"),
                    3 | 6 => cx.own_fact(client, "product", &sysdescr::line(text), "dhcp.tr111.product_class"),
                    _ => {}
                }
            }
        }
    }
}

/// Option 43 of makers whose layout is published: cable modems (CableLabs DHCP options).
fn vendor_specific(cx: &mut Cx<'_>, client: HostId, options: &Options<'_>, value: &[u8]) {
    if !options.get(VENDOR_CLASS).is_some_and(|c| c.starts_with(b"docsis") || c.starts_with(b"pktc")) {
        return;
    }
    for (code, text) in inner(value) {
        let (name, field): (&'static str, &'static str) = match code {
            4 => ("serial", "dhcp.vendor.serial"),
            5 => ("hardware", "dhcp.vendor.hardware"),
            6 => ("firmware", "dhcp.vendor.software"),
            9 => ("model", "dhcp.vendor.model"),
            10 => ("vendor", "dhcp.vendor.vendor"),
            _ => continue,
        };
        cx.own_fact(client, name, &sysdescr::line(text), field);
    }
}

/// Relay agent information (RFC 3046): which port of which switch the client hangs on.
fn relay(cx: &mut Cx<'_>, client: HostId, value: &[u8]) {
    for (code, id) in inner(value) {
        match code {
            1 => cx.fact(client, "dhcp_circuit", &printable(id), "dhcp.circuit_id"),
            2 => cx.fact(client, "dhcp_remote", &printable(id), "dhcp.remote_id"),
            _ => {}
        }
    }
}

/// Text if it is, else hex.
fn printable(id: &[u8]) -> String {
    if id.iter().all(|b| b.is_ascii_graphic() || *b == b' ') { sysdescr::line(id) } else { hex(id) }
}

/// UUID of a machine as SMBIOS writes it: the first three fields little-endian (RFC 4578, 2.3).
fn machine_uuid(b: [u8; 16]) -> String {
    let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = b;
    let (node, tail) = (hex(&rest[..2]), hex(&rest[2..]));
    format!("{}-{}-{}-{node}-{tail}", hex(&[a3, a2, a1, a0]), hex(&[b1, b0]), hex(&[c1, c0]))
}

fn addresses(value: &[u8]) -> impl Iterator<Item = Ipv4Addr> {
    value.chunks_exact(4).take(MAX_ADDRESSES).filter_map(|c| <[u8; 4]>::try_from(c).ok()).map(Ipv4Addr::from)
}

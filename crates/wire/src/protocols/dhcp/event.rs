//! The event of one DHCP message.

use super::options::*;
use super::{Message, addresses, fqdn, printable};
use crate::bytes::hex;
use crate::model::Val;
use crate::obs::FieldVal;
use crate::protocols::sysdescr;

/// Its fields, in the order of the message.
pub fn fields(m: &Message<'_>) -> Vec<(&'static str, FieldVal)> {
    let mut f: Vec<(&'static str, FieldVal)> = Vec::with_capacity(20);
    f.push(("dhcp.transaction_id", Val::from(m.xid)));
    if let Some(mac) = m.chaddr {
        f.push(("dhcp.client_mac", Val::from(mac.to_string())));
    }
    for (name, ip) in [
        ("dhcp.client_ip", m.ciaddr),
        ("dhcp.assigned_ip", m.yiaddr),
        ("dhcp.next_server_ip", m.siaddr),
        ("dhcp.relay_ip", m.giaddr),
    ] {
        if !ip.is_unspecified() {
            f.push((name, Val::from(ip.to_string())));
        }
    }
    let Some(o) = &m.options else { return f };
    if let Some(kind) = m.kind() {
        f.push(("dhcp.message_type", Val::Static(message_name(kind))));
        if let 5 | 6 = kind {
            f.push(("event.outcome", Val::Static(if kind == 5 { "success" } else { "failure" })));
        }
    }
    for (name, code) in [
        ("dhcp.subnet_mask", SUBNET_MASK),
        ("dhcp.requested_ip", REQUESTED),
        ("dhcp.server_id", SERVER_ID),
    ] {
        if let Some(ip) = o.get(code).and_then(|v| addresses(v).next()) {
            f.push((name, Val::from(ip.to_string())));
        }
    }
    for (name, code) in [("dhcp.routers", ROUTER), ("dhcp.dns_servers", DNS)] {
        let list: Vec<Val> = addresses(&o.whole(code)).map(|a| Val::from(a.to_string())).collect();
        if !list.is_empty() {
            f.push((name, Val::from(list)));
        }
    }
    for (name, code) in
        [("dhcp.lease_time", LEASE_TIME), ("dhcp.renewal_time", RENEWAL), ("dhcp.rebinding_time", REBINDING)]
    {
        if let Some(seconds) = o.u32(code) {
            f.push((name, Val::from(seconds)));
        }
    }
    for (name, code) in [
        ("dhcp.hostname", HOST_NAME),
        ("dhcp.domain", DOMAIN),
        ("dhcp.vendor_class", VENDOR_CLASS),
        ("dhcp.message", MESSAGE),
        ("dhcp.boot_server", TFTP_SERVER),
        ("dhcp.boot_file", BOOT_FILE),
    ] {
        let text = o.get(code).map(sysdescr::line).unwrap_or_default();
        if !text.is_empty() {
            f.push((name, Val::from(text)));
        }
    }
    if let Some(name) = o.get(FQDN).and_then(fqdn) {
        f.push(("dhcp.client_fqdn", Val::from(name)));
    }
    if let Some(id) = o.get(CLIENT_ID) {
        f.push(("dhcp.client_id", Val::from(hex(id))));
    }
    let wanted = o.whole(PARAMETERS);
    if !wanted.is_empty() {
        let list: Vec<String> = wanted.iter().map(u8::to_string).collect();
        f.push(("dhcp.fingerprint", Val::from(list.join(","))));
    }
    for (code, id) in o.get(RELAY_AGENT).into_iter().flat_map(inner) {
        match code {
            1 => f.push(("dhcp.circuit_id", Val::from(printable(id)))),
            2 => f.push(("dhcp.remote_id", Val::from(printable(id)))),
            6 => f.push(("dhcp.subscriber_id", Val::from(printable(id)))),
            _ => {}
        }
    }
    let (sname, file) = (crate::bytes::text(m.sname), crate::bytes::text(m.file));
    // overloaded fields hold options, which are no text
    if o.get(52).is_none() {
        for (name, text) in [("dhcp.server_name", sname), ("dhcp.boot_file", file)] {
            if !text.is_empty() && !f.iter().any(|(n, _)| *n == name) {
                f.push((name, Val::from(text)));
            }
        }
    }
    f
}

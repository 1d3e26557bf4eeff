//! Community ID v1 (Corelight specification): one text per conversation, the same in every tool.

use crate::cx::FlowMeta;
use crate::model::{HostAddr, Transport};
use base64::Engine;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

/// The id of an IP flow with seed 0; `None` on layer 2 and for ICMP (typed differently there).
pub fn community_id(flow: &FlowMeta) -> Option<String> {
    let number: u8 = match flow.transport {
        Transport::Tcp => 6,
        Transport::Udp => 17,
        _ => return None,
    };
    let (HostAddr::Ip(a), HostAddr::Ip(b)) = (flow.client.addr, flow.server.addr) else { return None };
    let (mut x, mut y) = ((octets(a), flow.client.port), (octets(b), flow.server.port));
    if y < x {
        std::mem::swap(&mut x, &mut y);
    }
    let mut h = Sha1::new();
    h.update([0, 0]);
    h.update(&x.0);
    h.update(&y.0);
    h.update([number, 0]);
    h.update(x.1.to_be_bytes());
    h.update(y.1.to_be_bytes());
    Some(format!("1:{}", base64::engine::general_purpose::STANDARD.encode(h.finalize())))
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(a) => a.octets().to_vec(),
        IpAddr::V6(a) => a.octets().to_vec(),
    }
}

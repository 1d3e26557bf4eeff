//! CAN frames: from a bus as SocketCAN captures it, and over UDP from gateways (ISO 11898).
//!
//! Sources: Linux `linux/can.h`; the magic, version and count of CAN over Ethernet as Wireshark's
//! `caneth` has them (what follows the first identifier differs between gateways and is not read).
//! Diagnostic requests in single frames (ISO 15765-2) are named by their UDS service.

pub mod frame;
#[cfg(test)]
mod tests;

use crate::asked::Asked;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::doip::uds;
use frame::Frame;

pub static SPEC: Spec = Spec {
    name: "can",
    title: "Controller Area Network",
    industrial: false,
    transports: &[Transport::L2, Transport::Udp],
    ports: &[11898],
    ethertypes: &[0x000C, 0x000D],
    rank: 90,
    identify,
    open: || Box::<Can>::default(),
    pdus: false,
    facts: &["can-id"],
    credentials: &[],
    operations: &["UDS_SERVICE"],
    source: "Linux can.h, ISO 15765-2; Wireshark caneth as second reader",
    level: 5,
    proofs: &["ndpi/pcap/can.pcap"],
};

/// Identifiers of one flow that are told.
const MAX_IDS: usize = 64;
const MAGIC: &[u8] = b"ISO11898";

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.transport == Transport::L2 {
        let ours = matches!(hint.ethertype, 0x000C | 0x000D) && Frame::read(data).is_some();
        return if ours { Verdict::Strong(Role::Client) } else { Verdict::No };
    }
    // magic, version 1, 1 to 32 frames of at least 15 octets
    match (data.starts_with(MAGIC), data.get(8..10)) {
        (true, Some(&[1, count @ 1..=32])) if data.len() >= 10 + 15 * usize::from(count) => {
            Verdict::Strong(Role::Client)
        }
        _ => Verdict::No,
    }
}

/// State of one flow.
#[derive(Default)]
struct Can {
    ids: Vec<u32>,
}

impl Probe for Can {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if cx.flow().transport == Transport::Udp {
            if identify(&Hint { transport: Transport::Udp, src_port: 0, dst_port: 0, ethertype: 0 }, data) == Verdict::No {
                return Err(Malformed);
            }
            if let Some(id) = data.get(10..14).and_then(|b| b.try_into().ok()) {
                self.id(cx, u32::from_le_bytes(id) & 0x1FFF_FFFF);
            }
            return Ok(());
        }
        let frame = Frame::read(data).ok_or(Malformed)?;
        if frame.error {
            return Ok(());
        }
        self.id(cx, frame.id);
        // requests to one unit (7E0-7E7) or all (7DF), legislated or not
        if !frame.extended && (matches!(frame.id, 0x7DF..=0x7E7)) {
            diagnostic(cx, &frame, format!("0x{:03x}", frame.id));
        }
        Ok(())
    }
}

impl Can {
    fn id(&mut self, cx: &mut Cx<'_>, id: u32) {
        if self.ids.contains(&id) {
            return;
        }
        if self.ids.len() >= MAX_IDS {
            return cx.dropped("can_identifiers");
        }
        self.ids.push(id);
        cx.fact(cx.from(), "can-id", &format!("0x{id:x}"), "identifier");
    }
}

/// A UDS request in a single frame of ISO 15765-2.
pub fn diagnostic(cx: &mut Cx<'_>, frame: &Frame<'_>, unit: String) {
    let Some((&head, rest)) = frame.data.split_first() else { return };
    let length = usize::from(head);
    let Some((&service, rest)) = (1..=7).contains(&length).then(|| rest.get(..length)).flatten().and_then(<[u8]>::split_first)
    else {
        return;
    };
    if let Some((name, action, target)) = uds::request(service, rest) {
        let mut asked = Asked::new(cx, action, name).code(service).unit(unit);
        asked.target = target.map(Into::into);
        // the answer comes from another node, with no number that pairs them
        asked.report(cx, Outcome::Unknown, None);
    }
}

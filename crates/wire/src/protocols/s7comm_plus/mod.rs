//! S7comm-plus, the protocol of SIMATIC S7-1200 and S7-1500 and of TIA Portal.
//!
//! TPKT and COTP carry frames 72, version, length, data and (behind the last part of a message) a
//! trailer 72, version, 0. Version 1 opens a session; 2 is without protection of the messages (P2 of
//! the literature), 3 has a digest before (P3). Siemens publishes no specification. Layout and
//! constants follow the open implementations named in `SPEC`, and were checked against captures.
//! Once a session goes over to TLS (`init_ssl`), nothing more can be read.

mod frame;
mod identity;
mod message;
#[cfg(test)]
mod tests;

use super::s7comm::frame as cotp;
use crate::asked::Requests;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Probe, Role, Spec, Step, Verdict};
use cotp::Found;
use frame::Part;
use message::Message;

pub static SPEC: Spec = Spec {
    name: "s7comm-plus",
    title: "S7comm-plus",
    industrial: true,
    transports: &[Transport::Tcp],
    ports: &[cotp::PORT],
    ethertypes: &[],
    rank: 80,
    identify,
    open: || Box::<Plus>::default(),
    pdus: true,
    facts: &["vendor", "model", "firmware", "serial", "role", "protection", "software"],
    credentials: &[],
    operations: message::OPERATIONS,
    source: "Wireshark plug-in s7comm_plus (T. Wiens), S7CommPlusDriver; captures of S7-1200 and S7-1500",
    // the answer to the challenge of a log-in is named, not taken as a hash
    level: 3,
    proofs: &["ics-security-tools/s7", "icsnpp-s7comm", "arkime/s7comm_synthetic.pcap"],
};

/// A request without an answer for so long has none, in microseconds.
const TIMEOUT: Micros = 30_000_000;
/// Bytes of a message in several frames that are joined; what is behind them is not needed.
const MAX_JOINED: usize = 16 * 1024;

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let mut at = 0;
    loop {
        let rest = data.get(at..).unwrap_or_default();
        let (tpdu, size) = match cotp::read(rest) {
            Found::Tpdu(tpdu, size) => (tpdu, size),
            Found::No => return Verdict::No,
            Found::Short => {
                let other = rest.get(5) == Some(&cotp::DATA) && rest.get(7).is_some_and(|b| *b != frame::MAGIC);
                return if other || data.len() >= 4096 { Verdict::No } else { Verdict::Need };
            }
        };
        if tpdu.code == cotp::DATA && !tpdu.payload.is_empty() {
            return match frame::read(tpdu.payload) {
                Some(Part::Data { body, protected, .. }) => {
                    match message::opcode(if protected { frame::behind_digest(body) } else { body }) {
                        Some(message::REQUEST) => Verdict::Strong(Role::Client),
                        Some(_) => Verdict::Strong(Role::Server),
                        None => Verdict::Weak(Role::Unknown),
                    }
                }
                Some(_) => Verdict::Strong(Role::Unknown),
                None => Verdict::No,
            };
        }
        at += size;
        if at >= data.len() {
            return if at < 4096 { Verdict::Need } else { Verdict::No };
        }
    }
}

#[derive(Default)]
struct Plus {
    open: Requests<(u16, u16)>,
    /// Frames of a message not complete, by sender.
    parts: [Vec<u8>; 2],
    settled: bool,
    level: u8,
}

impl Probe for Plus {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let (tpdu, size) = match cotp::read(data) {
            Found::Tpdu(tpdu, size) => (tpdu, size),
            Found::Short => return Step::Need,
            Found::No => return Step::Bad,
        };
        match tpdu.code {
            cotp::DATA => {
                if let [0x32, ..] = tpdu.payload {
                    return Step::Become { name: "s7comm", used: 0 };
                }
                message::transport(cx, &tpdu);
                if self.payload(cx, tpdu.payload) {
                    return Step::Done;
                }
            }
            code => {
                match code {
                    cotp::CONNECTION_REQUEST => self.settle(cx, Side::Client),
                    cotp::CONNECTION_CONFIRM => self.settle(cx, Side::Server),
                    _ => {}
                }
                message::transport(cx, &tpdu);
            }
        }
        Step::Used(size)
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        if let Some(parts) = self.parts.get_mut(from as usize) {
            parts.clear();
        }
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl Plus {
    fn settle(&mut self, cx: &mut Cx<'_>, sender: Side) {
        if !self.settled {
            self.settled = true;
            if cx.from() != sender && cx.swap_roles() {
                self.parts.swap(0, 1);
            }
        }
    }

    /// One frame; true if nothing more can be read of the flow.
    fn payload(&mut self, cx: &mut Cx<'_>, payload: &[u8]) -> bool {
        match frame::read(payload) {
            Some(Part::Data { version, body, last, protected }) => {
                let body = if protected { frame::behind_digest(body) } else { body };
                let slot = cx.from() as usize;
                let Some(parts) = self.parts.get_mut(slot) else { return false };
                if last && parts.is_empty() {
                    return self.message(cx, version, body);
                }
                let room = MAX_JOINED.saturating_sub(parts.len()).min(body.len());
                parts.extend_from_slice(body.get(..room).unwrap_or_default());
                if last {
                    let whole = std::mem::take(parts);
                    return self.message(cx, version, &whole);
                }
            }
            Some(Part::KeepAlive) => {}
            None if payload.is_empty() => {}
            None => cx.malformed(),
        }
        false
    }

    fn message(&mut self, cx: &mut Cx<'_>, version: u8, bytes: &[u8]) -> bool {
        let Some(message) = Message::read(bytes) else {
            cx.malformed();
            return false;
        };
        self.settle(cx, if message.opcode == message::REQUEST { Side::Client } else { Side::Server });
        self.open.hear(cx);
        message.event(cx, version);
        if matches!(version, 2 | 3) && self.level != version {
            self.level = version;
            let server = Side::Server;
            cx.fact(server, "protection", if version == 2 { "P2" } else { "P3" }, "version");
            cx.service_info("version", version.to_string());
        }
        match message.opcode {
            message::REQUEST => {
                let asked = message.asked(cx);
                if message.function == message::CREATE_OBJECT {
                    identity::client(cx, message.body);
                }
                self.open.ask(cx, (message.function, message.sequence), asked);
            }
            message::RESPONSE => {
                let refusal = message.refusal();
                let text = refusal.map(|code| format!("0x{code:x}"));
                let refusal = refusal.zip(text.as_deref());
                self.open.settle(cx, &(message.function, message.sequence), refusal);
                identity::server(cx, message.body);
                if message.function == message::INIT_SSL && refusal.is_none() {
                    return true;
                }
            }
            _ => {}
        }
        false
    }
}

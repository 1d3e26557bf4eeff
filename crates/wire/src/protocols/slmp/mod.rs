//! SLMP, the MELSEC communication protocol (MC protocol) with 3E, 4E and 1E frames, binary and ASCII.
//!
//! A 3E answer has no number of its request: answers come in the order of requests. A 4E answer
//! repeats the request's serial number. The password of the remote unlock crosses the wire readable.
//! Sources: CLPA SLMP specification (BAP-C2006ENG-001); Mitsubishi SH080008 (MELSEC communication
//! protocol reference), chapters 4 to 8 and 18 (1E frames). 1E frames have no magic number and are
//! believed on this protocol's ports alone.

mod commands;
mod frame;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::text;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Step, Verdict};
use frame::{Found, Frame, Kind};

pub static SPEC: Spec = Spec {
    name: "slmp",
    title: "SLMP (MELSEC communication protocol)",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: PORTS,
    ethertypes: &[],
    rank: 70,
    identify,
    open: || Box::<Slmp>::default(),
    pdus: false,
    facts: &["vendor", "model", "role", "device-id"],
    credentials: &["password"],
    operations: commands::OPERATIONS,
    source: "CLPA BAP-C2006ENG-001; Mitsubishi SH080008; 1E frames only from SH080008, chapter 18",
    level: 5,
    proofs: &[],
};

/// The built-in ports of iQ-R, Q and L, and those commonly configured.
const PORTS: &[u16] = &[5000, 5001, 5002, 5006, 5007, 5010, 1025, 61451];
const TIMEOUT: Micros = 15_000_000;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let home = PORTS.iter().any(|p| hint.port(*p));
    match frame::read(data, home) {
        Found::Frame(frame, size) => {
            // a datagram is one frame; a stream begins with one
            if hint.transport == Transport::Udp && size != data.len() {
                return Verdict::No;
            }
            let role = if frame.request { Role::Client } else { Role::Server };
            let known = !frame.request || commands::command(frame.command).is_some();
            match (known, frame.kind) {
                (false, _) => Verdict::No,
                (_, Kind::E1) => Verdict::Weak(role),
                (_, _) if frame.request && frame.zero_free => Verdict::Strong(role),
                _ => Verdict::Weak(role),
            }
        }
        Found::Short if hint.transport == Transport::Tcp && data.len() < 2048 => Verdict::Need,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Slmp {
    open: Requests<(u16, u8)>,
    home: bool,
}

impl Probe for Slmp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        self.home = PORTS.contains(&cx.flow().server.port) || PORTS.contains(&cx.flow().client.port);
        match frame::read(data, self.home) {
            Found::Frame(frame, size) => {
                self.frame(cx, &frame);
                Step::Used(size)
            }
            Found::Short => Step::Need,
            Found::No => Step::Bad,
        }
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        self.home = PORTS.contains(&cx.flow().server.port) || PORTS.contains(&cx.flow().client.port);
        match frame::read(data, self.home) {
            Found::Frame(frame, _) => {
                self.frame(cx, &frame);
                Ok(())
            }
            _ => Err(Malformed),
        }
    }
    fn gap(&mut self, cx: &mut Cx<'_>, _from: Side, _missing: u64) {
        // without numbers, what is answered next is not known
        self.open.end(cx);
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl Slmp {
    fn frame(&mut self, cx: &mut Cx<'_>, frame: &Frame<'_>) {
        cx.sender_is(if frame.request { Side::Client } else { Side::Server });
        self.open.hear(cx);
        if frame.request {
            let (name, action) = match commands::command(frame.command) {
                Some(c) => (c.name, c.action),
                None => ("unknown_command", Action::Other),
            };
            let mut asked = Asked::new(cx, action, name).code(frame.command);
            asked.unit = Some(format!("{}.{}", frame.network, frame.station).into());
            asked.notable = !matches!(asked.category, Category::Monitor | Category::Discovery);
            commands::parameters(&mut asked, frame);
            // the controller resets at once and need not answer
            return self.open.ask(cx, (frame.serial, frame.echo), asked);
        }
        let key = (frame.serial, frame.echo);
        let Some(asked) = self.open.claim(cx, &key) else { return };
        if frame.end != 0 {
            let code = i64::from(frame.end);
            return asked.report(cx, Outcome::Refused, Some((code, commands::end_code(frame.end))));
        }
        if asked.code == Some(i64::from(commands::READ_TYPE_NAME)) {
            let body = frame.body();
            if let Some(model) = body.get(..16) {
                let side = cx.from();
                cx.fact(side, "vendor", "Mitsubishi Electric", "read_type_name");
                cx.fact(side, "model", &text(model), "read_type_name.model");
                cx.fact(side, "role", "plc", "read_type_name");
                if let Some(&[a, b]) = body.get(16..18).and_then(|c| c.first_chunk::<2>()) {
                    let id = if frame.kind.ascii() { [a, b] } else { [b, a] };
                    cx.fact(side, "device-id", &crate::bytes::hex(&id), "read_type_name.model_code");
                }
            }
        }
        asked.report(cx, Outcome::Accepted, None);
    }
}

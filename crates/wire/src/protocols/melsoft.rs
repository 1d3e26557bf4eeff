//! MELSOFT: the engineering tools of Mitsubishi Electric (GX Works, GX Developer) talking to a controller.
//!
//! The vendor publishes nothing. Layout by captures of an FX5U: search 5A, 01 and its answer DA;
//! messages 57 01 (request) and D7 01 (answer) with a fixed head, the octets behind it, and
//! a command of two octets. Of the commands, 0121 reads the type of the controller; the others are
//! named by number, and their effect is not known: they are unverified.

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Step, Verdict};

pub static SPEC: Spec = Spec {
    name: "melsoft",
    title: "MELSOFT",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[5006, 5007, 5560, 5562],
    ethertypes: &[],
    rank: 65,
    identify,
    open: || Box::<Melsoft>::default(),
    pdus: false,
    facts: &["vendor", "model", "role", "device-id"],
    credentials: &[],
    operations: &["search", "read_cpu_type", "command", "file_command"],
    source: "captures of GX Works3 with an FX5U; no second source, only the type of the CPU is firm",
    // most commands are known by number alone
    level: 1,
    proofs: &["ics-security-tools/MELSEC"],
};

const TIMEOUT: Micros = 10_000_000;
/// Octets of the head, which ends in the octets behind it.
const HEAD: usize = 21;

struct Message<'a> {
    request: bool,
    command: u16,
    sequence: u16,
    data: &'a [u8],
}

enum Found<'a> {
    Message(Message<'a>, usize),
    Short,
    No,
}

fn read(data: &[u8]) -> Found<'_> {
    match *data {
        [] | [0x57 | 0xD7] => return Found::Short,
        [0x57 | 0xD7, 0 | 1, ..] => {}
        _ => return Found::No,
    }
    let mut r = Reader::new(data);
    let head: Option<(bool, usize, u8, u8)> = (|| {
        let request = r.u8()? == 0x57;
        r.skip(3)?;
        let mark = (r.u8()?, r.be16()?);
        let kind = r.u8()?;
        // numbers of networks, stations and modules
        r.skip(11)?;
        let size = usize::from(r.le16()?);
        // what follows: 1C or 9C, 0A, 14 or 16 or 18
        let (a, b) = (r.u8()?, r.u8()?);
        let fits = mark == (0, 0x1111) && matches!(kind, 0x07 | 0x7F) && b == 0x0A;
        fits.then_some((request, size, a, b))
    })();
    let Some((request, size, a, _)) = head else {
        return if data.len() < HEAD + 2 { Found::Short } else { Found::No };
    };
    if a != if request { 0x1C } else { 0x9C } || !(28..=4096).contains(&size) {
        return Found::No;
    }
    let Some(body) = data.get(HEAD..HEAD + size) else { return Found::Short };
    // answers have two octets more before the command
    let at = if request { 24 } else { 26 };
    let mut b = Reader::new(body);
    let message = (|| {
        b.skip(at)?;
        Some(Message { request, command: b.be16()?, sequence: b.le16()?, data: b.rest() })
    })();
    match message {
        Some(m) => Found::Message(m, HEAD + size),
        None => Found::No,
    }
}

/// Search of controllers: 5A 00 00 and its kind; answers DA with a kind and data.
fn search(data: &[u8]) -> Option<bool> {
    match *data {
        [0x5A, 0, 0, 1 | 0xFF] => Some(true),
        [0xDA, 0, 0, 1, _, 0, ..] if data.len() == 14 => Some(false),
        [0xDA, 0, 0, 0xFF, ..] if data.len() == 28 => Some(false),
        _ => None,
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    match read(data) {
        Found::Message(m, size) if hint.transport == Transport::Tcp || size == data.len() => {
            return Verdict::Strong(if m.request { Role::Client } else { Role::Server });
        }
        Found::Short if hint.transport == Transport::Tcp && data.len() < 4096 => return Verdict::Need,
        _ => {}
    }
    match search(data).filter(|_| hint.transport == Transport::Udp && hint.port(5560)) {
        Some(true) => Verdict::Weak(Role::Client),
        Some(false) => Verdict::Weak(Role::Server),
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Melsoft {
    open: Requests<(u16, u16)>,
}

impl Probe for Melsoft {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match read(data) {
            Found::Message(m, size) => {
                self.message(cx, &m);
                Step::Used(size)
            }
            Found::Short => Step::Need,
            Found::No => Step::Bad,
        }
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if let Some(request) = search(data) {
            self.open.hear(cx);
            if request {
                let asked = Asked::new(cx, Action::Discover, "search").code(0x5A);
                self.open.ask(cx, (0x5A, 0), asked);
            } else {
                self.open.settle(cx, &(0x5A, 0), None);
            }
            return Ok(());
        }
        match read(data) {
            Found::Message(m, _) => {
                self.message(cx, &m);
                Ok(())
            }
            _ => Err(Malformed),
        }
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl Melsoft {
    fn message(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        self.open.hear(cx);
        let key = (m.command, m.sequence);
        if m.request {
            let (name, action) = match m.command {
                0x0121 => ("read_cpu_type", Action::Identify),
                0x1800..=0x18FF => ("file_command", Action::Other),
                _ => ("command", Action::Other),
            };
            let asked = Asked::new(cx, action, name).code(m.command);
            return self.open.ask(cx, key, asked);
        }
        if m.command == 0x0121 {
            let mut r = Reader::new(m.data);
            // end code, then the type in 16 characters and its number
            if let (Some(_), Some(model)) = (r.skip(2), r.take(16)) {
                let from = cx.from();
                cx.fact(from, "vendor", "Mitsubishi Electric", "read_cpu_type");
                cx.fact(from, "role", "plc", "read_cpu_type");
                cx.fact(from, "model", &text(model), "read_cpu_type.model");
                if let Some(id) = r.le16() {
                    cx.fact(from, "device-id", &format!("{id:04x}"), "read_cpu_type.model_code");
                }
            }
        }
        self.open.settle(cx, &key, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut made = vec![0x57, 1, 0, 0, 0, 0x11, 0x11, 7, 0, 0, 0xFF, 0xFF, 3, 0, 0, 0xFE, 3, 0, 0];
            made.extend(((body.len()) as u16).to_le_bytes());
            made.extend([0x1C, 0x0A]);
            made.extend(&body);
            let d = Dialogue::udp(&SPEC, 5560);
            let _verdict = (d.identify(true, &made), d.identify(true, &body));
            let _seen = d.client(&made).server(&body).end();
        }
    }

    #[test]
    fn open_requests_are_bounded() {
        let mut d = Dialogue::udp(&SPEC, 5560);
        for _ in 0..100_000 {
            d = d.client(&[0x5A, 0, 0, 1]);
        }
        assert_eq!(d.end().ops(), ["melsoft search unknown x100000"]);
    }
}

//! Xiaomi miIO: smart home devices on UDP 54321.
//!
//! Header of 32 octets: 2131H, length, four octets unused, device number, seconds since start, MD5 of
//! the message with the token in its place. A device that is not set up gives its token, the key of all
//! later messages, in answer to a hello. Written from open implementations (python-miio), no standard.

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "miio",
    title: "Xiaomi miIO",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[54321],
    ethertypes: &[],
    rank: 64,
    identify,
    open: || Box::<Miio>::default(),
    pdus: false,
    facts: &["vendor", "id:miio", "uptime", "role"],
    credentials: &["token"],
    operations: &["hello", "command"],
    source: "open implementations (python-miio, OpenMiHome)",
    level: 5,
    proofs: &[],
};

const HEADER: usize = 32;
const TIMEOUT: i64 = 10_000_000;

struct Message {
    hello: bool,
    device: u32,
    stamp: u32,
    sum: [u8; 16],
    body: usize,
}

fn message(data: &[u8]) -> Option<Message> {
    let mut r = Reader::new(data);
    if r.be16()? != 0x2131 || usize::from(r.be16()?) != data.len() {
        return None;
    }
    let unused = r.be32()?;
    let (device, stamp) = (r.be32()?, r.be32()?);
    let sum: [u8; 16] = r.take(16)?.try_into().ok()?;
    let body = data.len() - HEADER;
    let hello = unused == u32::MAX && device == u32::MAX && body == 0;
    // the body is enciphered in blocks of 16
    let fits = hello || unused == 0 && device != u32::MAX && body.is_multiple_of(16);
    fits.then_some(Message { hello, device, stamp, sum, body })
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match message(data) {
        Some(m) if m.hello => Verdict::Strong(Role::Client),
        Some(m) if m.body == 0 => Verdict::Strong(Role::Server),
        Some(_) => Verdict::Strong(Role::Unknown),
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Miio {
    hello: Option<Stamp>,
    command: Option<Stamp>,
    heard: bool,
}

impl Probe for Miio {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let m = message(data).ok_or(Malformed)?;
        if m.hello {
            cx.sender_is(Side::Client);
            self.hello.get_or_insert(cx.at());
            return Ok(());
        }
        if m.body == 0 {
            cx.sender_is(Side::Server);
            self.heard = true;
            cx.fact(Side::Server, "vendor", "Xiaomi", "header.magic");
            cx.fact(Side::Server, "role", "iot", "header.magic");
            cx.fact(Side::Server, "id:miio", &m.device.to_string(), "header.device_id");
            cx.fact(Side::Server, "uptime", &m.stamp.to_string(), "header.stamp");
            if m.sum != [0xFF; 16] && m.sum != [0; 16] {
                let token = hex(&m.sum);
                let cred = Cred::new(CredKind::Token).secret(&token).cleartext();
                cx.credential(cred.detail("device_id", m.device));
            }
            if let Some(asked) = self.hello.take() {
                cx.op(Op::new(Action::Discover, "hello").outcome(Outcome::Accepted).asked(asked));
            }
            return Ok(());
        }
        match (cx.from(), self.command) {
            (Side::Client, None) => self.command = Some(cx.at()),
            (Side::Server, Some(asked)) => {
                self.heard = true;
                self.command = None;
                report(cx, "command", asked, Outcome::Accepted);
            }
            _ => {}
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        let late = |at: &mut Stamp| now.saturating_sub(at.time) > TIMEOUT;
        for (open, name) in [(&mut self.hello, "hello"), (&mut self.command, "command")] {
            if let Some(asked) = open.take_if(late) {
                report(cx, name, asked, if self.heard { Outcome::NoAnswer } else { Outcome::Unknown });
            }
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for (open, name) in [(self.hello.take(), "hello"), (self.command.take(), "command")] {
            if let Some(asked) = open {
                report(cx, name, asked, if self.heard { Outcome::NoAnswer } else { Outcome::Unknown });
            }
        }
    }
}

/// What a command orders is enciphered: only that there was one is told.
fn report(cx: &mut Cx<'_>, name: &'static str, asked: Stamp, outcome: Outcome) {
    let action = if name == "hello" { Action::Discover } else { Action::Other };
    let category = if name == "hello" { Category::Discovery } else { Category::Control };
    cx.op(Op::new(action, name).category(category).outcome(outcome).asked(asked));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    #[test]
    fn others_are_not_claimed() {
        let d = Dialogue::udp(&SPEC, 54321);
        for other in [&b"!1\x00\x21"[..], b"!1\x00\x05x", b""] {
            assert_eq!(d.identify(true, other), Verdict::No);
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60), blocks in 0usize..4, b: u8) {
            let mut bent = vec![b; HEADER + 16 * blocks];
            bent[..4].copy_from_slice(&[0x21, 0x31, 0, (HEADER + 16 * blocks) as u8]);
            bent[4..8].fill(0);
            let d = Dialogue::udp(&SPEC, 54321);
            d.identify(true, &bytes);
            d.client(&bytes).client(&bent).server(&bent).end();
        }
    }
}

//! Digi Advanced Device Discovery Protocol: serial servers on UDP 2362.
//!
//! `DIGI`, type, length, then fields of type, length, value. Orders hold the password readable.
//! Written from open implementations (digi-addp, Metasploit's modules); the maker's text is not public.

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "digi",
    title: "Digi discovery (ADDP)",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[2362],
    ethertypes: &[],
    rank: 66,
    identify,
    open: || Box::<Digi>::default(),
    pdus: false,
    facts: &["vendor", "product", "name", "hostname", "firmware", "hardware", "serial_ports", "role"],
    credentials: &["password"],
    operations: &["configuration_request", "set_address", "reboot", "set_dhcp", "set_wireless"],
    source: "open implementations of ADDP; no published standard",
    level: 5,
    proofs: &[],
};

const TIMEOUT: i64 = 30_000_000;

/// Magic of the maker and of those who sell its gear under their name.
fn magic(data: &[u8]) -> bool {
    matches!(data.first_chunk::<4>(), Some(b"DIGI" | b"DVKT" | b"DGDP"))
}

/// Type and body, of the length that is said.
fn message(data: &[u8]) -> Option<(u16, &[u8])> {
    if !magic(data) {
        return None;
    }
    let mut r = Reader::new(data.get(4..)?);
    let kind = r.be16()?;
    let length = usize::from(r.be16()?);
    ((1..=0x20).contains(&kind) && r.left() == length).then(|| (kind, r.rest()))
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match message(data) {
        Some((kind, _)) if kind % 2 == 1 => Verdict::Strong(Role::Client),
        Some(_) => Verdict::Strong(Role::Server),
        None => Verdict::No,
    }
}

fn order(kind: u16) -> Option<(&'static str, Action)> {
    Some(match kind {
        1 => ("configuration_request", Action::Discover),
        3 => ("set_address", Action::SetAddress),
        5 => ("reboot", Action::Restart),
        7 => ("set_dhcp", Action::SetAddress),
        9 => ("set_wireless", Action::Configure),
        _ => return None,
    })
}

/// The password of an order: behind the hardware address, with its length before it.
fn password(kind: u16, body: &[u8]) -> Option<String> {
    let at = match kind {
        3 => 12 + 6,
        5 => 6,
        7 => 1 + 6,
        _ => return None,
    };
    let length = usize::from(*body.get(at)?);
    let value = text(body.get(at + 1..at + 1 + length)?);
    (!value.is_empty()).then_some(value)
}

#[derive(Default)]
struct Digi {
    /// The order that waits: its type, password, time.
    open: Option<(u16, Option<String>, Stamp)>,
    heard: bool,
}

impl Probe for Digi {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let (kind, body) = message(data).ok_or(Malformed)?;
        if kind % 2 == 1 {
            cx.sender_is(Side::Client);
            let request = (kind, password(kind, body), cx.at());
            if let Some(old) = self.open.replace(request) {
                report(cx, old, Outcome::Unknown);
            }
            return Ok(());
        }
        cx.sender_is(Side::Server);
        self.heard = true;
        let mut flag = None;
        let mut r = Reader::new(body);
        cx.fact(Side::Server, "vendor", "Digi International", "addp.magic");
        cx.fact(Side::Server, "role", "serial-server", "addp.magic");
        while let (Some(field), Some(length)) = (r.u8(), r.u8()) {
            let value = r.take(usize::from(length)).ok_or(Malformed)?;
            if field == 0x0A {
                flag = value.first().copied();
            }
            learn(cx, field, value);
        }
        if let Some(open) = self.open.take_if(|(asked, ..)| *asked + 1 == kind) {
            // result flag: 0 success, 1 refused credentials, FF error
            let outcome = match flag {
                None | Some(0) => Outcome::Accepted,
                Some(_) => Outcome::Refused,
            };
            report(cx, open, outcome);
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        if let Some(open) = self.open.take_if(|(.., asked)| now.saturating_sub(asked.time) > TIMEOUT) {
            report(cx, open, if self.heard { Outcome::NoAnswer } else { Outcome::Unknown });
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(open) = self.open.take() {
            report(cx, open, if self.heard { Outcome::NoAnswer } else { Outcome::Unknown });
        }
    }
}

fn report(cx: &mut Cx<'_>, (kind, secret, asked): (u16, Option<String>, Stamp), outcome: Outcome) {
    if let Some(secret) = secret {
        let ended = LoginOutcome::from(outcome);
        cx.credential(Cred::new(CredKind::Password).secret(&secret).cleartext().outcome(ended).sent(asked));
    }
    if let Some((name, action)) = order(kind) {
        cx.op(Op::new(action, name).code(kind).outcome(outcome).asked(asked));
    }
}

fn learn(cx: &mut Cx<'_>, field: u8, value: &[u8]) {
    let side = Side::Server;
    let name = match field {
        0x01 => {
            if let (Ok(mac), HostAddr::Ip(ip)) = (value.try_into().map(Mac), cx.end(side).addr) {
                cx.bind(mac, ip, BindKind::Declared);
            }
            return;
        }
        0x04 => "hostname",
        0x08 => "firmware",
        0x0D => "product",
        0x07 | 0x12 => {
            let number = value.iter().take(4).fold(0u32, |n, b| n << 8 | u32::from(*b));
            let name = if field == 7 { "hardware" } else { "serial_ports" };
            return cx.fact(side, name, &number.to_string(), "addp");
        }
        _ => return,
    };
    let value = text(value);
    if !value.is_empty() {
        cx.fact(side, name, &value, "addp");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(kind in 0u16..12, body in proptest::collection::vec(any::<u8>(), 0..60), bytes: Vec<u8>) {
            let head = [b"DIGI", &kind.to_be_bytes()[..], &(body.len() as u16).to_be_bytes()].concat();
            let data = [head, body].concat();
            let d = Dialogue::udp(&SPEC, 2362);
            d.identify(true, &bytes);
            d.identify(true, &data);
            d.client(&bytes).client(&data).server(&data).end();
        }
    }
}

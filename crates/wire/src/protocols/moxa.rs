//! Moxa serial servers and gateways: discovery and settings on UDP 4800.
//!
//! Code, 0, length of the whole message; answers have bit 7 of the code set. 01 asks who is there, 10 for
//! the name. Known from published scanners (Metasploit, OpenVAS); the maker's text is not public.

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "moxa",
    title: "Moxa discovery",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[4800],
    ethertypes: &[],
    rank: 68,
    identify,
    open: || Box::<Moxa>::default(),
    pdus: false,
    facts: &["vendor", "name", "model_code", "role"],
    credentials: &[],
    operations: &["search", "get_name", "get_settings"],
    source: "published scanners (Metasploit moxa_discover, OpenVAS); codes but 01 and 10 unverified",
    level: 3,
    proofs: &[],
};

const HEADER: usize = 4;

fn message(data: &[u8]) -> Option<(u8, &[u8])> {
    let (&[code, zero, high, low], body) = data.split_first_chunk::<HEADER>()?;
    let known = matches!(code & 0x7F, 0x01 | 0x10..=0x3F);
    let whole = usize::from(u16::from_be_bytes([high, low])) == data.len();
    (known && zero == 0 && whole && data.len() >= 8).then_some((code, body))
}

/// The maker's own hardware address stands in every answer, and in questions to one device.
fn own_address(body: &[u8]) -> Option<Mac> {
    let mac: [u8; 6] = body.get(10..16)?.try_into().ok()?;
    mac.starts_with(&[0x00, 0x90, 0xE8]).then_some(Mac(mac))
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match message(data) {
        Some((code, body)) => match (code & 0x80 != 0, own_address(body).is_some()) {
            (true, true) => Verdict::Strong(Role::Server),
            (false, true) => Verdict::Strong(Role::Client),
            (false, false) if data == [1, 0, 0, 8, 0, 0, 0, 0] => Verdict::Weak(Role::Client),
            _ => Verdict::No,
        },
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Moxa {
    open: Option<(u8, Stamp)>,
    heard: bool,
}

impl Probe for Moxa {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let (code, body) = message(data).ok_or(Malformed)?;
        if code & 0x80 == 0 {
            cx.sender_is(Side::Client);
            if let Some(old) = self.open.replace((code, cx.at())) {
                report(cx, old, Outcome::Unknown);
            }
            return Ok(());
        }
        cx.sender_is(Side::Server);
        self.heard = true;
        cx.fact(Side::Server, "vendor", "Moxa", "header");
        cx.fact(Side::Server, "role", "serial-server", "header");
        if let (Some(mac), HostAddr::Ip(ip)) = (own_address(body), cx.end(Side::Server).addr) {
            cx.bind(mac, ip, BindKind::Declared);
        }
        let mut r = Reader::new(body.get(6..).unwrap_or_default());
        if code == 0x81
            && let Some(model) = r.le16()
        {
            cx.fact(Side::Server, "model_code", &format!("{model:04x}"), "search.model");
        }
        if code == 0x90 {
            let name = text(body.get(16..).unwrap_or_default());
            if !name.is_empty() && !name.chars().any(char::is_control) {
                cx.fact(Side::Server, "name", &name, "get_name");
            }
        }
        if let Some(open) = self.open.take_if(|(asked, _)| *asked | 0x80 == code) {
            report(cx, open, Outcome::Accepted);
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(open) = self.open.take() {
            report(cx, open, if self.heard { Outcome::NoAnswer } else { Outcome::Unknown });
        }
    }
}

fn report(cx: &mut Cx<'_>, (code, asked): (u8, Stamp), outcome: Outcome) {
    let (name, action) = match code {
        0x01 => ("search", Action::Discover),
        0x10 => ("get_name", Action::Identify),
        _ => ("get_settings", Action::Read),
    };
    cx.op(Op::new(action, name).code(code).outcome(outcome).asked(asked));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(code: u8, body in proptest::collection::vec(any::<u8>(), 0..60), bytes: Vec<u8>) {
            let data = [vec![code, 0, 0, body.len() as u8 + 4], body].concat();
            let d = Dialogue::udp(&SPEC, 4800);
            d.identify(true, &bytes);
            d.identify(true, &data);
            d.client(&bytes).client(&data).server(&data).end();
        }
    }
}

//! Lantronix device servers: discovery and set-up records on UDP (and TCP) 30718.
//!
//! 000000 and a code: F6 asks who is there, F7 answers with type and hardware address; F8 asks for the
//! set-up record, F9 gives it, the Telnet password in it readable; FA writes it, FB confirms.
//! Known from the maker's "Port 77FE" description and Metasploit's module.

use crate::bytes::text;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "lantronix",
    title: "Lantronix discovery and set-up",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[30718],
    ethertypes: &[],
    rank: 67,
    identify,
    open: || Box::<Lantronix>::default(),
    pdus: false,
    facts: &["vendor", "product", "role"],
    credentials: &["password"],
    operations: &["query", "read_setup", "write_setup", "query_version"],
    source: "Lantronix integration guides (port 77FE); Metasploit's lantronix_telnet_password",
    level: 4,
    proofs: &[],
};

/// Octets of a set-up record.
const RECORD: usize = 120;

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    let Some([0, 0, 0, code]) = data.first_chunk::<4>() else { return Verdict::No };
    let device = || data.get(24..27) == Some(&[0x00, 0x20, 0x4A]) || data.get(24..27) == Some(&[0x00, 0x80, 0xA3]);
    match (code, data.len()) {
        (0xF7, 30) if device() => Verdict::Strong(Role::Server),
        (0xF6 | 0xF8, 4) => Verdict::Weak(Role::Client),
        (0xF4, 4) => Verdict::Weak(Role::Client),
        (0xF7, 30) | (0xF5, 5..=64) => Verdict::Weak(Role::Server),
        (0xF9, n) if (RECORD..=RECORD + 8).contains(&n) => Verdict::Weak(Role::Server),
        (0xFA, n) if (RECORD..=RECORD + 8).contains(&n) => Verdict::Weak(Role::Client),
        (0xFB, 4) => Verdict::Weak(Role::Server),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Lantronix {
    open: Option<(u8, Option<String>, Stamp)>,
    heard: bool,
}

/// The Telnet password of a record: four octets behind the addresses.
fn password(data: &[u8]) -> Option<String> {
    let secret = data.get(16..20)?;
    let value = text(secret);
    (!value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic())).then_some(value)
}

impl Probe for Lantronix {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let Some([0, 0, 0, code]) = data.first_chunk::<4>() else { return Err(Malformed) };
        match code {
            0xF4 | 0xF6 | 0xF8 | 0xFA => {
                cx.sender_is(Side::Client);
                let secret = (*code == 0xFA).then(|| password(data)).flatten();
                if let Some(old) = self.open.replace((*code, secret, cx.at())) {
                    report(cx, old, Outcome::Unknown);
                }
            }
            0xF5 | 0xF7 | 0xF9 | 0xFB => {
                cx.sender_is(Side::Server);
                self.heard = true;
                cx.fact(Side::Server, "vendor", "Lantronix", "port 77FE");
                cx.fact(Side::Server, "role", "serial-server", "port 77FE");
                if *code == 0xF7 {
                    device(cx, data);
                }
                if *code == 0xF9
                    && let Some(secret) = password(data)
                {
                    cx.credential(Cred::new(CredKind::Password).secret(&secret).cleartext());
                }
                if let Some(open) = self.open.take_if(|(asked, ..)| *asked + 1 == *code) {
                    report(cx, open, Outcome::Accepted);
                }
            }
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(open) = self.open.take() {
            report(cx, open, if self.heard { Outcome::NoAnswer } else { Outcome::Unknown });
        }
    }
}

/// Device type of two letters at 8, hardware address at the end.
fn device(cx: &mut Cx<'_>, data: &[u8]) {
    if let Some(kind) = data.get(8..10).map(text).filter(|t| t.len() == 2 && t.bytes().all(|b| b.is_ascii_alphanumeric())) {
        cx.fact(Side::Server, "product", &format!("type {kind}"), "query_response.type");
    }
    let mac = data.get(24..30).and_then(|m| m.try_into().ok()).map(Mac);
    if let (Some(mac), HostAddr::Ip(ip)) = (mac, cx.end(Side::Server).addr) {
        cx.bind(mac, ip, BindKind::Declared);
    }
}

fn report(cx: &mut Cx<'_>, (code, secret, asked): (u8, Option<String>, Stamp), outcome: Outcome) {
    if let Some(secret) = secret {
        cx.credential(Cred::new(CredKind::Password).secret(&secret).cleartext().sent(asked));
    }
    let (name, action) = match code {
        0xF6 => ("query", Action::Discover),
        0xF4 => ("query_version", Action::Identify),
        0xF8 => ("read_setup", Action::Read),
        _ => ("write_setup", Action::Configure),
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
        fn never_panics(code in 0xF0u8.., body in proptest::collection::vec(any::<u8>(), 0..130), bytes: Vec<u8>) {
            let data = [vec![0, 0, 0, code], body].concat();
            let d = Dialogue::udp(&SPEC, 30718);
            d.identify(true, &bytes);
            d.identify(true, &data);
            d.client(&bytes).client(&data).server(&data).end();
        }
    }
}

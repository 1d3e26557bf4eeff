//! LIFX LAN protocol: lamps on UDP 56700.
//!
//! A header of 36 octets, little endian, then a payload by type. Written from the maker's published
//! description; `set_access_point` is not in it (from open implementations) and unverified.

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::pending::Pending;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "lifx",
    title: "LIFX LAN protocol",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[56700],
    ethertypes: &[],
    rank: 63,
    identify,
    open: || Box::<Lifx>::default(),
    pdus: false,
    facts: &["vendor", "product", "firmware", "name", "location", "role"],
    credentials: &["psk"],
    operations: &[
        "get_service", "set_power", "set_label", "set_location", "set_group", "set_color", "set_light_power",
        "set_reboot", "set_access_point",
    ],
    source: "LIFX LAN Protocol (lan.developer.lifx.com); set_access_point unverified",
    level: 5,
    proofs: &[],
};

const HEADER: usize = 36;
const TIMEOUT: i64 = 10_000_000;

struct Message<'a> {
    source: u32,
    target: [u8; 6],
    sequence: u8,
    kind: u16,
    payload: &'a [u8],
}

/// Message types and how long their payload is.
fn length_of(kind: u16) -> Option<usize> {
    Some(match kind {
        2 | 14 | 16 | 18 | 20 | 23 | 32 | 34 | 38 | 45 | 48 | 51 | 101 | 116 => 0,
        3 => 5,
        15 | 19 => 20,
        17 => 14,
        21 | 22 | 118 => 2,
        24 | 25 => 32,
        33 => 12,
        35 => 24,
        49 | 50 | 52 | 53 => 56,
        54 => 56,
        58 | 59 => 64,
        102 => 13,
        107 => 52,
        117 => 6,
        305 => 98,
        _ => return None,
    })
}

fn message(data: &[u8]) -> Option<Message<'_>> {
    let mut r = Reader::new(data);
    if usize::from(r.le16()?) != data.len() || data.len() < HEADER {
        return None;
    }
    // protocol number 1024, addressable, origin 0
    if r.le16()? & 0xDFFF != 0x1400 {
        return None;
    }
    let source = r.le32()?;
    let target: [u8; 6] = r.take(6)?.try_into().ok()?;
    if r.be16()? != 0 {
        return None;
    }
    r.skip(6)?;
    let flags = r.u8()?;
    let sequence = r.u8()?;
    r.skip(8)?;
    let kind = r.le16()?;
    let zero = r.be16()? == 0;
    let payload = r.rest();
    let fits = length_of(kind).is_none_or(|n| n == payload.len());
    (flags < 4 && zero && fits && kind < 1024).then_some(Message { source, target, sequence, kind, payload })
}

/// Types that lamps send.
fn is_state(kind: u16) -> bool {
    matches!(kind, 3 | 15 | 17 | 19 | 22 | 25 | 33 | 35 | 45 | 50 | 53 | 59 | 107 | 118)
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match message(data) {
        Some(m) if length_of(m.kind).is_none() => Verdict::Weak(Role::Unknown),
        Some(m) if is_state(m.kind) => Verdict::Strong(Role::Server),
        Some(_) => Verdict::Strong(Role::Client),
        None => Verdict::No,
    }
}

fn order(kind: u16) -> Option<(&'static str, Action)> {
    Some(match kind {
        2 => ("get_service", Action::Discover),
        21 => ("set_power", Action::Write),
        24 => ("set_label", Action::SetName),
        38 => ("set_reboot", Action::Restart),
        49 => ("set_location", Action::Configure),
        52 => ("set_group", Action::Configure),
        102 => ("set_color", Action::Write),
        117 => ("set_light_power", Action::Write),
        305 => ("set_access_point", Action::Configure),
        _ => return None,
    })
}

/// An order: its kind, name and key of a network it gives, when it was made.
type Order = (u16, Option<(String, String)>, Stamp);

#[derive(Default)]
struct Lifx {
    open: Pending<(u32, u8), Order, 32>,
    heard: bool,
}

impl Probe for Lifx {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let m = message(data).ok_or(Malformed)?;
        if is_state(m.kind) {
            cx.sender_is(Side::Server);
            self.heard = true;
            learn(cx, &m);
            if let Some((kind, key, asked)) = self.open.take(&(m.source, m.sequence)) {
                report(cx, kind, key, asked, Outcome::Accepted);
            }
        } else if order(m.kind).is_some() {
            cx.sender_is(Side::Client);
            let key = (m.kind == 305).then(|| access_point(m.payload)).flatten();
            let request = (m.kind, key, cx.at());
            if let Some((_, (kind, key, asked))) = self.open.push((m.source, m.sequence), request) {
                report(cx, kind, key, asked, Outcome::Unknown);
            }
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, (kind, key, asked))) =
            self.open.take_if(|_, (_, _, asked)| now.saturating_sub(asked.time) > TIMEOUT)
        {
            // an acknowledgement need not be asked for
            report(cx, kind, key, asked, Outcome::Unknown);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for (_, (kind, key, asked)) in self.open.drain().collect::<Vec<_>>() {
            report(cx, kind, key, asked, Outcome::Unknown);
        }
    }
}

/// Interface, name of the network, its key, kind of security.
fn access_point(payload: &[u8]) -> Option<(String, String)> {
    let (ssid, key) = (text(payload.get(1..33)?), text(payload.get(33..97)?));
    (!key.is_empty()).then_some((ssid, key))
}

fn report(cx: &mut Cx<'_>, kind: u16, key: Option<(String, String)>, asked: Stamp, outcome: Outcome) {
    if let Some((ssid, key)) = key {
        let ended = if outcome == Outcome::Accepted { LoginOutcome::Success } else { LoginOutcome::Unknown };
        let cred = Cred::new(CredKind::Psk).username(&ssid).secret(&key).cleartext().outcome(ended);
        cx.credential(cred.sent(asked));
    }
    if let Some((name, action)) = order(kind) {
        cx.op(Op::new(action, name).code(kind).outcome(outcome).asked(asked));
    }
}

fn learn(cx: &mut Cx<'_>, m: &Message<'_>) {
    let side = cx.from();
    if let HostAddr::Ip(ip) = cx.end(side).addr {
        cx.bind(Mac(m.target), ip, BindKind::Declared);
    }
    cx.fact(side, "vendor", "LIFX", "header");
    cx.fact(side, "role", "iot", "header");
    let mut r = Reader::new(m.payload);
    let mut say = |name, value: String, field| {
        if !value.is_empty() {
            cx.fact(side, name, &value, field);
        }
    };
    match m.kind {
        15 => {
            r.skip(16);
            if let (Some(minor), Some(major)) = (r.le16(), r.le16()) {
                say("firmware", format!("{major}.{minor}"), "state_host_firmware");
            }
        }
        25 => say("name", text(m.payload), "state_label"),
        33 => {
            r.skip(4);
            if let Some(product) = r.le32() {
                say("product", format!("product {product}"), "state_version");
            }
        }
        50 => say("location", text(m.payload.get(16..48).unwrap_or_default()), "state_location"),
        107 => say("name", text(m.payload.get(12..44).unwrap_or_default()), "light_state.label"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    #[test]
    fn open_orders_are_bounded() {
        let mut lifx = Lifx::default();
        for n in 0..100_000 {
            lifx.open.push((n, 0), (21, None, Stamp::default()));
        }
        assert_eq!(lifx.open.len(), 32);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), kind in 0u16..320, n in 0usize..110) {
            let mut bent = vec![0; HEADER + n];
            bent[0] = (HEADER + n) as u8;
            bent[3] = 0x14;
            bent[32..34].copy_from_slice(&kind.to_le_bytes());
            let d = Dialogue::udp(&SPEC, 56700);
            d.identify(true, &bytes);
            d.identify(true, &bent);
            d.client(&bytes).client(&bent).server(&bent).end();
        }
    }
}

//! HID VertX and Edge door controllers: discovery on UDP 4070.
//!
//! `word;length;field;…` in ASCII; the length of three digits counts the whole message. Known from the
//! published analyses of discoveryd and its command injection; field order checked against those only.

use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::probe::*;
use crate::protocols::sysdescr::mac;

pub static SPEC: Spec = Spec {
    name: "hid",
    title: "HID discovery (VertX, Edge)",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[4070],
    ethertypes: &[],
    rank: 65,
    identify,
    open: || Box::<Hid>::default(),
    pdus: false,
    facts: &["vendor", "name", "model", "firmware", "firmware_date", "role"],
    credentials: &[],
    operations: &["discover", "command_blink_on", "command_blink_off", "command_injection"],
    source: "published analyses of HID discoveryd (ZDI-16-223); unverified by a second source",
    level: 3,
    proofs: &[],
};

/// Fields of a message: its word, then the others without the length.
fn fields(data: &[u8]) -> Option<Vec<&str>> {
    let known = [&b"discover;"[..], b"discovered;", b"command_"];
    if !known.iter().any(|w| data.starts_with(w)) || data.len() > 512 {
        return None;
    }
    let text = std::str::from_utf8(data).ok()?;
    let text = text.trim_end_matches(['\0', '\r', '\n']);
    let mut parts = text.split(';');
    let word = parts.next()?;
    let length = parts.next()?;
    let digits = length.len() == 3 && length.bytes().all(|b| b.is_ascii_digit());
    (digits && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .then(|| std::iter::once(word).chain(parts).take(32).collect())
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match fields(data).as_deref() {
        Some(["discovered", ..]) => Verdict::Strong(Role::Server),
        Some(_) => Verdict::Strong(Role::Client),
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Hid {
    asked: Option<Stamp>,
}

impl Probe for Hid {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let fields = fields(data).ok_or(Malformed)?;
        let get = |n: usize| fields.get(n).map(|f| f.trim()).filter(|f| !f.is_empty());
        match get(0).unwrap_or_default() {
            "discover" => {
                cx.sender_is(Side::Client);
                self.asked.get_or_insert(cx.at());
            }
            "discovered" => {
                cx.sender_is(Side::Server);
                let Some(mac) = get(1).and_then(mac) else { return Err(Malformed) };
                if let HostAddr::Ip(ip) = cx.end(Side::Server).addr {
                    cx.bind(mac, ip, BindKind::Declared);
                }
                cx.fact(Side::Server, "vendor", "HID Global", "discovered");
                for (n, name) in [(2, "name"), (5, "model"), (6, "firmware"), (7, "firmware_date")] {
                    if let Some(value) = get(n).filter(|v| *v != "NoEntry") {
                        cx.fact(Side::Server, name, value, "discovered");
                    }
                }
                cx.fact(Side::Server, "role", "building-controller", "discovered");
                if let Some(asked) = self.asked.take() {
                    cx.op(Op::new(Action::Discover, "discover").outcome(Outcome::Accepted).asked(asked));
                }
            }
            word => {
                cx.sender_is(Side::Client);
                // the count is given to a shell by old firmware
                let shell = fields.iter().skip(1).any(|f| f.contains(['`', '$', '|', '&']));
                let name = if shell { "command_injection" } else { word };
                let mut op = Op::new(Action::Write, name).category(Category::Control).notable();
                if let Some(target) = get(1) {
                    op = op.target(target);
                }
                if let Some(count) = get(2) {
                    op = op.value(count);
                }
                cx.op(op);
            }
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(asked) = self.asked.take() {
            cx.op(Op::new(Action::Discover, "discover").asked(asked));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(text in "(discover|discovered|command_blink_on);[0-9]{3};[ -~]{0,40}", bytes: Vec<u8>) {
            let d = Dialogue::udp(&SPEC, 4070);
            d.identify(true, &bytes);
            d.client(&bytes).client(text.as_bytes()).server(text.as_bytes()).end();
        }
    }
}

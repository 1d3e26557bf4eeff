//! Trivial File Transfer Protocol (RFC 1350, 2347-2349, 7440): which files are read and written.
//!
//! A request goes to port 69, the transfer runs between the client's port and a new one of the server.
//! The outcome is seen there: requests are kept across flows until their transfer has begun.

use super::files;
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::HostId;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "tftp",
    title: "Trivial File Transfer Protocol",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[69],
    ethertypes: &[],
    rank: 78,
    identify,
    open: || Box::<Tftp>::default(),
    pdus: false,
    facts: &["firmware_file"],
    credentials: &[],
    operations: &["read_request", "write_request"],
    source: "RFC 1350, 2347, 2348, 2349, 7440",
    level: 5,
    proofs: &["ndpi/pcap/tftp.pcap", "suricata-verify/output-eve-tftp-01"],
};

/// Requests whose transfer is waited for, over all flows of a shard.
const MAX_WAITING: usize = 1024;
/// Microseconds after which a request without a transfer has no answer.
const WAIT: Micros = 30_000_000;
const MAX_NAME: usize = 255;

struct Request<'a> {
    write: bool,
    name: &'a [u8],
    mode: &'a [u8],
    options: Vec<(String, String)>,
}

fn request(data: &[u8]) -> Option<Request<'_>> {
    let [0, kind @ (1 | 2), rest @ ..] = data else { return None };
    let mut parts = rest.strip_suffix(&[0])?.split(|b| *b == 0);
    let (name, mode) = (parts.next()?, parts.next()?);
    let known = ["octet", "netascii", "mail", "binary"].iter().any(|m| mode.eq_ignore_ascii_case(m.as_bytes()));
    if !known || name.is_empty() || name.len() > MAX_NAME || name.iter().any(|b| *b < b' ' || *b == 0x7f) {
        return None;
    }
    let mut options = Vec::new();
    while let (Some(option), Some(value)) = (parts.next(), parts.next()) {
        if options.len() >= 8 {
            break;
        }
        options.push((text(option).to_ascii_lowercase(), text(value)));
    }
    Some(Request { write: *kind == 2, name, mode, options })
}

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    match data {
        [0, 1 | 2, ..] if request(data).is_some() => Verdict::Strong(Role::Client),
        // blocks on one side and acknowledgements on the other: by both together a transfer is known
        [0, 3, _, _, ..] if data.len() <= 1472 => Verdict::Weak(Role::Unknown),
        [0, 4, _, _] => Verdict::Weak(Role::Unknown),
        [0, 5, 0, 0..=8, .., 0] => Verdict::Weak(Role::Unknown),
        [0, 6, option, .., 0] if option.is_ascii_lowercase() => Verdict::Weak(Role::Server),
        _ => Verdict::No,
    }
}

/// What became of a request.
#[derive(Clone, Default, Debug)]
struct Fate {
    outcome: Option<Outcome>,
    error: Option<(i64, String)>,
    size: u64,
}

#[derive(Default)]
struct Waiting {
    requests: Vec<((HostId, u16), Fate)>,
}

struct Open {
    write: bool,
    name: String,
    mode: String,
    size: Option<u64>,
    asked: Stamp,
}

#[derive(Default)]
struct Tftp {
    open: Option<Open>,
    /// This flow is a transfer: client's host and port.
    transfer: Option<(HostId, u16)>,
    fate: Fate,
}

impl Probe for Tftp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let mut r = Reader::new(data);
        let kind = r.be16().ok_or(Malformed)?;
        match kind {
            1 | 2 => {
                let request = request(data).ok_or(Malformed)?;
                cx.sender_is(Side::Client);
                self.begin(cx, &request);
            }
            3..=6 => self.transfer(cx, kind, &mut r)?,
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let Some(open) = &self.open else { return };
        let key = (cx.end(Side::Client).host, cx.end(Side::Client).port);
        let fate = fate(cx, key);
        if fate.outcome.is_some() {
            self.fate = fate;
            self.finish(cx);
        } else if cx.at().time - open.asked.time > WAIT {
            self.finish(cx);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if self.open.is_some() && self.fate.outcome.is_none() {
            let key = (cx.end(Side::Client).host, cx.end(Side::Client).port);
            self.fate = fate(cx, key);
        }
        self.finish(cx);
    }
}

/// What a transfer has told of this client's request.
fn fate(cx: &mut Cx<'_>, key: (HostId, u16)) -> Fate {
    cx.across(|w: &mut Waiting, _| w.requests.iter().find(|(k, _)| *k == key).map(|(_, f)| f.clone())).unwrap_or_default()
}

impl Tftp {
    fn begin(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) {
        let name = String::from_utf8_lossy(request.name).into_owned();
        // sent again: the same request
        if self.open.as_ref().is_some_and(|o| o.name == name && o.write == request.write) {
            return;
        }
        self.finish(cx);
        let size = request.options.iter().find(|(n, _)| n == "tsize").and_then(|(_, v)| v.parse().ok());
        self.open = Some(Open { write: request.write, name, mode: text(request.mode).to_ascii_lowercase(), size, asked: cx.at() });
        let key = (cx.end(Side::Client).host, cx.end(Side::Client).port);
        cx.across(|w: &mut Waiting, _| {
            w.requests.retain(|(k, _)| *k != key);
            if w.requests.len() >= MAX_WAITING {
                w.requests.remove(0);
            }
            w.requests.push((key, Fate::default()));
        });
    }

    fn transfer(&mut self, cx: &mut Cx<'_>, kind: u16, r: &mut Reader<'_>) -> Result<(), Malformed> {
        let mut fate = Fate { outcome: Some(Outcome::Accepted), ..Fate::default() };
        match kind {
            3 => {
                r.be16().ok_or(Malformed)?;
                fate.size = r.left() as u64;
            }
            4 => r.skip(2).ok_or(Malformed)?,
            5 => {
                let code = r.be16().ok_or(Malformed)?;
                let message = text(r.rest().get(..r.left().min(256)).unwrap_or_default());
                fate.outcome = Some(Outcome::Refused);
                fate.error = Some((code.into(), message));
            }
            _ => {}
        }
        let add = |old: &mut Fate| {
            old.size += fate.size;
            // an error after the last block is of no more interest than the block
            if old.outcome != Some(Outcome::Refused) {
                old.outcome = fate.outcome;
                old.error.clone_from(&fate.error);
            }
        };
        if self.open.is_some() {
            add(&mut self.fate);
            return Ok(());
        }
        // the transfer's own flow: which end asked is known by the request
        let ends = [Side::Client, Side::Server].map(|s| (cx.end(s).host, cx.end(s).port));
        let known = self.transfer;
        self.transfer = cx.across(|w: &mut Waiting, _| {
            let found = w.requests.iter_mut().rev().find(|(k, _)| known.map_or(ends.contains(k), |key| key == *k));
            found.map(|(key, old)| {
                add(old);
                *key
            })
        });
        if self.transfer.is_some_and(|key| ends.get(1) == Some(&key)) {
            cx.swap_roles();
        }
        Ok(())
    }

    fn finish(&mut self, cx: &mut Cx<'_>) {
        let Some(open) = self.open.take() else { return };
        let fate = std::mem::take(&mut self.fate);
        let key = (cx.end(Side::Client).host, cx.end(Side::Client).port);
        cx.across(|w: &mut Waiting, _| w.requests.retain(|(k, _)| *k != key));
        let firmware = files::is_firmware(&open.name);
        let (action, verb) = match (open.write, firmware) {
            (true, true) => (Action::Firmware, "write_request"),
            (true, false) => (Action::FileWrite, "write_request"),
            (false, _) => (Action::FileRead, "read_request"),
        };
        let outcome = fate.outcome.unwrap_or(Outcome::NoAnswer);
        if firmware && !open.write && outcome == Outcome::Accepted {
            cx.fact(Side::Client, "firmware_file", &open.name, "RRQ.filename");
        }
        let mut op = Op::new(action, verb).outcome(outcome).target(&open.name).asked(open.asked).detail("mode", open.mode.as_str());
        if let Some((code, text)) = &fate.error {
            op = op.exception(*code, text);
        }
        let size = if fate.size > 0 { Some(fate.size) } else { open.size.filter(|n| *n > 0) };
        op.fields.push(("file.name", Val::from(open.name.as_str())));
        if let Some(size) = size {
            op.fields.push(("file.size", size.into()));
        }
        cx.op(op);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    #[test]
    fn reads_and_writes() {
        let seen = Dialogue::udp(&SPEC, 69)
            .client(b"\0\x01boot/plc.bin\0octet\0tsize\x000\0")
            .server(b"\0\x03\0\x01hello")
            .client(b"\0\x04\0\x01")
            .client(b"\0\x02fw.bin\0octet\0")
            .server(b"\0\x05\0\x02Access violation\0")
            .end();
        assert_eq!(seen.ops(), ["tftp read_request accepted x1", "tftp write_request refused x1"]);
        assert_eq!(seen.facts(), ["client firmware_file=boot/plc.bin"]);
    }

    #[test]
    fn is_known_by_its_mode() {
        let off = Dialogue::udp(&SPEC, 7777);
        assert_eq!(off.identify(true, b"\0\x01x.cfg\0NetASCII\0"), Verdict::Strong(Role::Client));
        for other in [&b"\0\x01x.cfg\0\0"[..], b"\0\x01\0octet\0", b"\0\x01x\0octet", b"\0\x01\0\0\0\x01", b"\0\x09x\0octet\0"] {
            assert_eq!(off.identify(true, other), Verdict::No, "{other:?}");
        }
    }

    #[test]
    fn what_it_keeps_is_bounded() {
        let mut d = Dialogue::udp(&SPEC, 69);
        for n in 0..5000 {
            d = d.client(format!("\0\x01f{n}\0octet\0").as_bytes());
        }
        assert_eq!(d.end().ops(), ["tftp read_request no-answer x5000"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, at in 0usize..20, byte: u8) {
            let mut a = b"\0\x01boot.bin\0octet\0blksize\x001468\0".to_vec();
            if let Some(x) = a.get_mut(at) { *x = byte; }
            let d = Dialogue::udp(&SPEC, 69);
            let _ = d.identify(true, &data);
            d.client(&a).server(&data).server(b"\0\x06tsize\x005\0").client(&data).end();
        }
    }
}

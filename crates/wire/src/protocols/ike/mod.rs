//! Internet Key Exchange, versions 1 (RFC 2408, 2409) and 2 (RFC 7296): who offers what, vendors by
//! their identifiers, pre-shared keys of aggressive mode, weak groups.
//!
//! The hash of aggressive mode lets a pre-shared key be tried offline: all that goes into it crosses
//! the wire in three messages (hashcat modes 5300 for MD5, 5400 for SHA-1).

mod names;
mod payload;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use payload::{Payload, payloads};

pub static SPEC: Spec = Spec {
    name: "ike",
    title: "Internet Key Exchange",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[500, 4500],
    ethertypes: &[],
    rank: 83,
    identify,
    open: || Box::<Ike>::default(),
    pdus: false,
    facts: &["vendor", "product", "ike_vendor_id", "ike_identity"],
    credentials: &["psk"],
    operations: &["main_mode", "aggressive_mode", "ike_sa_init", "quick_mode"],
    source: "RFC 2408, 2409, 7296, 3947, 3948; vendor identifiers as ike-scan and strongSwan know them; hashcat modes 5300, 5400",
    level: 5,
    proofs: &["arkime/IKEv2.pcap", "arkime/ike-cert_synthetic.pcap", "suricata-verify/ikev2-weak-dh", "suricata-verify/ikev1-rules"],
};

const HEAD: usize = 28;
/// Exchange types.
const MAIN: u8 = 2;
const AGGRESSIVE: u8 = 4;
const INFORMATIONAL: u8 = 5;
const QUICK: u8 = 32;
const SA_INIT: u8 = 34;
/// Vendor identifiers told of one side.
const MAX_VENDORS: usize = 16;

#[derive(Clone, Copy)]
struct Head<'a> {
    initiator: &'a [u8],
    responder: &'a [u8],
    next: u8,
    version: u8,
    exchange: u8,
    flags: u8,
    body: &'a [u8],
}

/// The message behind the four zero octets that tell it from ESP on port 4500 (RFC 3948, 2.2).
fn unmarked(data: &[u8]) -> &[u8] {
    data.strip_prefix(&[0, 0, 0, 0]).filter(|rest| head(rest).is_some()).unwrap_or(data)
}

fn head(data: &[u8]) -> Option<Head<'_>> {
    let mut r = Reader::new(data);
    let (initiator, responder) = (r.take(8)?, r.take(8)?);
    let (next, version, exchange, flags) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
    let _message = r.be32()?;
    let size = r.be32()? as usize;
    let known = match version >> 4 {
        1 => version & 15 == 0 && matches!(exchange, MAIN | 3 | AGGRESSIVE | INFORMATIONAL | 6 | QUICK | 33) && flags & !7 == 0 && next <= 24 || version >> 4 == 1 && matches!(exchange, MAIN | AGGRESSIVE) && (128..=132).contains(&next),
        2 => version & 15 == 0 && (SA_INIT..=44).contains(&exchange) && flags & !0x38 == 0 && (next == 0 || (33..=54).contains(&next)),
        _ => false,
    };
    if !known || initiator == [0; 8] || size != data.len() || size < HEAD {
        return None;
    }
    Some(Head { initiator, responder, next, version: version >> 4, exchange, flags, body: data.get(HEAD..)? })
}

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    if data.len() < HEAD {
        return Verdict::No;
    }
    let Some(h) = head(unmarked(data)) else { return Verdict::No };
    let first = h.responder == [0; 8];
    let encrypted = h.version == 1 && h.flags & 1 == 1 || h.version == 2 && h.next == 46;
    // the chain of payloads ends where the message does
    if !encrypted && payloads(h.next, h.body).is_none() {
        return Verdict::No;
    }
    let role = match (h.version, first) {
        (_, true) => Role::Client,
        (2, _) => if h.flags & 0x08 != 0 { Role::Client } else { Role::Server },
        _ => Role::Unknown,
    };
    Verdict::Strong(role)
}

/// What aggressive mode's hash is made of.
#[derive(Default)]
struct Aggressive {
    /// Values as they go into the hash: the initiator's, then the responder's.
    keys: [Vec<u8>; 2],
    nonces: [Vec<u8>; 2],
    sa: Vec<u8>,
    id: Vec<u8>,
    cookies: [Vec<u8>; 2],
}

/// An exchange that was begun: its name, where, fields of its event.
type Begun = (&'static str, Stamp, Vec<(&'static str, Val)>);

#[derive(Default)]
struct Ike {
    vendors: Vec<Vec<u8>>,
    aggressive: Option<Box<Aggressive>>,
    /// The exchange begun: its name and where, until it is answered.
    open: Option<Begun>,
    begun: Vec<u8>,
    told: bool,
    psk: bool,
}

impl Probe for Ike {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        // keep-alive, and ESP beside it
        if data == [0xff] || data.len() > 8 && data.first_chunk::<4>() != Some(&[0; 4]) && cx.end(Side::Server).port == 4500 && head(data).is_none() {
            return Ok(());
        }
        let h = head(unmarked(data)).ok_or(Malformed)?;
        if h.version == 1 && h.flags & 1 == 1 || h.version == 2 && h.next == 46 {
            if h.version == 1 && h.exchange == QUICK && !std::mem::replace(&mut self.told, true) {
                cx.op(Op::new(Action::Other, "quick_mode").category(Category::Administration).outcome(Outcome::Accepted));
            }
            return Ok(());
        }
        let list = payloads(h.next, h.body).ok_or(Malformed)?;
        let first = h.responder == [0; 8];
        if first {
            cx.sender_is(Side::Client);
        } else if h.version == 2 && h.exchange == SA_INIT {
            cx.sender_is(if h.flags & 0x20 != 0 { Side::Server } else { Side::Client });
        }
        for p in &list {
            self.payload(cx, &h, p);
        }
        match (h.version, h.exchange) {
            (1, AGGRESSIVE) => {
                self.aggressive(cx, &h, &list, first);
                self.exchange(cx, &h, &list, "aggressive_mode", first);
            }
            (1, MAIN) => self.exchange(cx, &h, &list, "main_mode", first),
            (2, SA_INIT) => self.exchange(cx, &h, &list, "ike_sa_init", first),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.finish(cx, Outcome::NoAnswer, None, Vec::new());
    }
}

impl Ike {
    fn payload(&mut self, cx: &mut Cx<'_>, h: &Head<'_>, p: &Payload<'_>) {
        let from = cx.from();
        match (h.version, p.kind) {
            (1, 13) | (2, 43) => {
                if self.vendors.iter().any(|v| v == p.body) || self.vendors.len() >= MAX_VENDORS {
                    return;
                }
                self.vendors.push(p.body.to_vec());
                match names::vendor_id(p.body) {
                    Some((name, vendor, product)) => {
                        cx.fact(from, "ike_vendor_id", name, "Vendor ID");
                        if let Some(vendor) = vendor {
                            cx.fact(from, "vendor", vendor, "Vendor ID");
                        }
                        if let Some(product) = product {
                            cx.fact(from, "product", product, "Vendor ID");
                        }
                    }
                    None => {
                        // a vendor's own text, or a hash of one
                        let text = crate::bytes::text(p.body);
                        let readable = text.len() >= 4 && text.len() == p.body.len() && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
                        let shown = if readable { text } else { hex(p.body.get(..p.body.len().min(20)).unwrap_or_default()) };
                        cx.fact(from, "ike_vendor_id", &shown, "Vendor ID");
                    }
                }
            }
            (1, 5) => {
                if let Some(id) = payload::identity(p.body) {
                    cx.fact(from, "ike_identity", &id, "Identification");
                }
            }
            _ => {}
        }
    }

    /// An exchange begins, or is answered.
    fn exchange(&mut self, cx: &mut Cx<'_>, h: &Head<'_>, list: &[Payload<'_>], name: &'static str, first: bool) {
        let sa = list.iter().find(|p| matches!((h.version, p.kind), (1, 1) | (2, 33)));
        if first {
            // sent again, or again with a cookie
            if self.begun == h.initiator {
                return;
            }
            self.finish(cx, Outcome::NoAnswer, None, Vec::new());
            self.begun = h.initiator.to_vec();
            self.open = Some((name, cx.at(), vec![("ike.version", Val::from(h.version)), ("ike.exchange", Val::Static(name))]));
            return;
        }
        let notify = list.iter().find_map(|p| match (h.version, p.kind) {
            (1, 11) => payload::notification(p.body, 4),
            (2, 41) => payload::notification(p.body, 0),
            _ => None,
        });
        let chosen = sa.map(|p| payload::proposal(p.body, h.version)).unwrap_or_default();
        if sa.is_some() {
            let mut fields = Vec::new();
            for (field, value) in [
                ("ike.encryption", &chosen.encryption),
                ("ike.integrity", &chosen.integrity),
                ("ike.prf", &chosen.prf),
            ] {
                if let Some(value) = value {
                    cx.service_info(field.strip_prefix("ike.").unwrap_or(field), value.as_str());
                    fields.push((field, Val::from(value.as_str())));
                }
            }
            if let Some(group) = chosen.group {
                fields.push(("ike.group", Val::from(group)));
                cx.service_info("group", group);
                if names::weak_group(group) {
                    fields.push(("ike.weak", Val::from(true)));
                    cx.service_info("weak_group", true);
                }
            }
            if let Some(method) = chosen.method {
                fields.push(("ike.authentication", Val::Static(names::method(method))));
                cx.service_info("authentication", names::method(method));
                self.psk = matches!(method, 1 | 65_001);
            }
            return self.finish(cx, Outcome::Accepted, None, fields);
        }
        // refusals have low numbers, what is only told has high ones
        if let Some(code) = notify.filter(|c| *c < 8192) {
            self.finish(cx, Outcome::Refused, Some(code), Vec::new());
        }
    }

    fn finish(&mut self, cx: &mut Cx<'_>, outcome: Outcome, error: Option<u16>, more: Vec<(&'static str, Val)>) {
        let Some((name, asked, mut fields)) = self.open.take() else { return };
        fields.extend(more);
        let weak = fields.iter().any(|(n, _)| *n == "ike.weak");
        let mut op = Op::new(Action::Authenticate, name).outcome(outcome).asked(asked);
        if weak {
            op = op.detail("weak_group", true);
        }
        if let Some(code) = error {
            op = op.exception(code, names::error(code));
        }
        cx.op(op.fields(fields));
    }

    /// Gathers what the hash of the responder is made of, and tells it (RFC 2409, 5 and 5.4).
    fn aggressive(&mut self, cx: &mut Cx<'_>, h: &Head<'_>, list: &[Payload<'_>], first: bool) {
        let of = |kind: u8| list.iter().find(|p| p.kind == kind).map(|p| p.body.to_vec());
        if first {
            let (Some(sa), Some(key), Some(nonce)) = (of(1), of(4), of(10)) else { return };
            let mut a = Aggressive { sa, ..Aggressive::default() };
            a.keys[0] = key;
            a.nonces[0] = nonce;
            a.cookies[0] = h.initiator.to_vec();
            self.aggressive = Some(Box::new(a));
            return;
        }
        let (Some(id), Some(key), Some(nonce), Some(hash)) = (of(5), of(4), of(10), of(8)) else { return };
        let Some(mut a) = self.aggressive.take().filter(|a| a.cookies[0] == h.initiator) else { return };
        a.keys[1] = key;
        a.nonces[1] = nonce;
        a.cookies[1] = h.responder.to_vec();
        a.id = id;
        let mode = match hash.len() {
            16 => 5300,
            20 => 5400,
            _ => return,
        };
        let parts = [&a.keys[1], &a.keys[0], &a.cookies[1], &a.cookies[0], &a.sa, &a.id, &a.nonces[0], &a.nonces[1], &hash];
        let line = parts.map(|p| hex(p)).join(":");
        let identity = payload::identity(&a.id);
        let mut c = Cred::new(CredKind::Psk).secret(&line).hashcat(mode, &line);
        if let Some(identity) = &identity {
            c = c.username(identity);
        }
        cx.credential(c);
    }
}

//! Dahua DHIP: JSON calls behind a head of 32 octets, over TCP (5000, 80, 37777) and UDP (37810, discovery).
//!
//! Head: 20 00 00 00 "DHIP", session 4, number 4, length 4, 0, length again 4, 0 (low byte first). No document
//! of the maker is public; the layout is that of open clients (mcw0's console, by bashis).

pub(super) mod rpc;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use rpc::Rpc;

pub static SPEC: Spec = Spec {
    name: "dhip",
    title: "Dahua DHIP",
    industrial: false,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[5000, 37777, 37810],
    ethertypes: &[],
    rank: 44,
    identify,
    open: || Box::<Dhip>::default(),
    pdus: false,
    facts: rpc::FACTS,
    credentials: &["hash"],
    operations: rpc::OPERATIONS,
    source: "open clients (mcw0 Dahua console); no published document",
    level: 5,
    proofs: &[],
};

const MAGIC: &[u8] = b"\x20\0\0\0DHIP";
const HEAD: usize = 32;
/// Longest text that is read; more is passed over.
const MAX_TEXT: usize = 32 * 1024;

/// Length of the body; `None` in a head that is none.
fn body(head: &[u8; HEAD]) -> Option<usize> {
    let mut r = Reader::new(head);
    r.skip(16)?;
    let (part, zero, all) = (r.le32()?, r.le32()?, r.le32()?);
    (head.starts_with(MAGIC) && zero == 0 && part <= all && all < 1 << 24).then_some(part as usize)
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !data.iter().zip(MAGIC).all(|(a, b)| a == b) {
        return Verdict::No;
    }
    match data.first_chunk::<HEAD>() {
        Some(head) if body(head).is_some() => Verdict::Strong(Role::Unknown),
        Some(_) => Verdict::No,
        None if hint.transport == Transport::Tcp => Verdict::Need,
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Dhip {
    rpc: Rpc,
}

impl Probe for Dhip {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some(head) = data.first_chunk::<HEAD>() else { return Step::Need };
        let Some(length) = body(head) else { return Step::Bad };
        let rest = data.get(HEAD..).unwrap_or_default();
        if length > MAX_TEXT {
            return match length.checked_sub(rest.len()) {
                None | Some(0) => Step::Used(HEAD + length),
                Some(more) => Step::Skip(more as u64),
            };
        }
        let Some(text) = rest.get(..length) else { return Step::Need };
        self.rpc.text(cx, text);
        Step::Used(HEAD + length)
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let head = data.first_chunk::<HEAD>().ok_or(Malformed)?;
        let length = body(head).ok_or(Malformed)?;
        let text = data.get(HEAD..HEAD + length).ok_or(Malformed)?;
        self.rpc.text(cx, text);
        Ok(())
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.rpc.expire(cx);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.rpc.close(cx);
    }
}

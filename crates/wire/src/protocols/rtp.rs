//! Real-time Transport Protocol and its control protocol (RFC 3550, 3551).
//!
//! Packets have a short signature: RTP is taken only where both sides send what fits the static audio
//! and video types, RTCP by the chain of its packets. The source descriptions tell names.

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "rtp",
    title: "Real-time Transport Protocol and RTCP",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[],
    ethertypes: &[],
    rank: 90,
    identify,
    open: || Box::new(Rtp::default()),
    pdus: false,
    facts: &["cname", "name", "location", "client"],
    credentials: &[],
    operations: &[],
    source: "RFC 3550, 3551, 5761",
    level: 1,
    proofs: &[],
};

/// Texts told of one flow.
const MAX_TOLD: u8 = 16;

/// Name of a static payload type and the octets its packets come in, 0 for any number
/// (RFC 3551, tables 4 and 5).
fn payload(kind: u8) -> Option<(&'static str, usize)> {
    Some(match kind {
        0 => ("PCMU", 80),
        3 => ("GSM", 33),
        8 => ("PCMA", 80),
        9 => ("G722", 80),
        18 => ("G729", 10),
        26 => ("JPEG", 0),
        32 => ("MPV", 0),
        33 => ("MP2T", 188),
        34 => ("H263", 0),
        _ => return None,
    })
}

/// A packet of media: payload type and octets of payload.
fn media(data: &[u8]) -> Option<(u8, usize)> {
    let &[first, second, ..] = data else { return None };
    if first & 0xc0 != 0x80 || data.len() < 12 {
        return None;
    }
    let mut head = 12 + usize::from(first & 15) * 4;
    if first & 0x10 != 0 {
        let size = Reader::new(data.get(head + 2..)?).be16()?;
        head += 4 + usize::from(size) * 4;
    }
    let padding = if first & 0x20 != 0 { usize::from(*data.last()?) } else { 0 };
    let size = data.len().checked_sub(head)?.checked_sub(padding)?;
    // SSRC 0 is nobody's
    let known = data.get(8..12)? != [0; 4] && size > 0;
    known.then_some((second & 0x7f, size))
}

/// True if the packets of control fill the datagram: a report first (RFC 3550, 6.1), each of a known
/// type and with a length that fits.
fn is_control(data: &[u8]) -> bool {
    let mut rest = data;
    let mut count = 0;
    while let &[first, kind, a, b, ..] = rest {
        let fits = first & 0xc0 == 0x80
            && match (count, kind) {
                (0, 200 | 201) => true,
                (0, _) => false,
                (_, kind) => (200..=207).contains(&kind),
            };
        let size = (usize::from(u16::from_be_bytes([a, b])) + 1) * 4;
        let Some(next) = rest.get(size..).filter(|_| fits) else { return false };
        rest = next;
        count += 1;
    }
    // one alone could be anything: the description of the source goes with it
    rest.is_empty() && count >= 2
}

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    if data.len() < 12 || data.first().is_none_or(|b| b & 0xc0 != 0x80) {
        return Verdict::No;
    }
    if is_control(data) {
        return Verdict::Strong(Role::Unknown);
    }
    let fits = media(data).is_some_and(|(kind, size)| {
        payload(kind).is_some_and(|(_, unit)| unit == 0 && size > 64 || unit > 0 && size.is_multiple_of(unit))
    });
    if fits { Verdict::Weak(Role::Unknown) } else { Verdict::No }
}

#[derive(Default)]
struct Rtp {
    told: u8,
    codec: Option<u8>,
}

impl Probe for Rtp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if is_control(data) {
            self.control(cx, data);
            return Ok(());
        }
        if let Some((kind, _)) = media(data)
            && self.codec.is_none()
        {
            self.codec = Some(kind);
            if let Some((name, _)) = payload(kind) {
                cx.service_info("codec", name);
            }
        }
        Ok(())
    }
}

impl Rtp {
    /// Source descriptions (RFC 3550, 6.5).
    fn control(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        let mut rest = data;
        while let &[_, kind, a, b, ..] = rest {
            let size = (usize::from(u16::from_be_bytes([a, b])) + 1) * 4;
            if kind == 202
                && let Some(chunk) = rest.get(8..size.min(rest.len()))
            {
                self.description(cx, chunk);
            }
            let Some(next) = rest.get(size..) else { return };
            rest = next;
        }
    }

    fn description(&mut self, cx: &mut Cx<'_>, chunk: &[u8]) {
        let mut r = Reader::new(chunk);
        while let (Some(kind), Some(size)) = (r.u8().filter(|k| *k != 0), r.u8()) {
            let Some(value) = r.take(usize::from(size)) else { return };
            let name = match kind {
                1 => "cname",
                2 => "name",
                5 => "location",
                6 => "client",
                _ => continue,
            };
            let text = std::str::from_utf8(value).unwrap_or_default().trim();
            if !text.is_empty() && !text.chars().any(char::is_control) && self.told < MAX_TOLD {
                self.told += 1;
                let side = cx.from();
                cx.fact(side, name, text, "SDES");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    fn audio(kind: u8, size: usize) -> Vec<u8> {
        [&[0x80, kind, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4][..], &vec![0xd5; size]].concat()
    }

    fn report() -> Vec<u8> {
        let mut out = vec![0x80, 201, 0, 1, 1, 2, 3, 4, 0x81, 202, 0, 4, 1, 2, 3, 4, 1, 7];
        out.extend_from_slice(b"cam@lan\0\0\0");
        out
    }

    #[test]
    fn is_known_by_content() {
        let talk = Dialogue::udp(&SPEC, 40002);
        assert_eq!(talk.identify(true, &audio(0, 160)), Verdict::Weak(Role::Unknown));
        assert_eq!(talk.identify(true, &audio(0, 161)), Verdict::No);
        assert_eq!(talk.identify(true, &audio(77, 160)), Verdict::No);
        assert_eq!(talk.identify(true, &report()), Verdict::Strong(Role::Unknown));
        // OMRON FINS and STUN
        assert_eq!(talk.identify(true, &[0x80, 0, 2, 0, 1, 0, 0, 0xef, 0, 0, 5, 1]), Verdict::No);
        assert_eq!(talk.identify(true, &[0; 20]), Verdict::No);
    }

    #[test]
    fn tells_who_speaks() {
        let seen = Dialogue::udp(&SPEC, 40003).client(&report()).server(&audio(8, 160)).end();
        assert_eq!(seen.facts(), ["client cname=cam@lan"]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut talk = Dialogue::udp(&SPEC, 40003);
        for n in 0..100_000u32 {
            let mut report = report();
            report[18..25].copy_from_slice(format!("{n:07}").as_bytes());
            talk = talk.client(&report);
        }
        assert_eq!(talk.end().facts().len(), usize::from(MAX_TOLD));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, at in 0usize..40, byte: u8) {
            let talk = Dialogue::udp(&SPEC, 40003);
            let _ = talk.identify(true, &data);
            let mut report = report();
            if let Some(b) = report.get_mut(at) { *b = byte; }
            talk.client(&data).client(&report).end();
        }
    }
}

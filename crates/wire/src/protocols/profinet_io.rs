//! PROFINET IO context management: connectionless DCE/RPC over UDP.
//!
//! A controller connects to a device, writes its parameters, and ends with "parameter end"; the device
//! then says that its application is ready. Records are read with and without a connection: I&M0
//! (index AFF0) has vendor, order number, serial number and revisions. There is no log-in.
//! Sources: IEC 61158-6-10, clauses 4.10 and 5.2; DCE 1.1 RPC (C706), 12.5; Wireshark's packet-dcerpc-pn-io.c.

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Verdict};

pub static SPEC: Spec = Spec {
    name: "profinet-io",
    title: "PROFINET IO context management",
    industrial: true,
    transports: &[Transport::Udp],
    ports: &[34964],
    ethertypes: &[],
    rank: 20,
    identify,
    open: || Box::<ProfinetIo>::default(),
    pdus: false,
    facts: &["vendor", "model", "serial", "hardware", "firmware", "name", "role", "device-id"],
    credentials: &[],
    operations: &["connect", "release", "read", "write", "control", "read_implicit", "write_implicit"],
    source: "IEC 61158-6-10, clauses 4.10 and 5.2; C706, 12.5; Wireshark's packet-dcerpc-pn-io.c",
    // a device may answer from another port, in a flow of its own: those outcomes stay unknown
    level: 1,
    proofs: &["icsnpp-profinet", "ndpi/pcap/dcerpc.pcap"],
};

const TIMEOUT: Micros = 30_000_000;
/// Octets of the connectionless head.
const HEAD: usize = 80;
const IM0: u16 = 0xAFF0;

const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const FAULT: u8 = 3;
const REJECT: u8 = 6;

struct Pdu<'a> {
    kind: u8,
    little: bool,
    object: [u8; 16],
    activity: u64,
    sequence: u32,
    operation: u16,
    fragment: u16,
    body: &'a [u8],
}

/// Interfaces of devices, controllers, supervisors and parameter servers, as `dea0000N-6c97-11d1-8271-
/// 00a02442df7d` in either order of octets.
fn is_interface(uuid: &[u8], little: bool) -> bool {
    const REST: [u8; 8] = [0x82, 0x71, 0, 0xA0, 0x24, 0x42, 0xDF, 0x7D];
    let (Some(head), Some(rest)) = (uuid.get(..8), uuid.get(8..16)) else { return false };
    let form = |n: u8| match little {
        true => [n, 0, 0xA0, 0xDE, 0x97, 0x6C, 0xD1, 0x11],
        false => [0xDE, 0xA0, 0, n, 0x6C, 0x97, 0x11, 0xD1],
    };
    rest == REST && (1..=4).any(|n| head == form(n))
}

fn read(data: &[u8]) -> Option<Pdu<'_>> {
    let mut r = Reader::new(data);
    let (version, kind) = (r.u8()?, r.u8()?);
    if version != 4 || kind > 10 {
        return None;
    }
    let (_flags, _more) = (r.u8()?, r.u8()?);
    let order = r.u8()?;
    if order & 0xEF != 0 {
        return None;
    }
    let little = order & 0x10 != 0;
    r.skip(3)?;
    let object: [u8; 16] = r.take(16)?.try_into().ok()?;
    if !is_interface(r.take(16)?, little) {
        return None;
    }
    let activity = r.take(16)?;
    let activity = activity.iter().fold(0u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01B3));
    r.skip(8)?;
    let sequence = if little { r.le32()? } else { r.be32()? };
    let mut word = || if little { r.le16() } else { r.be16() };
    let operation = word()?;
    let (_interface_hint, _activity_hint) = (word()?, word()?);
    let (length, fragment) = (usize::from(word()?), word()?);
    let body = data.get(HEAD..)?;
    let body = body.get(..length.min(body.len()))?;
    Some(Pdu { kind, little, object, activity, sequence, operation, fragment, body })
}

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    if data.first() != Some(&4) {
        return Verdict::No;
    }
    match read(data) {
        // a device asks too: its controller is told that its application is ready
        Some(pdu) if pdu.kind == REQUEST && pdu.operation != 4 => Verdict::Strong(Role::Client),
        Some(pdu) if pdu.kind == RESPONSE && pdu.operation != 4 => Verdict::Strong(Role::Server),
        Some(_) => Verdict::Strong(Role::Unknown),
        None => Verdict::No,
    }
}

#[derive(Default)]
struct ProfinetIo {
    open: Requests<(u64, u32)>,
}

impl Probe for ProfinetIo {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let pdu = read(data).ok_or(Malformed)?;
        self.open.hear(cx);
        let key = (pdu.activity, pdu.sequence);
        match pdu.kind {
            REQUEST if pdu.fragment == 0 => {
                let asked = request(cx, &pdu);
                self.open.ask(cx, key, asked);
            }
            RESPONSE if pdu.fragment == 0 => {
                // PNIO status: code, decode, code 1, code 2, all zero where it went well
                let mut r = Reader::new(pdu.body);
                let status = if pdu.little { r.le32() } else { r.be32() }.unwrap_or(0);
                let text = format!("0x{status:08x}");
                if status == 0 {
                    answer(cx, &pdu);
                }
                let refusal = (status != 0).then_some((i64::from(status), text.as_str()));
                self.open.settle(cx, &key, refusal);
            }
            FAULT | REJECT => {
                let mut r = Reader::new(pdu.body);
                let status = if pdu.little { r.le32() } else { r.be32() }.unwrap_or(0);
                let text = format!("0x{status:08x}");
                self.open.settle(cx, &key, Some((status.into(), &text)));
            }
            _ => {}
        }
        Ok(())
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

/// Blocks behind the five numbers of the arguments: type, and data behind the version.
fn blocks(body: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut r = Reader::new(body.get(20..).unwrap_or_default());
    std::iter::from_fn(move || {
        let kind = r.be16()?;
        let size = usize::from(r.be16()?);
        Some((kind, r.take(size)?.get(2..)?))
    })
}

fn request(cx: &mut Cx<'_>, pdu: &Pdu<'_>) -> Asked {
    let (name, action, category) = match pdu.operation {
        0 => ("connect", Action::Configure, Category::Monitor),
        1 => ("release", Action::Configure, Category::Monitor),
        2 => ("read", Action::Read, Category::Monitor),
        3 => ("write", Action::Write, Category::Engineering),
        4 => ("control", Action::Other, Category::Monitor),
        5 => ("read_implicit", Action::Read, Category::Monitor),
        6 => ("write_implicit", Action::Write, Category::Engineering),
        _ => ("unknown_operation", Action::Other, Category::Monitor),
    };
    let mut asked = Asked::new(cx, action, name).code(pdu.operation);
    asked.category = category;
    asked.notable = matches!(pdu.operation, 0 | 1 | 3 | 6);
    for (kind, data) in blocks(pdu.body).take(16) {
        let mut r = Reader::new(data);
        let _read: Option<()> = (|| {
            match kind {
                // AR block: type, AR, session, MAC and object of the initiator, properties, timeout,
                // port, station name
                0x0101 => {
                    r.skip(2 + 16 + 2 + 6 + 16 + 4 + 2 + 2)?;
                    let n = usize::from(r.be16()?);
                    let station = text(r.take(n)?);
                    cx.fact(cx.from(), "name", &station, "CMInitiatorStationName");
                    cx.fact(cx.from(), "role", "plc", "ARBlockReq");
                    asked.target = Some(station.into());
                }
                // read and write: number, AR, API, slot, subslot, padding, index, length
                0x0008 | 0x0009 => {
                    r.skip(2 + 16)?;
                    let (api, slot, subslot) = (r.be32()?, r.be16()?, r.be16()?);
                    r.skip(2)?;
                    let index = r.be16()?;
                    asked.unit = Some(format!("{api}/{slot}/{subslot:x}").into());
                    asked.space = Some("record");
                    asked.address = Some((index.into(), 1));
                }
                0x0110 | 0x0112 | 0x0113 => {
                    r.skip(2 + 16 + 2 + 2)?;
                    let command = r.be16()?;
                    asked.detail.push(("command", Val::from(command)));
                }
                _ => {}
            }
            Some(())
        })();
    }
    asked
}

/// Identity in an answer: the object's number, and I&M0.
fn answer(cx: &mut Cx<'_>, pdu: &Pdu<'_>) {
    let from = cx.from();
    if matches!(pdu.operation, 0..=3 | 5 | 6) {
        cx.fact(from, "role", "io-device", "ObjectUUID");
        // instance (2), device (2), vendor (2) are the last six octets
        let [.., d1, d0, v1, v0] = pdu.object;
        cx.fact(from, "device-id", &format!("{v1:02x}{v0:02x}:{d1:02x}{d0:02x}"), "ObjectUUID");
        if (v1, v0) == (0, 0x2A) {
            cx.fact(from, "vendor", "Siemens AG", "ObjectUUID.VendorID");
        }
    }
    if !matches!(pdu.operation, 2 | 5) {
        return;
    }
    let mut index = 0;
    let mut slot = (0, 0);
    for (kind, data) in blocks(pdu.body).take(64) {
        let mut r = Reader::new(data);
        let _read: Option<()> = (|| {
            match kind {
                0x8009 => {
                    r.skip(2 + 16 + 4)?;
                    slot = (r.be16()?, r.be16()?);
                    r.skip(2)?;
                    index = r.be16()?;
                }
                // I&M0: vendor, order number, serial number, hardware and software revision
                0x0020 if index == IM0 || index == 0 => {
                    let vendor = r.be16()?;
                    let (order, serial) = (text(r.take(20)?), text(r.take(16)?));
                    let hardware = r.be16()?;
                    let prefix = char::from(r.u8()?);
                    let (a, b, c) = (r.u8()?, r.u8()?, r.u8()?);
                    let firmware = format!("{prefix}{a}.{b}.{c}");
                    if slot.0 != 0 {
                        cx.fact(from, "module", &format!("slot {}: {order} {serial}", slot.0), "I&M0");
                        return Some(());
                    }
                    if vendor == 0x002A {
                        cx.fact(from, "vendor", "Siemens AG", "I&M0.VendorID");
                    }
                    cx.fact(from, "model", &order, "I&M0.OrderID");
                    cx.fact(from, "serial", &serial, "I&M0.IM_Serial_Number");
                    cx.fact(from, "hardware", &hardware.to_string(), "I&M0.IM_Hardware_Revision");
                    cx.fact(from, "firmware", &firmware, "I&M0.IM_Software_Revision");
                }
                _ => {}
            }
            Some(())
        })();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    fn pdu(kind: u8, operation: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
        let mut out = vec![4, kind, 0x20, 0, 0, 0, 0, 0];
        out.extend([0xDE, 0xA0, 0, 0, 0x6C, 0x97, 0x11, 0xD1, 0x82, 0x71, 0, 1, 1, 0x0D, 0, 0x2A]);
        out.extend([0xDE, 0xA0, 0, 1, 0x6C, 0x97, 0x11, 0xD1, 0x82, 0x71, 0, 0xA0, 0x24, 0x42, 0xDF, 0x7D]);
        out.extend([7; 16]);
        out.extend([0; 8]);
        out.extend(sequence.to_be_bytes());
        out.extend(operation.to_be_bytes());
        out.extend([0xFF; 4]);
        out.extend((body.len() as u16).to_be_bytes());
        out.extend([0; 4]);
        out.extend(body);
        out
    }

    #[test]
    fn open_requests_are_bounded() {
        let mut d = Dialogue::udp(&SPEC, 34964);
        for n in 0..100_000 {
            d = d.client(&pdu(REQUEST, 2, n, &[]));
        }
        assert_eq!(d.end().ops(), ["profinet-io read unknown x100000"]);
    }

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..160), kind in 0u8..11, op in 0u16..8) {
            let d = Dialogue::udp(&SPEC, 34964);
            let made = pdu(kind, op, 1, &body);
            let _verdict = (d.identify(true, &made), d.identify(true, &body));
            let _seen = d.client(&made).server(&made).client(&body).end();
        }
    }
}

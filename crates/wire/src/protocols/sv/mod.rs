//! Sampled values: currents and voltages that merging units publish to a group, thousands of times a
//! second, on Ethernet (IEC 61850-9-2) or in UDP (IEC 61850-90-5).
//!
//! As with GOOSE nothing is authenticated; what gives a forged stream away is kept in `watch`. The
//! publisher is the server of the flow, the group its client.

mod pdu;
#[cfg(test)]
mod tests;
mod watch;

use super::goose::{Head, SPDU_SV, ethernet, routable};
use super::iec61850::{self, logical_device};
use super::publishers::Publishers;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Verdict};
use pdu::{Asdu, asdus};
use watch::Stream;

pub static SPEC: Spec = Spec {
    name: "sv",
    title: "Sampled Values",
    industrial: true,
    transports: &[Transport::L2, Transport::Udp],
    ports: &[PORT],
    ethertypes: &[ETHERTYPE],
    rank: 10,
    identify,
    open: || Box::<Samples>::default(),
    pdus: true,
    facts: &["name", "id:iec61850", "role", "sv-id", "data-set"],
    credentials: &[],
    operations: &["publish"],
    source: "IEC 61850-9-2, clause 8; UCA implementation guideline 9-2 LE; IEC 61850-90-5",
    level: 5,
    proofs: &[],
};

const ETHERTYPE: u16 = 0x88ba;
/// ISO transport over UDP, for routable sampled values.
const PORT: u16 = 102;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let known = match hint.transport {
        Transport::L2 if hint.ethertype == ETHERTYPE => {
            ethernet(data).is_some_and(|(_, apdu)| asdus(apdu).is_some())
        }
        Transport::Udp => routable(data, SPDU_SV)
            .is_some_and(|found| found.first().is_some_and(|(_, apdu)| asdus(apdu).is_some())),
        _ => false,
    };
    if known { Verdict::Strong(Role::Server) } else { Verdict::No }
}

/// One publisher and the group it sends to.
#[derive(Default)]
struct Samples;

impl Probe for Samples {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if cx.flow().transport == Transport::L2 {
            let (head, apdu) = ethernet(data).ok_or(Malformed)?;
            return message(cx, head, apdu);
        }
        let found = routable(data, SPDU_SV).ok_or(Malformed)?;
        found.into_iter().try_for_each(|(head, apdu)| message(cx, head, apdu))
    }
}

fn message(cx: &mut Cx<'_>, head: Head, apdu: &[u8]) -> Result<(), Malformed> {
    let found = asdus(apdu).ok_or(Malformed)?;
    cx.sender_is(Side::Server);
    cx.across(|all: &mut Publishers<Stream>, cx| {
        for asdu in &found {
            watch::heard(cx, all, head, asdu);
        }
    });
    Ok(())
}

/// Facts a publisher gives of itself.
fn facts(cx: &mut Cx<'_>, asdu: &Asdu<'_>) {
    let id = iec61850::name(asdu.sv_id);
    // the control block's reference is often the id
    if let Some(device) = logical_device(&id) {
        cx.fact(Side::Server, "id:iec61850", device, "svID.LDName");
        cx.fact(Side::Server, "name", iec61850::ied(device), "svID.IEDName");
    }
    cx.fact(Side::Server, "role", "ied", "svID");
    cx.fact(Side::Server, "sv-id", &id, "svID");
    if let Some(name) = asdu.dat_set {
        cx.fact(Side::Server, "data-set", &iec61850::name(name), "datSet");
    }
}

/// What an ASDU says, as event fields.
fn fields(head: Head, asdu: &Asdu<'_>) -> Vec<(&'static str, FieldVal)> {
    let id = iec61850::name(asdu.sv_id);
    let mut f: Vec<(&'static str, FieldVal)> = vec![
        ("ot.protocol", Val::Static("sv")),
        ("ot.function.name", Val::Static("publish")),
        ("ot.unit", Val::from(id.as_str())),
        ("sv.id", Val::from(id)),
        ("sv.appid", Val::from(head.appid)),
        ("sv.simulation", Val::Bool(head.simulated)),
        ("sv.smp_cnt", Val::from(asdu.smp_cnt)),
        ("sv.conf_rev", Val::from(asdu.conf_rev)),
        ("sv.smp_synch", Val::from(asdu.smp_synch)),
        ("sv.length", Val::from(asdu.samples.len())),
    ];
    if let Some(rate) = asdu.smp_rate {
        f.push(("sv.smp_rate", Val::from(rate)));
    }
    if let Some(name) = asdu.dat_set {
        f.push(("sv.dat_set", Val::from(iec61850::name(name))));
    }
    let values = asdu.values();
    if !values.is_empty() {
        f.push(("sv.values", Val::from(values)));
    }
    f
}

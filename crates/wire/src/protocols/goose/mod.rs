//! GOOSE: events that IEDs publish to a group on Ethernet (IEC 61850-8-1), or in UDP (IEC 61850-90-5).
//!
//! Nobody is asked and nothing is answered: a publisher repeats its state, faster after a change. There
//! is no authentication, so whoever is on the segment may publish under another's name; what gives it
//! away is kept in `watch`. The publisher is the server of the flow, the group its client.

mod pdu;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use pdu::{Head, SPDU_SV, ethernet, routable};

use super::iec61850::{self, logical_device};
use super::publishers::Publishers;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Verdict};
use pdu::{Pdu, SPDU_GOOSE};
use watch::Stream;

pub static SPEC: Spec = Spec {
    name: "goose",
    title: "GOOSE",
    industrial: true,
    transports: &[Transport::L2, Transport::Udp],
    ports: &[PORT],
    ethertypes: &[ETHERTYPE],
    rank: 10,
    identify,
    open: || Box::<Goose>::default(),
    pdus: true,
    facts: &["name", "id:iec61850", "role", "goose-id", "data-set"],
    credentials: &[],
    operations: &["publish"],
    source: "IEC 61850-8-1, clause 18 and annex C; IEC 61850-90-5",
    level: 5,
    proofs: &["ics-security-tools/IEC61850"],
};

const ETHERTYPE: u16 = 0x88b8;
/// ISO transport over UDP, for routable GOOSE.
const PORT: u16 = 102;
/// Values of a data set shown in an event.
const MAX_VALUES: usize = 64;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let known = match hint.transport {
        Transport::L2 if hint.ethertype == ETHERTYPE => {
            ethernet(data).is_some_and(|(_, apdu)| Pdu::read(apdu).is_some())
        }
        Transport::Udp => routable(data, SPDU_GOOSE)
            .is_some_and(|found| found.first().is_some_and(|(_, apdu)| Pdu::read(apdu).is_some())),
        _ => false,
    };
    if known { Verdict::Strong(Role::Server) } else { Verdict::No }
}

/// One publisher and the group it sends to.
#[derive(Default)]
struct Goose;

impl Probe for Goose {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if cx.flow().transport == Transport::L2 {
            let (head, apdu) = ethernet(data).ok_or(Malformed)?;
            return message(cx, head, apdu);
        }
        // more than one APDU of a session, of which one may be bad
        let found = routable(data, SPDU_GOOSE).ok_or(Malformed)?;
        found.into_iter().try_for_each(|(head, apdu)| message(cx, head, apdu))
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        cx.across(|all: &mut Publishers<Stream>, cx| watch::silent(cx, all));
    }
}

fn message(cx: &mut Cx<'_>, head: Head, apdu: &[u8]) -> Result<(), Malformed> {
    let pdu = Pdu::read(apdu).ok_or(Malformed)?;
    // who publishes is known by the frame alone
    cx.sender_is(Side::Server);
    cx.across(|all: &mut Publishers<Stream>, cx| watch::heard(cx, all, head, &pdu));
    Ok(())
}

/// Facts a publisher gives of itself.
fn facts(cx: &mut Cx<'_>, reference: &str, pdu: &Pdu<'_>) {
    if let Some(device) = logical_device(reference) {
        cx.fact(Side::Server, "id:iec61850", device, "gocbRef.LDName");
        cx.fact(Side::Server, "name", iec61850::ied(device), "gocbRef.IEDName");
    }
    cx.fact(Side::Server, "role", "ied", "gocbRef");
    cx.fact(Side::Server, "data-set", &iec61850::name(pdu.dat_set), "datSet");
    if let Some(id) = pdu.go_id {
        cx.fact(Side::Server, "goose-id", &iec61850::name(id), "goID");
    }
}

/// What a message says, as event fields.
fn fields(head: Head, reference: &str, pdu: &Pdu<'_>) -> Vec<(&'static str, FieldVal)> {
    let mut f: Vec<(&'static str, FieldVal)> = vec![
        ("ot.protocol", Val::Static("goose")),
        ("ot.function.name", Val::Static("publish")),
        ("ot.unit", Val::from(reference)),
        ("ot.address.name", Val::from(iec61850::name(pdu.dat_set))),
        ("goose.appid", Val::from(head.appid)),
        ("goose.gocb_ref", Val::from(reference)),
        ("goose.dat_set", Val::from(iec61850::name(pdu.dat_set))),
        ("goose.time_allowed_to_live", Val::from(pdu.time_allowed_to_live)),
        ("goose.st_num", Val::from(pdu.st_num)),
        ("goose.sq_num", Val::from(pdu.sq_num)),
        ("goose.simulation", Val::Bool(pdu.simulation || head.simulated)),
        ("goose.conf_rev", Val::from(pdu.conf_rev)),
        ("goose.nds_com", Val::Bool(pdu.nds_com)),
        ("goose.num_dat_set_entries", Val::from(pdu.num_dat_set_entries)),
        ("goose.values", Val::from(iec61850::texts(pdu.all_data, MAX_VALUES))),
    ];
    if let Some(device) = logical_device(reference) {
        f.push(("goose.ied", Val::from(iec61850::ied(device))));
    }
    if let Some(id) = pdu.go_id {
        f.push(("goose.go_id", Val::from(iec61850::name(id))));
    }
    if let Some(t) = pdu.t {
        f.push(("goose.t", Val::from(iec61850::time_text(t.at))));
        f.push(("goose.t_quality", Val::from(t.quality)));
    }
    f
}

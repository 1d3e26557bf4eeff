//! What a stream of GOOSE messages must look like, and what is said when it does not.
//!
//! stNum grows by one with each change of the values and begins anew at 1 after a restart; sqNum is 0
//! with a change and grows by one with each repetition; the next message comes before the time allowed
//! to live of the last one is over; one address publishes a control block (IEC 61850-8-1, 18.1.2).

use super::pdu::{Head, Pdu};
use super::{facts, fields};
use crate::cx::{Cx, End};
use crate::model::*;
use crate::obs::FieldVal;
use crate::protocols::iec61850;
use crate::protocols::publishers::{Heard, Publishers, Rate, Standing, Throttle, Twins, hash};

/// Messages of one stream in a second from which on it is a flood. The fastest repetition in use is
/// every 1-2 ms for a few messages after a change, some ten messages in all.
const FLOOD: u32 = 300;
/// Events of state changes let through in a second; those of each anomaly are one.
const CHANGES: u32 = 20;

type Fields = Vec<(&'static str, FieldVal)>;

/// What is kept of one stream: a control block as one address publishes it. Under 1 KiB.
#[derive(Default)]
pub struct Stream {
    last: Option<Last>,
    twins: Twins,
    rate: Rate,
    throttle: Throttle,
    /// It was said that the stream fell silent.
    silent: bool,
}

/// The last message.
#[derive(Clone)]
struct Last {
    head: Head,
    at: Stamp,
    time_allowed_to_live: u32,
    st_num: u32,
    sq_num: u32,
    t: Option<Micros>,
    conf_rev: u32,
    simulation: bool,
    nds_com: bool,
    dat_set: Box<[u8]>,
    values: u64,
}

impl Last {
    fn of(cx: &Cx<'_>, head: Head, pdu: &Pdu<'_>) -> Last {
        Last {
            head,
            at: cx.at(),
            time_allowed_to_live: pdu.time_allowed_to_live,
            st_num: pdu.st_num,
            sq_num: pdu.sq_num,
            t: pdu.t.map(|t| t.at),
            conf_rev: pdu.conf_rev,
            simulation: pdu.simulation || head.simulated,
            nds_com: pdu.nds_com,
            dat_set: pdu.dat_set.get(..256).unwrap_or(pdu.dat_set).into(),
            values: hash(pdu.all_data),
        }
    }
    /// When the next message is overdue.
    fn due(&self) -> Option<Micros> {
        let live = i64::from(self.time_allowed_to_live) * 1000;
        (live > 0).then(|| self.at.time.saturating_add(live))
    }
}

/// One message of the sender of what is being fed.
pub fn heard(cx: &mut Cx<'_>, all: &mut Publishers<Stream>, head: Head, pdu: &Pdu<'_>) {
    let reference = iec61850::name(pdu.gocb_ref);
    let Some(Heard { standing, owner, new, stream }) = all.heard(cx, &reference, "goose_publishers") else {
        return told(cx, head, &reference, pdu, false);
    };
    let forged = standing == Standing::Other;
    told(cx, head, &reference, pdu, forged);
    let now = cx.at().time;
    let frame = hash((pdu.st_num, pdu.sq_num, pdu.t.map(|t| t.at), pdu.conf_rev, pdu.all_data));
    if stream.twins.is_twin(frame, now) {
        return;
    }
    let this = Last::of(cx, head, pdu);
    let last = stream.last.replace(this.clone());
    let mut say = Say { head, reference: &reference, pdu, last: last.as_ref(), stream };
    if new && !forged {
        facts(cx, &reference, pdu);
        say.event(cx, "new_publisher", "info", 1, |_| {});
    }
    match standing {
        Standing::Other => say.forged(cx, &owner),
        Standing::Successor(_) => say.anomaly(cx, "publisher_change", |f| other(f, &owner)),
        Standing::First | Standing::Owner => {}
    }
    if say.stream.rate.one(now) == FLOOD {
        say.anomaly(cx, "flood", |f| f.push(("goose.rate", Val::from(FLOOD))));
    }
    say.states(cx, &this);
    say.health(cx);
    if let Some(last) = &last {
        say.sequence(cx, last, &this);
        say.silence(cx, last);
    }
    say.stream.silent = false;
}

/// A publisher's streams whose next message is overdue, looked at every few seconds.
pub fn silent(cx: &mut Cx<'_>, all: &mut Publishers<Stream>) {
    let (now, vlan, addr) = (cx.at().time, cx.flow().vlan, cx.end(Side::Server).addr);
    for (reference, stream) in all.owned_by(vlan, addr) {
        let Some(last) = &stream.last else { continue };
        if stream.silent || last.due().is_none_or(|due| now <= due) {
            continue;
        }
        stream.silent = true;
        let mut f: Fields = vec![
            ("ot.protocol", Val::Static("goose")),
            ("ot.unit", Val::from(reference)),
            ("goose.gocb_ref", Val::from(reference)),
            ("goose.appid", Val::from(last.head.appid)),
            ("goose.anomaly", Val::Static(SILENT)),
            ("goose.previous.st_num", Val::from(last.st_num)),
            ("goose.previous.sq_num", Val::from(last.sq_num)),
        ];
        overdue(&mut f, last, now);
        publishers_event(cx, SILENT, "error", f);
    }
}

const SILENT: &str = "time_allowed_to_live_exceeded";

fn overdue(f: &mut Fields, last: &Last, now: Micros) {
    f.push(("goose.time_allowed_to_live", Val::from(last.time_allowed_to_live)));
    f.push(("goose.silence", Val::from(now.saturating_sub(last.at.time) / 1000)));
    f.push(("event.start", Val::Int(last.at.time)));
    f.push(("event.end", Val::Int(now)));
}

/// An event of the publisher, whoever sent what is being fed.
fn publishers_event(cx: &mut Cx<'_>, action: &str, kind: &'static str, f: Fields) {
    if cx.wants_events() {
        crate::events::plain(cx, Side::Server, action, kind, f);
    }
}

fn other(f: &mut Fields, owner: &End) {
    let name = match owner.addr {
        HostAddr::Mac(_) => "goose.owner.mac",
        HostAddr::Ip(_) => "goose.owner.ip",
    };
    f.push((name, Val::from(owner.addr.to_string())));
}

/// The event of the message itself, when all are asked for.
fn told(cx: &mut Cx<'_>, head: Head, reference: &str, pdu: &Pdu<'_>, forged: bool) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = fields(head, reference, pdu);
    if forged {
        f.push(("ot.action", Val::Static(Action::Inject.name())));
        f.push(("ot.category", Val::Static(Category::Control.name())));
    }
    cx.pdu("publish", f);
}

/// What is to be said of one message.
struct Say<'s, 'p> {
    head: Head,
    reference: &'s str,
    pdu: &'s Pdu<'p>,
    last: Option<&'s Last>,
    stream: &'s mut Stream,
}

impl Say<'_, '_> {
    fn event(
        &mut self,
        cx: &mut Cx<'_>,
        action: &'static str,
        kind: &'static str,
        quota: u32,
        more: impl FnOnce(&mut Fields),
    ) {
        if !cx.wants_events() {
            return;
        }
        let Some(count) = self.stream.throttle.allow(action, cx.at().time, quota) else { return };
        let mut f = fields(self.head, self.reference, self.pdu);
        if let Some(last) = self.last {
            f.push(("goose.previous.st_num", Val::from(last.st_num)));
            f.push(("goose.previous.sq_num", Val::from(last.sq_num)));
        }
        if count > 1 {
            f.push(("ot.count", Val::from(count)));
        }
        more(&mut f);
        cx.event(action, kind, f);
    }

    fn anomaly(&mut self, cx: &mut Cx<'_>, action: &'static str, more: impl FnOnce(&mut Fields)) {
        self.event(cx, action, "error", 1, |f| {
            f.push(("goose.anomaly", Val::Static(action)));
            more(f);
        });
    }

    /// Another than the owner published. Its operation and event are towards the owner, in whose place
    /// it speaks; the group is in the event.
    fn forged(&mut self, cx: &mut Cx<'_>, owner: &End) {
        let changed = self.last.is_none_or(|l| l.st_num != self.pdu.st_num);
        let flow = *cx.flow();
        cx.flow.client = *owner;
        let group = flow.client.addr.to_string();
        self.anomaly(cx, "second_publisher", |f| {
            other(f, owner);
            f.push(("goose.group", Val::from(group.as_str())));
            f.push(("ot.action", Val::Static(Action::Inject.name())));
            f.push(("ot.category", Val::Static(Category::Control.name())));
        });
        let dat_set = iec61850::name(self.pdu.dat_set);
        let values = iec61850::texts(self.pdu.all_data, 1);
        let mut op = Op::new(Action::Inject, "publish")
            .by(Side::Server)
            .unit(self.reference)
            .target(&dat_set)
            .detail("st_num", self.pdu.st_num)
            .detail("sq_num", self.pdu.sq_num)
            .detail("simulation", self.pdu.simulation || self.head.simulated)
            .detail("group", group);
        op.value = values.into_iter().next();
        // repetitions of what was forged are summed
        if !changed {
            op = op.category(Category::Monitor);
        }
        cx.op(op);
        *cx.flow = flow;
    }

    /// What a message says of itself, said once when it becomes so.
    fn states(&mut self, cx: &mut Cx<'_>, this: &Last) {
        let before = self.last.cloned();
        let was = |state: fn(&Last) -> bool| before.as_ref().is_some_and(state);
        if this.simulation && !was(|l| l.simulation) {
            self.anomaly(cx, "simulation", |_| {});
        }
        if this.nds_com && !was(|l| l.nds_com) {
            self.anomaly(cx, "needs_commissioning", |_| {});
        }
        let entries = self.pdu.entries();
        if usize::try_from(self.pdu.num_dat_set_entries) != Ok(entries) {
            self.anomaly(cx, "entries_mismatch", |f| f.push(("goose.entries", Val::from(entries))));
        }
    }

    /// The publisher's clock at the moment of a new state, and what it says of that clock (IEC 61850-8-1,
    /// quality of UtcTime) and of itself.
    fn health(&mut self, cx: &mut Cx<'_>) {
        let side = cx.from();
        cx.says_fault(side, self.reference, "needs_commissioning", self.pdu.nds_com);
        let Some(t) = self.pdu.t else { return };
        cx.says_fault(side, self.reference, "clock_failure", t.quality & 0x40 != 0);
        let new_state = self.last.is_some_and(|l| l.st_num != self.pdu.st_num);
        if new_state && self.pdu.sq_num == 0 && t.quality & 0x40 == 0 {
            cx.says_time(side, self.reference, t.at, 2_000_000);
        }
    }

    fn sequence(&mut self, cx: &mut Cx<'_>, last: &Last, this: &Last) {
        if this.conf_rev != last.conf_rev {
            let old = last.conf_rev;
            self.anomaly(cx, "conf_rev_change", |f| f.push(("goose.previous.conf_rev", Val::from(old))));
        }
        if this.dat_set != last.dat_set {
            let old = iec61850::name(&last.dat_set);
            self.anomaly(cx, "dat_set_change", |f| f.push(("goose.previous.dat_set", Val::from(old))));
        }
        let newer = this.t.zip(last.t).is_none_or(|(now, then)| now >= then);
        let begins = this.st_num <= 1 && this.sq_num <= 1;
        let goes_on = this.st_num == last.st_num && this.sq_num == after(last.sq_num);
        if begins && newer && !goes_on && (this.st_num, this.sq_num) != (last.st_num, last.sq_num) {
            return self.event(cx, "restart", "change", 1, |_| {});
        }
        if !newer {
            let old = last.t.map(iec61850::time_text).unwrap_or_default();
            self.anomaly(cx, "time_decrease", |f| f.push(("goose.previous.t", Val::from(old))));
        }
        if this.st_num == last.st_num {
            self.repetition(cx, last, this);
        } else if this.st_num == after(last.st_num) || last.st_num == u32::MAX && this.st_num == 1 {
            self.event(cx, "state_change", "change", CHANGES, |_| {});
            // some publishers count the first message of a state 1
            if this.sq_num > 1 {
                let missed = this.sq_num;
                self.anomaly(cx, "sq_num_jump", |f| f.push(("goose.missed", Val::from(missed))));
            }
        } else if this.st_num > last.st_num {
            let missed = this.st_num - last.st_num - 1;
            self.anomaly(cx, "st_num_jump", |f| f.push(("goose.missed", Val::from(missed))));
        } else {
            self.anomaly(cx, "st_num_decrease", |_| {});
        }
    }

    /// A message of the same state.
    fn repetition(&mut self, cx: &mut Cx<'_>, last: &Last, this: &Last) {
        let wrapped = last.sq_num == u32::MAX && this.sq_num <= 1;
        if this.sq_num <= last.sq_num && !wrapped {
            self.anomaly(cx, "sq_num_replay", |_| {});
        } else if this.sq_num > after(last.sq_num) && !wrapped {
            let missed = this.sq_num - last.sq_num - 1;
            self.anomaly(cx, "sq_num_jump", |f| f.push(("goose.missed", Val::from(missed))));
        }
        if this.values != last.values {
            self.anomaly(cx, "values_changed_in_state", |_| {});
        }
    }

    fn silence(&mut self, cx: &mut Cx<'_>, last: &Last) {
        let now = cx.at().time;
        if !self.stream.silent && last.due().is_some_and(|due| now > due) {
            self.anomaly(cx, SILENT, |f| overdue(f, last, now));
        }
    }
}

/// The number behind this one; after the last comes 0.
fn after(number: u32) -> u32 {
    number.wrapping_add(1)
}

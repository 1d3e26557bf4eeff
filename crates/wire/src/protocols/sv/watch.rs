//! What a stream of sampled values must look like, and what is said when it does not.
//!
//! smpCnt grows by one with each sample and begins anew at 0 with each second (IEC 61850-9-2, 8.5.2);
//! one address publishes a stream; synchronization, revision and simulation do not change by themselves.

use super::pdu::Asdu;
use super::{facts, fields};
use crate::cx::{Cx, End};
use crate::model::*;
use crate::obs::FieldVal;
use crate::protocols::goose::Head;
use crate::protocols::iec61850;
use crate::protocols::publishers::{Heard, Publishers, Rate, Standing, Throttle, Twins, hash};

/// Samples a second above which a stream is a flood, where its own rate is not known. The fastest
/// profile in use has 256 samples a period of 60 Hz, 15,360 a second.
const FLOOD: u32 = 20_000;
/// A stream so long without a sample has paused; its counter says nothing then. Microseconds.
const PAUSE: Micros = 500_000;

type Fields = Vec<(&'static str, FieldVal)>;

/// What is kept of one stream as one address publishes it. Under 1 KiB.
#[derive(Default)]
pub struct Stream {
    last: Option<Last>,
    twins: Twins,
    rate: Rate,
    throttle: Throttle,
    /// Samples between two zeros of the counter, once seen twice the same.
    period: Option<u32>,
    guess: Option<u32>,
    flooded: bool,
}

#[derive(Clone, Copy)]
struct Last {
    at: Micros,
    smp_cnt: u16,
    conf_rev: u32,
    smp_synch: u8,
    simulation: bool,
    length: usize,
}

/// One ASDU of the sender of what is being fed.
pub fn heard(cx: &mut Cx<'_>, all: &mut Publishers<Stream>, head: Head, asdu: &Asdu<'_>) {
    let id = iec61850::name(asdu.sv_id);
    let Some(Heard { standing, owner, new, stream }) = all.heard(cx, &id, "sv_publishers") else {
        return told(cx, head, asdu, false);
    };
    let forged = standing == Standing::Other;
    told(cx, head, asdu, forged);
    let now = cx.at().time;
    if stream.twins.is_twin(hash((asdu.smp_cnt, asdu.conf_rev, asdu.smp_synch, asdu.samples)), now) {
        return;
    }
    let this = Last {
        at: now,
        smp_cnt: asdu.smp_cnt,
        conf_rev: asdu.conf_rev,
        smp_synch: asdu.smp_synch,
        simulation: head.simulated,
        length: asdu.samples.len(),
    };
    let last = stream.last.replace(this);
    let mut say = Say { head, asdu, id: &id, last, stream };
    if new && !forged {
        facts(cx, asdu);
        say.event(cx, "new_publisher", "info", |_| {});
    }
    match standing {
        Standing::Other => say.forged(cx, &owner, new),
        Standing::Successor(_) => say.anomaly(cx, "publisher_change", |f| other(f, &owner)),
        Standing::First | Standing::Owner => {}
    }
    if this.simulation && last.is_none_or(|l| !l.simulation) {
        say.anomaly(cx, "simulation", |_| {});
    }
    say.flood(cx, now);
    if let Some(last) = last {
        say.compare(cx, &last, &this);
    }
}

fn other(f: &mut Fields, owner: &End) {
    let name = match owner.addr {
        HostAddr::Mac(_) => "sv.owner.mac",
        HostAddr::Ip(_) => "sv.owner.ip",
    };
    f.push((name, Val::from(owner.addr.to_string())));
}

fn told(cx: &mut Cx<'_>, head: Head, asdu: &Asdu<'_>, forged: bool) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = fields(head, asdu);
    if forged {
        f.push(("ot.action", Val::Static(Action::Inject.name())));
        f.push(("ot.category", Val::Static(Category::Control.name())));
    }
    cx.pdu("publish", f);
}

/// What is to be said of one ASDU.
struct Say<'s, 'p> {
    head: Head,
    asdu: &'s Asdu<'p>,
    id: &'s str,
    last: Option<Last>,
    stream: &'s mut Stream,
}

impl Say<'_, '_> {
    /// At most one of a kind in a second.
    fn event(
        &mut self,
        cx: &mut Cx<'_>,
        action: &'static str,
        kind: &'static str,
        more: impl FnOnce(&mut Fields),
    ) {
        if !cx.wants_events() {
            return;
        }
        let Some(count) = self.stream.throttle.allow(action, cx.at().time, 1) else { return };
        let mut f = fields(self.head, self.asdu);
        if let Some(last) = self.last {
            f.push(("sv.previous.smp_cnt", Val::from(last.smp_cnt)));
        }
        if count > 1 {
            f.push(("ot.count", Val::from(count)));
        }
        more(&mut f);
        cx.event(action, kind, f);
    }

    fn anomaly(&mut self, cx: &mut Cx<'_>, action: &'static str, more: impl FnOnce(&mut Fields)) {
        self.event(cx, action, "error", |f| {
            f.push(("sv.anomaly", Val::Static(action)));
            more(f);
        });
    }

    /// Another than the owner published: towards the owner, in whose place it speaks.
    fn forged(&mut self, cx: &mut Cx<'_>, owner: &End, new: bool) {
        let flow = *cx.flow();
        cx.flow.client = *owner;
        let group = flow.client.addr.to_string();
        self.anomaly(cx, "second_publisher", |f| {
            other(f, owner);
            f.push(("sv.group", Val::from(group.as_str())));
            f.push(("ot.action", Val::Static(Action::Inject.name())));
            f.push(("ot.category", Val::Static(Category::Control.name())));
        });
        // thousands a second: the first is told, the rest is summed
        let category = if new { Category::Control } else { Category::Monitor };
        cx.op(
            Op::new(Action::Inject, "publish")
                .category(category)
                .by(Side::Server)
                .unit(self.id)
                .detail("smp_cnt", self.asdu.smp_cnt)
                .detail("simulation", self.head.simulated)
                .detail("group", group),
        );
        *cx.flow = flow;
    }

    fn flood(&mut self, cx: &mut Cx<'_>, now: Micros) {
        let count = self.stream.rate.one(now);
        if count == 1 {
            self.stream.flooded = false;
        }
        let bound = self.stream.period.map_or(FLOOD, |p| p.saturating_mul(2).clamp(1000, FLOOD));
        if count > bound && !self.stream.flooded {
            self.stream.flooded = true;
            self.anomaly(cx, "flood", |f| f.push(("sv.rate", Val::from(count))));
        }
    }

    fn compare(&mut self, cx: &mut Cx<'_>, last: &Last, this: &Last) {
        if this.conf_rev != last.conf_rev {
            let old = last.conf_rev;
            self.anomaly(cx, "conf_rev_change", |f| f.push(("sv.previous.conf_rev", Val::from(old))));
        }
        if this.smp_synch != last.smp_synch {
            let old = last.smp_synch;
            self.anomaly(cx, "smp_synch_change", |f| f.push(("sv.previous.smp_synch", Val::from(old))));
        }
        if this.length != last.length {
            self.anomaly(cx, "data_set_change", |_| {});
        }
        if this.at.saturating_sub(last.at) > PAUSE {
            let silence = (this.at - last.at) / 1000;
            return self.anomaly(cx, "pause", |f| f.push(("sv.silence", Val::from(silence))));
        }
        let (then, now) = (u32::from(last.smp_cnt), u32::from(this.smp_cnt));
        let period = then + 1;
        if now == period || (now == 0 && last.smp_cnt == u16::MAX) {
            return;
        }
        if now == 0 {
            // a new second; twice the same shows how many samples one has
            match self.stream.period {
                Some(p) if p == period => {}
                Some(_) => self.anomaly(cx, "smp_cnt_reset", |_| {}),
                None if self.stream.guess == Some(period) => self.stream.period = Some(period),
                None => self.stream.guess = Some(period),
            }
            return;
        }
        let missed = match self.stream.period {
            _ if now > period => Some(now - period),
            // across the end of a second
            Some(p) if then < p && now < then && (p - period).saturating_add(now) < p / 2 => {
                Some(p - period + now)
            }
            _ => None,
        };
        match missed {
            Some(n) => self.anomaly(cx, "smp_cnt_jump", |f| f.push(("sv.missed", Val::from(n)))),
            None => self.anomaly(cx, "smp_cnt_replay", |_| {}),
        }
    }
}

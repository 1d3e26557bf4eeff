//! What devices say of themselves: their faults and their clocks.
//!
//! Probes tell a clock's offset to packet time when it is known, and again when it jumped or drifted by
//! half a minute (`crates/wire/src/health.rs`); here that is held against what may be.

use super::Context;
use crate::context::clock::{HOUR, MINUTE, SECOND};
use crate::context::emit::{Told, seconds, span};
use crate::context::hosts::{HostId, NOBODY, Place};
use crate::context::rhythm::Evidence;
use crate::event::Event;
use sentinel_wire::model::{Micros, Val};
use serde::{Deserialize, Serialize};

/// The same fault of a device is told once in this time, a wrong clock once a day.
const ONCE: Micros = 10 * MINUTE;
const DAY: Micros = 24 * HOUR;
/// Failures within a minute that a device must answer with before it is faulty.
const FAILURES: u32 = 3;
/// Devices whose faults and clocks are remembered.
const MAX_AILING: usize = 65_536;
/// Devices whose clocks jump alike within so much time: it is packet time that jumped, or who sets them.
const ALIKE: usize = 3;
const ALIKE_WITHIN: Micros = 10 * MINUTE;
/// Jumps that are remembered for that.
const MAX_JUMPS: usize = 64;
/// Offsets of time zones are whole quarters of an hour, 14 hours at most; a clock that shows local time
/// is right.
const QUARTER: Micros = 15 * MINUTE;
const ZONES: Micros = 14 * HOUR;

/// What was told of a device. Times are those of the watch clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ailing {
    /// Minute (of event time) and failures answered in it.
    failures: (i64, u32),
    fault: Option<(Micros, u32)>,
    off: Option<Micros>,
    /// Last jump: when, and by how much.
    jump: Option<(Micros, Micros)>,
}

/// A jump of a device's clock: when, by how much, whose.
pub type Jump = (Micros, Micros, HostId);

/// What a fault means, for a sentence; probes name faults in one word.
fn meaning(fault: &str) -> &str {
    match fault {
        "device_trouble" => "it has trouble (device trouble indication)",
        "configuration_corrupt" => "its configuration is corrupt",
        "values_invalid" => "its values are not valid",
        "needs_commissioning" => "it needs commissioning",
        "clock_failure" => "its clock failed",
        "server_device_failure" => "it failed while it did what it was asked",
        "memory_parity_error" => "its memory has parity errors",
        other => other,
    }
}

fn is_zone(offset: Micros, slack: Micros) -> bool {
    let nearest = (offset.saturating_add(QUARTER / 2)).div_euclid(QUARTER).saturating_mul(QUARTER);
    nearest != 0 && nearest.abs() <= ZONES && offset.saturating_sub(nearest).abs() <= slack
}

fn micros(v: Option<&Val>) -> Option<Micros> {
    let seconds = match v? {
        Val::Float(s) => *s,
        Val::Int(s) => *s as f64,
        _ => return None,
    };
    // a century is more than any clock that means something is wrong by
    (seconds.is_finite() && seconds.abs() < 1e10).then_some((seconds * 1e6) as Micros)
}

fn by(us: Micros) -> String {
    let way = if us < 0 { "back" } else { "forward" };
    format!("{way} by {}", span(us.abs()))
}

impl Context {
    fn ailing(&mut self, id: HostId) -> Option<&mut Ailing> {
        if self.ailing.len() >= MAX_AILING && !self.ailing.contains_key(&id) {
            self.ailing_lost += 1;
            return None;
        }
        Some(self.ailing.entry(id).or_default())
    }

    /// A device told its fault or its clock.
    pub(super) fn said(&mut self, id: HostId, e: &Event, extra: &mut Vec<Event>) {
        if id == NOBODY || self.hosts.get(id).is_none_or(|h| h.place != Place::Inside) {
            return;
        }
        if let Some(fault) = e.text("ot.device.fault") {
            self.fault(id, fault, 0.9, e, extra);
        }
        if let Some(offset) = micros(e.get("ot.device.clock_offset")) {
            match micros(e.get("ot.device.clock_before")) {
                Some(before) => self.jumped(id, before, offset, e, extra),
                None => self.off(id, offset, e, extra),
            }
        }
    }

    /// A device answered; failures of its own, several within a minute, are a fault. Modbus (application
    /// protocol 1.1b3, section 7): 4 server device failure, 8 memory parity error.
    pub(super) fn failed(&mut self, id: HostId, count: u32, e: &Event, extra: &mut Vec<Event>) {
        let Some(name @ ("server_device_failure" | "memory_parity_error")) = e.text("ot.exception.name")
        else {
            return;
        };
        let minute = e.time.div_euclid(MINUTE);
        let Some(a) = self.ailing(id).filter(|_| id != NOBODY) else { return };
        if a.failures.0 != minute {
            a.failures = (minute, 0);
        }
        let before = a.failures.1;
        a.failures.1 = before.saturating_add(count.max(1));
        if before < FAILURES && a.failures.1 >= FAILURES {
            self.fault(id, name, 0.8, e, extra);
        }
    }

    fn fault(&mut self, id: HostId, fault: &str, confidence: f64, e: &Event, extra: &mut Vec<Event>) {
        let now = self.clock.watch;
        // FNV-1a of the word: another fault is told at once
        let word = fault.bytes().fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        let Some(a) = self.ailing(id) else { return };
        if a.fault.is_some_and(|(at, w)| w == word && now.saturating_sub(at) < ONCE) {
            return;
        }
        a.fault = Some((now, word));
        let reason = |addr: &str| format!("{addr} is faulty: {}", meaning(fault));
        let more = vec![("sentinel.availability.fault", Val::from(fault))];
        self.tell_said(id, "fault", confidence, reason, more, e, extra);
    }

    /// A clock that was steady shows another time.
    fn jumped(&mut self, id: HostId, before: Micros, offset: Micros, e: &Event, extra: &mut Vec<Event>) {
        let now = self.clock.watch;
        let jump = offset.saturating_sub(before);
        let least = seconds_of(self.settings.availability.jump);
        if jump.abs() < least {
            return;
        }
        let near = |a: Micros| a.saturating_sub(jump).abs() <= least.max(5 * SECOND);
        let Some(a) = self.ailing(id) else { return };
        // several who ask a device see its one jump
        if a.jump.is_some_and(|(at, b)| near(b) && now.saturating_sub(at) < ONCE) {
            return;
        }
        a.jump = Some((now, jump));
        self.jumps.retain(|(at, ..)| now.saturating_sub(*at) < ALIKE_WITHIN);
        if self.jumps.len() >= MAX_JUMPS {
            self.jumps.remove(0);
        }
        self.jumps.push((now, jump, id));
        let mut alike: Vec<HostId> =
            self.jumps.iter().filter(|(_, b, _)| near(*b)).map(|(.., host)| *host).collect();
        alike.sort_unstable();
        alike.dedup();
        if alike.len() > ALIKE {
            return; // told already
        }
        if alike.len() == ALIKE {
            return self.tell_sensor(jump, e, extra);
        }
        let summer = (jump.abs().saturating_sub(HOUR)).abs() <= 2 * SECOND;
        let (confidence, note) = if summer { (0.3, " (summer time, perhaps)") } else { (0.8, "") };
        let reason = |addr: &str| format!("the clock of {addr} jumped {}{note}", by(jump));
        let more = vec![
            ("sentinel.availability.clock_jump", seconds(jump)),
            ("sentinel.availability.clock_offset", seconds(offset)),
        ];
        self.tell_said(id, "clock-jump", confidence, reason, more, e, extra);
    }

    /// Clocks of several devices jumped alike: packet time did, or who sets them.
    fn tell_sensor(&mut self, jump: Micros, e: &Event, extra: &mut Vec<Event>) {
        let told = Told {
            dataset: "sentinel.availability",
            action: "clock-jump",
            time: e.time,
            source: None,
            destination: None,
            protocol: "",
            reason: format!(
                "the clocks of {ALIKE} devices jumped alike, {}: look at the clock of the sensor first, then at their time server",
                by(jump)
            ),
            confidence: 0.5,
            evidence: Evidence { id: e.id, frame: e.frame, source: e.source, time: e.time },
            more: vec![
                ("sentinel.availability.clock_jump", seconds(jump)),
                ("sentinel.availability.count", Val::from(ALIKE as u64)),
            ],
        };
        self.tell(told, extra);
    }

    /// A clock is known, or drifted: it may be wrong.
    fn off(&mut self, id: HostId, offset: Micros, e: &Event, extra: &mut Vec<Event>) {
        let most = seconds_of(self.settings.availability.off);
        if offset.abs() <= most || is_zone(offset, most.min(QUARTER / 3)) {
            return;
        }
        let now = self.clock.watch;
        let Some(a) = self.ailing(id) else { return };
        if a.off.is_some_and(|at| now.saturating_sub(at) < DAY) {
            return;
        }
        a.off = Some(now);
        let way = if offset < 0 { "slow" } else { "fast" };
        let reason = |addr: &str| format!("the clock of {addr} is {} {way}", span(offset.abs()));
        let more = vec![("sentinel.availability.clock_offset", seconds(offset))];
        self.tell_said(id, "clock-off", 0.8, reason, more, e, extra);
    }

    #[allow(clippy::too_many_arguments)]
    fn tell_said(
        &mut self,
        id: HostId,
        action: &'static str,
        confidence: f64,
        reason: impl Fn(&str) -> String,
        mut more: Vec<(&'static str, Val)>,
        e: &Event,
        extra: &mut Vec<Event>,
    ) {
        let Some(key) = self.hosts.get(id).map(|h| h.key) else { return };
        if let Some(unit) = e.text("ot.unit") {
            more.push(("ot.unit", Val::from(unit)));
        }
        let told = Told {
            dataset: "sentinel.availability",
            action,
            time: e.time,
            source: None,
            destination: Some(key),
            protocol: e.text("network.protocol").unwrap_or_default(),
            reason: reason(&key.addr.to_string()),
            confidence,
            evidence: Evidence { id: e.id, frame: e.frame, source: e.source, time: e.time },
            more,
        };
        self.tell(told, extra);
    }
}

fn seconds_of(s: f64) -> Micros {
    (s.clamp(0.0, 1e9) * SECOND as f64) as Micros
}

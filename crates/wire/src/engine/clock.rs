//! Time of a run: a clock that does not go back, and what is told when packets do.

use super::Item;
use crate::model::*;
use crate::signs::{Note, Signs, What};

/// A packet this much later than all before moves the clock only if the next one agrees.
const LEAP: Micros = 86_400_000_000;

/// What goes to the signs of the run beside the notes of shards.
pub(super) struct Watch {
    pub(super) signs: Signs,
    /// New seconds since the last hand-over: (packet they begin before, time).
    pub(super) ticks: Vec<(u64, Micros)>,
    pub(super) notes: Vec<Note>,
    /// Greatest packet time of each source, and whether it was told that packets went back.
    pub(super) latest: Vec<(Micros, bool)>,
    pub(super) finished: bool,
}

/// Packets this much older than others before them in their source went back in time: less is the
/// disorder of several network cards.
const BACK: Micros = 1_000_000;

impl Watch {
    /// Looks at a batch before the shards do.
    pub(super) fn see(&mut self, item: &Item) {
        self.ticks.extend(item.ticks.iter().map(|(i, now)| (item.order + u64::from(*i), *now)));
        let packets = item.batch.packets();
        for (i, overlap) in &item.batch.odd {
            let Some(p) = packets.get(*i as usize) else { continue };
            if let (Some(a), Some(b)) = (p.src_ip(), p.dst_ip()) {
                let at = Stamp { time: p.time_ns.div_euclid(1000), frame: p.frame, source: p.source };
                let what = What::Fragments { ends: (a, b), overlap: *overlap };
                self.notes.push(Note { packet: item.order + u64::from(*i), at, vlan: p.vlan, what });
            }
        }
        for (i, p) in packets.iter().enumerate() {
            let time = p.time_ns.div_euclid(1000);
            let source = p.source as usize;
            if source >= self.latest.len() {
                self.latest.resize(source + 1, (Micros::MIN, false));
            }
            let Some((latest, told)) = self.latest.get_mut(source) else { continue };
            if time >= *latest {
                *latest = time;
                continue;
            }
            let by = latest.saturating_sub(time);
            if by > BACK {
                self.signs.obs.count("time_back");
                if !*told {
                    *told = true;
                    let at = Stamp { time, frame: p.frame, source: p.source };
                    self.notes.push(Note {
                        packet: item.order + i as u64,
                        at,
                        vlan: 0,
                        what: What::Back { by },
                    });
                }
            }
        }
    }
}

/// Packet time as a clock that does not go back.
pub(super) struct Clock {
    pub(super) now: Micros,
    pub(super) suspect: Option<Micros>,
}

impl Clock {
    /// Takes the next packet's time; gives the new time if a second began.
    pub(super) fn see(&mut self, time: Micros) -> Option<Micros> {
        if time <= self.now {
            self.suspect = None;
            return None;
        }
        if self.now != Micros::MIN && time - self.now > LEAP && self.suspect.is_none_or(|s| time < s) {
            self.suspect = Some(time);
            return None;
        }
        self.suspect = None;
        let began = self.now == Micros::MIN || time.div_euclid(1_000_000) != self.now.div_euclid(1_000_000);
        self.now = time;
        began.then_some(time)
    }
}

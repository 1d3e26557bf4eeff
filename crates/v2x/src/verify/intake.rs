//! Which message is looked at next when more arrive than can be verified.
//!
//! Known signers go first; among them, and among new ones, the urgent before the others and the near before
//! the far. New signers have a budget, and one place in [`SHARE`] when it is not used up, so that neither a
//! flood of them keeps known ones waiting nor busy known ones lock new ones out for ever. Every queue is
//! bounded: the oldest of it leaves.

use super::engine::Engine;
use super::region::Place;
use crate::Profile;
use crate::view::{CertificateView, Content, DataView, SignerView};
use std::collections::VecDeque;

/// Of so many messages one is a new signer's, if one waits.
pub const SHARE: u32 = 16;
/// Metres beyond which a sender is far: at 120 km/h nine seconds away.
pub const NEAR: f64 = 300.0;
const LEVELS: usize = 4;

/// How much is taken in.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Messages that wait, of known signers and of new ones.
    pub known: usize,
    pub new: usize,
    /// New certificates a second, and how many at once.
    pub rate: f64,
    pub burst: f64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { known: 4096, new: 2048, rate: 6000.0, burst: 256.0 }
    }
}

/// Where a message stands in line: lower levels first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    pub known: bool,
    pub level: u8,
}

impl Engine {
    /// Where a message stands, without verifying anything. None: it is none, and costs nothing to refuse.
    pub fn rank(&self, octets: &[u8]) -> Option<Rank> {
        let view = DataView::parse(octets, Profile::Ydt3957).ok()?;
        let Content::Signed(signed) = &view.content else { return None };
        let id = match &signed.signer {
            SignerView::Digest(id) => Some(*id),
            SignerView::Certificates(chain) => chain.first().and_then(CertificateView::hash).map(|h| h.id8()),
            _ => None,
        };
        let class = self.settings().aids.get(signed.header.psid).map_or(2, |aid| aid.class);
        let place = signed.header.location.and_then(|(y, x, _)| Place::known(y, x));
        let far = match (place, self.settings().position) {
            (Some(place), Some(own)) => own.distance(place) > NEAR,
            _ => false,
        };
        Some(Rank { known: id.is_some_and(|id| self.knows(&id)), level: class + u8::from(far) })
    }
}

/// See the module.
#[derive(Debug)]
pub struct Intake<T> {
    budget: Budget,
    known: [VecDeque<T>; LEVELS],
    new: [VecDeque<T>; LEVELS],
    waiting: [usize; 2],
    tokens: f64,
    /// Time64 of the last look at the tokens.
    at: u64,
    turn: u32,
    /// Messages that left unseen: of known signers, of new ones.
    pub dropped: [u64; 2],
}

impl<T> Intake<T> {
    pub fn new(budget: Budget) -> Intake<T> {
        Intake {
            budget,
            known: Default::default(),
            new: Default::default(),
            waiting: [0; 2],
            tokens: budget.burst,
            at: 0,
            turn: 0,
            dropped: [0; 2],
        }
    }
    pub fn len(&self) -> usize {
        self.waiting[0] + self.waiting[1]
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a message in. One that has to leave for it is given back: the oldest of the last level that has
    /// any.
    pub fn push(&mut self, rank: Rank, message: T) -> Option<T> {
        let which = usize::from(!rank.known);
        let (queues, most) = match rank.known {
            true => (&mut self.known, self.budget.known),
            false => (&mut self.new, self.budget.new),
        };
        queues[usize::from(rank.level).min(LEVELS - 1)].push_back(message);
        self.waiting[which] += 1;
        if self.waiting[which] <= most {
            return None;
        }
        self.waiting[which] -= 1;
        self.dropped[which] += 1;
        queues.iter_mut().rev().find_map(VecDeque::pop_front)
    }

    /// The message that is next at a moment (Time64).
    pub fn pop(&mut self, now: u64) -> Option<T> {
        let passed = now.saturating_sub(self.at) as f64 / 1e6;
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed * self.budget.rate).min(self.budget.burst);
        let allowed = self.waiting[1] > 0 && self.tokens >= 1.0;
        self.turn = (self.turn + 1) % SHARE;
        let new = allowed && (self.waiting[0] == 0 || self.turn == 0);
        let queues = if new { &mut self.new } else { &mut self.known };
        let found = queues.iter_mut().find_map(VecDeque::pop_front)?;
        self.waiting[usize::from(new)] -= 1;
        if new {
            self.tokens -= 1.0;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(known: bool, level: u8) -> Rank {
        Rank { known, level }
    }

    #[test]
    fn known_signers_go_first_and_new_ones_get_their_share() {
        let mut intake = Intake::new(Budget::default());
        for n in 0..40 {
            intake.push(rank(true, (n % 2) as u8), n);
            intake.push(rank(false, 0), 100 + n);
        }
        let order: Vec<i32> = std::iter::from_fn(|| intake.pop(1)).collect();
        assert_eq!(order.len(), 80);
        assert_eq!(&order[..3], [0, 2, 4], "urgent ones first");
        assert_eq!(order[..32].iter().filter(|n| **n >= 100).count(), 2, "one of sixteen");
    }

    #[test]
    fn a_flood_is_bounded_in_number_and_in_time() {
        let budget = Budget { known: 4, new: 8, rate: 100.0, burst: 2.0 };
        let mut intake = Intake::new(budget);
        for n in 0..100 {
            intake.push(rank(false, 1), n);
        }
        assert_eq!((intake.len(), intake.dropped), (8, [0, 92]));
        assert_eq!(intake.push(rank(false, 0), 999), Some(92), "the oldest of the last level leaves");
        assert_eq!(
            [intake.pop(0), intake.pop(0), intake.pop(0)],
            [Some(999), Some(93), None],
            "no tokens left"
        );
        assert_eq!(intake.pop(10_000), Some(94), "one every 10 ms");
        assert_eq!(intake.pop(10_001), None);
        intake.push(rank(true, 3), 7);
        assert_eq!(intake.pop(10_002), Some(7));
    }
}

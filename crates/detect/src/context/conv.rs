//! Conversations: who talks to whom by which protocol, with the rhythm and the health of it.

use crate::context::baseline::Seen;
use crate::context::clock::MINUTE;
use crate::context::hosts::HostId;
use crate::context::names::NameId;
use crate::context::rhythm::Rhythm;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};

pub type ConvId = u32;
pub const NO_CONV: ConvId = ConvId::MAX;

/// Refusals within a minute from which a terminal is in an exception state.
const REFUSALS: u32 = 5;
/// Share of refusals up to which a terminal was well before.
const WELL: f32 = 0.1;
/// Answers and minutes that must have been seen before.
const ANSWERS: u32 = 20;
const MINUTES: u16 = 5;

/// Refusals minute by minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    minute: i64,
    answers: u32,
    refusals: u32,
    /// Moving average of the share of refusals in the minutes before.
    share: f32,
    minutes: u16,
    total: u32,
    ill: bool,
}

impl Health {
    /// Takes answers; gives the number of refusals in this minute when an exception state begins.
    pub fn answer(&mut self, time: Micros, count: u32, refused: bool) -> Option<u32> {
        let minute = time.div_euclid(MINUTE);
        if minute > self.minute {
            if self.answers > 0 {
                let share = self.refusals as f32 / self.answers as f32;
                self.share += (share - self.share) / if self.minutes < 8 { 2.0 } else { 8.0 };
                self.minutes = self.minutes.saturating_add(1);
                self.ill &= share > WELL;
            }
            (self.minute, self.answers, self.refusals) = (minute, 0, 0);
        }
        let count = count.max(1);
        self.answers = self.answers.saturating_add(count);
        self.total = self.total.saturating_add(count);
        if refused {
            self.refusals = self.refusals.saturating_add(count);
        }
        let begins = refused
            && !self.ill
            && self.refusals >= REFUSALS
            && self.refusals.saturating_mul(2) >= self.answers
            && self.share <= WELL
            && self.minutes >= MINUTES
            && self.total >= ANSWERS;
        self.ill |= begins;
        begins.then_some(self.refusals)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conv {
    pub client: HostId,
    pub server: HostId,
    pub protocol: NameId,
    pub seen: Seen,
    /// When its client used the protocol first, and reached the server first, as of its entry.
    pub role: Option<Seen>,
    pub destination: Option<Seen>,
    /// Answers, and requests or messages without one.
    pub answered: u32,
    pub asked: u32,
    /// The server is a group address: the client publishes.
    pub group: bool,
    pub health: Health,
    /// Learned conduit: classes of level of both ends it was looked up with, and when it was seen first.
    pub conduit: Option<(u8, Seen)>,
    pub rhythm: Option<Box<Rhythm>>,
}

impl Conv {
    /// Traffic in one direction only: what is heard is the client.
    pub fn is_one_way(&self) -> bool {
        self.group || self.answered == 0 || (self.asked > 8 && self.answered < self.asked / 10)
    }
    /// Most requests were answered: one that is not means something.
    pub fn answers(&self) -> bool {
        self.answered > 0 && self.answered >= self.asked / 2
    }
}

/// The table of conversations. Ids are places in it and never change.
#[derive(Default)]
pub struct Convs {
    index: HashMap<(HostId, HostId, NameId), ConvId, FxBuildHasher>,
    pub list: Vec<Conv>,
    pub lost: u64,
}

impl Convs {
    pub fn find(&self, key: &(HostId, HostId, NameId)) -> Option<ConvId> {
        self.index.get(key).copied()
    }
    pub fn get(&self, id: ConvId) -> Option<&Conv> {
        self.list.get(id as usize)
    }
    pub fn get_mut(&mut self, id: ConvId) -> Option<&mut Conv> {
        self.list.get_mut(id as usize)
    }
    /// Adds a conversation; [`NO_CONV`] if there is no room.
    pub fn add(&mut self, conv: Conv, limit: usize) -> ConvId {
        if self.list.len() >= limit.min(NO_CONV as usize) {
            self.lost = self.lost.saturating_add(1);
            return NO_CONV;
        }
        let id = self.list.len() as ConvId;
        self.index.insert((conv.client, conv.server, conv.protocol), id);
        self.list.push(conv);
        id
    }
    /// Takes the conversations of a snapshot.
    pub fn load(list: Vec<Conv>) -> Convs {
        let index =
            list.iter().enumerate().map(|(i, c)| ((c.client, c.server, c.protocol), i as ConvId)).collect();
        Convs { index, list, lost: 0 }
    }
}

//! Messages whose signer is not known yet.

use std::collections::{HashMap, VecDeque};

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub messages: usize,
    pub octets: usize,
    /// Messages of one signer.
    pub each: usize,
    /// Microseconds that a message waits.
    pub time: u64,
}

impl Default for Room {
    /// Two seconds: a station sends its whole certificate once a second at least (SAE J2945/1, 6.5.2;
    /// TS 103 097, 7.1.1).
    fn default() -> Room {
        Room { messages: 4096, octets: 2 << 20, each: 16, time: 2_000_000 }
    }
}

/// One that waits.
#[derive(Debug)]
pub struct Message {
    /// The caller's name for it.
    pub token: u64,
    pub octets: Box<[u8]>,
    /// When it was received (Time64).
    pub received: u64,
    /// Its turn among all.
    turn: u64,
}

/// One that left without its certificate: token, octets.
pub type Left = (u64, Box<[u8]>);

/// See the module. When it is full the oldest leaves.
#[derive(Debug)]
pub struct Waiting {
    room: Room,
    by_signer: HashMap<[u8; 8], VecDeque<Message>>,
    /// Signers in the order of arrival of all messages; some may have left.
    order: VecDeque<(u64, [u8; 8])>,
    messages: usize,
    octets: usize,
    turn: u64,
    /// Messages that left to make room.
    pub dropped: u64,
    /// Messages that left because nobody sent the certificate in time.
    pub expired: u64,
}

impl Waiting {
    pub fn new(room: Room) -> Waiting {
        Waiting {
            room,
            by_signer: HashMap::new(),
            order: VecDeque::new(),
            messages: 0,
            octets: 0,
            turn: 0,
            dropped: 0,
            expired: 0,
        }
    }
    pub fn len(&self) -> usize {
        self.messages
    }
    pub fn is_empty(&self) -> bool {
        self.messages == 0
    }
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Takes a message in; what has to leave for it goes to `left`.
    pub fn add(&mut self, signer: [u8; 8], token: u64, octets: &[u8], received: u64, left: &mut Vec<Left>) {
        let full = |w: &Waiting| w.messages >= w.room.messages || w.octets + octets.len() > w.room.octets;
        if self.by_signer.get(&signer).is_some_and(|queue| queue.len() >= self.room.each) {
            self.pop(&signer, left);
            self.dropped += 1;
        }
        while full(self) && self.messages > 0 {
            self.oldest(left);
            self.dropped += 1;
        }
        if full(self) {
            self.dropped += 1;
            left.push((token, octets.into()));
            return;
        }
        self.turn += 1;
        let message = Message { token, octets: octets.into(), received, turn: self.turn };
        self.by_signer.entry(signer).or_default().push_back(message);
        self.order.push_back((self.turn, signer));
        self.messages += 1;
        self.octets += octets.len();
        // those that left by another way are passed over: no longer than twice what waits
        if self.order.len() > 2 * self.room.messages {
            let live = |turn: u64, signer| {
                self.by_signer
                    .get(signer)
                    .is_some_and(|q: &VecDeque<Message>| q.iter().any(|m| m.turn == turn))
            };
            let order: VecDeque<_> = self.order.iter().filter(|(t, s)| live(*t, s)).copied().collect();
            self.order = order;
        }
    }

    /// Messages of a signer whose certificate has come, in their order.
    pub fn release(&mut self, signer: &[u8; 8]) -> Vec<Message> {
        let Some(queue) = self.by_signer.remove(signer) else { return Vec::new() };
        self.messages -= queue.len();
        self.octets -= queue.iter().map(|m| m.octets.len()).sum::<usize>();
        queue.into()
    }

    /// Sends away what waited too long.
    pub fn expire(&mut self, now: u64, left: &mut Vec<Left>) {
        while let Some((turn, signer)) = self.order.front().copied() {
            match self.by_signer.get(&signer).and_then(|q| q.front()).filter(|m| m.turn <= turn) {
                Some(first) if now.saturating_sub(first.received) < self.room.time => return,
                Some(_) => {
                    self.pop(&signer, left);
                    self.expired += 1;
                }
                None => drop(self.order.pop_front()),
            }
        }
    }

    fn oldest(&mut self, left: &mut Vec<Left>) {
        while let Some((turn, signer)) = self.order.pop_front() {
            if self.by_signer.get(&signer).and_then(|q| q.front()).is_some_and(|m| m.turn <= turn) {
                return self.pop(&signer, left);
            }
        }
    }

    fn pop(&mut self, signer: &[u8; 8], left: &mut Vec<Left>) {
        let Some(queue) = self.by_signer.get_mut(signer) else { return };
        if let Some(message) = queue.pop_front() {
            self.messages -= 1;
            self.octets -= message.octets.len();
            left.push((message.token, message.octets));
        }
        if queue.is_empty() {
            self.by_signer.remove(signer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_signer_has_its_share_only() {
        let mut waiting = Waiting::new(Room { messages: 10, octets: 1000, each: 2, time: 100 });
        let mut left = Vec::new();
        for token in 0..5 {
            waiting.add([1; 8], token, &[0; 10], token, &mut left);
        }
        waiting.add([2; 8], 9, &[0; 10], 9, &mut left);
        let tokens: Vec<u64> = left.iter().map(|l| l.0).collect();
        assert_eq!(tokens, [0, 1, 2]);
        let tokens: Vec<u64> = waiting.release(&[1; 8]).iter().map(|m| m.token).collect();
        assert_eq!(tokens, [3, 4]);
        left.clear();
        waiting.expire(108, &mut left);
        assert!(left.is_empty());
        waiting.expire(109, &mut left);
        assert_eq!((left[0].0, waiting.len(), waiting.octets()), (9, 0, 0));
    }

    proptest! {
        #[test]
        fn it_keeps_its_bounds_and_loses_nothing(steps in prop::collection::vec((0u8..6, 0usize..60, 0u8..8), 1..200)) {
            let room = Room { messages: 8, octets: 200, each: 3, time: 20 };
            let mut waiting = Waiting::new(room);
            let (mut given, mut gone) = (0u64, 0usize);
            for (now, (signer, octets, what)) in steps.into_iter().enumerate() {
                let mut left = Vec::new();
                if what == 0 {
                    gone += waiting.release(&[signer; 8]).len();
                } else {
                    waiting.add([signer; 8], given, &vec![0; octets], now as u64, &mut left);
                    given += 1;
                }
                waiting.expire(now as u64, &mut left);
                gone += left.len();
                prop_assert!(waiting.len() <= room.messages && waiting.octets() <= room.octets);
                prop_assert!(waiting.order.len() <= 2 * room.messages + 1);
                prop_assert_eq!(waiting.len() + gone, given as usize);
            }
        }
    }
}

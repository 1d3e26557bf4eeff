//! Which messages were taken already: digests of what was signed, by the second they were generated in.

use std::collections::{BTreeMap, HashSet};

/// First octets of the digest that was signed: the signature itself can be written in two ways (ECDSA).
pub type Mark = [u8; 16];

/// Bounded: when it is full the oldest second is forgotten, and messages of that second and before are taken
/// no more.
#[derive(Debug)]
pub struct Window {
    seconds: BTreeMap<u64, HashSet<Mark>>,
    entries: usize,
    capacity: usize,
    /// Seconds before this one are forgotten.
    floor: u64,
    /// Messages forgotten to make room.
    pub dropped: u64,
}

impl Window {
    pub fn new(capacity: usize) -> Window {
        Window { seconds: BTreeMap::new(), entries: 0, capacity: capacity.max(1), floor: 0, dropped: 0 }
    }
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries
    }
    /// Whether nothing is known any more of the time (seconds).
    pub fn forgotten(&self, second: u64) -> bool {
        second < self.floor
    }
    pub fn has(&self, second: u64, mark: &Mark) -> bool {
        self.seconds.get(&second).is_some_and(|marks| marks.contains(mark))
    }
    pub fn add(&mut self, second: u64, mark: Mark) {
        if self.forgotten(second) || !self.seconds.entry(second).or_default().insert(mark) {
            return;
        }
        self.entries += 1;
        while self.entries > self.capacity {
            let Some((second, marks)) = self.seconds.pop_first() else { break };
            self.entries -= marks.len();
            self.dropped += marks.len() as u64;
            self.floor = self.floor.max(second + 1);
        }
    }
    /// Forgets what is too old to be taken anyway.
    pub fn pass(&mut self, before: u64) {
        while let Some(first) = self.seconds.first_entry().filter(|e| *e.key() < before) {
            self.entries -= first.remove().len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_second_makes_room_and_is_closed() {
        let mut window = Window::new(3);
        for (second, n) in [(5, 1), (5, 2), (6, 3), (6, 3)] {
            window.add(second, [n; 16]);
        }
        assert!(window.has(5, &[1; 16]) && !window.has(6, &[1; 16]));
        assert_eq!(window.len(), 3, "the same mark is one entry");
        window.add(7, [4; 16]);
        assert_eq!((window.len(), window.dropped), (2, 2));
        assert!(window.forgotten(5) && !window.forgotten(6));
        window.add(5, [9; 16]);
        assert!(!window.has(5, &[9; 16]));
        window.pass(7);
        assert_eq!(window.len(), 1);
    }
}

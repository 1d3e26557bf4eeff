//! OCSP answers that were signed already, by the octets of the request.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use bytes::Bytes;

/// One answer. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub struct Cached {
    pub body: Bytes,
    pub headers: Vec<(String, String)>,
    /// From here on it is not given any more.
    pub until: u64,
}

#[derive(Default)]
struct Held {
    answers: HashMap<Bytes, Cached>,
    /// Keys, the oldest first; one whose answer is gone is passed over.
    order: VecDeque<Bytes>,
    bytes: usize,
    /// Counts [`Status::clear`], so that an answer worked out before is not put in after it.
    age: u64,
}

/// A bounded cache; what was put first goes first.
pub struct Status {
    entries: usize,
    bytes: usize,
    held: Mutex<Held>,
}

impl Status {
    pub fn new(entries: usize, bytes: usize) -> Self {
        Status { entries, bytes, held: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// The answer to a request, if there is one that holds.
    pub fn get(&self, request: &[u8], now: u64) -> Option<Cached> {
        self.lock().answers.get(request).filter(|cached| cached.until > now).cloned()
    }

    /// How often the cache was cleared; to be read before an answer is worked out.
    pub fn age(&self) -> u64 {
        self.lock().age
    }

    /// Keeps an answer that was worked out at `age`; one from before a [`Status::clear`] is left out.
    pub fn put(&self, request: Bytes, cached: Cached, age: u64) -> bool {
        let size = request.len() + cached.body.len();
        let mut held = self.lock();
        if age != held.age || size > self.bytes || self.entries == 0 {
            return false;
        }
        if let Some(old) = held.answers.remove(&request) {
            held.bytes -= request.len() + old.body.len();
            held.order.retain(|key| *key != request);
        }
        while held.answers.len() >= self.entries || held.bytes + size > self.bytes {
            let Some(oldest) = held.order.pop_front() else { break };
            if let Some(old) = held.answers.remove(&oldest) {
                held.bytes -= oldest.len() + old.body.len();
            }
        }
        held.bytes += size;
        held.order.push_back(request.clone());
        held.answers.insert(request, cached);
        true
    }

    /// Forgets all: something was revoked, held or resumed.
    pub fn clear(&self) {
        let mut held = self.lock();
        let age = held.age + 1;
        *held = Held { age, ..Held::default() };
    }

    /// Answers and octets held.
    pub fn size(&self) -> (usize, usize) {
        let held = self.lock();
        (held.answers.len(), held.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(size: usize, until: u64) -> Cached {
        Cached { body: vec![7; size].into(), headers: Vec::new(), until }
    }

    #[test]
    fn given_until_its_end() {
        let status = Status::new(4, 1000);
        assert!(status.put(Bytes::from_static(b"a"), answer(1, 100), status.age()));
        assert!(status.get(b"a", 99).is_some());
        assert!(status.get(b"a", 100).is_none());
        assert!(status.get(b"b", 0).is_none());
    }

    #[test]
    fn nothing_from_before_a_clear() {
        let status = Status::new(4, 1000);
        let age = status.age();
        status.clear();
        assert!(!status.put(Bytes::from_static(b"a"), answer(1, 100), age));
        assert_eq!(status.size(), (0, 0));
    }

    proptest! {
        #[test]
        fn bounded(puts in prop::collection::vec((0u8..20, 0usize..60), 0..200)) {
            let status = Status::new(8, 200);
            for (key, size) in puts {
                let kept = status.put(Bytes::from(vec![key]), answer(size, 10), 0);
                prop_assert_eq!(status.get(&[key], 0).map(|cached| cached.body.len()), kept.then_some(size));
                let (entries, bytes) = status.size();
                prop_assert!(entries <= 8 && bytes <= 200);
                let held = status.lock();
                prop_assert_eq!(held.order.len(), held.answers.len());
                prop_assert_eq!(bytes, held.answers.iter().map(|(key, one)| key.len() + one.body.len()).sum::<usize>());
            }
        }
    }
}

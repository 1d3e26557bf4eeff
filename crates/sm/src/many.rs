//! Many signatures at once, over threads.

use crate::verify::{PublicKey, Signature};

/// A case: the key in one of SEC 1's forms, the digest e, the signature.
#[derive(Clone, Debug)]
pub struct Case {
    pub key: Vec<u8>,
    pub e: [u8; 32],
    pub signature: Signature,
}

impl Case {
    fn holds(&self) -> bool {
        PublicKey::from_sec1(&self.key).is_ok_and(|key| key.verify_digest(&self.e, &self.signature).is_ok())
    }
}

/// Below so many cases a thread is not worth its start.
const LEAST: usize = 16;

/// Which signatures hold. A key that is no point on the curve holds nothing. `threads` is a bound.
pub fn verify_many(cases: &[Case], threads: usize) -> Vec<bool> {
    let threads = threads.clamp(1, cases.len().div_ceil(LEAST).max(1));
    let mut out = vec![false; cases.len()];
    let share = cases.len().div_ceil(threads).max(1);
    let work = |cases: &[Case], out: &mut [bool]| {
        for (case, out) in cases.iter().zip(out) {
            *out = case.holds();
        }
    };
    std::thread::scope(|scope| {
        let mut parts = cases.chunks(share).zip(out.chunks_mut(share));
        let first = parts.next();
        for (cases, out) in parts {
            scope.spawn(move || work(cases, out));
        }
        if let Some((cases, out)) = first {
            work(cases, out); // this thread has its share
        }
    });
    out
}

//! Counters.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter { $($(#[$doc])* $name),* }

        impl Counter {
            pub const ALL: &'static [Counter] = &[$(Counter::$name),*];
        }
    };
}

counters! {
    Connections,
    /// Turned away as there were too many, in all or of one address.
    ConnectionsRefused,
    /// TLS that did not come about.
    Handshakes,
    Requests,
    /// 4xx by this side: malformed, unknown path, wrong method.
    Malformed,
    TooLarge,
    TooSlow,
    RateLimited,
    /// 503: a lane's queue was full.
    QueueFull,
    /// 503: nobody answered in time.
    Unanswered,
    /// The client was gone before its answer.
    Abandoned,
    CacheHits,
    CacheMisses,
    Documents,
    Answered,
    /// 5xx that the answering side gave.
    Failed,
}

/// One number for each [`Counter`].
#[derive(Default)]
pub struct Metrics([AtomicU64; Counter::ALL.len()]);

impl Metrics {
    pub fn add(&self, counter: Counter) {
        self.0[counter as usize].fetch_add(1, Relaxed);
    }

    pub fn get(&self, counter: Counter) -> u64 {
        self.0[counter as usize].load(Relaxed)
    }

    /// Names as snake_case, with their numbers.
    pub fn all(&self) -> Vec<(String, u64)> {
        Counter::ALL.iter().map(|counter| (snake(&format!("{counter:?}")), self.get(*counter))).collect()
    }
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let metrics = Metrics::default();
        metrics.add(Counter::QueueFull);
        assert!(metrics.all().contains(&("queue_full".into(), 1)));
        assert!(metrics.all().contains(&("connections".into(), 0)));
    }
}

//! How often one address may ask: a token bucket for each address and lane, in a bounded table.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Addresses that are told apart; more share one bucket until a place is free again.
const PLACES: usize = 65_536;
/// A full table is searched for free places once in this time at most.
const SWEEP: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

struct Table {
    buckets: HashMap<u128, Bucket>,
    rest: Bucket,
    swept: Instant,
}

/// Buckets of one lane.
pub struct Rates {
    rate: f64,
    burst: f64,
    places: usize,
    table: Mutex<Table>,
}

impl Rates {
    /// `rate` tokens a second, `burst` at most; a rate of 0 lets all pass.
    pub fn new(rate: f64, burst: f64, now: Instant) -> Self {
        Rates::bounded(rate, burst, now, PLACES)
    }

    fn bounded(rate: f64, burst: f64, now: Instant, places: usize) -> Self {
        let burst = burst.max(1.0);
        let rest = Bucket { tokens: burst, at: now };
        let table = Mutex::new(Table { buckets: HashMap::new(), rest, swept: now });
        Rates { rate, burst, places, table }
    }

    /// Takes a token of an address; else the seconds, rounded up, until there is one.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), u64> {
        if self.rate <= 0.0 {
            return Ok(());
        }
        let key = network(address);
        let mut table = self.table.lock().unwrap_or_else(|broken| broken.into_inner());
        if !table.buckets.contains_key(&key) && table.buckets.len() >= self.places {
            if now.saturating_duration_since(table.swept) >= SWEEP {
                table.swept = now;
                let (rate, burst) = (self.rate, self.burst);
                table.buckets.retain(|_, bucket| filled(*bucket, rate, burst, now) < burst);
            }
            if table.buckets.len() >= self.places {
                return self.pay(&mut table.rest, now);
            }
        }
        let full = Bucket { tokens: self.burst, at: now };
        self.pay(table.buckets.entry(key).or_insert(full), now)
    }

    fn pay(&self, bucket: &mut Bucket, now: Instant) -> Result<(), u64> {
        bucket.tokens = filled(*bucket, self.rate, self.burst, now);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(((1.0 - bucket.tokens) / self.rate).ceil().clamp(1.0, 86_400.0) as u64);
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

fn filled(bucket: Bucket, rate: f64, burst: f64, now: Instant) -> f64 {
    let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
    (bucket.tokens + passed * rate).min(burst)
}

/// What is counted as one client: an IPv4 address, or the /64 of an IPv6 address (one host has all of it).
pub(crate) fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(four) => u128::from(u32::from(four)),
        IpAddr::V6(six) => (u128::from(six) >> 64 << 64) | (1 << 63),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn four(last: u32) -> IpAddr {
        IpAddr::V4(last.into())
    }

    #[test]
    fn burst_then_rate() {
        let start = Instant::now();
        let rates = Rates::new(2.0, 3.0, start);
        for _ in 0..3 {
            assert_eq!(rates.take(four(1), start), Ok(()));
        }
        assert_eq!(rates.take(four(1), start), Err(1));
        assert_eq!(rates.take(four(2), start), Ok(()), "another address is not held up");
        let later = start + Duration::from_millis(500);
        assert_eq!(rates.take(four(1), later), Ok(()));
        assert_eq!(rates.take(four(1), later), Err(1));
    }

    #[test]
    fn a_host_is_its_whole_ipv6_network() {
        let start = Instant::now();
        let rates = Rates::new(1.0, 1.0, start);
        assert!(rates.take("2001:db8::1".parse().unwrap(), start).is_ok());
        assert!(rates.take("2001:db8::2".parse().unwrap(), start).is_err());
        assert!(rates.take("2001:db8:0:1::1".parse().unwrap(), start).is_ok());
        assert!(rates.take("::ffff:10.0.0.1".parse().unwrap(), start).is_ok());
        assert!(rates.take("10.0.0.1".parse().unwrap(), start).is_err());
    }

    #[test]
    fn a_full_table_keeps_who_is_known() {
        let start = Instant::now();
        let rates = Rates::bounded(1.0, 2.0, start, 4);
        for address in 0..4 {
            assert!(rates.take(four(address), start).is_ok());
        }
        // Newcomers share what is left, here two tokens.
        let passed = (4..100).filter(|address| rates.take(four(*address), start).is_ok()).count();
        assert_eq!(passed, 2);
        assert!(rates.take(four(0), start).is_ok(), "a known address has its own");
        assert_eq!(rates.table.lock().unwrap().buckets.len(), 4);
        // Later the places of those who were quiet are free.
        assert!(rates.take(four(200), start + Duration::from_secs(5)).is_ok());
        assert_eq!(rates.table.lock().unwrap().buckets.len(), 1);
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate(steps in prop::collection::vec(0u64..400, 1..200), rate in 1u32..50, burst in 1u32..20) {
            let start = Instant::now();
            let rates = Rates::new(rate.into(), burst.into(), start);
            let (mut passed, mut at) = (0u32, 0u64);
            for step in steps {
                at += step;
                passed += u32::from(rates.take(four(7), start + Duration::from_millis(at)).is_ok());
            }
            prop_assert!(f64::from(passed) <= f64::from(burst) + at as f64 / 1000.0 * f64::from(rate) + 1e-6);
        }
    }
}

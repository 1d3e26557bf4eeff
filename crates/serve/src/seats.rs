//! How many connections there may be, in all and of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::rates::network;

#[derive(Default)]
struct Taken {
    all: usize,
    by: HashMap<u128, usize>,
}

/// The connections of one listener.
pub struct Seats {
    all: usize,
    each: usize,
    taken: Mutex<Taken>,
}

/// One connection; its place is free when it is dropped.
pub struct Seat {
    seats: Arc<Seats>,
    of: u128,
}

impl Seats {
    pub fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Seats { all, each, taken: Mutex::default() })
    }

    /// A place for a connection of an address, unless there is none.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let of = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(|broken| broken.into_inner());
        if taken.all >= self.all || taken.by.get(&of).is_some_and(|count| *count >= self.each) {
            return None;
        }
        taken.all += 1;
        *taken.by.entry(of).or_default() += 1;
        Some(Seat { seats: self.clone(), of })
    }

    /// Connections now.
    pub fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(|broken| broken.into_inner()).all
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(|broken| broken.into_inner());
        taken.all -= 1;
        if let Some(count) = taken.by.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                taken.by.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_in_all_and_by_address() {
        let seats = Seats::new(3, 2);
        let (one, two) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let first = seats.take(one).unwrap();
        let second = seats.take(one).unwrap();
        assert!(seats.take(one).is_none(), "two of one address");
        let third = seats.take(two).unwrap();
        assert!(seats.take(two).is_none(), "three in all");
        drop(first);
        assert!(seats.take(two).is_some());
        drop((second, third));
        assert_eq!(seats.taken(), 0);
        assert!(seats.taken.lock().unwrap().by.is_empty(), "no address is kept");
    }
}

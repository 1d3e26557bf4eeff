//! Requests that wait for their answer, bounded.

use std::collections::VecDeque;

/// At most `N` open requests of one flow, in the order they were made. The oldest gives way.
#[derive(Debug)]
pub struct Pending<K, V, const N: usize = 64> {
    open: VecDeque<(K, V)>,
}

impl<K, V, const N: usize> Default for Pending<K, V, N> {
    fn default() -> Self {
        Pending { open: VecDeque::new() }
    }
}

impl<K: PartialEq, V, const N: usize> Pending<K, V, N> {
    /// Adds a request; returns the oldest one if there was no room left for it.
    pub fn push(&mut self, key: K, request: V) -> Option<(K, V)> {
        let old = if self.open.len() >= N { self.open.pop_front() } else { None };
        self.open.push_back((key, request));
        old
    }
    /// Takes the oldest request with this key.
    pub fn take(&mut self, key: &K) -> Option<V> {
        let at = self.open.iter().position(|(k, _)| k == key)?;
        self.open.remove(at).map(|(_, v)| v)
    }
    /// Takes the oldest request for which `test` holds.
    pub fn take_if(&mut self, mut test: impl FnMut(&K, &V) -> bool) -> Option<(K, V)> {
        let at = self.open.iter().position(|(k, v)| test(k, v))?;
        self.open.remove(at)
    }
    /// The oldest request with this key, left in place.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.open.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }
    /// The same, to be changed in place.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.open.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v)
    }
    /// Takes all that is open, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = (K, V)> + '_ {
        self.open.drain(..)
    }
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
    pub fn len(&self) -> usize {
        self.open.len()
    }
}

//! Names of protocols and functions as numbers, and what is known of the protocols.

use crate::context::roles::{self, Serves, Signs};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Number of a name; [`NONE`] where there is none.
pub type NameId = u16;
pub const NONE: NameId = NameId::MAX;

/// A name, and what it means if it is a protocol's.
pub struct Known {
    pub text: Box<str>,
    /// What a host that serves it is.
    pub serves: Option<&'static Serves>,
    /// Terminals are polled by it: their silence means something.
    pub terminal: bool,
    /// It only keeps networks running (names, addresses, time): no one's habit.
    pub housekeeping: bool,
    /// Number of the protocol that carries it (`enip` of `cip`).
    pub carrier: NameId,
    /// Its events tell of restarts or of who has which address.
    pub signs: Signs,
}

pub struct Names {
    index: HashMap<Box<str>, NameId, FxBuildHasher>,
    known: Vec<Known>,
    limit: usize,
    pub lost: u64,
}

impl Names {
    pub fn new(limit: usize) -> Names {
        let limit = limit.min(usize::from(NONE));
        Names { index: HashMap::default(), known: Vec::new(), limit, lost: 0 }
    }
    /// The number of a name, a new one if it is new; [`NONE`] if the table is full.
    pub fn id(&mut self, text: &str) -> NameId {
        if let Some(&id) = self.index.get(text) {
            return id;
        }
        if text.is_empty() {
            return NONE;
        }
        if self.known.len() >= self.limit {
            self.lost = self.lost.saturating_add(1);
            return NONE;
        }
        let carrier = roles::carrier(text).map_or(NONE, |c| self.id(c));
        let id = self.known.len() as NameId; // below the limit, which is below NameId::MAX
        self.known.push(Known {
            text: text.into(),
            serves: roles::serves(text),
            terminal: roles::is_terminal(text),
            housekeeping: roles::is_housekeeping(text),
            carrier,
            signs: roles::signs(text),
        });
        self.index.insert(text.into(), id);
        id
    }
    pub fn get(&self, id: NameId) -> Option<&Known> {
        self.known.get(usize::from(id))
    }
    pub fn text(&self, id: NameId) -> &str {
        self.get(id).map_or("", |k| &k.text)
    }
    pub fn is_terminal(&self, id: NameId) -> bool {
        self.get(id).is_some_and(|k| k.terminal)
    }
    /// All names in the order of their numbers.
    pub fn all(&self) -> Vec<String> {
        self.known.iter().map(|k| k.text.to_string()).collect()
    }
}

//! Names of fields that come in with documents, kept once for the life of the process.

use crate::event::Name;
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

/// Names kept at most, and bytes of each; others are made anew for each event.
const MAX_NAMES: usize = 1 << 14;
const MAX_LENGTH: usize = 128;

static KNOWN: Mutex<Option<FxHashSet<&'static str>>> = Mutex::new(None);

thread_local! {
    static NEAR: RefCell<FxHashSet<&'static str>> = RefCell::new(FxHashSet::default());
}

/// A name as events hold it.
pub fn name(text: &str) -> Name {
    let near = NEAR.with_borrow(|near| near.get(text).copied());
    match near.or_else(|| keep(text)) {
        Some(kept) => Cow::Borrowed(kept),
        None => Cow::Owned(text.to_owned()),
    }
}

fn keep(text: &str) -> Option<&'static str> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    let kept = match known.get(text) {
        Some(kept) => *kept,
        None if known.len() >= MAX_NAMES => return None,
        None => {
            let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
            known.insert(kept);
            kept
        }
    };
    NEAR.with_borrow_mut(|near| near.insert(kept));
    Some(kept)
}

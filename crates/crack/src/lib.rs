//! Passwords of challenge-response log-ins, tried offline against lists: no log-in is made.
//!
//! [`parse`] reads a hash line (hashcat's form where it has one, John's or our own `$sentinel$` form where
//! it has not) into a [`Scheme`]; [`run`] tries words on many of them, bounded in work and memory. The
//! work that hangs on the password and only little of the line (an NT hash, a key of PBKDF2) is done
//! once for all lines that share it.

mod budget;
mod hash;
mod line;
mod listed;
mod run;
mod scheme;
mod schemes;
#[cfg(test)]
mod tests;
mod words;

pub use budget::{Budget, UNITS_PER_SECOND};
pub use listed::listed;
pub use run::{Counts, Line, Report, run};
pub use scheme::{Cost, Scheme};
pub use schemes::{MAX_LINE, parse};
pub use words::Words;

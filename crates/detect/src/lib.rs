//! Events meet Sigma rules, and alerts join into chains. No I/O here: rules, events and tables come
//! in as text or values, alerts and chains go out as documents. See `docs/concepts/rules.md`.

pub mod alert;
pub mod chain;
pub mod context;
pub mod correlate;
pub mod correlations;
pub mod event;
pub mod evidence;
pub mod json;
mod pack;
pub mod sigma;
pub mod watch;

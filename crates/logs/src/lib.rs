//! Zeek logs and Suricata's EVE, line by line, as the events and observations that probes of the
//! wire make too: nothing downstream knows the difference. See `docs/guides/logs.md`.

pub mod alert;
pub mod doing;
pub mod ends;
pub mod eve;
mod forms;
pub mod json;
pub mod line;
pub mod lines;
pub mod names;
mod observe;
pub mod protocol;
pub mod recognise;
pub mod run;
pub mod source;
pub mod tables;
pub mod tactics;
pub mod tail;
pub mod time;
pub mod zeek;

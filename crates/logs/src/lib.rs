//! Zeek logs and Suricata's EVE, line by line, as the events and observations that probes of the
//! wire make too: nothing downstream knows the difference. See `docs/guides/logs.md`.

pub mod tactics;

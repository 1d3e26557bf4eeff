//! Which events ask for the packets around them to be kept, and with which words.

use crate::context::ends_of;
use crate::event::Event;
use sentinel_wire::evidence::{Proves, Request};

/// Characters of an event's words that go into a comment.
const WORDS: usize = 200;

/// What a log-in, a changing operation or an alert asks for; nothing for all others. `source` is the
/// number of the capture or port that the frame counts in, if it is known.
pub fn request(e: &Event, source: Option<u32>) -> Option<Request> {
    let proves = proves(e)?;
    let (ip, mac) = ends_of(e);
    let frame = if source.is_some() { e.frame } else { 0 };
    if frame == 0 && ip.iter().chain(&mac).all(Option::is_none) {
        return None; // nothing says which packets
    }
    let comment = match proves {
        Proves::Alert => joined(e, &["rule.name", "event.reason"], ": "),
        Proves::Credential => joined(e, &["network.protocol", "sentinel.credential.kind"], " "),
        Proves::Operation => {
            let name = if e.text("ot.function.name").is_some() { "ot.function.name" } else { "event.action" };
            joined(e, &["network.protocol", name, "event.outcome"], " ")
        }
    };
    Some(Request {
        proves,
        id: format!("{:032x}", e.id),
        time_ns: e.time.saturating_mul(1000),
        ip,
        mac,
        frame,
        source: source.unwrap_or(u32::MAX),
        comment,
    })
}

fn proves(e: &Event) -> Option<Proves> {
    if e.text("event.kind") == Some("alert") {
        return Some(Proves::Alert);
    }
    if e.text("sentinel.credential.kind").is_some() {
        return Some(Proves::Credential);
    }
    matches!(e.text("ot.category")?, "control" | "engineering" | "administration")
        .then_some(Proves::Operation)
}

/// Values of fields that are there, on one line.
fn joined(e: &Event, names: &[&str], by: &str) -> String {
    let mut out = String::new();
    for value in names.iter().filter_map(|n| e.text(n)) {
        if !out.is_empty() {
            out.push_str(by);
        }
        out.extend(value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentinel_wire::model::{HostAddr, Val};

    fn event(more: &[(&'static str, &'static str)]) -> Event {
        let mut e = Event { time: 5_000_000, id: 0xab, frame: 7, source: 3, ..Event::default() };
        for (name, value) in [("source.ip", "10.0.0.1"), ("destination.ip", "10.0.0.2")].iter().chain(more) {
            e.set(*name, Val::Static(value));
        }
        e
    }

    #[test]
    fn changes_log_ins_and_alerts_ask_and_reads_do_not() {
        let read = event(&[("ot.category", "monitor"), ("network.protocol", "modbus")]);
        assert!(request(&read, None).is_none());
        assert!(request(&event(&[("network.protocol", "dns")]), None).is_none());
        let write = event(&[
            ("ot.category", "control"),
            ("network.protocol", "modbus"),
            ("ot.function.name", "write_single_coil"),
            ("event.outcome", "success"),
        ]);
        let r = request(&write, Some(1)).expect("asked for");
        assert_eq!((r.proves, r.comment.as_str()), (Proves::Operation, "modbus write_single_coil success"));
        assert_eq!((r.frame, r.source, r.time_ns), (7, 1, 5_000_000_000));
        assert_eq!(r.id, format!("{:032x}", 0xab));
        assert_eq!(r.ip[1].map(|a: HostAddr| a.to_string()).as_deref(), Some("10.0.0.2"));
        let login = event(&[("network.protocol", "telnet"), ("sentinel.credential.kind", "password")]);
        let r = request(&login, None).expect("asked for");
        assert_eq!((r.proves, r.comment.as_str(), r.frame), (Proves::Credential, "telnet password", 0));
        let nowhere = Event {
            id: 1,
            frame: 7,
            fields: vec![("event.kind".into(), Val::Static("alert"))],
            ..Event::default()
        };
        assert!(request(&nowhere, None).is_none() && request(&nowhere, Some(0)).is_some());
        let alert =
            event(&[("event.kind", "alert"), ("rule.name", "Stop"), ("event.reason", "one\r\nstopped")]);
        let r = request(&alert, None).expect("asked for");
        assert_eq!((r.proves, r.comment.as_str()), (Proves::Alert, "Stop: one  stopped"));
    }
}

//! What a queue that is full may do without: events are dropped by kind, alerts never.

use sentinel_detect::event::{Event, Name};
use sentinel_wire::model::Val;

/// What is kept when a queue is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// All but monitoring: reads and polls that were not refused, flows that went as flows go.
    Notable,
    /// Alerts alone.
    Alerts,
}

impl Keep {
    pub fn of(word: &str) -> Option<Keep> {
        match word {
            "notable" => Some(Keep::Notable),
            "none" => Some(Keep::Alerts),
            _ => None,
        }
    }

    /// True if an event stays.
    pub fn keeps(self, e: &Event) -> bool {
        e.text("event.kind") == Some("alert") || (self == Keep::Notable && !is_monitoring(e))
    }
}

/// True for an event that tells that all is as usual.
fn is_monitoring(e: &Event) -> bool {
    let failed = e.text("event.outcome") == Some("failure");
    match e.text("ot.category") {
        Some(category) => category == "monitor" && !failed,
        None => e.text("event.dataset") == Some("sentinel.flow") && is_usual_flow(e),
    }
}

/// True for a flow that was answered, and for the beginning of one.
fn is_usual_flow(e: &Event) -> bool {
    let unanswered = matches!(e.get("sentinel.flow.unanswered"), Some(Val::Int(n)) if *n > 0);
    let refused = matches!(e.text("sentinel.flow.state"), Some("S0" | "REJ" | "RSTOS0" | "SH"));
    !unanswered && !refused
}

/// Approximate bytes an event holds.
pub fn bytes(e: &Event) -> usize {
    let name = |n: &Name| match n {
        Name::Borrowed(_) => 0,
        Name::Owned(text) => text.capacity(),
    };
    size_of::<Event>()
        + e.fields.capacity() * size_of::<(Name, Val)>()
        + e.fields.iter().map(|(n, v)| name(n) + value(v)).sum::<usize>()
}

fn value(v: &Val) -> usize {
    match v {
        Val::Str(text) => text.len(),
        Val::List(list) => list.iter().map(|v| size_of::<Val>() + value(v)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fields: &[(&'static str, &str)]) -> Event {
        let mut e = Event::default();
        fields.iter().for_each(|(n, v)| e.set(*n, *v));
        e
    }

    #[test]
    fn monitoring_goes_first_and_alerts_never() {
        let read = event(&[("event.kind", "event"), ("ot.category", "monitor")]);
        let refused = event(&[("ot.category", "monitor"), ("event.outcome", "failure")]);
        let write = event(&[("event.kind", "event"), ("ot.category", "control")]);
        let alert = event(&[("event.kind", "alert"), ("ot.category", "monitor")]);
        let flow = event(&[("event.dataset", "sentinel.flow"), ("sentinel.flow.state", "SF")]);
        let scan = event(&[("event.dataset", "sentinel.flow"), ("sentinel.flow.state", "S0")]);
        let kept = |keep: Keep| [&read, &refused, &write, &alert, &flow, &scan].map(|e| keep.keeps(e));
        assert_eq!(kept(Keep::Notable), [false, true, true, true, false, true]);
        assert_eq!(kept(Keep::Alerts), [false, false, false, true, false, false]);
    }

    #[test]
    fn bytes_grow_with_what_is_held() {
        let small = event(&[("a", "x")]);
        let mut large = small.clone();
        large.set("b", "y".repeat(10_000).as_str());
        assert!(bytes(&small) >= size_of::<Event>());
        assert!(bytes(&large) - bytes(&small) >= 10_000);
    }
}

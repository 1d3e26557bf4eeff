//! Log sources: which rules an event can be meant by.
//!
//! An event has several log sources (a DNS transaction from the wire is `sentinel/dns`, `zeek/dns` and
//! of the category `dns`). A rule is meant for an event if all that its own log source says is said
//! by one of the event's. Events of unknown origin are met by all rules.

use crate::event::Event;
use rsigma_parser::LogSource;

/// One log source: words in lower case, empty is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    pub product: String,
    pub service: String,
    pub category: String,
}

impl Source {
    fn new(product: &str, service: &str, category: &str) -> Source {
        let low = str::to_ascii_lowercase;
        Source { product: low(product), service: low(service), category: low(category) }
    }
}

/// Whether a rule of a log source is meant for events of these.
pub fn meant(rule: &LogSource, sources: &[Source]) -> bool {
    let said = |want: &Option<String>, have: &str| want.as_ref().is_none_or(|w| w.eq_ignore_ascii_case(have));
    sources.is_empty()
        || sources.iter().any(|s| {
            said(&rule.product, &s.product)
                && said(&rule.service, &s.service)
                && said(&rule.category, &s.category)
        })
}

/// What decides the log sources of an event: events of the same class have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class<'a> {
    dataset: &'a str,
    /// Channel of a Windows event, with the event's number where that decides its category.
    channel: &'a str,
    number: i64,
}

/// A [`Class`] to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    dataset: Box<str>,
    channel: Box<str>,
    number: i64,
}

impl<'a> Class<'a> {
    /// Events of a dataset.
    pub fn of(dataset: &'a str) -> Class<'a> {
        Class { dataset, ..Class::UNKNOWN }
    }
}

impl Class<'_> {
    /// Nothing is known of where the event comes from.
    pub const UNKNOWN: Class<'static> = Class { dataset: "", channel: "", number: 0 };

    pub fn dataset(&self) -> &str {
        self.dataset
    }
    pub fn kind(&self) -> Kind {
        Kind { dataset: self.dataset.into(), channel: self.channel.into(), number: self.number }
    }
}

impl hashbrown::Equivalent<Kind> for Class<'_> {
    fn equivalent(&self, k: &Kind) -> bool {
        (self.dataset, self.channel, self.number) == (&*k.dataset, &*k.channel, k.number)
    }
}

/// The class of an event.
pub fn class(event: &Event) -> Class<'_> {
    let text = |name| event.text(name).unwrap_or_default();
    let dataset = text("event.dataset");
    if !dataset.is_empty() {
        return Class::of(dataset);
    }
    let channel = text("Channel");
    if !windows::numbered(channel) {
        return Class { channel, ..Class::UNKNOWN };
    }
    let number = event.get("EventID").and_then(|v| super::adapt::value(v).as_i64());
    Class { channel, number: number.unwrap_or(0), ..Class::UNKNOWN }
}

/// The log sources of a class; none if its origin is unknown.
pub fn sources(class: &Class<'_>) -> Vec<Source> {
    if !class.channel.is_empty() {
        return windows::sources(class.channel, class.number);
    }
    let Some((product, rest)) = class.dataset.split_once('.') else { return Vec::new() };
    let mut out = vec![Source::new(product, rest, "")];
    match product {
        "sentinel" => {
            out = vec![Source::new(product, rest, "network")];
            for (name, more) in WIRE {
                if *name == rest {
                    out.extend(more.iter().map(|(p, s, c)| Source::new(p, s, c)));
                }
            }
        }
        "zeek" | "suricata" => {
            for (name, category) in GENERIC {
                if *name == rest {
                    out.push(Source::new(product, rest, category));
                }
            }
            // rules for the wire's events of that protocol are meant for its log too
            if let Some(protocol) = logs::protocol_of_log(rest) {
                out.push(Source::new("sentinel", protocol, "network"));
            }
        }
        "windows" => return windows_dataset(rest),
        _ => return Vec::new(),
    }
    out
}

fn windows_dataset(rest: &str) -> Vec<Source> {
    vec![Source::new("windows", rest, ""), Source::new("windows", "", rest)]
}

/// Further log sources: (product, service, category).
type More = &'static [(&'static str, &'static str, &'static str)];

/// What events of the wire are beside `sentinel/<protocol>`: (product, service, category).
const WIRE: &[(&str, More)] = &[
    ("dns", &[("zeek", "dns", "dns")]),
    ("mdns", &[("", "", "dns")]),
    ("llmnr", &[("", "", "dns")]),
    ("http", &[("zeek", "http", "proxy"), ("zeek", "http", "webserver")]),
    ("tls", &[("zeek", "ssl", ""), ("zeek", "x509", "")]),
    ("ssh", &[("zeek", "ssh", "")]),
    ("ftp", &[("zeek", "ftp", "")]),
    ("smtp", &[("zeek", "smtp", "")]),
    ("snmp", &[("zeek", "snmp", "")]),
    ("dhcp", &[("zeek", "dhcp", "")]),
    ("kerberos", &[("zeek", "kerberos", "")]),
    ("ntlm", &[("zeek", "ntlm", "")]),
    ("ldap", &[("zeek", "ldap", "")]),
    ("radius", &[("zeek", "radius", "")]),
    ("rdp", &[("zeek", "rdp", "")]),
    ("sip", &[("zeek", "sip", "")]),
    ("smb", &[("zeek", "smb_files", ""), ("zeek", "smb_mapping", "")]),
    ("modbus", &[("zeek", "modbus", "")]),
    ("dnp3", &[("zeek", "dnp3", "")]),
    ("mysql", &[("zeek", "mysql", "")]),
    ("socks", &[("zeek", "socks", "")]),
    ("flow", &[("zeek", "conn", "firewall"), ("zeek", "conn", "network_connection")]),
];

/// Categories of logs that are the same whoever wrote them.
const GENERIC: &[(&str, &str)] = &[
    ("dns", "dns"),
    ("http", "proxy"),
    ("http", "webserver"),
    ("conn", "firewall"),
    ("conn", "network_connection"),
    ("flow", "firewall"),
    ("flow", "network_connection"),
    ("files", "file_event"),
];

mod logs;
mod windows;

pub use logs::protocol_of_log;

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fields: &[(&'static str, &str)]) -> Event {
        let mut e = Event::default();
        fields.iter().for_each(|(n, v)| e.set(*n, *v));
        e
    }
    fn rule(product: &str, service: &str, category: &str) -> LogSource {
        let some = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        LogSource {
            product: some(product),
            service: some(service),
            category: some(category),
            ..LogSource::default()
        }
    }

    #[test]
    fn an_event_has_several_categories() {
        let e = event(&[("event.dataset", "sentinel.http")]);
        let s = sources(&class(&e));
        for (product, service, category, want) in [
            ("sentinel", "http", "network", true),
            ("sentinel", "", "", true),
            ("zeek", "http", "", true),
            ("", "", "proxy", true),
            ("", "", "webserver", true),
            ("", "", "network", true),
            ("zeek", "dns", "", false),
            ("windows", "", "proxy", false),
            ("sentinel", "modbus", "network", false),
        ] {
            assert_eq!(meant(&rule(product, service, category), &s), want, "{product} {service} {category}");
        }
    }

    #[test]
    fn windows_events_are_known_by_channel_and_number() {
        let mut e = event(&[("Channel", "Microsoft-Windows-Sysmon/Operational")]);
        e.set("EventID", 1i64);
        let s = sources(&class(&e));
        assert!(meant(&rule("windows", "", "process_creation"), &s));
        assert!(meant(&rule("windows", "sysmon", ""), &s));
        assert!(!meant(&rule("windows", "", "image_load"), &s));
        let e = event(&[("Channel", "Security"), ("EventID", "4688")]);
        let s = sources(&class(&e));
        assert!(meant(&rule("windows", "security", ""), &s));
        assert!(meant(&rule("windows", "", "process_creation"), &s));
    }

    #[test]
    fn unknown_origin_meets_every_rule() {
        let s = sources(&class(&event(&[("a", "b")])));
        assert!(s.is_empty() && meant(&rule("linux", "auditd", ""), &s));
    }
}

//! What the context reads of an event, in one walk over its fields.

use crate::context::names::{NONE, NameId, Names};
use crate::context::roles;
use crate::event::Event;
use sentinel_wire::model::{HostAddr, Mac, Micros, Val};
use std::net::{IpAddr, Ipv4Addr};

/// What kind of event it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An operation, a log-in, a transaction.
    Deed,
    /// A flow that ended: a line like Zeek's conn.log.
    Flow,
    /// A device says something of itself.
    Said,
    /// Told of traffic by others or by the context itself, or an alert: nothing is learned from it.
    Told,
}

/// Result of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Answered, whatever the answer was: `refused` tells.
    Answered {
        refused: bool,
    },
    Unknown,
    /// The event has none.
    Unsaid,
}

/// Category of an operation as far as it matters for habits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Category {
    None,
    Monitor,
    Control,
    Engineering,
    Administration,
}

#[derive(Clone, Copy, Debug)]
pub struct View {
    pub kind: Kind,
    pub source: Option<HostAddr>,
    pub destination: Option<HostAddr>,
    pub source_port: u16,
    pub destination_port: u16,
    pub vlan: u16,
    pub protocol: NameId,
    pub function: NameId,
    pub category: Category,
    pub outcome: Outcome,
    /// Operations summed in it; 0: it is not summed.
    pub count: u32,
    pub start: Option<Micros>,
    /// Bytes its source sent.
    pub bytes: u64,
    /// A flow whose server sent nothing.
    pub unanswered: bool,
    /// A flow that the server refused.
    pub refused: bool,
    /// It has a direction already (logs).
    pub directed: bool,
    /// A request, where every PDU is an event.
    pub request: bool,
    /// It says already which assets its ends are: it was stored, or another sensor said so.
    pub dressed: bool,
}

/// A hardware address as text, `00:80:f4:0e:62:20` or with hyphens.
pub fn mac(text: &str) -> Option<Mac> {
    let mut out = [0u8; 6];
    let mut parts = text.split([':', '-']);
    for slot in &mut out {
        let part = parts.next().filter(|p| p.len() == 2)?;
        *slot = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(Mac(out))
}

/// An IP address, IPv4 where it is only mapped into IPv6; none for the unspecified one.
pub fn ip(text: &str) -> Option<HostAddr> {
    if let Some(addr) = dotted(text.as_bytes()) {
        return (!addr.is_unspecified()).then_some(HostAddr::Ip(IpAddr::V4(addr)));
    }
    let addr: IpAddr = text.parse().ok()?;
    let addr = addr.to_canonical();
    (!addr.is_unspecified()).then_some(HostAddr::Ip(addr))
}

/// The usual form of an IPv4 address, in one pass; what it does not take the parser of the standard
/// library judges.
fn dotted(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut addr, mut octet, mut digits, mut dots) = (0u32, 0u32, 0u8, 0u8);
    for b in text {
        match b {
            b'0'..=b'9' if digits < 3 && !(digits == 1 && octet == 0) => {
                octet = octet * 10 + u32::from(b - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && octet < 256 && dots < 3 => {
                addr = addr << 8 | octet;
                (octet, digits) = (0, 0);
                dots += 1;
            }
            _ => return None,
        }
    }
    (dots == 3 && digits > 0 && octet < 256).then(|| Ipv4Addr::from(addr << 8 | octet))
}

fn text(v: &Val) -> &str {
    match v {
        Val::Str(s) => s,
        Val::Static(s) => s,
        _ => "",
    }
}

fn number(v: &Val) -> i64 {
    match v {
        Val::Int(v) => *v,
        _ => 0,
    }
}

fn port(v: &Val) -> u16 {
    u16::try_from(number(v)).unwrap_or(0)
}

/// Zeek's words for connections in which the called side sent nothing (conn.log, conn_state).
fn is_unanswered(state: &str) -> bool {
    matches!(state, "S0" | "SH" | "RSTOS0" | "OTH")
}

impl View {
    pub fn read(e: &Event, names: &mut Names) -> View {
        let mut v = View {
            kind: Kind::Deed,
            source: None,
            destination: None,
            source_port: 0,
            destination_port: 0,
            vlan: 0,
            protocol: NONE,
            function: NONE,
            category: Category::None,
            outcome: Outcome::Unsaid,
            count: 0,
            start: None,
            bytes: 0,
            unanswered: false,
            refused: false,
            directed: false,
            request: false,
            dressed: false,
        };
        let (mut action, mut function) = ("", "");
        let (mut source_mac, mut destination_mac) = ("", "");
        let (mut answered, mut state) = (false, "");
        for (name, val) in &e.fields {
            match name.as_bytes().first() {
                Some(b's') => match name.as_ref() {
                    "source.ip" => v.source = ip(text(val)),
                    "source.port" => v.source_port = port(val),
                    "source.mac" => source_mac = text(val),
                    "source.asset" => v.dressed = true,
                    "source.bytes" => v.bytes = u64::try_from(number(val)).unwrap_or(0),
                    "sentinel.flow.state" => state = text(val),
                    _ => {}
                },
                Some(b'd') => match name.as_ref() {
                    "destination.ip" => v.destination = ip(text(val)),
                    "destination.port" => v.destination_port = port(val),
                    "destination.mac" => destination_mac = text(val),
                    "destination.asset" => v.dressed = true,
                    "destination.bytes" => answered |= number(val) > 0,
                    _ => {}
                },
                Some(b'n') => match name.as_ref() {
                    "network.protocol" => v.protocol = names.id(text(val)),
                    "network.direction" => v.directed = true,
                    "network.vlan.id" => v.vlan = port(val),
                    _ => {}
                },
                Some(b'e') => match name.as_ref() {
                    "event.dataset" => match text(val) {
                        "sentinel.flow" | "zeek.conn" | "suricata.flow" => v.kind = Kind::Flow,
                        "sentinel.availability" | "sentinel.context" | "sentinel.alert" => {
                            v.kind = Kind::Told
                        }
                        _ => {}
                    },
                    "event.kind" if text(val) == "alert" => v.kind = Kind::Told,
                    "event.action" => action = text(val),
                    "event.outcome" => {
                        v.outcome = match text(val) {
                            "success" => Outcome::Answered { refused: false },
                            "failure" => Outcome::Answered { refused: true },
                            _ => Outcome::Unknown,
                        }
                    }
                    "event.start" => v.start = Some(number(val)).filter(|t| *t > 0),
                    _ => {}
                },
                Some(b'o') => match name.as_ref() {
                    "ot.function.name" => function = text(val),
                    "ot.category" => {
                        v.category = match text(val) {
                            "monitor" => Category::Monitor,
                            "control" => Category::Control,
                            "engineering" => Category::Engineering,
                            "administration" => Category::Administration,
                            _ => Category::None,
                        }
                    }
                    "ot.asset.type"
                    | "ot.asset.level"
                    | "ot.asset.zone"
                    | "ot.asset.criticality"
                    | "ot.client.type"
                    | "ot.client.level"
                    | "ot.client.zone"
                    | "ot.client.criticality" => v.dressed = true,
                    "ot.count" => v.count = u32::try_from(number(val)).unwrap_or(0),
                    _ => {}
                },
                Some(b'c') if name == "conn_state" => state = text(val),
                _ => {}
            }
        }
        if v.kind == Kind::Deed && matches!(action, "device-clock" | "device-fault") {
            v.kind = Kind::Said;
        }
        v.unanswered = is_unanswered(state) && !answered && v.kind == Kind::Flow;
        v.refused = matches!(state, "REJ" | "RSTRH") && v.kind == Kind::Flow;
        v.request = v.outcome == Outcome::Unsaid && v.kind == Kind::Deed;
        let function = if function.is_empty() { action } else { function };
        if v.kind == Kind::Deed {
            v.function = names.id(function);
        }
        v.source = v.source.or_else(|| mac(source_mac).map(HostAddr::Mac));
        v.destination = v.destination.or_else(|| mac(destination_mac).map(HostAddr::Mac));
        v
    }
    /// Whether the source is the side that was called: an answer or report in its own event.
    pub fn is_by_server(&self) -> bool {
        matches!(self.kind, Kind::Deed | Kind::Said)
            && self.source_port != self.destination_port
            && roles::is_service_port(self.source_port)
            && !(roles::is_service_port(self.destination_port) && self.destination_port < self.source_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_the_standard_library_reads_them() {
        for text in [
            "10.0.0.1",
            "255.255.255.255",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "01.2.3.4",
            "1..2.3",
            "",
            "1.2.3.",
            "0.0.0.7",
        ] {
            assert_eq!(dotted(text.as_bytes()), text.parse().ok(), "{text}");
        }
        assert_eq!(ip("0.0.0.0"), None);
        assert_eq!(ip("::ffff:10.0.0.1"), ip("10.0.0.1"));
        assert_eq!(mac("00-80-f4-0e-62-20"), mac("00:80:f4:0e:62:20"));
        assert_eq!((mac("00:80"), mac("00:80:f4:0e:62:20:11"), mac("00:80:f4:0e:62:zz")), (None, None, None));
    }
}

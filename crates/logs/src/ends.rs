//! Who acts on whom in one line: addresses, ports, transport, and what follows from them.

use sentinel_detect::event::Name;
use sentinel_wire::cx::{End, FlowMeta};
use sentinel_wire::model::*;
use sentinel_wire::obs::HostId;
use std::net::IpAddr;

/// The fields of a line, as they came.
pub type Raw = Vec<(Name, Val)>;

/// The value of a field.
pub fn get<'a>(raw: &'a [(Name, Val)], name: &str) -> Option<&'a Val> {
    raw.iter().find(|(n, _)| n == name).map(|(_, v)| v)
}

/// The text of a field; of a list the first.
pub fn text<'a>(raw: &'a [(Name, Val)], name: &str) -> Option<&'a str> {
    match get(raw, name)? {
        Val::List(l) => l.first().and_then(as_text),
        v => as_text(v),
    }
}

/// The text a value is.
pub fn as_text(v: &Val) -> Option<&str> {
    match v {
        Val::Str(s) => Some(s),
        Val::Static(s) => Some(s),
        _ => None,
    }
}

/// The number of a field, or the number its text is (decimal, or hexadecimal behind `0x`).
pub fn int(raw: &[(Name, Val)], name: &str) -> Option<i64> {
    get(raw, name).and_then(as_int)
}

/// The number a value is, or its text says.
pub fn as_int(v: &Val) -> Option<i64> {
    match v {
        Val::Int(n) => Some(*n),
        Val::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(*f as i64),
        Val::List(l) => l.first().and_then(as_int),
        other => {
            let t = as_text(other)?.trim();
            match t.strip_prefix("0x") {
                Some(hex) => i64::from_str_radix(hex, 16).ok(),
                None => t.parse().ok(),
            }
        }
    }
}

/// An IP address in a text; IPv4 within IPv6 is IPv4.
pub fn ip(text: &str) -> Option<IpAddr> {
    match text.parse::<IpAddr>().ok()? {
        IpAddr::V6(a) => Some(a.to_ipv4_mapped().map_or(IpAddr::V6(a), IpAddr::V4)),
        v4 => Some(v4),
    }
}

/// A hardware address: six octets with `:` or `-` between them.
pub fn mac(text: &str) -> Option<Mac> {
    let mut octets = [0; 6];
    let mut parts = text.split([':', '-']);
    for o in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 2 {
            return None;
        }
        *o = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(Mac(octets))
}

/// One end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Side {
    pub ip: Option<IpAddr>,
    pub mac: Option<Mac>,
    /// 0 where it is not known.
    pub port: u16,
}

impl Side {
    /// The address it is known by.
    pub fn addr(&self) -> Option<HostAddr> {
        self.ip.map(HostAddr::Ip).or(self.mac.filter(|m| m.is_device()).map(HostAddr::Mac))
    }
}

/// Both ends, by role: the client is who opened the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ends {
    pub client: Side,
    pub server: Side,
    pub transport: Option<Transport>,
    pub vlan: u16,
    /// The server acts: it sent what the line is about.
    pub by_server: bool,
}

impl Ends {
    pub fn source(&self) -> &Side {
        if self.by_server { &self.server } else { &self.client }
    }
    pub fn destination(&self) -> &Side {
        if self.by_server { &self.client } else { &self.server }
    }
    /// The flow as probes have it; host numbers are put in by who takes it. `None` if an end is unknown.
    pub fn flow(&self) -> Option<FlowMeta> {
        let end = |s: &Side| {
            Some(End { host: HostId(0), addr: s.addr()?, port: s.port, mac: s.mac.filter(|m| m.is_device()) })
        };
        let both_ip = self.client.ip.is_some() && self.server.ip.is_some();
        let unknown = if both_ip { Transport::Other } else { Transport::L2 };
        Some(FlowMeta {
            client: end(&self.client)?,
            server: end(&self.server)?,
            transport: self.transport.unwrap_or(unknown),
            vlan: self.vlan,
            oriented: true,
        })
    }
}

/// A transport by the word logs use: `tcp`, `UDP`, `ICMP`, `IPv6-ICMP` …
pub fn transport(word: &str) -> Option<Transport> {
    const WORDS: &[(&str, Transport)] = &[
        ("tcp", Transport::Tcp),
        ("udp", Transport::Udp),
        ("icmp", Transport::Icmp),
        ("ipv6-icmp", Transport::Icmp),
        ("icmp6", Transport::Icmp),
    ];
    WORDS.iter().find(|(w, _)| w.eq_ignore_ascii_case(word)).map(|(_, t)| *t)
}

/// A port that is one.
pub fn port(n: Option<i64>) -> u16 {
    n.and_then(|n| u16::try_from(n).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(ip("::ffff:10.0.0.1"), "10.0.0.1".parse().ok());
        assert_eq!(ip("fe80:0000:0000:0000:0000:0000:0000:0001"), "fe80::1".parse().ok());
        assert_eq!(ip("10.0.0.300"), None);
        assert_eq!(mac("00:1B-63:84:45:E6").unwrap().to_string(), "00:1b:63:84:45:e6");
        assert_eq!(
            (mac("00:1b:63:84:45"), mac("00:1b:63:84:45:e6:00"), mac("zz:1b:63:84:45:e6")),
            (None, None, None)
        );
    }

    #[test]
    fn numbers_in_texts() {
        assert_eq!(as_int(&Val::from("0x0a")), Some(10));
        assert_eq!(as_int(&Val::from("12")), Some(12));
        assert_eq!(as_int(&Val::Float(3.0)), Some(3));
        assert_eq!(as_int(&Val::from("x")), None);
        assert_eq!(port(Some(70_000)), 0);
    }
}

//! Packet filters in the words of tcpdump (pcap-filter(7)), applied to the innermost headers.
//!
//! `[proto] [src|dst] host|net|port|portrange VALUE`, `ether host MAC`, `vlan [ID]`, a protocol
//! alone (`ip ip6 arp tcp udp sctp icmp icmp6`), joined with `and or not ( )`. Byte offsets
//! (`tcp[13]`) and the rest of the language are refused by name.

use std::net::IpAddr;

mod kernel;

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    pub src: Option<IpAddr>,
    pub dst: Option<IpAddr>,
    pub sport: u16,
    pub dport: u16,
    /// IP protocol, 0 without IP.
    pub proto: u8,
    pub ethertype: u16,
    pub vlan: u16,
    pub macs: [Option<[u8; 6]>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    Src,
    Dst,
    Both,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
    Net(Direction, IpAddr, u8),
    Ports(Direction, u16, u16),
    Proto(u8),
    Version(bool),
    EtherType(u16),
    Vlan(Option<u16>),
    Ether(Direction, [u8; 6]),
}

/// A compiled filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Test);

impl Filter {
    /// Compiles `text`; the error is one line that names the word at fault.
    pub fn parse(text: &str) -> Result<Filter, String> {
        let spaced =
            text.replace('(', " ( ").replace(')', " ) ").replace("&&", " and ").replace("||", " or ");
        let spaced = spaced.replace('!', " not ");
        let mut p = Parser { words: spaced.split_whitespace().collect(), at: 0, depth: 0 };
        let test = p.any()?;
        match p.next() {
            None => Ok(Filter(test)),
            Some(word) => Err(format!("filter: '{word}' is not expected here")),
        }
    }
    pub fn matches(&self, s: &Subject) -> bool {
        holds(&self.0, s)
    }
}

fn holds(test: &Test, s: &Subject) -> bool {
    let either = |d: Direction, src: bool, dst: bool| match d {
        Direction::Src => src,
        Direction::Dst => dst,
        Direction::Both => src || dst,
    };
    match test {
        Test::And(a, b) => holds(a, s) && holds(b, s),
        Test::Or(a, b) => holds(a, s) || holds(b, s),
        Test::Not(a) => !holds(a, s),
        Test::Net(d, net, bits) => {
            let is_in = |ip: Option<IpAddr>| ip.is_some_and(|ip| within(ip, *net, *bits));
            either(*d, is_in(s.src), is_in(s.dst))
        }
        Test::Ports(d, low, high) => {
            let is_in = |p: u16| matches!(s.proto, 6 | 17 | 132) && (*low..=*high).contains(&p);
            either(*d, is_in(s.sport), is_in(s.dport))
        }
        Test::Proto(p) => s.proto == *p && s.src.is_some(),
        Test::Version(six) => s.src.is_some_and(|a| a.is_ipv6() == *six),
        Test::EtherType(t) => s.ethertype == *t,
        Test::Vlan(id) => s.vlan != 0 && id.is_none_or(|id| id == s.vlan),
        Test::Ether(d, mac) => either(*d, s.macs[0] == Some(*mac), s.macs[1] == Some(*mac)),
    }
}

fn within(ip: IpAddr, net: IpAddr, bits: u8) -> bool {
    match (ip, net) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            (a.to_bits() ^ n.to_bits()).checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            (a.to_bits() ^ n.to_bits()).checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }
    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }
    fn value(&mut self, of: &str) -> Result<&'a str, String> {
        self.next().ok_or_else(|| format!("filter: '{of}' wants a value"))
    }
    fn any(&mut self) -> Result<Test, String> {
        let mut left = self.all()?;
        while self.peek() == Some("or") {
            self.at += 1;
            left = Test::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }
    fn all(&mut self) -> Result<Test, String> {
        let mut left = self.one()?;
        while self.peek() == Some("and") {
            self.at += 1;
            left = Test::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }
    fn one(&mut self) -> Result<Test, String> {
        self.depth += 1;
        if self.depth > 64 {
            return Err("filter: more than 64 levels of parentheses and 'not'".into());
        }
        let test = match self.peek() {
            Some("not") => {
                self.at += 1;
                Test::Not(Box::new(self.one()?))
            }
            Some("(") => {
                self.at += 1;
                let inner = self.any()?;
                if self.next() != Some(")") {
                    return Err("filter: a parenthesis is not closed".into());
                }
                inner
            }
            _ => self.primitive()?,
        };
        self.depth -= 1;
        Ok(test)
    }
    fn primitive(&mut self) -> Result<Test, String> {
        let word = self.next().ok_or("filter: it ends where a test is expected")?;
        let proto = match word {
            "tcp" => Some(Test::Proto(6)),
            "udp" => Some(Test::Proto(17)),
            "sctp" => Some(Test::Proto(132)),
            "icmp" => Some(Test::Proto(1)),
            "icmp6" => Some(Test::Proto(58)),
            "ip" => Some(Test::Version(false)),
            "ip6" => Some(Test::Version(true)),
            "arp" => Some(Test::EtherType(0x0806)),
            _ => None,
        };
        if let Some(proto) = proto {
            return match self.peek() {
                Some("src" | "dst" | "host" | "net" | "port" | "portrange") => {
                    let word = self.value(word)?;
                    Ok(Test::And(Box::new(proto), Box::new(self.end(word)?)))
                }
                _ => Ok(proto),
            };
        }
        match word {
            "vlan" => {
                let id = self.peek().and_then(|w| w.parse().ok());
                self.at += usize::from(id.is_some());
                Ok(Test::Vlan(id))
            }
            "ether" => {
                let mut direction = Direction::Both;
                let mut word = self.value("ether")?;
                if let "src" | "dst" = word {
                    direction = if word == "src" { Direction::Src } else { Direction::Dst };
                    word = self.value(word)?;
                }
                let text = if word == "host" { self.value("host")? } else { word };
                let mac = mac(text).ok_or_else(|| format!("filter: '{text}' is not a hardware address"))?;
                Ok(Test::Ether(direction, mac))
            }
            _ => self.end(word),
        }
    }
    /// `[src|dst] host|net|port|portrange VALUE`, from its first word on.
    fn end(&mut self, word: &'a str) -> Result<Test, String> {
        let (direction, kind) = match word {
            "src" | "dst" => {
                let direction = if word == "src" { Direction::Src } else { Direction::Dst };
                match self.peek() {
                    Some("host" | "net" | "port" | "portrange") => (direction, self.value(word)?),
                    _ => (direction, "host"),
                }
            }
            other => (Direction::Both, other),
        };
        match kind {
            "host" | "net" => {
                let text = self.value(kind)?;
                let (addr, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
                let wrong = || format!("filter: '{text}' is not an address");
                let ip: IpAddr = addr.parse().map_err(|_| wrong())?;
                let max = if ip.is_ipv4() { 32 } else { 128 };
                let bits = bits.map_or(Ok(max), |b| b.parse::<u8>().map_err(|_| wrong()))?;
                if bits > max {
                    return Err(wrong());
                }
                Ok(Test::Net(direction, ip, bits))
            }
            "port" | "portrange" => {
                let text = self.value(kind)?;
                let (low, high) = text.split_once('-').unwrap_or((text, text));
                match (low.parse(), high.parse()) {
                    (Ok(low), Ok(high)) => Ok(Test::Ports(direction, low, high)),
                    _ => Err(format!("filter: '{text}' is not a port")),
                }
            }
            other => Err(format!(
                "filter: '{other}' is not understood (host, net, port, vlan, tcp, udp, and, or, not …)"
            )),
        }
    }
}

fn mac(text: &str) -> Option<[u8; 6]> {
    let mut out = [0; 6];
    let mut parts = text.split([':', '-']);
    for b in &mut out {
        *b = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    parts.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn subject() -> Subject {
        Subject {
            src: Some("10.0.0.1".parse().unwrap()),
            dst: Some("192.168.1.9".parse().unwrap()),
            sport: 40000,
            dport: 502,
            proto: 6,
            ethertype: 0x0800,
            vlan: 7,
            macs: [Some([0, 1, 2, 3, 4, 5]), None],
        }
    }

    #[test]
    fn tests_hold_or_not() {
        for (text, expected) in [
            ("tcp port 502", true),
            ("udp port 502", false),
            ("src host 10.0.0.1 and dst port 502", true),
            ("net 192.168.0.0/16", true),
            ("src net 192.168.0.0/16", false),
            ("not (port 80 or port 502)", false),
            ("vlan 7 && ip", true),
            ("vlan 8 || ip6", false),
            ("ether src 00:01:02:03:04:05", true),
            ("portrange 500-510", true),
            ("dst 192.168.1.9", true),
            ("net 0.0.0.0/0", true),
        ] {
            assert_eq!(Filter::parse(text).unwrap().matches(&subject()), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, word) in [
            ("tcp[13] = 2", "tcp[13]"),
            ("port x", "'x'"),
            ("(tcp", "parenthesis"),
            ("tcp udp", "'udp'"),
            ("", "ends"),
        ] {
            assert!(Filter::parse(text).unwrap_err().contains(word), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-z0-9./() !&|:-]{0,80}") {
            if let Ok(f) = Filter::parse(&text) {
                f.matches(&subject());
            }
        }
    }
}

//! Syslog (RFC 3164, 5424, 6587): who logs, what it is by the habits of its maker's messages, and
//! passwords that end up in a log.

use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "syslog",
    title: "Syslog",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[514, 601, 1514],
    ethertypes: &[],
    rank: 81,
    identify,
    open: || Box::<Syslog>::default(),
    pdus: true,
    facts: &["hostname", "vendor", "product", "model", "serial", "firmware", "syslog_app"],
    credentials: &["password"],
    operations: &[],
    source: "RFC 3164, 5424, 6587; message formats of Cisco, Fortinet, ArcSight CEF, IBM LEEF",
    level: 5,
    proofs: &["ndpi/pcap/syslog.pcap", "zeek/tcp-syslog.pcap"],
};

/// Longest message looked at; of a longer one the rest is passed over.
const MAX: usize = 8192;
/// Names of hosts and programs of one flow: a relay has many, which then say nothing of it.
const MAX_HOSTS: usize = 4;
const MAX_APPS: usize = 16;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What a message says of itself.
#[derive(Debug, Default, PartialEq)]
struct Message<'a> {
    priority: u16,
    host: Option<&'a str>,
    app: Option<&'a str>,
    text: &'a str,
    /// It has the form of a standard.
    formal: bool,
}

fn number(text: &str, most: usize) -> Option<(u32, &str)> {
    let n = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(n)?;
    Some((digits.parse().ok()?, rest))
}

/// The text behind `Mmm dd hh:mm:ss`, perhaps with a year or fractions.
fn old_time(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(['*', '.']);
    let month = text.get(..3)?;
    if !MONTHS.contains(&month) {
        return None;
    }
    let rest = text.get(3..)?.strip_prefix(' ')?.trim_start();
    let (day, rest) = number(rest, 2)?;
    let mut rest = rest.strip_prefix(' ')?;
    if let Some((year @ 1990..=2100, after)) = number(rest, 4) {
        let _ = year;
        rest = after.strip_prefix(' ')?;
    }
    let (hour, rest) = number(rest, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = number(rest.strip_prefix(':')?, 2)?;
    let rest = rest.strip_prefix('.').and_then(|r| number(r, 9)).map_or(rest, |(_, r)| r);
    ((1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61).then_some(rest)
}

fn is_host(word: &str) -> bool {
    let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    !word.is_empty() && word.len() <= 64 && word.chars().all(ok) && !word.ends_with(':') && word.chars().any(|c| c.is_ascii_alphanumeric())
}

/// The program before `[pid]:` or `:`.
fn program(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/')))?;
    let (name, rest) = text.split_at_checked(end)?;
    let named = name.len() <= 48 && name.chars().any(|c| c.is_ascii_alphabetic());
    (named && (rest.starts_with('[') || rest.starts_with(": "))).then_some(name)
}

fn parse(line: &str) -> Option<Message<'_>> {
    let (priority, rest) = number(line.strip_prefix('<')?, 3)?;
    if priority > 191 {
        return None;
    }
    let body = rest.strip_prefix('>')?;
    let mut m = Message { priority: priority as u16, text: body, ..Message::default() };
    if let Some(rest) = body.strip_prefix("1 ") {
        let mut words = rest.splitn(6, ' ');
        let time = words.next()?;
        let dated = time == "-" || time.len() >= 19 && time.as_bytes().get(4) == Some(&b'-') && time.contains('T');
        if dated && let (Some(host), Some(app)) = (words.next(), words.next()) {
            m.host = Some(host).filter(|h| *h != "-" && is_host(h));
            m.app = Some(app).filter(|a| *a != "-" && a.len() <= 48);
            m.text = words.nth(2).unwrap_or_default();
            m.formal = true;
            return Some(m);
        }
    }
    if let Some(rest) = old_time(body) {
        m.formal = true;
        m.text = rest.trim_start_matches([' ', ':']);
        let (word, after) = m.text.split_once(' ').unwrap_or((m.text, ""));
        // without a host the program comes at once
        if rest.starts_with(' ') && is_host(word) && !word.contains('[') {
            m.host = Some(word);
            m.text = after;
        }
        m.app = program(m.text);
    }
    Some(m)
}

fn first_line(data: &[u8]) -> Option<&str> {
    let line = data.get(..data.len().min(1024))?;
    match std::str::from_utf8(line) {
        Ok(text) => Some(text),
        Err(e) => std::str::from_utf8(line.get(..e.valid_up_to())?).ok(),
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let framed = hint.transport == Transport::Tcp && data.first().is_some_and(u8::is_ascii_digit);
    let data = if framed {
        let digits = data.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        match data.get(digits..) {
            Some([]) if digits < 6 => return Verdict::Need,
            Some([b' ']) => return Verdict::Need,
            Some([b' ', rest @ ..]) => rest,
            _ => return Verdict::No,
        }
    } else {
        data
    };
    let [b'<', rest @ ..] = data else { return Verdict::No };
    let digits = rest.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    if !(1..=3).contains(&digits) {
        return if rest.is_empty() && hint.transport == Transport::Tcp { Verdict::Need } else { Verdict::No };
    }
    match rest.get(digits) {
        Some(b'>') => {}
        None if hint.transport == Transport::Tcp => return Verdict::Need,
        _ => return Verdict::No,
    }
    let Some(text) = first_line(data) else { return Verdict::No };
    match parse(text) {
        Some(m) if m.formal => Verdict::Strong(Role::Client),
        Some(m) if m.text.len() < 24 && hint.transport == Transport::Tcp => Verdict::Need,
        // a time that the device writes in its own way: only where syslog is expected
        Some(m) if m.text.chars().take(16).all(|c| !c.is_control() || c == '\t') && !m.text.is_empty() => Verdict::Weak(Role::Client),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Syslog {
    hosts: Vec<String>,
    apps: Vec<String>,
    vendor: bool,
}

impl Probe for Syslog {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let text = String::from_utf8_lossy(data.get(..data.len().min(MAX)).unwrap_or_default());
        let message = parse(text.trim_end_matches(['\0', '\n', '\r'])).ok_or(Malformed)?;
        self.message(cx, &message);
        Ok(())
    }

    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if cx.from() == Side::Server {
            return Step::Used(data.len());
        }
        // octet counting, or lines (RFC 6587, 3.4)
        let digits = data.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        let (line, used) = if (1..=5).contains(&digits) {
            let size: usize = std::str::from_utf8(data.get(..digits).unwrap_or_default()).ok().and_then(|t| t.parse().ok()).unwrap_or(0);
            match data.get(digits) {
                None => return Step::Need,
                Some(b' ') if size > 0 => {}
                Some(_) => return Step::Bad,
            }
            match data.get(digits + 1..digits + 1 + size) {
                Some(line) => (line, digits + 1 + size),
                None if data.len() < MAX => return Step::Need,
                None => (data.get(digits + 1..).unwrap_or_default(), digits + 1 + size),
            }
        } else {
            match memchr::memchr2(b'\n', 0, data) {
                Some(end) => (data.get(..end).unwrap_or_default(), end + 1),
                None if data.len() < MAX => return Step::Need,
                None => (data, data.len()),
            }
        };
        let text = String::from_utf8_lossy(line.get(..line.len().min(MAX)).unwrap_or_default());
        let text = text.trim_end_matches(['\r', '\n', '\0']);
        match parse(text) {
            Some(message) => self.message(cx, &message),
            None if text.is_empty() => {}
            None if used >= data.len() => return Step::Bad,
            None => cx.malformed(),
        }
        if used > data.len() { Step::Skip((used - data.len()) as u64) } else { Step::Used(used) }
    }
}

impl Syslog {
    fn message(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        cx.sender_is(Side::Client);
        if let Some(host) = m.host
            && self.hosts.len() < MAX_HOSTS
            && !self.hosts.iter().any(|h| h == host)
        {
            // a second name: what sends is a relay, and no name is its own
            self.hosts.push(host.to_owned());
            if self.hosts.len() == 1 && host.parse::<std::net::IpAddr>().is_err() {
                cx.fact(Side::Client, "hostname", host, "HOSTNAME");
            }
        }
        if let Some(app) = m.app
            && self.apps.len() < MAX_APPS
            && !self.apps.iter().any(|a| a == app)
        {
            self.apps.push(app.to_owned());
            cx.fact(Side::Client, "syslog_app", app, "APP-NAME");
        }
        if !self.vendor && self.hosts.len() < 2 {
            self.vendor = vendor(cx, m.text);
        }
        passwords(cx, m.text);
        if cx.wants_pdus() {
            let mut f = vec![
                ("syslog.facility", Val::from(m.priority >> 3)),
                ("syslog.severity", Val::from(m.priority & 7)),
            ];
            for (name, value) in [("syslog.hostname", m.host), ("syslog.app_name", m.app)] {
                if let Some(value) = value {
                    f.push((name, Val::from(value)));
                }
            }
            cx.pdu("message", f);
        }
    }
}

/// The value of `name="value"` or `name=value`.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.match_indices(name).find_map(|(at, _)| {
        let before = text.get(..at)?.chars().next_back().is_none_or(|c| !c.is_ascii_alphanumeric());
        before.then_some(at + name.len())
    })?;
    let rest = text.get(at..)?;
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => rest.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | ')')).next()?,
    };
    (!value.is_empty() && value.len() <= 128).then_some(value)
}

/// What is sure of the sender's make; true if something was.
fn vendor(cx: &mut Cx<'_>, text: &str) -> bool {
    let mut fact = |name: &'static str, value: &str| {
        if !value.is_empty() && value.len() <= 96 {
            cx.fact(Side::Client, name, value, "MSG");
        }
    };
    // CEF:0|vendor|product|version|…
    for mark in ["CEF:0|", "CEF:1|", "LEEF:1.0|", "LEEF:2.0|"] {
        let Some((_, rest)) = text.split_once(mark) else { continue };
        let mut parts = rest.split('|');
        let (vendor, product, version) = (parts.next(), parts.next(), parts.next());
        fact("vendor", vendor.unwrap_or_default());
        fact("product", product.unwrap_or_default());
        fact("firmware", version.unwrap_or_default());
        return true;
    }
    // FortiOS: date= time= devname= devid=
    if let (Some(_), Some(id)) = (value(text, "devname="), value(text, "devid=")) {
        fact("vendor", "Fortinet");
        fact("serial", id);
        return true;
    }
    // Cisco: %FACILITY-SEVERITY-MNEMONIC:
    if let Some((_, rest)) = text.split_once('%')
        && let Some((tag, _)) = rest.split_once(": ")
    {
        let mut parts = tag.split('-');
        let (facility, severity) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let sound = facility.len() >= 2
            && facility.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            && severity.len() == 1
            && severity.chars().all(|c| c.is_ascii_digit())
            && parts.next().is_some_and(|m| !m.is_empty() && m.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        if sound {
            fact("vendor", "Cisco");
            if matches!(facility, "ASA" | "FTD" | "PIX") {
                fact("product", facility);
            }
            return true;
        }
    }
    false
}

/// Passwords written into a message. What is masked, or a word of a sentence, is none.
fn passwords(cx: &mut Cx<'_>, text: &str) {
    for name in ["password=", "passwd=", "pwd="] {
        // most messages have none: the cheap look first
        if memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_none() {
            continue;
        }
        let Some(secret) = value(text, name).map(|s| s.trim_matches('\'')) else { continue };
        let masked = secret.chars().all(|c| matches!(c, '*' | '.' | 'x' | 'X' | '-')) || secret.starts_with('<');
        if masked || secret.len() < 3 || matches!(secret, "null" | "none" | "NULL" | "yes" | "true" | "false" | "set") {
            continue;
        }
        let user = ["user=", "username=", "login="].iter().find_map(|n| value(text, n));
        let mut c = Cred::new(CredKind::Password).secret(secret).cleartext().detail("where", "log message");
        if let Some(user) = user {
            c = c.username(user.trim_matches('\''));
        }
        cx.credential(c);
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    #[test]
    fn formats_of_old_and_new() {
        let m = parse("<34>Oct 11 22:14:15 mymachine su[231]: 'su root' failed").expect("RFC 3164");
        assert_eq!((m.host, m.app, m.formal), (Some("mymachine"), Some("su"), true));
        let m = parse("<165>1 2003-10-11T22:14:15.003Z host.example.com evntslog - ID47 - text").expect("RFC 5424");
        assert_eq!((m.host, m.app), (Some("host.example.com"), Some("evntslog")));
        assert_eq!(parse("<192>x"), None);
        assert!(!parse("<13>hello").expect("a priority").formal);
    }

    #[test]
    fn makers_and_passwords() {
        let seen = Dialogue::udp(&SPEC, 514)
            .client(b"<189>29: *Mar  1 18:48:50.483: %SYS-5-CONFIG_I: Configured from console")
            .end();
        assert_eq!(seen.facts(), ["client vendor=Cisco"]);
        let seen = Dialogue::udp(&SPEC, 514)
            .client(b"<14>Oct 11 22:14:15 gw1 app: login user=admin password=S3cret! ok")
            .client(b"<14>Oct 11 22:14:16 gw1 app: login user=admin password=**** ok")
            .end();
        assert_eq!(seen.creds(), ["password admin S3cret! unknown"]);
        assert!(seen.facts().contains(&"client hostname=gw1".to_owned()));
    }

    #[test]
    fn streams_of_both_framings() {
        let line = "<14>Oct 11 22:14:15 gw1 app: hi";
        let seen = Dialogue::tcp(&SPEC, 601).client_split(format!("{} {line}{} {line}", line.len(), line.len()).as_bytes(), 5).end();
        assert_eq!(seen.facts(), ["client hostname=gw1", "client syslog_app=app"]);
        let seen = Dialogue::tcp(&SPEC, 601).client_split(format!("{line}\n{line}\r\n").as_bytes(), 7).end();
        assert_eq!(seen.events.len(), 2);
    }

    #[test]
    fn what_it_keeps_is_bounded() {
        let mut d = Dialogue::udp(&SPEC, 514);
        for n in 0..3000 {
            d = d.client(format!("<14>Oct 11 22:14:15 host{n} app{n}: hi").as_bytes());
        }
        assert!(d.end().facts().len() <= 1 + MAX_APPS);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, text: String, cut in 1usize..30) {
            let _ = parse(&text);
            let d = Dialogue::udp(&SPEC, 514);
            let _ = d.identify(true, &data);
            d.client(&data).client(format!("<14>Oct 11 22:14:15 h a: {text} password={text}").as_bytes()).end();
            Dialogue::tcp(&SPEC, 514).client_split(format!("<14>{text}\n12 {text}").as_bytes(), cut).client(&data).end();
        }
    }
}

//! SOCKS 4, 4a and 5: who asks a proxy for what, names and passwords on the way in.
//!
//! Behind the proxy's consent the connection speaks another protocol, which is looked for again.
//! Sources: RFC 1928, 1929; SOCKS (Koblas, 1992) and its extension 4A.

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub static SPEC: Spec = Spec {
    name: "socks",
    title: "SOCKS proxy",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[1080, 1081, 9050],
    ethertypes: &[],
    rank: 95,
    identify,
    open: || Box::<Socks>::default(),
    pdus: false,
    facts: &[],
    credentials: &["password", "user"],
    operations: &["connect", "bind", "udp_associate"],
    source: "RFC 1928, 1929; SOCKS: A protocol for TCP proxy across firewalls; SOCKS 4A",
    level: 5,
    proofs: &["ndpi/pcap/socks.pcap", "arkime/socks5-rdp.pcap", "arkime/socks-http-pass.pcap"],
};

/// Longest name of a user or host in version 4.
const MAX_NAME: usize = 255;
/// Methods that are assigned (IANA "SOCKS Methods"), the private ones left out.
const METHODS: std::ops::RangeInclusive<u8> = 0..=9;

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    match data {
        [5] => Verdict::Need,
        // a choice of method, perhaps with what follows it
        [5, method] if METHODS.contains(method) && *method != 1 && *method != 2 || *method == 0xff => Verdict::Weak(Role::Server),
        [5, 2] => Verdict::Weak(Role::Server),
        [5, n @ 1..=9, rest @ ..] => {
            let n = usize::from(*n);
            let Some(methods) = rest.get(..n) else {
                return if rest.iter().all(|m| METHODS.contains(m) || *m >= 0x80) { Verdict::Need } else { Verdict::No };
            };
            let distinct = methods.iter().enumerate().all(|(i, m)| !methods.get(..i).is_some_and(|b| b.contains(m)));
            let good = methods.iter().all(|m| METHODS.contains(m) || *m >= 0x80) && distinct;
            let next = matches!(rest.get(n..), Some([] | [1, ..] | [5, ..]));
            // the choice of user and password, then its result, looks alike
            if good && next { Verdict::Weak(Role::Client) } else { choice(data) }
        }
        [5, ..] => choice(data),
        [4, 1 | 2, rest @ ..] => {
            let Some(tail) = rest.get(6..) else { return Verdict::Need };
            let port = rest.first_chunk::<2>().map_or(0, |p| u16::from_be_bytes(*p));
            let user = memchr::memchr(0, tail);
            let name = tail.get(..user.unwrap_or(tail.len())).unwrap_or_default();
            if port == 0 || name.len() > MAX_NAME || !name.iter().all(|b| (0x21..0x7f).contains(b)) {
                return Verdict::No;
            }
            if user.is_some() { Verdict::Weak(Role::Client) } else { Verdict::Need }
        }
        [4] => Verdict::Need,
        [0, 0x5a..=0x5d, _, _, _, _, _, _, ..] => Verdict::Weak(Role::Server),
        [0] => Verdict::Need,
        [0, 0x5a..=0x5d, ..] => Verdict::Need,
        _ => Verdict::No,
    }
}

/// A server's choice with more of its answers behind it.
fn choice(data: &[u8]) -> Verdict {
    match data {
        [5, 2, 1, 0 | 1] => Verdict::Weak(Role::Server),
        [5, 2, 1, 0, 5, 0..=8, 0, ..] | [5, 0, 5, 0..=8, 0, 1 | 3 | 4, ..] => Verdict::Weak(Role::Server),
        [5, 2, 1] | [5, 0, 5] | [5, 0, 5, 0..=8] => Verdict::Need,
        _ => Verdict::No,
    }
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Stage {
    #[default]
    Start,
    Auth,
    Request,
    /// Asked; or told, for the server.
    Over,
}

struct Open {
    user: String,
    password: String,
    sent: Stamp,
}

struct Request {
    name: &'static str,
    target: String,
    asked: Stamp,
    version: u8,
}

#[derive(Default)]
struct Socks {
    version: u8,
    stage: [Stage; 2],
    open: Option<Open>,
    request: Option<Request>,
    relayed: bool,
}

impl Probe for Socks {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if self.relayed {
            return inner(cx, data);
        }
        let used = match cx.from() {
            Side::Client => self.client(cx, data),
            Side::Server => self.server(cx, data),
        };
        match used {
            Ok(Some(n)) => Step::Used(n),
            Ok(None) if data.len() > 1024 => Step::Bad,
            Ok(None) => Step::Need,
            Err(Malformed) => Step::Bad,
        }
    }

    fn gap(&mut self, cx: &mut Cx<'_>, _from: Side, _missing: u64) {
        self.finish(cx);
        self.relayed = true;
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.finish(cx);
    }
}

/// What is spoken behind the proxy: by the same signs as on any connection.
fn inner(cx: &mut Cx<'_>, data: &[u8]) -> Step {
    let (client, server) = (cx.end(Side::Client).port, cx.end(Side::Server).port);
    let (src_port, dst_port) = if cx.from() == Side::Client { (client, server) } else { (server, client) };
    let hint = Hint { transport: Transport::Tcp, src_port, dst_port, ethertype: 0 };
    let found = super::ALL.iter().find(|s| {
        s.name != SPEC.name
            && s.transports.contains(&Transport::Tcp)
            && matches!((s.identify)(&hint, data), Verdict::Strong(_))
    });
    match found {
        Some(spec) => Step::Become { name: spec.name, used: 0 },
        None => Step::Done,
    }
}

type Read = Result<Option<usize>, Malformed>;

impl Socks {
    fn at(&mut self, side: Side) -> &mut Stage {
        let [client, server] = &mut self.stage;
        if side == Side::Client { client } else { server }
    }

    fn client(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Read {
        let mut r = Reader::new(data);
        match (*self.at(Side::Client), r.u8()) {
            (_, None) => Ok(None),
            (Stage::Start, Some(5)) => {
                cx.sender_is(Side::Client);
                self.version = 5;
                let Some(n) = r.u8() else { return Ok(None) };
                if r.skip(n.into()).is_none() {
                    return Ok(None);
                }
                // who asks at once for the connection does not wait for the choice
                *self.at(Side::Client) = Stage::Auth;
                Ok(Some(r.position()))
            }
            (Stage::Start, Some(4)) => {
                cx.sender_is(Side::Client);
                self.version = 4;
                self.old_request(cx, data)
            }
            (Stage::Auth, Some(1)) => {
                let read = (|| {
                    let n = r.u8()?;
                    let user = text(r.take(n.into())?);
                    let n = r.u8()?;
                    Some((user, text(r.take(n.into())?)))
                })();
                let Some((user, password)) = read else { return Ok(None) };
                self.open = Some(Open { user, password, sent: cx.at() });
                *self.at(Side::Client) = Stage::Request;
                Ok(Some(r.position()))
            }
            (Stage::Auth | Stage::Request, Some(5)) => {
                let Some(kind) = r.u8() else { return Ok(None) };
                let name = command(kind)?;
                r.skip(1);
                match address(&mut r)? {
                    None => Ok(None),
                    Some(target) => {
                        self.request = Some(Request { name, target, asked: cx.at(), version: 5 });
                        *self.at(Side::Client) = Stage::Over;
                        Ok(Some(r.position()))
                    }
                }
            }
            _ => Err(Malformed),
        }
    }

    fn old_request(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Read {
        let mut r = Reader::new(data);
        r.skip(1);
        let (Some(kind), Some(port), Some(ip)) = (r.u8(), r.be16(), r.be32()) else { return Ok(None) };
        let name = command(kind)?;
        let Some(n) = memchr::memchr(0, r.rest()) else { return Ok(None) };
        let user = r.take(n).map(text).unwrap_or_default();
        r.skip(1);
        let mut host = Ipv4Addr::from(ip).to_string();
        // 0.0.0.x: the proxy is to look the name up (4A)
        if ip != 0 && ip < 256 {
            let Some(n) = memchr::memchr(0, r.rest()) else { return Ok(None) };
            host = r.take(n).map(text).unwrap_or_default();
            r.skip(1);
        }
        if !user.is_empty() {
            self.open = Some(Open { user, password: String::new(), sent: cx.at() });
        }
        self.request = Some(Request { name, target: format!("{host}:{port}"), asked: cx.at(), version: 4 });
        *self.at(Side::Client) = Stage::Over;
        Ok(Some(r.position()))
    }

    fn server(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Read {
        let mut r = Reader::new(data);
        if self.version == 4 || data.first() == Some(&0) {
            let (Some(0), Some(code), Some(_), Some(_)) = (r.u8(), r.u8(), r.be16(), r.be32()) else {
                return if data.len() < 8 { Ok(None) } else { Err(Malformed) };
            };
            let outcome = if code == 0x5a { Outcome::Accepted } else { Outcome::Refused };
            self.settle(cx, if code == 0x5a { LoginOutcome::Success } else { LoginOutcome::Failure });
            self.done(cx, outcome, i64::from(code));
            self.relayed = true;
            return Ok(Some(8));
        }
        match (*self.at(Side::Server), r.u8(), r.u8()) {
            (_, None, _) | (_, _, None) => Ok(None),
            (Stage::Start, Some(5), Some(method)) => {
                let name = match method {
                    0 => "none",
                    1 => "gssapi",
                    2 => "password",
                    0xff => "refused",
                    _ => "other",
                };
                cx.service_info("authentication", name);
                *self.at(Side::Server) = if method == 2 { Stage::Auth } else { Stage::Request };
                Ok(Some(2))
            }
            (Stage::Auth, Some(1), Some(status)) => {
                self.settle(cx, if status == 0 { LoginOutcome::Success } else { LoginOutcome::Failure });
                *self.at(Side::Server) = Stage::Request;
                Ok(Some(2))
            }
            (Stage::Request, Some(5), Some(code)) => {
                r.skip(1);
                if address(&mut r)?.is_none() {
                    return Ok(None);
                }
                self.done(cx, if code == 0 { Outcome::Accepted } else { Outcome::Refused }, i64::from(code));
                self.relayed = true;
                Ok(Some(r.position()))
            }
            _ => Err(Malformed),
        }
    }

    fn finish(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx, LoginOutcome::Unknown);
        self.done(cx, Outcome::Unknown, 0);
    }

    fn settle(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(open) = self.open.take() else { return };
        let mut c = Cred::new(CredKind::User);
        if !open.password.is_empty() {
            c = Cred::new(CredKind::Password).secret(&open.password).cleartext();
        }
        cx.credential(c.username(&open.user).outcome(outcome).sent(open.sent));
    }

    fn done(&mut self, cx: &mut Cx<'_>, outcome: Outcome, code: i64) {
        let Some(request) = self.request.take() else { return };
        let mut op = Op::new(Action::Other, request.name).category(Category::Administration);
        op = op.outcome(outcome).target(&request.target).asked(request.asked).detail("version", request.version);
        if outcome == Outcome::Refused {
            op = op.exception(code, reason(code));
        }
        cx.op(op);
    }
}

fn command(kind: u8) -> Result<&'static str, Malformed> {
    match kind {
        1 => Ok("connect"),
        2 => Ok("bind"),
        3 => Ok("udp_associate"),
        // Tor's own: names looked up
        0xf0 | 0xf1 => Ok("resolve"),
        _ => Err(Malformed),
    }
}

/// Address and port of version 5; `None` if they are not all there.
fn address(r: &mut Reader<'_>) -> Result<Option<String>, Malformed> {
    let Some(kind) = r.u8() else { return Ok(None) };
    let read = (|| {
        let host = match kind {
            1 => IpAddr::from(Ipv4Addr::from(r.be32()?)).to_string(),
            4 => {
                let octets: [u8; 16] = r.take(16)?.try_into().ok()?;
                format!("[{}]", Ipv6Addr::from(octets))
            }
            _ => {
                let n = r.u8()?;
                text(r.take(n.into())?)
            }
        };
        Some(format!("{host}:{}", r.be16()?))
    })();
    if matches!(kind, 1 | 3 | 4) { Ok(read) } else { Err(Malformed) }
}

fn reason(code: i64) -> &'static str {
    match code {
        1 | 0x5b => "general failure",
        2 => "not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        0x5c => "no identd",
        0x5d => "identd says another user",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    #[test]
    fn a_password_and_what_is_behind() {
        let seen = Dialogue::tcp(&SPEC, 1080)
            .client(&[5, 2, 0, 2])
            .server(&[5, 2])
            .client(b"\x01\x03amy\x06s3cret")
            .server(&[1, 0])
            .client(b"\x05\x01\0\x03\x0bexample.org\0\x50")
            .server(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            .client(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
            .end();
        assert_eq!(seen.creds(), ["password amy s3cret success"]);
        assert_eq!(seen.ops(), ["socks connect accepted x1"]);
        assert_eq!(seen.last, crate::stream::Fed::Become { name: "http", rest: 0 });
    }

    #[test]
    fn version_4_with_a_name() {
        let seen = Dialogue::tcp(&SPEC, 1080)
            .client(b"\x04\x01\0\x50\0\0\0\x01bob\0example.org\0")
            .server(&[0, 0x5b, 0, 0, 0, 0, 0, 0])
            .end();
        assert_eq!(seen.creds(), ["user bob - failure"]);
        assert_eq!(seen.ops(), ["socks connect refused x1"]);
    }

    #[test]
    fn is_never_sure_alone() {
        let off = Dialogue::tcp(&SPEC, 9999);
        assert_eq!(off.identify(true, &[5, 1, 0]), Verdict::Weak(Role::Client));
        assert_eq!(off.identify(false, &[5, 0]), Verdict::Weak(Role::Server));
        for other in [&b"\x05\x00\x0b\x03\x10\0\0\0"[..], b"\x05d\x12\xc0", b"\x04\0\0\0", b"GET /", &[5, 2, 9, 200]] {
            assert_ne!(off.identify(true, other), Verdict::Strong(Role::Client));
        }
        assert_eq!(off.identify(true, b"\x05\x00\x0b\x03\x10\0\0\0"), Verdict::No);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, at in 0usize..40, byte: u8, cut in 1usize..20) {
            let mut a = b"\x05\x01\x02\x01\x03amy\x06s3cret\x05\x01\0\x03\x0bexample.org\0\x50".to_vec();
            let mut b = vec![5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
            for v in [&mut a, &mut b] {
                if let Some(x) = v.get_mut(at) { *x = byte; }
            }
            let d = Dialogue::tcp(&SPEC, 1080);
            let _ = (d.identify(true, &data), d.identify(false, &data));
            d.client_split(&a, cut).server_split(&b, cut).server(&data).client(&data).end();
            Dialogue::tcp(&SPEC, 1080).client(&data).server(&data).gap(true, 3).client(&data).end();
        }
    }
}

//! SSH: banners, key exchange offers and the host key, up to the point where encryption begins.
//!
//! Source: RFC 4253 (transport), RFC 4419 (group exchange), RFC 5656 (elliptic curves).

mod kex;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::{Side, Transport, Val};
use crate::probe::{Hint, Probe, Role, Spec, Step, Verdict};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kex::{Agreed, Offer};
use sha2::{Digest, Sha256};

pub static SPEC: Spec = Spec {
    name: "ssh",
    title: "Secure Shell",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[22, 830, 2222, 8022],
    ethertypes: &[],
    rank: 20,
    identify,
    open: || Box::<Ssh>::default(),
    pdus: false,
    facts: &["banner", "os", "ssh_host_key"],
    credentials: &[],
    operations: &[],
    source: "RFC 4253, RFC 4419, RFC 5656",
    level: 5,
    proofs: &["ndpi/pcap/ssh.pcap"],
};

/// Longest identification string (RFC 4253 section 4.2), with some room.
const MAX_LINE: usize = 512;
/// Lines a server may say before it.
const MAX_LINES: u8 = 64;
/// Longest packet taken: RFC 4253 section 6.1 asks for 35,000, implementations stop at 256 KiB.
const MAX_PACKET: usize = 60_000;
/// Pieces of encrypted payload of one direction after which the flow is left.
const MAX_SEALED: u16 = 24;

const MSG_DISCONNECT: u8 = 1;
const MSG_KEXINIT: u8 = 20;
const MSG_NEWKEYS: u8 = 21;

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    const MARK: &[u8] = b"SSH-";
    let head = data.get(..data.len().min(MARK.len())).unwrap_or_default();
    if MARK.starts_with(head) {
        return match data.get(4..) {
            Some([b'1' | b'2', b'.', b'0'..=b'9', ..]) => Verdict::Strong(Role::Unknown),
            Some([]) | Some([b'1' | b'2']) | Some([b'1' | b'2', b'.']) | None => Verdict::Need,
            Some(_) => Verdict::No,
        };
    }
    // other lines may go before the server's own (RFC 4253 section 4.2)
    for at in memchr::memmem::find_iter(data, b"\nSSH-") {
        let told = data.get(at + 5..at + 8);
        if matches!(told, Some([b'1' | b'2', b'.', b'0'..=b'9']))
            && data.get(..at).unwrap_or_default().iter().all(|b| !matches!(b, 0..=8 | 14..=26))
        {
            return Verdict::Strong(Role::Server);
        }
    }
    // a session seen from its key exchange on
    let mut r = Reader::new(data);
    let (Some(length), Some(padding), Some(MSG_KEXINIT)) = (r.be32(), r.u8(), r.u8()) else {
        return if data.len() < 6 && data.starts_with(&[0, 0]) { Verdict::Need } else { Verdict::No };
    };
    let fits = (100..MAX_PACKET as u32).contains(&length) && (4..=255).contains(&padding);
    match r.take(16).and_then(|_| r.be32()).map(|n| (n, r.rest())) {
        Some((n, list)) if fits && n < length && looks_like_kex(list) => Verdict::Strong(Role::Unknown),
        None if fits => Verdict::Need,
        _ => Verdict::No,
    }
}

/// Beginnings of the names of key exchange methods (IANA "Key Exchange Method Names").
fn looks_like_kex(list: &[u8]) -> bool {
    const NAMES: [&[u8]; 10] = [
        b"curve25519",
        b"curve448",
        b"diffie-hellman",
        b"ecdh-sha2",
        b"ecmqv",
        b"ext-info",
        b"kex",
        b"mlkem",
        b"rsa",
        b"sntrup",
    ];
    NAMES.iter().any(|n| list.starts_with(n))
}

/// One direction.
#[derive(Default)]
struct Half {
    /// The identification string, without line end.
    banner: Option<String>,
    lines: u8,
    offer: Option<Box<Offer>>,
    hassh: Option<String>,
    sealed: bool,
    records: u16,
}

#[derive(Default)]
struct Ssh {
    halves: [Half; 2],
    /// Type and SHA-256 of the server's key.
    host_key: Option<(String, String)>,
    /// Version 1, whose packets are others.
    old: bool,
    reported: bool,
}

/// A side that speaks version 1 alone; 1.99 speaks both (RFC 4253 section 5.1).
fn banner_is_old(banner: &str) -> bool {
    banner.starts_with("SSH-1.") && !banner.starts_with("SSH-1.99")
}

fn index(side: Side) -> usize {
    usize::from(side == Side::Server)
}

impl Probe for Ssh {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let side = index(cx.from());
        let Some(half) = self.halves.get_mut(side) else { return Step::Done };
        if half.sealed || (self.old && half.banner.is_some()) {
            half.records = half.records.saturating_add(1);
            return if half.records >= MAX_SEALED { self.done(cx) } else { Step::Used(data.len()) };
        }
        let text = data.starts_with(b"SSH-") || b"SSH-".starts_with(data);
        let binary = data.first_chunk::<2>().is_some_and(|b| *b == [0, 0]);
        if half.banner.is_none() && half.offer.is_none() && (text || !binary) {
            return self.line(cx, data, text);
        }
        self.packet(cx, data)
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.report(cx);
    }
}

impl Ssh {
    /// A line: the identification string, or what a server says before it.
    fn line(&mut self, cx: &mut Cx<'_>, data: &[u8], own: bool) -> Step {
        let window = data.get(..data.len().min(MAX_LINE)).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', window) else {
            return if data.len() >= MAX_LINE { Step::Bad } else { Step::Need };
        };
        let Some(half) = self.halves.get_mut(index(cx.from())) else { return Step::Done };
        if !own {
            half.lines = half.lines.saturating_add(1);
            return if half.lines > MAX_LINES { Step::Bad } else { Step::Used(end + 1) };
        }
        let line = data.get(..end).unwrap_or_default();
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        let banner: String = line.chars().filter(|c| !c.is_control()).collect();
        self.banner(cx, &banner);
        if let Some(half) = self.halves.get_mut(index(cx.from())) {
            half.banner = Some(banner.clone());
        }
        self.old |= banner_is_old(&banner);
        if self.old && self.halves.iter().all(|h| h.banner.is_some()) {
            return self.done(cx);
        }
        Step::Used(end + 1)
    }

    fn banner(&mut self, cx: &mut Cx<'_>, banner: &str) {
        let side = cx.from();
        let field = "software_version";
        cx.fact(side, "banner", banner, field);
        if let Some(os) = system(banner) {
            cx.fact(side, "os", os, field);
        }
        if side == Side::Server {
            let (version, software, _) = parts(banner);
            let (product, release) = product(software);
            cx.service_info("ssh.version", version);
            cx.service_info("product", product);
            if let Some(release) = release {
                cx.service_info("version", release);
            }
        }
    }

    /// A binary packet (RFC 4253 section 6): length, padding length, payload, padding.
    fn packet(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let mut r = Reader::new(data);
        let (Some(length), Some(padding)) = (r.be32(), r.u8()) else { return Step::Need };
        let (length, padding) = (length as usize, usize::from(padding));
        if length > MAX_PACKET || length < padding.saturating_add(2) {
            return Step::Bad;
        }
        let Some(payload) = r.take(length - 1).and_then(|p| p.get(..length - 1 - padding)) else {
            return Step::Need;
        };
        match payload.first() {
            Some(&MSG_KEXINIT) => match Offer::parse(payload) {
                Some(offer) => self.offer(cx, offer),
                None => cx.malformed(),
            },
            Some(&MSG_NEWKEYS) => {
                if let Some(half) = self.halves.get_mut(index(cx.from())) {
                    half.sealed = true;
                }
                if self.halves.iter().all(|h| h.sealed) {
                    return self.done(cx);
                }
            }
            Some(&MSG_DISCONNECT) => return self.done(cx),
            Some(30 | 32 | 34) => self.sent_by(cx, Side::Client),
            Some(31 | 33) => self.reply(cx, payload),
            Some(0) | None => return Step::Bad,
            Some(_) => {}
        }
        Step::Used(length + 4)
    }

    fn sent_by(&mut self, cx: &mut Cx<'_>, side: Side) {
        if cx.from() != side && cx.swap_roles() {
            self.halves.swap(0, 1);
        }
    }

    fn offer(&mut self, cx: &mut Cx<'_>, offer: Offer) {
        if let Some(client) = offer.is_client() {
            self.sent_by(cx, if client { Side::Client } else { Side::Server });
        }
        let side = index(cx.from());
        let hassh = offer.hassh(side);
        match cx.from() {
            Side::Client => cx.fact(Side::Client, "hassh", &hassh, "kexinit"),
            Side::Server => cx.service_info("ssh.hasshserver", hassh.as_str()),
        }
        if let Some(half) = self.halves.get_mut(side) {
            (half.hassh, half.offer) = (Some(hassh), Some(Box::new(offer)));
        }
    }

    /// The server's half of the key exchange: it carries the host key.
    fn reply(&mut self, cx: &mut Cx<'_>, payload: &[u8]) {
        self.sent_by(cx, Side::Server);
        let Some((kind, blob)) = kex::host_key(payload) else { return };
        let print = format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)));
        cx.fact(Side::Server, "ssh_host_key", &print, "K_S");
        cx.service_info("ssh.host_key_type", kind);
        cx.service_info("ssh.host_key", print.as_str());
        self.host_key = Some((kind.to_owned(), print));
    }

    fn done(&mut self, cx: &mut Cx<'_>) -> Step {
        self.report(cx);
        Step::Done
    }

    fn report(&mut self, cx: &mut Cx<'_>) {
        let known = self.halves.iter().any(|h| h.banner.is_some() || h.offer.is_some());
        if self.reported || !known {
            return;
        }
        self.reported = true;
        let [client, server] = &self.halves;
        let agreed = match (&client.offer, &server.offer) {
            (Some(c), Some(s)) => Agreed::of(c, s),
            _ => Agreed::default(),
        };
        if let Some(cipher) = &agreed.cipher {
            cx.service_info("ssh.cipher", cipher.as_str());
        }
        if let Some(kex) = &agreed.kex {
            cx.service_info("ssh.kex", kex.as_str());
        }
        if !cx.wants_events() {
            return;
        }
        let sealed = client.sealed && server.sealed;
        let mut f: Vec<(&'static str, Val)> = Vec::with_capacity(16);
        f.push(("event.outcome", Val::Static(if sealed { "success" } else { "unknown" })));
        let version = server.banner.as_deref().or(client.banner.as_deref()).map(|b| parts(b).0);
        let (key_type, key) = self.host_key.as_ref().map(|(t, k)| (t.as_str(), k.as_str())).unzip();
        for (name, value) in [
            ("ssh.version", version),
            ("ssh.client.software", client.banner.as_deref().map(|b| parts(b).1)),
            ("ssh.server.software", server.banner.as_deref().map(|b| parts(b).1)),
            ("ssh.server.comments", server.banner.as_deref().map(|b| parts(b).2)),
            ("ssh.client.hassh", client.hassh.as_deref()),
            ("ssh.server.hassh", server.hassh.as_deref()),
            ("ssh.kex", agreed.kex.as_deref()),
            ("ssh.host_key_algorithm", agreed.host_key.as_deref()),
            ("ssh.cipher", agreed.cipher.as_deref()),
            ("ssh.mac", agreed.mac.as_deref()),
            ("ssh.compression", agreed.compression.as_deref()),
            ("ssh.host_key_type", key_type),
            ("ssh.host_key", key),
        ] {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                f.push((name, value.into()));
            }
        }
        cx.transaction("ssh_handshake", "connection", f);
    }
}

/// Protocol version, software version and comments of `SSH-2.0-OpenSSH_8.2p1 Ubuntu-4`.
fn parts(banner: &str) -> (&str, &str, &str) {
    let rest = banner.strip_prefix("SSH-").unwrap_or(banner);
    let (version, rest) = rest.split_once('-').unwrap_or((rest, ""));
    let (software, comments) = rest.split_once(' ').unwrap_or((rest, ""));
    (version, software, comments.trim())
}

/// Name and release of a software version: they meet where `-` or `_` goes before a digit.
fn product(software: &str) -> (&str, Option<&str>) {
    let bytes = software.as_bytes();
    let meet = bytes.windows(2).position(|w| matches!(w, [b'-' | b'_', b'0'..=b'9']));
    match meet.and_then(|at| Some((software.get(..at)?, software.get(at + 1..)?))) {
        Some((name, release)) if !name.is_empty() => (name, Some(release)),
        _ => (software, None),
    }
}

/// Operating system that a banner names.
fn system(banner: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 12] = [
        ("Ubuntu", "Ubuntu Linux"),
        ("Raspbian", "Raspbian Linux"),
        ("Debian", "Debian Linux"),
        ("FreeBSD", "FreeBSD"),
        ("NetBSD", "NetBSD"),
        ("for_Windows", "Windows"),
        ("WeOnlyDo", "Windows"),
        ("ROSSSH", "RouterOS"),
        ("Cisco-1.25", "Cisco IOS"),
        ("Sun_SSH", "Solaris"),
        ("IPSSH", "VxWorks"),
        ("NetScreen", "ScreenOS"),
    ];
    NAMES.iter().find(|(mark, _)| banner.contains(mark)).map(|(_, os)| *os)
}

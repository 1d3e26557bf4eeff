//! TLS, from SSL 2.0 to 1.3, and TLCP: what the handshake shows before encryption begins.
//!
//! Sources: RFC 8446, RFC 5246, RFC 6066, RFC 7301; RFC 6101 (SSL 3.0); GB/T 38636-2020 (TLCP).
//! Nothing is decrypted. Certificates are seen up to TLS 1.2; from 1.3 on they are encrypted.

pub(super) mod cert;
pub(crate) mod fingerprint;
pub(crate) mod hello;
mod identify;
mod names;
pub(crate) mod remote;
pub(super) mod report;
mod sslv2;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::{Side, Transport, Val};
use crate::probe::{Probe, Spec, Step};
use cert::Certificate;
use hello::{ClientHello, ServerHello, ext};
pub(crate) use report::shown;

pub static SPEC: Spec = Spec {
    name: "tls",
    title: "TLS / SSL",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[
        443, 465, 563, 636, 802, 853, 989, 990, 992, 993, 994, 995, 2221, 4433, 4840, 4843, 5061, 5671, 5986,
        6514, 8443, 8883, 9443, 10443, 19998,
    ],
    ethertypes: &[],
    rank: 20,
    identify: identify::identify,
    open: || Box::<Tls>::default(),
    pdus: false,
    facts: &[
        "ja4",
        "hostname",
        "serial",
        "certificate_subject",
        "certificate_issuer",
        "certificate_name",
        "certificate_organization",
    ],
    credentials: &[],
    operations: &[],
    source: "RFC 8446, RFC 5246, RFC 6101, draft-hickman-netscape-ssl-00, GB/T 38636-2020",
    level: 5,
    proofs: &["zeek/tls"],
};

type Fields = Vec<(&'static str, Val)>;

/// Handshake bytes of one direction held until a message is complete.
const MAX_HELD: usize = 48 * 1024;
/// A handshake message longer than this is none (certificate chains reach some 100 KiB).
const MAX_MESSAGE: usize = 1 << 20;
/// Encrypted records of one direction after which a flow is left although the other is silent.
const MAX_SEALED: u16 = 24;

mod content {
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    pub const ALERT: u8 = 21;
    pub const HANDSHAKE: u8 = 22;
    pub const APPLICATION_DATA: u8 = 23;
    pub const HEARTBEAT: u8 = 24;
}

/// Content type, version and length of a record header, if it can be one.
fn header(data: &[u8]) -> Option<(u8, u16, usize)> {
    let mut r = Reader::new(data);
    let (kind, version, length) = (r.u8()?, r.be16()?, usize::from(r.be16()?));
    let fits = (20..=24).contains(&kind)
        && (matches!(version, 0x0300..=0x0304) || version == names::TLCP)
        // 2^14 and what compression and encryption may add (RFC 5246 section 6.2.3)
        && (length > 0 || kind == content::APPLICATION_DATA)
        && length <= (1 << 14) + 2048;
    fits.then_some((kind, version, length))
}

/// True if `data`, too short for a header, could begin one.
fn header_begins(data: &[u8]) -> bool {
    data.first().is_none_or(|k| (20..=24).contains(k)) && data.get(1).is_none_or(|v| matches!(v, 1 | 3))
}

/// One direction.
#[derive(Default)]
struct Half {
    /// Beginning of a handshake message.
    held: Vec<u8>,
    /// Bytes of an overlong message still to be passed over.
    skip: usize,
    /// What follows is encrypted.
    sealed: bool,
    /// Encrypted records seen.
    records: u16,
}

/// What the client's hello said.
#[derive(Default)]
struct Asked {
    ja3: Option<String>,
    ja4: String,
    server_name: Option<String>,
    protocols: Vec<String>,
    session_id: Vec<u8>,
    version: u16,
    ech: bool,
}

/// What the server's hello said.
#[derive(Default)]
struct Chosen {
    version: u16,
    cipher: String,
    ja3s: Option<String>,
    protocol: Option<String>,
    curve: Option<String>,
    resumed: bool,
}

#[derive(Default)]
struct Tls {
    halves: [Half; 2],
    asked: Option<Box<Asked>>,
    chosen: Option<Box<Chosen>>,
    certificates: [Option<Box<Certificate>>; 2],
    /// Number of certificates in the chains.
    chain: [usize; 2],
    /// The server asked for another ClientHello; until its real hello nothing is encrypted.
    retry: bool,
    /// The session is SSL 2.0.
    old: bool,
    alert: Option<(u8, u8)>,
    reported: bool,
}

/// A cipher suite by its standard name.
pub(crate) fn cipher_name(code: u16) -> String {
    names::cipher(code).into_owned()
}

fn index(side: Side) -> usize {
    usize::from(side == Side::Server)
}

impl Probe for Tls {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if self.old {
            return self.old_session(cx, data);
        }
        let Some(head) = data.first_chunk::<5>() else {
            let old = sslv2::hello(data) == sslv2::Head::Need;
            return if header_begins(data) || old { Step::Need } else { Step::Bad };
        };
        let Some((kind, version, length)) = header(head) else {
            return match sslv2::hello(data) {
                sslv2::Head::Length(length) => self.old_hello(cx, data, length),
                sslv2::Head::Need => Step::Need,
                sslv2::Head::No => Step::Bad,
            };
        };
        let end = length + head.len();
        let side = index(cx.from());
        let sealed = self.halves.get(side).is_some_and(|h| h.sealed);
        if sealed || kind == content::APPLICATION_DATA {
            if self.sealed(cx) {
                return Step::Done;
            }
            let missing = end.saturating_sub(data.len());
            return if missing > 0 { Step::Skip(missing as u64) } else { Step::Used(end) };
        }
        let Some(body) = data.get(head.len()..end) else { return Step::Need };
        match kind {
            content::HANDSHAKE => self.handshake(cx, body),
            // before a second ClientHello it means nothing (RFC 8446 appendix D.4)
            content::CHANGE_CIPHER_SPEC if !self.retry && self.sealed(cx) => return Step::Done,
            content::ALERT => {
                if let [level, description] = body {
                    self.alert = Some((*level, *description));
                }
            }
            content::HEARTBEAT => heartbeat(cx, version, body),
            _ => {}
        }
        Step::Used(end)
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        if let Some(half) = self.halves.get_mut(index(from)) {
            half.held = Vec::new();
            half.skip = 0;
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.report(cx);
    }
}

impl Tls {
    /// Makes sure that `side` is who sent this; what was learnt of the directions goes along.
    fn sent_by(&mut self, cx: &mut Cx<'_>, side: Side) {
        if cx.from() != side && cx.swap_roles() {
            self.halves.swap(0, 1);
            self.certificates.swap(0, 1);
            self.chain.swap(0, 1);
        }
    }

    /// Notes an encrypted record. True when nothing more can be learnt.
    fn sealed(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(half) = self.halves.get_mut(index(cx.from())) else { return false };
        half.sealed = true;
        half.held = Vec::new();
        half.records = half.records.saturating_add(1);
        let long = half.records >= MAX_SEALED;
        let done = long || self.halves.iter().all(|h| h.sealed);
        if done {
            self.report(cx);
        }
        done
    }

    /// Takes the content of one handshake record, which may hold parts of messages.
    fn handshake(&mut self, cx: &mut Cx<'_>, fragment: &[u8]) {
        let side = cx.from();
        let Some(half) = self.halves.get_mut(index(side)) else { return };
        let passed = half.skip.min(fragment.len());
        half.skip -= passed;
        let fragment = fragment.get(passed..).unwrap_or_default();
        if half.held.is_empty() {
            let used = self.messages(cx, fragment);
            let rest = fragment.get(used..).unwrap_or_default();
            if let Some(half) = self.halves.get_mut(index(cx.from())) {
                half.held.extend_from_slice(rest);
            }
        } else {
            let mut held = std::mem::take(&mut half.held);
            held.extend_from_slice(fragment);
            let used = self.messages(cx, &held).min(held.len());
            held.drain(..used);
            if let Some(half) = self.halves.get_mut(index(cx.from())) {
                half.held = held;
            }
        }
    }

    /// Reads the complete messages in `data`; says how many bytes are done with.
    fn messages(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> usize {
        let mut r = Reader::new(data);
        loop {
            let at = r.position();
            let (Some(kind), Some(length)) = (r.u8(), r.be24()) else { return at };
            let length = length as usize;
            if length > MAX_MESSAGE {
                cx.malformed();
                return data.len();
            }
            if let Some(body) = r.take(length) {
                self.message(cx, kind, body);
            } else if r.left() > MAX_HELD {
                // too long to wait for: the first certificate of the chain is surely here
                let (body, left) = (r.rest(), r.left());
                self.message(cx, kind, body);
                if let Some(half) = self.halves.get_mut(index(cx.from())) {
                    half.skip = length.saturating_sub(left);
                }
                cx.dropped("tls_message_too_long");
                return data.len();
            } else {
                return at;
            }
        }
    }

    fn message(&mut self, cx: &mut Cx<'_>, kind: u8, body: &[u8]) {
        match kind {
            1 => match ClientHello::parse(body) {
                Some(hello) => self.client_hello(cx, &hello),
                None => cx.malformed(),
            },
            2 => match ServerHello::parse(body) {
                Some(hello) => self.server_hello(cx, &hello),
                None => cx.malformed(),
            },
            11 => self.certificate(cx, body),
            // ServerKeyExchange with a named curve (RFC 8422 section 5.4)
            12 => {
                let mut r = Reader::new(body);
                if let (Some(3), Some(group), Some(chosen)) = (r.u8(), r.be16(), &mut self.chosen)
                    && chosen.cipher.contains("ECDH")
                {
                    chosen.curve = Some(names::group(group).into_owned());
                }
            }
            _ => {}
        }
    }

    fn client_hello(&mut self, cx: &mut Cx<'_>, hello: &ClientHello<'_>) {
        self.sent_by(cx, Side::Client);
        if self.asked.is_some() {
            // the answer to a retry, or a renegotiation: the first is the client's own choice
            return;
        }
        let ja4 = fingerprint::ja4(hello);
        cx.fact(Side::Client, "ja4", &ja4, "client_hello");
        if let Some(name) = hello.server_name() {
            remote::named(cx, &shown(name));
        }
        self.asked = Some(Box::new(Asked {
            ja3: cx.wants_events().then(|| fingerprint::md5_hex(&fingerprint::ja3_text(hello))),
            ja4,
            server_name: hello.server_name().map(report::shown).filter(|s| !s.is_empty()),
            protocols: hello.extensions.alpn().take(16).map(report::shown).collect(),
            session_id: hello.session_id.to_vec(),
            version: hello.best_version(),
            ech: hello.extensions.has(ext::ECH) || hello.extensions.has(ext::ESNI),
        }));
    }

    fn server_hello(&mut self, cx: &mut Cx<'_>, hello: &ServerHello<'_>) {
        self.sent_by(cx, Side::Server);
        self.retry = hello.retry;
        if hello.retry || self.chosen.is_some() {
            return;
        }
        let version = hello.chosen_version();
        let same_id = |a: &Asked| !hello.session_id.is_empty() && a.session_id == hello.session_id;
        let resumed = if names::is_13(version) {
            hello.extensions.has(ext::PRE_SHARED_KEY)
        } else {
            self.asked.as_deref().is_some_and(same_id)
        };
        self.chosen = Some(Box::new(Chosen {
            version,
            cipher: names::cipher(hello.cipher).into_owned(),
            ja3s: Some(fingerprint::md5_hex(&fingerprint::ja3s_text(hello))),
            protocol: hello.extensions.alpn().next().map(report::shown),
            curve: hello.group().map(|g| names::group(g).into_owned()),
            resumed,
        }));
        self.serves(cx);
    }

    /// A certificate chain; the first is the sender's own.
    fn certificate(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let mut r = Reader::new(body);
        let Some(_) = r.be24() else { return cx.malformed() };
        let first = r.be24().and_then(|n| r.take(n as usize));
        let Some(der) = first else {
            // an empty list is the answer of a client that has none
            if !r.is_empty() {
                cx.malformed();
            }
            return;
        };
        let mut chain = 1;
        let two = self.chosen.as_ref().is_some_and(|c| c.version == names::TLCP);
        while let Some(n) = r.be24() {
            let Some(next) = r.take(n as usize) else { break };
            if two && chain == 1 {
                report::exchange_certificate(cx, &Certificate::read(next));
            }
            chain += 1;
        }
        self.holds(cx, der, chain);
    }

    fn holds(&mut self, cx: &mut Cx<'_>, der: &[u8], chain: usize) {
        let side = index(cx.from());
        let certificate = Certificate::read(der);
        if !certificate.readable {
            cx.malformed();
        }
        report::certificate(cx, &certificate);
        if let (Some(slot), Some(n)) = (self.certificates.get_mut(side), self.chain.get_mut(side)) {
            *slot = Some(Box::new(certificate));
            *n = chain;
        }
    }

    /// A record with an SSL 2.0 hello.
    fn old_hello(&mut self, cx: &mut Cx<'_>, data: &[u8], length: usize) -> Step {
        let end = sslv2::HEADER + length;
        let Some(content) = data.get(sslv2::HEADER..end) else { return Step::Need };
        match sslv2::parse(content) {
            Some(sslv2::Message::ClientHello { version, .. }) => {
                self.sent_by(cx, Side::Client);
                if self.asked.is_none() {
                    self.asked = Some(Box::new(Asked { version, ..Asked::default() }));
                }
            }
            Some(sslv2::Message::ServerHello { version, certificate, ciphers }) => {
                self.sent_by(cx, Side::Server);
                self.old = true;
                let cipher = Reader::new(ciphers).be24().and_then(sslv2::cipher).unwrap_or_default();
                self.chosen =
                    Some(Box::new(Chosen { version, cipher: cipher.to_owned(), ..Chosen::default() }));
                self.serves(cx);
                if !certificate.is_empty() {
                    self.holds(cx, certificate, 1);
                }
            }
            _ => return Step::Bad,
        }
        Step::Used(end)
    }

    /// After an SSL 2.0 ServerHello: the client's next message picks the cipher, the rest is encrypted.
    fn old_session(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if cx.from() == Side::Server {
            return Step::Used(data.len());
        }
        // a header of two bytes, or of three with padding; type and cipher behind it
        let start = if data.first().is_some_and(|b| b & 0x80 != 0) { 2 } else { 3 };
        let Some(content) = data.get(start..start + 4) else { return Step::Need };
        if let (Some(sslv2::Message::MasterKey { cipher }), Some(chosen)) =
            (sslv2::parse(content), &mut self.chosen)
            && let Some(name) = sslv2::cipher(cipher)
        {
            chosen.cipher = name.to_owned();
            for half in &mut self.halves {
                half.sealed = true;
            }
        }
        self.report(cx);
        Step::Done
    }
}

/// A heartbeat that asks for more bytes than it carries (RFC 6520 section 4; CVE-2014-0160).
fn heartbeat(cx: &mut Cx<'_>, version: u16, body: &[u8]) {
    let mut r = Reader::new(body);
    let (Some(kind), Some(claimed)) = (r.u8(), r.be16()) else { return };
    if cx.wants_events() && usize::from(claimed) + 3 > body.len() {
        let (protocol, version) = names::version(version);
        let fields: Fields = vec![
            ("tls.version_protocol", protocol.into()),
            ("tls.version", version.into_owned().into()),
            ("tls.heartbeat.length", claimed.into()),
            ("tls.heartbeat.response", (kind == 2).into()),
        ];
        cx.event("heartbeat_overread", "error", fields);
    }
}

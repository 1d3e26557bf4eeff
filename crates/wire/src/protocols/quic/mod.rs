//! QUIC: the client's hello out of Initial packets, whose keys are no secret.
//!
//! Versions 1 and 2, the drafts from 22 on, Google's own ones as far as their salts are public. What
//! the hello says is told as of TLS over TCP; behind the handshake nothing can be read.

mod google;
mod keys;
mod packet;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;
use crate::probe::*;
use crate::protocols::tls::{self, fingerprint, hello};
use keys::Keys;
use packet::{Crypto, Kind, Long};

pub static SPEC: Spec = Spec {
    name: "quic",
    title: "QUIC",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[443, 80, 853],
    ethertypes: &[],
    rank: 80,
    identify,
    open: || Box::<Quic>::default(),
    pdus: false,
    facts: &["ja4", "user_agent"],
    credentials: &[],
    operations: &[],
    source: "RFC 8999, 9000, 9001, 9369; drafts 22 to 34 of them; QUIC Crypto (Google); JA4 (FoxIO, BSD-3)",
    level: 5,
    proofs: &["ndpi/pcap/quic-v2.pcapng", "ndpi/pcap/quic-28.pcap", "zeek/quic", "ja4/pcap/quic-with-several-tls-frames.pcapng"],
};

/// Datagrams of a flow that are opened before it is left: the hellos come in the first ones.
const MAX_OPENED: u32 = 24;

fn is_google(version: u32) -> bool {
    matches!(version.to_be_bytes(), [b'Q', b'0', a, b] if a.is_ascii_digit() && b.is_ascii_digit())
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(&first) = data.first() else { return Verdict::No };
    if data.len() < 20 {
        return Verdict::No;
    }
    if first & 0x80 != 0 {
        let Some(long) = Long::parse(data) else {
            // the long header of Q046 has its ids' lengths in one octet
            let old = google::version(data).filter(|v| *v <= 0x5130_3439);
            return if old.is_some() && google::find(data).is_some() { Verdict::Strong(Role::Client) } else { Verdict::No };
        };
        return match long.kind {
            Kind::Negotiation => {
                let list = data.get(7 + long.to.len() + long.from.len()..).unwrap_or_default();
                let known = list.len() % 4 == 0 && list.chunks_exact(4).any(|v| keys::readable(u32::from_be_bytes([v[0], v[1], v[2], v[3]])));
                if known { Verdict::Strong(Role::Server) } else { Verdict::No }
            }
            Kind::Retry if keys::readable(long.version) && data.len() > 23 => Verdict::Strong(Role::Server),
            Kind::Initial if keys::readable(long.version) && long.end - long.number >= 20 => Verdict::Strong(Role::Unknown),
            Kind::ZeroRtt | Kind::Handshake if keys::readable(long.version) && long.end - long.number >= 20 => Verdict::Strong(Role::Unknown),
            _ => Verdict::No,
        };
    }
    match google::version(data) {
        Some(_) if google::find(data).is_some() => Verdict::Strong(Role::Client),
        Some(_) if hint.dst_port == 443 => Verdict::Weak(Role::Client),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Quic {
    version: u32,
    /// Id that the keys are made from, with those keys: of the client's and the server's packets.
    id: Vec<u8>,
    keys: [Option<Box<Keys>>; 2],
    crypto: [Crypto; 2],
    opened: u32,
    told: [bool; 2],
    fields: Vec<(&'static str, FieldVal)>,
    /// The hello, until the server's comes or the flow ends.
    reported: bool,
}

impl Probe for Quic {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if self.told == [true; 2] || self.opened >= MAX_OPENED {
            return Ok(());
        }
        self.opened += 1;
        let Some(first) = data.first() else { return Err(Malformed) };
        if let Some(version) = google::version(data).filter(|v| *v < 0x5130_3530) {
            if let Some(found) = google::find(data) {
                cx.sender_is(Side::Client);
                self.version = version;
                self.google(cx, &found);
            }
            return Ok(());
        }
        if first & 0x80 == 0 {
            return Ok(());
        }
        let mut rest = data;
        // packets of several kinds may share a datagram
        for _ in 0..8 {
            let Some(long) = Long::parse(rest) else { break };
            match long.kind {
                Kind::Initial => self.initial(cx, &long, rest.get(..long.end).unwrap_or_default()),
                Kind::Negotiation => {
                    cx.sender_is(Side::Server);
                    break;
                }
                Kind::Retry => {
                    cx.sender_is(Side::Server);
                    // the client starts again with the id it is given
                    self.keys = [None, None];
                    break;
                }
                Kind::ZeroRtt | Kind::Handshake => {}
            }
            rest = rest.get(long.end..).unwrap_or_default();
            if rest.first().is_none_or(|b| b & 0x80 == 0) {
                break;
            }
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.report(cx);
    }
}

impl Quic {
    fn initial(&mut self, cx: &mut Cx<'_>, long: &Long<'_>, packet: &[u8]) {
        if !keys::readable(long.version) {
            return;
        }
        let open = |keys: &Option<Box<Keys>>| keys.as_ref().and_then(|k| k.open(packet, long.number));
        // by the keys of the connection, whoever sends; else it may be a client's first
        let [client, server] = &self.keys;
        let opened = if let Some(plain) = open(client) {
            Some((Side::Client, plain))
        } else if let Some(plain) = open(server) {
            Some((Side::Server, plain))
        } else {
            let keys = Keys::new(long.version, long.to, true).map(Box::new);
            let plain = open(&keys);
            if plain.is_some() {
                self.version = long.version;
                self.id = long.to.to_vec();
                self.crypto = Default::default();
                self.keys = [keys, Keys::new(long.version, long.to, false).map(Box::new)];
            }
            plain.map(|p| (Side::Client, p))
        };
        let Some((side, plain)) = opened else { return };
        cx.sender_is(side);
        let google = is_google(self.version);
        let [client, server] = &mut self.crypto;
        let crypto = if side == Side::Client { client } else { server };
        crypto.frames(&plain, google);
        let stream = crypto.whole().to_vec();
        self.message(cx, side, &stream);
    }

    fn message(&mut self, cx: &mut Cx<'_>, side: Side, stream: &[u8]) {
        let dir = usize::from(side == Side::Server);
        if self.told.get(dir) != Some(&false) {
            return;
        }
        if stream.starts_with(b"CHLO") {
            if let Some(found) = google::parse(stream) {
                self.google(cx, &found);
            }
            return;
        }
        let [kind, a, b, c, ..] = *stream else { return };
        let size = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        let Some(body) = stream.get(4..4 + size) else { return };
        match (side, kind) {
            (Side::Client, 1) => {
                if let Some(found) = hello::ClientHello::parse(body) {
                    self.asks(cx, &found);
                }
            }
            (Side::Server, 2) => {
                if let Some(found) = hello::ServerHello::parse(body).filter(|h| !h.retry) {
                    self.serves(cx, &found);
                }
            }
            _ => {}
        }
    }

    fn asks(&mut self, cx: &mut Cx<'_>, h: &hello::ClientHello<'_>) {
        self.told[0] = true;
        let ja4 = fingerprint::ja4_over('q', h);
        cx.fact(Side::Client, "ja4", &ja4, "client_hello");
        if let Some(name) = h.server_name().map(tls::shown).filter(|s| !s.is_empty()) {
            tls::remote::named(cx, &name);
            self.fields.push(("tls.client.server_name", name.into()));
        }
        if cx.wants_events() {
            self.fields.push(("tls.client.ja3", fingerprint::md5_hex(&fingerprint::ja3_text(h)).into()));
            self.fields.push(("tls.client.ja4", ja4.into()));
            let protocols: Vec<Val> = h.extensions.alpn().take(16).map(|p| Val::from(tls::shown(p))).collect();
            if !protocols.is_empty() {
                self.fields.push(("tls.client.supported_protocols", protocols.into()));
            }
        }
    }

    fn serves(&mut self, cx: &mut Cx<'_>, h: &hello::ServerHello<'_>) {
        self.told[1] = true;
        let cipher = tls::cipher_name(h.cipher);
        let ja3s = fingerprint::md5_hex(&fingerprint::ja3s_text(h));
        cx.service_info("tls.cipher", cipher.as_str());
        cx.service_info("tls.ja3s", ja3s.as_str());
        cx.service_info("version", version_name(self.version));
        self.fields.push(("tls.cipher", cipher.into()));
        self.fields.push(("tls.server.ja3s", ja3s.into()));
        self.report(cx);
    }

    fn google(&mut self, cx: &mut Cx<'_>, found: &google::Hello) {
        if std::mem::replace(&mut self.told[0], true) {
            return;
        }
        if let Some(agent) = &found.agent {
            cx.fact(Side::Client, "user_agent", agent, "CHLO.UAID");
        }
        if let Some(name) = &found.server_name {
            self.fields.push(("tls.client.server_name", name.as_str().into()));
        }
        self.report(cx);
    }

    /// The event of the handshake, once.
    fn report(&mut self, cx: &mut Cx<'_>) {
        if self.reported || !self.told.contains(&true) {
            return;
        }
        self.reported = true;
        let mut fields = std::mem::take(&mut self.fields);
        fields.push(("quic.version", version_name(self.version).into()));
        cx.transaction("quic_handshake", "connection", fields);
    }
}

/// How people write a version.
fn version_name(version: u32) -> String {
    match version {
        1 => "1".to_owned(),
        0x6b33_43cf => "2".to_owned(),
        0xff00_0000..=0xff00_00ff => format!("draft-{}", version & 0xff),
        0xface_b000..=0xface_b0ff => format!("mvfst-{:x}", version & 0xff),
        v if v.to_be_bytes().iter().all(u8::is_ascii_alphanumeric) => String::from_utf8_lossy(&v.to_be_bytes()).into_owned(),
        v => format!("0x{v:08x}"),
    }
}

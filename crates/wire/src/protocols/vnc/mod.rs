//! VNC's Remote Framebuffer protocol (RFC 6143): versions, kinds of security, challenges, the desktop.
//!
//! Only the handshake is read: with the server's initialisation everything is known. A challenge and
//! its response are given in John the Ripper's form, hashcat has no mode for them.

#[cfg(test)]
mod tests;

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "vnc",
    title: "Virtual Network Computing (RFB)",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[5900, 5901, 5902, 5903, 5800],
    ethertypes: &[],
    rank: 77,
    identify,
    open: || Box::<Vnc>::default(),
    pdus: false,
    facts: &["name", "rfb_version"],
    credentials: &["hash", "user"],
    operations: &["connect"],
    source: "RFC 6143; rfbproto (community specification) for further kinds of security; John the Ripper's format vnc",
    level: 5,
    proofs: &["suricata-verify/rfb-parser", "suricata-verify/rfb-failure", "zeek/rfb"],
};

/// Longest text of a failure or name of a desktop that is read.
const MAX_TEXT: usize = 2048;

fn version(line: &[u8]) -> Option<(u16, u16)> {
    let [b'R', b'F', b'B', b' ', a, b, c, b'.', d, e, f, b'\n'] = line else { return None };
    let number = |digits: [u8; 3]| {
        digits.iter().try_fold(0u16, |n, b| b.is_ascii_digit().then(|| n * 10 + u16::from(b - b'0')))
    };
    Some((number([*a, *b, *c])?, number([*d, *e, *f])?))
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let begin = data.get(..data.len().min(4)).unwrap_or_default();
    if !b"RFB ".starts_with(begin) {
        return Verdict::No;
    }
    let Some(line) = data.get(..12) else { return Verdict::Need };
    match version(line) {
        Some((3..=5, _)) => Verdict::Strong(if SPEC.ports.contains(&hint.dst_port) {
            Role::Client
        } else if SPEC.ports.contains(&hint.src_port) {
            Role::Server
        } else {
            Role::Unknown
        }),
        _ => Verdict::No,
    }
}

/// Kinds of security (RFC 6143 7.1.2 and its registry).
fn security(kind: u32) -> &'static str {
    match kind {
        1 => "none",
        2 => "vnc",
        5 => "ra2",
        6 => "ra2ne",
        16 => "tight",
        17 => "ultra",
        18 => "tls",
        19 => "vencrypt",
        20 => "sasl",
        21 => "md5",
        22 => "xvp",
        30 => "apple-dh",
        33 | 35 | 36 => "apple",
        113 => "mslogon2",
        129 => "ra2-256",
        _ => "unknown",
    }
}

/// Where a direction stands.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
enum Stage {
    #[default]
    Version,
    /// The list of kinds (server), the choice (client).
    Security,
    Challenge,
    Result,
    /// Why it failed.
    Reason,
    Init,
    Over,
}

#[derive(Default)]
struct Vnc {
    server: (u16, u16),
    client: (u16, u16),
    stage: [Stage; 2],
    kinds: Vec<u32>,
    kind: Option<u32>,
    challenge: Option<[u8; 16]>,
    response: Option<([u8; 16], Stamp)>,
    asked: Option<Stamp>,
    shared: Option<bool>,
    result: Option<u32>,
    reason: String,
    told: bool,
    desktop: Vec<(&'static str, Val)>,
}

impl Probe for Vnc {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let from = cx.from();
        if self.stage == [Stage::Over; 2] {
            return Step::Done;
        }
        match from {
            Side::Server => self.of_server(cx, data),
            Side::Client => self.of_client(cx, data),
        }
    }

    fn gap(&mut self, cx: &mut Cx<'_>, _from: Side, _missing: u64) {
        self.tell(cx);
        self.stage = [Stage::Over; 2];
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.tell(cx);
    }
}

impl Vnc {
    fn set(&mut self, side: Side, stage: Stage) {
        if let Some(s) = self.stage.get_mut(usize::from(side == Side::Server)) {
            *s = stage;
        }
    }

    fn of_server(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let mut r = Reader::new(data);
        match self.stage[1] {
            Stage::Version => {
                let Some(line) = data.get(..12) else { return Step::Need };
                let Some(v) = version(line) else { return Step::Bad };
                self.server = v;
                cx.fact(Side::Server, "rfb_version", &format!("{}.{}", v.0, v.1), "ProtocolVersion");
                cx.service_info("version", format!("{}.{}", v.0, v.1));
                self.set(Side::Server, Stage::Security);
                Step::Used(12)
            }
            Stage::Security => self.kinds(cx, data),
            Stage::Challenge => {
                let Some(challenge) = r.take(16) else { return Step::Need };
                self.challenge = challenge.try_into().ok();
                self.set(Side::Server, Stage::Result);
                Step::Used(16)
            }
            Stage::Result => {
                let Some(result) = r.be32() else { return Step::Need };
                self.result = Some(result);
                match result {
                    0 => self.set(Side::Server, Stage::Init),
                    _ if self.version() >= 8 => self.set(Side::Server, Stage::Reason),
                    _ => {
                        self.tell(cx);
                        self.stage = [Stage::Over; 2];
                    }
                }
                Step::Used(4)
            }
            Stage::Reason => {
                let Some(n) = r.be32() else { return Step::Need };
                let n = (n as usize).min(MAX_TEXT);
                let Some(text) = r.take(n) else { return Step::Need };
                self.reason = crate::bytes::text(text);
                self.tell(cx);
                self.stage = [Stage::Over; 2];
                Step::Done
            }
            Stage::Init => self.init(cx, data),
            Stage::Over => Step::Used(data.len()),
        }
    }

    /// The lower of the two versions' second numbers: what is spoken.
    fn version(&self) -> u16 {
        let of = |(major, minor)| if major > 3 { 8 } else { minor };
        if self.client.0 == 0 { of(self.server) } else { of(self.server).min(of(self.client)) }
    }

    fn kinds(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let mut r = Reader::new(data);
        // before 3.7 the server decides alone; 3.5 is spoken as 3.3
        let (kinds, used) = if self.version() < 7 {
            let Some(kind) = r.be32() else { return Step::Need };
            (vec![kind], 4)
        } else {
            let Some(n) = r.u8() else { return Step::Need };
            let Some(kinds) = r.take(n.into()) else { return Step::Need };
            (kinds.iter().map(|k| u32::from(*k)).collect(), usize::from(n) + 1)
        };
        let names: Vec<Val> = kinds.iter().map(|k| Val::Static(security(*k))).collect();
        if kinds.is_empty() || kinds == [0] {
            self.result = Some(1);
            self.set(Side::Server, Stage::Reason);
            return Step::Used(used);
        }
        cx.service_info("security", names);
        self.kinds = kinds;
        if self.version() < 7 {
            self.chosen(self.kinds.first().copied().unwrap_or(0));
        }
        // the client's choice decides what comes next: it is set there
        if self.stage[1] == Stage::Security && self.kind.is_none() {
            self.set(Side::Server, Stage::Challenge);
        }
        Step::Used(used)
    }

    fn chosen(&mut self, kind: u32) {
        self.kind = Some(kind);
        match kind {
            1 if self.version() >= 8 => {
                self.set(Side::Server, Stage::Result);
                self.set(Side::Client, Stage::Init);
            }
            1 => {
                self.result = Some(0);
                self.stage = [Stage::Init; 2];
            }
            2 => {
                if self.stage[1] == Stage::Security {
                    self.set(Side::Server, Stage::Challenge);
                }
                self.set(Side::Client, Stage::Challenge);
            }
            // what follows is encrypted, or another's own
            _ => self.stage = [Stage::Over; 2],
        }
    }

    fn of_client(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let mut r = Reader::new(data);
        match self.stage[0] {
            Stage::Version => {
                let Some(line) = data.get(..12) else { return Step::Need };
                let Some(v) = version(line) else { return Step::Bad };
                self.client = v;
                self.asked = Some(cx.at());
                self.set(Side::Client, if self.version() < 7 { Stage::Challenge } else { Stage::Security });
                Step::Used(12)
            }
            Stage::Security => {
                let Some(kind) = r.u8() else { return Step::Need };
                self.chosen(kind.into());
                if self.stage == [Stage::Over; 2] {
                    self.tell(cx);
                    return Step::Done;
                }
                Step::Used(1)
            }
            Stage::Challenge if self.kind == Some(1) => {
                self.set(Side::Client, Stage::Init);
                self.of_client(cx, data)
            }
            Stage::Challenge => {
                let Some(response) = r.take(16) else { return Step::Need };
                self.response = response.try_into().ok().map(|r| (r, cx.at()));
                self.set(Side::Client, Stage::Init);
                Step::Used(16)
            }
            Stage::Init => {
                let Some(shared) = r.u8() else { return Step::Need };
                if shared <= 1 {
                    self.shared = Some(shared == 1);
                }
                self.set(Side::Client, Stage::Over);
                Step::Used(1)
            }
            _ => Step::Used(data.len()),
        }
    }

    /// ServerInit: size, pixels and name of the desktop.
    fn init(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let mut r = Reader::new(data);
        let (Some(width), Some(height), Some(pixel), Some(n)) = (r.be16(), r.be16(), r.take(16), r.be32()) else {
            return Step::Need;
        };
        let n = n as usize;
        if n > MAX_TEXT {
            self.tell(cx);
            return Step::Done;
        }
        let Some(name) = r.take(n) else { return Step::Need };
        let name = crate::bytes::text(name);
        if !name.is_empty() {
            cx.fact(Side::Server, "name", &name, "ServerInit.name");
            self.desktop.push(("vnc.desktop.name", Val::from(name)));
        }
        self.desktop.push(("vnc.desktop.width", width.into()));
        self.desktop.push(("vnc.desktop.height", height.into()));
        if let [bits, depth, ..] = pixel {
            self.desktop.push(("vnc.desktop.bits_per_pixel", Val::from(*bits)));
            self.desktop.push(("vnc.desktop.depth", Val::from(*depth)));
        }
        self.tell(cx);
        Step::Done
    }

    /// Tells the connection, and the log-in in it, once.
    fn tell(&mut self, cx: &mut Cx<'_>) {
        if std::mem::replace(&mut self.told, true) || self.server == (0, 0) && self.client == (0, 0) {
            return;
        }
        let (login, outcome) = match self.result {
            Some(0) => (LoginOutcome::Success, Outcome::Accepted),
            Some(_) => (LoginOutcome::Failure, Outcome::Refused),
            None => (LoginOutcome::Unknown, Outcome::Unknown),
        };
        if let (Some(challenge), Some((response, sent))) = (self.challenge, self.response) {
            let line = format!("$vnc$*{}*{}", hex(&challenge).to_uppercase(), hex(&response).to_uppercase());
            cx.credential(Cred::new(CredKind::Hash).secret(&line).outcome(login).sent(sent));
        } else if self.kind == Some(1) && login == LoginOutcome::Success {
            cx.service_info("no_authentication", true);
        }
        if self.client == (0, 0) {
            return;
        }
        let mut fields: Vec<(&'static str, Val)> = vec![
            ("vnc.server_version", Val::from(format!("{:03}.{:03}", self.server.0, self.server.1))),
            ("vnc.client_version", Val::from(format!("{:03}.{:03}", self.client.0, self.client.1))),
        ];
        if let Some(kind) = self.kind {
            fields.push(("vnc.security", Val::Static(security(kind))));
            fields.push(("vnc.security_type", kind.into()));
        }
        if let Some(challenge) = &self.challenge {
            fields.push(("vnc.challenge", Val::from(hex(challenge))));
        }
        if let Some(shared) = self.shared {
            fields.push(("vnc.shared", shared.into()));
        }
        fields.append(&mut self.desktop);
        let mut op = Op::new(Action::Authenticate, "connect").outcome(outcome).fields(fields);
        op.asked = self.asked;
        if outcome == Outcome::Refused {
            op = op.exception(i64::from(self.result.unwrap_or(1)), &self.reason);
        }
        cx.op(op);
    }
}

//! Remote Desktop Protocol, up to where it is encrypted.
//!
//! The connection request names a user in its cookie and the kinds of security the client takes,
//! the confirm the one chosen: for TLS and CredSSP the flow goes on as TLS. With the standard
//! security of old the conference data of both sides follow readable, and where a server encrypts
//! nothing the client's log-in too.
//! Sources: MS-RDPBCGR, section 2.2.1; RFC 1006; ITU-T X.224, T.125.

mod gcc;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Probe, Role, Spec, Step, Verdict};

/// TCP port of RDP.
const PORT: u16 = 3389;
const TPKT: usize = 4;
const REQUEST: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;
/// Types of what stands at the end of request and confirm (2.2.1.1.1, 2.2.1.2.1, 2.2.1.2.2).
const NEGOTIATION_REQUEST: u8 = 1;
const NEGOTIATION_RESPONSE: u8 = 2;
const NEGOTIATION_FAILURE: u8 = 3;
/// PDUs without encryption looked at before the flow is left.
const MAX_PDUS: u32 = 64;
/// Security flags of the client's info PDU (2.2.8.1.1.2.1, 2.2.1.11.1.1).
const SEC_ENCRYPT: u16 = 0x0008;
const SEC_INFO: u16 = 0x0040;
const INFO_UNICODE: u32 = 0x10;

pub static SPEC: Spec = Spec {
    name: "rdp",
    title: "Remote Desktop Protocol",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[PORT],
    ethertypes: &[],
    rank: 65,
    identify,
    open: || Box::<Rdp>::default(),
    pdus: false,
    facts: &["hostname", "rdp_client_build", "rdp_version", "keyboard_layout"],
    credentials: &["user", "password"],
    operations: &["connect"],
    source: "MS-RDPBCGR; RFC 1006; ITU-T X.224, T.125",
    level: 4,
    proofs: &["ndpi/pcap/rdp.pcap"],
};

/// A TPDU in its TPKT: code, what follows the fixed part, size of the whole.
struct Tpdu<'a> {
    code: u8,
    rest: &'a [u8],
    size: usize,
}

enum Found<'a> {
    Tpdu(Tpdu<'a>),
    Short,
    No,
}

fn read(data: &[u8]) -> Found<'_> {
    let mismatch = |at: usize, value: u8| data.get(at).is_some_and(|&b| b != value);
    if mismatch(0, 3) || mismatch(1, 0) {
        return Found::No;
    }
    let &[_, _, a, b, ..] = data else { return Found::Short };
    let size = usize::from(u16::from_be_bytes([a, b]));
    if size < TPKT + 3 {
        return Found::No;
    }
    if let &[_, _, _, _, li, code, ..] = data {
        let fits = match code & 0xf0 {
            REQUEST | CONFIRM => usize::from(li) + TPKT + 1 == size && li >= 6,
            DATA => li == 2,
            0x80 => true,
            _ => false,
        };
        if !fits {
            return Found::No;
        }
    }
    let Some(body) = data.get(TPKT..size) else { return Found::Short };
    let mut r = Reader::new(body);
    let tpdu = (|| {
        let li = r.u8()?;
        let code = r.u8()? & 0xf0;
        // references and class, or the number of a data TPDU
        r.skip(if code == DATA { 1 } else { 5.min(usize::from(li).saturating_sub(1)) })?;
        Some(Tpdu { code, rest: r.rest(), size })
    })();
    tpdu.map_or(Found::No, Found::Tpdu)
}

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    match read(data) {
        Found::No => Verdict::No,
        Found::Short if data.len() < 2048 => Verdict::Need,
        Found::Short => Verdict::No,
        Found::Tpdu(tpdu) => {
            let negotiates = |kind: &[u8]| {
                let tail = tpdu.rest.last_chunk::<8>();
                tail.is_some_and(|t| kind.contains(&t[0]) && t[2..4] == [8, 0])
            };
            match tpdu.code {
                REQUEST if tpdu.rest.is_empty() => Verdict::Weak(Role::Client),
                REQUEST if tpdu.rest.starts_with(b"Cookie: mst") => Verdict::Strong(Role::Client),
                REQUEST if tpdu.rest.len() == 8 && negotiates(&[NEGOTIATION_REQUEST]) => {
                    Verdict::Strong(Role::Client)
                }
                CONFIRM if tpdu.rest.is_empty() => Verdict::Weak(Role::Server),
                CONFIRM
                    if tpdu.rest.len() == 8 && negotiates(&[NEGOTIATION_RESPONSE, NEGOTIATION_FAILURE]) =>
                {
                    Verdict::Strong(Role::Server)
                }
                // Connect-Initial and Connect-Response of T.125 with the keys of T.124
                DATA if tpdu.rest.starts_with(&[0x7f, 0x65]) && has(tpdu.rest, b"Duca") => {
                    Verdict::Strong(Role::Client)
                }
                DATA if tpdu.rest.starts_with(&[0x7f, 0x66]) && has(tpdu.rest, b"McDn") => {
                    Verdict::Strong(Role::Server)
                }
                _ => Verdict::No,
            }
        }
    }
}

fn has(data: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(data, word).is_some()
}

/// One connection.
#[derive(Default)]
struct Rdp {
    asked: Option<Asked>,
    /// Kinds of security asked for with the connection, and answered.
    answered: bool,
    pdus: u32,
}

/// A connection request.
struct Asked {
    cookie: Option<String>,
    protocols: Option<u32>,
    at: Stamp,
}

/// Kinds of security (2.2.1.1.1): the words of a set of bits.
fn protocols(bits: u32) -> Vec<Val> {
    const NAMES: [(u32, &str); 5] =
        [(1, "tls"), (2, "credssp"), (4, "rdstls"), (8, "credssp-early"), (16, "rdsaad")];
    let mut out: Vec<Val> = NAMES.iter().filter(|(b, _)| bits & b != 0).map(|(_, n)| Val::Static(n)).collect();
    if out.is_empty() {
        out.push(Val::Static("standard"));
    }
    out
}

fn selected(code: u32) -> &'static str {
    match code {
        0 => "standard",
        1 => "tls",
        2 => "credssp",
        4 => "rdstls",
        8 => "credssp-early",
        16 => "rdsaad",
        _ => "unknown",
    }
}

/// Why a negotiation failed (2.2.1.2.2).
fn failure(code: u32) -> &'static str {
    match code {
        1 => "ssl_required_by_server",
        2 => "ssl_not_allowed_by_server",
        3 => "ssl_cert_not_on_server",
        4 => "inconsistent_flags",
        5 => "hybrid_required_by_server",
        6 => "ssl_with_user_auth_required_by_server",
        _ => "unknown",
    }
}

impl Probe for Rdp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.first().is_some_and(|b| *b != 3) {
            // fast-path output: the session runs (2.2.9)
            return if self.answered || self.pdus > 0 { Step::Done } else { Step::Bad };
        }
        let tpdu = match read(data) {
            Found::Tpdu(tpdu) => tpdu,
            Found::Short => return Step::Need,
            Found::No => return Step::Bad,
        };
        let size = tpdu.size;
        match tpdu.code {
            REQUEST => {
                cx.sender_is(Side::Client);
                self.request(cx, tpdu.rest);
            }
            CONFIRM => {
                cx.sender_is(Side::Server);
                if self.confirm(cx, tpdu.rest) {
                    return Step::Become { name: "tls", used: size };
                }
            }
            DATA => {
                self.pdus += 1;
                if self.pdus > MAX_PDUS {
                    return Step::Done;
                }
                self.data(cx, tpdu.rest);
            }
            _ => {}
        }
        Step::Used(size)
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(asked) = self.asked.take() {
            report(cx, &asked, Outcome::Unknown, None, Vec::new());
        }
    }
}

impl Rdp {
    fn request(&mut self, cx: &mut Cx<'_>, rest: &[u8]) {
        let mut cookie = None;
        let mut tail = rest;
        if let Some(at) = memchr::memmem::find(rest, b"\r\n") {
            let line = rest.get(..at).unwrap_or_default();
            tail = rest.get(at + 2..).unwrap_or_default();
            let value = line.strip_prefix(b"Cookie: mstshash=").or_else(|| line.strip_prefix(b"Cookie: "));
            let text = |v: &[u8]| -> String {
                let text = String::from_utf8_lossy(v);
                text.chars().filter(|c| !c.is_control()).take(256).collect::<String>().trim().to_owned()
            };
            cookie = value.map(text).filter(|c| !c.is_empty());
            if let (Some(user), true) = (&cookie, line.starts_with(b"Cookie: mstshash=")) {
                cx.credential(Cred::new(CredKind::User).username(user));
            }
        }
        let mut r = Reader::new(tail);
        let protocols = (|| {
            let (kind, _, size, bits) = (r.u8()?, r.u8()?, r.le16()?, r.le32()?);
            (kind == NEGOTIATION_REQUEST && size == 8).then_some(bits)
        })();
        if let Some(old) = self.asked.replace(Asked { cookie, protocols, at: cx.at() }) {
            report(cx, &old, Outcome::Unknown, None, Vec::new());
        }
    }

    /// The server's choice; true if TLS comes next.
    fn confirm(&mut self, cx: &mut Cx<'_>, rest: &[u8]) -> bool {
        self.answered = true;
        let mut r = Reader::new(rest);
        let answer = (|| {
            let (kind, _, size, code) = (r.u8()?, r.u8()?, r.le16()?, r.le32()?);
            (size == 8).then_some((kind, code))
        })();
        let (outcome, refusal, chosen) = match answer {
            Some((NEGOTIATION_FAILURE, code)) => (Outcome::Refused, Some(code), None),
            Some((NEGOTIATION_RESPONSE, code)) => (Outcome::Accepted, None, Some(code)),
            // a server of before there was a choice
            _ => (Outcome::Accepted, None, Some(0)),
        };
        let mut fields = Vec::new();
        if let Some(code) = chosen {
            cx.service_info("security", selected(code));
            fields.push(("rdp.selected_protocol", Val::Static(selected(code))));
        }
        if let Some(asked) = self.asked.take() {
            report(cx, &asked, outcome, refusal, fields);
        }
        chosen.is_some_and(|code| code != 0)
    }

    fn data(&mut self, cx: &mut Cx<'_>, rest: &[u8]) {
        if rest.starts_with(&[0x7f, 0x65]) {
            cx.sender_is(Side::Client);
            match gcc::client(rest) {
                Some(client) => client_data(cx, &client),
                None => cx.malformed(),
            }
        } else if rest.starts_with(&[0x7f, 0x66]) {
            cx.sender_is(Side::Server);
            match gcc::server(rest) {
                Some(server) => server_data(cx, &server),
                None => cx.malformed(),
            }
        } else if rest.first() == Some(&0x64) {
            info(cx, rest);
        }
    }
}

/// Reports the connection asked for.
fn report(
    cx: &mut Cx<'_>,
    asked: &Asked,
    outcome: Outcome,
    refusal: Option<u32>,
    fields: Vec<(&'static str, Val)>,
) {
    let mut op = Op::new(Action::Authenticate, "connect").outcome(outcome).asked(asked.at).fields(fields);
    if let Some(code) = refusal {
        op = op.exception(code, failure(code));
    }
    if let Some(cookie) = &asked.cookie {
        op = op.detail("cookie", cookie.as_str());
        op.fields.push(("rdp.cookie", Val::from(cookie.as_str())));
    }
    let asked = protocols(asked.protocols.unwrap_or(0));
    op.fields.push(("rdp.requested_protocols", Val::from(asked)));
    cx.op(op);
}

fn client_data(cx: &mut Cx<'_>, client: &gcc::Client) {
    if !client.name.is_empty() {
        cx.fact(Side::Client, "hostname", &client.name, "CS_CORE.clientName");
    }
    cx.fact(Side::Client, "rdp_client_build", &client.build.to_string(), "CS_CORE.clientBuild");
    let keyboard = format!("0x{:08x}", client.keyboard);
    cx.fact(Side::Client, "keyboard_layout", &keyboard, "CS_CORE.keyboardLayout");
    if !cx.wants_events() {
        return;
    }
    let mut f = vec![
        ("rdp.client.build", Val::from(client.build)),
        ("rdp.keyboard_layout", Val::from(keyboard)),
        ("rdp.desktop.width", Val::from(client.width)),
        ("rdp.desktop.height", Val::from(client.height)),
    ];
    if !client.name.is_empty() {
        f.push(("rdp.client.name", Val::from(client.name.as_str())));
    }
    if !client.product_id.is_empty() {
        f.push(("rdp.client.product_id", Val::from(client.product_id.as_str())));
    }
    if let Some(version) = gcc::version(client.version) {
        f.push(("rdp.client.version", Val::Static(version)));
    }
    if !client.channels.is_empty() {
        f.push(("rdp.channels", Val::from(client.channels.clone())));
    }
    cx.event("client_data", "info", f);
}

fn server_data(cx: &mut Cx<'_>, server: &gcc::Server) {
    if let Some(version) = gcc::version(server.version) {
        cx.fact(Side::Server, "rdp_version", version, "SC_CORE.version");
    }
    cx.service_info("encryption_method", gcc::method(server.method));
    cx.service_info("encryption_level", gcc::level(server.level));
    if cx.wants_events() {
        let f = vec![
            ("rdp.encryption.method", Val::Static(gcc::method(server.method))),
            ("rdp.encryption.level", Val::Static(gcc::level(server.level))),
        ];
        cx.event("server_data", "info", f);
    }
}

/// The client's log-in, where nothing is encrypted (2.2.1.11).
fn info(cx: &mut Cx<'_>, rest: &[u8]) -> Option<()> {
    let mut r = Reader::new(rest);
    // SendDataRequest: initiator, channel, priority, a length of one or two bytes
    r.skip(6)?;
    if r.u8()? & 0x80 != 0 {
        r.skip(1)?;
    }
    let (flags, _) = (r.le16()?, r.le16()?);
    if flags & SEC_INFO == 0 || flags & SEC_ENCRYPT != 0 {
        return None;
    }
    r.skip(4)?;
    let flags = r.le32()?;
    let sizes = [r.le16()?, r.le16()?, r.le16()?, r.le16()?, r.le16()?];
    let mut texts = [String::new(), String::new(), String::new()];
    let end = if flags & INFO_UNICODE != 0 { 2 } else { 1 };
    for (text, size) in texts.iter_mut().zip(sizes) {
        let bytes = r.take(size.into())?;
        r.skip(end)?;
        *text = if end == 2 { gcc::utf16(bytes) } else { crate::bytes::text(bytes) };
    }
    let [domain, user, password] = texts;
    let mut cred = if password.is_empty() {
        Cred::new(CredKind::User)
    } else {
        Cred::new(CredKind::Password).secret(&password).cleartext()
    };
    if user.is_empty() && password.is_empty() {
        return None;
    }
    cred = cred.username(&user);
    if !domain.is_empty() {
        cred = cred.detail("domain", domain.as_str());
    }
    cx.credential(cred);
    Some(())
}

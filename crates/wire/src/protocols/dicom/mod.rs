//! DICOM: images and worklists between modalities, archives and workstations (PS3.7, PS3.8).
//!
//! Second reader: Wireshark. Only association and command sets are read; data sets, which are about
//! patients, are passed over.

mod association;
mod command;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "dicom",
    title: "DICOM",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[104, 11112, 4242],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::<Dicom>::default(),
    pdus: false,
    facts: &["id:dicom-ae", "vendor", "product", "implementation", "role"],
    credentials: &["password", "user", "token"],
    operations: command::OPERATIONS,
    source: "DICOM PS3.7, PS3.8 (2024); Wireshark as second reader",
    level: 5,
    proofs: &[],
};

/// Moving a study takes minutes; its pending answers keep it open.
const TIMEOUT: Micros = 600_000_000;
const HEADER: usize = 6;
/// Longest associate PDU that is believed: 128 presentation contexts.
const MAX_ASSOCIATE: u32 = 0xC000;
/// Longest fragment of a command that is read.
const MAX_COMMAND: usize = 0x2000;
/// Kind and octets of the contents of a PDU.
fn header(data: &[u8]) -> Option<(u8, u32)> {
    let (&[kind, reserved, a, b, c, d], _) = data.split_first_chunk::<HEADER>()?;
    let length = u32::from_be_bytes([a, b, c, d]);
    let fits = match kind {
        1 | 2 => (68..=MAX_ASSOCIATE).contains(&length),
        3 | 5..=7 => length == 4,
        4 => length >= 6,
        _ => false,
    };
    (fits && reserved == 0).then_some((kind, length))
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    if !matches!(data, [] | [1 | 2 | 4] | [1 | 2 | 4, 0, ..]) {
        return Verdict::No;
    }
    if data.len() < HEADER {
        return Verdict::Need;
    }
    match header(data) {
        Some((kind @ (1 | 2), length)) => {
            // protocol version 1, reserved, titles in printable characters
            let Some(body) = data.get(HEADER..HEADER + 36) else { return Verdict::Need };
            let titles = body.get(4..).unwrap_or_default();
            let sound = body.starts_with(&[0, 1, 0, 0]) && titles.iter().all(|b| matches!(b, 0x20..=0x7E));
            // the application context stands first
            let item = data.get(HEADER + 68);
            match (sound, item) {
                (false, _) => Verdict::No,
                (true, None) if length > 68 => Verdict::Need,
                (true, Some(0x10)) => Verdict::Strong(if kind == 1 { Role::Client } else { Role::Server }),
                _ => Verdict::No,
            }
        }
        Some((4, length)) => {
            // one value, a command that begins with its group length
            let Some(body) = data.get(HEADER..HEADER + 14) else { return Verdict::Need };
            let value = u32::from_be_bytes([body[0], body[1], body[2], body[3]]);
            let begins = body.get(6..14) == Some(&[0, 0, 0, 0, 4, 0, 0, 0]);
            let fits = value + 4 <= length && body[4] & 1 == 1 && matches!(body[5], 1 | 3);
            if fits && begins { Verdict::Strong(Role::Unknown) } else { Verdict::No }
        }
        _ => Verdict::No,
    }
}

/// A user who waits to be let in.
struct Login {
    identity: association::Identity,
    sent: Stamp,
}

/// State of one flow.
#[derive(Default)]
struct Dicom {
    open: Requests<u16>,
    /// Octets that are left of the P-DATA PDU being read, of each side.
    left: [u64; 2],
    /// Fragments of the command being read.
    command: [Vec<u8>; 2],
    login: Option<Login>,
    stored: bool,
}

impl Probe for Dicom {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let side = cx.from() as usize;
        let left = self.left.get(side).copied().unwrap_or_default();
        if left > 0 {
            return self.value(cx, side, left, data);
        }
        if data.len() < HEADER {
            return Step::Need;
        }
        let Some((kind, length)) = header(data) else { return Step::Bad };
        if kind == 4 {
            if let Some(left) = self.left.get_mut(side) {
                *left = u64::from(length);
            }
            return Step::Used(HEADER);
        }
        let total = HEADER + length as usize;
        let Some(body) = data.get(HEADER..total) else { return Step::Need };
        self.open.hear(cx);
        match kind {
            1 => self.request(cx, body),
            2 | 3 => self.answer(cx, kind == 2, body),
            // released or aborted: what is open stays unanswered
            7 => self.log_in(cx, LoginOutcome::Unknown),
            _ => {}
        }
        Step::Used(total)
    }

    fn gap(&mut self, _: &mut Cx<'_>, from: Side, _: u64) {
        if let (Some(left), Some(command)) = (self.left.get_mut(from as usize), self.command.get_mut(from as usize)) {
            *left = 0;
            command.clear();
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.log_in(cx, LoginOutcome::Unknown);
        self.open.end(cx);
    }
}

/// Key of the association itself among message numbers.
const ASSOCIATION: u16 = 0;

impl Dicom {
    /// One presentation data value of a P-DATA PDU.
    fn value(&mut self, cx: &mut Cx<'_>, side: usize, left: u64, data: &[u8]) -> Step {
        let Some(&[a, b, c, d, _context, control]) = data.first_chunk::<6>() else { return Step::Need };
        let length = u32::from_be_bytes([a, b, c, d]);
        let total = 4 + u64::from(length);
        if length < 2 || total > left || control > 3 {
            if let Some(left) = self.left.get_mut(side) {
                *left = 0;
            }
            return Step::Bad;
        }
        let used = if control & 1 == 1 && total <= MAX_COMMAND as u64 {
            let Some(body) = data.get(6..total as usize) else { return Step::Need };
            self.fragment(cx, side, body, control & 2 != 0);
            total
        } else {
            total
        };
        if let Some(left) = self.left.get_mut(side) {
            *left -= used;
        }
        match used.checked_sub(data.len() as u64) {
            Some(more) if more > 0 => Step::Skip(more),
            _ => Step::Used(used as usize),
        }
    }

    fn fragment(&mut self, cx: &mut Cx<'_>, side: usize, body: &[u8], last: bool) {
        let Some(kept) = self.command.get_mut(side) else { return };
        if kept.len() + body.len() > MAX_COMMAND {
            kept.clear();
            return cx.dropped("dicom_commands");
        }
        kept.extend_from_slice(body);
        if last {
            let whole = std::mem::take(kept);
            match command::Command::read(&whole) {
                Some(command) => self.command(cx, &command),
                None => cx.malformed(),
            }
        }
    }

    fn command(&mut self, cx: &mut Cx<'_>, c: &command::Command) {
        self.open.hear(cx);
        if c.field & 0x8000 != 0 {
            let Some(status) = c.status else { return };
            // pending: more answers follow
            if matches!(status, 0xFF00 | 0xFF01) {
                return;
            }
            let accepted = status == 0 || matches!(status >> 12, 0xB) || matches!(status, 1 | 0x0107 | 0x0116);
            let outcome = if accepted { Outcome::Accepted } else { Outcome::Refused };
            let why = (i64::from(status), command::status_name(status));
            if let Some(number) = c.answers {
                self.open.answer(cx, &number, outcome, (!accepted).then_some(why));
            }
            return;
        }
        let Some((name, action)) = command::operation(c.field) else { return };
        let mut asked = Asked::new(cx, action, name).code(c.field);
        if let Some(class) = &c.class {
            asked = asked.target(class.as_str());
        }
        if let Some(to) = &c.destination {
            asked = asked.detail("destination", to.as_str());
        }
        if name == "c_store" && !self.stored {
            self.stored = true;
            let (from, to) = (cx.from(), cx.from().other());
            cx.fact(from, "role", "medical-device", "C-STORE-RQ");
            cx.fact(to, "role", "server", "C-STORE-RQ");
        }
        self.open.ask(cx, c.number.unwrap_or(u16::MAX), asked);
    }

    fn request(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        cx.sender_is(Side::Client);
        let Some(a) = association::Association::read(body) else { return cx.malformed() };
        cx.fact(Side::Client, "id:dicom-ae", &a.calling, "calling AE title");
        cx.fact(Side::Server, "id:dicom-ae", &a.called, "called AE title");
        association::implementation(cx, Side::Client, &a);
        let action = if a.identity.is_some() { Action::Authenticate } else { Action::Other };
        let asked = Asked::new(cx, action, "associate").target(a.called.as_str());
        self.open.ask(cx, ASSOCIATION, asked);
        self.login = a.identity.map(|identity| Login { identity, sent: cx.at() });
    }

    fn answer(&mut self, cx: &mut Cx<'_>, accepted: bool, body: &[u8]) {
        cx.sender_is(Side::Server);
        if accepted {
            match association::Association::read(body) {
                Some(a) => association::implementation(cx, Side::Server, &a),
                None => return cx.malformed(),
            }
            self.open.answer(cx, &ASSOCIATION, Outcome::Accepted, None);
            self.log_in(cx, LoginOutcome::Success);
        } else {
            let (source, reason) = (body.get(2).copied().unwrap_or_default(), body.get(3).copied().unwrap_or_default());
            let name = association::reason_name(source, reason);
            self.open.answer(cx, &ASSOCIATION, Outcome::Refused, Some((i64::from(reason), name)));
            self.log_in(cx, LoginOutcome::Failure);
        }
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(Login { identity, sent }) = self.login.take() else { return };
        let kind = match (identity.kind, &identity.secret) {
            (1, _) | (2, None) => CredKind::User,
            (2, _) => CredKind::Password,
            _ => CredKind::Token,
        };
        let mut cred = Cred::new(kind).sent(sent).outcome(outcome);
        cred.username = identity.name.as_deref();
        cred.secret = identity.secret.as_deref();
        cred.cleartext = kind == CredKind::Password;
        cx.credential(cred);
    }
}

//! Dahua DVRIP: the older protocol on TCP 37777, a head of 32 octets and a body; newer devices put JSON into it.
//!
//! Head: command 1, 3 more, length 4 (low byte first), and by command. A0 asks (01 for realm and random, 05 to
//! log in with `user&&` and two hashes, 00 with two short hashes in the head), B0 answers, F6 carries JSON,
//! BC media. No document of the maker is public; the layout is that of open clients (mcw0's console, by bashis).

#[cfg(test)]
mod tests;

use super::dhip::rpc::{self, Login, Rpc};
use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "dvrip",
    title: "Dahua DVRIP",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[37777],
    ethertypes: &[],
    rank: 44,
    identify,
    open: || Box::<Dvrip>::default(),
    pdus: false,
    facts: rpc::FACTS,
    credentials: &["hash"],
    operations: rpc::OPERATIONS,
    source: "open clients (mcw0 Dahua console); no published document",
    level: 5,
    proofs: &[],
};

const HEAD: usize = 32;
/// Longest body that is read; more (media) is passed over.
const MAX_BODY: usize = 32 * 1024;
const LOGIN: u8 = 0xa0;
const ANSWER: u8 = 0xb0;
const JSON: u8 = 0xf6;
/// What the head of every log-in request ends with, and that of its answers at octet 24.
const REQUEST_TAIL: [u8; 2] = [0xa1, 0xaa];
const ANSWER_TAIL: [u8; 4] = [0x06, 0x00, 0xf9, 0x00];

fn head(data: &[u8]) -> Option<(&[u8; HEAD], usize)> {
    let head = data.first_chunk::<HEAD>()?;
    let mut r = Reader::new(head);
    r.skip(4)?;
    Some((head, r.le32()? as usize))
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    let Some(first) = data.first() else { return Verdict::Need };
    if !matches!(*first, LOGIN | ANSWER | JSON) {
        return Verdict::No;
    }
    let Some((head, length)) = head(data) else { return Verdict::Need };
    let request = head.ends_with(&REQUEST_TAIL) && head[24..26] == [5, 2];
    match *first {
        LOGIN if request && length < 1024 => Verdict::Strong(Role::Client),
        ANSWER if head[24..28] == ANSWER_TAIL && length < 65536 => Verdict::Strong(Role::Server),
        JSON if length < 1 << 20 && head[4..8] == head[16..20] && head[1..4] == [0; 3] => match data.get(HEAD) {
            Some(b'{') => Verdict::Strong(Role::Unknown),
            Some(_) => Verdict::No,
            None => Verdict::Need,
        },
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Dvrip {
    rpc: Rpc,
    /// A log-in that waits for its answer.
    login: Option<(Option<Login>, Stamp)>,
}

impl Dvrip {
    fn asks(&mut self, cx: &mut Cx<'_>, head: &[u8; HEAD], body: &[u8]) {
        cx.sender_is(Side::Client);
        let text = String::from_utf8_lossy(body);
        let login = if let Some((user, hashes)) = text.split_once("&&") {
            // the newer hash, then one of the older kind
            self.rpc.login(user, hashes.get(..32).unwrap_or_default())
        } else if body.is_empty() && head[1] == 0 && head[8..24] != [0; 16] {
            // user and password, each enciphered to 8 octets under a key that all devices have
            Some(Login { user: hex(&head[8..16]), line: hex(&head[16..24]) })
        } else {
            return;
        };
        if let Some((old, sent)) = self.login.replace((login, cx.at())) {
            tell(cx, old.as_ref(), sent, Outcome::Unknown, None);
        }
    }

    fn answers(&mut self, cx: &mut Cx<'_>, head: &[u8; HEAD], body: &[u8]) {
        cx.sender_is(Side::Server);
        let text = String::from_utf8_lossy(body);
        if let Some(realm) = text.strip_prefix("Realm:") {
            let (realm, rest) = realm.split_once("\r\n").unwrap_or((realm, ""));
            self.rpc.realm = realm.trim().to_owned();
            let random = rest.strip_prefix("Random:").unwrap_or_default();
            self.rpc.random = random.lines().next().unwrap_or_default().trim().to_owned();
            return;
        }
        let Some((login, sent)) = self.login.take() else { return };
        let error = match (head[8], head[9]) {
            (0, _) => None,
            (1, 0) => Some("wrong_password"),
            (1, 1) => Some("unknown_user"),
            (1, 4) => Some("locked"),
            (3, 3) => Some("already_logged_in"),
            _ => Some("refused"),
        };
        let code = i64::from(u16::from_be_bytes([head[8], head[9]]));
        match error {
            None => tell(cx, login.as_ref(), sent, Outcome::Accepted, None),
            Some(name) => tell(cx, login.as_ref(), sent, Outcome::Refused, Some((code, name))),
        }
    }
}

fn tell(cx: &mut Cx<'_>, login: Option<&Login>, sent: Stamp, outcome: Outcome, error: Option<(i64, &str)>) {
    let how = LoginOutcome::from(outcome);
    if let Some(login) = login {
        rpc::tell_login(cx, login, how, sent);
    }
    let mut op = Op::new(Action::Authenticate, "login").outcome(outcome).asked(sent);
    if let Some((code, name)) = error {
        op = op.exception(code, name);
    }
    cx.op(op);
}

impl Probe for Dvrip {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some((head, length)) = head(data) else { return Step::Need };
        // commands and their answers have the upper bit set
        if head[0] & 0x80 == 0 || length >= 1 << 24 {
            return Step::Bad;
        }
        let rest = data.get(HEAD..).unwrap_or_default();
        let wanted = matches!(head[0], LOGIN | ANSWER | JSON) && length <= MAX_BODY;
        if !wanted {
            return match length.checked_sub(rest.len()) {
                None | Some(0) => Step::Used(HEAD + length),
                Some(more) => Step::Skip(more as u64),
            };
        }
        let Some(body) = rest.get(..length) else { return Step::Need };
        match head[0] {
            LOGIN => self.asks(cx, head, body),
            ANSWER => self.answers(cx, head, body),
            _ => self.rpc.text(cx, body),
        }
        Step::Used(HEAD + length)
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.rpc.expire(cx);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some((login, sent)) = self.login.take() {
            tell(cx, login.as_ref(), sent, Outcome::Unknown, None);
        }
        self.rpc.close(cx);
    }
}

//! XMeye (Sofia, NETsurveillance): cameras and recorders with Xiongmai's firmware, TCP 34567 and UDP 34569.
//!
//! Head: FF, 00 request or 01 answer, 00 00, session 4, number 4, parts 1, part 1, message 2, length 4 (low
//! byte first); the body is JSON, or media. The log-in carries the "Sofia hash" of the password, eight
//! characters that hashcat tries as mode 24900. Message numbers: python-dvr and other open clients.

#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::http::device::mac;
use crate::protocols::json;

pub static SPEC: Spec = Spec {
    name: "xmeye",
    title: "XMeye (Sofia) camera protocol",
    industrial: false,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[34567, 34569],
    ethertypes: &[],
    rank: 45,
    identify,
    open: || Box::<Xmeye>::default(),
    pdus: false,
    facts: &["vendor", "role", "model", "serial", "firmware", "hardware", "name"],
    credentials: &["hash"],
    operations: &[
        "login",
        "logout",
        "machine_control",
        "reboot",
        "shutdown",
        "set_time",
        "set_config",
        "restore_defaults",
        "upgrade",
        "add_user",
        "modify_user",
        "delete_user",
        "modify_password",
        "ptz_control",
        "storage_control",
        "clear_log",
        "system_info",
        "search_devices",
    ],
    source: "python-dvr, sofiactl; no published document",
    level: 5,
    proofs: &[],
};

const HEAD: usize = 20;
/// hashcat's mode for the eight characters of the Sofia hash ("Dahua Authentication MD5").
const MODE_SOFIA: u32 = 24900;
/// Longest body that is read; more is passed over.
const MAX_BODY: usize = 32 * 1024;
const TIMEOUT: Micros = 60_000_000;
/// Answers that mean success.
const GOOD: [i64; 3] = [100, 515, 603];

struct Head {
    answer: bool,
    message: u16,
    length: usize,
}

fn head(data: &[u8]) -> Option<Head> {
    let mut r = Reader::new(data.first_chunk::<HEAD>()?);
    let (magic, kind, zero) = (r.u8()?, r.u8()?, r.be16()?);
    r.skip(10)?;
    let (message, length) = (r.le16()?, r.le32()? as usize);
    let good = magic == 0xff && kind <= 1 && zero == 0 && (900..3600).contains(&message) && length < 1 << 22;
    good.then_some(Head { answer: kind == 1, message, length })
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let beginning = [0xff, 0, 0, 0];
    let fits = data.iter().zip(beginning).enumerate().all(|(i, (a, b))| *a == b || i == 1 && *a == 1);
    if !fits {
        return Verdict::No;
    }
    let stream = hint.transport == Transport::Tcp;
    if data.len() < HEAD {
        return if stream { Verdict::Need } else { Verdict::No };
    }
    let Some(h) = head(data) else { return Verdict::No };
    let role = if h.answer { Role::Server } else { Role::Client };
    if !stream && data.len() != HEAD + h.length {
        return Verdict::No;
    }
    match data.get(HEAD) {
        Some(b'{') if h.length > 2 => Verdict::Strong(role),
        None if h.length > 0 => Verdict::Need,
        // the search for devices has no body
        None => Verdict::Weak(role),
        Some(_) => Verdict::Weak(role),
    }
}

struct Asked {
    action: Action,
    name: &'static str,
    target: Option<String>,
    login: Option<(String, String)>,
    stamp: Stamp,
}

#[derive(Default)]
struct Xmeye {
    open: Pending<u16, Asked, 32>,
    answered: bool,
}

/// What a message asks for.
fn order(message: u16, name: &str, body: &[u8]) -> Option<(Action, &'static str)> {
    Some(match message {
        1000 => (Action::Authenticate, "login"),
        1002 => (Action::Authenticate, "logout"),
        1020 if name == "SystemInfo" || name.is_empty() => (Action::Identify, "system_info"),
        1040 => (Action::Configure, "set_config"),
        1400 => (Action::Write, "ptz_control"),
        1450 if name.starts_with("OPTimeSetting") => (Action::SetTime, "set_time"),
        1450 | 1590 => match json::first(body, "Action").as_deref() {
            Some("Reboot") => (Action::Restart, "reboot"),
            Some("Shutdown") => (Action::Stop, "shutdown"),
            _ => (Action::Write, "machine_control"),
        },
        1454 => (Action::FactoryReset, "restore_defaults"),
        1460 => (Action::Clear, "storage_control"),
        1470 => (Action::Clear, "clear_log"),
        1482 => (Action::Configure, "add_user"),
        1484 => (Action::Configure, "modify_user"),
        1486 => (Action::Configure, "delete_user"),
        1488 => (Action::Configure, "modify_password"),
        1520 => (Action::Firmware, "upgrade"),
        1530 => (Action::Discover, "search_devices"),
        _ => return None,
    })
}

const FACTS: &[(&str, &str)] = &[
    ("DeviceModel", "model"),
    ("HardWare", "model"),
    ("SerialNo", "serial"),
    ("SN", "serial"),
    ("SoftWareVersion", "firmware"),
    ("Version", "firmware"),
    ("HardWareVersion", "hardware"),
    ("HostName", "name"),
];

/// The Sofia hash is eight letters and digits.
fn is_hash(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

impl Xmeye {
    fn frame(&mut self, cx: &mut Cx<'_>, h: &Head, body: &[u8]) {
        // even numbers ask, odd ones answer, except that media is claimed by 1413
        let answers = h.answer || h.message % 2 == 1 && h.message != 1413;
        if answers {
            self.answers(cx, h.message, body);
        } else {
            self.asks(cx, h.message, body);
        }
    }

    fn asks(&mut self, cx: &mut Cx<'_>, message: u16, body: &[u8]) {
        cx.sender_is(Side::Client);
        let member = |name: &str| json::first(body, name);
        let name = member("Name").unwrap_or_default();
        let Some((action, does)) = order(message, &name, body) else { return };
        let user = member("UserName").unwrap_or_default();
        let secret = match message {
            1000 | 1488 => member("PassWord").filter(|s| is_hash(s)),
            _ => None,
        };
        let new = member("NewPassWord").filter(|s| message == 1488 && is_hash(s));
        let target = if message == 1000 { None } else { Some(name).filter(|n| !n.is_empty()) };
        let login = secret.map(|s| (user.clone(), s));
        let stamp = cx.at();
        if let Some(new) = new {
            let cred = Cred::new(CredKind::Hash).username(&user).secret(&new).hashcat(MODE_SOFIA, &new);
            cx.credential(cred.detail("scheme", "sofia"));
        }
        if let Some((_, old)) = self.open.push(message, Asked { action, name: does, target, login, stamp }) {
            self.unanswered(cx, &old);
        }
    }

    fn answers(&mut self, cx: &mut Cx<'_>, message: u16, body: &[u8]) {
        cx.sender_is(Side::Server);
        self.answered = true;
        let asked = self.open.take(&message.wrapping_sub(1)).or_else(|| self.open.take(&message));
        if matches!(message, 1021 | 1531) {
            learn(cx, message, body);
        }
        let Some(asked) = asked else { return };
        let code = json::first(body, "Ret").and_then(|r| r.parse::<i64>().ok());
        match code {
            Some(code) if !GOOD.contains(&code) => {
                self.report(cx, &asked, Outcome::Refused, Some((code, reason(code))));
            }
            _ => {
                if message == 1001 {
                    let kind = json::members(body).find(|(_, n, _)| n.trim() == "DeviceType").map(|(_, _, v)| v);
                    if let Some(role) = kind.as_deref().and_then(role) {
                        cx.fact(Side::Server, "role", role, "DeviceType");
                    }
                }
                self.report(cx, &asked, Outcome::Accepted, None);
            }
        }
    }

    fn report(&self, cx: &mut Cx<'_>, asked: &Asked, outcome: Outcome, error: Option<(i64, &str)>) {
        if let Some((user, hash)) = &asked.login {
            let how = LoginOutcome::from(outcome);
            let cred = Cred::new(CredKind::Hash).username(user).secret(hash).hashcat(MODE_SOFIA, hash);
            cx.credential(cred.outcome(how).sent(asked.stamp).detail("scheme", "sofia"));
        }
        let mut op = Op::new(asked.action, asked.name).outcome(outcome).asked(asked.stamp);
        if let Some(target) = &asked.target {
            op = op.target(target);
        }
        if let Some((code, name)) = error {
            op = op.exception(code, name);
        }
        if !matches!(asked.action, Action::Identify | Action::Discover | Action::Authenticate) {
            op = op.notable();
        }
        cx.op(op);
    }

    fn unanswered(&self, cx: &mut Cx<'_>, asked: &Asked) {
        let outcome = if self.answered { Outcome::NoAnswer } else { Outcome::Unknown };
        self.report(cx, asked, outcome, None);
    }
}

fn role(kind: &str) -> Option<&'static str> {
    match kind {
        "IPC" => Some("camera"),
        "DVR" | "NVR" | "HVR" | "XVR" => Some("nvr"),
        _ => None,
    }
}

fn reason(code: i64) -> &'static str {
    match code {
        101 => "unknown_error",
        102 => "unsupported_version",
        103 => "not_permitted",
        104 => "already_logged_in",
        105 => "not_logged_in",
        106 => "wrong_user_or_password",
        107 => "no_permission",
        203 => "wrong_password",
        205 => "unknown_user",
        206 => "locked",
        _ => "refused",
    }
}

fn learn(cx: &mut Cx<'_>, message: u16, body: &[u8]) {
    let field = if message == 1021 { "SystemInfo" } else { "NetWork.NetCommon" };
    let mut model = false;
    for (member, fact) in FACTS {
        let value = json::first(body, member).filter(|v| !v.is_empty() && v != "Unknown");
        let Some(value) = value else { continue };
        // the board's name stands for the model where there is no other
        if *fact == "model" && std::mem::replace(&mut model, true) {
            continue;
        }
        cx.fact(Side::Server, fact, &value, field);
    }
    if message == 1531
        && let (Some(mac), HostAddr::Ip(ip)) = (json::first(body, "MAC").and_then(|m| mac(&m)), cx.end(Side::Server).addr)
    {
        cx.bind(mac, ip, BindKind::Declared);
    }
}

impl Probe for Xmeye {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEAD {
            return Step::Need;
        }
        let Some(h) = head(data) else { return Step::Bad };
        let rest = data.get(HEAD..).unwrap_or_default();
        let media = matches!(h.message, 1412 | 1426 | 1432 | 1522) || h.length > MAX_BODY;
        if media {
            return match h.length.checked_sub(rest.len()) {
                None | Some(0) => Step::Used(HEAD + h.length),
                Some(more) => Step::Skip(more as u64),
            };
        }
        let Some(body) = rest.get(..h.length) else { return Step::Need };
        self.frame(cx, &h, body);
        Step::Used(HEAD + h.length)
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let h = head(data).ok_or(Malformed)?;
        let body = data.get(HEAD..HEAD + h.length).ok_or(Malformed)?;
        self.frame(cx, &h, body);
        Ok(())
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, old)) = self.open.take_if(|_, a| now - a.stamp.time > TIMEOUT) {
            self.unanswered(cx, &old);
        }
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<(u16, Asked)> = self.open.drain().collect();
        for (_, asked) in open {
            self.unanswered(cx, &asked);
        }
    }
}

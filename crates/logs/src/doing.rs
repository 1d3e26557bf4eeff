//! What a line says was done to a device, and who logged in: by the tables, the same words as probes use.

use crate::ends::{as_int, as_text, get};
use crate::forms::outcome;
use crate::tables::{From, Login, Operation, tables};
use sentinel_detect::event::Name;
use sentinel_wire::model::*;

type Fields = [(Name, Val)];

/// A request to a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Doing {
    pub protocol: &'static str,
    pub name: String,
    pub action: Action,
    pub code: Option<i64>,
    pub unit: Option<String>,
    pub address: Option<(i64, i64)>,
    pub space: Option<String>,
    pub target: Option<String>,
    pub value: Option<Val>,
    pub exception: Option<(i64, String)>,
    pub outcome: Outcome,
}

/// Who logged in, or tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub protocol: &'static str,
    pub kind: CredKind,
    pub user: Option<String>,
    pub secret: Option<String>,
    pub outcome: LoginOutcome,
    /// The line is the log-in itself, not something done after it.
    pub itself: bool,
}

fn value<'a>(raw: &'a Fields, from: &From) -> Option<&'a Val> {
    match from {
        From::Fields(names) => names.iter().find_map(|n| get(raw, n).filter(|v| !blank(v))),
        From::Text(_) | From::None => None,
    }
}

fn blank(v: &Val) -> bool {
    match v {
        Val::List(l) => l.is_empty(),
        other => as_text(other).is_some_and(|t| t.is_empty() || t == "-"),
    }
}

fn text(raw: &Fields, from: &From) -> Option<String> {
    if let From::Text(t) = from {
        return Some((*t).to_owned());
    }
    Some(match value(raw, from)? {
        Val::Int(n) => n.to_string(),
        Val::Float(f) => f.to_string(),
        Val::Bool(b) => b.to_string(),
        Val::List(l) => l.first().and_then(as_text)?.to_owned(),
        other => as_text(other)?.to_owned(),
    })
}

/// What a line asks of a device; `None` for answers and for lines that name no function.
pub fn operation(table: &Operation, raw: &Fields) -> Option<Doing> {
    if answers(&table.direction, raw) {
        return None;
    }
    let told = text(raw, &table.function)?;
    let (words, number) = numbered(&told);
    let mut name = snake(words);
    let mut refused = false;
    for tail in ["_request", "_exception"] {
        if let Some(head) = name.strip_suffix(tail) {
            refused |= tail == "_exception";
            name = head.to_owned();
        }
    }
    let known = tables()
        .function(table.protocol, &name)
        .or_else(|| tables().function(table.protocol, &name.replace('_', "")));
    let code = value(raw, &table.code).and_then(as_int).or(number).or(known.and_then(|k| k.code));
    let (name, action) = match known {
        Some(k) => (k.name.to_owned(), k.action),
        None => {
            let action = guess(&name);
            (name, action)
        }
    };
    let exception = value(raw, &table.exception).and_then(exception);
    let answered = get(raw, "matched") == Some(&Val::Bool(true)) || get(raw, "response_values").is_some();
    let outcome = match (&exception, refused) {
        (Some(_), _) | (None, true) => Outcome::Refused,
        _ if answered => Outcome::Accepted,
        _ => Outcome::Unknown,
    };
    let start = value(raw, &table.address).and_then(as_int);
    let count = value(raw, &table.count).and_then(as_int).unwrap_or(1);
    Some(Doing {
        protocol: table.protocol,
        name,
        action,
        code,
        unit: text(raw, &table.unit),
        address: start.map(|s| (s, count)),
        space: text(raw, &table.space),
        target: text(raw, &table.target),
        value: value(raw, &table.value).map(|v| match v {
            Val::List(l) if l.len() == 1 => l.first().cloned().unwrap_or(Val::Int(0)),
            Val::List(l) => {
                let all: Vec<String> = l.iter().take(64).filter_map(plain).collect();
                Val::from(all.join(","))
            }
            other => other.clone(),
        }),
        exception,
        outcome,
    })
}

fn plain(v: &Val) -> Option<String> {
    match v {
        Val::Int(n) => Some(n.to_string()),
        Val::Float(f) => Some(f.to_string()),
        Val::Bool(b) => Some(b.to_string()),
        other => as_text(other).map(str::to_owned),
    }
}

/// True if a line is the answer to a request.
fn answers(direction: &From, raw: &Fields) -> bool {
    let From::Fields(names) = direction else { return false };
    let Some(v) = value(raw, direction) else { return false };
    if names.first() == Some(&"result") {
        return true;
    }
    match v {
        Val::Bool(from_client) => !from_client,
        other => {
            let word = as_text(other).unwrap_or_default().to_ascii_lowercase();
            let of_server = get(raw, "is_orig") == Some(&Val::Bool(false));
            ["resp", "ack", "reply", "error", "reject", "abort", "notification"].iter().any(|w| word.contains(w))
                || (word == "userdata" && of_server)
        }
    }
}

/// Words and the number in brackets behind them: `Run (0x0401)`.
fn numbered(told: &str) -> (&str, Option<i64>) {
    let Some((words, rest)) = told.rsplit_once('(') else { return (told, None) };
    match rest.strip_suffix(')').and_then(|n| as_int(&Val::from(n))) {
        Some(n) => (words.trim_end(), Some(n)),
        None => (told, None),
    }
}

/// Lower case with `_` between words: `ReadRequest`, `READ_COILS`, `Setup Communication`, `who-is`.
pub fn snake(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 4);
    let mut before = ' ';
    for c in words.chars().take(96) {
        if c.is_alphanumeric() {
            if c.is_uppercase() && before.is_lowercase() && !out.ends_with('_') {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        before = c;
    }
    while out.ends_with('_') {
        out.pop();
    }
    out
}

/// The action that a function's words tell.
fn guess(name: &str) -> Action {
    const WORDS: &[(&[&str], Action)] = &[
        (&["response", "ack", "confirm"], Action::Other),
        (&["stop", "halt", "shutdown"], Action::Stop),
        (&["restart", "reset", "reboot", "reinitialize"], Action::Restart),
        (&["download"], Action::Download),
        (&["upload"], Action::Upload),
        (&["firmware", "flash"], Action::Firmware),
        (&["password", "login", "logon", "authenticate", "auth"], Action::Authenticate),
        (&["unlock", "unprotect"], Action::Unlock),
        (&["lock", "protect"], Action::Lock),
        (&["force", "forced"], Action::Force),
        (&["subscribe", "subscription", "monitored", "publish"], Action::Subscribe),
        (&["clear", "erase"], Action::Clear),
        (&["delete", "remove"], Action::FileDelete),
        (&["write", "set", "modify", "update", "operate"], Action::Write),
        (&["identity", "identify", "identification"], Action::Identify),
        (&["browse", "discover", "list", "who", "find", "scan"], Action::Discover),
        (&["diagnostic", "diagnostics", "status", "statistics", "test"], Action::Diagnose),
        (&["read", "get", "poll", "query", "recall"], Action::Read),
        (&["start", "run", "resume"], Action::Start),
    ];
    let has = |words: &&[&str]| name.split('_').any(|w| words.contains(&w));
    let action = WORDS.iter().find(|(words, _)| has(words)).map_or(Action::Other, |(_, a)| *a);
    let clock = name.split('_').any(|w| w == "clock" || w == "time");
    if action == Action::Write && clock { Action::SetTime } else { action }
}

/// Number and name of a refusal; `None` if it says that all is well.
fn exception(v: &Val) -> Option<(i64, String)> {
    let number = as_int(v).unwrap_or(0);
    match v {
        Val::Int(_) | Val::Float(_) => (number != 0).then(|| (number, format!("exception_{number}"))),
        other => {
            let told = as_text(other)?;
            let name = snake(told);
            let well = ["success", "no_error", "normal_completion", "none", "empty", ""];
            if well.contains(&name.as_str()) || (as_int(other) == Some(0)) {
                return None;
            }
            Some((number, if as_int(other).is_some() { format!("exception_{number}") } else { name }))
        }
    }
}

/// Who a line says logged in; `None` if it names nobody and no outcome.
pub fn login(table: &Login, raw: &Fields) -> Option<Entry> {
    let seen = |from: &From| {
        let hidden = |t: &String| t == "<hidden>" || t == "<unknown>" || t == "(empty)" || t.is_empty();
        text(raw, from).filter(|t| !hidden(t))
    };
    let (user, secret) = (seen(&table.user), seen(&table.secret));
    let outcome = match value(raw, &table.outcome).and_then(outcome) {
        Some("success") => LoginOutcome::Success,
        Some(_) => LoginOutcome::Failure,
        None => LoginOutcome::Unknown,
    };
    let itself = outcome != LoginOutcome::Unknown;
    (user.is_some() || secret.is_some() || itself).then_some(Entry {
        protocol: table.protocol,
        kind: if secret.is_some() { table.kind } else { CredKind::User },
        user,
        secret,
        outcome,
        itself,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn raw(fields: &[(&'static str, Val)]) -> Vec<(Name, Val)> {
        fields.iter().map(|(n, v)| (Cow::Borrowed(*n), v.clone())).collect()
    }
    fn of(dataset: &str, fields: &[(&'static str, Val)]) -> Option<Doing> {
        operation(tables().of(dataset).operation.as_ref().unwrap(), &raw(fields))
    }

    #[test]
    fn modbus() {
        let d = of(
            "zeek.modbus_detailed",
            &[
                ("unit", Val::Int(4)),
                ("func", Val::from("WRITE_SINGLE_REGISTER")),
                ("address", Val::Int(9)),
                ("quantity", Val::Int(1)),
                ("request_values", Val::from(vec![Val::Int(7)])),
                ("matched", Val::Bool(true)),
            ],
        )
        .unwrap();
        assert_eq!((d.name.as_str(), d.action, d.code), ("write_single_register", Action::Write, Some(6)));
        assert_eq!((d.unit.as_deref(), d.address, d.value), (Some("4"), Some((9, 1)), Some(Val::Int(7))));
        assert_eq!(d.outcome, Outcome::Accepted);
        let d = of("zeek.modbus", &[("func", Val::from("READ_COILS_EXCEPTION")), ("exception", Val::from("ILLEGAL_DATA_ADDRESS"))]);
        let d = d.unwrap();
        assert_eq!((d.name.as_str(), d.outcome), ("read_coils", Outcome::Refused));
        assert_eq!(d.exception, Some((0, "illegal_data_address".into())));
        assert_eq!(of("zeek.modbus", &[("func", Val::from("READ_COILS")), ("pdu_type", Val::from("RESP"))]), None);
    }

    #[test]
    fn answers_are_no_operations() {
        let ask = |rosctr: &'static str, orig| {
            of("zeek.s7comm", &[("function_name", Val::from("PLC Stop")), ("rosctr_name", Val::from(rosctr)), ("is_orig", Val::Bool(orig))])
        };
        assert_eq!(ask("Job-Request", true).unwrap().action, Action::Stop);
        assert_eq!(ask("Ack-Data", false), None);
        let fins = |kind: &'static str| of("zeek.omron_fins_general", &[("command_code", Val::from("Run (0x0401)")), ("icf_data_type", Val::from(kind))]);
        let run = fins("Command (0)").unwrap();
        assert_eq!((run.name.as_str(), run.action, run.code), ("run", Action::Start, Some(0x0401)));
        assert_eq!(fins("Response (1)"), None);
        let opc = |id: &'static str| of("zeek.opcua_binary", &[("identifier_str", Val::from(id))]);
        assert_eq!(opc("WriteRequest").unwrap().name, "write");
        assert_eq!(opc("WriteResponse"), None);
    }

    #[test]
    fn what_the_table_lacks_is_told_by_words() {
        assert_eq!(guess("plc_stop"), Action::Stop);
        assert_eq!(guess("set_plc_time"), Action::SetTime);
        assert_eq!(guess("frobnicate"), Action::Other);
        assert_eq!(snake("OpenSecureChannelRequest"), "open_secure_channel_request");
        assert_eq!(snake("who-is"), "who_is");
        assert_eq!(snake("READ_COILS"), "read_coils");
    }

    #[test]
    fn log_ins() {
        let of = |dataset: &str, fields: &[(&'static str, Val)]| login(tables().of(dataset).login.as_ref().unwrap(), &raw(fields));
        let e = of("zeek.ftp", &[("user", Val::from("bob")), ("password", Val::from("pw"))]).unwrap();
        assert_eq!((e.kind, e.user.as_deref(), e.secret.as_deref(), e.itself), (CredKind::Password, Some("bob"), Some("pw"), false));
        let e = of("zeek.ftp", &[("user", Val::from("bob")), ("password", Val::from("<hidden>"))]).unwrap();
        assert_eq!((e.kind, e.secret), (CredKind::User, None));
        let e = of("zeek.ssh", &[("auth_success", Val::Bool(false))]).unwrap();
        assert_eq!((e.outcome, e.itself), (LoginOutcome::Failure, true));
        assert_eq!(of("zeek.ssh", &[]), None);
    }
}

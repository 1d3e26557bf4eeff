//! Messages of mode 6 (RFC 9327) and of mode 7, which only ntpd has.

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;

/// Requests that wait for their answer.
const MAX_OPEN: usize = 32;
const RESPONSE: u8 = 0x80;
const ERROR: u8 = 0x40;

/// Name and action of an operation of mode 6.
fn operation(code: u8) -> Option<(Action, &'static str)> {
    Some(match code {
        1 => (Action::Read, "read_status"),
        2 => (Action::Identify, "read_variables"),
        3 => (Action::Configure, "write_variables"),
        4 => (Action::Read, "read_clock_variables"),
        5 => (Action::Configure, "write_clock_variables"),
        6 => (Action::Subscribe, "set_trap"),
        8 => (Action::Configure, "configure"),
        9 => (Action::FileWrite, "save_config"),
        10 => (Action::Read, "read_mru"),
        11 => (Action::Read, "read_ordered_list"),
        12 => (Action::Read, "request_nonce"),
        31 => (Action::Configure, "unset_trap"),
        _ => return None,
    })
}

/// Name and action of a request code of mode 7.
fn private(code: u8) -> Option<(Action, &'static str)> {
    Some(match code {
        0..=9 => (Action::Read, "read_information"),
        10 => (Action::Configure, "config"),
        11 => (Action::Configure, "unconfig"),
        12 | 13 => (Action::Configure, "set_system_flag"),
        16 => (Action::Read, "get_restrict"),
        17..=19 => (Action::Configure, "restrict"),
        20 | 42 => (Action::Read, "monlist"),
        21 | 22 => (Action::Clear, "reset_stats"),
        23 => (Action::Configure, "reread_keys"),
        26 | 27 => (Action::Configure, "trust_key"),
        28 | 29 => (Action::Read, "read_information"),
        30 | 31 => (Action::Configure, "set_trap"),
        32 | 33 => (Action::Configure, "request_key"),
        34..=36 | 38 | 39 => (Action::Read, "read_information"),
        37 => (Action::Configure, "set_clock_fudge"),
        _ => return None,
    })
}

pub fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let [flags, second, ..] = *data else { return Verdict::No };
    let answers = if flags & 7 == 6 { second & RESPONSE != 0 } else { flags & 0x80 != 0 };
    let role = if answers { Role::Server } else { Role::Client };
    let good = if flags & 7 == 6 {
        let size = data.get(10..12).map_or(usize::MAX, |b| b.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
        let version = flags >> 3 & 7;
        data.len() >= 12
            && (1..=4).contains(&version)
            && flags >> 6 == 0
            && operation(second & 0x1f).is_some()
            && 12 + size <= data.len()
            && data.len() <= 12 + size + 3 + 24
    } else {
        let [_, _, implementation, code, ..] = *data else { return Verdict::No };
        data.len() >= 8 && matches!(implementation, 0 | 2 | 3) && private(code).is_some() && (2..=4).contains(&(flags >> 3 & 7))
    };
    if good { Verdict::Strong(role) } else { Verdict::No }
}

struct Request {
    action: Action,
    name: &'static str,
    code: u8,
    asked: Stamp,
}

#[derive(Default)]
pub struct Control {
    /// By mode and sequence number or request code.
    open: Pending<(u8, u16), Request, MAX_OPEN>,
}

impl Control {
    pub fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let mut r = Reader::new(data);
        let read = (|| {
            r.skip(1)?;
            let (second, sequence) = (r.u8()?, r.be16()?);
            let status = r.be16()?;
            r.skip(2)?;
            let offset = r.be16()?;
            let size = usize::from(r.be16()?);
            Some((second, sequence, status, offset, r.take(size)?))
        })();
        let (second, sequence, status, offset, text) = read.ok_or(Malformed)?;
        let (action, name) = operation(second & 0x1f).ok_or(Malformed)?;
        if second & RESPONSE == 0 {
            cx.sender_is(Side::Client);
            self.push(cx, (6, sequence), Request { action, name, code: second & 0x1f, asked: cx.at() });
            return Ok(());
        }
        cx.sender_is(Side::Server);
        let failed = second & ERROR != 0;
        let request = self.open.take(&(6, sequence));
        if let Some(request) = request {
            let outcome = if failed { Outcome::Refused } else { Outcome::Accepted };
            report(cx, &request, outcome, failed.then_some(i64::from(status >> 8)));
        }
        if !failed && offset == 0 && action == Action::Identify {
            variables(cx, &String::from_utf8_lossy(text));
        }
        Ok(())
    }

    pub fn private(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let [flags, sequence, _, code, error, ..] = *data else { return Err(Malformed) };
        let (action, name) = private(code).ok_or(Malformed)?;
        let key = (7, u16::from(code));
        if flags & 0x80 == 0 {
            cx.sender_is(Side::Client);
            self.push(cx, key, Request { action, name, code, asked: cx.at() });
            return Ok(());
        }
        cx.sender_is(Side::Server);
        // a long answer comes in many parts: the first one settles it
        let _ = sequence;
        if let Some(request) = self.open.take(&key) {
            let error = error >> 4;
            report(cx, &request, if error == 0 { Outcome::Accepted } else { Outcome::Refused }, (error != 0).then_some(error.into()));
        }
        Ok(())
    }

    fn push(&mut self, cx: &mut Cx<'_>, key: (u8, u16), request: Request) {
        if let Some((_, old)) = self.open.push(key, request) {
            report(cx, &old, Outcome::Unknown, None);
        }
    }

    pub fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Request> = self.open.drain().map(|(_, r)| r).collect();
        for request in open {
            report(cx, &request, Outcome::NoAnswer, None);
        }
    }
}

fn report(cx: &mut Cx<'_>, request: &Request, outcome: Outcome, error: Option<i64>) {
    let mut op = Op::new(request.action, request.name).code(request.code).outcome(outcome).asked(request.asked);
    if let Some(error) = error {
        op = op.exception(error, "error");
    }
    cx.op(op);
}

/// `version="ntpd 4.2.8p12 …", processor="x86_64", system="Linux/4.19", stratum=2, refid=…`.
fn variables(cx: &mut Cx<'_>, text: &str) {
    let mut rest = text;
    for _ in 0..64 {
        let Some((name, tail)) = rest.split_once('=') else { return };
        let name = name.trim_matches(|c: char| c.is_whitespace() || c == ',');
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => tail.split_once(',').unwrap_or((tail, "")),
        };
        let value = value.trim();
        match name {
            "version" => {
                cx.fact(Side::Server, "ntp_daemon", value, "version");
                let mut words = value.split_whitespace();
                if let (Some(product), Some(version)) = (words.next(), words.next()) {
                    cx.service_info("product", product);
                    cx.service_info("version", version.split('@').next().unwrap_or(version));
                }
            }
            "system" if !value.is_empty() => cx.fact(Side::Server, "os", &value.replacen('/', " ", 1), "system"),
            "processor" if !value.is_empty() => cx.service_info("processor", value),
            _ => {}
        }
        rest = tail;
    }
}

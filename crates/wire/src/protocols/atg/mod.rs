//! Automatic tank gauges: Veeder-Root's serial interface, on TCP through a converter or built in.
//!
//! Source: Veeder-Root manual 576013-635 (serial interface); nmap's atg-info script and the answers of
//! gauges on the Internet as second source. There is no log-in unless six characters of a security
//! code stand before the function.

#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use std::borrow::Cow;

pub static SPEC: Spec = Spec {
    name: "atg",
    title: "Automatic tank gauge (Veeder-Root)",
    industrial: true,
    transports: &[Transport::Tcp],
    ports: &[10001],
    ethertypes: &[],
    rank: 55,
    identify,
    open: || Box::<Gauge>::default(),
    pdus: false,
    facts: &["vendor", "firmware", "name", "location", "tank"],
    credentials: &["password"],
    operations: &[
        "system_status", "in_tank_inventory", "in_tank_delivery", "in_tank_leak_test", "in_tank_status", "inquire",
        "system_reset", "clear_function", "start_leak_test", "stop_leak_test", "set_time", "set_print_header",
        "set_tank_label", "set_tank_limit", "set_tank_parameter", "set_function", "revision_level",
    ],
    source: "Veeder-Root 576013-635; nmap atg-info as second source",
    level: 5,
    proofs: &[],
};

const TIMEOUT: Micros = 30_000_000;
const SOH: u8 = 1;
const ETX: u8 = 3;
/// Longest line that is believed.
const MAX_LINE: usize = 256;
/// Tanks of one flow that are told.
const MAX_TANKS: usize = 64;
/// Lines above a report: station name and address.
const MAX_HEADER: usize = 6;

/// A function code: letter (I inquire, S set; small letters for computers) and five digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Function {
    set: bool,
    code: u16,
    device: u16,
}

impl Function {
    fn read(data: &[u8]) -> Option<Function> {
        let (&[letter, a, b, c, d, e], _) = data.split_first_chunk::<6>()?;
        let digit = |b: u8| (b as char).to_digit(10).map(|d| d as u16);
        // codes of later functions have letters in them
        let hex = |b: u8| (b as char).to_digit(16).map(|d| d as u16);
        if !matches!(letter, b'I' | b'S' | b'i' | b's') {
            return None;
        }
        let code = digit(a)? * 100 + hex(b)? * 10 + hex(c)?;
        Some(Function { set: letter.eq_ignore_ascii_case(&b'S'), code, device: digit(d)? * 10 + digit(e)? })
    }
}

/// Security code, function, what is set.
type Request<'a> = (Option<&'a [u8]>, Function, &'a [u8]);

fn request(line: &[u8]) -> Option<Request<'_>> {
    let body = line.strip_prefix(&[SOH])?;
    if let Some(function) = Function::read(body) {
        return Some((None, function, body.get(6..).unwrap_or_default()));
    }
    let (code, rest) = body.split_first_chunk::<6>()?;
    let function = code.iter().all(u8::is_ascii_alphanumeric).then(|| Function::read(rest)).flatten()?;
    Some((Some(code), function, rest.get(6..).unwrap_or_default()))
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    if data.first() != Some(&SOH) {
        return Verdict::No;
    }
    let rest = data.get(1..).unwrap_or_default();
    let line = rest.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
    let body = rest.get(line..).unwrap_or_default();
    if body.len() < 6 {
        let may = body.iter().all(u8::is_ascii_alphanumeric) && line <= 4;
        return if may { Verdict::Need } else { Verdict::No };
    }
    let plain = data.iter().all(|b| matches!(b, 1 | 3 | b'\t' | b'\r' | b'\n' | 0x20..=0x7E));
    match (line, Function::read(body), plain) {
        (1.., Some(_), true) => Verdict::Strong(Role::Server),
        (0, Some(f), true) => match body.get(6) {
            // a question stands alone, a setting has its data behind
            None | Some(b'\r' | b'\n') => Verdict::Strong(Role::Client),
            Some(_) if f.set => Verdict::Strong(Role::Client),
            _ => Verdict::No,
        },
        (0, None, true) if body.len() < 12 && body.iter().all(u8::is_ascii_alphanumeric) => Verdict::Need,
        (0, None, true) if request(data).is_some() => Verdict::Strong(Role::Client),
        _ => Verdict::No,
    }
}

/// A report being read.
#[derive(Default)]
struct Report {
    function: Option<Function>,
    header: Vec<String>,
    titled: bool,
    lines: usize,
}

/// State of one flow.
#[derive(Default)]
struct Gauge {
    open: Requests<(), 8>,
    report: Report,
    login: Option<(String, Stamp)>,
    tanks: Vec<String>,
    headed: bool,
}

impl Probe for Gauge {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let end = data.iter().position(|b| matches!(*b, b'\r' | b'\n' | ETX));
        let asks = data.first() == Some(&SOH) && !matches!(data.get(1), Some(b'\r' | b'\n'));
        match end {
            // many clients send no end of line behind a question
            None if asks && cx.from() == Side::Client => match request(data) {
                Some((_, f, rest)) if !f.set && rest.is_empty() => {
                    self.ask(cx, data);
                    Step::Used(data.len())
                }
                _ if data.len() < MAX_LINE => Step::Need,
                _ => Step::Bad,
            },
            None if data.len() < MAX_LINE => Step::Need,
            None => Step::Bad,
            Some(at) => {
                let line = data.get(..at).unwrap_or_default();
                match cx.from() {
                    Side::Client => {
                        if !line.is_empty() && !self.ask(cx, line) {
                            cx.malformed();
                        }
                    }
                    Side::Server => {
                        self.answer(cx, line);
                        if data.get(at) == Some(&ETX) {
                            self.over(cx);
                        }
                    }
                }
                Step::Used(at + 1)
            }
        }
    }

    fn gap(&mut self, _: &mut Cx<'_>, _: Side, _: u64) {
        self.report = Report::default();
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.over(cx);
        self.log_in(cx, LoginOutcome::Unknown);
        self.open.end(cx);
    }
}

impl Gauge {
    /// Takes a request; false if it is none.
    fn ask(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> bool {
        let Some((code, function, rest)) = request(line) else { return false };
        self.open.hear(cx);
        if let Some(code) = code {
            self.log_in(cx, LoginOutcome::Unknown);
            self.login = Some((String::from_utf8_lossy(code).into_owned(), cx.at()));
        }
        let (name, action) = operation(function);
        let mut asked = Asked::new(cx, action, name).code(function.code).unit(function.device.to_string());
        if function.set && !rest.is_empty() {
            asked = asked.value(crate::bytes::text(rest));
        }
        self.open.ask(cx, (), asked);
        true
    }

    fn answer(&mut self, cx: &mut Cx<'_>, line: &[u8]) {
        self.open.hear(cx);
        let line = line.strip_prefix(&[SOH]).unwrap_or(line);
        let text = String::from_utf8_lossy(line).trim().to_owned();
        if text.is_empty() {
            return;
        }
        // unknown function, or not allowed
        if text.starts_with("9999") {
            self.log_in(cx, LoginOutcome::Failure);
            if let Some((_, asked)) = self.open.take_if(|_, _| true) {
                asked.report(cx, Outcome::Refused, Some((9999, "unrecognized_function")));
            }
            return;
        }
        if let Some(function) = Function::read(line)
            && self.report.function != Some(function)
        {
            self.report = Report { function: Some(function), ..Report::default() };
            cx.fact(Side::Server, "vendor", "Veeder-Root", "function code");
            self.log_in(cx, LoginOutcome::Success);
            if let Some((_, asked)) = self.open.take_if(|_, _| true) {
                asked.report(cx, Outcome::Accepted, None);
            }
            return;
        }
        let Some(function) = self.report.function else { return };
        self.report.lines += 1;
        // the first line is the date; what stands between it and the title is the station's header
        let title = ["INVENTORY", "STATUS", "REPORT", "DELIVERY", "TEST", "SETUP", "HISTORY", "REVISION", "SOFTWARE"];
        if !self.report.titled && self.report.lines > 1 {
            if title.iter().any(|t| text.contains(t)) {
                self.report.titled = true;
            } else if self.report.header.len() < MAX_HEADER {
                self.report.header.push(text);
                return;
            }
        }
        match function.code {
            201 | 205 => self.tank(cx, &text),
            902 => {
                if let Some(version) = text.strip_prefix("VERSION").or_else(|| text.split_once("VERSION ").map(|t| t.1)) {
                    cx.fact(Side::Server, "firmware", version.trim(), "function 902");
                }
            }
            _ => {}
        }
    }

    /// A line of an inventory: number, product, volumes.
    fn tank(&mut self, cx: &mut Cx<'_>, line: &str) {
        let mut words = line.split_whitespace();
        let Some(number) = words.next().filter(|n| n.len() <= 2 && n.parse::<u8>().is_ok()) else { return };
        let product: Vec<&str> = words.take_while(|w| w.parse::<f64>().is_err()).collect();
        let tank = format!("{number} {}", product.join(" "));
        if product.is_empty() || self.tanks.contains(&tank) {
            return;
        }
        if self.tanks.len() >= MAX_TANKS {
            return cx.dropped("atg_tanks");
        }
        cx.fact(Side::Server, "tank", &tank, "in-tank inventory");
        self.tanks.push(tank);
    }

    /// The end of a report: who it is of.
    fn over(&mut self, cx: &mut Cx<'_>) {
        let report = std::mem::take(&mut self.report);
        if !report.titled || self.headed {
            return;
        }
        let mut lines = report.header.into_iter();
        if let Some(name) = lines.next() {
            self.headed = true;
            cx.fact(Side::Server, "name", &name, "report header");
            let place: Vec<String> = lines.collect();
            if !place.is_empty() {
                cx.fact(Side::Server, "location", &place.join(", "), "report header");
            }
        }
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        if let Some((code, sent)) = self.login.take() {
            cx.credential(Cred::new(CredKind::Password).secret(&code).cleartext().sent(sent).outcome(outcome));
        }
    }
}

fn operation(f: Function) -> (Cow<'static, str>, Action) {
    let (name, action) = match (f.set, f.code) {
        (false, 101) => ("system_status", Action::Diagnose),
        (false, 201) => ("in_tank_inventory", Action::Read),
        (false, 202) => ("in_tank_delivery", Action::Read),
        (false, 203) => ("in_tank_leak_test", Action::Read),
        (false, 205) => ("in_tank_status", Action::Read),
        (false, 902) => ("revision_level", Action::Identify),
        (false, _) => ("inquire", Action::Read),
        (true, 1) => ("system_reset", Action::Restart),
        (true, 52) => ("start_leak_test", Action::Start),
        (true, 53) => ("stop_leak_test", Action::Stop),
        (true, 2..=99) => ("clear_function", Action::Clear),
        (true, 501 | 502) => ("set_time", Action::SetTime),
        (true, 503) => ("set_print_header", Action::SetName),
        (true, 602) => ("set_tank_label", Action::SetName),
        (true, 620..=640) => ("set_tank_limit", Action::Configure),
        (true, 600..=699) => ("set_tank_parameter", Action::Configure),
        (true, _) => ("set_function", Action::Configure),
    };
    (name.into(), action)
}

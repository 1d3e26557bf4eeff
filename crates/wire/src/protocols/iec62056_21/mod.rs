//! IEC 62056-21 (once IEC 1107): meters read locally, and behind serial servers over TCP.
//!
//! Source: IEC 62056-21:2002, clauses 5 and 6; telegrams of meters as second source. Seven data bits
//! with parity come through converters as they are: the eighth bit is not looked at.

#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::flag;

pub static SPEC: Spec = Spec {
    name: "iec62056-21",
    title: "IEC 62056-21 meter reading",
    industrial: true,
    transports: &[Transport::Tcp],
    ports: &[],
    ethertypes: &[],
    rank: 70,
    identify,
    open: || Box::<Meter>::default(),
    pdus: false,
    facts: &["vendor", "model", "firmware", "serial", "id:meter", "role"],
    credentials: &["password", "hash"],
    operations: &[
        "sign_on",
        "read_out",
        "password_command",
        "read_command",
        "write_command",
        "execute_command",
        "break_command",
    ],
    source: "IEC 62056-21:2002; DSMR P1 and telegrams of meters as second source",
    level: 5,
    proofs: &[],
};

/// A meter answers within 1.5 s; a slow line and a converter may take longer.
const TIMEOUT: Micros = 15_000_000;
/// Longest line or command that is believed.
const MAX_LINE: usize = 256;
const SOH: u8 = 1;
const STX: u8 = 2;
const ETX: u8 = 3;
const EOT: u8 = 4;
const ACK: u8 = 6;
const NAK: u8 = 0x15;

/// A piece as it stands in the stream.
enum Piece {
    /// `/?address!`
    SignOn(String),
    /// `/XXXZidentification`
    Ident(String),
    /// ACK 0 5 1: what mode is wanted.
    Option(u8),
    Ack,
    Nak,
    /// SOH, letter, digit, what is in the frame.
    Command(u8, u8, String),
    /// STX … ETX: data of a meter; or a line of a read-out.
    Data(String),
    /// A check octet or an empty line.
    Filler,
}

enum Parsed {
    Need,
    Bad,
    Piece(Piece, usize),
}

fn plain(b: u8) -> u8 {
    b & 0x7F
}

fn text(data: &[u8]) -> String {
    data.iter().map(|b| char::from(plain(*b))).collect()
}

/// True for an octet that may stand in a line.
fn printable(b: u8) -> bool {
    matches!(plain(b), 0x20..=0x7E)
}

/// A line up to CR LF: its text, and octets with its end.
fn line(data: &[u8]) -> Parsed {
    let Some(end) = data.iter().position(|b| !printable(*b)) else {
        return if data.len() > MAX_LINE { Parsed::Bad } else { Parsed::Need };
    };
    if end > MAX_LINE {
        return Parsed::Bad;
    }
    match data.get(end..).map(|rest| (plain(rest.first().copied().unwrap_or_default()), rest.get(1))) {
        Some((b'\r', None)) => Parsed::Need,
        Some((b'\r', Some(lf))) if plain(*lf) == b'\n' => {
            Parsed::Piece(Piece::Data(text(data.get(..end).unwrap_or_default())), end + 2)
        }
        _ => Parsed::Bad,
    }
}

/// The octets between a start and ETX or EOT, with the check octet behind: exclusive or without the start.
fn framed(data: &[u8]) -> Result<Option<(&[u8], usize)>, ()> {
    let Some(end) = data.iter().position(|b| matches!(plain(*b), ETX | EOT)) else {
        return if data.len() > 4 * MAX_LINE { Err(()) } else { Ok(None) };
    };
    let Some(check) = data.get(end + 1) else { return Ok(None) };
    let sum = data.get(1..=end).unwrap_or_default().iter().fold(0, |sum, b| sum ^ plain(*b));
    if plain(*check) != sum {
        return Err(());
    }
    Ok(Some((data.get(1..end).unwrap_or_default(), end + 2)))
}

fn parse(data: &[u8]) -> Parsed {
    let Some(&first) = data.first() else { return Parsed::Need };
    match plain(first) {
        b'/' => match line(data) {
            Parsed::Piece(Piece::Data(said), used) => {
                let address = said.strip_prefix("/?").and_then(|a| a.strip_suffix('!'));
                match address {
                    Some(address) if address.len() <= 32 => Parsed::Piece(Piece::SignOn(address.to_owned()), used),
                    None if ident(&said).is_some() => Parsed::Piece(Piece::Ident(said), used),
                    _ => Parsed::Bad,
                }
            }
            other => other,
        },
        SOH => match framed(data) {
            Ok(None) => match data.get(1) {
                Some(b) if !b"PRWEB".contains(&plain(*b)) => Parsed::Bad,
                _ => Parsed::Need,
            },
            Ok(Some((body, used))) => match *body {
                [command, kind, ref rest @ ..]
                    if b"PRWEB".contains(&plain(command)) && plain(kind).is_ascii_digit() =>
                {
                    let data = rest.split_first().filter(|(b, _)| plain(**b) == STX).map_or(&[][..], |(_, r)| r);
                    Parsed::Piece(Piece::Command(plain(command), plain(kind), text(data)), used)
                }
                _ => Parsed::Bad,
            },
            Err(()) => Parsed::Bad,
        },
        // a read-out goes on for long: its lines are taken one by one behind the STX
        STX => match framed(data) {
            Ok(Some((body, used))) if !body.contains(&b'\n') => {
                Parsed::Piece(Piece::Data(text(body)), used)
            }
            Ok(None) if data.len() < 2 => Parsed::Need,
            Ok(None) if !data.iter().any(|b| plain(*b) == b'\n') => Parsed::Need,
            _ => Parsed::Piece(Piece::Filler, 1),
        },
        ETX | EOT => match data.get(1) {
            None => Parsed::Need,
            Some(_) => Parsed::Piece(Piece::Filler, 2),
        },
        ACK => match data.get(1).map(|b| plain(*b)) {
            None => Parsed::Piece(Piece::Ack, 1),
            Some(b'0'..=b'9') => match data.get(..6) {
                None => Parsed::Need,
                Some(option) if plain(option.get(4).copied().unwrap_or_default()) == b'\r' => {
                    Parsed::Piece(Piece::Option(plain(option.get(3).copied().unwrap_or_default())), 6)
                }
                Some(_) => Parsed::Bad,
            },
            Some(_) => Parsed::Piece(Piece::Ack, 1),
        },
        NAK => Parsed::Piece(Piece::Nak, 1),
        b'\r' | b'\n' | 0 => Parsed::Piece(Piece::Filler, 1),
        _ => line(data),
    }
}

/// Three letters of the maker, a baud rate character, the identification (6.3.2).
fn ident(line: &str) -> Option<(&str, &str)> {
    let (letters, rest) = line.strip_prefix('/')?.split_at_checked(3)?;
    let mut each = letters.bytes();
    let upper = each.next()?.is_ascii_uppercase() && each.next()?.is_ascii_uppercase();
    let baud = rest.bytes().next()?;
    let fits = upper && each.next()?.is_ascii_alphabetic() && matches!(baud, b'0'..=b'9' | b'A'..=b'I');
    let name = rest.get(1..)?;
    (fits && name.len() <= 32).then_some((letters, name))
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match data.first().map(|b| plain(*b)) {
        Some(b'/') => match parse(data) {
            Parsed::Piece(Piece::SignOn(_), _) => Verdict::Strong(Role::Client),
            Parsed::Piece(Piece::Ident(said), used) => {
                let known = ident(&said).is_some_and(|(letters, _)| flag::maker(letters.as_bytes()).is_some());
                // a meter speaks on: data in lines, or nothing
                let alone = data.get(used..).is_none_or(|rest| {
                    rest.first().is_none_or(|b| matches!(plain(*b), STX | b'\r' | b'0'..=b'9'))
                });
                match (known, alone) {
                    (true, true) => Verdict::Strong(Role::Server),
                    (false, true) => Verdict::Weak(Role::Server),
                    _ => Verdict::No,
                }
            }
            Parsed::Need if data.len() <= 64 => Verdict::Need,
            _ => Verdict::No,
        },
        Some(SOH) => match parse(data) {
            Parsed::Piece(Piece::Command(..), _) => Verdict::Strong(Role::Unknown),
            Parsed::Need if data.len() <= 128 => Verdict::Need,
            _ => Verdict::No,
        },
        _ => Verdict::No,
    }
}

/// A password that waits for the meter's answer.
struct Login {
    hash: bool,
    secret: String,
    sent: Stamp,
}

/// State of one flow.
#[derive(Default)]
struct Meter {
    open: Requests<(), 8>,
    login: Option<Login>,
    /// Operand the meter gave for an encrypted password.
    operand: Option<String>,
    address: String,
}

impl Probe for Meter {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        // a reader's acknowledgement goes on with the mode it wants
        if cx.from() == Side::Client && data.len() == 1 && data.first().is_some_and(|b| plain(*b) == ACK) {
            return Step::Need;
        }
        match parse(data) {
            Parsed::Need => Step::Need,
            Parsed::Bad => {
                // a damaged frame goes up to the next start or line
                match data.iter().skip(1).position(|b| matches!(plain(*b), SOH | STX | b'/' | b'\n')) {
                    Some(at) => {
                        cx.malformed();
                        Step::Used(at + 1)
                    }
                    None => Step::Bad,
                }
            }
            Parsed::Piece(piece, used) => {
                self.piece(cx, piece);
                Step::Used(used)
            }
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

impl Meter {
    fn piece(&mut self, cx: &mut Cx<'_>, piece: Piece) {
        match piece {
            Piece::SignOn(address) => {
                cx.sender_is(Side::Client);
                let mut asked = Asked::new(cx, Action::Identify, "sign_on");
                if !address.is_empty() {
                    asked = asked.unit(address.as_str());
                }
                self.address = address;
                self.ask(cx, asked);
            }
            Piece::Ident(said) => {
                cx.sender_is(Side::Server);
                self.open.hear(cx);
                self.answered(cx, Outcome::Accepted, None);
                self.identity(cx, &said);
            }
            Piece::Option(mode) => {
                cx.sender_is(Side::Client);
                if mode == b'0' {
                    let asked = Asked::new(cx, Action::Read, "read_out");
                    self.ask(cx, asked);
                }
            }
            Piece::Ack => {
                self.open.hear(cx);
                self.log_in(cx, LoginOutcome::Success);
                self.answered(cx, Outcome::Accepted, None);
            }
            Piece::Nak => {
                self.open.hear(cx);
                self.log_in(cx, LoginOutcome::Failure);
                self.answered(cx, Outcome::Refused, Some((i64::from(NAK), "nak")));
            }
            Piece::Command(command, kind, data) => self.command(cx, command, kind, &data),
            Piece::Data(data) => self.data(cx, &data),
            Piece::Filler => {}
        }
    }

    fn ask(&mut self, cx: &mut Cx<'_>, mut asked: Asked) {
        self.open.hear(cx);
        if asked.unit.is_none() && !self.address.is_empty() {
            asked.unit = Some(self.address.as_str().into());
        }
        self.open.ask(cx, (), asked);
    }

    fn answered(&mut self, cx: &mut Cx<'_>, outcome: Outcome, exception: Option<(i64, &str)>) {
        let from = cx.from();
        if let Some((_, asked)) = self.open.take_if(|_, a| a.by != from) {
            asked.report(cx, outcome, exception);
        }
    }

    fn command(&mut self, cx: &mut Cx<'_>, command: u8, kind: u8, data: &str) {
        let (target, value) = match data.split_once('(') {
            Some((target, rest)) => (target, rest.trim_end_matches(')')),
            None => (data, ""),
        };
        let (name, action) = match command {
            // P0 is the meter's: the operand for an encrypted password
            b'P' if kind == b'0' => {
                cx.sender_is(Side::Server);
                self.open.hear(cx);
                self.operand = Some(value.chars().take(64).collect());
                return;
            }
            b'P' => ("password_command", Action::Authenticate),
            b'R' => ("read_command", Action::Read),
            b'W' => ("write_command", writes(target)),
            b'E' => ("execute_command", Action::Other),
            _ => ("break_command", Action::Other),
        };
        cx.sender_is(Side::Client);
        let mut asked = Asked::new(cx, action, name).detail("command", format!("{}{}", char::from(command), char::from(kind)));
        if command == b'E' {
            asked = asked.category(Category::Control);
        }
        if !target.is_empty() {
            asked = asked.target(target);
        }
        if command == b'P' {
            self.log_in(cx, LoginOutcome::Unknown);
            let hash = kind == b'2';
            self.login = Some(Login { hash, secret: value.to_owned(), sent: cx.at() });
        } else if matches!(command, b'W' | b'E') {
            asked = asked.value(value);
        }
        if command == b'B' {
            self.open.hear(cx);
            return asked.report(cx, Outcome::Unknown, None);
        }
        self.ask(cx, asked);
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(login) = self.login.take() else { return };
        if login.secret.is_empty() {
            return;
        }
        let kind = if login.hash { CredKind::Hash } else { CredKind::Password };
        let mut cred = Cred::new(kind).secret(&login.secret).sent(login.sent).outcome(outcome);
        cred.cleartext = !login.hash;
        if login.hash
            && let Some(operand) = self.operand.take()
        {
            cred = cred.detail("operand", operand);
        }
        cx.credential(cred);
    }

    fn identity(&mut self, cx: &mut Cx<'_>, said: &str) {
        let Some((letters, name)) = ident(said) else { return };
        cx.fact(Side::Server, "role", "meter", "identification message");
        let vendor = flag::maker(letters.as_bytes()).map_or_else(|| letters.to_owned(), str::to_owned);
        cx.fact(Side::Server, "vendor", &vendor, "identification message");
        // \2 and the like in front name further modes
        let name = match name.as_bytes() {
            [b'\\', _, ..] => name.get(2..).unwrap_or_default(),
            _ => name,
        };
        let name = name.trim_matches(|c| c == '@' || c == ' ');
        if !name.is_empty() {
            cx.fact(Side::Server, "model", name, "identification message");
        }
    }

    /// Data of a meter: an answer, or a line of a read-out.
    fn data(&mut self, cx: &mut Cx<'_>, data: &str) {
        self.open.hear(cx);
        let refused = data.contains("ERR");
        // what a meter offers before a password is asked for is no answer to it
        if self.login.is_some() {
            self.log_in(cx, if refused { LoginOutcome::Failure } else { LoginOutcome::Success });
        }
        let (outcome, why) = if refused { (Outcome::Refused, Some((1, "error_message"))) } else { (Outcome::Accepted, None) };
        self.answered(cx, outcome, why);
        let Some((id, value)) = data.split_once('(') else { return };
        let value = value.split(')').next().unwrap_or_default().trim();
        if value.is_empty() || value.len() > 64 {
            return;
        }
        match id.trim_start_matches("1-0:").trim_end_matches("*255") {
            "0.0.0" | "C.1.0" | "C.1" | "96.1.0" | "0-0:96.1.0" | "0-0:96.1.1" | "0-0:C.1.0" => {
                cx.fact(Side::Server, "serial", value, "device number");
                cx.fact(Side::Server, "id:meter", value, "device number");
            }
            "0.2.0" | "0.2.1" => cx.fact(Side::Server, "firmware", value, "0.2.0"),
            _ => {}
        }
    }
}

/// What writing to a register does: date and time are 0.9.1 and 0.9.2 (IEC 62056-61).
fn writes(target: &str) -> Action {
    if target.contains("0.9.1") || target.contains("0.9.2") { Action::SetTime } else { Action::Write }
}

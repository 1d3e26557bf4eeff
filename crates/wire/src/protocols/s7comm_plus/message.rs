//! Messages of S7comm-plus: what a request asks and how it was answered.

use super::cotp::Tpdu;
use crate::asked::Asked;
use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;

pub const REQUEST: u8 = 0x31;
pub const RESPONSE: u8 = 0x32;
const NOTIFICATION: u8 = 0x33;
const RESPONSE_2: u8 = 0x02;

const EXPLORE: u16 = 0x04BB;
pub const CREATE_OBJECT: u16 = 0x04CA;
const DELETE_OBJECT: u16 = 0x04D4;
const SET_VARIABLE: u16 = 0x04F2;
const SET_MULTI_VARIABLES: u16 = 0x0542;
const INVOKE: u16 = 0x056B;
pub const INIT_SSL: u16 = 0x05B3;

/// Object of the unit that runs the program, and its attribute for the wanted state
/// (`NativeObjects.theCPUexecUnit_Rid`, `CPUexecUnit.operatingStateReq`).
const EXEC_UNIT: u32 = 52;
const OPERATING_STATE: u64 = 2167;
/// Session number of a request outside a session (the one that opens it).
const NO_SESSION: u32 = 0x120;
/// The attribute with the answer to the controller's challenge.
const SESSION_KEY_RESPONSE: u64 = 304;
/// Relation ids of a program's blocks: OB, FC, FB, DB … by their high octets.
const PROGRAM: std::ops::RangeInclusive<u16> = 0x8A00..=0x8AFF;

pub const OPERATIONS: &[&str] = &[
    "explore",
    "upload_block",
    "open_session",
    "create_object",
    "download_block",
    "delete_object",
    "delete_session",
    "set_variable",
    "get_variable",
    "add_link",
    "remove_link",
    "get_link",
    "set_multi_variables",
    "session_setup",
    "authenticate",
    "get_multi_variables",
    "begin_sequence",
    "end_sequence",
    "invoke",
    "set_var_substreamed",
    "get_var_substreamed",
    "get_variables_address",
    "abort",
    "error",
    "init_ssl",
    "plc_start",
    "plc_stop",
    "plc_restart",
];

/// First octet of a message, if it is one.
pub fn opcode(body: &[u8]) -> Option<u8> {
    body.first().copied().filter(|b| matches!(*b, REQUEST | RESPONSE | NOTIFICATION | RESPONSE_2))
}

/// Name, action and the wording of the peer's log.
fn function(code: u16) -> (&'static str, Action) {
    match code {
        EXPLORE => ("explore", Action::Read),
        CREATE_OBJECT => ("create_object", Action::Configure),
        DELETE_OBJECT => ("delete_object", Action::Configure),
        SET_VARIABLE => ("set_variable", Action::Write),
        0x04FC => ("get_variable", Action::Read),
        0x0506 => ("add_link", Action::Configure),
        0x051A => ("remove_link", Action::Configure),
        0x0524 => ("get_link", Action::Read),
        SET_MULTI_VARIABLES => ("set_multi_variables", Action::Write),
        0x054C => ("get_multi_variables", Action::Read),
        0x0556 => ("begin_sequence", Action::Other),
        0x0560 => ("end_sequence", Action::Other),
        INVOKE => ("invoke", Action::Other),
        0x057C => ("set_var_substreamed", Action::Write),
        0x0586 => ("get_var_substreamed", Action::Read),
        0x0590 => ("get_variables_address", Action::Read),
        0x059A => ("abort", Action::Other),
        0x05A9 => ("error", Action::Other),
        INIT_SSL => ("init_ssl", Action::Other),
        _ => ("unknown_function", Action::Other),
    }
}

/// One message.
#[derive(Debug, PartialEq)]
pub struct Message<'a> {
    pub opcode: u8,
    pub function: u16,
    pub sequence: u16,
    pub session: u32,
    /// Behind the head.
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    pub fn read(bytes: &'a [u8]) -> Option<Message<'a>> {
        let mut r = Reader::new(bytes);
        let opcode = opcode(bytes)?;
        r.skip(1)?;
        if opcode == NOTIFICATION {
            return Some(Message { opcode, function: 0, sequence: 0, session: 0, body: r.rest() });
        }
        r.skip(2)?;
        let function = r.be16()?;
        r.skip(2)?;
        let sequence = r.be16()?;
        let session = if opcode == REQUEST { r.be32()? } else { 0 };
        // transport flags
        r.skip(1)?;
        Some(Message { opcode, function, sequence, session, body: r.rest() })
    }

    /// What the request asks for.
    pub fn asked(&self, cx: &Cx<'_>) -> Asked {
        let (name, action) = function(self.function);
        let mut asked = Asked::new(cx, action, name).code(self.function);
        let mut r = Reader::new(self.body);
        let object = r.be32();
        asked.notable = matches!(action, Action::Write | Action::Configure) || self.function == INVOKE;
        match (self.function, object) {
            (CREATE_OBJECT, _) if self.session == NO_SESSION || self.session == 0 => {
                asked.name = "open_session".into();
                asked.action = Action::Other;
                asked.category = Category::Monitor;
                asked.notable = false;
            }
            (CREATE_OBJECT, Some(object)) if PROGRAM.contains(&relation(self.body)) || object == 3 => {
                asked.name = "download_block".into();
                asked.action = Action::Download;
                asked.category = Category::Engineering;
            }
            (DELETE_OBJECT, Some(object)) if object == self.session => {
                asked.name = "delete_session".into();
                asked.action = Action::Other;
                asked.category = Category::Monitor;
                asked.notable = false;
            }
            (EXPLORE, Some(object)) if object == 3 || PROGRAM.contains(&((object >> 16) as u16)) => {
                asked.name = "upload_block".into();
                asked.action = Action::Upload;
                asked.category = Category::Engineering;
            }
            (SET_MULTI_VARIABLES, Some(object)) if object == self.session => {
                let answers = r.u8().and_then(|_| r.u8()).and_then(|_| vlq(&mut r));
                let key = answers == Some(SESSION_KEY_RESPONSE);
                asked.name = (if key { "authenticate" } else { "session_setup" }).into();
                asked.action = if key { Action::Authenticate } else { Action::Other };
                asked.category = asked.action.category();
                asked.notable = key;
            }
            (SET_MULTI_VARIABLES, Some(EXEC_UNIT)) => {
                // one item, one address, number of the item
                let _counts = (vlq(&mut r), vlq(&mut r));
                if vlq(&mut r) == Some(OPERATING_STATE) && vlq(&mut r).is_some() {
                    state(&mut asked, &mut r);
                }
            }
            (SET_VARIABLE, Some(EXEC_UNIT)) => variable(&mut asked, &mut r),
            (SET_MULTI_VARIABLES, Some(0)) => {
                if let Some(items) = vlq(&mut r) {
                    asked.detail.push(("items", Val::from(items)));
                }
            }
            _ => {}
        }
        asked
    }

    /// Error code of an answer that is a refusal.
    pub fn refusal(&self) -> Option<i64> {
        let value = vlq(&mut Reader::new(self.body))?;
        // the upper half has flags, the lower a signed code that is negative for errors
        let code = value as u16 as i16;
        (code < 0).then_some(i64::from(code))
    }

    /// The event of this message.
    pub fn event(&self, cx: &mut Cx<'_>, version: u8) {
        if !cx.wants_pdus() {
            return;
        }
        let opcode = match self.opcode {
            REQUEST => "request",
            NOTIFICATION => "notification",
            _ => "response",
        };
        let mut f = vec![
            ("ot.protocol", Val::Static("s7comm-plus")),
            ("s7comm_plus.version", Val::from(version)),
            ("s7comm_plus.opcode", Val::Static(opcode)),
        ];
        if self.opcode == NOTIFICATION {
            return cx.pdu("notification", f);
        }
        let (name, action) = function(self.function);
        f.push(("ot.function.code", Val::from(self.function)));
        f.push(("ot.function.name", Val::Static(name)));
        f.push(("ot.action", Val::Static(action.name())));
        f.push(("s7comm_plus.sequence", Val::from(self.sequence)));
        if self.opcode == REQUEST {
            f.push(("s7comm_plus.session", Val::from(self.session)));
        } else {
            let refusal = self.refusal();
            if let Some(code) = refusal {
                f.push(("ot.exception.code", Val::from(code)));
            }
            f.push(("event.outcome", Val::Static(if refusal.is_some() { "failure" } else { "success" })));
        }
        cx.pdu(name, f);
    }
}

/// Relation id of the object that is made, in its high octets: behind the id of the object it is made
/// in come a value and the object itself (A1, relation id).
fn relation(body: &[u8]) -> u16 {
    let at = body.iter().take(32).position(|b| *b == 0xA1);
    let id = at.and_then(|at| body.get(at + 1..at + 3));
    id.map_or(0, |id| id.iter().fold(0, |sum, b| sum << 8 | u16::from(*b)))
}

/// One attribute of the unit that runs the program.
fn variable(asked: &mut Asked, r: &mut Reader<'_>) {
    if r.u8().is_some() && vlq(r) == Some(OPERATING_STATE) {
        state(asked, r);
    }
}

/// The wanted state of the unit that runs the program: 1 stop, 3 run.
fn state(asked: &mut Asked, r: &mut Reader<'_>) {
    let (flags, kind) = (r.u8(), r.u8());
    // signed and unsigned integers of 32 bits are of variable length
    let value = match (flags, kind) {
        (Some(_), Some(4 | 8)) => vlq(r),
        (Some(_), Some(2 | 6 | 10)) => r.u8().map(u64::from),
        _ => None,
    };
    let (name, action) = match value {
        Some(1) => ("plc_stop", Action::Stop),
        Some(3) => ("plc_start", Action::Start),
        Some(_) => ("plc_restart", Action::ChangeMode),
        None => return,
    };
    (asked.name, asked.action) = (name.into(), action);
    asked.value = value.map(Val::from);
}

/// A number of variable length: seven bits an octet, the high bit says that more follow.
fn vlq(r: &mut Reader<'_>) -> Option<u64> {
    let mut value = 0u64;
    for _ in 0..9 {
        let octet = r.u8()?;
        value = value << 7 | u64::from(octet & 0x7F);
        if octet & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The event of a TPDU, as for S7comm.
pub fn transport(cx: &mut Cx<'_>, tpdu: &Tpdu<'_>) {
    if cx.wants_pdus() {
        let f = vec![
            ("ot.protocol", Val::Static("s7comm-plus")),
            ("cotp.pdu_code", Val::from(tpdu.code >> 4)),
            ("cotp.pdu_name", Val::Static(tpdu.name())),
        ];
        cx.pdu(tpdu.name(), f);
    }
}

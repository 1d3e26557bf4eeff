//! DNP3 application layer: requests, answers and what they say (IEEE 1815-2012, clauses 4 and 7).

use super::functions::{self as f, meaning};
use super::link::Header;
use super::objects::{Objects, Walk};
use super::values::*;
use super::{Dnp3, MAX_FILES};
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;

/// What one request asks for, at most; further kinds of objects are not told apart.
const MAX_ITEMS: usize = 8;

/// Whose answer a request waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Association {
    pub outstation: u16,
    pub master: u16,
    pub sequence: u8,
}

/// One thing a request does.
#[derive(Debug)]
pub struct Item {
    pub name: &'static str,
    pub action: Action,
    pub address: Option<(i64, i64)>,
    pub space: Option<&'static str>,
    pub target: Option<Box<str>>,
    pub value: Option<Val>,
    pub detail: Vec<(&'static str, Val)>,
}

/// A request that may be answered.
#[derive(Debug)]
pub struct Request {
    function: u8,
    pub by: Side,
    pub asked: Stamp,
    items: Vec<Item>,
    /// User name and password of a file authentication.
    login: Option<(Box<str>, Box<str>)>,
}

impl Request {
    /// Reports each thing asked for, with the outcome of all.
    pub fn report(
        self,
        cx: &mut Cx<'_>,
        key: Association,
        outcome: Outcome,
        exception: Option<(i64, &'static str)>,
    ) {
        let mut digits = itoa::Buffer::new();
        let unit = digits.format(key.outstation);
        for item in self.items {
            let mut op = Op::new(item.action, item.name)
                .category(f::category(self.function, item.action))
                .code(self.function)
                .unit(unit)
                .outcome(outcome)
                .asked(self.asked)
                .by(self.by);
            op.address = item.address;
            op.space = item.space;
            op.target = item.target.as_deref();
            op.value = item.value;
            op.detail = item.detail;
            op.exception = exception;
            op.notable = !matches!(item.action, Action::Read | Action::Diagnose);
            cx.op(op);
        }
        if let Some((user, password)) = self.login {
            let login = LoginOutcome::from(outcome);
            let cred = Cred::new(CredKind::Password).outcome(login).cleartext().sent(self.asked);
            cx.credential(cred.username(&user).secret(&password));
        }
    }
}

/// Events wait for the next poll: their times are so much older than the packet.
const TIME_SLACK: Micros = 30_000_000;

/// Objects whose last six octets are an absolute time (annex A): time and date, events with time.
fn timed(group: u8, variation: u8) -> bool {
    matches!(
        (group, variation),
        (50, 1) | (2 | 4 | 11 | 13, 2) | (22 | 23, 5 | 6) | (32 | 42, 3 | 4 | 7 | 8) | (43, 3 | 4 | 7 | 8)
    )
}

impl Dnp3 {
    /// One whole application fragment.
    pub(super) fn fragment(&mut self, cx: &mut Cx<'_>, header: &Header, data: &[u8]) {
        let mut r = Reader::new(data);
        let (Some(control), Some(function)) = (r.u8(), r.u8()) else { return cx.malformed() };
        let sequence = control & 0x0F;
        match function {
            f::CONFIRM => self.pdu(cx, header, control, function, None, &[]),
            f::RESPONSE | f::UNSOLICITED_RESPONSE | f::AUTHENTICATE_RESP => {
                let Some(iin) = r.le16() else { return cx.malformed() };
                let key = Association { outstation: header.source, master: header.destination, sequence };
                self.pdu(cx, header, control, function, Some(iin), r.rest());
                self.health(cx, header.source, iin, r.rest());
                self.answer(cx, key, (control, function), iin, r.rest());
            }
            _ => {
                let key = Association { outstation: header.destination, master: header.source, sequence };
                self.pdu(cx, header, control, function, None, r.rest());
                self.request(cx, key, function, r.rest());
            }
        }
    }

    /// What an outstation says of itself: faults by its indications, its clock by time objects.
    fn health(&self, cx: &mut Cx<'_>, outstation: u16, iin: u16, data: &[u8]) {
        let mut digits = itoa::Buffer::new();
        let unit = digits.format(outstation);
        for name in ["device_trouble", "configuration_corrupt"] {
            let is = f::indications(iin).any(|i| i == name);
            cx.says_fault(cx.from(), unit, name, is);
        }
        // the latest object with a time of its own (annex A); only such headers are looked into
        for objects in Walk::new(data, true).filter(|o| timed(o.group, o.variation)) {
            let last = objects.items().last().and_then(|(_, o)| o.len().checked_sub(6).and_then(|n| o.get(n..)));
            if let Some(Val::Int(ms)) = last.and_then(time) {
                cx.says_time(cx.from(), unit, ms.saturating_mul(1000), TIME_SLACK);
            }
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, key: Association, function: u8, data: &[u8]) {
        // an authentication reply belongs to the request that was challenged; any other request
        // of the same number says that the earlier one will not be answered any more
        if function != f::AUTHENTICATE_REQ {
            while let Some(old) = self.open.take(&key) {
                self.unanswered(cx, key, old);
            }
        }
        let mut request = Request { function, by: cx.from(), asked: cx.at(), items: Vec::new(), login: None };
        let mut walk = Walk::new(data, f::with_data(function));
        for objects in &mut walk {
            if objects.group == 120 {
                self.secure(cx);
            }
            // aggressive mode: the authentication stands before and behind what is asked for
            if objects.group == 120 && !matches!(function, f::AUTHENTICATE_REQ | f::AUTHENTICATE_REQ_NR) {
                continue;
            }
            self.ask(&mut request, &objects);
        }
        if walk.failed() && request.items.is_empty() {
            cx.malformed();
        }
        if request.items.is_empty() {
            let (name, action) = meaning(function, None);
            request.items.push(Item::new(name, action));
        }
        for item in &mut request.items {
            if item.name.is_empty() {
                item.name = "unknown_function";
            }
        }
        if f::no_answer_due(function) {
            return request.report(cx, key, Outcome::Unknown, None);
        }
        if let Some((key, old)) = self.open.push(key, request) {
            self.unanswered(cx, key, old);
        }
    }

    /// Adds what a request does to the objects of one header.
    fn ask(&self, request: &mut Request, objects: &Objects<'_>) {
        let (name, action) = meaning(request.function, Some(objects));
        let known = request.items.iter().any(|i| i.name == name);
        if known || request.items.len() >= MAX_ITEMS {
            return;
        }
        let mut item = Item::new(name, action);
        item.space = objects.space();
        item.address = objects.start.map(|s| (i64::from(s), i64::from(objects.count.unwrap_or(1))));
        match (objects.group, objects.variation) {
            _ if request.function == f::READ && objects.group != 70 => {}
            (12, 1) => control_block(&mut item, objects),
            (41, _) => {
                if let Some((index, data)) = objects.first() {
                    item.address = Some((i64::from(index), 1));
                    item.value = analog(objects.variation, data);
                }
            }
            (10, 1) | (80, 1) => item.value = objects.data.first().map(|b| Val::from(b & 1)),
            (50, _) => item.value = objects.first().and_then(|(_, d)| time(d)),
            (70, _) => self.file_item(&mut item, request, objects),
            (120, v) => authentication_item(&mut item, v, objects),
            (0, _) => {
                if let Some((kind, value)) = objects.attributes().next() {
                    item.target = Some(format!("g0v{}", objects.variation).into());
                    item.value = attribute(kind, value).map(Val::from);
                }
            }
            _ => {}
        }
        request.items.push(item);
    }

    fn file_item(&self, item: &mut Item, request: &mut Request, objects: &Objects<'_>) {
        let Some(file) = objects.free().next() else { return };
        item.address = None;
        match objects.variation {
            2 => {
                if let Some((user, password)) = file_login(file) {
                    item.detail.push(("user", Val::from(user.as_str())));
                    request.login = Some((user.into(), password.into()));
                }
            }
            3 | 7 => item.target = counted(file, 0).map(|n| text(n).into()),
            8 => item.target = Some(text(file).into()),
            _ => {
                let handle = Reader::new(file).le32();
                let open = self.files.iter().find(|(h, _)| Some(*h) == handle);
                item.target = open.map(|(_, name)| name.clone());
            }
        }
    }

    fn answer(
        &mut self,
        cx: &mut Cx<'_>,
        key: Association,
        (control, function): (u8, u8),
        iin: u16,
        data: &[u8],
    ) {
        let mut refusal = f::refusal(iin);
        let (mut challenged, mut login_key) = (false, None);
        let mut handle = None;
        for objects in Walk::new(data, true) {
            match (objects.group, objects.variation) {
                (0, _) => attributes(cx, &objects),
                (12, 1) => control_refusal(&mut refusal, &objects, 10),
                (41, v) => {
                    control_refusal(&mut refusal, &objects, [4, 2, 4, 8][usize::from(v.wrapping_sub(1) & 3)])
                }
                (70, 2) => login_key = objects.free().next().and_then(|o| o.get(8..12)).map(|k| k != [0; 4]),
                (70, 4) => {
                    if let Some(file) = objects.free().next() {
                        handle = Reader::new(file).le32();
                        file_refusal(&mut refusal, file.get(12));
                    }
                }
                (70, 6) => file_refusal(&mut refusal, objects.free().next().and_then(|o| o.get(8))),
                (120, 1) => {
                    challenged = true;
                    self.secure(cx);
                }
                (120, 7) => {
                    self.secure(cx);
                    if let Some(code) = objects.free().next().and_then(|o| o.get(8)) {
                        refusal = refusal.or(Some((i64::from(*code), f::authentication_error(*code))));
                    }
                }
                (120, _) => self.secure(cx),
                _ => {}
            }
        }
        // an unsolicited response answers nothing; a challenge leaves the request open
        if function == f::UNSOLICITED_RESPONSE || challenged {
            return;
        }
        let mut next = self.open.take(&key).map(|request| (key, request));
        // some outstations count on their own: a first fragment answers the only open request
        if next.is_none() && control & 0x80 != 0 && self.open.len() == 1 {
            next = self.open.take_if(|k, _| (k.outstation, k.master) == (key.outstation, key.master));
        }
        while let Some((key, request)) = next {
            let mut refused = refusal;
            if request.function == f::AUTHENTICATE_FILE && login_key == Some(false) {
                refused = refused.or(Some((1, f::file_status(1))));
            }
            if request.function == f::OPEN_FILE
                && refused.is_none()
                && let (Some(handle), Some(name)) =
                    (handle, request.items.first().and_then(|i| i.target.clone()))
            {
                self.files.retain(|(h, _)| *h != handle);
                if self.files.len() >= MAX_FILES {
                    self.files.remove(0);
                }
                self.files.push((handle, name));
            }
            let outcome = if refused.is_some() { Outcome::Refused } else { Outcome::Accepted };
            request.report(cx, key, outcome, refused);
            next = self.open.take(&key).map(|request| (key, request));
        }
    }

    /// Secure authentication was seen: a property of the service, noted once.
    fn secure(&mut self, cx: &mut Cx<'_>) {
        if !self.secured {
            self.secured = true;
            cx.service_info("authentication", "DNP3 secure authentication");
        }
    }
}

impl Item {
    pub fn new(name: &'static str, action: Action) -> Item {
        Item { name, action, address: None, space: None, target: None, value: None, detail: Vec::new() }
    }
}

//! DNP3 application layer: requests, answers and what they say (IEEE 1815-2012, clauses 4 and 7).

use super::functions::{self as f, meaning};
use super::link::Header;
use super::objects::{Objects, Walk};
use super::{Dnp3, MAX_FILES};
use crate::bytes::{Reader, hex, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;

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
struct Item {
    name: &'static str,
    action: Action,
    address: Option<(i64, i64)>,
    space: Option<&'static str>,
    target: Option<Box<str>>,
    value: Option<Val>,
    detail: Vec<(&'static str, Val)>,
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
            let login = match outcome {
                Outcome::Accepted => LoginOutcome::Success,
                Outcome::Refused => LoginOutcome::Failure,
                _ => LoginOutcome::Unknown,
            };
            let cred = Cred::new(CredKind::Password).outcome(login).cleartext().sent(self.asked);
            cx.credential(cred.username(&user).secret(&password));
        }
    }
}

/// The event of a link frame without user data.
pub fn link_event(cx: &mut Cx<'_>, header: &Header) {
    if cx.wants_pdus() {
        let name = header.function_name();
        let mut fields = base_fields(header, name);
        fields.push(("dnp3.link.function", Val::from(header.function())));
        cx.pdu(name, fields);
    }
}

fn base_fields(header: &Header, name: &'static str) -> Vec<(&'static str, FieldVal)> {
    let unit = if header.by_master() { header.destination } else { header.source };
    vec![
        ("ot.protocol", Val::Static("dnp3")),
        ("ot.function.name", Val::Static(name)),
        ("ot.unit", Val::from(unit.to_string())),
        ("dnp3.source", Val::from(header.source)),
        ("dnp3.destination", Val::from(header.destination)),
        ("dnp3.direction", Val::Static(if header.by_master() { "master" } else { "outstation" })),
    ]
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
                self.answer(cx, key, (control, function), iin, r.rest());
            }
            _ => {
                let key = Association { outstation: header.destination, master: header.source, sequence };
                self.pdu(cx, header, control, function, None, r.rest());
                self.request(cx, key, function, r.rest());
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

    fn pdu(
        &self,
        cx: &mut Cx<'_>,
        header: &Header,
        control: u8,
        function: u8,
        iin: Option<u16>,
        data: &[u8],
    ) {
        if !cx.wants_pdus() {
            return;
        }
        let name = match f::name(function) {
            "" => "unknown_function",
            name => name,
        };
        let mut fields = base_fields(header, name);
        fields.push(("ot.function.code", Val::from(function)));
        fields.push(("dnp3.sequence", Val::from(control & 0x0F)));
        fields.push(("dnp3.unsolicited", Val::from(control & 0x10 != 0)));
        let objects: Vec<_> = Walk::new(data, f::with_data(function)).take(64).collect();
        if !objects.is_empty() {
            let labels: Vec<Val> = objects.iter().map(|o| Val::from(o.label())).collect();
            fields.push(("dnp3.objects", Val::from(labels)));
        }
        if let Some(iin) = iin {
            fields.push(("dnp3.iin", Val::from(iin)));
            let names: Vec<Val> = f::indications(iin).map(Val::Static).collect();
            if !names.is_empty() {
                fields.push(("dnp3.indications", Val::from(names)));
            }
            let refusal = f::refusal(iin);
            fields
                .push(("event.outcome", Val::Static(if refusal.is_some() { "failure" } else { "success" })));
            if let Some((code, name)) = refusal {
                fields.push(("ot.exception.code", Val::Int(code)));
                fields.push(("ot.exception.name", Val::Static(name)));
            }
        } else if function != f::CONFIRM {
            let first = objects.iter().find(|o| o.group != 120).or(objects.first());
            let (_, action) = meaning(function, first);
            fields.push(("ot.action", Val::Static(action.name())));
            fields.push(("ot.category", Val::Static(f::category(function, action).name())));
            if let Some(o) = first {
                if let Some(space) = o.space() {
                    fields.push(("ot.address.space", Val::Static(space)));
                }
                let mut item = Item::new("", action);
                if o.group == 12 && o.variation == 1 {
                    control_block(&mut item, o);
                }
                if let Some((start, count)) =
                    item.address.or(o.start.map(|s| (i64::from(s), i64::from(o.count.unwrap_or(1)))))
                {
                    fields.push(("ot.address.start", Val::Int(start)));
                    fields.push(("ot.address.count", Val::Int(count)));
                }
                if let Some(value) = item.value {
                    fields.push(("ot.value_text", value));
                }
            }
        }
        cx.pdu(name, fields);
    }
}

impl Item {
    fn new(name: &'static str, action: Action) -> Item {
        Item { name, action, address: None, space: None, target: None, value: None, detail: Vec::new() }
    }
}

/// Control relay output block (g12v1): control code, count, on and off times in ms, status.
fn control_block(item: &mut Item, objects: &Objects<'_>) {
    let Some((index, data)) = objects.first() else { return };
    let mut r = Reader::new(data);
    let (Some(code), Some(count), Some(on), Some(off)) = (r.u8(), r.u8(), r.le32(), r.le32()) else { return };
    item.address = Some((i64::from(index), 1));
    let operation = ["nul", "pulse_on", "pulse_off", "latch_on", "latch_off"];
    let trip = ["", " close", " trip", ""].get(usize::from(code >> 6)).copied().unwrap_or("");
    let name = operation.get(usize::from(code & 0x0F)).copied().unwrap_or("undefined");
    item.value = Some(Val::from(format!("{name}{trip}")));
    item.detail.push(("control_code", Val::from(code)));
    item.detail.push(("count", Val::from(count)));
    item.detail.push(("on_time_ms", Val::from(on)));
    item.detail.push(("off_time_ms", Val::from(off)));
    let points: Vec<Val> = objects.items().take(16).map(|(i, _)| Val::from(i)).collect();
    if points.len() > 1 {
        item.detail.push(("points", Val::from(points)));
    }
}

/// Value of an analog output command (g41).
fn analog(variation: u8, data: &[u8]) -> Option<Val> {
    let mut r = Reader::new(data);
    match variation {
        1 => r.le_i32().map(Val::from),
        2 => r.le_i16().map(Val::from),
        3 => r.le_f32().map(Val::from),
        4 => r.le_f64().map(Val::from),
        _ => None,
    }
}

/// DNP3 time: milliseconds since 1970-01-01 UTC in 48 bits.
fn time(data: &[u8]) -> Option<Val> {
    let mut r = Reader::new(data);
    let (low, high) = (r.le32()?, r.le16()?);
    Some(Val::Int(i64::from(high) << 32 | i64::from(low)))
}

/// Bytes that an offset and a size at `at` of a file object point to.
fn counted(object: &[u8], at: usize) -> Option<&[u8]> {
    let mut r = Reader::new(object.get(at..)?);
    let (offset, size) = (usize::from(r.le16()?), usize::from(r.le16()?));
    object.get(offset..offset.checked_add(size)?)
}

/// User name and password of a file authentication object (g70v2).
fn file_login(object: &[u8]) -> Option<(String, String)> {
    let (user, password) = (counted(object, 0)?, counted(object, 4)?);
    (!user.is_empty() || !password.is_empty()).then(|| (text(user), text(password)))
}

/// What an authentication request tells of who asks (g120).
fn authentication_item(item: &mut Item, variation: u8, objects: &Objects<'_>) {
    let Some(object) = objects.free().next().or(Some(objects.data)).filter(|o| !o.is_empty()) else { return };
    item.address = None;
    let mut r = Reader::new(object);
    let user = match variation {
        2 | 3 | 6 | 11..=14 => r.le32().and_then(|_| r.le16()),
        4 | 5 => r.le16(),
        10 => {
            let (method, operation) = (r.u8(), r.u8());
            let name = r.skip(8).and_then(|_| r.le16()).map(usize::from);
            let rest = r.skip(4).map(|_| r.rest());
            if let (Some(_), Some(operation)) = (method, operation) {
                let word = ["", "add", "delete", "change"].get(usize::from(operation)).copied().unwrap_or("");
                item.detail.push(("operation", Val::Static(word)));
            }
            item.target = name.zip(rest).and_then(|(n, rest)| rest.get(..n)).map(|n| text(n).into());
            None
        }
        _ => None,
    };
    if let Some(user) = user {
        item.detail.push(("user_number", Val::from(user)));
    }
}

/// Notes the first status other than success of echoed controls; `at` is its place in the object.
fn control_refusal(refusal: &mut Option<(i64, &'static str)>, objects: &Objects<'_>, at: usize) {
    let bad = objects.items().filter_map(|(_, o)| o.get(at)).map(|s| s & 0x7F).find(|s| *s != 0);
    if let Some(status) = bad {
        *refusal = Some((i64::from(status), f::control_status(status)));
    }
}

fn file_refusal(refusal: &mut Option<(i64, &'static str)>, status: Option<&u8>) {
    if let Some(&status) = status
        && status != 0
    {
        *refusal = Some((i64::from(status), f::file_status(status)));
    }
}

/// Text of a device attribute by its data type (annex A, group 0).
fn attribute(kind: u8, value: &[u8]) -> Option<String> {
    let little = |v: &[u8]| v.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
    match kind {
        1 => Some(text(value)),
        2 if value.len() <= 8 => Some(little(value).to_string()),
        3 if matches!(value.len(), 1..=8) => {
            let unused = 64 - 8 * value.len() as u32;
            Some(((little(value) << unused) as i64 >> unused).to_string())
        }
        4 if value.len() == 4 => Reader::new(value).le_f32().map(|v| v.to_string()),
        4 if value.len() == 8 => Reader::new(value).le_f64().map(|v| v.to_string()),
        5 | 6 => Some(hex(value)),
        7 => time(value).map(|t| if let Val::Int(t) = t { t.to_string() } else { String::new() }),
        _ => None,
    }
}

/// Facts from the device attributes of an answer (group 0; the variation is the attribute).
fn attributes(cx: &mut Cx<'_>, objects: &Objects<'_>) {
    let (name, field) = match objects.variation {
        208 => ("system", "g0v208.system_name"),
        209 => ("secure-authentication", "g0v209.secure_authentication_version"),
        242 => ("firmware", "g0v242.software_version"),
        243 => ("hardware", "g0v243.hardware_version"),
        245 => ("location", "g0v245.location"),
        246 => ("user-id", "g0v246.id_code"),
        247 => ("name", "g0v247.device_name"),
        248 => ("serial", "g0v248.serial_number"),
        249 => ("conformance", "g0v249.subset_and_conformance"),
        250 => ("product", "g0v250.product_name_and_model"),
        252 => ("vendor", "g0v252.manufacturer_name"),
        _ => return,
    };
    for (kind, value) in objects.attributes() {
        if let Some(value) = attribute(kind, value) {
            cx.fact(cx.from(), name, &value, field);
        }
    }
}

//! What BACnet services do: requests as operations and credentials, with their outcome.

use super::Net;
use super::apdu::Apdu;
use super::identity::Search;
use super::names::{self, Kind};
use super::properties::{Layout, Value, walk};
use super::tags::{self, Body, ObjectId, Tag, unsigned};
use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Request {
    pub service: u8,
    pub by: Side,
    pub asked: Stamp,
    name: &'static str,
    action: Action,
    category: Category,
    object: Option<ObjectId>,
    target: Option<Target>,
    value: Option<Val>,
    detail: Vec<(&'static str, Val)>,
    password: Option<Box<str>>,
    unit: Option<Box<str>>,
}

#[derive(Debug)]
enum Target {
    Static(&'static str),
    Text(Box<str>),
}

/// State of a reinitialization request (clause 16.4), what it does.
fn reinitialized(state: u32) -> (&'static str, &'static str, Action) {
    match state {
        0 => ("coldstart", "reinitialize_device", Action::Restart),
        1 => ("warmstart", "reinitialize_device", Action::Restart),
        2 => ("startbackup", "start_backup", Action::Upload),
        3 => ("endbackup", "end_backup", Action::Upload),
        4 => ("startrestore", "start_restore", Action::Download),
        5 => ("endrestore", "end_restore", Action::Download),
        6 => ("abortrestore", "abort_restore", Action::Download),
        7 => ("activate-changes", "activate_changes", Action::Configure),
        _ => ("unknown", "reinitialize_device", Action::Restart),
    }
}

/// Name of the state a device control request asks for.
pub fn control_state(service: u8, state: u32) -> &'static str {
    match (service, state) {
        (17, 0) => "enable",
        (17, 1) => "disable",
        (17, 2) => "disable-initiation",
        (17, _) => "unknown",
        _ => reinitialized(state).0,
    }
}

/// Parameters of DeviceCommunicationControl and ReinitializeDevice: minutes, state, password.
pub fn control(service: u8, body: &[u8]) -> (Option<u32>, Option<u32>, Option<String>) {
    let mut r = Reader::new(body);
    let minutes = if service == 17 { Tag::context(&mut r, 0).and_then(unsigned) } else { None };
    let first = u8::from(service == 17);
    let state = Tag::context(&mut r, first).and_then(unsigned);
    let password = Tag::context(&mut r, first + 1).map(tags::string);
    (minutes, state, password)
}

fn confirmed_action(service: u8) -> Option<(Action, Category)> {
    let action = match service {
        0 | 9 | 8 => Action::Write,
        3 | 4 | 12 | 13 | 14 | 26 | 29 | 33 => Action::Read,
        5 | 28 | 30 => Action::Subscribe,
        6 => Action::FileRead,
        7 => Action::FileWrite,
        10 | 11 => Action::Configure,
        15 | 16 | 27 => Action::Write,
        17 => return Some((Action::ChangeMode, Category::Administration)),
        20 => Action::Restart,
        24 | 25 => Action::Authenticate,
        // notifications: a device reports
        1 | 2 | 31 | 32 => return None,
        _ => return Some((Action::Other, Category::Administration)),
    };
    Some((action, action.category()))
}

fn unconfirmed_action(service: u8) -> Option<Action> {
    Some(match service {
        6 | 9 => Action::SetTime,
        7 | 8 => Action::Discover,
        10 => Action::Write,
        14 => Action::SetName,
        4 | 5 => Action::Other,
        _ => return None,
    })
}

impl Request {
    fn new(cx: &Cx<'_>, service: u8, name: &'static str, action: Action, category: Category) -> Request {
        Request {
            service,
            by: cx.from(),
            asked: cx.at(),
            name,
            action,
            category,
            object: None,
            target: None,
            value: None,
            detail: Vec::new(),
            password: None,
            unit: None,
        }
    }

    /// The operation a confirmed request asks for; `None` for notifications.
    pub fn confirmed(cx: &Cx<'_>, net: &Net, apdu: &Apdu<'_>, body: &[u8]) -> Option<Request> {
        let (action, category) = confirmed_action(apdu.choice)?;
        let mut q = Request::new(cx, apdu.choice, names::confirmed(apdu.choice)?, action, category);
        q.unit = net.destination.filter(|d| !d.is_broadcast()).map(|d| d.text().into());
        let mut r = Reader::new(body);
        match apdu.choice {
            17 | 20 => {
                let (minutes, state, password) = control(apdu.choice, body);
                let state = state.unwrap_or(u32::MAX);
                if apdu.choice == 20 {
                    let (_, name, action) = reinitialized(state);
                    (q.name, q.action, q.category) = (name, action, action.category());
                }
                q.value = Some(Val::Static(control_state(apdu.choice, state)));
                if let Some(minutes) = minutes {
                    q.detail.push(("minutes", Val::from(minutes)));
                }
                q.password = password.filter(|p| !p.is_empty()).map(Into::into);
            }
            6 | 7 => {
                q.object = Tag::application(&mut r, 12).and_then(ObjectId::from_bytes);
                let stream = Tag::opens(&mut r, 0);
                if stream || Tag::opens(&mut r, 1) {
                    if let Some(start) = Tag::application(&mut r, 3).and_then(unsigned) {
                        q.detail.push(("start", Val::from(start)));
                    }
                    if apdu.choice == 7 && stream {
                        let octets = Tag::application(&mut r, 6).map_or(0, <[u8]>::len);
                        q.detail.push(("octets", Val::from(octets)));
                    }
                }
            }
            10 => {
                if Tag::opens(&mut r, 0) {
                    q.object = Tag::context(&mut r, 1).and_then(ObjectId::from_bytes);
                    let kind = Tag::context(&mut r, 0).and_then(unsigned);
                    q.target = kind.map(|k| Target::Text(names::text(Kind::Object, k).into()));
                }
            }
            11 => q.object = Tag::application(&mut r, 12).and_then(ObjectId::from_bytes),
            5 | 28 => {
                let _process = Tag::context(&mut r, 0);
                q.object = Tag::context(&mut r, 1).and_then(ObjectId::from_bytes);
            }
            18 => {
                let vendor = Tag::context(&mut r, 0).and_then(unsigned);
                let number = Tag::context(&mut r, 1).and_then(unsigned);
                if let (Some(vendor), Some(number)) = (vendor, number) {
                    q.detail.push(("vendor", Val::from(names::text(Kind::Vendor, vendor))));
                    q.detail.push(("service_number", Val::from(number)));
                }
            }
            19 => q.target = text_message(body).map(|t| Target::Text(t.into())),
            _ => {
                if let Some(layout) = Layout::of(apdu.choice, false) {
                    q.first_property(body, layout);
                }
            }
        }
        Some(q)
    }

    /// Object, property and value of what a read or write touches first, and how many it touches.
    fn first_property(&mut self, body: &[u8], layout: Layout) {
        let writes = matches!(self.action, Action::Write);
        let mut count = 0u32;
        let _partial = walk(body, layout, |p| {
            count += 1;
            if count > 1 {
                return;
            }
            self.object = Some(p.object);
            self.target = Some(match names::find(Kind::Property, p.property) {
                Some(name) if !writes => Target::Static(name),
                _ => {
                    let object = names::text(Kind::Object, p.object.kind);
                    let property = names::text(Kind::Property, p.property);
                    let index = p.index.map_or(String::new(), |i| format!("[{i}]"));
                    Target::Text(format!("{object} {} {property}{index}", p.object.instance).into())
                }
            });
            if let (true, Value::Tag(tag)) = (writes, p.value) {
                self.value = Some(number(&tag).unwrap_or_else(|| Val::from(tags::text(&tag))));
            }
        });
        if writes && count > 1 {
            self.detail.push(("values", Val::from(count)));
        }
        if self.service == 15
            && let Some(priority) = priority(body)
        {
            self.detail.push(("priority", Val::from(priority)));
        }
    }

    /// The operation an unconfirmed request is; `None` for announcements and notifications.
    pub fn unconfirmed(cx: &Cx<'_>, net: &Net, apdu: &Apdu<'_>, body: &[u8]) -> Option<Request> {
        let action = unconfirmed_action(apdu.choice)?;
        let name = names::unconfirmed(apdu.choice)?;
        let mut q = Request::new(cx, apdu.choice, name, action, action.category());
        q.unit = net.destination.filter(|d| !d.is_broadcast()).map(|d| d.text().into());
        let mut r = Reader::new(body);
        match apdu.choice {
            6 | 9 => {
                let date = Tag::application(&mut r, 10).and_then(tags::date);
                let time = Tag::application(&mut r, 11).and_then(tags::time);
                if let (Some(date), Some(time)) = (date, time) {
                    q.value = Some(Val::from(format!("{date} {time}")));
                }
            }
            7 | 8 => {
                let search = Search::read(apdu.choice, body);
                q.object = search.object;
                q.target = search.name.map(|n| Target::Text(n.into()));
                if let Some((low, high)) = search.range {
                    q.detail.push(("range", Val::from(format!("{low}-{high}"))));
                }
            }
            5 => q.target = text_message(body).map(|t| Target::Text(t.into())),
            _ => {}
        }
        Some(q)
    }

    /// Message of the virtual link or network layer.
    pub fn lower(cx: &Cx<'_>, name: &'static str, code: u8, action: Action) -> Request {
        Request::new(cx, code, name, action, action.category())
    }
    pub fn detail(&mut self, name: &'static str, value: impl Into<Val>) {
        self.detail.push((name, value.into()));
    }
    /// Action and category, for events.
    pub fn meaning(&self) -> (Action, Category) {
        (self.action, self.category)
    }

    pub fn report(self, cx: &mut Cx<'_>, outcome: Outcome, exception: Option<(u32, &str)>) {
        let mut op = Op::new(self.action, self.name)
            .category(self.category)
            .code(self.service)
            .outcome(outcome)
            .asked(self.asked)
            .by(self.by);
        op.unit = self.unit.as_deref();
        if let Some(object) = self.object {
            op.address = Some((i64::from(object.instance), 1));
            op.space = names::find(Kind::Object, object.kind);
        }
        op.target = match &self.target {
            Some(Target::Static(name)) => Some(name),
            Some(Target::Text(name)) => Some(name),
            None => None,
        };
        op.value = self.value;
        op.detail = self.detail;
        op.notable = !matches!(self.category, Category::Monitor | Category::Discovery);
        if let Some((code, name)) = exception {
            op = op.exception(code, name);
        }
        cx.op(op);
        if let Some(password) = &self.password {
            let wrong = exception.is_some_and(|(_, name)| name == "password-failure");
            let login = match outcome {
                Outcome::Accepted => LoginOutcome::Success,
                Outcome::Refused if wrong => LoginOutcome::Failure,
                _ => LoginOutcome::Unknown,
            };
            let cred = Cred::new(CredKind::Password).secret(password).outcome(login).cleartext();
            cx.credential(cred.sent(self.asked).detail("service", self.name));
        }
    }
}

/// A number for `ot.value`, where the tag holds one.
fn number(tag: &Tag<'_>) -> Option<Val> {
    let Body::Primitive(data) = tag.body else {
        return if let Body::Boolean(b) = tag.body { Some(Val::Bool(b)) } else { None };
    };
    let mut r = Reader::new(data);
    match (tag.context, tag.number) {
        (false, 2 | 9) => unsigned(data).map(Val::from),
        (false, 4) => r.be_f32().map(Val::from),
        (false, 5) => r.be_f64().map(Val::from),
        _ => None,
    }
}

/// Priority of a write property request: context tag 4 behind the value.
fn priority(body: &[u8]) -> Option<u32> {
    let mut r = Reader::new(body);
    for n in 0..3 {
        let _skipped = Tag::context(&mut r, n);
    }
    if !Tag::opens(&mut r, 3) {
        return None;
    }
    tags::values(&mut r, 3, |_| ())?;
    Tag::context(&mut r, 4).and_then(unsigned)
}

/// Text of a text message service: the last character string (clauses 16.5, 16.6).
fn text_message(body: &[u8]) -> Option<String> {
    let mut r = Reader::new(body);
    let mut found = None;
    for _ in 0..16 {
        let Some(tag) = Tag::read(&mut r) else { break };
        if let (Body::Primitive(data), true, 3) = (tag.body, tag.context, tag.number) {
            found = Some(tags::string(data));
        }
    }
    found
}

//! Findings of SIP: operations, log-ins, facts and events.

use super::gb28181::{Body, Deed, Item};
use super::head::Method;
use super::{Login, Request};
use crate::cx::Cx;
use crate::model::*;

/// What a request does, as an operation.
fn operation(request: &Request) -> Option<(Action, &'static str)> {
    Some(match request.method {
        Method::Register if request.expires == Some(0) => (Action::Other, "unregister"),
        Method::Register => (Action::Authenticate, "register"),
        Method::Invite => (Action::Start, "invite"),
        Method::Bye => (Action::Stop, "bye"),
        Method::Cancel => (Action::Stop, "cancel"),
        Method::Message => (Action::Other, "message"),
        Method::Subscribe => (Action::Subscribe, "subscribe"),
        Method::Refer => (Action::Other, "refer"),
        Method::Publish => (Action::Other, "publish"),
        _ => return None,
    })
}

pub fn request(cx: &mut Cx<'_>, request: &Request, outcome: Outcome, answer: Option<(u16, &str)>) {
    let mut fields = Vec::new();
    if cx.wants_events() {
        fields.push(("sip.method", Val::Static(request.method.name())));
        for (name, value) in [
            ("sip.uri", &request.uri),
            ("sip.from", &request.from),
            ("sip.to", &request.to),
            ("sip.call_id", &request.call),
            ("sip.user_agent", &request.agent),
        ] {
            if !value.is_empty() {
                fields.push((name, Val::from(value.as_str())));
            }
        }
        if let Some((code, reason)) = answer {
            fields.push(("sip.status_code", Val::from(code)));
            fields.push(("sip.status_text", Val::from(reason)));
        }
    }
    let Some((action, name)) = operation(request) else {
        return match answer {
            Some((code, _)) => {
                let word = if code < 300 { "success" } else { "failure" };
                fields.push(("event.outcome", Val::Static(word)));
                cx.transaction("request", "info", fields);
            }
            None => cx.unanswered(request.asked, "request", "info", fields),
        };
    };
    // calls and registrations are the daily work of phones: summed, as reading is
    let mut op = Op::new(action, name).category(Category::Monitor).outcome(outcome);
    op = op.by(request.by).asked(request.asked).target(&request.to);
    if let Some((code, reason)) = answer
        && outcome == Outcome::Refused
    {
        op = op.exception(code, reason);
    }
    cx.op(op.fields(fields));
}

pub fn login(cx: &mut Cx<'_>, login: &Login, outcome: LoginOutcome, asked: Stamp) {
    let mut cred = Cred::new(login.kind).outcome(outcome).sent(asked);
    if let Some(user) = &login.user {
        cred = cred.username(user);
    }
    if let Some(secret) = &login.secret {
        cred = cred.secret(secret);
        if let Some(mode) = login.mode {
            cred = cred.hashcat(mode, secret);
        }
    }
    if let Some(realm) = &login.realm {
        cred = cred.detail("realm", realm.as_str());
    }
    cx.credential(cred);
}

/// A command of GB/T 28181.
pub fn control(cx: &mut Cx<'_>, asked: Stamp, by: Side, deed: &Deed, device: &str, outcome: Outcome) {
    let mut op = Op::new(deed.action, deed.name).protocol("gb28181").by(by).asked(asked).outcome(outcome);
    if !device.is_empty() {
        op = op.target(device);
    }
    if !deed.value.is_empty() {
        op = op.value(deed.value.as_str());
    }
    cx.op(op);
}

/// A fact about one side, if it says something.
pub fn fact(cx: &mut Cx<'_>, side: Side, name: &'static str, value: &str, field: &'static str) {
    if !value.is_empty() {
        cx.fact(side, name, value, field);
    }
}

/// A channel of a catalog, and the device it is if its address is told.
pub fn item(cx: &mut Cx<'_>, side: Side, item: &Item) {
    let parts = [&item.code, &item.name, &item.vendor, &item.model, &item.status];
    let text: Vec<&str> = parts.into_iter().map(String::as_str).filter(|p| !p.is_empty()).collect();
    fact(cx, side, "channel", &text.join(" "), "Catalog Item");
    let Some(host) = item.address.parse().ok().and_then(|ip| cx.host_ip(ip)) else { return };
    for (name, value, field) in [
        ("id:gb28181", &item.code, "DeviceID"),
        ("name", &item.name, "Name"),
        ("vendor", &item.vendor, "Manufacturer"),
        ("model", &item.model, "Model"),
    ] {
        if !value.is_empty() {
            cx.fact(host, name, value, field);
        }
    }
}

pub fn event(cx: &mut Cx<'_>, body: &Body) {
    if !cx.wants_pdus() && body.command != "Alarm" {
        return;
    }
    let mut fields = vec![
        ("gb28181.type", Val::from(body.root.as_str())),
        ("gb28181.command", Val::from(body.command.as_str())),
    ];
    for (name, value) in [
        ("gb28181.device_id", &body.device),
        ("gb28181.sn", &body.serial),
        ("gb28181.result", &body.result),
    ] {
        if !value.is_empty() {
            fields.push((name, Val::from(value.as_str())));
        }
    }
    cx.event("manscdp", "info", fields);
}

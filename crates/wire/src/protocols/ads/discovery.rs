//! The UDP service of the TwinCAT router: search and adding of routes (port 48899).
//!
//! No public specification; read from captures of TwinCAT 2 and from the router's behaviour.

use super::Ads;
use super::ams::net_id;
use crate::bytes::{Reader, hex, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;
use crate::probe::Malformed;

pub const MAGIC: u32 = 0x7114_6603;
const SERVER_INFO: u32 = 1;
const ADD_ROUTE: u32 = 6;
/// Tags of one datagram.
const MAX_TAGS: usize = 32;

/// Head of a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub invoke: u32,
    pub service: u32,
    pub response: bool,
    net_id: [u8; 6],
    port: u16,
}

impl Head {
    pub fn read(data: &[u8]) -> Option<(Head, &[u8])> {
        let mut r = Reader::new(data);
        if r.le32()? != MAGIC {
            return None;
        }
        let (invoke, service) = (r.le32()?, r.le32()?);
        let head = Head {
            invoke,
            service: service & 0x7FFF_FFFF,
            response: service & 0x8000_0000 != 0,
            net_id: r.take(6)?.try_into().ok()?,
            port: r.le16()?,
        };
        (head.service < 0x1_0000).then(|| (head, r.rest()))
    }
}

/// A datagram's request, waiting for its answer.
#[derive(Debug)]
pub struct Request {
    pub by: Side,
    pub asked: Stamp,
    route: Route,
}

#[derive(Debug, Default)]
struct Route {
    name: Option<String>,
    net_id: Option<String>,
    host: Option<String>,
    user: Option<String>,
    password: Option<String>,
}

/// Tag numbers and values of a datagram's body.
fn tags(body: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut r = Reader::new(body);
    let count = r.le32().unwrap_or(0).min(MAX_TAGS as u32);
    (0..count).map_while(move |_| {
        let (tag, length) = (r.le16()?, r.le16()?);
        Some((tag, r.take(usize::from(length))?))
    })
}

fn service_name(service: u32) -> &'static str {
    match service {
        SERVER_INFO => "server_info",
        ADD_ROUTE => "add_route",
        _ => "unknown_service",
    }
}

impl Ads {
    pub(super) fn discovery(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let (head, body) = Head::read(data).ok_or(Malformed)?;
        let name = service_name(head.service);
        event(cx, &head, name, body);
        if head.net_id != [0; 6] {
            self.note_net_id(cx, head.net_id);
        }
        if head.response {
            if head.service == SERVER_INFO {
                identity(cx, body);
            }
            let status = tags(body)
                .find(|(tag, v)| *tag == 1 && v.len() == 4)
                .and_then(|(_, v)| Reader::new(v).le32());
            if let Some(request) = self.routes.take(&(head.service, head.invoke)) {
                let outcome = match status {
                    Some(0) | None => Outcome::Accepted,
                    Some(_) => Outcome::Refused,
                };
                report(cx, head.service, request, outcome, status.filter(|s| *s != 0));
            }
            return Ok(());
        }
        let mut route = Route::default();
        for (tag, value) in tags(body) {
            match tag {
                2 => route.password = Some(text(value)),
                5 => route.host = Some(text(value)),
                7 => route.net_id = value.try_into().ok().map(net_id),
                12 => route.name = Some(text(value)),
                13 => route.user = Some(text(value)),
                _ => {}
            }
        }
        let request = Request { by: cx.from(), asked: cx.at(), route };
        if let Some(((service, _), old)) = self.routes.push((head.service, head.invoke), request) {
            self.unanswered_route(cx, service, old);
        }
        Ok(())
    }

    pub(super) fn unanswered_route(&mut self, cx: &mut Cx<'_>, service: u32, request: Request) {
        let outcome = if self.heard(request.by.other()) { Outcome::NoAnswer } else { Outcome::Unknown };
        report(cx, service, request, outcome, None);
    }
}

fn report(cx: &mut Cx<'_>, service: u32, request: Request, outcome: Outcome, status: Option<u32>) {
    let action = match service {
        SERVER_INFO => Action::Discover,
        ADD_ROUTE => Action::Configure,
        _ => Action::Other,
    };
    let route = request.route;
    let mut op = Op::new(action, service_name(service))
        .code(service)
        .outcome(outcome)
        .asked(request.asked)
        .by(request.by);
    op.target = route.name.as_deref();
    for (key, value) in [("net_id", &route.net_id), ("host", &route.host), ("user", &route.user)] {
        if let Some(value) = value {
            op.detail.push((key, Val::from(value.as_str())));
        }
    }
    if let Some(status) = status {
        op = op.exception(status, super::names::error(status));
    }
    op.notable = service != SERVER_INFO;
    cx.op(op);
    if let Some(password) = &route.password {
        let login = LoginOutcome::from(outcome);
        let mut cred =
            Cred::new(CredKind::Password).secret(password).outcome(login).cleartext().sent(request.asked);
        cred.username = route.user.as_deref();
        cx.credential(cred);
    }
}

/// Facts of an answer to a search.
fn identity(cx: &mut Cx<'_>, body: &[u8]) {
    for (tag, value) in tags(body) {
        match tag {
            5 => cx.fact(cx.from(), "hostname", &text(value), "server_info.computer_name"),
            3 => {
                let mut r = Reader::new(value);
                if let (Some(major), Some(minor), Some(build)) = (r.u8(), r.u8(), r.le16()) {
                    let version = format!("TwinCAT {major}.{minor}.{build}");
                    cx.fact(cx.from(), "firmware", &version, "server_info.twincat_version");
                    cx.service_info("version", version);
                }
            }
            4 => {
                if let Some(os) = os_version(value) {
                    cx.fact(cx.from(), "os", &os, "server_info.os_version");
                }
            }
            18 => cx.fact(cx.from(), "fingerprint", &text(value), "server_info.fingerprint"),
            _ => {}
        }
    }
}

/// Windows OSVERSIONINFO: size, major, minor, build, platform, service pack as text.
fn os_version(value: &[u8]) -> Option<String> {
    let mut r = Reader::new(value);
    let (_, major, minor, build, platform) = (r.le32()?, r.le32()?, r.le32()?, r.le32()?, r.le32()?);
    let family = match platform {
        2 => "Windows NT",
        3 => "Windows CE",
        _ => return None,
    };
    Some(if build == 0 {
        format!("{family} {major}.{minor}")
    } else {
        format!("{family} {major}.{minor}.{build}")
    })
}

fn event(cx: &mut Cx<'_>, head: &Head, name: &'static str, body: &[u8]) {
    if !cx.wants_pdus() {
        return;
    }
    let mut fields: Vec<(&'static str, FieldVal)> = vec![
        ("ot.protocol", Val::Static("ads")),
        ("ot.function.name", Val::Static(name)),
        ("ot.function.code", Val::from(head.service)),
        ("ads.response", Val::Bool(head.response)),
        ("ads.invoke_id", Val::from(head.invoke)),
        ("ads.source.net_id", Val::from(net_id(head.net_id))),
        ("ads.source.port", Val::from(head.port)),
    ];
    for (tag, value) in tags(body) {
        match tag {
            1 if value.len() == 4 => {
                let failed = value != [0; 4];
                fields.push(("event.outcome", Val::Static(if failed { "failure" } else { "success" })));
            }
            5 => fields.push(("ads.host", Val::from(text(value)))),
            7 => fields
                .push(("ads.route.net_id", Val::from(value.try_into().map_or_else(|_| hex(value), net_id)))),
            12 => fields.push(("ads.route.name", Val::from(text(value)))),
            13 => fields.push(("user.name", Val::from(text(value)))),
            _ => {}
        }
    }
    if !head.response {
        let action = if head.service == ADD_ROUTE { Action::Configure } else { Action::Discover };
        fields.push(("ot.action", Val::Static(action.name())));
        fields.push(("ot.category", Val::Static(action.category().name())));
    }
    cx.pdu(name, fields);
}

//! What is said of OPC UA: operations, log-ins, facts, the event of each chunk or message.

use super::channel::Channel;
use super::frame::{Asymmetric, Header, Hello};
use super::request::{self, Application, Fields, Identity, Item, Request};
use super::response::{self, Endpoint};
use super::services::{self, Service};
use super::status;
use crate::cx::Cx;
use crate::model::*;

/// Values and nodes shown in one event.
const MAX_SHOWN: usize = 16;

/// How a request ended: as a whole, and item by item where the answer says so.
pub struct Ending<'a> {
    pub outcome: Outcome,
    /// Status of the service or of the connection, if it is bad.
    pub status: Option<u32>,
    pub items: &'a [u32],
}

/// Services of which each item is an operation of its own.
fn itemised(service: Service) -> bool {
    matches!(
        service.code,
        services::WRITE
            | services::CALL
            | services::ADD_NODES
            | services::DELETE_NODES
            | services::ADD_REFERENCES
            | services::DELETE_REFERENCES
            | services::HISTORY_UPDATE
    )
}

/// Reports a request with what became of it.
pub fn operation(cx: &mut Cx<'_>, channel: &Channel, by: Side, request: &Request, ending: &Ending<'_>) {
    let service = request.service;
    if itemised(service) && !request.items.is_empty() {
        for (at, item) in request.items.iter().enumerate() {
            let bad = ending.items.get(at).copied().filter(|s| status::is_bad(*s)).or(ending.status);
            let outcome = if bad.is_some() { Outcome::Refused } else { ending.outcome };
            report(cx, channel, by, request, Some(item), outcome, bad);
        }
        return;
    }
    // all items failed: so did what was asked for
    let failed = ending.items.first().copied();
    let failed = failed.filter(|_| ending.items.iter().all(|s| status::is_bad(*s)));
    let bad = ending.status.or(failed);
    let outcome = if bad.is_some() { Outcome::Refused } else { ending.outcome };
    report(cx, channel, by, request, request.items.first(), outcome, bad);
}

fn report(
    cx: &mut Cx<'_>,
    channel: &Channel,
    by: Side,
    request: &Request,
    item: Option<&Item>,
    outcome: Outcome,
    bad: Option<u32>,
) {
    let service = request.service;
    let name = item.and_then(|i| i.name).unwrap_or(service.name);
    let action = item.and_then(|i| i.action).unwrap_or(service.action);
    let category = item.and_then(|i| i.category).unwrap_or(service.category);
    let mut op = Op::new(action, name)
        .category(category)
        .code(service.code)
        .outcome(outcome)
        .asked(request.asked)
        .by(by);
    op.target = item.map(|i| i.target.as_str()).or(request.subject.as_deref()).filter(|t| !t.is_empty());
    op.value = item.and_then(|i| i.value.clone()).filter(|_| itemised(service));
    if let Some(code) = bad {
        op = op.exception(code, status::name(code));
    }
    if request.total > 1 {
        op = op.detail("items", request.total);
    }
    if cx.wants_events() {
        op.fields = channel.fields();
    }
    if let Some(identity) = &request.identity {
        op = op.detail("user_token", identity.name());
        op.fields.push(("opcua.user_token", Val::Static(identity.name())));
        if let Identity::User(user, _) | Identity::Certificate(user) = identity {
            op = op.detail("user", user.as_str());
            op.fields.push(("user.name", Val::from(user.as_str())));
        }
    }
    cx.op(op);
}

/// Reports who logged in, once it is known with what success.
pub fn login(cx: &mut Cx<'_>, identity: &Identity, sent: Stamp, outcome: LoginOutcome) {
    let cred = match identity {
        Identity::Anonymous => {
            if outcome == LoginOutcome::Success {
                cx.service_info("anonymous", true);
            }
            return;
        }
        Identity::User(user, Some(password)) => {
            Cred::new(CredKind::Password).username(user).secret(password).cleartext()
        }
        Identity::User(user, None) => Cred::new(CredKind::User).username(user),
        Identity::Certificate(holder) => Cred::new(CredKind::User).username(holder),
        Identity::Issued(Some(token)) => Cred::new(CredKind::Token).secret(token).cleartext(),
        Identity::Issued(None) => return,
    };
    cx.credential(cred.sent(sent).outcome(outcome).detail("user_token", identity.name()));
}

fn fact(cx: &mut Cx<'_>, name: &'static str, value: &str, field: &'static str) {
    let value = value.trim();
    if !value.is_empty() {
        cx.fact(cx.from(), name, value, field);
    }
}

/// Facts of the application that sends.
pub fn application(cx: &mut Cx<'_>, application: &Application) {
    fact(cx, "application_uri", &application.uri, "ApplicationDescription.applicationUri");
    fact(cx, "application_name", &application.name, "ApplicationDescription.applicationName");
    fact(cx, "product_uri", &application.product_uri, "ApplicationDescription.productUri");
    if let Some(host) = application.urls.first().and_then(|url| host(url)) {
        fact(cx, "hostname", host, "ApplicationDescription.discoveryUrls");
    }
}

/// Host of an endpoint's URL, if it is a name that others can use.
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?']).next()?;
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let named = host.chars().any(|c| c.is_ascii_alphabetic()) && !host.contains([':', '[', '%']);
    (named && !host.eq_ignore_ascii_case("localhost") && host.len() <= 255).then_some(host)
}

/// What a server says of its endpoints: who it is, and how well it asks to be spoken to.
pub fn endpoints(cx: &mut Cx<'_>, endpoints: &[Endpoint<'_>]) {
    let Some(first) = endpoints.first() else { return };
    application(cx, &first.server);
    if let Some(host) = host(&first.url) {
        fact(cx, "hostname", host, "EndpointDescription.endpointUrl");
    }
    let mut offered: Vec<String> = Vec::new();
    let mut tokens: Vec<&str> = Vec::new();
    for endpoint in endpoints {
        let text = format!("{} {}", endpoint.policy, endpoint.mode);
        if offered.len() < MAX_SHOWN && !offered.contains(&text) {
            offered.push(text);
        }
        for token in &endpoint.tokens {
            if !tokens.contains(token) {
                tokens.push(token);
            }
        }
    }
    let list = |texts: Vec<Val>| Val::from(texts);
    cx.service_info("endpoints", list(offered.iter().map(|t| Val::from(t.as_str())).collect()));
    cx.service_info("user_tokens", list(tokens.iter().map(|t| Val::from(*t)).collect()));
    if endpoints.iter().any(|e| e.mode == "none") {
        cx.service_info("offers_no_security", true);
    }
}

/// What values read tell of the server.
pub fn server(cx: &mut Cx<'_>, body: &response::Body<'_>) {
    let build = &body.build;
    fact(cx, "vendor", &build.manufacturer, "BuildInfo.manufacturerName");
    fact(cx, "product", &build.product, "BuildInfo.productName");
    fact(cx, "firmware", &build.version, "BuildInfo.softwareVersion");
    fact(cx, "build", &build.build, "BuildInfo.buildNumber");
    fact(cx, "product_uri", &build.product_uri, "BuildInfo.productUri");
    if !build.product.is_empty() {
        cx.service_info("product", build.product.as_str());
    }
    if !build.version.is_empty() {
        cx.service_info("version", build.version.as_str());
    }
    if let Some(state) = body.state {
        fact(cx, "server_state", state, "ServerStatus.state");
    }
}

/// Fields every chunk's event begins with.
pub fn head(header: &Header) -> Fields {
    vec![
        ("ot.protocol", Val::Static("opcua")),
        ("opcua.message_type", Val::Static(header.kind.tag())),
        ("opcua.chunk_type", Val::from(char::from(header.chunk).to_string())),
        ("opcua.message_size", Val::from(header.size)),
    ]
}

/// Hello and Acknowledge.
pub fn hello(cx: &mut Cx<'_>, header: &Header, hello: &Hello) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = head(header);
    f.push(("opcua.protocol_version", Val::from(hello.version)));
    f.push(("opcua.receive_buffer_size", Val::from(hello.receive_buffer)));
    f.push(("opcua.send_buffer_size", Val::from(hello.send_buffer)));
    f.push(("opcua.max_message_size", Val::from(hello.max_message)));
    f.push(("opcua.max_chunk_count", Val::from(hello.max_chunks)));
    if !hello.url.is_empty() {
        f.push(("opcua.endpoint_url", Val::from(hello.url.as_str())));
    }
    cx.pdu(header.kind.name(), f);
}

/// Error: the sender gives the connection up.
pub fn error(cx: &mut Cx<'_>, header: &Header, code: u32, reason: &str) {
    let mut f = head(header);
    f.push(("ot.exception.code", Val::from(code)));
    f.push(("ot.exception.name", Val::Static(status::name(code))));
    f.push(("event.outcome", Val::Static("failure")));
    if !reason.is_empty() {
        f.push(("event.reason", Val::from(reason)));
    }
    cx.event(header.kind.name(), "error", f);
}

/// Security header of an Open message, for its event.
pub fn asymmetric(f: &mut Fields, open: &Asymmetric<'_>) {
    f.push(("opcua.security_policy", Val::from(open.policy_name())));
    if !open.certificate.is_empty() {
        f.push(("opcua.sender_certificate_length", Val::from(open.certificate.len())));
    }
    if !open.thumbprint.is_empty() {
        f.push(("opcua.receiver_thumbprint", Val::from(crate::bytes::hex(open.thumbprint))));
    }
}

/// What a message is of, asked and answered alike.
fn named(f: &mut Fields, channel: &Channel, service: Service, response: bool, first: Option<&Item>) {
    let action = first.and_then(|i| i.action).unwrap_or(service.action);
    let category = first.and_then(|i| i.category).unwrap_or(service.category);
    f.push(("ot.function.code", Val::from(service.code)));
    f.push(("ot.function.name", Val::Static(first.and_then(|i| i.name).unwrap_or(service.name))));
    f.push(("ot.action", Val::Static(action.name())));
    f.push(("ot.category", Val::Static(category.name())));
    f.push(("opcua.response", Val::Bool(response)));
    if let Some(item) = first {
        f.push(("ot.address.name", Val::from(item.target.as_str())));
    }
    for (name, value) in channel.fields() {
        if !f.iter().any(|(n, _)| *n == name) {
            f.push((name, value));
        }
    }
}

/// Who logs in, without the secret.
fn who(f: &mut Fields, identity: Option<&Identity>) {
    let Some(identity) = identity else { return };
    f.push(("opcua.user_token", Val::Static(identity.name())));
    if let Identity::User(user, _) | Identity::Certificate(user) = identity {
        f.push(("user.name", Val::from(user.as_str())));
    }
}

/// The event of a request.
pub fn asked(
    cx: &mut Cx<'_>,
    channel: &Channel,
    mut f: Fields,
    service: Service,
    head: &request::Header,
    body: request::Body<'_>,
) {
    let first = body.items.first();
    named(&mut f, channel, service, false, first);
    let name = first.and_then(|i| i.name).unwrap_or(service.name);
    f.push(("opcua.request_handle", Val::from(head.handle)));
    if !head.token.is_null() {
        f.push(("opcua.authentication_token", Val::from(head.token.to_string())));
    }
    f.push(("opcua.return_diagnostics", Val::from(head.diagnostics)));
    f.push(("opcua.timeout_hint", Val::from(head.timeout)));
    if !head.audit.is_empty() {
        f.push(("opcua.audit_entry_id", Val::from(head.audit.as_str())));
    }
    items(&mut f, &body.items);
    if body.total > 0 {
        f.push(("opcua.items", Val::from(body.total)));
    }
    who(&mut f, body.identity.as_ref());
    if let Some(a) = &body.application {
        f.push(("opcua.application.uri", Val::from(a.uri.as_str())));
        f.push(("opcua.application.name", Val::from(a.name.as_str())));
        f.push(("opcua.application.type", Val::Static(a.kind_name())));
        if !a.product_uri.is_empty() {
            f.push(("opcua.application.product_uri", Val::from(a.product_uri.as_str())));
        }
    }
    f.extend(body.fields);
    cx.pdu(name, f);
}

fn items(f: &mut Fields, items: &[Item]) {
    let Some(first) = items.first() else { return };
    let shown = || items.iter().take(MAX_SHOWN);
    let nodes: Vec<Val> = shown().map(|i| Val::from(i.node.to_string())).collect();
    f.push(("opcua.nodes", Val::from(nodes)));
    let attributes: Vec<Val> =
        shown().filter_map(|i| i.attribute).map(|a| Val::Static(services::attribute(a))).collect();
    if !attributes.is_empty() {
        f.push(("opcua.attributes", Val::from(attributes)));
    }
    match &first.value {
        Some(Val::Int(v)) => f.push(("ot.value", Val::Float(*v as f64))),
        Some(Val::Float(v)) => f.push(("ot.value", Val::Float(*v))),
        Some(Val::Bool(v)) => f.push(("ot.value", Val::Float(f64::from(u8::from(*v))))),
        Some(other) => f.push(("ot.value_text", other.clone())),
        None => {}
    }
}

/// The event of an answer.
pub fn answered(
    cx: &mut Cx<'_>,
    channel: &Channel,
    mut f: Fields,
    request: &Request,
    head: &response::Header,
    body: response::Body<'_>,
) {
    let first = request.items.first();
    named(&mut f, channel, request.service, true, first);
    who(&mut f, request.identity.as_ref());
    f.push(("opcua.request_handle", Val::from(head.handle)));
    f.push(("opcua.status_code", Val::from(head.result)));
    // all items failed: so did what was asked for
    let failed = !body.statuses.is_empty() && body.statuses.iter().all(|s| status::is_bad(*s));
    let bad = if failed { body.statuses.first().copied() } else { None };
    let bad = Some(head.result).filter(|r| status::is_bad(*r)).or(bad);
    f.push(("event.outcome", Val::Static(if bad.is_some() { "failure" } else { "success" })));
    if let Some(code) = bad {
        f.push(("ot.exception.code", Val::from(code)));
        f.push(("ot.exception.name", Val::Static(status::name(code))));
    }
    if !body.statuses.is_empty() {
        let codes: Vec<Val> = body.statuses.iter().take(MAX_SHOWN).map(|s| Val::from(*s)).collect();
        f.push(("opcua.status_codes", Val::from(codes)));
        let bad = body.statuses.iter().filter(|s| status::is_bad(**s)).count();
        f.push(("opcua.items_refused", Val::from(bad)));
    }
    let values: Vec<Val> = body.values.iter().flatten().take(MAX_SHOWN).map(text).collect();
    if !values.is_empty() {
        f.push(("opcua.values", Val::from(values)));
    }
    if let Some(endpoint) = body.endpoints.first() {
        let texts = |of: fn(&Endpoint<'_>) -> String| -> Val {
            Val::from(body.endpoints.iter().take(MAX_SHOWN).map(|e| Val::from(of(e))).collect::<Vec<_>>())
        };
        f.push(("opcua.endpoints", texts(|e| format!("{} {} {}", e.url, e.policy, e.mode))));
        f.push(("opcua.application.uri", Val::from(endpoint.server.uri.as_str())));
        f.push(("opcua.application.name", Val::from(endpoint.server.name.as_str())));
        f.push(("opcua.application.type", Val::Static(endpoint.server.kind_name())));
        if !endpoint.server.product_uri.is_empty() {
            f.push(("opcua.application.product_uri", Val::from(endpoint.server.product_uri.as_str())));
        }
    }
    f.extend(body.fields);
    cx.pdu(first.and_then(|i| i.name).unwrap_or(request.service.name), f);
}

/// A value as text, for lists of values of several types.
fn text(value: &Val) -> Val {
    match value {
        Val::Str(s) => Val::Str(s.clone()),
        Val::Static(s) => Val::Static(s),
        Val::Int(v) => Val::from(v.to_string()),
        Val::Float(v) => Val::from(v.to_string()),
        Val::Bool(v) => Val::from(v.to_string()),
        Val::List(l) => Val::from(format!("[{} values]", l.len())),
    }
}

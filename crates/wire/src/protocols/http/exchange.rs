//! One request with what is known of it until its answer comes.

use super::action::Deed;
use super::auth::Login;
use super::form;
use super::head::{Framing, Head};
use super::text::cut;
use crate::cx::Cx;
use crate::model::*;
use crate::protocols::ntlm;

/// What of a request is shown in its event; kept only when events are made.
#[derive(Default, Debug)]
struct Shown {
    method: String,
    target: String,
    host: String,
    agent: String,
    referrer: String,
    media: String,
    length: Option<u64>,
    minor: u8,
}

/// A request that waits for its answer.
#[derive(Default, Debug)]
pub struct Exchange {
    pub serial: u64,
    pub asked: Stamp,
    pub head: bool,
    pub connect: bool,
    pub proxied: bool,
    pub ntlm: Option<Box<ntlm::Login>>,
    /// Target without its query, for bodies that are judged by it.
    pub path: String,
    pub logins: Vec<Login>,
    pub deed: Option<Deed>,
    shown: Option<Box<Shown>>,
}

/// A `Host` value without its port.
pub fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    }
}

/// Scheme-less authority of an absolute target.
fn authority(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    rest.split(['/', '?']).next()
}

impl Exchange {
    pub fn new(cx: &Cx<'_>, head: &Head<'_>, serial: u64) -> Exchange {
        let connect = head.method == "CONNECT";
        let absolute = authority(head.target);
        let login = form::query(head.target);
        let host = head.get("host").unwrap_or_default();
        // an origin server may be asked in absolute form by its own name: no proxy then
        let proxied = connect || absolute.is_some_and(|a| host_name(a) != host_name(host) || is_proxy(head));
        let shown = cx.wants_events().then(|| {
            Box::new(Shown {
                method: cut(head.method, 32).to_owned(),
                target: form::masked(head.target, login.as_ref()),
                host: cut(absolute.filter(|_| host.is_empty()).unwrap_or(host), 256).to_owned(),
                agent: cut(head.get("user-agent").unwrap_or_default(), 512).to_owned(),
                referrer: masked_referrer(head.get("referer").unwrap_or_default()),
                media: head.media_type(),
                length: length(head),
                minor: head.minor,
            })
        });
        Exchange {
            serial,
            asked: cx.at(),
            head: head.method == "HEAD",
            connect,
            proxied,
            path: cut(head.target.split('?').next().unwrap_or_default(), 256).to_owned(),
            logins: login.into_iter().collect(),
            shown,
            ..Exchange::default()
        }
    }
}

fn is_proxy(head: &Head<'_>) -> bool {
    head.get("proxy-connection").is_some() || head.get("proxy-authorization").is_some()
}

fn masked_referrer(referrer: &str) -> String {
    form::masked(referrer, form::query(referrer).as_ref())
}

/// What stands behind the last dot of the last part of a path, if that is short and plain.
fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    if end.len() <= 8 && end.bytes().all(|b| b.is_ascii_alphanumeric()) { end } else { "" }
}

fn length(head: &Head<'_>) -> Option<u64> {
    match head.framing() {
        Framing::Length(n) => Some(n),
        _ => None,
    }
}

/// The event of one transaction, or of the half of it that was seen.
pub fn event(cx: &mut Cx<'_>, exchange: Option<&Exchange>, answer: Option<&Head<'_>>) {
    if !cx.wants_events() {
        return;
    }
    let mut f: Vec<(&'static str, Val)> = Vec::with_capacity(20);
    let mut text = |name: &'static str, value: &str| {
        if !value.is_empty() {
            f.push((name, Val::from(value)));
        }
    };
    let shown = exchange.and_then(|e| e.shown.as_deref());
    if let Some(s) = shown {
        let (path, query) = s.target.split_once('?').unwrap_or((s.target.as_str(), ""));
        text("http.request.method", &s.method);
        text("url.original", &s.target);
        text("url.path", path);
        text("url.query", query);
        text("url.extension", extension(path));
        text("url.domain", domain(&s.host));
        text("user_agent.original", &s.agent);
        text("http.request.referrer", &s.referrer);
        text("http.request.mime_type", &s.media);
    }
    if let Some(head) = answer {
        text("http.response.mime_type", &head.media_type());
        text("http.response.reason", cut(head.reason, 128));
        text("http.server", cut(head.get("server").unwrap_or_default(), 256));
        text("http.location", &masked_referrer(head.get("location").unwrap_or_default()));
        if matches!(head.status, 401 | 407) {
            let challenge = head.get("www-authenticate").or(head.get("proxy-authenticate"));
            let realm = challenge.and_then(|c| super::auth::challenge(c).0).unwrap_or_default();
            text("http.realm", cut(&realm, 256));
        }
    }
    let minor = shown.map_or_else(|| answer.map_or(1, |h| h.minor), |s| s.minor);
    f.push(("http.version", Val::Static(if minor == 0 { "1.0" } else { "1.1" })));
    if let Some(n) = shown.and_then(|s| s.length) {
        f.push(("http.request.body.bytes", Val::from(n)));
    }
    if let Some(head) = answer {
        f.push(("http.response.status_code", Val::from(head.status)));
        if let Some(n) = length(head) {
            f.push(("http.response.body.bytes", Val::from(n)));
        }
        f.push(("event.outcome", Val::Static(if head.status < 400 { "success" } else { "failure" })));
    }
    if let Some(e) = exchange {
        let took = cx.at().time.saturating_sub(e.asked.time).max(0).saturating_mul(1000);
        if answer.is_some() {
            f.push(("event.duration", Val::Int(took)));
        }
    }
    cx.transaction("http-request", "access", f);
}

/// Host without port; an IPv6 address keeps its brackets (ECS `url.domain`).
fn domain(host: &str) -> &str {
    match host.find(']') {
        Some(end) => host.get(..=end).unwrap_or(host),
        None => host.split(':').next().unwrap_or(host),
    }
}

/// An operation that a request asked for.
pub fn operation(
    cx: &mut Cx<'_>,
    deed: &Deed,
    asked: Stamp,
    outcome: Outcome,
    answer: Option<(u16, &str)>,
) {
    let mut op = Op::new(deed.action, &deed.name).outcome(outcome).asked(asked);
    if !deed.target.is_empty() {
        op = op.target(&deed.target);
    }
    if let Some(protocol) = deed.protocol {
        op = op.protocol(protocol);
        cx.also(protocol);
    }
    if let (Some((status, reason)), Outcome::Refused) = (answer, outcome) {
        op = op.exception(status, reason);
    }
    cx.op(op);
}

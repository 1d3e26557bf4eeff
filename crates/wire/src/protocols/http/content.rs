//! What bodies are kept for: log-ins in requests, titles and descriptions in responses.

use super::head::Head;
use super::text::cut;
use super::{Http, action, device, form, lane};
use crate::cx::Cx;
use crate::model::*;

/// What a body is kept for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Want {
    /// A request's: media type and multipart boundary.
    Request { media: String, boundary: Option<String> },
    Html { coding: String },
    Xml { coding: String },
    Json { path: String, coding: String },
}

impl Want {
    /// Bytes worth keeping.
    pub(super) fn limit(&self) -> usize {
        match self {
            Want::Html { .. } => 4096,
            _ => 16 * 1024,
        }
    }
}

impl Http {
    /// Looks at what was kept of a body.
    pub(super) fn body_done(&mut self, cx: &mut Cx<'_>, from: Side) {
        let lane = &mut self.lanes[lane(from)];
        let (Some(want), body) = (lane.want.take(), std::mem::take(&mut lane.body)) else { return };
        if body.is_empty() {
            return;
        }
        match want {
            Want::Request { media, boundary } => self.request_body(cx, &media, boundary.as_deref(), &body),
            Want::Html { coding } => {
                let html = device::decoded(&body, &coding);
                if let Some(title) = device::title(&String::from_utf8_lossy(&html)) {
                    cx.fact(Side::Server, "title", &title, "HTML title");
                }
            }
            Want::Xml { coding } => {
                let text = device::decoded(&body, &coding);
                let text = String::from_utf8_lossy(&text);
                device::describe(cx, Side::Server, &text);
                // an ACS commands its devices in its answers (TR-069 3.7.2)
                if let Some(deed) = action::soap("", &text).filter(|d| d.protocol == Some("tr069"))
                    && !deed.name.ends_with("_response")
                {
                    let op = Op::new(deed.action, &deed.name).protocol("tr069").by(Side::Server);
                    cx.op(op);
                }
            }
            Want::Json { path, coding } => {
                device::describe_json(cx, &path, &device::decoded(&body, &coding));
            }
        }
    }

    pub(super) fn request_body(&mut self, cx: &mut Cx<'_>, media: &str, boundary: Option<&str>, body: &[u8]) {
        let login = form::body(media, boundary, body);
        let text = std::str::from_utf8(body).unwrap_or_default();
        let soap = text.contains("Envelope");
        if soap {
            device::describe(cx, Side::Client, text);
        }
        let asking = self.open.back_mut().filter(|e| e.serial == self.serial);
        let Some(exchange) = asking else {
            // it was answered before its end
            if let Some(login) = login {
                self.tell(cx, &login, LoginOutcome::Unknown, cx.at());
            }
            return;
        };
        let deed = match media {
            _ if soap => action::soap(&exchange.path, text),
            "multipart/form-data" => action::upload(&exchange.path, body),
            _ => None,
        };
        if let Some(protocol) = deed.as_ref().and_then(|d| d.protocol) {
            cx.also(protocol);
        }
        if exchange.deed.as_ref().is_none_or(|d| d.action != Action::Firmware) {
            exchange.deed = deed.or(exchange.deed.take());
        }
        exchange.logins.extend(login);
    }
}

pub(super) fn wanted_of_request(head: &Head<'_>) -> Option<Want> {
    let media = head.media_type();
    let known = matches!(
        media.as_str(),
        "application/x-www-form-urlencoded" | "multipart/form-data" | "application/json" | "text/plain" | ""
    ) || media.ends_with("xml");
    if !known || head.get("content-encoding").is_some() {
        return None;
    }
    let value = head.get("content-type").unwrap_or_default();
    let boundary = value.split(';').map(str::trim).find_map(|p| p.strip_prefix("boundary="));
    let boundary = boundary.map(|b| cut(b.trim_matches('"'), 128).to_owned());
    Some(Want::Request { media, boundary })
}

pub(super) fn wanted_of_response(head: &Head<'_>, path: &str) -> Option<Want> {
    let media = head.media_type();
    let coding = cut(head.get("content-encoding").unwrap_or_default(), 16).to_ascii_lowercase();
    match media.as_str() {
        "text/html" | "application/xhtml+xml" => Some(Want::Html { coding }),
        "application/json" if head.status == 200 => Some(Want::Json { path: path.to_owned(), coding }),
        m if m.ends_with("xml") => Some(Want::Xml { coding }),
        _ => None,
    }
}

//! Responses: those that others worked out, and refusals with a reason.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::lanes::Answer;

pub(crate) type Reply = Response<Full<Bytes>>;

/// A refusal: one line of text, or a problem document (RFC 9457).
pub(crate) fn refuse(status: StatusCode, problem: bool, why: &str) -> Reply {
    let (kind, body) = match problem {
        true => ("application/problem+json", self::problem(status, why)),
        false => ("text/plain; charset=utf-8", format!("{why}\n")),
    };
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    reply.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    reply
}

/// The same, with the seconds after which to come again.
pub(crate) fn later(status: StatusCode, problem: bool, why: &str, seconds: u64) -> Reply {
    let mut reply = refuse(status, problem, why);
    reply.headers_mut().insert("retry-after", HeaderValue::from(seconds));
    reply
}

fn problem(status: StatusCode, why: &str) -> String {
    let title = status.canonical_reason().unwrap_or("");
    let mut detail = String::with_capacity(why.len());
    for letter in why.chars() {
        match letter {
            '"' | '\\' => detail.extend(['\\', letter]),
            control if control.is_control() => detail.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => detail.push(other),
        }
    }
    format!(r#"{{"type":"about:blank","title":"{title}","status":{},"detail":"{detail}"}}"#, status.as_u16())
}

/// A path for a reason: printable, and not long.
pub(crate) fn shown(path: &str) -> String {
    let mut text: String =
        path.chars().take(100).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect();
    if text.len() < path.len() {
        text.push_str("...");
    }
    text
}

/// What the other side answered; `None` if it is no HTTP response.
pub(crate) fn pass(answer: Answer) -> Option<Reply> {
    let mut reply = Response::new(Full::new(answer.body));
    *reply.status_mut() = StatusCode::from_u16(answer.status).ok().filter(|status| status.as_u16() >= 200)?;
    fields(&mut reply, &answer.headers)?;
    Some(reply)
}

/// Adds header fields; `None` if one cannot be sent.
pub(crate) fn fields(reply: &mut Reply, headers: &[(String, String)]) -> Option<()> {
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        reply.headers_mut().append(name, HeaderValue::from_str(value).ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_json() {
        let text = problem(StatusCode::NOT_FOUND, "a \"b\" \\ \n");
        assert_eq!(
            text,
            r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"a \"b\" \\ \u000a"}"#
        );
    }

    #[test]
    fn what_is_no_response_is_not_sent() {
        let header = |name: &str, value: &str| vec![(name.to_string(), value.to_string())];
        let answer = |status, headers| Answer { status, headers, body: Bytes::new() };
        assert!(pass(answer(200, header("x-a", "b"))).is_some());
        assert!(pass(answer(100, vec![])).is_none());
        assert!(pass(answer(20, vec![])).is_none());
        assert!(pass(answer(200, header("x a", "b"))).is_none());
        assert!(pass(answer(200, header("x-a", "b\r\nset-cookie: c"))).is_none());
    }
}

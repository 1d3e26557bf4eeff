//! One request and its response.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode};

use crate::documents::Documents;
use crate::lanes::{Lane, Peer, Request, Unpassed};
use crate::metrics::{Counter, Metrics};
use crate::rates::Rates;
use crate::reply::{Reply, fields, later, pass, refuse, shown};
use crate::settings::{Kind, Route, Settings, find};
use crate::status::Status;

/// Header fields that are handed on.
const PASSED: [&str; 8] = [
    "accept",
    "authorization",
    "content-transfer-encoding",
    "content-type",
    "host",
    "if-match",
    "if-none-match",
    "user-agent",
];

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) rates: Vec<Rates>,
    pub(crate) status: Status,
    pub(crate) documents: Documents,
    pub(crate) metrics: Metrics,
}

/// Answers a request, whatever it is.
pub(crate) async fn exchange(shared: &Shared, peer: &Arc<Peer>, request: hyper::Request<Incoming>) -> Reply {
    shared.metrics.add(Counter::Requests);
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let malformed = |status, problem, why: &str| {
        shared.metrics.add(Counter::Malformed);
        refuse(status, problem, why)
    };
    let Some(route) = find(&shared.settings.routes, path) else {
        return malformed(StatusCode::NOT_FOUND, false, &format!("{}: nothing is here", shown(path)));
    };
    let problem = route.problem;
    if !peer.tls && !route.plain {
        let why = format!("{}: only over https; this port has OCSP and CRLs", shown(path));
        return malformed(StatusCode::FORBIDDEN, problem, &why);
    }
    if !route.methods.iter().any(|method| method == head.method.as_str()) {
        let allowed = route.methods.join(", ");
        let why = format!("{}: takes {allowed} only", shown(path));
        let mut reply = malformed(StatusCode::METHOD_NOT_ALLOWED, problem, &why);
        reply
            .headers_mut()
            .extend(HeaderValue::from_str(&allowed).ok().map(|value| (hyper::header::ALLOW, value)));
        return reply;
    }
    if let Err(seconds) = shared.rates[route.lane].take(peer.address.ip(), Instant::now()) {
        shared.metrics.add(Counter::RateLimited);
        return later(StatusCode::TOO_MANY_REQUESTS, problem, "too many requests from this address", seconds);
    }
    let body = match read(shared, route, &head.headers, body).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let mut asked = Request::new(
        peer.clone(),
        head.method.to_string(),
        path.into(),
        head.uri.query().unwrap_or("").into(),
    );
    asked.body = body;
    match route.kind {
        Kind::Document => return document(shared, &asked.path, &head),
        Kind::Status => {
            if asked.method == "GET" {
                match encoded(&asked.path[route.path.len()..]).filter(|octets| octets.len() <= route.body) {
                    Some(octets) => asked.body = octets,
                    None => {
                        let why = "the path holds no OCSP request in base64 (RFC 6960, A.1)";
                        return malformed(StatusCode::BAD_REQUEST, problem, why);
                    }
                }
            }
            if let Some(reply) = cached(shared, &asked.body) {
                return reply;
            }
        }
        Kind::Lane => {}
    }
    for name in PASSED {
        let values = head.headers.get_all(name).iter();
        asked.headers.extend(
            values.map(|value| (name, value.as_bytes().iter().map(|octet| *octet as char).collect())),
        );
    }
    hand_on(shared, route, asked).await
}

/// The whole body within its bounds.
async fn read(
    shared: &Shared,
    route: &Route,
    headers: &HeaderMap,
    mut body: Incoming,
) -> Result<Bytes, Reply> {
    let too_large = || {
        shared.metrics.add(Counter::TooLarge);
        close(refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            route.problem,
            &format!("a body here has {} octets at most", route.body),
        ))
    };
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if headers.contains_key("content-encoding") {
        shared.metrics.add(Counter::Malformed);
        return Err(close(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            route.problem,
            "content-encoding: none is taken",
        )));
    }
    if body.size_hint().lower() > route.body as u64 {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    let until = tokio::time::Instant::now() + shared.settings.body_time;
    loop {
        match tokio::time::timeout_at(until, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                if whole.len() + data.len() > route.body {
                    return Err(too_large());
                }
                if whole.is_empty() && body.is_end_stream() {
                    return Ok(data);
                }
                whole.extend_from_slice(&data);
            }
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(Err(_))) => {
                shared.metrics.add(Counter::Malformed);
                return Err(close(refuse(
                    StatusCode::BAD_REQUEST,
                    route.problem,
                    "the body is cut off, or its chunks are malformed",
                )));
            }
            Err(_) => {
                shared.metrics.add(Counter::TooSlow);
                let why = format!("the body did not come within {} s", shared.settings.body_time.as_secs());
                return Err(close(refuse(StatusCode::REQUEST_TIMEOUT, route.problem, &why)));
            }
        }
    }
}

/// Ends the connection after this, as what follows on it is not known to be a request.
fn close(mut reply: Reply) -> Reply {
    reply.headers_mut().insert("connection", HeaderValue::from_static("close"));
    reply
}

/// Octets of an OCSP request in a path: base64, percent-encoded or not.
fn encoded(path: &str) -> Option<Bytes> {
    let mut text = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        if *first != b'%' {
            text.push(*first);
            continue;
        }
        let digits = others.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        text.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = &others[2..];
    }
    // Some clients leave the padding out, or a line end at the end.
    let text: Vec<u8> = text.into_iter().filter(|octet| !matches!(octet, b'=' | b'\r' | b'\n')).collect();
    let padding = [&b""[..], b"", b"==", b"="][text.len() % 4];
    let octets = STANDARD.decode([&text, padding].concat()).ok()?;
    (!octets.is_empty()).then(|| octets.into())
}

fn cached(shared: &Shared, request: &[u8]) -> Option<Reply> {
    let Some(held) = shared.status.get(request, now()) else {
        shared.metrics.add(Counter::CacheMisses);
        return None;
    };
    shared.metrics.add(Counter::CacheHits);
    let mut reply = Response::new(Full::new(held.body));
    fields(&mut reply, &held.headers)?;
    Some(reply)
}

fn document(shared: &Shared, path: &str, head: &hyper::http::request::Parts) -> Reply {
    let Some(document) = shared.documents.get(path) else {
        shared.metrics.add(Counter::Malformed);
        return refuse(StatusCode::NOT_FOUND, false, &format!("{}: nothing is here", shown(path)));
    };
    shared.metrics.add(Counter::Documents);
    let field = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let since = field("if-modified-since").and_then(|text| httpdate::parse_http_date(text).ok()).map(seconds);
    let known = document.known(field("if-none-match"), since);
    let empty = known || head.method == Method::HEAD;
    let mut reply = Response::new(Full::new(if empty { Bytes::new() } else { document.body.clone() }));
    if known {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let modified = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(document.modified));
    let age = document.fresh_until.saturating_sub(now());
    let mut all = vec![
        ("etag".to_string(), document.etag.clone()),
        ("last-modified".to_string(), modified),
        ("cache-control".to_string(), format!("public, max-age={age}")),
        ("content-type".to_string(), document.content_type.clone()),
    ];
    if empty && !known {
        all.push(("content-length".to_string(), document.body.len().to_string()));
    }
    match fields(&mut reply, &all) {
        Some(()) => reply,
        None => refuse(StatusCode::INTERNAL_SERVER_ERROR, false, "a document that cannot be sent"),
    }
}

/// Has a request answered by its lane.
async fn hand_on(shared: &Shared, route: &Route, asked: Request) -> Reply {
    let (lane, settings) = (&shared.lanes[route.lane], &shared.settings.lanes[route.lane]);
    let waiting = match lane.put(asked) {
        Ok(waiting) => Waiting { answer: waiting, metrics: &shared.metrics, over: false },
        Err(why) => {
            shared.metrics.add(Counter::QueueFull);
            let why = match why {
                Unpassed::Full => "too many requests are waiting",
                Unpassed::Closed => "the server is stopping",
            };
            return later(StatusCode::SERVICE_UNAVAILABLE, route.problem, why, 1);
        }
    };
    match tokio::time::timeout(settings.patience, waiting.wait()).await {
        Ok(Some(answer)) => {
            if answer.status >= 500 {
                shared.metrics.add(Counter::Failed);
            }
            shared.metrics.add(Counter::Answered);
            pass(answer)
        }
        Ok(None) => None,
        Err(_) => {
            shared.metrics.add(Counter::Unanswered);
            let why =
                format!("no answer within {} s; it may still be carried out", settings.patience.as_secs());
            return later(StatusCode::SERVICE_UNAVAILABLE, route.problem, &why, 5);
        }
    }
    .unwrap_or_else(|| {
        shared.metrics.add(Counter::Failed);
        refuse(StatusCode::INTERNAL_SERVER_ERROR, route.problem, "the server failed; its log has the reason")
    })
}

/// Counts clients that went away while they waited.
struct Waiting<'a> {
    answer: tokio::sync::oneshot::Receiver<crate::lanes::Answer>,
    metrics: &'a Metrics,
    over: bool,
}

impl Waiting<'_> {
    async fn wait(mut self) -> Option<crate::lanes::Answer> {
        let answer = (&mut self.answer).await.ok();
        self.over = true;
        answer
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.metrics.add(Counter::Abandoned);
        }
    }
}

fn now() -> u64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn requests_in_paths(octets in prop::collection::vec(any::<u8>(), 1..200), plain in any::<bool>()) {
            let mut text = STANDARD.encode(&octets);
            if !plain {
                text = text.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
            }
            prop_assert_eq!(encoded(&text), Some(Bytes::from(octets)));
        }

        #[test]
        fn any_path_is_survived(text in "[A-Za-z0-9+/=%]{0,40}|\\PC{0,40}") {
            let _ = encoded(&text);
        }
    }

    #[test]
    fn no_request_in_a_path() {
        for bad in ["", "%", "%4", "%zz", "%+1", "a", "!!!!", "===="] {
            assert_eq!(encoded(bad), None, "{bad}");
        }
        assert_eq!(encoded("MA"), Some(Bytes::from_static(b"0")), "padding may be missing");
    }
}

//! How values of logs are changed into those of events.

use crate::ends::{as_int, as_text, mac};
use crate::tables::Form;
use crate::time;
use sentinel_wire::model::Val;

/// The value in its new form; `None` if it has none.
pub fn change(v: &Val, form: Form) -> Option<Val> {
    match form {
        Form::Same => Some(v.clone()),
        Form::First => first(v).cloned(),
        Form::Lower => first(v).and_then(as_text).map(|t| Val::from(t.to_lowercase())),
        Form::Nanoseconds => nanoseconds(v),
        Form::Stamp => stamp(v),
        Form::Text => Some(match first(v)? {
            Val::Int(n) => Val::from(n.to_string()),
            other => other.clone(),
        }),
        Form::Mac => first(v).and_then(as_text).and_then(mac).map(|m| Val::from(m.to_string())),
        Form::Tls => tls(as_text(v)?).map(|t| Val::Static(t.1)),
        Form::TlsProtocol => tls(as_text(v)?).map(|t| Val::Static(t.0)),
        Form::Http => as_text(v)?.strip_prefix("HTTP/").map(Val::from),
        Form::Int => as_int(v).map(Val::Int),
        Form::Outcome => outcome(v).map(Val::Static),
        Form::Path => {
            let (path, _) = target(as_text(v)?);
            (!path.is_empty()).then(|| Val::from(path))
        }
        Form::Query => target(as_text(v)?).1.map(Val::from),
        Form::Software => Some(Val::from(software(as_text(v)?))),
        Form::Hex => {
            let text: String = as_text(v)?.chars().filter(|c| *c != ':').collect();
            Some(Val::from(text.to_lowercase()))
        }
        Form::Class => Some(match as_text(v)? {
            "C_INTERNET" => Val::Static("IN"),
            "C_CHAOS" => Val::Static("CH"),
            "C_ANY" => Val::Static("ANY"),
            other => Val::from(other),
        }),
        Form::FileName => {
            let path = as_text(v)?;
            path.rsplit(['/', '\\']).next().filter(|n| !n.is_empty()).map(Val::from)
        }
    }
}

fn first(v: &Val) -> Option<&Val> {
    match v {
        Val::List(l) => l.first(),
        other => Some(other),
    }
}

fn nanoseconds(v: &Val) -> Option<Val> {
    let micros = match v {
        Val::Int(n) => n.checked_mul(1_000_000)?,
        Val::Float(f) => time::from_float(*f)?,
        other => time::seconds(as_text(other)?)?,
    };
    micros.max(0).checked_mul(1000).map(Val::Int)
}

/// Seconds since 1970 as RFC 3339; a text stays.
fn stamp(v: &Val) -> Option<Val> {
    let micros = match v {
        Val::Int(n) => n.checked_mul(1_000_000)?,
        Val::Float(f) => time::from_float(*f)?,
        other => return Some(other.clone()),
    };
    let mut out = Vec::new();
    sentinel_wire::json::plain_time(&mut out, micros);
    String::from_utf8(out).ok().map(Val::from)
}

/// Protocol and version by the words of Zeek (`TLSv12`) and Suricata (`TLS 1.2`).
fn tls(word: &str) -> Option<(&'static str, &'static str)> {
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    let lower = word.to_ascii_lowercase();
    let protocol = match &lower {
        w if w.starts_with("dtls") => "dtls",
        w if w.starts_with("ssl") => "ssl",
        w if w.starts_with("tls") => "tls",
        _ => return None,
    };
    Some((
        protocol,
        match digits.as_str() {
            "1" | "10" => "1.0",
            "11" => "1.1",
            "12" => "1.2",
            "13" => "1.3",
            "2" | "20" => "2.0",
            "3" | "30" => "3.0",
            _ => return None,
        },
    ))
}

/// `success` or `failure`, where a value tells.
pub fn outcome(v: &Val) -> Option<&'static str> {
    match v {
        Val::Bool(true) => Some("success"),
        Val::Bool(false) => Some("failure"),
        other => match as_text(other)?.to_ascii_lowercase().as_str() {
            "success" | "succeeded" | "accept" | "ok" | "status_success" | "t" => Some("success"),
            "failure" | "failed" | "reject" | "rejected" | "denied" | "f" => Some("failure"),
            _ => None,
        },
    }
}

/// Path and query of a request target; the scheme and host of an absolute one are left out.
fn target(uri: &str) -> (&str, Option<&str>) {
    let rest = match uri.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(""),
        None => uri,
    };
    match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    }
}

/// Software in an SSH banner (`SSH-2.0-OpenSSH_9.2 Debian`): what stands behind the version, to the blank.
fn software(banner: &str) -> &str {
    let rest = match banner.strip_prefix("SSH-") {
        Some(rest) => rest.split_once('-').map_or(rest, |(_, software)| software),
        None => banner,
    };
    rest.split(' ').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(v: impl Into<Val>, form: Form) -> Option<Val> {
        change(&v.into(), form)
    }

    #[test]
    fn forms() {
        assert_eq!(of(1.5, Form::Nanoseconds), Some(Val::Int(1_500_000_000)));
        assert_eq!(of("TLSv12", Form::Tls), Some(Val::Static("1.2")));
        assert_eq!(of("TLS 1.3", Form::Tls), Some(Val::Static("1.3")));
        assert_eq!(of("SSLv3", Form::TlsProtocol), Some(Val::Static("ssl")));
        assert_eq!(of("HTTP/1.1", Form::Http), Some(Val::from("1.1")));
        assert_eq!(of("/a/b?c=d", Form::Path), Some(Val::from("/a/b")));
        assert_eq!(of("http://h/a?c=d", Form::Path), Some(Val::from("/a")));
        assert_eq!(of("http://h/a?c=d", Form::Query), Some(Val::from("c=d")));
        assert_eq!(of("/a", Form::Query), None);
        assert_eq!(of("SSH-2.0-OpenSSH_9.2p1 Debian", Form::Software), Some(Val::from("OpenSSH_9.2p1")));
        assert_eq!(of("AA:BB:0c", Form::Hex), Some(Val::from("aabb0c")));
        assert_eq!(of(false, Form::Outcome), Some(Val::Static("failure")));
        assert_eq!(of("a\\b\\c.exe", Form::FileName), Some(Val::from("c.exe")));
        assert_eq!(of(vec![Val::from("X"), Val::from("Y")], Form::Lower), Some(Val::from("x")));
        assert_eq!(of(0i64, Form::Stamp), Some(Val::from("1970-01-01T00:00:00.000000Z")));
    }
}

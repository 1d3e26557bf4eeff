//! Log-ins in header fields: Basic (RFC 7617), Digest (RFC 7616), Bearer (RFC 6750), and the
//! cookies in which some devices carry Basic credentials.

use super::head::Head;
use super::text::*;
use crate::model::*;

/// hashcat's mode for MD5 digest authentication of SIP, which is that of HTTP.
const MODE_DIGEST: u32 = 11400;

/// Where a log-in stands, which says what answers mean for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// `Authorization`: 401 refuses it, any other answer of success or redirection accepts it.
    Origin,
    /// `Proxy-Authorization`: the same with 407.
    Proxy,
    /// A form, query or body: only a refusal says something.
    Form,
}

/// A log-in that waits for its answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Login {
    pub kind: CredKind,
    pub user: Option<String>,
    pub secret: Option<String>,
    pub mode: Option<u32>,
    pub realm: Option<String>,
    pub place: Place,
}

impl Login {
    pub fn new(kind: CredKind, place: Place) -> Login {
        Login { kind, user: None, secret: None, mode: None, realm: None, place }
    }

    /// A name and password, readable on the wire.
    pub fn password(user: Option<String>, secret: String, place: Place) -> Login {
        Login { user, secret: Some(secret), ..Login::new(CredKind::Password, place) }
    }

    /// What an answer of `status` says of it. `stale`: a Digest nonce was too old.
    pub fn outcome(&self, status: u16, stale: bool) -> LoginOutcome {
        match (self.place, status) {
            (Place::Origin | Place::Form, 401) | (Place::Proxy, 407) if stale => LoginOutcome::Unknown,
            (Place::Origin | Place::Form, 401) | (Place::Proxy, 407) => LoginOutcome::Failure,
            (Place::Form, 403) => LoginOutcome::Failure,
            (Place::Form, _) => LoginOutcome::Unknown,
            // the proxy let it through, whatever the origin said then
            (Place::Proxy, 200..=599) => LoginOutcome::Success,
            (Place::Origin, 200..=399) => LoginOutcome::Success,
            _ => LoginOutcome::Unknown,
        }
    }
}

/// One `Authorization` field.
pub enum Field {
    Login(Login),
    /// NTLM, bare or in SPNEGO.
    Ntlm(Vec<u8>),
}

/// Reads the fields of a request that hold a log-in.
pub fn fields(head: &Head<'_>, method: &str) -> Vec<Field> {
    let mut found = Vec::new();
    for (name, place) in [("authorization", Place::Origin), ("proxy-authorization", Place::Proxy)] {
        found.extend(head.get(name).and_then(|value| field(value, place, method)));
    }
    for cookie in head.all("cookie").flat_map(|c| c.split(';')).take(64) {
        // "Authorization=Basic%20…": a whole field put into a cookie
        if let Some(value) = cookie.trim().strip_prefix("Authorization=") {
            let value = unescape(&value.replace('+', "%2B"));
            if value.starts_with("Basic ") {
                found.extend(field(&value, Place::Origin, method));
            }
        }
    }
    found
}

fn field(value: &str, place: Place, method: &str) -> Option<Field> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    let rest = rest.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => basic(rest, place).map(Field::Login),
        "digest" => digest(rest, place, method).map(Field::Login),
        "bearer" => bearer(rest, place).map(Field::Login),
        "ntlm" | "negotiate" => base64(rest).map(Field::Ntlm),
        _ => None,
    }
}

/// `user:password`, base64.
pub fn basic(text: &str, place: Place) -> Option<Login> {
    let plain = printable(&base64(text)?)?;
    let (user, secret) = plain.split_once(':')?;
    if user.is_empty() && secret.is_empty() {
        return None;
    }
    let user = (!user.is_empty()).then(|| cut(user, 256).to_owned());
    Some(Login::password(user, cut(secret, 512).to_owned(), place))
}

fn bearer(token: &str, place: Place) -> Option<Login> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/' | '=');
    if token.len() < 4 || token.len() > 8192 || !token.chars().all(known) {
        return None;
    }
    Some(Login { secret: Some(token.to_owned()), ..Login::new(CredKind::Token, place) })
}

/// The parameters of a Digest log-in; `method` is that of the request it stands in.
pub fn digest(text: &str, place: Place, method: &str) -> Option<Login> {
    let list = parameters(text);
    let get = |key: &str| list.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v.as_str());
    let (user, realm, nonce, response) = (get("username"), get("realm"), get("nonce"), get("response"));
    if user.is_empty() || response.is_empty() {
        return None;
    }
    let mut login = Login::new(CredKind::Hash, place);
    login.user = Some(cut(user, 256).to_owned());
    login.realm = (!realm.is_empty()).then(|| cut(realm, 256).to_owned());
    if !response.bytes().all(|b| b.is_ascii_hexdigit()) {
        // made unreadable by whoever made the capture: the name is all there is
        return Some(Login { kind: CredKind::User, ..login });
    }
    login.secret = Some(response.to_owned());
    let (uri, cnonce, nc, qop) = (get("uri"), get("cnonce"), get("nc"), get("qop"));
    let algorithm = get("algorithm");
    // hashcat knows MD5 alone; a line in the same form with another algorithm is tried by ours
    let known = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"];
    let algorithm = if algorithm.is_empty() { "MD5" } else { algorithm };
    let algorithm = known.into_iter().find(|k| k.eq_ignore_ascii_case(algorithm));
    let digits = if algorithm.is_some_and(|a| a.starts_with("SHA")) { 64 } else { 32 };
    // the line's own separator cannot be escaped; "auth-int" hashes the body too
    let parts = [user, realm, method, uri, nonce, cnonce, nc, qop];
    let fits = response.len() == digits && parts.iter().all(|p| !p.contains('*') && p.len() < 1024);
    if let Some(algorithm) = algorithm
        && fits
        && qop != "auth-int"
        && !nonce.is_empty()
        && !uri.is_empty()
    {
        let challenge = format!("{nonce}*{cnonce}*{nc}*{qop}*{algorithm}");
        login.secret = Some(format!("$sip$***{user}*{realm}*{method}**{uri}**{challenge}*{response}"));
        login.mode = Some(MODE_DIGEST).filter(|_| algorithm == "MD5");
    }
    Some(login)
}

/// Realm and staleness of a challenge (`WWW-Authenticate`, `Proxy-Authenticate`).
pub fn challenge(value: &str) -> (Option<String>, bool) {
    let list = parameters(value.trim().split_once(' ').map_or("", |(_, rest)| rest));
    let get = |key: &str| list.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    (get("realm").filter(|r| !r.is_empty()), get("stale").is_some_and(|v| v.eq_ignore_ascii_case("true")))
}

/// The key by which repeated log-ins of a connection are told only once: a Digest response changes
/// with every request, its nonce does not.
pub fn key(login: &Login, outcome: LoginOutcome) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut h = rustc_hash::FxHasher::default();
    (login.kind, &login.user, login.place, outcome).hash(&mut h);
    match &login.secret {
        Some(line) if line.starts_with("$sip$*") => line.split('*').nth(9).hash(&mut h),
        secret => secret.hash(&mut h),
    }
    h.finish()
}

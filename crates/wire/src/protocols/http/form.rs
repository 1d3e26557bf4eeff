//! Log-ins in queries and bodies: forms, multipart, JSON, WS-Security.
//!
//! Only parameter names that mean a password, with a user name beside them where the name is not
//! beyond doubt: ordinary traffic is full of parameters.

use super::auth::{Login, Place, basic};
use super::text::*;
use super::xml;
use crate::bytes::hex;
use crate::model::*;
use crate::protocols::json;

/// Longest name and password taken, in bytes.
const MAX_SECRET: usize = 256;
/// Most parameters of one query or form looked at.
const MAX_PARAMETERS: usize = 256;

/// Names that mean a password by themselves.
const PASSWORD: &[&str] = &[
    "password", "passwd", "passwort", "userpassword", "loginpassword", "userpasswd", "loginpasswd",
    "loginpass", "loginpwd", "userpass", "userpwd", "jpassword", "ospassword", "httppassword",
    "httpdpassword", "httppasswd", "httpdpasswd", "adminpassword", "adminpasswd", "adminpass", "txtpassword",
    "txtpasswd", "txtpwd", "txtpass", "loginpas", "passwordtxt", "contrasena", "motdepasse",
];
/// Names that mean one only beside a user name.
const MAYBE: &[&str] = &["pass", "pwd", "passw", "pswd", "psw", "psd", "pw", "passcode", "passphrase", "upass"];
/// Names of users, the surest first.
const USER: &[&str] = &[
    "username", "user", "userid", "login", "loginname", "loginid", "loginuser", "loginusername", "loginuse",
    "usr", "uname", "unm", "uid", "jusername", "osusername", "httpusername", "httpdusername", "httpuser",
    "adminname", "adminuser", "adminusername", "txtusername", "txtuser", "txtuname", "txtlogin",
    "useraccount", "account", "acct", "accountname", "log", "admin", "email", "mail", "emailaddress",
    "useremail", "nickname", "name", "id", "u",
];

/// A parameter's own name without what frameworks put around it, lower case: the last part of
/// `a[b]`, `a.b`, `a$b`, `a:b`, without `_` and `-`.
fn plain(name: &str) -> String {
    let name = name.trim_end_matches(']');
    let last = name.rsplit(['[', '.', '$', ':']).next().unwrap_or(name);
    last.chars().filter(|c| *c != '_' && *c != '-').take(32).collect::<String>().to_ascii_lowercase()
}

/// A user name and password among parameters.
fn pick<'a>(parameters: impl Iterator<Item = (&'a str, String)>, sure: bool) -> Option<Login> {
    let mut user: Option<(usize, String)> = None;
    let (mut secret, mut maybe): (Option<String>, Option<String>) = (None, None);
    for (name, value) in parameters.take(MAX_PARAMETERS) {
        let name = plain(name);
        let name = name.as_str();
        if PASSWORD.contains(&name) {
            secret = secret.or(Some(value));
        } else if MAYBE.contains(&name) {
            maybe = maybe.or(Some(value));
        } else if let Some(rank) = USER.iter().position(|u| *u == name)
            && user.as_ref().is_none_or(|(best, _)| rank < *best)
            && !value.is_empty()
        {
            user = Some((rank, value));
        }
    }
    let secret = match (secret, &user) {
        (Some(secret), _) => secret,
        (None, Some(_)) => maybe?,
        (None, None) => return None,
    };
    let good = |s: &str| s.len() <= MAX_SECRET && !s.chars().any(char::is_control);
    let user = user.map(|(_, u)| u);
    if secret.is_empty() || !good(&secret) || user.as_deref().is_some_and(|u| !good(u)) {
        return None;
    }
    if user.is_none() && !sure {
        return None;
    }
    Some(judge(user, secret))
}

/// A value that a page hashed before sending it is a hash, not a password.
fn judge(user: Option<String>, secret: String) -> Login {
    let digest = matches!(secret.len(), 32 | 40 | 64) && secret.bytes().all(|b| b.is_ascii_hexdigit());
    if digest {
        return Login { user, secret: Some(secret), ..Login::new(CredKind::Hash, Place::Form) };
    }
    Login::password(user, secret, Place::Form)
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&').filter_map(|part| part.split_once('='))
}

/// A log-in in the query of a request target.
pub fn query(target: &str) -> Option<Login> {
    let (_, query) = target.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    // all names of passwords have one of these letters: most queries end here
    if !query.bytes().any(|b| matches!(b, b'p' | b'P' | b'c' | b'C' | b'm' | b'M' | b'a')) {
        return None;
    }
    let found = pick(pairs(query).map(|(k, v)| (k, unescape(v))), true);
    found.or_else(|| {
        // old cameras: ?auth=BASE64(user:password)
        let (_, value) = pairs(query).find(|(k, _)| *k == "auth")?;
        basic(&unescape(value), Place::Form).filter(|l| l.user.is_some())
    })
}

/// The target with the password of its query replaced, for events.
pub fn masked(target: &str, login: Option<&Login>) -> String {
    if login.is_none() {
        return cut(target, 2048).to_owned();
    }
    let Some((path, query)) = target.split_once('?') else { return cut(target, 2048).to_owned() };
    let hide = |part: &str| match part.split_once('=') {
        Some((k, _)) if is_password(k) || k == "auth" => format!("{k}=***"),
        _ => part.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(hide).collect();
    cut(&format!("{path}?{}", query.join("&")), 2048).to_owned()
}

fn is_password(name: &str) -> bool {
    let name = plain(name);
    PASSWORD.contains(&name.as_str()) || MAYBE.contains(&name.as_str())
}

/// A log-in in the body of a request of this media type.
pub fn body(media: &str, boundary: Option<&str>, body: &[u8]) -> Option<Login> {
    match media {
        "application/x-www-form-urlencoded" | "" | "text/plain" => {
            let text = std::str::from_utf8(body).ok()?.trim();
            if text.starts_with(['{', '[']) {
                return json(body);
            }
            if text.contains(['<', '\n']) {
                return None;
            }
            pick(pairs(text).map(|(k, v)| (k, unescape(v))), media != "text/plain")
        }
        "multipart/form-data" => multipart(boundary?, body),
        m if m.ends_with("json") => json(body),
        m if m.ends_with("xml") => wsse(body),
        _ => None,
    }
}

fn json(body: &[u8]) -> Option<Login> {
    let members: Vec<(String, String)> =
        json::members(body).take(MAX_PARAMETERS).map(|(_, name, value)| (name, value)).collect();
    pick(members.iter().map(|(n, v)| (n.as_str(), v.clone())), false)
}

fn multipart(boundary: &str, body: &[u8]) -> Option<Login> {
    let text = String::from_utf8_lossy(body);
    let mark = format!("--{boundary}");
    let mut found: Vec<(String, String)> = Vec::new();
    for part in text.split(mark.as_str()).skip(1).take(MAX_PARAMETERS) {
        let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
        if head.contains("filename=") {
            continue;
        }
        let name = head.split_once("name=\"").and_then(|(_, rest)| rest.split_once('"'));
        if let Some((name, _)) = name {
            found.push((name.to_owned(), value.trim_end_matches("\r\n").to_owned()));
        }
    }
    pick(found.iter().map(|(n, v)| (n.as_str(), v.clone())), true)
}

/// UsernameToken of WS-Security 1.0 (OASIS), as ONVIF uses it.
fn wsse(body: &[u8]) -> Option<Login> {
    let text = std::str::from_utf8(body).ok()?;
    if !text.contains("UsernameToken") {
        return None;
    }
    let get = |name: &str| xml::leaves(text).find(|l| l.name == name).map(|l| l.text());
    let user = get("Username")?;
    let secret = xml::leaves(text).find(|l| l.name == "Password")?;
    if !secret.tag.contains("PasswordDigest") {
        return Some(Login::password(Some(user), secret.text(), Place::Form)).filter(|l| l.secret.is_some());
    }
    // Base64(SHA-1(nonce + created + password)): hashcat 120, the salt in hex (--hex-salt)
    let mut login = Login { user: Some(user), ..Login::new(CredKind::Hash, Place::Form) };
    let (nonce, created) = (base64(&get("Nonce")?)?, get("Created")?);
    let mut salt = nonce;
    salt.extend_from_slice(created.as_bytes());
    login.secret = Some(format!("{}:{}", hex(&base64(&secret.text())?), hex(&salt)));
    login.mode = Some(120);
    Some(login)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(target: &str) -> Option<(Option<String>, String)> {
        query(target).map(|l| (l.user, l.secret.unwrap_or_default()))
    }

    #[test]
    fn finds_names_of_frameworks_and_cameras() {
        let pair = |u: &str, p: &str| Some((Some(u.to_owned()), p.to_owned()));
        assert_eq!(found("/login?login=admin&password=q%201"), pair("admin", "q 1"));
        assert_eq!(found("/c.cgi?loginuse=admin&loginpas=123"), pair("admin", "123"));
        assert_eq!(found("/x?session%5Buser%5D=a&user[name]=bob&user[password]=pw"), pair("bob", "pw"));
        assert_eq!(found("/s?usr=admin&pwd=12"), pair("admin", "12"));
        assert_eq!(found("/System/deviceInfo?auth=YWRtaW46MTIzNDU="), pair("admin", "12345"));
        assert_eq!(found("/?password=only"), Some((None, "only".to_owned())));
    }

    #[test]
    fn leaves_ordinary_parameters_alone() {
        for target in [
            "/?q=password",
            "/map?pass=3&ride=2",
            "/?pw=1",
            "/?user=bob&page=2",
            "/?password=",
            "/ads?u=1&p=2",
            "/?auth=abcd",
        ] {
            assert_eq!(found(target), None, "{target}");
        }
    }

    #[test]
    fn reads_bodies() {
        let user = |l: Option<Login>| l.and_then(|l| Some((l.user?, l.secret?)));
        let want = Some(("a".to_owned(), "b".to_owned()));
        assert_eq!(user(body("application/json", None, br#"{"username":"a","password":"b"}"#)), want);
        let multi = b"--X\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\na\r\n--X\r\n\
            Content-Disposition: form-data; name=\"passwd\"\r\n\r\nb\r\n--X--\r\n";
        assert_eq!(user(body("multipart/form-data", Some("X"), multi)), want);
        assert_eq!(body("application/json", None, br#"{"password":"b"}"#), None);
    }

    #[test]
    fn masks_the_password_of_a_target() {
        let target = "/login?user=bob&password=x";
        assert_eq!(masked(target, query(target).as_ref()), "/login?user=bob&password=***");
    }
}

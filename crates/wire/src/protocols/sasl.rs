//! Simple Authentication and Security Layer (RFC 4422) inside mail, directories and chat.
//!
//! The carrier gives every message of the exchange, decoded, and says at the end how it went; what
//! was learnt is reported then. A message that is lost ends the reading: what follows it could be
//! taken for what it is not.
//! Mechanisms: PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), CRAM-MD5 (RFC 2195), DIGEST-MD5
//! (RFC 2831), SCRAM (RFC 5802), NTLM (MS-NLMP), XOAUTH2 (Google), OAUTHBEARER (RFC 7628), EXTERNAL,
//! ANONYMOUS (RFC 4505).

use super::http::text::{base64, cut, parameters};
use super::ntlm;
use crate::cx::Cx;
use crate::model::*;
use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;

/// hashcat's mode for CRAM-MD5.
const MODE_CRAM_MD5: u32 = 10200;
/// Longest name, password or token kept, in bytes.
const MAX_TEXT: usize = 512;
const MAX_TOKEN: usize = 8192;
/// Longest challenge kept, in bytes.
const MAX_CHALLENGE: usize = 1024;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mechanism {
    Plain,
    Login,
    CramMd5,
    DigestMd5,
    Scram,
    /// NTLM itself, and what may hold it (GSSAPI, GSS-SPNEGO).
    Ntlm,
    Oauth,
    External,
    Anonymous,
    Other,
}

/// What a log-in consists of.
#[derive(Debug)]
struct Found {
    kind: CredKind,
    user: String,
    secret: String,
    mode: Option<u32>,
    realm: String,
}

/// One exchange.
#[derive(Debug)]
pub struct Sasl {
    mechanism: Mechanism,
    name: String,
    /// The last message of the server.
    challenge: Vec<u8>,
    /// LOGIN: the name has been given.
    user: Option<String>,
    found: Option<Found>,
    sent: Option<Stamp>,
    ntlm: ntlm::Session,
    login: Option<Box<ntlm::Login>>,
    lost: bool,
}

impl Sasl {
    /// An exchange by the mechanism of this name begins.
    pub fn start(name: &[u8]) -> Sasl {
        let name: String =
            String::from_utf8_lossy(name).chars().filter(|c| c.is_ascii_graphic()).take(20).collect();
        let name = name.to_ascii_uppercase();
        let mechanism = match name.as_str() {
            "PLAIN" => Mechanism::Plain,
            "LOGIN" => Mechanism::Login,
            "CRAM-MD5" => Mechanism::CramMd5,
            "DIGEST-MD5" => Mechanism::DigestMd5,
            "NTLM" | "MSN" | "SPA" | "GSSAPI" | "GSS-SPNEGO" => Mechanism::Ntlm,
            "XOAUTH" | "XOAUTH2" | "OAUTHBEARER" => Mechanism::Oauth,
            "EXTERNAL" => Mechanism::External,
            "ANONYMOUS" => Mechanism::Anonymous,
            _ if name.starts_with("SCRAM-") => Mechanism::Scram,
            _ => Mechanism::Other,
        };
        Sasl {
            mechanism,
            name,
            challenge: Vec::new(),
            user: None,
            found: None,
            sent: None,
            ntlm: ntlm::Session::default(),
            login: None,
            lost: false,
        }
    }

    /// Name of the mechanism.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A message in base64, as lines of text protocols carry it.
    pub fn line(&mut self, cx: &mut Cx<'_>, line: &[u8]) {
        if line == b"=" {
            return self.message(cx, &[]);
        }
        match std::str::from_utf8(line).ok().and_then(base64) {
            Some(message) => self.message(cx, &message),
            // a prompt in clear text is one all the same
            None if cx.from() == Side::Server => self.challenge(line),
            None => self.lost = true,
        }
    }

    /// A message of whoever sends now.
    pub fn message(&mut self, cx: &mut Cx<'_>, message: &[u8]) {
        if self.mechanism == Mechanism::Ntlm {
            if self.lost {
                return;
            }
            if let Some(ntlm::Token::Authenticate(login)) = self.ntlm.token(cx, cx.from(), message) {
                self.login = login;
            }
            return;
        }
        match cx.from() {
            Side::Server => self.challenge(message),
            Side::Client if self.lost => {}
            Side::Client => self.response(cx, message),
        }
    }

    fn challenge(&mut self, message: &[u8]) {
        self.challenge = message.get(..message.len().min(MAX_CHALLENGE)).unwrap_or_default().to_vec();
    }

    /// Bytes are missing.
    pub fn gap(&mut self) {
        self.lost = true;
        self.ntlm.gap();
    }

    fn response(&mut self, cx: &mut Cx<'_>, message: &[u8]) {
        let found = match self.mechanism {
            Mechanism::Plain => plain(message),
            Mechanism::Login => {
                let text = text(message, MAX_TEXT);
                match self.user.take() {
                    None => {
                        self.user = text;
                        None
                    }
                    Some(user) => text.map(|secret| Found { secret, ..found(CredKind::Password, user) }),
                }
            }
            Mechanism::CramMd5 => self.cram_md5(message),
            Mechanism::DigestMd5 => digest_md5(message),
            Mechanism::Scram => scram(message),
            Mechanism::Oauth => oauth(message),
            Mechanism::External | Mechanism::Anonymous => {
                let name = text(message, MAX_TEXT).unwrap_or_default();
                let anonymous = self.mechanism == Mechanism::Anonymous;
                let user = if anonymous && name.is_empty() { "anonymous".to_owned() } else { name };
                (!user.is_empty()).then(|| found(CredKind::User, user))
            }
            Mechanism::Ntlm | Mechanism::Other => None,
        };
        if let Some(found) = found {
            self.found = Some(found);
            self.sent = Some(cx.at());
        }
    }

    fn cram_md5(&self, message: &[u8]) -> Option<Found> {
        let text = text(message, MAX_TEXT)?;
        let (user, digest) = text.rsplit_once(' ')?;
        if digest.len() != 32 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let known = !self.challenge.is_empty();
        let line =
            format!("$cram_md5${}${}", STANDARD.encode(&self.challenge), STANDARD.encode(text.as_bytes()));
        Some(if known {
            Found { secret: line, mode: Some(MODE_CRAM_MD5), ..found(CredKind::Hash, user.to_owned()) }
        } else {
            found(CredKind::User, user.to_owned())
        })
    }

    /// The exchange is over: reports the log-in, if there was one.
    pub fn finish(self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        if let Some(login) = &self.login {
            return login.report(cx, outcome);
        }
        let Some(found) = &self.found else { return };
        let mut cred = Cred::new(found.kind).outcome(outcome).detail("mechanism", self.name.as_str());
        if let Some(sent) = self.sent {
            cred = cred.sent(sent);
        }
        if !found.user.is_empty() {
            cred = cred.username(&found.user);
        }
        if !found.secret.is_empty() {
            cred = cred.secret(&found.secret);
        }
        if let Some(mode) = found.mode {
            cred = cred.hashcat(mode, &found.secret);
        }
        if !found.realm.is_empty() {
            cred = cred.detail("realm", found.realm.as_str());
        }
        if matches!(found.kind, CredKind::Password | CredKind::Token) {
            cred = cred.cleartext();
        }
        cx.credential(cred);
    }
}

fn found(kind: CredKind, user: String) -> Found {
    Found { kind, user, secret: String::new(), mode: None, realm: String::new() }
}

/// Readable text; `None` for anything else.
fn text(bytes: &[u8], max: usize) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end_matches(['\0', '\r', '\n']);
    (!text.chars().any(char::is_control)).then(|| cut(text, max).to_owned())
}

/// `authorization NUL name NUL password`.
fn plain(message: &[u8]) -> Option<Found> {
    let mut parts = message.splitn(3, |b| *b == 0);
    let (_, user, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let (user, secret) = (text(user, MAX_TEXT)?, text(secret, MAX_TEXT)?);
    (!user.is_empty()).then(|| Found { secret, ..found(CredKind::Password, user) })
}

/// The line is that of John's `dmd5`: hashcat has no mode for this digest.
fn digest_md5(message: &[u8]) -> Option<Found> {
    let list = parameters(&text(message, 4 * MAX_TEXT)?);
    let get = |key: &str| list.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v.as_str());
    let (user, realm, response) = (get("username"), get("realm"), get("response"));
    if user.is_empty() || response.len() != 32 {
        return None;
    }
    let qop = if get("qop").is_empty() { "auth" } else { get("qop") };
    let parts = [user, realm, get("nonce"), get("digest-uri"), get("cnonce"), get("nc"), qop, response];
    let secret = format!("$DIGEST-MD5${}${}", parts.join("$"), get("authzid"));
    let realm = realm.to_owned();
    Some(Found { secret, realm, ..found(CredKind::Hash, cut(user, MAX_TEXT).to_owned()) })
}

/// `n,,n=name,r=nonce`: the first message names who logs in; no later one does.
fn scram(message: &[u8]) -> Option<Found> {
    let text = text(message, 2 * MAX_TEXT)?;
    let user = text.split(',').skip(2).find_map(|part| part.strip_prefix("n="))?;
    Some(found(CredKind::User, user.replace("=2C", ",").replace("=3D", "=")))
}

/// `user=NAME ^A auth=Bearer TOKEN ^A ^A`, or a GS2 head instead of the name.
fn oauth(message: &[u8]) -> Option<Found> {
    let whole = std::str::from_utf8(message).ok()?;
    let mut user = String::new();
    let mut token = None;
    for part in whole.split('\x01') {
        if let Some(name) = part.strip_prefix("user=") {
            user = cut(name, MAX_TEXT).to_owned();
        } else if let Some(value) = part.strip_prefix("auth=") {
            token = value.split_once(' ').map(|(_, t)| cut(t.trim(), MAX_TOKEN).to_owned());
        } else if let Some(name) = part.split(',').find_map(|p| p.strip_prefix("a=")) {
            user = cut(name, MAX_TEXT).to_owned();
        }
    }
    token.filter(|t| !t.is_empty()).map(|secret| Found { secret, ..found(CredKind::Token, user) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_messages() {
        let f = plain(b"\0joe\0s3cret").unwrap();
        assert_eq!((f.user.as_str(), f.secret.as_str()), ("joe", "s3cret"));
        assert!(plain(b"joe").is_none());
        let f = oauth(b"user=a@b\x01auth=Bearer t0k\x01\x01").unwrap();
        assert_eq!((f.user.as_str(), f.secret.as_str()), ("a@b", "t0k"));
        let f = oauth(b"n,a=a@b,\x01host=x\x01auth=Bearer t0k\x01\x01").unwrap();
        assert_eq!((f.user.as_str(), f.secret.as_str()), ("a@b", "t0k"));
        assert_eq!(scram(b"n,,n=u=2Cser,r=abc").unwrap().user, "u,ser");
        assert!(scram(b"c=biws,r=abc,p=x").is_none());
        // RFC 2831, section 4
        let message =
            b"charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",\
            nc=00000001,cnonce=\"OA6MHXh6VqTrRk\",digest-uri=\"imap/elwood.innosoft.com\",\
            response=d388dad90d4bbd760a152321f2143af7,qop=auth";
        let f = digest_md5(message).unwrap();
        assert_eq!(
            f.secret,
            "$DIGEST-MD5$chris$elwood.innosoft.com$OA6MG9tEQGm2hh$imap/elwood.innosoft.com$OA6MHXh6VqTrRk\
             $00000001$auth$d388dad90d4bbd760a152321f2143af7$"
        );
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            plain(&data);
            digest_md5(&data);
            scram(&data);
            oauth(&data);
        }
    }
}

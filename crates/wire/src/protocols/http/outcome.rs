//! What an answer, or its absence, says of a request: log-ins, operations, the transaction's event.

use super::exchange::{self, Exchange};
use super::head::Head;
use super::text::{base64, cut};
use super::{Http, MAX_TOLD, auth, hash};
use crate::cx::Cx;
use crate::model::*;

impl Http {
    /// Realms, NTLM challenges; true if a Digest nonce was too old.
    pub(super) fn challenges(&mut self, cx: &mut Cx<'_>, head: &Head<'_>) -> bool {
        let mut too_old = false;
        if !matches!(head.status, 401 | 407) {
            return false;
        }
        for name in ["www-authenticate", "proxy-authenticate"] {
            for value in head.all(name) {
                let (realm, stale) = auth::challenge(value);
                too_old |= stale;
                if let Some(realm) = realm.filter(|r| hash(r) != self.realm && !self.proxy) {
                    self.realm = hash(&realm);
                    cx.fact(Side::Server, "realm", cut(&realm, 250), "WWW-Authenticate");
                }
                let token = value.split_once(' ').filter(|(s, _)| {
                    s.eq_ignore_ascii_case("ntlm") || s.eq_ignore_ascii_case("negotiate")
                });
                if let Some(blob) = token.and_then(|(_, t)| base64(t)) {
                    self.ntlm.token(cx, Side::Server, &blob);
                }
            }
        }
        too_old
    }

    pub(super) fn answered(&mut self, cx: &mut Cx<'_>, exchange: Exchange, head: &Head<'_>, stale: bool) {
        let status = head.status;
        if let Some(login) = &exchange.ntlm {
            let outcome = match status {
                401 | 407 => LoginOutcome::Failure,
                200..=399 => LoginOutcome::Success,
                // done with the log-in, and stumbled over the request itself
                _ if head.get("persistent-auth").is_some() => LoginOutcome::Success,
                _ => LoginOutcome::Unknown,
            };
            login.report(cx, outcome);
        }
        for login in &exchange.logins {
            self.tell(cx, login, login.outcome(status, stale), exchange.asked);
        }
        if let Some(deed) = &exchange.deed {
            let outcome = if status < 400 { Outcome::Accepted } else { Outcome::Refused };
            exchange::operation(cx, deed, exchange.asked, outcome, Some((status, head.reason)));
        }
        exchange::event(cx, Some(&exchange), Some(head));
    }

    /// Reports what no answer came for. `answered`: the server was heard at all.
    pub(super) fn unanswered(&mut self, cx: &mut Cx<'_>, exchange: Exchange, answered: bool) {
        if let Some(login) = &exchange.ntlm {
            login.report(cx, LoginOutcome::Unknown);
        }
        for login in &exchange.logins {
            self.tell(cx, login, LoginOutcome::Unknown, exchange.asked);
        }
        if let Some(deed) = &exchange.deed {
            let outcome = if answered { Outcome::NoAnswer } else { Outcome::Unknown };
            exchange::operation(cx, deed, exchange.asked, outcome, None);
        }
        exchange::event(cx, Some(&exchange), None);
    }

    pub(super) fn tell(&mut self, cx: &mut Cx<'_>, login: &auth::Login, outcome: LoginOutcome, asked: Stamp) {
        let key = auth::key(login, outcome);
        if self.told.contains(&key) {
            return;
        }
        if self.told.len() < MAX_TOLD {
            self.told.push(key);
        }
        let mut cred = Cred::new(login.kind).outcome(outcome).sent(asked);
        if let Some(user) = &login.user {
            cred = cred.username(user);
        }
        if let Some(secret) = &login.secret {
            cred = cred.secret(secret);
            if let Some(mode) = login.mode {
                cred = cred.hashcat(mode, secret);
            }
        }
        if login.kind != CredKind::Hash {
            cred = cred.cleartext();
        }
        if let Some(realm) = &login.realm {
            cred = cred.detail("realm", realm.as_str());
        }
        cx.credential(cred);
    }
}

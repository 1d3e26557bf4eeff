//! Log-ins: the tokens and responses that prove who one is, and how they ended.

use super::names;
use super::session::{Request, Session, What, op, slot};
use crate::cx::Cx;
use crate::model::*;
use crate::protocols::ntlm;

/// Log-ins under way at a time.
const MAX_LOGINS: usize = 16;

/// How somebody logs in.
#[derive(Debug)]
pub enum Proof {
    Ntlm(Box<ntlm::Login>),
    Kerberos,
    /// Nobody: a null session.
    Anonymous,
    /// Name, domain, responses of the old kind, the challenge they answer.
    Old { user: String, domain: String, lm: Vec<u8>, nt: Vec<u8>, nonce: Option<[u8; 8]> },
    /// Name, domain and password, readable.
    Plain { user: String, domain: String, password: String },
}

impl Session {
    /// Reads the token of a log-in under way in session `id`; what it proves, if it is the last one.
    pub fn token(&mut self, cx: &mut Cx<'_>, from: Side, id: u64, blob: &[u8]) -> Option<Proof> {
        if ntlm::find(blob).is_none() {
            return is_kerberos(blob).then_some(Proof::Kerberos);
        }
        let known = self.logins.iter().position(|(i, _)| *i == id);
        let at = known.unwrap_or_else(|| {
            if self.logins.len() >= MAX_LOGINS {
                self.logins.pop_front();
            }
            self.logins.push_back((id, ntlm::Session::default()));
            self.logins.len().saturating_sub(1)
        });
        let (_, session) = self.logins.get_mut(at)?;
        match session.token(cx, from, blob)? {
            ntlm::Token::Authenticate(login) => Some(login.map_or(Proof::Anonymous, Proof::Ntlm)),
            _ => None,
        }
    }

    /// A log-in's answer.
    pub fn logged_in(&mut self, cx: &mut Cx<'_>, request: Request, id: u64, status: u32, guest: bool) {
        if status == names::MORE_PROCESSING {
            return;
        }
        let failed = names::is_error(status);
        self.report_login(cx, &request, Some(status), guest);
        if matches!(request.what, What::Session(Some(Proof::Anonymous))) || guest {
            self.anonymous |= !failed;
        }
        self.logins.retain(|(i, _)| *i != id);
    }

    pub(super) fn report_login(&self, cx: &mut Cx<'_>, request: &Request, status: Option<u32>, guest: bool) {
        let What::Session(Some(proof)) = &request.what else { return };
        let outcome = match status {
            Some(status) if names::is_error(status) => LoginOutcome::Failure,
            Some(_) => LoginOutcome::Success,
            None => LoginOutcome::Unknown,
        };
        let heard = self.heard.get(slot(request.by.other())).copied().unwrap_or(false);
        let mut op = op("session_setup", Action::Authenticate, request, status.unwrap_or(0));
        if status.is_none() {
            op.outcome = if heard { Outcome::NoAnswer } else { Outcome::Unknown };
        }
        let (how, user, domain) = match proof {
            Proof::Ntlm(login) => {
                login.report(cx, outcome);
                ("ntlm", login.user(), login.domain())
            }
            Proof::Kerberos => ("kerberos", "", ""),
            Proof::Anonymous => ("anonymous", "", ""),
            Proof::Old { user, domain, .. } => ("challenge-response", user.as_str(), domain.as_str()),
            Proof::Plain { user, domain, .. } => ("plain", user.as_str(), domain.as_str()),
        };
        if let Proof::Old { user, domain, lm, nt, nonce } = proof {
            old_login(cx, (user, domain), lm, nt, *nonce, request.asked, outcome);
        } else if let Proof::Plain { user, domain, password } = proof {
            let cred = Cred::new(CredKind::Password).username(user).secret(password).cleartext();
            cx.credential(cred.sent(request.asked).outcome(outcome).detail("domain", domain.as_str()));
        }
        op = op.detail("authentication", how);
        op.fields.push(("smb.authentication", Val::Static(how)));
        for (name, detail, value) in [("user.name", "user", user), ("user.domain", "domain", domain)] {
            if !value.is_empty() {
                op.fields.push((name, Val::from(value)));
                op = op.detail(detail, value);
            }
        }
        if guest {
            op = op.detail("guest", true);
            op.fields.push(("smb.guest", Val::Bool(true)));
        }
        cx.op(op);
    }
}

/// A SPNEGO or Kerberos token by the object identifiers of Kerberos 5 (RFC 4121; the second is the
/// one that Windows writes beside it, MS-SPNG) with a ticket behind it.
fn is_kerberos(blob: &[u8]) -> bool {
    const OIDS: [&[u8]; 2] = [
        &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00],
        &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00],
    ];
    OIDS.iter().any(|oid| memchr::memmem::find(blob, oid).is_some())
}

/// A log-in of SMB 1 by responses to the challenge of the negotiation (MS-CIFS 2.2.4.53.1).
fn old_login(
    cx: &mut Cx<'_>,
    (user, domain): (&str, &str),
    lm: &[u8],
    nt: &[u8],
    nonce: Option<[u8; 8]>,
    sent: Stamp,
    outcome: LoginOutcome,
) {
    let message = ntlm::Authenticate {
        user: user.to_owned(),
        domain: domain.to_owned(),
        lm: lm.to_vec(),
        nt: nt.to_vec(),
        ..ntlm::Authenticate::default()
    };
    let hash = nonce.and_then(|nonce| message.hashcat(&nonce));
    let kind = if hash.is_some() { CredKind::Hash } else { CredKind::User };
    let mut cred = Cred::new(kind).protocol("ntlm").username(user).outcome(outcome).sent(sent);
    if let Some((mode, line)) = &hash {
        cred = cred.secret(line).hashcat(*mode, line);
    }
    if !domain.is_empty() {
        cred = cred.detail("domain", domain);
    }
    cx.credential(cred);
}

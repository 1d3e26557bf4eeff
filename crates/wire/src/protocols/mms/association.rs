//! Associations: who asks for one, with which password, and whether it gets one.
//!
//! Source: ITU-T X.227 (AARQ, AARE and their diagnostics).

use super::layers::{Acse, Secret};
use super::{Mms, identity};
use crate::cx::Cx;
use crate::model::*;
use crate::protocols::ber;

/// A request for an association that waits for its answer.
pub struct Association {
    asked: Stamp,
    password: Option<String>,
    other_secret: bool,
    called: Option<String>,
}

impl Mms {
    /// An association is asked for.
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>, acse: &Acse<'_>) {
        self.associated(cx, None);
        let title = |oid: Option<&[u8]>| oid.and_then(ber::arcs).map(|arcs| ber::dotted(&arcs));
        if let Some(calling) = title(acse.calling) {
            cx.fact(Side::Client, "ap-title", &calling, "AARQ.calling-AP-title");
        }
        let mut association = Association {
            asked: cx.at(),
            password: None,
            other_secret: false,
            called: title(acse.called),
        };
        match acse.secret {
            Some(Secret::Text(text)) => association.password = Some(identity::secret(text)),
            Some(Secret::Other) => association.other_secret = true,
            None => {}
        }
        self.association = Some(association);
        if let Some(pdu) = acse.mms {
            self.pdu(cx, pdu);
        }
    }

    /// The association was accepted or refused; `None` if it was not answered.
    pub(super) fn associated(&mut self, cx: &mut Cx<'_>, answer: Option<(Option<i64>, Option<i64>)>) {
        let Some(association) = self.association.take() else { return };
        let (outcome, login, exception) = match answer {
            Some((Some(0), _)) => (Outcome::Accepted, LoginOutcome::Success, None),
            Some((Some(code), diagnostic)) => {
                let reason = match diagnostic {
                    Some(11) => "authentication_mechanism_name_not_recognized",
                    Some(12) => "authentication_mechanism_name_required",
                    Some(13) => "authentication_failure",
                    Some(14) => "authentication_required",
                    _ if code == 2 => "rejected_transient",
                    _ => "rejected_permanent",
                };
                (Outcome::Refused, LoginOutcome::Failure, Some((diagnostic.unwrap_or(code), reason)))
            }
            Some((None, _)) => (Outcome::Unknown, LoginOutcome::Unknown, None),
            None if self.heard.get(1) == Some(&true) => (Outcome::NoAnswer, LoginOutcome::Unknown, None),
            None => (Outcome::Unknown, LoginOutcome::Unknown, None),
        };
        if let Some(password) = &association.password {
            let mut credential =
                Cred::new(CredKind::Password).secret(password).cleartext().sent(association.asked).outcome(login);
            if let Some(called) = &association.called {
                credential = credential.detail("called_ap_title", called.as_str());
            }
            cx.credential(credential);
        }
        let authenticates = association.password.is_some() || association.other_secret;
        let action = if authenticates { Action::Authenticate } else { Action::Other };
        let mut op = Op::new(action, "associate").outcome(outcome).asked(association.asked);
        op.target = association.called.as_deref();
        op.exception = exception;
        cx.op(op);
    }
}

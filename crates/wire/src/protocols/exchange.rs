//! Requests of one flow that wait for their answers, for protocols that answer each request.
//!
//! A probe says what was asked and, when the answer is there, how it ended; what stays open past its
//! time, or at the end of the flow, has no answer (or, where the other side was never heard, an
//! unknown one).

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;

/// A request, in the words of an operation.
#[derive(Clone, Debug)]
pub struct Asked {
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
    pub code: i64,
    pub unit: Option<String>,
    pub space: Option<&'static str>,
    pub address: Option<(i64, i64)>,
    pub target: Option<String>,
    pub value: Option<Val>,
    pub detail: Vec<(&'static str, Val)>,
    pub fields: Vec<(&'static str, Val)>,
    /// Secret sent with it: kind, user name, secret.
    pub secret: Option<(CredKind, Option<String>, String)>,
    pub asked: Stamp,
    pub by: Side,
    pub notable: bool,
}

impl Asked {
    pub fn new(cx: &Cx<'_>, name: &'static str, action: Action, code: impl Into<i64>) -> Asked {
        Asked {
            name,
            action,
            category: action.category(),
            code: code.into(),
            unit: None,
            space: None,
            address: None,
            target: None,
            value: None,
            detail: Vec::new(),
            fields: Vec::new(),
            secret: None,
            asked: cx.at(),
            by: cx.from(),
            notable: false,
        }
    }

    /// Reports it, and the secret in it, with what became of it.
    pub fn report(self, cx: &mut Cx<'_>, outcome: Outcome, exception: Option<(i64, &str)>) {
        if let Some((kind, user, secret)) = &self.secret {
            let login = match outcome {
                Outcome::Accepted => LoginOutcome::Success,
                Outcome::Refused => LoginOutcome::Failure,
                Outcome::NoAnswer | Outcome::Unknown => LoginOutcome::Unknown,
            };
            let mut c = Cred::new(*kind).secret(secret).cleartext().sent(self.asked).outcome(login);
            c.username = user.as_deref();
            cx.credential(c);
        }
        let mut op = Op::new(self.action, self.name)
            .category(self.category)
            .code(self.code)
            .outcome(outcome)
            .asked(self.asked)
            .by(self.by);
        op.unit = self.unit.as_deref();
        op.space = self.space;
        op.address = self.address;
        op.target = self.target.as_deref();
        op.value = self.value;
        op.detail = self.detail;
        op.fields = self.fields;
        op.exception = exception;
        op.notable = self.notable;
        cx.op(op);
    }
}

/// Open requests of one flow, at most `N`.
#[derive(Debug)]
pub struct Exchange<K, const N: usize = 64> {
    open: Pending<K, Asked, N>,
    heard: [bool; 2],
    timeout: Micros,
}

impl<K: PartialEq, const N: usize> Exchange<K, N> {
    /// A request is given up after `timeout` microseconds.
    pub fn new(timeout: Micros) -> Exchange<K, N> {
        Exchange { open: Pending::default(), heard: [false; 2], timeout }
    }

    /// Notes that the sender of the data being fed was heard.
    pub fn heard(&mut self, cx: &Cx<'_>) {
        if let Some(heard) = self.heard.get_mut(cx.from() as usize) {
            *heard = true;
        }
    }

    pub fn ask(&mut self, cx: &mut Cx<'_>, key: K, asked: Asked) {
        if let Some((_, old)) = self.open.push(key, asked) {
            self.unanswered(cx, old);
        }
    }

    /// Takes the request that the sender of the data being fed answers.
    pub fn take(&mut self, cx: &Cx<'_>, key: &K) -> Option<Asked> {
        let from = cx.from();
        self.open.take_if(|k, a| k == key && a.by != from).map(|(_, asked)| asked)
    }

    /// Takes the oldest open request of the other side for which `test` holds.
    pub fn take_if(&mut self, cx: &Cx<'_>, mut test: impl FnMut(&K, &Asked) -> bool) -> Option<Asked> {
        let from = cx.from();
        self.open.take_if(|k, a| a.by != from && test(k, a)).map(|(_, asked)| asked)
    }

    /// The answer to `key` came: accepted, or refused with this code and name.
    pub fn answer(&mut self, cx: &mut Cx<'_>, key: &K, refusal: Option<(i64, &str)>) {
        if let Some(asked) = self.take(cx, key) {
            let outcome = if refusal.is_some() { Outcome::Refused } else { Outcome::Accepted };
            asked.report(cx, outcome, refusal);
        }
    }

    pub fn len(&self) -> usize {
        self.open.len()
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub fn tick(&mut self, cx: &mut Cx<'_>) {
        let (now, timeout) = (cx.at().time, self.timeout);
        while let Some((_, old)) = self.open.take_if(|_, a| now.saturating_sub(a.asked.time) > timeout) {
            self.unanswered(cx, old);
        }
    }

    pub fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().collect();
        for (_, old) in open {
            self.unanswered(cx, old);
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, asked: Asked) {
        let heard = self.heard.get(asked.by.other() as usize).copied().unwrap_or(false);
        asked.report(cx, if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

//! A request kept until its answer comes, and the operation it is then reported as.
//!
//! For protocols in which one request has one answer: [`Requests`] holds what is open, gives up what
//! waited too long, and says at the end what was never answered.

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use std::borrow::Cow;

/// What was asked, as its operation will say it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub name: Cow<'static, str>,
    pub action: Action,
    pub category: Category,
    pub code: Option<i64>,
    pub unit: Option<Box<str>>,
    pub address: Option<(i64, i64)>,
    pub space: Option<&'static str>,
    pub target: Option<Box<str>>,
    pub value: Option<Val>,
    pub detail: Vec<(&'static str, Val)>,
    /// A secret that is sent with it: kind, user name, secret. What becomes of the request says whether it was right.
    pub secret: Option<(CredKind, Option<String>, String)>,
    pub by: Side,
    pub at: Stamp,
    pub notable: bool,
}

impl Asked {
    /// A request of whoever sent the data being fed.
    pub fn new(cx: &Cx<'_>, action: Action, name: impl Into<Cow<'static, str>>) -> Asked {
        Asked {
            name: name.into(),
            action,
            category: action.category(),
            code: None,
            unit: None,
            address: None,
            space: None,
            target: None,
            value: None,
            detail: Vec::new(),
            secret: None,
            by: cx.from(),
            at: cx.at(),
            notable: false,
        }
    }
    pub fn category(mut self, category: Category) -> Self {
        self.category = category;
        self
    }
    pub fn code(mut self, code: impl Into<i64>) -> Self {
        self.code = Some(code.into());
        self
    }
    pub fn unit(mut self, unit: impl Into<Box<str>>) -> Self {
        self.unit = Some(unit.into());
        self
    }
    pub fn address(mut self, start: impl Into<i64>, count: impl Into<i64>) -> Self {
        self.address = Some((start.into(), count.into()));
        self
    }
    pub fn space(mut self, space: &'static str) -> Self {
        self.space = Some(space);
        self
    }
    pub fn target(mut self, target: impl Into<Box<str>>) -> Self {
        self.target = Some(target.into());
        self
    }
    pub fn value(mut self, value: impl Into<Val>) -> Self {
        self.value = Some(value.into());
        self
    }
    pub fn detail(mut self, key: &'static str, value: impl Into<Val>) -> Self {
        self.detail.push((key, value.into()));
        self
    }
    pub fn notable(mut self) -> Self {
        self.notable = true;
        self
    }
    /// Reports it, and the secret in it, with its outcome and, if it was refused, the code and name of the reason.
    pub fn report(self, cx: &mut Cx<'_>, outcome: Outcome, exception: Option<(i64, &str)>) {
        if let Some((kind, user, secret)) = &self.secret {
            let login = LoginOutcome::from(outcome);
            let mut c = Cred::new(*kind).secret(secret).cleartext().sent(self.at).outcome(login);
            c.username = user.as_deref();
            cx.credential(c);
        }
        let op = Op {
            protocol: None,
            action: self.action,
            category: self.category,
            name: &self.name,
            code: self.code,
            unit: self.unit.as_deref(),
            outcome,
            address: self.address,
            space: self.space,
            target: self.target.as_deref(),
            value: self.value,
            exception,
            detail: self.detail,
            fields: Vec::new(),
            asked: Some(self.at),
            by: self.by,
            notable: self.notable,
        };
        cx.op(op);
    }
}

/// Open requests of one flow by key: at most `N`, the oldest gives way.
#[derive(Debug)]
pub struct Requests<K, const N: usize = 64> {
    open: Pending<K, Asked, N>,
    heard: [bool; 2],
}

impl<K: PartialEq, const N: usize> Default for Requests<K, N> {
    fn default() -> Self {
        Requests { open: Pending::default(), heard: [false; 2] }
    }
}

impl<K: PartialEq, const N: usize> Requests<K, N> {
    /// Notes that the sender of what is being fed was heard: what it leaves unanswered it could have answered.
    pub fn hear(&mut self, cx: &Cx<'_>) {
        if let Some(heard) = self.heard.get_mut(cx.from() as usize) {
            *heard = true;
        }
    }
    pub fn ask(&mut self, cx: &mut Cx<'_>, key: K, asked: Asked) {
        if let Some((_, old)) = self.open.push(key, asked) {
            self.unanswered(cx, old);
        }
    }
    /// Takes the request with this key, for its answer.
    pub fn take(&mut self, key: &K) -> Option<Asked> {
        self.open.take(key)
    }
    /// Takes the oldest request of a side for which `test` holds.
    pub fn take_if(&mut self, test: impl FnMut(&K, &Asked) -> bool) -> Option<(K, Asked)> {
        self.open.take_if(test)
    }
    /// Reports the request with this key as answered; false if there is none.
    pub fn answer(
        &mut self,
        cx: &mut Cx<'_>,
        key: &K,
        outcome: Outcome,
        exception: Option<(i64, &str)>,
    ) -> bool {
        match self.open.take(key) {
            Some(asked) => {
                asked.report(cx, outcome, exception);
                true
            }
            None => false,
        }
    }
    /// Takes the request with this key that the sender of what is being fed answers: one of the other side's.
    pub fn claim(&mut self, cx: &Cx<'_>, key: &K) -> Option<Asked> {
        let from = cx.from();
        self.open.take_if(|k, a| k == key && a.by != from).map(|(_, asked)| asked)
    }
    /// The other side's request with this key was answered: accepted, or refused with this code and name.
    pub fn settle(&mut self, cx: &mut Cx<'_>, key: &K, refusal: Option<(i64, &str)>) {
        if let Some(asked) = self.claim(cx, key) {
            let outcome = if refusal.is_some() { Outcome::Refused } else { Outcome::Accepted };
            asked.report(cx, outcome, refusal);
        }
    }
    /// Gives up what waited for more than `timeout` microseconds.
    pub fn tick(&mut self, cx: &mut Cx<'_>, timeout: Micros) {
        let now = cx.at().time;
        while let Some((_, old)) = self.open.take_if(|_, r| now.saturating_sub(r.at.time) > timeout) {
            self.unanswered(cx, old);
        }
    }
    /// The flow is over: nothing will be answered any more.
    pub fn end(&mut self, cx: &mut Cx<'_>) {
        while let Some((_, old)) = self.open.take_if(|_, _| true) {
            self.unanswered(cx, old);
        }
    }
    pub fn len(&self) -> usize {
        self.open.len()
    }
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
    fn unanswered(&self, cx: &mut Cx<'_>, asked: Asked) {
        let heard = self.heard.get(asked.by.other() as usize).copied().unwrap_or(false);
        asked.report(cx, if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

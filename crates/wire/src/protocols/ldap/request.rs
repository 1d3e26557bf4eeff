//! Requests of LDAP: what each asks for, and what its answer makes of it.

use super::message::{self, attributes, filter, text};
use super::{names, secret};
use crate::cx::Cx;
use crate::model::*;
use crate::protocols::ber::{Ber, Tlv};

pub type Fields = Vec<(&'static str, Val)>;

/// Attributes that a search asks for and changes of a modification that are shown.
const MAX_LIST: usize = 32;

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Request {
    pub asked: Stamp,
    tag: u32,
    dn: String,
    fields: Fields,
    /// Simple bind: the password.
    simple: Option<String>,
    /// SASL bind: mechanism and what the client says.
    pub sasl: Option<(String, Option<Vec<u8>>)>,
    /// Name of an extended operation.
    pub oid: String,
    /// Passwords it sets: of whom, and which.
    passwords: Vec<(String, Vec<u8>, String)>,
    /// It asks for the root entry.
    pub root: bool,
    /// Entries that came for it, and the first of them.
    pub count: u64,
    pub entry: Option<String>,
    pub values: Vec<Val>,
}

/// Fields of every event.
pub fn head(id: i64, tag: u32) -> Fields {
    let name = names::operation(tag).unwrap_or("unknown");
    vec![("ldap.message_id", Val::from(id)), ("ldap.operation", Val::Static(name))]
}

/// Fields of a result.
pub fn result(fields: &mut Fields, tag: u32, outcome: &message::Outcome<'_>) {
    fields.push(("ldap.response", Val::Static(names::operation(tag).unwrap_or("unknown"))));
    fields.push(("ldap.result_code", Val::Static(names::result(outcome.code))));
    // an NTLM challenge may stand in this place
    let matched = if outcome.matched.starts_with(b"NTLMSSP") { &[] } else { outcome.matched };
    fields.push(("ldap.matched_dn", Val::from(text(matched))));
    fields.push(("ldap.diagnostic_message", Val::from(text(outcome.message))));
    let mut rest = outcome.rest;
    if tag == 0x78
        && let Some(name) = rest.expect(0x8a)
    {
        fields.push(("ldap.response_oid", Val::from(text(name.body))));
    }
}

/// What a bind's result says of the log-in.
pub fn login(code: i64) -> LoginOutcome {
    match code {
        0 => LoginOutcome::Success,
        2 | 3 | 10 | 11 | 14 | 51 | 52 => LoginOutcome::Unknown,
        _ => LoginOutcome::Failure,
    }
}

impl Request {
    pub fn read(cx: &Cx<'_>, id: i64, operation: &Tlv<'_>) -> Option<Request> {
        let mut request = Request {
            asked: cx.at(),
            tag: operation.tag,
            dn: String::new(),
            fields: head(id, operation.tag),
            simple: None,
            sasl: None,
            oid: String::new(),
            passwords: Vec::new(),
            root: false,
            count: 0,
            entry: None,
            values: Vec::new(),
        };
        let mut body = operation.inner();
        match operation.tag {
            0x60 => request.bind(body)?,
            0x63 => request.search(body)?,
            0x66 => {
                request.name(&mut body)?;
                request.changes(body.sequence()?);
            }
            0x68 => {
                request.name(&mut body)?;
                request.values_of(&attributes(body.sequence()?));
            }
            0x4a => request.dn = text(operation.body),
            0x6c => {
                request.name(&mut body)?;
                request.put("ldap.new_rdn", text(body.octets()?));
                let delete = body.expect(0x01)?.body.first().is_some_and(|b| *b != 0);
                request.fields.push(("ldap.delete_old_rdn", Val::from(delete)));
                if let Some(superior) = body.expect(0x80) {
                    request.put("ldap.new_superior", text(superior.body));
                }
            }
            0x6e => {
                request.name(&mut body)?;
                let mut assertion = body.sequence()?;
                let (name, value) = (text(assertion.octets()?), assertion.octets()?);
                let hidden = name.eq_ignore_ascii_case("userPassword");
                let value = if hidden { "(hidden)".to_owned() } else { text(value) };
                request.put("ldap.assertion", format!("{name}={value}"));
            }
            0x77 => {
                request.oid = text(body.expect(0x80)?.body);
                request.put("ldap.oid", request.oid.clone());
                if request.oid == names::MODIFY_PASSWORD
                    && let Some(value) = body.expect(0x81)
                {
                    request.new_password(Ber::new(value.body).sequence()?);
                }
            }
            _ => return None,
        }
        if operation.tag == 0x4a || !request.dn.is_empty() {
            request.put("ldap.dn", request.dn.clone());
        }
        Some(request)
    }

    fn put(&mut self, name: &'static str, value: String) {
        self.fields.push((name, Val::from(value)));
    }

    fn name(&mut self, body: &mut Ber<'_>) -> Option<()> {
        self.dn = text(body.octets()?);
        Some(())
    }

    fn bind(&mut self, mut body: Ber<'_>) -> Option<()> {
        let version = body.integer()?;
        self.fields.push(("ldap.version", Val::from(version)));
        self.name(&mut body)?;
        let method = body.next()?;
        let name = match method.tag {
            0x80 => {
                self.simple = Some(text(method.body));
                "simple".to_owned()
            }
            0xa3 => {
                let mut fields = method.inner();
                let name = text(fields.octets()?);
                self.sasl = Some((name.to_ascii_uppercase(), fields.octets().map(<[u8]>::to_vec)));
                name
            }
            // Sicily: negotiate and response carry NTLM
            0x89..=0x8b => {
                self.sasl = Some(("NTLM".to_owned(), Some(method.body.to_vec())));
                "sicily".to_owned()
            }
            _ => return None,
        };
        self.put("ldap.bind_method", name);
        Some(())
    }

    fn search(&mut self, mut body: Ber<'_>) -> Option<()> {
        self.dn = text(body.octets()?);
        let scope = body.expect(0x0a)?.int()?;
        let deref = body.expect(0x0a)?.int()?;
        let (size, time) = (body.integer()?, body.integer()?);
        let only = body.expect(0x01)?.body.first().is_some_and(|b| *b != 0);
        let found = filter(&body.next()?);
        self.root = self.dn.is_empty() && scope == 0;
        let wanted: Vec<Val> = body
            .sequence()
            .into_iter()
            .flatten()
            .take(MAX_LIST)
            .map(|t| Val::from(text(t.body)))
            .collect();
        self.fields.extend([
            ("ldap.scope", Val::from(scope)),
            ("ldap.deref_aliases", Val::from(deref)),
            ("ldap.size_limit", Val::from(size)),
            ("ldap.time_limit", Val::from(time)),
            ("ldap.types_only", Val::from(only)),
            ("ldap.filter", Val::from(found)),
        ]);
        if !wanted.is_empty() {
            self.fields.push(("ldap.attributes", Val::from(wanted)));
        }
        Some(())
    }

    /// Names of changed attributes; their values if they are passwords.
    fn changes(&mut self, list: Ber<'_>) {
        let mut changed = Vec::new();
        for change in list.take(MAX_LIST) {
            let mut fields = change.inner();
            let kind = match fields.expect(0x0a).and_then(|t| t.int()) {
                Some(0) => "add",
                Some(1) => "delete",
                Some(2) => "replace",
                _ => "other",
            };
            let Some(attribute) = fields.next().and_then(|t| message::attribute(&t)) else { continue };
            if kind != "delete" {
                self.secrets(&attribute);
            }
            changed.push(Val::from(format!("{kind} {}", attribute.name)));
        }
        self.fields.push(("ldap.changes", Val::from(changed)));
    }

    fn values_of(&mut self, found: &[message::Attribute<'_>]) {
        let names: Vec<Val> = found.iter().take(MAX_LIST).map(|a| Val::from(format!("add {}", a.name))).collect();
        for attribute in found {
            self.secrets(attribute);
        }
        self.fields.push(("ldap.changes", Val::from(names)));
    }

    fn secrets(&mut self, attribute: &message::Attribute<'_>) {
        if attribute.hides() && self.passwords.len() < 4 {
            for value in attribute.values.iter().take(2).filter(|v| v.len() <= 1024) {
                self.passwords.push((attribute.name.clone(), value.to_vec(), self.dn.clone()));
            }
        }
    }

    /// `PasswdModifyRequestValue` (RFC 3062).
    fn new_password(&mut self, mut fields: Ber<'_>) {
        let user = fields.expect(0x80).map(|t| text(t.body)).unwrap_or_default();
        for tag in [0x81, 0x82] {
            if let Some(value) = fields.expect(tag) {
                self.passwords.push(("userPassword".to_owned(), value.body.to_vec(), user.clone()));
            }
        }
        self.dn = user;
    }

    /// Action and name of its operation; `None` for binds and unknown extended ones.
    fn operation(&self) -> Option<(Action, &'static str)> {
        Some(match self.tag {
            0x63 => (Action::Read, "search"),
            0x6e => (Action::Read, "compare"),
            0x66 => (Action::Configure, "modify"),
            0x68 => (Action::Configure, "add"),
            0x4a => (Action::Configure, "delete"),
            0x6c => (Action::Configure, "modify_dn"),
            0x77 if self.oid == names::MODIFY_PASSWORD => (Action::Configure, "modify_password"),
            _ => return None,
        })
    }

    pub fn answered(self, cx: &mut Cx<'_>, tag: u32, outcome: &message::Outcome<'_>) {
        let good = matches!(outcome.code, 0 | 5 | 6 | 10 | 14);
        let mut request = self;
        result(&mut request.fields, tag, outcome);
        request.report(cx, if good { Outcome::Accepted } else { Outcome::Refused }, Some(outcome));
    }

    pub fn unanswered(self, cx: &mut Cx<'_>, outcome: Outcome) {
        self.report(cx, outcome, None);
    }

    fn report(self, cx: &mut Cx<'_>, outcome: Outcome, result: Option<&message::Outcome<'_>>) {
        let said = result.map_or(LoginOutcome::Unknown, |r| login(r.code));
        if let Some(secret) = &self.simple {
            self.simple_bind(cx, secret, said);
        }
        for (name, value, dn) in &self.passwords {
            let attribute = message::Attribute { name: name.clone(), values: vec![value] };
            secret::attribute(cx, dn, &attribute, said, Some(self.asked));
        }
        let mut fields = self.fields;
        if self.tag == 0x63 {
            fields.push(("ldap.result_count", Val::from(self.count)));
            if let Some(entry) = &self.entry {
                fields.push(("ldap.entry", Val::from(entry.as_str())));
                fields.push(("ldap.entry_attributes", Val::from(self.values.clone())));
            }
        }
        let done = Request { fields: Vec::new(), ..self };
        match done.operation() {
            Some((action, name)) => {
                let mut op = Op::new(action, name).outcome(outcome).asked(done.asked);
                if !done.dn.is_empty() {
                    op = op.target(&done.dn);
                }
                if let Some(result) = result.filter(|_| outcome == Outcome::Refused) {
                    op = op.exception(result.code, names::result(result.code));
                }
                cx.op(op.fields(fields));
            }
            None if cx.wants_events() => {
                let action = if done.tag == 0x60 { "bind" } else { "extended" };
                match result {
                    Some(_) => {
                        let good = outcome == Outcome::Accepted;
                        let word = if good { "success" } else { "failure" };
                        fields.push(("event.outcome", Val::Static(word)));
                        cx.transaction(action, "info", fields);
                    }
                    None => cx.unanswered(done.asked, action, "info", fields),
                }
            }
            None => {}
        }
    }

    fn simple_bind(&self, cx: &mut Cx<'_>, secret: &str, outcome: LoginOutcome) {
        if self.dn.is_empty() && secret.is_empty() {
            if outcome == LoginOutcome::Success {
                cx.service_info("anonymous", true);
            }
            return;
        }
        // a name without a password is taken for nobody (RFC 4513, 5.1.2)
        let kind = if secret.is_empty() { CredKind::User } else { CredKind::Password };
        let mut cred = Cred::new(kind).outcome(outcome).sent(self.asked).detail("mechanism", "simple");
        if !self.dn.is_empty() {
            cred = cred.username(&self.dn);
        }
        if kind == CredKind::Password {
            cred = cred.secret(secret).cleartext();
        }
        cx.credential(cred);
    }
}

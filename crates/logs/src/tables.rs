//! The tables of this crate, read once: which field of a log is which field of an event, which lines
//! are operations, log-ins, facts. They are data (`tables/*.tsv`); a row too short is left out, and a
//! test says so.

use rustc_hash::FxHashMap;
use sentinel_wire::model::{Action, CredKind};
use std::sync::OnceLock;

/// How a value is changed on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Same,
    Lower,
    First,
    Nanoseconds,
    Stamp,
    Text,
    Mac,
    Tls,
    TlsProtocol,
    Http,
    Int,
    Outcome,
    Path,
    Query,
    Software,
    Hex,
    Class,
    FileName,
}

impl Form {
    fn from_word(word: &str) -> Option<Form> {
        Some(match word {
            "=" => Form::Same,
            "lower" => Form::Lower,
            "first" => Form::First,
            "ns" => Form::Nanoseconds,
            "stamp" => Form::Stamp,
            "text" => Form::Text,
            "mac" => Form::Mac,
            "tls" => Form::Tls,
            "tlsproto" => Form::TlsProtocol,
            "http" => Form::Http,
            "int" => Form::Int,
            "outcome" => Form::Outcome,
            "path" => Form::Path,
            "query" => Form::Query,
            "software" => Form::Software,
            "hex" => Form::Hex,
            "class" => Form::Class,
            "name" => Form::FileName,
            _ => return None,
        })
    }
}

/// A field of a log and what it becomes.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub from: &'static str,
    pub to: &'static str,
    pub form: Form,
}

/// Fields to take a value from: the first that is there; or a text of the table itself.
#[derive(Clone, Debug)]
pub enum From {
    None,
    Text(&'static str),
    Fields(Vec<&'static str>),
}

impl From {
    fn new(cell: &'static str) -> From {
        match cell.strip_prefix('=') {
            Some(text) => From::Text(text),
            None if cell == "-" => From::None,
            None => From::Fields(cell.split(',').collect()),
        }
    }
}

/// A log whose lines are requests to a device.
#[derive(Clone, Debug)]
pub struct Operation {
    pub protocol: &'static str,
    pub function: From,
    pub code: From,
    pub unit: From,
    pub address: From,
    pub count: From,
    pub space: From,
    pub target: From,
    pub value: From,
    pub exception: From,
    pub direction: From,
}

/// A log whose lines tell who logged in.
#[derive(Clone, Debug)]
pub struct Login {
    pub protocol: &'static str,
    pub kind: CredKind,
    pub user: From,
    pub secret: From,
    pub outcome: From,
}

/// Something a line says of a device.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// `client`, `server`, `sender`, or `@` and the field that holds its address.
    pub of: &'static str,
    pub name: &'static str,
    pub field: &'static str,
}

/// Name, action and code of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: &'static str,
    pub action: Action,
    pub code: Option<i64>,
}

/// All that is known of a dataset.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub fields: Vec<Field>,
    pub operation: Option<Operation>,
    pub login: Option<Login>,
    pub facts: Vec<Fact>,
    /// The protocol the log is about, if it is about a single one.
    pub protocol: Option<&'static str>,
    by_name: FxHashMap<&'static str, Vec<u16>>,
}

impl Known {
    /// Numbers of the rows of [`Known::fields`] for a field of the log.
    pub fn rows(&self, field: &str) -> Option<&[u16]> {
        self.by_name.get(field).map(Vec::as_slice)
    }
    fn index(&mut self) {
        for (n, field) in self.fields.iter().enumerate() {
            self.by_name.entry(field.from).or_default().push(u16::try_from(n).unwrap_or(u16::MAX));
        }
    }
}

#[derive(Debug, Default)]
pub struct Tables {
    datasets: FxHashMap<&'static str, Known>,
    other_suricata: Known,
    nothing: Known,
    functions: FxHashMap<(&'static str, &'static str), Function>,
}

/// The tables.
pub fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(read)
}

impl Tables {
    /// What is known of a dataset, `zeek.conn` or `suricata.alert`.
    pub fn of(&self, dataset: &str) -> &Known {
        match self.datasets.get(dataset) {
            Some(known) => known,
            None if dataset.starts_with("suricata.") => &self.other_suricata,
            None => &self.nothing,
        }
    }
    pub fn function(&self, protocol: &str, name: &str) -> Option<Function> {
        self.functions.get(&(protocol, name)).copied()
    }
}

fn rows<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    text.lines().filter(|l| !l.starts_with('#')).filter_map(|line| {
        let mut cells = [""; N];
        let mut parts = line.split('\t');
        for cell in &mut cells {
            *cell = parts.next()?;
        }
        parts.next().is_none().then_some(cells)
    })
}

const FIELDS: &str = include_str!("tables/fields.tsv");
const OPERATIONS: &str = include_str!("tables/operations.tsv");
const ACTIONS: &str = include_str!("tables/actions.tsv");
const LOGINS: &str = include_str!("tables/logins.tsv");
const FACTS: &str = include_str!("tables/facts.tsv");

fn read() -> Tables {
    let mut t = Tables::default();
    for [dataset, p, function, code, unit, address, count, space, target, value, exception, direction] in
        rows::<12>(OPERATIONS)
    {
        t.datasets.entry(dataset).or_default().operation = Some(Operation {
            protocol: p,
            function: From::new(function),
            code: From::new(code),
            unit: From::new(unit),
            address: From::new(address),
            count: From::new(count),
            space: From::new(space),
            target: From::new(target),
            value: From::new(value),
            exception: From::new(exception),
            direction: From::new(direction),
        });
    }
    for [dataset, protocol, kind, user, secret, outcome] in rows::<6>(LOGINS) {
        let Some(kind) = CredKind::from_name(kind) else { continue };
        let (user, secret, outcome) = (From::new(user), From::new(secret), From::new(outcome));
        t.datasets.entry(dataset).or_default().login = Some(Login { protocol, kind, user, secret, outcome });
    }
    for [dataset, of, name, field] in rows::<4>(FACTS) {
        t.datasets.entry(dataset).or_default().facts.push(Fact { of, name, field });
    }
    let mut every = Vec::new();
    for [dataset, from, to, form] in rows::<4>(FIELDS) {
        let Some(form) = Form::from_word(form) else { continue };
        let field = Field { from, to, form };
        match dataset {
            "suricata.*" => every.push(field),
            _ => t.datasets.entry(dataset).or_default().fields.push(field),
        }
    }
    for (dataset, known) in &mut t.datasets {
        if dataset.starts_with("suricata.") {
            known.fields.extend_from_slice(&every);
        }
        known.index();
        let log = dataset.split_once('.').map_or(*dataset, |(_, log)| log);
        known.protocol = crate::protocol::of_log(log).filter(|p| *p != "flow");
    }
    t.other_suricata.fields = every;
    t.other_suricata.index();
    for [protocol, function, name, action, code] in rows::<5>(ACTIONS) {
        let Some(action) = Action::from_name(action) else { continue };
        t.functions.insert((protocol, function), Function { name, action, code: code.parse().ok() });
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let lines = |text: &str| text.lines().filter(|l| !l.starts_with('#')).count();
        assert_eq!(lines(FIELDS), rows::<4>(FIELDS).filter(|r| Form::from_word(r[3]).is_some()).count());
        assert_eq!(lines(OPERATIONS), rows::<12>(OPERATIONS).count());
        let known = |r: &[&str; 5]| Action::from_name(r[3]).is_some();
        assert_eq!(lines(ACTIONS), rows::<5>(ACTIONS).filter(known).count());
        assert_eq!(lines(LOGINS), rows::<6>(LOGINS).filter(|r| CredKind::from_name(r[2]).is_some()).count());
        assert_eq!(lines(FACTS), rows::<4>(FACTS).count());
    }

    #[test]
    fn every_field_is_in_the_field_table() {
        let table = include_str!("../../../sentinel/fields.toml");
        let missing: Vec<&str> =
            rows::<4>(FIELDS).map(|r| r[2]).filter(|to| !table.contains(&format!("\n\"{to}\" ="))).collect();
        assert!(missing.is_empty(), "not in sentinel/fields.toml: {missing:?}");
    }

    #[test]
    fn all_of_suricata_has_the_common_rows() {
        let has = |dataset: &str, to: &str| tables().of(dataset).fields.iter().any(|f| f.to == to);
        assert!(has("suricata.alert", "url.domain") && has("suricata.flow", "url.domain"));
        assert!(has("suricata.flow", "source.bytes") && !has("suricata.alert", "source.bytes"));
        assert!(tables().of("zeek.whatever").fields.is_empty());
    }
}

//! Reads `alert_tactics.toml`: one line, one entry. Only the forms that file uses.

use std::collections::BTreeMap;

/// A value of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Number(f64),
    List(Vec<String>),
}

/// One line between `{` and `}`.
pub type Entry = BTreeMap<String, Value>;

/// The file's three lists: `tactics` and `techniques` as rows of texts, `rules` as entries.
#[derive(Debug, Default)]
pub struct Table {
    pub tactics: Vec<Vec<String>>,
    pub techniques: Vec<Vec<String>>,
    pub rules: Vec<Entry>,
}

/// Reads the table. Errors name the line and what was expected there.
pub fn read(text: &str) -> Result<Table, String> {
    let mut table = Table::default();
    let mut section = String::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        let wrong = |what: &str| format!("line {}: {what}", n.saturating_add(1));
        if line.is_empty() || line.starts_with('#') || line == "]" {
            continue;
        }
        if let Some(name) = line.strip_suffix("= [") {
            section = name.trim().to_owned();
            continue;
        }
        let mut scan = Scan { rest: line };
        match section.as_str() {
            "tactics" | "techniques" => {
                let row = scan.list().ok_or_else(|| wrong("a list of texts is expected"))?;
                let rows = if section == "tactics" { &mut table.tactics } else { &mut table.techniques };
                rows.push(row);
            }
            "rules" => table.rules.push(scan.entry().ok_or_else(|| wrong("{ key = value, … } is expected"))?),
            _ => return Err(wrong("it belongs to no list")),
        }
    }
    Ok(table)
}

struct Scan<'a> {
    rest: &'a str,
}

impl Scan<'_> {
    fn eat(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(mark)?;
        Some(())
    }
    fn entry(&mut self) -> Option<Entry> {
        self.eat('{')?;
        let mut entry = Entry::new();
        loop {
            let (key, rest) = self.rest.split_once('=')?;
            let key = key.trim().to_owned();
            self.rest = rest;
            let value = self.value()?;
            entry.insert(key, value);
            if self.eat(',').is_none() {
                self.eat('}')?;
                return Some(entry);
            }
        }
    }
    fn value(&mut self) -> Option<Value> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '"' => self.text().map(Value::Text),
            '[' => self.list().map(Value::List),
            _ => {
                let end = self.rest.find([',', '}', ' ']).unwrap_or(self.rest.len());
                let (number, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
                number.parse().ok().map(Value::Number)
            }
        }
    }
    fn text(&mut self) -> Option<String> {
        self.eat('"')?;
        let (text, rest) = self.rest.split_once('"')?;
        self.rest = rest;
        Some(text.to_owned())
    }
    fn list(&mut self) -> Option<Vec<String>> {
        self.eat('[')?;
        let mut list = Vec::new();
        while self.eat(']').is_none() {
            list.push(self.text()?);
            let _ = self.eat(',');
        }
        Some(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_all_forms() {
        let text = "# c\ntactics = [\n  [\"a\", \"b\"],\n]\nrules = [\n  { words = [\"x y\", \"z\"], confidence = 0.5, severity = 3, tactic = \"a\" },\n]\n";
        let table = read(text).unwrap();
        assert_eq!(table.tactics, vec![vec!["a".to_owned(), "b".to_owned()]]);
        let rule = &table.rules[0];
        assert_eq!(rule["words"], Value::List(vec!["x y".into(), "z".into()]));
        assert_eq!(rule["confidence"], Value::Number(0.5));
        assert_eq!(rule["severity"], Value::Number(3.0));
        assert_eq!(rule["tactic"], Value::Text("a".into()));
    }

    #[test]
    fn errors_name_the_line() {
        assert_eq!(read("x\n").unwrap_err(), "line 1: it belongs to no list");
        assert_eq!(read("rules = [\n  { a }\n").unwrap_err(), "line 2: { key = value, … } is expected");
    }
}

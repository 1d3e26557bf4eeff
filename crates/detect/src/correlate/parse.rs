//! From YAML to a [`Rule`], refusing what is wrong in one line that says where and why.

use super::expr::Expr;
use super::rule::{Condition, Kind, Op, Refusal, Rule};
use sentinel_wire::model::Micros;
use std::sync::Arc;
use yaml_serde::{Mapping, Value};

/// Rules one correlation may refer to: their hits are a bit set.
pub(super) const RULES_MAX: usize = 64;
/// Fields one correlation may group by.
const GROUP_BY_MAX: usize = 32;
/// Longest text of a name, field or condition, in bytes.
const TEXT_MAX: usize = 4096;
/// Longest window: ten years, in microseconds.
const TIMESPAN_MAX: Micros = 10 * 31_556_952 * 1_000_000;
/// Keys of the `correlation` mapping.
const KEYS: [&str; 9] =
    ["type", "rules", "group-by", "timespan", "timeframe", "condition", "aliases", "generate", "field"];

/// Where a document stands, so that a refusal can name file and line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source<'a> {
    pub file: &'a str,
    /// Line the document begins at, from 1.
    pub line: u32,
    /// The document's text, if it is at hand: refusals then name the line of the key.
    pub text: &'a str,
}

impl Source<'_> {
    /// A refusal at the line of a key (the first one below `correlation:` that begins with it), or of the document.
    fn refuse(&self, key: &str, reason: impl Into<String>) -> Refusal {
        let below = self.text.lines().position(|l| l.starts_with("correlation:")).unwrap_or(0);
        let at = self.text.lines().enumerate().skip(below).position(|(_, l)| {
            let l = l.trim_start().trim_start_matches("- ").trim_start_matches(['"', '\'']);
            l.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
        });
        let offset = at.map_or(0, |n| n.saturating_add(below));
        let line = self.line.saturating_add(u32::try_from(offset).unwrap_or(0));
        Refusal { file: self.file.to_string(), line, reason: reason.into() }
    }
}

/// True if a document is a correlation rule.
pub fn is_correlation(doc: &Value) -> bool {
    doc.as_mapping().is_some_and(|m| m.contains_key("correlation"))
}

impl Rule {
    /// Reads one YAML document of text.
    pub fn read(text: &str, file: &str, line: u32) -> Result<Rule, Refusal> {
        let source = Source { file, line, text };
        match yaml_serde::from_str::<Value>(text) {
            Ok(doc) => Rule::parse(&doc, source),
            Err(e) => {
                let at = e.location().map_or(0, |l| u32::try_from(l.line().saturating_sub(1)).unwrap_or(0));
                let reason = format!("not YAML: {}", e.to_string().lines().next().unwrap_or_default());
                Err(Refusal { file: file.to_string(), line: line.saturating_add(at), reason })
            }
        }
    }

    /// Reads one document. Everything is checked but what needs the other rules.
    pub fn parse(doc: &Value, source: Source<'_>) -> Result<Rule, Refusal> {
        Reader { source }.rule(doc)
    }
}

struct Reader<'a> {
    source: Source<'a>,
}

impl Reader<'_> {
    fn err<T>(&self, key: &str, reason: impl Into<String>) -> Result<T, Refusal> {
        Err(self.source.refuse(key, reason))
    }

    fn rule(&self, doc: &Value) -> Result<Rule, Refusal> {
        let Some(top) = doc.as_mapping() else { return self.err("", "a rule is a mapping") };
        let Some(corr) = top.get("correlation").and_then(Value::as_mapping) else {
            return self.err("correlation", "correlation is not a mapping");
        };
        for key in corr.keys() {
            match key.as_str() {
                Some(k) if KEYS.contains(&k) => {}
                Some(k) => {
                    return self
                        .err(k, format!("unknown key '{k}' in correlation (known: {})", KEYS.join(", ")));
                }
                None => return self.err("correlation", "a key of correlation is not text"),
            }
        }
        let Some(title) = self.text(top, "title")? else { return self.err("", "title is missing") };
        let kind = match self.text(corr, "type")? {
            None => return self.err("correlation", "correlation type is missing"),
            Some(word) => Kind::from_name(&word).ok_or_else(|| {
                let known: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).collect();
                self.source.refuse(
                    "type",
                    format!("unknown correlation type '{word}' (known: {})", known.join(", ")),
                )
            })?,
        };
        let timespan_us = self.timespan(corr)?;
        let mut rules = self.list(corr, "rules")?;
        let (condition, mut fields, percentile) = self.condition(corr, kind)?;
        if fields.is_empty() {
            fields = self.list(corr, "field")?;
        }
        if let Condition::Expr(e) = &condition {
            let named = e.names();
            if rules.is_empty() {
                rules = named.iter().map(|n| n.to_string()).collect();
            } else if let Some(r) = rules.iter().find(|r| !named.contains(&r.as_str())) {
                return self.err("condition", format!("rule '{r}' is listed but not in the condition"));
            } else if let Some(n) = named.iter().find(|n| !rules.iter().any(|r| r == *n)) {
                return self.err("condition", format!("condition names '{n}', which is not in rules"));
            }
        }
        if rules.is_empty() {
            return self.err("rules", "rules is missing or empty");
        }
        if rules.len() > RULES_MAX {
            return self.err("rules", format!("more than {RULES_MAX} rules in one correlation"));
        }
        self.fields(kind, &fields)?;
        let group_by: Vec<Arc<str>> =
            self.list(corr, "group-by")?.iter().map(|s| Arc::from(s.as_str())).collect();
        if group_by.len() > GROUP_BY_MAX {
            return self.err("group-by", format!("more than {GROUP_BY_MAX} fields in group-by"));
        }
        if let Some(twice) =
            group_by.iter().enumerate().find(|(i, g)| group_by.iter().take(*i).any(|o| o == *g))
        {
            return self.err("group-by", format!("group-by has '{}' twice", twice.1));
        }
        Ok(Rule {
            id: self.text(top, "id")?,
            name: self.text(top, "name")?,
            title,
            file: self.source.file.to_string(),
            line: self.source.line,
            kind,
            rules,
            group_by,
            timespan_us,
            condition,
            fields,
            percentile,
            aliases: self.aliases(corr)?,
            generate: self.flag(top, "generate")?.or(self.flag(corr, "generate")?).unwrap_or(false),
        })
    }

    fn text(&self, m: &Mapping, key: &str) -> Result<Option<String>, Refusal> {
        match m.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(s)) if s.is_empty() => self.err(key, format!("{key} is empty")),
            Some(Value::String(s)) if s.len() > TEXT_MAX => {
                self.err(key, format!("{key} is longer than {TEXT_MAX} bytes"))
            }
            Some(Value::String(s)) => Ok(Some(s.clone())),
            Some(_) => self.err(key, format!("{key} is not text")),
        }
    }

    fn flag(&self, m: &Mapping, key: &str) -> Result<Option<bool>, Refusal> {
        match m.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(b)) => Ok(Some(*b)),
            Some(_) => self.err(key, format!("{key} is neither true nor false")),
        }
    }

    /// A list of texts, or one text.
    fn list(&self, m: &Mapping, key: &str) -> Result<Vec<String>, Refusal> {
        let items = match m.get(key) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Sequence(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        if items.len() > TEXT_MAX {
            return self.err(key, format!("{key} has {} entries", items.len()));
        }
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some(s) if !s.is_empty() && s.len() <= TEXT_MAX => out.push(s.to_string()),
                _ => return self.err(key, format!("an entry of {key} is not text, empty or too long")),
            }
        }
        Ok(out)
    }

    fn timespan(&self, corr: &Mapping) -> Result<Micros, Refusal> {
        let key = if corr.contains_key("timespan") { "timespan" } else { "timeframe" };
        let Some(text) = self.text(corr, key)? else { return self.err("correlation", "timespan is missing") };
        let bad =
            || self.source.refuse(key, format!("{key} '{text}' is not a number with s, m, h, d, w, M or y"));
        let unit = text.chars().next_back().ok_or_else(bad)?;
        // Months and years as pySigma counts them: the mean Gregorian month and year.
        let seconds: i64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            'M' => 2_629_746,
            'y' => 31_556_952,
            _ => return Err(bad()),
        };
        let digits = text.strip_suffix(unit).unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let span = digits.parse::<i64>().ok().and_then(|n| n.checked_mul(seconds)?.checked_mul(1_000_000));
        match span {
            Some(0) => self.err(key, format!("{key} '{text}' is zero")),
            Some(n) if n <= TIMESPAN_MAX => Ok(n),
            _ => self.err(key, format!("{key} '{text}' is longer than ten years")),
        }
    }

    fn condition(&self, corr: &Mapping, kind: Kind) -> Result<(Condition, Vec<String>, f64), Refusal> {
        match corr.get("condition") {
            None | Some(Value::Null) if kind.temporal() => Ok((Condition::All, Vec::new(), 50.0)),
            None | Some(Value::Null) => self.err("correlation", "condition is missing"),
            Some(Value::String(text)) if kind.temporal() => {
                if text.len() > TEXT_MAX {
                    return self.err("condition", format!("condition is longer than {TEXT_MAX} bytes"));
                }
                let e = Expr::parse(text).map_err(|reason| self.source.refuse("condition", reason))?;
                Ok((Condition::Expr(e), Vec::new(), 50.0))
            }
            Some(Value::String(_)) => self.err(
                "condition",
                format!(
                    "{} takes comparisons; and, or, not are for temporal and temporal_ordered",
                    kind.name()
                ),
            ),
            Some(Value::Mapping(m)) => self.comparisons(m, kind),
            Some(_) => self.err("condition", "condition is neither a mapping nor text"),
        }
    }

    fn comparisons(&self, m: &Mapping, kind: Kind) -> Result<(Condition, Vec<String>, f64), Refusal> {
        let (mut ops, mut percentile) = (Vec::new(), 50.0);
        for (key, value) in m {
            let word = key.as_str().unwrap_or_default();
            if let Some(op) = Op::from_name(word) {
                ops.push((op, self.number(word, value)?));
            } else if word == "percentile" && kind == Kind::ValuePercentile {
                percentile = self.number(word, value)?;
                if !(0.0..=100.0).contains(&percentile) {
                    return self.err(word, format!("percentile {percentile} is not within 0 to 100"));
                }
            } else if word != "field" {
                let known: Vec<&str> = Op::ALL.iter().map(|o| o.name()).collect();
                return self.err(
                    "condition",
                    format!("unknown key '{word}' in condition (known: {}, field)", known.join(", ")),
                );
            }
        }
        if ops.is_empty() {
            return self.err("condition", "condition has no comparison (gt, gte, lt, lte, eq, neq)");
        }
        Ok((Condition::Compare(ops), self.list(m, "field")?, percentile))
    }

    fn number(&self, key: &str, value: &Value) -> Result<f64, Refusal> {
        let n = match value {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.trim().parse::<f64>().ok(),
            _ => None,
        };
        match n {
            Some(n) if n.is_finite() => Ok(n),
            _ => self.err(key, format!("{key} is not a finite number")),
        }
    }

    fn fields(&self, kind: Kind, fields: &[String]) -> Result<(), Refusal> {
        let needs = kind == Kind::ValueCount || kind.numeric();
        if needs && fields.is_empty() {
            return self.err("condition", format!("{} needs a field in its condition", kind.name()));
        }
        if !needs && !fields.is_empty() {
            return self.err("condition", format!("{} takes no field", kind.name()));
        }
        if kind.numeric() && fields.len() > 1 {
            return self.err("field", format!("{} takes one field", kind.name()));
        }
        if fields.len() > GROUP_BY_MAX {
            return self.err("field", format!("more than {GROUP_BY_MAX} fields"));
        }
        Ok(())
    }

    fn aliases(&self, corr: &Mapping) -> Result<Vec<(String, Vec<(String, String)>)>, Refusal> {
        let m = match corr.get("aliases") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Mapping(m)) => m,
            Some(_) => return self.err("aliases", "aliases is not a mapping"),
        };
        if m.len() > GROUP_BY_MAX {
            return self.err("aliases", format!("more than {GROUP_BY_MAX} aliases"));
        }
        let mut out = Vec::new();
        for (alias, fields) in m {
            let (Some(alias), Some(fields)) = (alias.as_str(), fields.as_mapping()) else {
                return self.err("aliases", "an alias is not a mapping of rules to fields");
            };
            let mut map = Vec::new();
            for (rule, field) in fields {
                match (rule.as_str(), field.as_str()) {
                    (Some(r), Some(f)) if !f.is_empty() => map.push((r.to_string(), f.to_string())),
                    _ => {
                        return self
                            .err(alias, format!("alias '{alias}' is not a mapping of rules to fields"));
                    }
                }
            }
            out.push((alias.to_string(), map));
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(corr: &str) -> Result<Rule, String> {
        let text = format!("title: t\ncorrelation:\n{corr}");
        Rule::read(&text, "x.yml", 10).map_err(|r| r.to_string())
    }

    const COUNT: &str = "  type: event_count\n  rules: a\n  timespan: 5m\n";

    #[test]
    fn a_whole_rule_is_read() {
        let text = "title: Many\nid: i-1\nname: many\ngenerate: true\ncorrelation:\n  type: value_percentile\n  \
                    rules: [a, b, a]\n  group-by: [user, host]\n  timespan: 90m\n  aliases:\n    user:\n      a: u1\n  \
                    condition: {field: ms, percentile: 99.5, gt: 1.5, lte: 20}\n";
        let r = Rule::read(text, "f.yml", 1).unwrap();
        assert_eq!((r.kind, r.timespan_us, r.percentile), (Kind::ValuePercentile, 5_400_000_000, 99.5));
        assert_eq!((r.rules.len(), r.group_by.len(), r.generate), (3, 2, true));
        assert_eq!(r.condition, Condition::Compare(vec![(Op::Gt, 1.5), (Op::Lte, 20.0)]));
        assert_eq!(r.fields, ["ms"]);
        assert_eq!(r.aliases, [("user".to_string(), vec![("a".to_string(), "u1".to_string())])]);
        assert_eq!((r.id.as_deref(), r.name.as_deref()), (Some("i-1"), Some("many")));
    }

    #[test]
    fn rules_may_come_from_the_condition() {
        let r = rule("  type: temporal\n  timespan: 5m\n  condition: a AND not b\n").unwrap();
        assert_eq!(r.rules, ["a", "b"]);
    }

    #[test]
    fn every_fault_is_one_line_with_file_and_line() {
        for (text, want) in [
            (
                "  type: event_cont\n  rules: a\n  timespan: 5m\n  condition: {gte: 1}\n",
                "x.yml:12: unknown correlation type 'event_cont'",
            ),
            ("  type: event_count\n  timespan: 5m\n  condition: {gte: 1}\n", "rules is missing or empty"),
            ("  type: event_count\n  rules: a\n  condition: {gte: 1}\n", "x.yml:11: timespan is missing"),
            (
                "  type: event_count\n  rules: a\n  timespan: 0s\n  condition: {gte: 1}\n",
                "x.yml:14: timespan '0s' is zero",
            ),
            (
                "  type: event_count\n  rules: a\n  timespan: 5x\n  condition: {gte: 1}\n",
                "timespan '5x' is not a number with",
            ),
            (
                "  type: event_count\n  rules: a\n  timespan: 99999999999999d\n  condition: {gte: 1}\n",
                "longer than ten years",
            ),
            (COUNT, "condition is missing"),
            (&format!("{COUNT}  condition: {{gte: .nan}}\n"), "gte is not a finite number"),
            (&format!("{COUNT}  condition: {{gte: 1e400}}\n"), "gte is not a finite number"),
            (&format!("{COUNT}  condition: {{gte: [1]}}\n"), "gte is not a finite number"),
            (&format!("{COUNT}  condition: {{more: 1}}\n"), "x.yml:15: unknown key 'more' in condition"),
            (&format!("{COUNT}  condition: {{}}\n"), "condition has no comparison"),
            (&format!("{COUNT}  condition: a and b\n"), "event_count takes comparisons"),
            (&format!("{COUNT}  condition: {{field: x, gte: 1}}\n"), "event_count takes no field"),
            (
                &format!("{COUNT}  window: tumbling\n  condition: {{gte: 1}}\n"),
                "x.yml:15: unknown key 'window' in correlation",
            ),
            (&format!("{COUNT}  group-by: [a, a]\n  condition: {{gte: 1}}\n"), "group-by has 'a' twice"),
            (
                &format!("{COUNT}  group-by: [3]\n  condition: {{gte: 1}}\n"),
                "x.yml:15: an entry of group-by is not text",
            ),
            (&format!("{COUNT}  aliases: [3]\n  condition: {{gte: 1}}\n"), "aliases is not a mapping"),
            (
                &format!("{COUNT}  generate: maybe\n  condition: {{gte: 1}}\n"),
                "generate is neither true nor false",
            ),
            (
                "  type: value_sum\n  rules: a\n  timespan: 5m\n  condition: {gte: 1}\n",
                "value_sum needs a field",
            ),
            (
                "  type: value_sum\n  rules: a\n  timespan: 5m\n  condition: {field: [a, b], gte: 1}\n",
                "value_sum takes one field",
            ),
            (
                "  type: value_percentile\n  rules: a\n  timespan: 5m\n  condition: {field: a, percentile: 101, gte: 1}\n",
                "percentile 101 is not",
            ),
            (
                "  type: temporal\n  rules: [a, c]\n  timespan: 5m\n  condition: a\n",
                "rule 'c' is listed but not in the condition",
            ),
            (
                "  type: temporal\n  rules: [a]\n  timespan: 5m\n  condition: a and b\n",
                "condition names 'b', which is not in rules",
            ),
            ("  type: temporal\n  rules: [a]\n  timespan: 5m\n  condition: a and\n", "condition ends where"),
        ] {
            let got = rule(text).unwrap_err();
            assert!(got.contains(want), "{got}\n  asked: {want}");
            assert!(got.starts_with("x.yml:1") && !got.contains('\n'), "{got}");
        }
        assert!(Rule::read("a: [", "f.yml", 3).unwrap_err().to_string().starts_with("f.yml:"));
        assert!(Rule::read("- a", "f.yml", 3).unwrap_err().to_string().contains("a rule is a mapping"));
        let million = format!("  rules: [{}]\n", "aa,".repeat(1_000_000));
        let got = rule(&format!("  type: temporal\n  timespan: 5m\n{million}")).unwrap_err();
        assert!(got.contains("rules has 1000000 entries"), "{got}");
    }
}

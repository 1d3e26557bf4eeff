//! Alerts of Suricata and notices of Zeek in the form that alerts have here.

use crate::ends::{Ends, Side, as_text, get, int, text};
use crate::line::Line;
use crate::tactics::{Ends as Places, Meaning, private, shipped};
use rustc_hash::FxHashMap;
use rustc_hash::FxHasher;
use sentinel_detect::event::Name;
use sentinel_wire::model::Val;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};

/// A tactic or technique: id and name.
pub type Tag = (Cow<'static, str>, Cow<'static, str>);

/// What an alert has beside an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// `suricata:<gid>:<sid>` or `zeek:<note>`.
    pub rule: String,
    pub name: String,
    pub category: Option<String>,
    /// 1 to 5.
    pub severity: i64,
    /// 0 to 1.
    pub confidence: f64,
    /// ATT&CK ids and names that the alert itself carries, else those of the table.
    pub tactics: Vec<Tag>,
    pub techniques: Vec<Tag>,
    pub ics: bool,
    /// Why the table takes it for that; nothing where the alert said it itself.
    pub because: Option<&'static str>,
    /// Who is attacked answered: roles of the packet are the other way round.
    pub answered: bool,
    /// What it says itself (Zeek's message).
    pub message: Option<String>,
}

/// Words of severities 1 to 5.
const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];

/// What the table says of signatures, remembered.
#[derive(Debug, Default)]
pub struct Meanings {
    known: FxHashMap<u64, (Box<str>, Option<Meaning>)>,
}

/// Signatures remembered.
const MOST: usize = 1 << 16;

impl Meanings {
    fn of(&mut self, signature: &str, category: &str, places: Places) -> Option<Meaning> {
        let mut h = FxHasher::default();
        (signature, category, places).hash(&mut h);
        let key = h.finish();
        if let Some((text, meaning)) = self.known.get(&key)
            && **text == *signature
        {
            return meaning.clone();
        }
        let meaning = shipped().signature(signature, category, places);
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(key, (signature.into(), meaning.clone()));
        meaning
    }
}

fn places(ends: &Ends) -> Places {
    let of = |s: &Side| s.ip.map(private);
    (of(ends.source()), of(ends.destination()))
}

/// A list of texts, or one.
fn texts(raw: &[(Name, Val)], name: &str) -> Vec<String> {
    match get(raw, name) {
        Some(Val::List(l)) => l.iter().filter_map(as_text).map(str::to_owned).collect(),
        Some(v) => as_text(v).map(|t| vec![t.to_owned()]).unwrap_or_default(),
        None => Vec::new(),
    }
}

/// Ids with their names; a rule set writes names with `_` for blanks.
fn tagged(raw: &[(Name, Val)], id: &str, name: &str) -> Vec<Tag> {
    let names = texts(raw, name);
    let named = |(n, id): (usize, String)| {
        let name = names.get(n).map(|t| t.replace('_', " ")).unwrap_or_default();
        (Cow::Owned(id), Cow::Owned(name))
    };
    texts(raw, id).into_iter().enumerate().map(named).collect()
}

/// Suricata's alert; `None` if it names no signature.
pub fn suricata(raw: &[(Name, Val)], ends: &Ends, meanings: &mut Meanings) -> Option<Alert> {
    let signature = text(raw, "alert.signature")?;
    let category = text(raw, "alert.category").unwrap_or_default();
    let (gid, sid) = (int(raw, "alert.gid").unwrap_or(1), int(raw, "alert.signature_id").unwrap_or(0));
    let mut severity = match int(raw, "alert.severity") {
        Some(1) => 4,
        Some(2) => 3,
        Some(3) | None => 2,
        Some(_) => 1,
    };
    match text(raw, "alert.metadata.signature_severity") {
        Some("Critical") => severity = 5,
        Some("Major") => severity = 4,
        Some("Minor") => severity = 2,
        Some("Informational") => severity = 1,
        _ => {}
    }
    let meaning = meanings.of(signature, category, places(ends));
    let mut alert = from_table(format!("suricata:{gid}:{sid}"), signature, severity, meaning);
    alert.category = (!category.is_empty()).then(|| category.to_owned());
    match text(raw, "alert.metadata.confidence") {
        Some("High") => alert.confidence = 0.9,
        Some("Medium") => alert.confidence = 0.7,
        Some("Low") => alert.confidence = 0.4,
        _ => {}
    }
    let own = tagged(raw, "alert.metadata.mitre_tactic_id", "alert.metadata.mitre_tactic_name");
    if !own.is_empty() {
        alert.ics = own.iter().all(|(id, _)| ics(id));
        alert.tactics = own;
        alert.techniques =
            tagged(raw, "alert.metadata.mitre_technique_id", "alert.metadata.mitre_technique_name");
        alert.because = None;
    }
    Some(alert)
}

/// Tactics of ATT&CK for ICS have the numbers TA0100 to TA0111.
fn ics(tactic: &str) -> bool {
    tactic.strip_prefix("TA01").is_some_and(|n| n.parse::<u8>().is_ok_and(|n| n <= 11))
}

/// Zeek's notice; `None` if it has no name.
pub fn zeek(raw: &[(Name, Val)], note: &str, ends: &Ends) -> Option<Alert> {
    let mut alert = from_table(format!("zeek:{note}"), note, 3, shipped().notice(note, places(ends)));
    let said = [text(raw, "msg"), text(raw, "sub")];
    let said: Vec<&str> = said.into_iter().flatten().filter(|t| !t.is_empty()).collect();
    alert.message = (!said.is_empty()).then(|| said.join(" "));
    Some(alert)
}

fn from_table(rule: String, name: &str, severity: i64, meaning: Option<Meaning>) -> Alert {
    let mut alert = Alert {
        rule,
        name: name.to_owned(),
        category: None,
        severity,
        confidence: 0.3,
        tactics: Vec::new(),
        techniques: Vec::new(),
        ics: false,
        because: None,
        answered: false,
        message: None,
    };
    if let Some(m) = meaning {
        let pair =
            |n: &'static crate::tactics::Named| -> Tag { (Cow::Borrowed(&n.id), Cow::Borrowed(&n.name)) };
        alert.severity = severity.min(m.severity);
        alert.confidence = m.confidence;
        alert.tactics = m.tactic.into_iter().map(pair).collect();
        alert.techniques = m.technique.into_iter().map(pair).collect();
        alert.ics = m.ics;
        alert.because = Some(m.reason);
        alert.answered = m.answered;
    }
    alert
}

fn val(text: Cow<'static, str>) -> Val {
    match text {
        Cow::Borrowed(t) => Val::Static(t),
        Cow::Owned(t) => Val::from(t.as_str()),
    }
}

impl Alert {
    /// Sets the fields an alert has.
    pub fn fields(&self, line: &Line, set: &mut dyn FnMut(&'static str, Val)) {
        let level = usize::try_from(self.severity.saturating_sub(1)).ok().and_then(|n| LEVELS.get(n));
        set("event.kind", Val::Static("alert"));
        set("event.severity", Val::Int(self.severity));
        set("rule.id", Val::from(self.rule.as_str()));
        set("rule.name", Val::from(self.name.as_str()));
        set("rule.level", Val::Static(level.copied().unwrap_or("low")));
        set("rule.ruleset", Val::Static(if line.dataset.starts_with("zeek.") { "zeek" } else { "suricata" }));
        if let Some(category) = &self.category {
            set("rule.category", Val::from(category.as_str()));
        }
        if !self.tactics.is_empty() {
            let ics = self.ics;
            set("threat.framework", Val::Static(if ics { "MITRE ATT&CK for ICS" } else { "MITRE ATT&CK" }));
        }
        for (pairs, id, name) in [
            (&self.tactics, "threat.tactic.id", "threat.tactic.name"),
            (&self.techniques, "threat.technique.id", "threat.technique.name"),
        ] {
            if !pairs.is_empty() {
                set(id, Val::from(pairs.iter().map(|p| val(p.0.clone())).collect::<Vec<_>>()));
                set(name, Val::from(pairs.iter().map(|p| val(p.1.clone())).collect::<Vec<_>>()));
            }
        }
        set("sentinel.confidence", Val::Float(self.confidence));
        set("sentinel.evidence", Val::from(vec![Val::from(format!("{:032x}", line.id))]));
        set("event.reason", Val::from(self.reason(line)));
    }

    /// One sentence: what, who to whom, and why it is taken for its tactic.
    fn reason(&self, line: &Line) -> String {
        use std::fmt::Write;
        let mut out: String = self.message.as_ref().unwrap_or(&self.name).chars().take(400).collect();
        let shown = |s: &Side| s.ip.map(|a| a.to_string()).or(s.mac.map(|m| m.to_string()));
        let (from, to) = (shown(line.ends.source()), shown(line.ends.destination()));
        let _ = match (from, to) {
            (Some(a), Some(b)) => write!(out, ": {a} to {b}"),
            (Some(one), None) | (None, Some(one)) => write!(out, ": {one}"),
            (None, None) => Ok(()),
        };
        let port = line.ends.destination().port;
        if port != 0 {
            let _ = write!(out, " port {port}");
        }
        if let Some(because) = self.because {
            let _ = write!(out, " ({because})");
        }
        out.push('.');
        out
    }
}

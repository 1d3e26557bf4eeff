//! Which tactic an alert is a sign of, where it says none itself: `alert_tactics.toml`, tried from the top.

mod table;

use rustc_hash::FxHashMap;
use std::net::IpAddr;
use std::sync::OnceLock;
use table::{Entry, Value};

/// A tactic or a technique: its id and its name in ATT&CK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    pub name: String,
}

/// Whether the source and the destination of an alert are private addresses, where they are known.
pub type Ends = (Option<bool>, Option<bool>);

/// An address that no public network routes: RFC 1918, RFC 4193, loopback, link-local, multicast.
pub fn private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(a) => {
            a.is_private() || a.is_loopback() || a.is_link_local() || a.is_multicast() || a.is_broadcast()
        }
        IpAddr::V6(a) => match a.to_ipv4_mapped() {
            Some(a) => private(IpAddr::V4(a)),
            None => {
                let head = a.segments().first().copied().unwrap_or(0);
                a.is_loopback() || a.is_multicast() || head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80
            }
        },
    }
}

/// What the table says of an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    pub tactic: Option<&'static Named>,
    pub technique: Option<&'static Named>,
    /// The tactic is one of ATT&CK for ICS.
    pub ics: bool,
    /// 0 to 1.
    pub confidence: f64,
    /// Highest severity (1-5) it may have.
    pub severity: i64,
    /// The packet is the answer of who was attacked.
    pub answered: bool,
    pub reason: &'static str,
}

/// One phrase: words in a row; the last may stand for the beginning of one.
#[derive(Debug)]
struct Phrase {
    words: Vec<String>,
}

impl Phrase {
    fn new(text: &str) -> Phrase {
        Phrase { words: words(text, true) }
    }
    fn stands_in(&self, said: &[String]) -> bool {
        let fits = |(want, word): (&String, &String)| match want.strip_suffix('*') {
            Some(head) => word.starts_with(head),
            None => want == word,
        };
        !self.words.is_empty() && said.windows(self.words.len()).any(|w| self.words.iter().zip(w).all(fits))
    }
}

/// Lower-case words of letters, digits and `_`; with `star`, `*` belongs to a word too.
fn words(text: &str, star: bool) -> Vec<String> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || (star && c == '*');
    text.split(|c| !part(c)).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

#[derive(Debug, Default)]
struct Step {
    tactic: Option<(Named, bool)>,
    technique: Option<Named>,
}

#[derive(Debug)]
struct Rule {
    note: Option<String>,
    words: Vec<Phrase>,
    any: Vec<Phrase>,
    category: Vec<String>,
    steps: [Step; 3],
    confidence: f64,
    severity: i64,
    answered: bool,
    reason: String,
}

/// The table, made ready once.
#[derive(Debug)]
pub struct Tactics {
    rules: Vec<Rule>,
    tactics: FxHashMap<String, Named>,
}

/// The table that is part of the program.
pub fn shipped() -> &'static Tactics {
    static TABLE: OnceLock<Tactics> = OnceLock::new();
    TABLE.get_or_init(|| {
        Tactics::read(include_str!("../../../../sentinel/rules/data/alert_tactics.toml"))
            .unwrap_or_else(|_| Tactics { rules: Vec::new(), tactics: FxHashMap::default() })
    })
}

impl Tactics {
    /// Reads a table. Errors name the line or the rule and what is wrong with it.
    pub fn read(text: &str) -> Result<Tactics, String> {
        let table = table::read(text)?;
        let mut tactics = FxHashMap::default();
        for row in &table.tactics {
            let [slug, id, name] = row.as_slice() else { return Err(format!("tactic {row:?}: not three texts")) };
            tactics.insert(slug.clone(), Named { id: id.clone(), name: name.clone() });
        }
        let mut techniques = FxHashMap::default();
        for row in &table.techniques {
            let [id, name] = row.as_slice() else { return Err(format!("technique {row:?}: not two texts")) };
            techniques.insert(id.clone(), Named { id: id.clone(), name: name.clone() });
        }
        let rule = |(n, e): (usize, &Entry)| {
            rule(e, &tactics, &techniques).map_err(|why| format!("rule {}: {why}", n.saturating_add(1)))
        };
        let rules = table.rules.iter().enumerate().map(rule).collect::<Result<_, _>>()?;
        Ok(Tactics { rules, tactics })
    }

    /// The name of a tactic by its id.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.tactics.values().find(|t| t.id == id).map(|t| t.name.as_str())
    }

    /// What a Suricata signature of this class means.
    pub fn signature(&'static self, signature: &str, category: &str, ends: Ends) -> Option<Meaning> {
        let said = words(signature, false);
        let category = category.to_lowercase();
        let rule = self.rules.iter().find(|r| {
            r.note.is_none()
                && r.words.iter().all(|p| p.stands_in(&said))
                && (r.any.is_empty() || r.any.iter().any(|p| p.stands_in(&said)))
                && (r.category.is_empty() || r.category.contains(&category))
        })?;
        Some(rule.meaning(ends))
    }

    /// What a Zeek notice means.
    pub fn notice(&'static self, note: &str, ends: Ends) -> Option<Meaning> {
        let fits = |r: &&Rule| match r.note.as_deref() {
            None => false,
            Some(want) => match want.strip_suffix('*') {
                Some(head) => note.starts_with(head),
                None => note == want,
            },
        };
        self.rules.iter().find(fits).map(|r| r.meaning(ends))
    }
}

impl Rule {
    fn meaning(&'static self, ends: Ends) -> Meaning {
        let [across, inside, outward] = &self.steps;
        // an answer goes the other way than the attack
        let (from, to) = if self.answered { (ends.1, ends.0) } else { ends };
        let step = match (from, to) {
            (Some(true), Some(true)) if inside.tactic.is_some() => inside,
            (Some(true), Some(false)) if outward.tactic.is_some() => outward,
            _ => across,
        };
        Meaning {
            tactic: step.tactic.as_ref().map(|t| &t.0),
            technique: step.technique.as_ref(),
            ics: step.tactic.as_ref().is_some_and(|t| t.1),
            confidence: self.confidence,
            severity: self.severity,
            answered: self.answered,
            reason: &self.reason,
        }
    }
}

fn rule(
    e: &Entry,
    tactics: &FxHashMap<String, Named>,
    techniques: &FxHashMap<String, Named>,
) -> Result<Rule, String> {
    let text = |key: &str| match e.get(key) {
        Some(Value::Text(t)) => Some(t.as_str()),
        _ => None,
    };
    let number = |key: &str| match e.get(key) {
        Some(Value::Number(n)) => Some(*n),
        _ => None,
    };
    let phrases = |key: &str| match e.get(key) {
        Some(Value::List(l)) => l.iter().map(|t| Phrase::new(t)).collect(),
        _ => Vec::new(),
    };
    let step = |tactic: &str, technique: &str| -> Result<Step, String> {
        let known = |slug: &str| tactics.get(slug).cloned().ok_or(format!("unknown tactic {slug}"));
        let tagged = |id: &str| techniques.get(id).cloned().ok_or(format!("unknown technique {id}"));
        Ok(Step {
            tactic: text(tactic).map(|t| known(t).map(|k| (k, t.starts_with("ics/")))).transpose()?,
            technique: text(technique).map(tagged).transpose()?,
        })
    };
    let one = Rule {
        note: text("note").map(str::to_owned),
        words: phrases("words"),
        any: phrases("any"),
        category: [text("category"), text("text")].into_iter().flatten().map(str::to_lowercase).collect(),
        steps: [
            step("tactic", "technique")?,
            step("inside", "technique_inside")?,
            step("outward", "technique_outward")?,
        ],
        confidence: number("confidence").ok_or("no confidence")?,
        severity: number("severity").unwrap_or(5.0) as i64,
        answered: text("actor") == Some("destination"),
        reason: text("reason").ok_or("no reason")?.to_owned(),
    };
    let by = [one.note.is_some(), !one.words.is_empty() || !one.any.is_empty(), !one.category.is_empty()];
    if by.iter().filter(|b| **b).count() == 0 {
        return Err("it fits everything".into());
    }
    Ok(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: Ends = (Some(true), Some(true));

    fn of(signature: &str, category: &str, ends: Ends) -> (String, String) {
        let m = shipped().signature(signature, category, ends).unwrap();
        let id = |n: Option<&Named>| n.map_or(String::new(), |n| n.id.clone());
        (id(m.tactic), id(m.technique))
    }

    #[test]
    fn the_shipped_table_is_sound() {
        let text = include_str!("../../../../sentinel/rules/data/alert_tactics.toml");
        let table = Tactics::read(text).unwrap();
        assert!(table.rules.len() > 100);
        for r in &table.rules {
            assert!((0.0..=1.0).contains(&r.confidence) && (1..=5).contains(&r.severity), "{r:?}");
        }
    }

    #[test]
    fn the_words_of_a_signature_count_before_its_class() {
        let web = "Web Application Attack";
        assert_eq!(of("AB SCAN Nikto Web App Scan", web, INSIDE), ("TA0007".into(), "T1046".into()));
        assert_eq!(of("AB SCAN Nikto Web App Scan", web, (None, None)), ("TA0043".into(), "T1595.002".into()));
        assert_eq!(of("something else", web, (None, None)), ("TA0001".into(), "T1190".into()));
        assert_eq!(of("something else", "web-application-attack", INSIDE), ("TA0008".into(), "T1210".into()));
    }

    #[test]
    fn phrases_are_whole_words() {
        let p = Phrase::new("brute force*");
        assert!(p.stands_in(&words("x Brute-Forcer y", false)));
        assert!(!p.stands_in(&words("x Brutes force", false)));
        assert!(!Phrase::new("rat").stands_in(&words("migration RATE", false)));
        assert!(Phrase::new("a * c").stands_in(&words("a b c", false)));
    }

    #[test]
    fn answers_are_told_from_attacks() {
        let m = shipped().signature("XY ATTACK_RESPONSE id check returned root", "bad-unknown", INSIDE);
        assert!(m.unwrap().answered);
        let m = shipped().signature("benign clock query", "Not Suspicious Traffic", INSIDE).unwrap();
        assert_eq!((m.tactic, m.severity), (None, 1));
    }

    #[test]
    fn notices() {
        let m = shipped().notice("Scan::Port_Scan", (None, None)).unwrap();
        assert_eq!(m.tactic.unwrap().id, "TA0043");
        assert_eq!(shipped().notice("My::Own", (None, None)).unwrap().tactic, None);
    }

    #[test]
    fn addresses() {
        let of = |t: &str| private(t.parse().unwrap());
        assert!(of("10.0.0.1") && of("192.168.1.1") && of("fd00::1") && of("::ffff:172.16.0.1"));
        assert!(!of("8.8.8.8") && !of("2001:db8::1"));
    }
}

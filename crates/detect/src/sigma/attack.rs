//! ATT&CK tags of rules: old and new names to one form, with numbers and names.

use std::sync::OnceLock;

struct Row {
    ics: bool,
    id: &'static str,
    /// Short name of a tactic; empty for a technique.
    short: &'static str,
    name: &'static str,
}

fn table() -> &'static [Row] {
    static TABLE: OnceLock<Vec<Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rows = include_str!("attack.tsv").lines().filter(|l| !l.starts_with('#'));
        rows.filter_map(|l| {
            let mut parts = l.split('\t');
            let ics = parts.next()? == "ics";
            Some(Row { ics, id: parts.next()?, short: parts.next()?, name: parts.next()? })
        })
        .collect()
    })
}

/// A tactic or technique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    /// Empty where the table has no name for the number.
    pub name: &'static str,
}

/// What the tags of a rule say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Threat {
    pub ics: bool,
    pub tactics: Vec<Named>,
    pub techniques: Vec<Named>,
}

impl Threat {
    pub fn framework(&self) -> Option<&'static str> {
        match self {
            t if t.tactics.is_empty() && t.techniques.is_empty() => None,
            t if t.ics => Some("MITRE ATT&CK for ICS"),
            _ => Some("MITRE ATT&CK"),
        }
    }
}

/// Techniques (without their parts) under Defense Impairment since version 19, with those that they
/// were before: they decide what the old tag `defense-evasion` stands for.
const IMPAIRMENT: &[&str] = &[
    "T1112", "T1222", "T1484", "T1553", "T1556", "T1562", "T1599", "T1600", "T1601", "T1685", "T1686",
    "T1689", "T1690",
];

/// Tactics under other names than the table's.
fn renamed<'a>(short: &'a str, techniques: &[Named]) -> &'a str {
    match short {
        "defense-evasion" => {
            let impaired = |t: &Named| IMPAIRMENT.contains(&t.id.split('.').next().unwrap_or_default());
            if techniques.iter().any(impaired) { "defense-impairment" } else { "stealth" }
        }
        "inhibit-response-functions" => "inhibit-response-function",
        "c2" => "command-and-control",
        other => other,
    }
}

/// Whether `tag` is the number of a technique: `T0843`, `T1059.001`.
fn technique(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix('T') else { return false };
    let (main, part) = rest.split_once('.').map_or((rest, None), |(m, p)| (m, Some(p)));
    let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|c| c.is_ascii_digit());
    digits(main, 4) && part.is_none_or(|p| digits(p, 3))
}

/// Reads the tags of a rule. What is no tactic or technique of ATT&CK is left out.
pub fn read(tags: &[String]) -> Threat {
    let plain = |t: &String| Some(t.to_ascii_lowercase().strip_prefix("attack.")?.replace('_', "-"));
    let tags: Vec<String> = tags.iter().filter_map(plain).collect();
    let mut out = Threat::default();
    for tag in &tags {
        let id = tag.to_ascii_uppercase();
        if technique(&id) && !out.techniques.iter().any(|t| t.id == id) {
            out.ics |= id.starts_with("T0");
            let name = table().iter().find(|r| r.id == id).map_or("", |r| r.name);
            out.techniques.push(Named { id, name });
        }
    }
    // a tactic that one matrix alone has says which matrix is meant
    let only_ics = |short: &str| {
        let mut of = table().iter().filter(|r| r.short == short);
        of.clone().next().is_some() && of.all(|r| r.ics)
    };
    let shorts: Vec<&str> = tags.iter().map(|t| renamed(t, &out.techniques)).collect();
    out.ics |= shorts.iter().any(|s| only_ics(s) || s.starts_with("ta01") && *s != "ta0112");
    for short in shorts {
        let id = short.to_ascii_uppercase();
        let fits =
            |r: &&Row| (r.short == short && !r.short.is_empty()) || (r.id == id && !r.short.is_empty());
        let all = || table().iter().filter(fits);
        if let Some(row) = all().find(|r| r.ics == out.ics).or_else(|| all().next())
            && !out.tactics.iter().any(|t| t.id == row.id)
        {
            out.tactics.push(Named { id: row.id.to_owned(), name: row.name });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tags: &[&str]) -> (Option<&'static str>, Vec<String>, Vec<String>) {
        let t = read(&tags.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let list = |n: &[Named]| n.iter().map(|n| format!("{} {}", n.id, n.name).trim().to_owned()).collect();
        (t.framework(), list(&t.tactics), list(&t.techniques))
    }

    #[test]
    fn numbers_and_names_of_both_matrices() {
        let (framework, tactics, techniques) =
            told(&["attack.t0843", "attack.lateral-movement", "cve.2020-1"]);
        assert_eq!(framework, Some("MITRE ATT&CK for ICS"));
        assert_eq!(
            (tactics, techniques),
            (vec!["TA0109 Lateral Movement".into()], vec!["T0843 Program Download".into()])
        );
        let (framework, tactics, techniques) = told(&["attack.lateral_movement", "attack.T1021.001"]);
        assert_eq!(framework, Some("MITRE ATT&CK"));
        assert_eq!((tactics, techniques), (vec!["TA0008 Lateral Movement".into()], vec!["T1021.001".into()]));
        assert_eq!(told(&["attack.impair-process-control", "attack.impact"]).1.len(), 2);
        assert_eq!(
            told(&["attack.impact", "attack.impair-process-control"]).1,
            ["TA0105 Impact", "TA0106 Impair Process Control"]
        );
        assert_eq!(told(&["attack.ta0106"]).1, ["TA0106 Impair Process Control"]);
        assert_eq!(told(&["detection.threat-hunting", "attack.s0039"]), (None, vec![], vec![]));
    }

    #[test]
    fn defense_evasion_is_stealth_or_defense_impairment() {
        assert_eq!(told(&["attack.defense_evasion", "attack.t1027"]).1, ["TA0005 Stealth"]);
        assert_eq!(told(&["attack.defense-evasion", "attack.t1562.001"]).1, ["TA0112 Defense Impairment"]);
        assert_eq!(
            told(&["attack.stealth", "attack.defense-impairment"]).1,
            ["TA0005 Stealth", "TA0112 Defense Impairment"]
        );
        assert_eq!(told(&["attack.ta0005"]).1, ["TA0005 Stealth"]);
        assert_eq!(told(&["attack.evasion"]).1, ["TA0103 Evasion"]);
    }
}

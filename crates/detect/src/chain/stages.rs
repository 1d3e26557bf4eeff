//! Tactics as stages of an attack, and the order among them. The table is data
//! (`sentinel/rules/data/stages.toml`) that comes in as JSON.

use hashbrown::HashMap;
use serde::Deserialize;

/// Most stages a table may have: sets of them are 32-bit masks.
const MOST: usize = 32;

/// One stage. It may come before another unless its `earliest` is after the other's `latest`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    pub name: String,
    #[serde(default)]
    pub enterprise: Option<String>,
    #[serde(default)]
    pub ics: Option<String>,
    #[serde(default)]
    pub names: Vec<String>,
    pub earliest: u8,
    pub latest: u8,
    /// Whoever did this has a hold on the destination.
    pub access: bool,
    #[serde(default)]
    pub playbook: Option<String>,
}

impl Stage {
    /// The tactic's id in the matrix of control systems or of enterprises, the other where it has none.
    pub fn id(&self, ics: bool) -> Option<&str> {
        let (first, second) = if ics { (&self.ics, &self.enterprise) } else { (&self.enterprise, &self.ics) };
        first.as_deref().or(second.as_deref())
    }
}

#[derive(Deserialize)]
struct File {
    stage: Vec<Stage>,
}

/// The stage table.
#[derive(Clone, Debug)]
pub struct Stages {
    pub all: Vec<Stage>,
    by_name: HashMap<String, u8>,
    access: u32,
}

impl Stages {
    /// Reads the table, `{"stage": [..]}`; what is wrong comes as one line.
    pub fn new(json: &[u8]) -> Result<Stages, String> {
        let all = serde_json::from_slice::<File>(json).map_err(|e| format!("stage table: {e}"))?.stage;
        if all.len() > MOST {
            return Err(format!("stage table: {} stages, at most {MOST} are possible", all.len()));
        }
        let (mut by_name, mut access) = (HashMap::new(), 0u32);
        for (n, stage) in all.iter().enumerate() {
            if stage.earliest > stage.latest {
                return Err(format!("stage table: {}: earliest is after latest", stage.name));
            }
            access |= u32::from(stage.access) << n;
            let ids = [&stage.enterprise, &stage.ics].into_iter().flatten();
            for name in ids.chain(&stage.names).chain([&stage.name]) {
                if by_name.insert(folded(name), n as u8).is_some_and(|other| other != n as u8) {
                    return Err(format!("stage table: '{name}' stands for two stages"));
                }
            }
        }
        Ok(Stages { all, by_name, access })
    }

    /// The stage of a tactic's id, name or tag.
    pub fn find(&self, tactic: &str) -> Option<u8> {
        self.by_name.get(tactic).or_else(|| self.by_name.get(folded(tactic).as_str())).copied()
    }

    pub fn get(&self, stage: u8) -> Option<&Stage> {
        self.all.get(usize::from(stage))
    }

    /// Earliest and latest place of a stage; of none the whole range.
    pub fn range(&self, stage: u8) -> (u8, u8) {
        self.get(stage).map_or((0, u8::MAX), |s| (s.earliest, s.latest))
    }

    /// One of these stages gives a hold on the destination.
    pub fn gives_access(&self, mask: u32) -> bool {
        mask & self.access != 0
    }
}

/// Stages of a mask, lowest first.
pub fn each(mut mask: u32) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let n = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (n < 32).then_some(n as u8)
    })
}

/// Lower case, hyphens for blanks and underscores, without a tag's `attack.`.
fn folded(name: &str) -> String {
    let name = name.trim();
    let plain = match name.split_at_checked(7) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case("attack.") => rest,
        _ => name,
    };
    plain.chars().map(|c| if c == ' ' || c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub const TABLE: &[u8] = br#"{"stage":[
        {"name":"Discovery","enterprise":"TA0007","ics":"TA0102","earliest":1,"latest":5,"access":false,"playbook":"block-scanner"},
        {"name":"Initial Access","enterprise":"TA0001","ics":"TA0108","earliest":2,"latest":3,"access":true,"playbook":"isolate-host"},
        {"name":"Credential Access","enterprise":"TA0006","earliest":2,"latest":5,"access":true,"playbook":"rotate-credentials"},
        {"name":"Stealth","enterprise":"TA0005","names":["defense-evasion"],"earliest":3,"latest":6,"access":true},
        {"name":"Lateral Movement","enterprise":"TA0008","ics":"TA0109","earliest":3,"latest":6,"access":true},
        {"name":"Impair Process Control","ics":"TA0106","earliest":6,"latest":7,"access":true,"playbook":"manual-control"},
        {"name":"Impact","enterprise":"TA0040","ics":"TA0105","earliest":7,"latest":7,"access":true}]}"#;

    #[test]
    fn old_and_new_names_ids_and_tags() {
        let s = Stages::new(TABLE).unwrap();
        for name in
            ["TA0005", "Stealth", "Defense Evasion", "attack.defense_evasion", "ATTACK.defense-evasion"]
        {
            assert_eq!(s.find(name), Some(3), "{name}");
        }
        assert_eq!(s.find("ta0102"), Some(0));
        assert_eq!(s.find("nothing"), None);
        assert_eq!(s.get(0).and_then(|d| d.id(true)), Some("TA0102"));
        assert_eq!(s.get(2).and_then(|d| d.id(true)), Some("TA0006"));
    }

    #[test]
    fn wrong_tables_are_refused() {
        let twice = br#"{"stage":[{"name":"A","earliest":0,"latest":0,"access":false},{"name":"B","names":["a"],"earliest":0,"latest":0,"access":false}]}"#;
        assert_eq!(Stages::new(twice).unwrap_err(), "stage table: 'a' stands for two stages");
        let back = br#"{"stage":[{"name":"A","earliest":2,"latest":0,"access":false}]}"#;
        assert_eq!(Stages::new(back).unwrap_err(), "stage table: A: earliest is after latest");
    }

    #[test]
    fn masks() {
        assert_eq!(each(0b1000_0101).collect::<Vec<_>>(), [0, 2, 7]);
        assert_eq!(each(1 << 31).collect::<Vec<_>>(), [31]);
        assert_eq!(each(0).count(), 0);
    }
}

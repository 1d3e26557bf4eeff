//! Which identity has which asset id, for as long as anyone may ask.

use crate::state::Map;

/// Entries kept at most; those of assets that are gone give way, the oldest first.
const MOST: usize = 1 << 19;

/// (identity key, asset id) in order of first sight.
#[derive(Default)]
pub struct Ledger {
    pub entries: Vec<(String, String)>,
}

impl Ledger {
    /// Drops what is not needed: entries of identities that are gone (`current` is false) which the
    /// identity alone would give again, and the oldest ones beyond the bound. Returns their keys.
    pub fn prune(&mut self, current: impl Fn(&str) -> bool, derived: impl Fn(&str) -> String) -> Vec<String> {
        let mut names: Map<String, u32> = Map::default();
        self.entries.iter().for_each(|(_, id)| *names.entry(id.clone()).or_default() += 1);
        let mut over = self.entries.len().saturating_sub(MOST);
        let mut gone = Vec::new();
        self.entries.retain(|(key, id)| {
            if current(key) {
                return true;
            }
            let again = names.get(id) == Some(&1) && derived(key) == *id;
            let drop = again || over > 0;
            if drop {
                over = over.saturating_sub(1);
                gone.push(key.clone());
            }
            !drop
        });
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_identity_gives_again_is_forgotten() {
        let entry = |k: &str, id: &str| (k.to_owned(), id.to_owned());
        let entries =
            vec![entry("ip:1", "a-1"), entry("ip:2", "a-2"), entry("mac:3", "a-3"), entry("ip:3", "a-3")];
        let mut ledger = Ledger { entries };
        let gone = ledger.prune(|k| k == "ip:2", |k| format!("a-{}", &k[k.len() - 1..]));
        assert_eq!(gone, ["ip:1"]);
        assert_eq!(ledger.entries.len(), 3);
    }
}

//! Which certificates are revoked: by their hashes, and by linkage seeds, from which the values of every later
//! period follow.

use super::claims::Claims;
use super::lru::Lru;
use super::trust::Authority;
use crate::cipher::Cipher;
use crate::coer::Value;
use crate::linkage::{LinkageValue, Seed, linkage_value, pre_linkage_value, seed_after};
use std::collections::HashSet;

/// Seeds of one vehicle: of two authorities, or of one alone.
#[derive(Clone, Debug)]
struct Seeds {
    first: u16,
    /// Periods in which it is revoked, from `first` on.
    periods: u16,
    most: u32,
    one: ([u8; 2], Seed),
    other: Option<([u8; 2], Seed)>,
}

impl Seeds {
    fn values(&self, cipher: Cipher, period: u16, out: &mut HashSet<LinkageValue>) {
        let Some(steps) = period.checked_sub(self.first).filter(|n| *n < self.periods) else { return };
        let (one, seed) = self.one;
        let one_seed = seed_after(cipher, one, &seed, steps);
        let other = self.other.map(|(id, seed)| (id, seed_after(cipher, id, &seed, steps)));
        for j in 0..=self.most {
            let value = pre_linkage_value(cipher, one, &one_seed, j);
            out.insert(match &other {
                Some((id, seed)) => linkage_value(&value, &pre_linkage_value(cipher, *id, seed, j)),
                None => value,
            });
        }
    }
}

/// Entries of all lists, and linkage values of one period at once.
const ENTRIES: usize = 2_000_000;
/// Periods whose linkage values are kept: two are in use at the turn of a week, in two ciphers.
const PERIODS: usize = 4;

/// See the module.
#[derive(Debug)]
pub struct Revoked {
    ids: HashSet<[u8; 10]>,
    /// ETSI names authorities by eight octets.
    short: HashSet<[u8; 8]>,
    seeds: Vec<Seeds>,
    sets: Lru<(bool, u16), HashSet<LinkageValue>>,
}

impl Default for Revoked {
    fn default() -> Revoked {
        Revoked { ids: HashSet::new(), short: HashSet::new(), seeds: Vec::new(), sets: Lru::new(PERIODS) }
    }
}

fn octets<const N: usize>(value: &Value, name: &str) -> Option<[u8; N]> {
    value.get(name)?.as_octets()?.try_into().ok()
}
fn number(value: &Value, name: &str) -> Option<u16> {
    u16::try_from(value.get(name)?.as_int()?).ok()
}
fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_list).unwrap_or_default()
}

impl Revoked {
    pub fn len(&self) -> usize {
        self.ids.len() + self.short.len() + self.seeds.len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the entries of CrlContents, full or delta; how many they are.
    pub fn add(&mut self, crl: &Value) -> Result<usize, String> {
        let Some((kind, entries)) = crl.get("typeSpecific").and_then(Value::as_choice) else {
            return Err("has no entries".into());
        };
        let before = self.len();
        match kind {
            "fullHashCrl" | "deltaHashCrl" => {
                let all = list(entries, "entries");
                self.ids.extend(all.iter().filter_map(|e| octets::<10>(e, "id")));
            }
            _ => self.linked(entries).ok_or("has an entry of a form that is not known")?,
        }
        if self.len() > ENTRIES {
            return Err(format!("has too many entries: no more than {ENTRIES} are kept"));
        }
        self.sets = Lru::new(PERIODS);
        Ok(self.len() - before)
    }

    /// Adds the entries of an ETSI list: authorities by their HashedId8.
    pub fn add_etsi(&mut self, crl: &Value) -> usize {
        let before = self.short.len();
        let all = list(crl, "entries");
        self.short.extend(all.iter().filter_map(|e| <[u8; 8]>::try_from(e.as_octets()?).ok()));
        self.sets = Lru::new(PERIODS);
        self.short.len() - before
    }

    fn linked(&mut self, crl: &Value) -> Option<()> {
        let first = number(crl, "iRev")?;
        for group in list(crl, "individual") {
            let most = u32::from(number(group, "jmax")?);
            for pair in list(group, "contents") {
                let (one, other) = (octets(pair, "la1Id")?, octets(pair, "la2Id")?);
                for span in list(pair, "contents") {
                    let periods = number(span, "iMax")?.saturating_sub(first).saturating_add(1);
                    let seeds = |s: (Seed, Option<Seed>)| Seeds {
                        first,
                        periods,
                        most,
                        one: (one, s.0),
                        other: s.1.map(|seed| (other, seed)),
                    };
                    for entry in list(span, "contents") {
                        let both = (octets(entry, "linkageSeed1")?, Some(octets(entry, "linkageSeed2")?));
                        self.seeds.push(seeds(both));
                    }
                    for entry in list(span, "singleSeed") {
                        self.seeds.push(seeds((entry.as_octets()?.try_into().ok()?, None)));
                    }
                }
            }
        }
        Some(())
    }

    /// Whether a certificate is named by its hash: a look, no more.
    pub fn names(&self, claims: &Claims) -> bool {
        let by_hash = |id: &[u8; 10]| self.ids.contains(id);
        !self.ids.is_empty() && (by_hash(&claims.digest.last()) || claims.twin.as_ref().is_some_and(by_hash))
            || self.short.contains(&claims.id8)
            || !self.short.is_empty()
                && claims
                    .twin
                    .and_then(|id| id.last_chunk().copied())
                    .is_some_and(|id| self.short.contains(&id))
    }

    /// Whether a certificate is revoked, by name or by seed.
    pub fn holds(&mut self, claims: &Claims) -> bool {
        if self.names(claims) {
            return true;
        }
        let Some((period, value)) = claims.linkage.filter(|_| !self.seeds.is_empty()) else { return false };
        let key = (claims.national, period);
        if !self.sets.contains(&key) {
            let cipher = if claims.national { Cipher::Sm4 } else { Cipher::Aes };
            let mut values = HashSet::new();
            for seeds in &self.seeds {
                seeds.values(cipher, period, &mut values);
                if values.len() > ENTRIES {
                    break;
                }
            }
            self.sets.insert(key, values);
        }
        self.sets.get(&key).is_some_and(|values| values.contains(&value))
    }

    /// Whether an authority or one above it is revoked.
    pub fn holds_chain(&self, authority: &Authority) -> bool {
        let mut chain = authority.chain().map(|one| &one.claims);
        !(self.ids.is_empty() && self.short.is_empty()) && chain.any(|c| self.names(c))
    }
}

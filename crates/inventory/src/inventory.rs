//! The inventory of a run or a store: observations in, records out, with Python's word in between.

use crate::bounds::Bounds;
use crate::changes::Told;
use crate::identity::{self, Identity};
use crate::index::{Index, of};
use crate::ledger::Ledger;
use crate::profile::{self, Meaning};
use crate::records::View;
use crate::state::*;
use sentinel_wire::json::{self, List};
use sentinel_wire::model::*;
use sentinel_wire::obs::{Seen, Sym};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What Python says of one credential.
#[derive(Debug, Deserialize)]
pub struct Assessment {
    pub masked: Option<String>,
    /// The hash line, masked.
    #[serde(default)]
    pub line: Option<String>,
    /// Keyed hash of the secret, where a key is at hand.
    #[serde(default)]
    pub secret_id: Option<String>,
    #[serde(default)]
    pub weaknesses: Vec<String>,
    #[serde(default)]
    pub default_of: Vec<String>,
    /// The password of a hash line, or its keyed hash where a key is at hand.
    #[serde(default)]
    pub found: Option<String>,
    /// That password as it is shown.
    #[serde(default)]
    pub password: Option<String>,
}

/// Derived from a state; rebuilt by [`Inventory::derive`].
#[derive(Default)]
pub struct Inventory {
    pub state: State,
    pub identity: Identity,
    pub index: Index,
    ids: Vec<(String, Vec<String>)>,
    meaning_of: Vec<u32>,
    meanings: Vec<Arc<Meaning>>,
    secret_names: Map<Sym, String>,
    reused: hashbrown::HashSet<Sym, rustc_hash::FxBuildHasher>,
    /// Serial numbers that name each asset.
    serials: Vec<Vec<String>>,
    /// Secrets go by their keyed hash.
    keyed: bool,
    /// It is a harvest, to be added to a total: what it takes away from others is kept in it.
    pub partial: bool,
    /// What [`Inventory::absorb`] keeps of each table.
    pub bounds: Bounds,
    /// Ids of assets, where [`Inventory::update`] keeps them.
    pub ledger: Ledger,
    pub(crate) told: Told,
    known: Known,
}

/// Answers of Python that need not be asked for again.
#[derive(Default)]
struct Known {
    /// By the digest of a profile; its time, where the answer hangs on it; when it was used last.
    meanings: Map<[u8; 16], Answer>,
    makers: Map<Mac, Option<String>>,
    round: u64,
}

struct Answer {
    meaning: Arc<Meaning>,
    until: Option<String>,
    round: u64,
}

/// Answers kept at most: meanings of profiles, makers of hardware addresses.
const MAX_KNOWN: usize = 1 << 16;

/// Asks Python what profiles (a JSON array) mean; the answer is an array of the same length.
pub type Ask<'a> = &'a mut dyn FnMut(&[u8]) -> Result<Vec<u8>, String>;
/// Gives the maker of each hardware address.
pub type Oui<'a> = &'a mut dyn FnMut(&[Mac]) -> Result<Vec<Option<String>>, String>;

/// What became of a ledger: entries added, (identity, asset id), and identities dropped.
pub type Entered = (Vec<(String, String)>, Vec<String>);

/// Profiles put to Python in one question.
const PROFILES_AT_ONCE: usize = 512;
/// What a profile holds whose meaning hangs on the time: a certificate.
const TIMED: &[u8] = b"\"tls.not_";

impl Inventory {
    pub fn new(sources: Vec<Source>) -> Inventory {
        Inventory { state: State { sources, ..State::default() }, ..Inventory::default() }
    }

    /// Adds what was kept of another scan. There, secrets go by their keyed hash.
    pub fn merge(&mut self, kept: &State) {
        self.state.merge(kept);
        self.state.settle();
        self.keyed = true;
    }

    /// Adds a harvest of a run that goes on, or what it gave at its end. A total is bounded by it; a
    /// harvest that another is added to stays one.
    pub fn absorb(&mut self, harvest: &Inventory) {
        self.state.merge(&harvest.state);
        self.keyed |= harvest.keyed;
        if self.partial {
            return;
        }
        self.state.settle();
        if harvest.state.services.values().any(|s| s.seen.count == 0) {
            // more was told of services that are not held any more
            for s in self.state.services.values_mut().filter(|s| s.seen.count == 0) {
                if let Some((.., at)) = s.info.first() {
                    s.seen = Seen::once(*at);
                }
            }
        }
        self.state.bound(&self.bounds);
    }

    /// [`Inventory::derive`] with the ledger this inventory keeps. Returns entries that were added to it
    /// and keys that were dropped from it.
    pub fn update(&mut self, until: Option<&str>, ask: Ask<'_>, oui: Oui<'_>) -> Result<Entered, String> {
        let ledger = std::mem::take(&mut self.ledger);
        let added = self.derive(Some(&ledger.entries), until, ask, oui);
        self.ledger = ledger;
        let added = added?;
        self.ledger.entries.extend(added.iter().cloned());
        let current: hashbrown::HashSet<String> = (0..self.identity.groups.len())
            .flat_map(|a| identity::keys(&self.state, &self.identity.groups[a], &self.serials[a]))
            .collect();
        let gone = self.ledger.prune(|k| current.contains(k), |k| new_id(&[k.to_owned()]));
        Ok((added, gone))
    }

    /// Approximate bytes held.
    pub fn bytes(&self) -> usize {
        let ledger: usize = self.ledger.entries.iter().map(|(a, b)| a.capacity() + b.capacity() + 48).sum();
        let answers = self.known.meanings.allocation_size() + self.known.meanings.len() * 1024;
        self.state.bytes() + ledger + answers + self.told.bytes()
    }

    /// Credentials that were not assessed yet, as a JSON array, in a fixed order.
    pub fn to_assess(&self) -> (Vec<CredKey>, Vec<u8>) {
        let state = &self.state;
        let said = |name: Sym| state.text(name) == "vendor";
        let mut vendors: Map<sentinel_wire::obs::HostId, Sym> = Map::default();
        for k in state.facts.keys().filter(|k| said(k.name)) {
            let slot = vendors.entry(k.host).or_insert(k.value);
            if state.text(k.value) < state.text(*slot) {
                *slot = k.value;
            }
        }
        let mut list: Vec<(&CredKey, &Credential)> =
            state.credentials.iter().filter(|(_, c)| c.assessed.is_none()).collect();
        list.sort_by_cached_key(|(k, c)| {
            let text = |s: Option<Sym>| s.map(|s| state.text(s).to_owned());
            (c.seen.first, state.text(k.protocol).to_owned(), text(k.username), text(k.secret))
        });
        let mut out = Vec::new();
        let mut l = List::array(&mut out);
        for (k, c) in &list {
            let mut o = List::object(l.item());
            o.str("protocol", state.text(k.protocol));
            o.str("kind", k.kind.name());
            if let Some(user) = k.username {
                o.str("username", state.text(user));
            }
            if let Some(secret) = k.secret {
                o.str("secret", state.text(secret));
            }
            o.bool("cleartext", c.cleartext);
            o.str("outcome", c.outcome.name());
            match state.hosts[k.server.0 as usize].0.addr {
                HostAddr::Ip(a) => o.str("server", &a.to_string()),
                HostAddr::Mac(m) => o.str("server", &m.to_string()),
            }
            if let Some(vendor) = vendors.get(&k.server) {
                o.str("vendor", state.text(*vendor));
            }
            if let Some((mode, line)) = c.hashcat {
                o.int("hashcat_mode", mode);
                o.str("hashcat_line", state.text(line));
            }
            o.end();
        }
        l.end();
        (list.into_iter().map(|(k, _)| k.clone()).collect(), out)
    }

    /// Takes the answers to [`Inventory::to_assess`], in the same order.
    pub fn assessed(&mut self, keys: Vec<CredKey>, answers: &[u8]) -> Result<(), String> {
        let answers: Vec<Assessment> =
            serde_json::from_slice(answers).map_err(|e| format!("assessment of credentials: {e}"))?;
        if answers.len() != keys.len() {
            return Err(format!("{} assessments for {} credentials", answers.len(), keys.len()));
        }
        for (key, a) in keys.into_iter().zip(answers) {
            let Some(mut c) = self.state.credentials.remove(&key) else { continue };
            let s = &mut self.state.strings;
            c.assessed = Some(Assessed {
                shown: a.masked.as_deref().map(|t| s.intern(t)),
                line: a.line.as_deref().map(|t| s.intern(t)),
                weaknesses: a.weaknesses.iter().map(|t| s.intern(t)).collect(),
                default_of: a.default_of.iter().map(|t| s.intern(t)).collect(),
                found: a
                    .found
                    .as_deref()
                    .zip(a.password.as_deref())
                    .map(|(secret, shown)| Guessed { secret: s.intern(secret), shown: s.intern(shown) }),
            });
            let secret = match (&a.secret_id, key.secret) {
                (Some(id), Some(_)) => Some(s.intern(id)),
                (_, secret) => secret,
            };
            self.keyed |= a.secret_id.is_some();
            self.state.add_credential(CredKey { secret, ..key }, c);
        }
        Ok(())
    }

    /// Works out assets, ids and meanings. `ledger` holds (identity key, asset id) in order of
    /// first sight; returns the entries to add to it. `None`: nobody keeps one, none are made. `until`
    /// stands for the time that meanings hang on: they are asked for anew when it is another.
    pub fn derive(
        &mut self,
        ledger: Option<&[(String, String)]>,
        until: Option<&str>,
        ask: Ask<'_>,
        oui: Oui<'_>,
    ) -> Result<Vec<(String, String)>, String> {
        self.identity = identity::resolve(&self.state);
        self.index = Index::new(&self.state, &self.identity);
        self.secrets();
        let new = self.name_assets(ledger);
        self.ask_meanings(until, ask, oui)?;
        Ok(new)
    }

    fn secrets(&mut self) {
        let state = &self.state;
        self.secret_names.clear();
        self.reused.clear();
        let mut first: Map<Sym, (Micros, u64, String)> = Map::default();
        let mut at: Map<Sym, Vec<u32>> = Map::default();
        for (k, c) in &state.credentials {
            let Some(secret) = c.secret(k) else { continue };
            let order = crate::index::order(state, &c.seen);
            let order = (order.0, order.1, state.text(secret).to_owned());
            let slot = first.entry(secret).or_insert_with(|| order.clone());
            if order < *slot {
                *slot = order;
            }
            if let Some(a) = self.identity.of_node.get(k.server.0 as usize).copied().flatten() {
                let list = at.entry(secret).or_default();
                if !list.contains(&a) {
                    list.push(a);
                }
            }
        }
        self.reused.extend(at.into_iter().filter(|(_, l)| l.len() > 1).map(|(s, _)| s));
        if !self.keyed {
            let mut order: Vec<_> = first.into_iter().collect();
            order.sort_by(|a, b| a.1.cmp(&b.1));
            self.secret_names =
                order.into_iter().enumerate().map(|(i, (s, _))| (s, format!("s{}", i + 1))).collect();
        }
    }

    /// Gives each asset its id: the oldest one in the ledger that is its own, else a new one from
    /// its strongest identity.
    fn name_assets(&mut self, ledger: Option<&[(String, String)]>) -> Vec<(String, String)> {
        let n = self.identity.groups.len();
        let mut serials: Vec<Vec<String>> = vec![Vec::new(); n];
        for f in &self.index.facts {
            let value = self.state.text(f.value);
            if f.by_self && self.state.text(f.name) == "serial" && identity::usable_serial(value) {
                serials[f.asset as usize].push(value.to_owned());
            }
        }
        // a serial that several assets gave names none of them
        let mut holders: Map<String, u32> = Map::default();
        for list in &mut serials {
            list.sort();
            list.dedup();
            list.iter().for_each(|s| *holders.entry(s.to_lowercase()).or_default() += 1);
        }
        serials.iter_mut().for_each(|list| list.retain(|s| holders.get(&s.to_lowercase()) == Some(&1)));
        self.serials = serials;
        let keys_of = |a: usize| identity::keys(&self.state, &self.identity.groups[a], &self.serials[a]);
        let Some(ledger) = ledger else {
            self.ids = (0..n).map(|a| (new_id(&keys_of(a)), Vec::new())).collect();
            return Vec::new();
        };
        let keys: Vec<Vec<String>> = (0..n).map(keys_of).collect();
        let known: Map<&str, (usize, &str)> =
            ledger.iter().enumerate().map(|(i, (k, id))| (k.as_str(), (i, id.as_str()))).collect();
        // an id goes to the asset that holds the strongest of its keys
        let strength = |k: &str| if k.starts_with("hw:") { 0u8 } else { u8::from(k.starts_with("ip:")) + 1 };
        let mut owner: Map<&str, (u8, usize, usize)> = Map::default();
        for (a, list) in keys.iter().enumerate() {
            for k in list {
                if let Some((i, id)) = known.get(k.as_str()) {
                    let claim = (strength(k), *i, a);
                    let slot = owner.entry(id).or_insert(claim);
                    *slot = (*slot).min(claim);
                }
            }
        }
        let mut granted: Vec<Vec<(usize, &str)>> = vec![Vec::new(); n];
        let first: Map<&str, usize> =
            ledger.iter().enumerate().rev().map(|(i, (_, id))| (id.as_str(), i)).collect();
        for (id, (_, _, a)) in &owner {
            granted[*a].push((first.get(id).copied().unwrap_or(0), id));
        }
        let mut taken: hashbrown::HashSet<String> = first.keys().map(|s| (*s).to_owned()).collect();
        let mut added = Vec::new();
        self.ids = keys
            .iter()
            .zip(&mut granted)
            .map(|(list, got)| {
                got.sort_unstable();
                let mut ids = got.iter().map(|(_, id)| (*id).to_owned());
                let id = ids.next().unwrap_or_else(|| {
                    let mut id = new_id(list);
                    while !taken.insert(id.clone()) {
                        id.push('x');
                    }
                    id
                });
                added.extend(
                    list.iter().filter(|k| !known.contains_key(k.as_str())).map(|k| (k.clone(), id.clone())),
                );
                let mut aliases: Vec<String> = ids.collect();
                // the ids that its other identities would have given it, had they been seen first
                for k in list.iter().filter(|k| !k.starts_with("ip:")) {
                    let other = new_id(std::slice::from_ref(k));
                    if other != id && !aliases.contains(&other) && !owner.contains_key(other.as_str()) {
                        aliases.push(other);
                    }
                }
                aliases.sort();
                (id, aliases)
            })
            .collect();
        added
    }

    fn ask_meanings(&mut self, until: Option<&str>, ask: Ask<'_>, oui: Oui<'_>) -> Result<(), String> {
        self.ask_makers(oui)?;
        let state = &self.state;
        let makers = &self.known.makers;
        let look = |m: Mac| makers.get(&m).cloned().flatten();
        self.known.round += 1;
        let round = self.known.round;
        let mut numbers: Map<[u8; 16], u32> = Map::default();
        let mut meanings: Vec<Option<Arc<Meaning>>> = Vec::new();
        let mut new: Vec<(u32, [u8; 16], Vec<u8>)> = Vec::new();
        let mut out = Vec::with_capacity(4096);
        self.meaning_of = (0..self.identity.groups.len() as u32)
            .map(|a| {
                out.clear();
                profile::write(&mut out, state, &self.identity, &self.index, a, &look);
                let digest = Sha256::digest(&out);
                let key: [u8; 16] = std::array::from_fn(|i| digest[i]);
                *numbers.entry(key).or_insert_with(|| {
                    let n = meanings.len() as u32;
                    let known = self.known.meanings.get_mut(&key);
                    let known = known.filter(|k| k.until.is_none() || k.until.as_deref() == until);
                    meanings.push(known.map(|k| {
                        k.round = round;
                        Arc::clone(&k.meaning)
                    }));
                    if meanings[n as usize].is_none() {
                        new.push((n, key, out.clone()));
                    }
                    n
                })
            })
            .collect();
        for some in new.chunks(PROFILES_AT_ONCE) {
            let mut question = vec![b'['];
            question.extend(some.iter().map(|(.., p)| p.as_slice()).collect::<Vec<_>>().join(&b','));
            question.push(b']');
            let answer = ask(&question)?;
            let got: Vec<Meaning> =
                serde_json::from_slice(&answer).map_err(|e| format!("meaning of profiles: {e}"))?;
            if got.len() != some.len() {
                return Err(format!("{} meanings for {} profiles", got.len(), some.len()));
            }
            for ((n, key, profile), meaning) in some.iter().zip(got) {
                let meaning = Arc::new(meaning);
                meanings[*n as usize] = Some(Arc::clone(&meaning));
                // a meaning hangs on the time only where a certificate does
                let timed = profile.windows(TIMED.len()).any(|w| w == TIMED);
                let until = if timed { Some(until.unwrap_or_default().to_owned()) } else { None };
                self.known.meanings.insert(*key, Answer { meaning, until, round });
            }
        }
        if self.known.meanings.len() > MAX_KNOWN {
            self.known.meanings.retain(|_, a| a.round == round);
        }
        self.meanings = meanings.into_iter().map(Option::unwrap_or_default).collect();
        Ok(())
    }

    /// Asks for the makers of hardware addresses that are not known yet.
    fn ask_makers(&mut self, oui: Oui<'_>) -> Result<(), String> {
        if self.known.makers.len() > MAX_KNOWN {
            self.known.makers = Map::default();
        }
        let makers = &self.known.makers;
        let macs: Vec<Mac> = self
            .state
            .hosts
            .iter()
            .zip(&self.identity.of_node)
            .filter_map(|((k, _), a)| match k.addr {
                HostAddr::Mac(m) if a.is_some() && !makers.contains_key(&m) => Some(m),
                _ => None,
            })
            .collect();
        if !macs.is_empty() {
            let names = oui(&macs)?;
            self.known.makers.extend(macs.into_iter().zip(names));
        }
        Ok(())
    }

    /// What records are written from.
    pub fn view(&self) -> View<'_> {
        View {
            state: &self.state,
            identity: &self.identity,
            index: &self.index,
            ids: &self.ids,
            meaning_of: &self.meaning_of,
            meanings: &self.meanings,
            secret_names: &self.secret_names,
            reused: &self.reused,
        }
    }

    pub fn assets(&self) -> usize {
        self.identity.groups.len()
    }
    /// How many distinct meanings there are.
    pub fn meanings(&self) -> usize {
        self.meanings.len()
    }
    /// Id of the asset that holds an address, if there is one.
    pub fn id(&self, a: u32) -> Option<&str> {
        self.ids.get(a as usize).map(|i| i.0.as_str())
    }

    /// Asset numbers, those a person would look at first in front: exposures, what was done to or
    /// by it, facts, then traffic.
    pub fn by_interest(&self) -> Vec<u32> {
        let rank = |a: u32| {
            let m = &self.meanings[self.meaning_of[a as usize] as usize];
            let worst = m.exposures.iter().map(|e| severity(&e.severity)).max().unwrap_or(0);
            let count = |r: std::ops::Range<usize>| r.len();
            let deeds = count(of(&self.index.deeds, a, |d| d.asset));
            let facts = count(of(&self.index.facts, a, |f| f.asset));
            (worst, m.kind.is_some(), deeds, facts.min(50))
        };
        let mut list: Vec<u32> = (0..self.assets() as u32).collect();
        list.sort_by_cached_key(|a| (std::cmp::Reverse(rank(*a)), *a));
        list
    }
}

fn severity(word: &str) -> u8 {
    ["informational", "low", "medium", "high", "critical"]
        .iter()
        .position(|w| *w == word)
        .map_or(0, |p| p as u8 + 1)
}

/// An id from the strongest identity key: `a-` and 12 hexadecimal digits.
fn new_id(keys: &[String]) -> String {
    let digest = Sha256::digest(keys.first().map_or("", String::as_str).as_bytes());
    format!("a-{}", sentinel_wire::bytes::hex(&digest[..6]))
}

/// Writes the document's `limits` and `parse_errors`.
pub fn counters(out: &mut Vec<u8>, state: &State, which: &Map<Sym, u64>) {
    let mut list: Vec<(&str, u64)> = which.iter().map(|(k, v)| (state.text(*k), *v)).collect();
    list.sort_unstable();
    let mut o = List::object(out);
    list.into_iter().for_each(|(k, v)| json::int(o.key(k), v));
    o.end();
}

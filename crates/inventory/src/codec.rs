//! A state as bytes: what a store keeps of a source. Secrets are not in it, only their keyed hashes.

use crate::state::*;
use sentinel_wire::obs::{ConvStat, HostStat, Interner, Seen};
use serde::{Deserialize, Serialize};

/// First bytes of the form: name and version.
const MAGIC: &[u8; 8] = b"SNTLOBS1";
/// The same with traffic to be taken away behind it: a harvest that was not added to a total.
const MAGIC_TAKEN: &[u8; 8] = b"SNTLOBT1";
/// The same with traffic to be taken away, of which there may be none, and guessed passwords behind it.
const MAGIC_FOUND: &[u8; 8] = b"SNTLOBF1";

#[derive(Serialize, Deserialize)]
struct Form {
    strings: Vec<String>,
    sources: Vec<Source>,
    hosts: Vec<(NodeKey, HostStat)>,
    facts: Vec<(FactKey, Seen)>,
    bindings: Vec<(BindKey, Seen)>,
    services: Vec<(ServiceKey, Service)>,
    conversations: Vec<(ConvKey, ConvStat)>,
    /// Stands behind the form, where there is any.
    #[serde(skip)]
    taken: Vec<(ConvKey, ConvStat)>,
    /// Likewise: guessed passwords by the place of their credential.
    #[serde(skip)]
    found: Vec<(u32, Guessed)>,
    operations: Vec<(OpKey, Operation)>,
    credentials: Vec<(CredKey, Credential)>,
    parse_errors: Vec<(sentinel_wire::obs::Sym, u64)>,
    counters: Vec<(sentinel_wire::obs::Sym, u64)>,
}

/// Why bytes are no state.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not this form, or another version of it.
    Form,
    Damaged(String),
    /// A secret that was not assessed would have been written.
    Secret,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unreadable::Form => f.write_str("observations of another version, scan the capture again"),
            Unreadable::Damaged(why) => write!(f, "damaged observations: {why}"),
            Unreadable::Secret => f.write_str("a credential was not assessed"),
        }
    }
}

impl State {
    /// The bytes of a state whose credentials were all assessed.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Unreadable> {
        if self.credentials.values().any(|c| c.assessed.is_none()) {
            return Err(Unreadable::Secret);
        }
        fn list<K: Clone, V: Clone>(map: &Map<K, V>) -> Vec<(K, V)> {
            map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
        }
        let mut credentials = list(&self.credentials);
        for (_, c) in &mut credentials {
            c.hashcat =
                c.hashcat.zip(c.assessed.as_ref().and_then(|a| a.line)).map(|((mode, _), line)| (mode, line));
        }
        // Texts that only a secret used must not be written: keep those that are referred to.
        let mut form = Form {
            strings: Vec::new(),
            sources: self.sources.clone(),
            hosts: self.hosts.clone(),
            facts: list(&self.facts),
            bindings: list(&self.bindings),
            services: list(&self.services),
            conversations: list(&self.conversations),
            taken: list(&self.taken),
            found: Vec::new(),
            operations: list(&self.operations),
            credentials,
            parse_errors: list(&self.parse_errors),
            counters: list(&self.counters),
        };
        let found = |(_, c): &(CredKey, Credential)| c.assessed.as_ref().and_then(|a| a.found);
        let places = form.credentials.iter().zip(0..);
        form.found = places.filter_map(|(c, i)| Some((i, found(c)?))).collect();
        let mut used = vec![false; self.strings.len()];
        form.symbols(&mut |s| used[s.0 as usize] = true);
        form.strings = (0..self.strings.len() as u32)
            .map(|i| {
                let sym = sentinel_wire::obs::Sym(i);
                if used[i as usize] { self.strings.get(sym).to_owned() } else { format!("\u{0}{i}") }
            })
            .collect();
        let damaged = |e: postcard::Error| Unreadable::Damaged(e.to_string());
        let magic = match (form.found.is_empty(), form.taken.is_empty()) {
            (false, _) => MAGIC_FOUND,
            (true, false) => MAGIC_TAKEN,
            (true, true) => MAGIC,
        };
        let mut out = postcard::to_extend(&form, magic.to_vec()).map_err(damaged)?;
        if magic != MAGIC {
            out = postcard::to_extend(&form.taken, out).map_err(damaged)?;
        }
        if magic == MAGIC_FOUND {
            out = postcard::to_extend(&form.found, out).map_err(damaged)?;
        }
        Ok(out)
    }

    /// The state of bytes that [`State::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<State, Unreadable> {
        let damaged = |e: postcard::Error| Unreadable::Damaged(e.to_string());
        let (magic, body) = bytes.split_first_chunk::<8>().ok_or(Unreadable::Form)?;
        if ![MAGIC, MAGIC_TAKEN, MAGIC_FOUND].contains(&magic) {
            return Err(Unreadable::Form);
        }
        let (mut form, rest) = postcard::take_from_bytes::<Form>(body).map_err(damaged)?;
        if magic != MAGIC {
            let (taken, rest) = postcard::take_from_bytes(rest).map_err(damaged)?;
            form.taken = taken;
            if magic == MAGIC_FOUND {
                form.found = postcard::from_bytes(rest).map_err(damaged)?;
            }
        }
        let mut strings = Interner::default();
        for s in &form.strings {
            strings.intern(s);
        }
        let (texts, hosts) = (strings.len(), form.hosts.len());
        let mut sound = texts == form.strings.len();
        form.symbols(&mut |s| sound &= (s.0 as usize) < texts);
        form.host_ids(&mut |h| sound &= (h.0 as usize) < hosts);
        if !sound {
            return Err(Unreadable::Damaged("a reference points nowhere".into()));
        }
        let mut state = State { strings, sources: form.sources, ..State::default() };
        for (i, (key, _)) in form.hosts.iter().enumerate() {
            state.host_index.insert(*key, sentinel_wire::obs::HostId(i as u32));
        }
        state.hosts = form.hosts;
        state.facts = form.facts.into_iter().collect();
        state.bindings = form.bindings.into_iter().collect();
        state.services = form.services.into_iter().collect();
        state.conversations = form.conversations.into_iter().collect();
        state.taken = form.taken.into_iter().collect();
        state.operations = form.operations.into_iter().collect();
        for (i, found) in form.found {
            let place = form.credentials.get_mut(i as usize).and_then(|(_, c)| c.assessed.as_mut());
            place.ok_or_else(|| Unreadable::Damaged("a guessed password of nothing".into()))?.found =
                Some(found);
        }
        state.credentials = form.credentials.into_iter().collect();
        state.parse_errors = form.parse_errors.into_iter().collect();
        state.counters = form.counters.into_iter().collect();
        Ok(state)
    }
}

impl Form {
    /// Shows every text number the form refers to.
    fn symbols(&mut self, f: &mut impl FnMut(sentinel_wire::obs::Sym)) {
        fn value(v: &Value, f: &mut impl FnMut(sentinel_wire::obs::Sym)) {
            match v {
                Value::Text(s) => f(*s),
                Value::List(l) => l.iter().for_each(|v| value(v, f)),
                _ => {}
            }
        }
        self.hosts.iter().for_each(|(k, _)| f(k.site));
        for (k, _) in &self.facts {
            [k.name, k.value, k.protocol, k.field].into_iter().for_each(&mut *f);
        }
        for (k, v) in &self.services {
            f(k.protocol);
            for (n, v, _) in &v.info {
                f(*n);
                value(v, f);
            }
        }
        self.conversations.iter().chain(&self.taken).for_each(|(k, _)| f(k.protocol));
        for (k, v) in &self.operations {
            f(k.protocol);
            f(k.name);
            k.unit.into_iter().for_each(&mut *f);
            for (n, v) in &v.detail {
                f(*n);
                value(v, f);
            }
        }
        for (k, v) in &self.credentials {
            f(k.protocol);
            k.username.into_iter().chain(k.secret).for_each(&mut *f);
            v.hashcat.into_iter().for_each(|(_, l)| f(l));
            for (n, v) in &v.detail {
                f(*n);
                value(v, f);
            }
            if let Some(a) = &v.assessed {
                a.shown.into_iter().chain(a.line).for_each(&mut *f);
                a.weaknesses.iter().chain(&a.default_of).for_each(|s| f(*s));
            }
        }
        self.found.iter().for_each(|(_, g)| [g.secret, g.shown].into_iter().for_each(&mut *f));
        self.parse_errors.iter().chain(&self.counters).for_each(|(k, _)| f(*k));
    }

    /// Shows every host number the form refers to.
    fn host_ids(&self, f: &mut impl FnMut(sentinel_wire::obs::HostId)) {
        self.facts.iter().for_each(|(k, _)| f(k.host));
        self.bindings.iter().for_each(|(k, _)| [k.mac, k.ip].into_iter().for_each(&mut *f));
        self.services.iter().for_each(|(k, _)| f(k.host));
        let talks = self.conversations.iter().chain(&self.taken);
        talks.for_each(|(k, _)| [k.client, k.server].into_iter().for_each(&mut *f));
        self.operations.iter().for_each(|(k, _)| [k.client, k.server].into_iter().for_each(&mut *f));
        self.credentials.iter().for_each(|(k, _)| [k.client, k.server].into_iter().for_each(&mut *f));
    }
}

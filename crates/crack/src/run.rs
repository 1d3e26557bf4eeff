//! Trying words on many lines: cheap schemes first, each group of lines that share work together.

use crate::budget::Budget;
use crate::scheme::Scheme;
use crate::words::{Block, Words};
use std::collections::{BTreeMap, HashMap};

/// Units of a piece of work between two looks at the budget.
const PIECE: u64 = 1 << 20;
/// Words of a piece for one thread.
const PIECE_WORDS: u64 = 1 << 12;

/// A line to be tried, with the words that are likeliest for it: they come first.
pub struct Line {
    pub scheme: Box<dyn Scheme>,
    pub first: Vec<String>,
}

/// What was done, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passwords held against a line.
    pub tried: u64,
    /// Lines whose password was found.
    pub found: u64,
    /// Lines that not all words were tried on.
    pub unfinished: u64,
    /// Words of the list that are too long.
    pub long: u64,
}

pub struct Report {
    /// The password of each line.
    pub found: Vec<Option<String>>,
    pub counts: Counts,
}

struct Group<'a> {
    schemes: Vec<(usize, &'a dyn Scheme)>,
    /// Units for a word, and for it on each line.
    derive: u64,
    check: u64,
    spent: u64,
    cut: bool,
}

impl Group<'_> {
    fn price(&self) -> u64 {
        self.derive + self.check * self.schemes.len() as u64
    }
}

struct State<'b> {
    budget: &'b Budget,
    spent: u64,
    report: Report,
}

/// Tries the lines' own words, then `common`, then `list`. An unreadable list is an error; what was
/// found before is lost with it.
pub fn run(
    lines: &[Line],
    common: &[String],
    list: Option<&mut Words<'_>>,
    budget: &Budget,
) -> std::io::Result<Report> {
    let report = Report { found: vec![None; lines.len()], counts: Counts::default() };
    let mut state = State { budget, spent: 0, report };
    let mut groups = grouped(lines);
    // all lines get their likeliest words before one gets the whole list
    for group in &mut groups {
        state.own(group, lines);
    }
    let mut block = Block::default();
    common.iter().for_each(|w| block.push(w.as_bytes()));
    for group in &mut groups {
        state.block(group, &block);
    }
    if let Some(words) = list {
        loop {
            groups.retain(|g| {
                let cut = if g.cut { g.schemes.len() as u64 } else { 0 };
                state.report.counts.unfinished += cut;
                !g.cut && !g.schemes.is_empty()
            });
            if groups.is_empty() {
                break;
            }
            let block = words.block()?;
            if block.len() == 0 {
                break;
            }
            groups.iter_mut().for_each(|g| state.block(g, &block));
        }
        state.report.counts.long = words.long;
    }
    let cut = groups.iter().filter(|g| g.cut).map(|g| g.schemes.len() as u64);
    state.report.counts.unfinished += cut.sum::<u64>();
    Ok(state.report)
}

fn grouped(lines: &[Line]) -> Vec<Group<'_>> {
    let mut at: HashMap<(&'static str, Vec<u8>), usize> = HashMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let scheme = &*line.scheme;
        let next = groups.len();
        let n = *at.entry((scheme.name(), scheme.shared())).or_insert(next);
        let cost = scheme.cost();
        let (derive, check) = (u64::from(cost.derive), u64::from(cost.check.max(1)));
        match groups.get_mut(n) {
            Some(group) => {
                group.schemes.push((i, scheme));
                group.check = group.check.max(check);
            }
            None => groups.push(Group { schemes: vec![(i, scheme)], derive, check, spent: 0, cut: false }),
        }
    }
    groups.sort_by_key(|g| g.derive + g.check); // stable: the caller's order stays within a price
    groups
}

impl State<'_> {
    /// The words of each line for itself.
    fn own(&mut self, group: &mut Group<'_>, lines: &[Line]) {
        let mut key = Vec::new();
        let mut open = Vec::with_capacity(group.schemes.len());
        for (i, scheme) in std::mem::take(&mut group.schemes) {
            let words = lines.get(i).map(|l| l.first.as_slice()).unwrap_or_default();
            let words: Vec<&String> = words.iter().filter(|w| scheme.possible(w.as_bytes())).collect();
            let price = words.len() as u64 * (group.derive + group.check);
            if !self.afford(group.spent, 1, price) {
                group.cut = true;
                open.push((i, scheme));
                continue;
            }
            group.spent += price;
            self.spent += price;
            let hit = words.into_iter().find(|word| {
                self.report.counts.tried += 1;
                key.clear();
                scheme.derive(word.as_bytes(), &mut key);
                scheme.check(&key)
            });
            match hit {
                Some(word) => self.hit(i, word.as_bytes()),
                None => open.push((i, scheme)),
            }
        }
        group.schemes = open;
    }

    fn block(&mut self, group: &mut Group<'_>, block: &Block) {
        let mut from = 0;
        while from < block.len() && !group.schemes.is_empty() {
            let threads = self.budget.threads as u64;
            let room = (PIECE / group.price().max(1)).clamp(1, PIECE_WORDS) * threads;
            let to = block.len().min(from + room as usize);
            let Some((_, scheme)) = group.schemes.first().copied() else { return };
            let words = (from..to).filter(|i| scheme.possible(block.get(*i))).count() as u64;
            let price = group.price() * words;
            if group.cut || !self.afford(group.spent, group.schemes.len(), price) {
                group.cut = true;
                return;
            }
            group.spent += price;
            self.spent += price;
            self.report.counts.tried += words * group.schemes.len() as u64;
            let hits = self.piece(group, block, from, to);
            for (place, word) in &hits {
                if let Some((i, _)) = group.schemes.get(*place).copied() {
                    self.hit(i, block.get(*word));
                }
            }
            let mut place = 0;
            group.schemes.retain(|_| {
                place += 1;
                !hits.contains_key(&(place - 1))
            });
            from = to;
        }
    }

    /// The first word of a piece that opens each line, by the line's place in the group.
    fn piece(&self, group: &Group<'_>, block: &Block, from: usize, to: usize) -> BTreeMap<usize, usize> {
        let share = (to - from).div_ceil(self.budget.threads).max(1);
        let schemes = &group.schemes;
        let tried = |from: usize, to: usize| {
            let mut hits = Vec::new();
            let mut key = Vec::new();
            for word in from..to {
                key.clear();
                if let Some((_, first)) = schemes.first().filter(|(_, s)| s.possible(block.get(word))) {
                    first.derive(block.get(word), &mut key);
                    let opened = schemes.iter().enumerate().filter(|(_, (_, s))| s.check(&key));
                    hits.extend(opened.map(|(place, _)| (place, word)));
                }
            }
            hits
        };
        let mut first: BTreeMap<usize, usize> = BTreeMap::new();
        let mut take = |hits: Vec<(usize, usize)>| {
            for (place, word) in hits {
                first.entry(place).and_modify(|w| *w = word.min(*w)).or_insert(word);
            }
        };
        if share >= to - from {
            take(tried(from, to));
        } else {
            std::thread::scope(|scope| {
                let tried = &tried;
                let running: Vec<_> = (from..to)
                    .step_by(share)
                    .map(|start| scope.spawn(move || tried(start, to.min(start + share))))
                    .collect();
                running.into_iter().for_each(|t| take(t.join().unwrap_or_default()));
            });
        }
        first
    }

    fn afford(&self, spent: u64, lines: usize, price: u64) -> bool {
        let each = self.budget.each.saturating_mul(lines as u64);
        self.spent + price <= self.budget.total && spent + price <= each && !self.budget.over()
    }

    fn hit(&mut self, line: usize, word: &[u8]) {
        if let Some(slot) = self.report.found.get_mut(line) {
            *slot = Some(String::from_utf8_lossy(word).into_owned());
            self.report.counts.found += 1;
        }
    }
}

//! What the engine runs: rules with their references resolved, in an order in which every correlation comes after those
//! it refers to.

use super::expr::{Clause, Expr};
use super::order::Chain;
use super::rule::{Condition, Kind, Op, Refusal, Rule};
use super::{Detection, Limits};
use sentinel_wire::model::Micros;
use siphasher::sip::SipHasher13;
use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::Arc;

/// Steps of a `temporal_ordered` rule that may be left out: the work for an event grows with their square.
const PARTIAL_MAX: usize = 16;

/// When a condition is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Lower bounds only: at each event, over the window that ends with it.
    Rising,
    /// True of nothing at all (`lt`, `eq: 0`, `not a`): right after an event left the window.
    Absence,
    /// More events can make it false (`eq: 5`, ranges, `a and not b`): when the window ends that
    /// the first event opened.
    Window,
}

/// What is asked of a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Compare(Vec<(Op, f64)>),
    /// Of a `temporal`: one of these sets of rules.
    Clauses(Vec<Clause>),
    /// Of a `temporal_ordered`: one of the chains.
    Chains,
}

/// One rule that a correlation refers to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    /// Handle.
    pub rule: u32,
    /// Field for each entry of `group-by`, aliases resolved.
    pub keys: Vec<String>,
    /// Fields whose values are counted or added.
    pub values: Vec<String>,
}

/// One correlation, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub handle: u32,
    pub kind: Kind,
    pub mode: Mode,
    pub span: Micros,
    pub group_by: Arc<[Arc<str>]>,
    pub slots: Vec<Slot>,
    pub test: Test,
    /// Sequences of a `temporal_ordered`.
    pub chains: Vec<Chain>,
    pub percentile: f64,
    /// Hash of all that decides what its state means, of the rules below it too.
    pub definition: u64,
    /// Other correlations refer to it: every shard has to know all of its firings.
    pub shared: bool,
    /// Correlations that refer to it: place in the order, slot there.
    pub parents: Vec<(u32, u8)>,
}

/// All correlations of a rule set.
#[derive(Debug, Default)]
pub(super) struct Plans {
    /// Children first.
    pub rules: Vec<Plan>,
    /// For each handle the correlations that refer to it: place in the order, slot there.
    pub by_handle: Vec<Vec<(u32, u8)>>,
    /// Handles that do not alert by themselves, ascending.
    pub silent: Vec<u32>,
}

/// Resolves, checks and orders the rules.
pub(super) fn compile(
    rules: &[Rule],
    detections: &[Detection<'_>],
    limits: &Limits,
) -> (Plans, Vec<Refusal>) {
    let mut compiler = Compiler::new(rules, detections, limits);
    compiler.resolve();
    compiler.order();
    compiler.finish()
}

struct Compiler<'a> {
    rules: &'a [Rule],
    detections: &'a [Detection<'a>],
    limits: &'a Limits,
    /// Name or id to handle; `None` where two rules share it.
    names: HashMap<&'a str, Option<u32>>,
    /// Handles a rule refers to, in the order of its list, once each; `None` once it is refused.
    children: Vec<Option<Vec<u32>>>,
    plans: Plans,
    refusals: Vec<Refusal>,
}

impl<'a> Compiler<'a> {
    fn new(rules: &'a [Rule], detections: &'a [Detection<'a>], limits: &'a Limits) -> Compiler<'a> {
        let own = rules.iter().map(|r| (r.id.as_deref(), r.name.as_deref()));
        let all = detections.iter().map(|d| (d.id, d.name)).chain(own);
        let mut names: HashMap<&str, Option<u32>> = HashMap::new();
        for (handle, (id, name)) in (0u32..).zip(all) {
            for n in [id, name.filter(|n| Some(*n) != id)].into_iter().flatten() {
                names.entry(n).and_modify(|h| *h = None).or_insert(Some(handle));
            }
        }
        let by_handle = vec![Vec::new(); detections.len() + rules.len()];
        let plans = Plans { by_handle, ..Plans::default() };
        Compiler { rules, detections, limits, names, children: Vec::new(), plans, refusals: Vec::new() }
    }

    fn refuse(&mut self, rule: usize, reason: String) {
        if let Some(r) = self.rules.get(rule) {
            self.refusals.push(Refusal { file: r.file.clone(), line: r.line, reason });
        }
        if let Some(c) = self.children.get_mut(rule) {
            *c = None;
        }
    }

    fn lookup(&self, name: &str) -> Result<u32, String> {
        match self.names.get(name) {
            Some(Some(handle)) => Ok(*handle),
            Some(None) => Err(format!("'{name}' names more than one rule")),
            None => Err(format!("refers to rule '{name}', which is not there")),
        }
    }

    /// The correlation of a handle, if it is one.
    fn correlation(&self, handle: u32) -> Option<usize> {
        (handle as usize).checked_sub(self.detections.len())
    }

    fn resolve(&mut self) {
        self.children = vec![Some(Vec::new()); self.rules.len()];
        for (i, rule) in self.rules.iter().enumerate() {
            let mut children = Vec::new();
            for name in &rule.rules {
                match self.lookup(name) {
                    Ok(h) if children.contains(&h) => {}
                    Ok(h) => children.push(h),
                    Err(reason) => {
                        self.refuse(i, reason);
                        break;
                    }
                }
            }
            if let Some(Some(c)) = self.children.get_mut(i) {
                *c = children;
            }
        }
    }

    /// Compiles each rule once all it refers to is compiled; what is left over is cyclic or refers to what was refused.
    fn order(&mut self) {
        let mut place: Vec<Option<u32>> = vec![None; self.rules.len()];
        let mut waiting: Vec<usize> = vec![0; self.rules.len()];
        let mut above: Vec<Vec<usize>> = vec![Vec::new(); self.rules.len()];
        for (i, children) in self.children.iter().enumerate() {
            for c in children.iter().flatten().filter_map(|h| self.correlation(*h)) {
                if let (Some(w), Some(a)) = (waiting.get_mut(i), above.get_mut(c)) {
                    *w += 1;
                    a.push(i);
                }
            }
        }
        let mut ready: std::collections::BTreeSet<usize> =
            waiting.iter().enumerate().filter(|(_, w)| **w == 0).map(|(i, _)| i).collect();
        while let Some(i) = ready.pop_first() {
            let (Some(rule), Some(Some(children))) = (self.rules.get(i), self.children.get(i).cloned())
            else {
                continue;
            };
            match self.compile(i, rule, &children, &place) {
                Err(reason) => {
                    self.refuse(i, reason);
                    continue;
                }
                Ok(plan) => {
                    let at = self.plans.rules.len() as u32;
                    if let Some(p) = place.get_mut(i) {
                        *p = Some(at);
                    }
                    self.link(at, &plan);
                    self.plans.rules.push(plan);
                }
            }
            for p in above.get(i).into_iter().flatten() {
                if let Some(w) = waiting.get_mut(*p) {
                    *w -= 1;
                    if *w == 0 {
                        ready.insert(*p);
                    }
                }
            }
        }
        for i in 0..self.rules.len() {
            if place.get(i).is_some_and(Option::is_none) && self.children.get(i).is_some_and(Option::is_some)
            {
                self.left_over(i, &place);
            }
        }
    }

    fn link(&mut self, at: u32, plan: &Plan) {
        for (slot, s) in plan.slots.iter().enumerate() {
            if let Some(list) = self.plans.by_handle.get_mut(s.rule as usize) {
                list.push((at, slot as u8));
            }
            if let Some(child) = self.plans.rules.iter_mut().find(|p| p.handle == s.rule) {
                child.shared = true;
                child.parents.push((at, slot as u8));
            }
        }
    }

    /// Says why a rule could not be ordered: it is part of a cycle, or leads into what was refused.
    fn left_over(&mut self, i: usize, place: &[Option<u32>]) {
        let mut path = vec![i];
        let mut at = i;
        let reason = loop {
            let open = |c: &usize| place.get(*c).is_some_and(Option::is_none);
            let children = match self.children.get(at) {
                Some(Some(c)) => c,
                _ => break format!("refers to '{}', which was refused", self.title(at)),
            };
            let Some(next) = children.iter().filter_map(|h| self.correlation(*h)).find(open) else {
                break "refers to a rule that was refused".to_string();
            };
            if let Some(begin) = path.iter().position(|p| *p == next) {
                let names: Vec<&str> =
                    path.iter().skip(begin).chain([&next]).take(9).map(|p| self.title(*p)).collect();
                let verb = if begin == 0 { "cyclic correlation" } else { "leads into a cyclic correlation" };
                break format!("{verb}: {}", names.join(" -> "));
            }
            if path.len() > 64 {
                break "leads into a cyclic correlation".to_string();
            }
            path.push(next);
            at = next;
        };
        if let Some(r) = self.rules.get(i) {
            self.refusals.push(Refusal { file: r.file.clone(), line: r.line, reason });
        }
    }

    fn title(&self, rule: usize) -> &'a str {
        self.rules.get(rule).map_or("?", |r| r.name.as_deref().or(r.id.as_deref()).unwrap_or(&r.title))
    }

    fn compile(
        &self,
        i: usize,
        rule: &Rule,
        children: &[u32],
        place: &[Option<u32>],
    ) -> Result<Plan, String> {
        let bit = |name: &str| {
            let h = self.lookup(name).ok()?;
            children.iter().position(|c| *c == h).map(|p| 1u64 << p)
        };
        let slots = self.slots(rule, children)?;
        let steps: Vec<u8> = rule.rules.iter().filter_map(|n| Some(bit(n)?.trailing_zeros() as u8)).collect();
        let (test, mode, chains) = match &rule.condition {
            Condition::Expr(e) => expression(rule.kind, e, &bit)?,
            Condition::All => all(rule.kind, children.len(), &steps),
            Condition::Compare(ops) => self.comparison(rule, ops, children.len(), &steps)?,
        };
        let mut below = Vec::new();
        for h in children {
            below.push(match self.correlation(*h) {
                None => self.detections.get(*h as usize).map_or(0, |d| d.definition),
                Some(c) => place
                    .get(c)
                    .copied()
                    .flatten()
                    .and_then(|p| self.plans.rules.get(p as usize))
                    .map_or(0, |p| p.definition),
            });
        }
        let fields: Vec<_> = slots.iter().map(|s| (&s.keys, &s.values)).collect();
        let all = (
            rule.kind,
            mode,
            rule.timespan_us,
            &rule.group_by,
            fields,
            &test,
            &chains,
            rule.percentile,
            below,
        );
        let mut h = SipHasher13::new_with_keys(3, 4);
        h.write(format!("{all:?}").as_bytes());
        Ok(Plan {
            handle: (self.detections.len() + i) as u32,
            kind: rule.kind,
            mode,
            span: rule.timespan_us,
            group_by: rule.group_by.clone().into(),
            slots,
            test,
            chains,
            percentile: rule.percentile,
            definition: h.finish(),
            shared: false,
            parents: Vec::new(),
        })
    }

    /// Fields per rule: an alias is the field it has for that rule, or by its own name where it has none.
    fn slots(&self, rule: &Rule, children: &[u32]) -> Result<Vec<Slot>, String> {
        let mut maps: HashMap<(&str, u32), &str> = HashMap::new();
        for (alias, fields) in &rule.aliases {
            for (name, field) in fields {
                let h = self.lookup(name).map_err(|e| format!("alias '{alias}': {e}"))?;
                if !children.contains(&h) {
                    return Err(format!("alias '{alias}' names rule '{name}', which is not in rules"));
                }
                maps.insert((alias.as_str(), h), field.as_str());
            }
        }
        let field = |name: &str, h: u32| maps.get(&(name, h)).map_or(name, |f| *f).to_string();
        Ok(children
            .iter()
            .map(|h| Slot {
                rule: *h,
                keys: rule.group_by.iter().map(|g| field(g, *h)).collect(),
                values: rule.fields.iter().map(|f| field(f, *h)).collect(),
            })
            .collect())
    }

    fn comparison(
        &self,
        rule: &Rule,
        ops: &[(Op, f64)],
        rules: usize,
        steps: &[u8],
    ) -> Result<(Test, Mode, Vec<Chain>), String> {
        let kind = rule.kind;
        let most = match kind {
            Kind::Temporal => rules as f64,
            Kind::TemporalOrdered => steps.len() as f64,
            Kind::EventCount | Kind::ValueCount => self.limits.entries_per_group as f64,
            _ => f64::INFINITY,
        };
        // What cannot be more needs no waiting: `eq` the most is `gte` it, `neq: 0` of a count is `gt: 0`.
        let ops: Vec<(Op, f64)> = ops
            .iter()
            .map(|(op, n)| match op {
                Op::Eq if kind.temporal() && *n == most => (Op::Gte, *n),
                Op::Neq if kind.counts() && *n == 0.0 => (Op::Gt, *n),
                _ => (*op, *n),
            })
            .collect();
        let holds = |v: f64| ops.iter().all(|(op, n)| op.holds(v, *n));
        let mut near: Vec<f64> = vec![0.0, f64::MAX, f64::MIN];
        for (_, n) in &ops {
            near.extend([*n, n - 1.0, n + 1.0, n.floor(), n.ceil(), n.next_up(), n.next_down()]);
            near.extend(ops.iter().map(|(_, m)| n / 2.0 + m / 2.0));
        }
        if kind.counts() {
            near.retain(|v| *v >= 0.0 && v.fract() == 0.0);
        }
        let possible = near.iter().copied().filter(|v| holds(*v)).fold(f64::INFINITY, f64::min);
        if possible == f64::INFINITY {
            return Err("condition can never hold".into());
        }
        if possible > most {
            return Err(match kind.temporal() {
                true => format!("condition asks for {possible} rules, there are {most}"),
                false => {
                    format!("condition asks for {possible}, more than the {most} events a window may hold")
                }
            });
        }
        let lower = ops.iter().all(|(op, _)| matches!(op, Op::Gt | Op::Gte));
        if lower && kind.counts() && holds(0.0) {
            return Err("condition always holds".into());
        }
        let empty = !matches!(kind, Kind::ValueAvg | Kind::ValuePercentile | Kind::ValueMedian) && holds(0.0);
        let mode = match (lower, empty) {
            (true, _) => Mode::Rising,
            (false, true) => Mode::Absence,
            (false, false) => Mode::Window,
        };
        if kind != Kind::TemporalOrdered {
            return Ok((Test::Compare(ops), mode, Vec::new()));
        }
        if lower && possible == most {
            return Ok(all(kind, rules, steps));
        }
        if steps.len() > PARTIAL_MAX {
            return Err(format!("more than {PARTIAL_MAX} rules in an order of which some may be missing"));
        }
        Ok((Test::Compare(ops), mode, vec![Chain { steps: steps.to_vec(), absent: 0, partial: true }]))
    }

    fn finish(mut self) -> (Plans, Vec<Refusal>) {
        let mut silent = vec![false; self.plans.by_handle.len()];
        let loud = |plan: &Plan| {
            let rule = self.correlation(plan.handle).and_then(|i| self.rules.get(i));
            rule.is_some_and(|r| r.generate)
        };
        for generate in [false, true] {
            for plan in self.plans.rules.iter().filter(|p| loud(p) == generate) {
                for s in &plan.slots {
                    if let Some(x) = silent.get_mut(s.rule as usize) {
                        *x = !generate;
                    }
                }
            }
        }
        self.plans.silent = (0u32..).zip(silent).filter(|(_, s)| *s).map(|(h, _)| h).collect();
        (self.plans, self.refusals)
    }
}

/// Every rule of the list, in order or not.
fn all(kind: Kind, rules: usize, steps: &[u8]) -> (Test, Mode, Vec<Chain>) {
    match kind {
        Kind::TemporalOrdered => {
            (Test::Chains, Mode::Rising, vec![Chain { steps: steps.to_vec(), absent: 0, partial: false }])
        }
        _ => (Test::Compare(vec![(Op::Gte, rules as f64)]), Mode::Rising, Vec::new()),
    }
}

fn expression(
    kind: Kind,
    e: &Expr,
    bit: &impl Fn(&str) -> Option<u64>,
) -> Result<(Test, Mode, Vec<Chain>), String> {
    let clauses = e.clauses(bit)?;
    let mode = if clauses.iter().all(|c| c.absent == 0) {
        Mode::Rising
    } else if clauses.iter().any(|c| c.present == 0) {
        Mode::Absence
    } else {
        Mode::Window
    };
    if kind == Kind::Temporal {
        return Ok((Test::Clauses(clauses), mode, Vec::new()));
    }
    let chains = clauses.iter().map(|c| Chain {
        steps: (0..64u8).filter(|s| c.present >> s & 1 == 1).collect(),
        absent: c.absent,
        partial: false,
    });
    Ok((Test::Chains, mode, chains.collect()))
}

//! Sigma detection behind an interface of our own: rules in, matches out. Parsing and evaluation are
//! those of `rsigma-parser` and `rsigma-eval`; what they leave open is done here: refusing, filters,
//! routing by log source, aliases, explanation.

pub mod adapt;
mod attack;
mod check;
mod filter;
mod group;
pub mod load;
pub mod meta;
mod normal;
mod patch;
mod regex;
pub mod route;

use crate::event::Event;
use adapt::View;
pub use attack::{Named, Threat, read as threat};
use group::{Aliases, Group};
use hashbrown::HashMap;
pub use load::{CorrelationDoc, Place, Refusal};
pub use meta::Meta;
use route::{Class, Kind};
use rsigma_eval::Pipeline;
use rsigma_parser::SigmaRule;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::sync::Arc;

/// One rule that an event fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Number of the rule: its place in [`Sigma::rules`].
    pub rule: u32,
    /// Fields that were looked at, with what they held.
    pub because: Vec<(String, serde_json::Value)>,
}

/// Kinds of events that get rules of their own; those of further kinds meet all rules, and what is
/// not meant for them is dropped.
const MAX_KINDS: usize = 1024;

/// Rules ready for events.
#[derive(Default)]
pub struct Sigma {
    metas: Vec<Meta>,
    rules: Vec<SigmaRule>,
    aliases: Vec<Aliases>,
    kinds: HashMap<Kind, Arc<Group>, FxBuildHasher>,
    /// Rules compiled for the same log sources and aliases are kept once.
    groups: HashMap<(Vec<route::Source>, Vec<usize>), Arc<Group>, FxBuildHasher>,
    /// Correlations as they stood in the files.
    pub correlations: Vec<CorrelationDoc>,
    pub refused: Vec<Refusal>,
}

impl Sigma {
    /// Reads rule files (name, text) and pipelines. What is wrong is in `refused`; the rest runs.
    pub fn load<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        pipelines: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Sigma {
        let mut loaded = load::Loaded::default();
        for (name, text) in files {
            load::read(name, text, &mut loaded);
        }
        let mut refused = loaded.refused;
        let (general, aliases) = read_pipelines(pipelines, &mut refused);
        let mut rules = unique(loaded.rules, &mut refused);
        filter::apply(loaded.filters, &mut rules, &mut refused);
        let mut out = Sigma { correlations: loaded.correlations, aliases, ..Sigma::default() };
        for (place, rule) in rules {
            let ready = if general.is_empty() { Ok(rule) } else { group::transformed(&rule, &general) };
            match ready.and_then(|rule| group::compiled(&rule, &[], 0).map(|_| rule)) {
                Ok(rule) => {
                    out.metas.push(Meta::of(place, &rule));
                    out.rules.push(rule);
                }
                Err(reason) => refused.push(place.refuse(reason)),
            }
        }
        refused.sort();
        out.refused = refused;
        out
    }

    /// What is known of the rules, by their numbers.
    pub fn rules(&self) -> &[Meta] {
        &self.metas
    }

    /// Rules the event fits, by number.
    pub fn evaluate(&mut self, event: &Event, hits: &mut Vec<Hit>) {
        hits.clear();
        if self.rules.is_empty() {
            return;
        }
        let class = route::class(event);
        if let Some(group) = self.kinds.get(&class) {
            return group.evaluate(event, hits);
        }
        if self.kinds.len() < MAX_KINDS {
            let group = self.group(&class);
            self.kinds.insert(class.kind(), Arc::clone(&group));
            return group.evaluate(event, hits);
        }
        let (sources, all) = (route::sources(&class), self.group(&Class::UNKNOWN));
        all.evaluate(event, hits);
        hits.retain(|h| {
            self.rules.get(h.rule as usize).is_some_and(|r| route::meant(&r.logsource, &sources))
        });
    }

    /// The rules for a class of events.
    fn group(&mut self, class: &Class<'_>) -> Arc<Group> {
        let sources = route::sources(class);
        let used = |(_, a): &(usize, &Aliases)| a.of(class.dataset());
        let aliases: Vec<usize> = self.aliases.iter().enumerate().filter(used).map(|(n, _)| n).collect();
        let key = (sources, aliases);
        if let Some(group) = self.groups.get(&key) {
            return Arc::clone(group);
        }
        let pipelines = key.1.iter().filter_map(|n| self.aliases.get(*n)).map(|a| &a.pipeline);
        let group = Arc::new(Group::new(&self.rules, &key.0, pipelines));
        self.groups.insert(key, Arc::clone(&group));
        group
    }

    /// Which conditions of a rule (by id, name or title) the event fits and which not.
    pub fn explain(&self, rule: &str, event: &Event) -> Option<serde_json::Value> {
        let by = |f: fn(&Meta) -> Option<&str>| self.metas.iter().position(|m| f(m) == Some(rule));
        let at =
            by(|m| Some(&m.id)).or_else(|| by(|m| m.name.as_deref())).or_else(|| by(|m| Some(&m.title)))?;
        let (meta, ast) = (self.metas.get(at)?, self.rules.get(at)?);
        let class = route::class(event);
        let of = self.aliases.iter().filter(|a| a.of(class.dataset()));
        let pipelines: Vec<Pipeline> = of.map(|a| a.pipeline.clone()).collect();
        let compiled = group::compiled(ast, &pipelines, at).ok()?;
        let meant = route::meant(&ast.logsource, &route::sources(&class));
        let there = group::there(std::slice::from_ref(&compiled));
        let told = rsigma_eval::explain_rule(&compiled, &View::new(event, &there));
        let mut told = serde_json::to_value(told).ok()?;
        plain_names(&mut told);
        let object = told.as_object_mut()?;
        object.insert("rule_title".into(), meta.title.clone().into());
        object.insert("rule_id".into(), meta.id.clone().into());
        object.insert("logsource".into(), meant.into());
        let conditions = object.get("matched").and_then(serde_json::Value::as_bool) == Some(true);
        object.insert("matched".into(), (conditions && meant).into());
        Some(told)
    }
}

/// Takes the mark off names under which it was asked whether a field is there.
fn plain_names(told: &mut serde_json::Value) {
    match told {
        serde_json::Value::String(s) if s.starts_with(normal::THERE) => drop(s.remove(0)),
        serde_json::Value::Array(list) => list.iter_mut().for_each(plain_names),
        serde_json::Value::Object(map) => map.values_mut().for_each(plain_names),
        _ => {}
    }
}

/// Pipelines for all rules, and those for the events of some datasets.
fn read_pipelines<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    refused: &mut Vec<Refusal>,
) -> (Vec<Pipeline>, Vec<Aliases>) {
    let (mut general, mut aliases) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let place = Place { file: name.to_owned(), ..Place::default() };
        let read = std::str::from_utf8(text).map_err(|_| "the file is not UTF-8 text".to_owned());
        match read.and_then(|t| rsigma_eval::parse_pipeline(t).map_err(|e| e.to_string())) {
            Ok(pipeline) if pipeline.vars.contains_key(Aliases::KEY) => aliases.push(Aliases::new(pipeline)),
            Ok(pipeline) => general.push(pipeline),
            Err(why) => refused.push(place.refuse(format!("pipeline: {why}"))),
        }
    }
    general.sort_by_key(|p| p.priority);
    aliases.sort_by_key(|a| a.pipeline.priority);
    (general, aliases)
}

/// Rules without those whose id an earlier one has.
fn unique(rules: Vec<(Place, SigmaRule)>, refused: &mut Vec<Refusal>) -> Vec<(Place, SigmaRule)> {
    let mut seen: FxHashMap<String, Place> = FxHashMap::default();
    let mut out = Vec::with_capacity(rules.len());
    for (place, rule) in rules {
        if let Some(id) = &rule.id {
            if let Some(first) = seen.get(id) {
                refused.push(place.refuse(format!("id {id} is that of {}:{}", first.file, first.line)));
                continue;
            }
            seen.insert(id.clone(), place.clone());
        }
        out.push((place, rule));
    }
    out
}

#[cfg(test)]
mod tests;

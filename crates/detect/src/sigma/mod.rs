//! Sigma detection behind an interface of our own: rules in, matches out. Parsing and evaluation are
//! those of `rsigma-parser` and `rsigma-eval`; what they leave open is done here: refusing, filters,
//! routing by log source, aliases, explanation.

pub mod adapt;
mod check;
mod filter;
pub mod load;
pub mod meta;
mod regex;
pub mod route;

use crate::event::Event;
use adapt::View;
pub use load::{CorrelationDoc, Place, Refusal};
pub use meta::Meta;
use rsigma_eval::{
    CompiledRule, Engine, EvaluationResult, MatchDetailLevel, Pipeline, apply_pipelines, compile_rule,
};
use rsigma_parser::SigmaRule;
use rustc_hash::FxHashMap;

/// One rule that an event fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Number of the rule: its place in [`Sigma::rules`].
    pub rule: u32,
    /// Fields that were looked at, with what they held.
    pub because: Vec<(String, serde_json::Value)>,
}

/// Rules ready for events.
#[derive(Default)]
pub struct Sigma {
    metas: Vec<Meta>,
    engine: Engine,
    compiled: Vec<CompiledRule>,
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
        let pipelines = read_pipelines(pipelines, &mut refused);
        let mut rules = unique(loaded.rules, &mut refused);
        filter::apply(loaded.filters, &mut rules, &mut refused);
        let mut out = Sigma { correlations: loaded.correlations, ..Sigma::default() };
        for (place, rule) in rules {
            match compiled(&rule, &pipelines, out.metas.len()) {
                Ok(one) => {
                    out.compiled.push(one);
                    out.metas.push(Meta::of(place, &rule));
                }
                Err(reason) => refused.push(place.refuse(reason)),
            }
        }
        refused.sort();
        out.refused = refused;
        out.engine.set_match_detail(MatchDetailLevel::Summary);
        out.engine.extend_compiled_rules(out.compiled.iter().cloned());
        out
    }

    /// What is known of the rules, by their numbers.
    pub fn rules(&self) -> &[Meta] {
        &self.metas
    }

    /// Rules the event fits, by number.
    pub fn evaluate(&self, event: &Event, hits: &mut Vec<Hit>) {
        hits.clear();
        hits.extend(self.engine.evaluate(&View(event)).into_iter().filter_map(hit));
    }

    /// Which conditions of a rule (by id, name or title) the event fits and which not.
    pub fn explain(&self, rule: &str, event: &Event) -> Option<serde_json::Value> {
        let at = self
            .metas
            .iter()
            .position(|m| m.id == rule || m.name.as_deref() == Some(rule))
            .or_else(|| self.metas.iter().position(|m| m.title == rule))?;
        let (meta, compiled) = (self.metas.get(at)?, self.compiled.get(at)?);
        let mut told = serde_json::to_value(rsigma_eval::explain_rule(compiled, &View(event))).ok()?;
        let object = told.as_object_mut()?;
        object.insert("rule_title".into(), meta.title.clone().into());
        object.insert("rule_id".into(), meta.id.clone().into());
        Some(told)
    }
}

fn hit(r: EvaluationResult) -> Option<Hit> {
    let rule = r.header.rule_id.as_deref()?.parse().ok()?;
    let fields = r.as_detection().map(|d| d.matched_fields.as_slice()).unwrap_or_default();
    let because = fields.iter().map(|f| (f.field.clone(), f.value.clone())).collect();
    Some(Hit { rule, because })
}

/// Compiles a rule. What comes back with a match is kept small: its number stands in for its id.
fn compiled(rule: &SigmaRule, pipelines: &[Pipeline], number: usize) -> Result<CompiledRule, String> {
    let changed;
    let rule = if pipelines.is_empty() {
        rule
    } else {
        let mut copy = rule.clone();
        apply_pipelines(pipelines, &mut copy).map_err(|e| e.to_string())?;
        changed = copy;
        &changed
    };
    check::placeholders(&rule.detection)?;
    let mut out = compile_rule(rule).map_err(|e| e.to_string())?;
    out.id = Some(number.to_string());
    out.title = String::new();
    out.tags = Vec::new();
    out.description = None;
    out.falsepositives = Vec::new();
    out.custom_attributes = Default::default();
    out.include_event = false;
    Ok(out)
}

fn read_pipelines<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    refused: &mut Vec<Refusal>,
) -> Vec<Pipeline> {
    let mut out = Vec::new();
    for (name, text) in files {
        let place = Place { file: name.to_owned(), line: 0 };
        let read = std::str::from_utf8(text).map_err(|_| "the file is not UTF-8 text".to_owned());
        match read.and_then(|t| rsigma_eval::parse_pipeline(t).map_err(|e| e.to_string())) {
            Ok(pipeline) => out.push(pipeline),
            Err(why) => refused.push(place.refuse(format!("pipeline: {why}"))),
        }
    }
    out.sort_by_key(|p| p.priority);
    out
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

//! Rules compiled for one kind of events: those meant for its log sources, with the names of its
//! fields. Made when the first event of the kind comes.

use super::route::Source;
use super::{Hit, adapt::View, check, normal, patch, route};
use crate::event::Event;
use rsigma_eval::{
    CompiledDetection, CompiledRule, Engine, EvaluationResult, MatchDetailLevel, Pipeline, apply_pipelines,
    compile_rule,
};
use rsigma_parser::SigmaRule;

/// A pipeline and the datasets whose fields it names; none: it holds for all rules.
pub struct Aliases {
    pub datasets: Vec<String>,
    pub pipeline: Pipeline,
}

impl Aliases {
    /// Key of a pipeline's `vars` under which it names datasets, `*` at the end for all that begin so.
    pub const KEY: &str = "datasets";

    pub fn new(mut pipeline: Pipeline) -> Aliases {
        let datasets = pipeline.vars.remove(Aliases::KEY).unwrap_or_default();
        Aliases { datasets, pipeline }
    }

    pub fn of(&self, dataset: &str) -> bool {
        self.datasets.iter().any(|d| match d.strip_suffix('*') {
            Some(begin) => dataset.starts_with(begin),
            None => d == dataset,
        })
    }
}

/// Rules for one kind of events.
pub struct Group {
    engine: Engine,
    /// Fields whose being there is asked for.
    there: Vec<String>,
    /// How many rules are meant for it.
    pub rules: usize,
}

impl Group {
    /// Rules of `rules` that are meant for events of `sources`, with the field names of `aliases`.
    pub fn new<'a>(
        rules: &[SigmaRule],
        sources: &[Source],
        aliases: impl Iterator<Item = &'a Pipeline>,
    ) -> Group {
        let pipelines: Vec<Pipeline> = aliases.cloned().collect();
        let meant = rules.iter().enumerate().filter(|(_, r)| route::meant(&r.logsource, sources));
        // what cannot be compiled was refused when it was loaded
        let compiled: Vec<CompiledRule> =
            meant.filter_map(|(n, rule)| compiled(rule, &pipelines, n).ok()).collect();
        let mut engine = Engine::new();
        engine.set_match_detail(MatchDetailLevel::Summary);
        let rules = compiled.len();
        let there = there(&compiled);
        engine.extend_compiled_rules(compiled);
        Group { engine, there, rules }
    }

    /// Adds the rules that an event fits.
    pub fn evaluate(&self, event: &Event, hits: &mut Vec<Hit>) {
        if self.rules > 0 {
            hits.extend(self.engine.evaluate(&View::new(event, &self.there)).into_iter().filter_map(hit));
        }
    }
}

fn hit(r: EvaluationResult) -> Option<Hit> {
    let rule = r.header.rule_id.as_deref()?.parse().ok()?;
    let fields = r.as_detection().map(|d| d.matched_fields.as_slice()).unwrap_or_default();
    let told = fields.iter().filter(|f| !f.field.starts_with(normal::THERE));
    let because = told.map(|f| (f.field.clone(), f.value.clone())).collect();
    Some(Hit { rule, because })
}

/// Compiles a rule. What comes back with a match is kept small: its number stands in for its id.
pub fn compiled(rule: &SigmaRule, pipelines: &[Pipeline], number: usize) -> Result<CompiledRule, String> {
    let mut rule = if pipelines.is_empty() { rule.clone() } else { transformed(rule, pipelines)? };
    check::placeholders(&rule.detection)?;
    normal::rule(&mut rule)?;
    let mut out = compile_rule(&rule).map_err(|e| e.to_string())?;
    patch::rule(&rule, &mut out);
    out.id = Some(number.to_string());
    out.title = String::new();
    out.tags = Vec::new();
    out.description = None;
    out.falsepositives = Vec::new();
    out.custom_attributes = Default::default();
    out.include_event = false;
    Ok(out)
}

/// A rule behind its pipelines.
pub fn transformed(rule: &SigmaRule, pipelines: &[Pipeline]) -> Result<SigmaRule, String> {
    let mut copy = rule.clone();
    apply_pipelines(pipelines, &mut copy).map_err(|e| e.to_string())?;
    Ok(copy)
}

/// Names under which rules ask whether a field is there.
pub fn there(rules: &[CompiledRule]) -> Vec<String> {
    fn walk(d: &CompiledDetection, out: &mut Vec<String>) {
        match d {
            CompiledDetection::AllOf(items) => {
                let names = items.iter().filter_map(|i| i.field.as_ref());
                out.extend(names.filter(|n| n.starts_with(normal::THERE)).cloned());
            }
            CompiledDetection::AnyOf(list) | CompiledDetection::And(list) => {
                list.iter().for_each(|d| walk(d, out))
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    rules.iter().flat_map(|r| r.detections.values()).for_each(|d| walk(d, &mut out));
    out.sort();
    out.dedup();
    out
}

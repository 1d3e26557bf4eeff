//! What is put right in compiled rules: wildcards fit line ends too, and text that only Rust takes
//! for a number (`inf`) is none.

use rsigma_eval::{CompiledDetection, CompiledMatcher, CompiledRule};
use rsigma_parser::{Detection, Modifier, SigmaRule};

/// Goes over a compiled rule beside the rule it was made of: both have the same shape.
pub fn rule(from: &SigmaRule, to: &mut CompiledRule) {
    for (name, d) in &from.detection.named {
        if let Some(compiled) = to.detections.get_mut(name) {
            detection(d, compiled);
        }
    }
}

fn detection(from: &Detection, to: &mut CompiledDetection) {
    match (from, to) {
        (Detection::AllOf(items), CompiledDetection::AllOf(compiled)) => {
            for (item, c) in items.iter().zip(compiled) {
                matcher(&mut c.matcher, !item.field.has_modifier(Modifier::Re));
            }
        }
        (Detection::AnyOf(a), CompiledDetection::AnyOf(b))
        | (Detection::And(a), CompiledDetection::And(b)) => {
            a.iter().zip(b).for_each(|(a, b)| detection(a, b));
        }
        (Detection::Keywords(_), CompiledDetection::Keywords(m)) => matcher(m, true),
        _ => {}
    }
}

/// `wild`: expressions in it were made of wildcards.
fn matcher(m: &mut CompiledMatcher, wild: bool) {
    match m {
        CompiledMatcher::Regex(r) if wild => {
            if let Ok(dotall) = regex::Regex::new(&format!("(?s){}", r.as_str())) {
                *r = dotall;
            }
        }
        CompiledMatcher::RegexSetMatch { set, .. } if wild => {
            if let Ok(dotall) = regex::RegexSet::new(set.patterns().iter().map(|p| format!("(?s){p}"))) {
                *set = dotall;
            }
        }
        CompiledMatcher::NumericGt(_)
        | CompiledMatcher::NumericGte(_)
        | CompiledMatcher::NumericLt(_)
        | CompiledMatcher::NumericLte(_) => {
            if let Some(digits) = digits() {
                let number = std::mem::replace(m, CompiledMatcher::Null);
                *m = CompiledMatcher::AllOf(vec![number, digits]);
            }
        }
        CompiledMatcher::Not(inner) => matcher(inner, wild),
        CompiledMatcher::AnyOf(list) | CompiledMatcher::AllOf(list) => {
            list.iter_mut().for_each(|m| matcher(m, wild))
        }
        CompiledMatcher::CaseInsensitiveGroup { children, .. } => {
            children.iter_mut().for_each(|m| matcher(m, wild))
        }
        _ => {}
    }
}

/// Fits what begins as a number does; infinities are beyond comparing, as number and as word.
fn digits() -> Option<CompiledMatcher> {
    regex::Regex::new(r"^[+-]?[0-9.]").ok().map(CompiledMatcher::Regex)
}

//! Sigma filters: conditions added to the rules they name (Sigma specification 2.1, filters).

use super::load::{Place, Refusal};
use rsigma_parser::{
    ConditionExpr, Detections, FilterRule, FilterRuleTarget, LogSource, Quantifier, SelectorPattern,
    SigmaRule,
};

/// Puts the filters into the rules they name; a filter that names no rule here is refused.
pub fn apply(
    filters: Vec<(Place, FilterRule)>,
    rules: &mut [(Place, SigmaRule)],
    refused: &mut Vec<Refusal>,
) {
    for (number, (place, filter)) in filters.into_iter().enumerate() {
        let prefix = format!("_filter{number}_");
        let Some(condition) = filter.detection.conditions.first() else {
            refused.push(place.refuse("filter: needs a condition"));
            continue;
        };
        let condition = renamed(&spelled(condition, &sorted_names(&filter.detection)), &prefix);
        let mut used = false;
        for (_, rule) in rules.iter_mut().filter(|(_, r)| names_rule(&filter, r)) {
            used = true;
            let own = sorted_names(&rule.detection);
            for (name, detection) in &filter.detection.named {
                rule.detection.named.insert(format!("{prefix}{name}"), detection.clone());
            }
            for c in &mut rule.detection.conditions {
                *c = ConditionExpr::And(vec![spelled(c, &own), condition.clone()]);
            }
        }
        if !used {
            refused.push(place.refuse("filter: no rule here is named by it"));
        }
    }
}

fn names_rule(filter: &FilterRule, rule: &SigmaRule) -> bool {
    let named = match &filter.rules {
        FilterRuleTarget::Any => true,
        FilterRuleTarget::Specific(list) => list
            .iter()
            .any(|n| rule.id.as_ref() == Some(n) || rule.name.as_ref() == Some(n) || rule.title == *n),
    };
    named && filter.logsource.as_ref().is_none_or(|l| within(l, &rule.logsource))
}

/// Whether a rule's log source is the filter's or a part of it.
fn within(filter: &LogSource, rule: &LogSource) -> bool {
    let fits = |f: &Option<String>, r: &Option<String>| match (f, r) {
        (None, _) => true,
        (Some(f), Some(r)) => f.eq_ignore_ascii_case(r),
        (Some(_), None) => false,
    };
    fits(&filter.category, &rule.category)
        && fits(&filter.product, &rule.product)
        && fits(&filter.service, &rule.service)
}

/// The condition over the names its selections have within a rule. Names that begin with `_` are
/// skipped by the rule's own `them`.
fn renamed(c: &ConditionExpr, prefix: &str) -> ConditionExpr {
    let all = |list: &[ConditionExpr]| list.iter().map(|c| renamed(c, prefix)).collect();
    match c {
        ConditionExpr::And(list) => ConditionExpr::And(all(list)),
        ConditionExpr::Or(list) => ConditionExpr::Or(all(list)),
        ConditionExpr::Not(inner) => ConditionExpr::Not(Box::new(renamed(inner, prefix))),
        ConditionExpr::Identifier(name) => ConditionExpr::Identifier(format!("{prefix}{name}")),
        ConditionExpr::Selector { quantifier, pattern } => {
            let pattern = match pattern {
                SelectorPattern::Them => format!("{prefix}*"),
                SelectorPattern::Pattern(p) => format!("{prefix}{p}"),
            };
            let pattern = SelectorPattern::Pattern(pattern);
            ConditionExpr::Selector { quantifier: quantifier.clone(), pattern }
        }
    }
}

/// Writes `1 of …` and `all of …` out as the selections they stand for, so that selections added
/// later are not among them.
fn spelled(c: &ConditionExpr, names: &[String]) -> ConditionExpr {
    let all = |list: &[ConditionExpr]| list.iter().map(|c| spelled(c, names)).collect();
    match c {
        ConditionExpr::And(list) => ConditionExpr::And(all(list)),
        ConditionExpr::Or(list) => ConditionExpr::Or(all(list)),
        ConditionExpr::Not(inner) => ConditionExpr::Not(Box::new(spelled(inner, names))),
        ConditionExpr::Selector { quantifier, pattern } => {
            let fit = || names.iter().filter(|n| pattern.matches_detection_name(n));
            let list: Vec<_> = fit().map(|n| ConditionExpr::Identifier(n.clone())).collect();
            match quantifier {
                Quantifier::Any => ConditionExpr::Or(list),
                Quantifier::All => ConditionExpr::And(list),
                Quantifier::Count(_) => c.clone(),
            }
        }
        ConditionExpr::Identifier(_) => c.clone(),
    }
}

fn sorted_names(d: &Detections) -> Vec<String> {
    let mut names: Vec<String> = d.named.keys().cloned().collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::load::{Loaded, read};

    fn applied(rule: &str, filter: &str) -> (ConditionExpr, Vec<Refusal>) {
        let mut l = Loaded::default();
        read("f.yml", format!("{rule}---\n{filter}").as_bytes(), &mut l);
        assert!(l.refused.is_empty(), "{:?}", l.refused);
        apply(l.filters, &mut l.rules, &mut l.refused);
        (l.rules[0].1.detection.conditions[0].clone(), l.refused)
    }
    const RULE: &str = "title: A\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {category: dns}\ndetection:\n  sel_a: {query: x}\n  sel_b: {query: y}\n  condition: 1 of *\n";

    #[test]
    fn a_filter_is_one_more_condition() {
        let filter = "title: F\nlogsource: {category: dns}\nfilter:\n  rules: [11111111-1111-4111-8111-111111111111]\n  own_a: {client: z}\n  own_b: {client: w}\n  condition: not 1 of own_*\n";
        let (condition, refused) = applied(RULE, filter);
        assert_eq!(condition.to_string(), "((sel_a or sel_b) and not (_filter0_own_a or _filter0_own_b))");
        assert!(refused.is_empty());
    }

    #[test]
    fn a_filter_without_its_rule_or_for_other_sources_is_told() {
        for (rules, category) in [("[other]", "dns"), ("any", "proxy")] {
            let filter = format!(
                "title: F\nlogsource: {{category: {category}}}\nfilter:\n  rules: {rules}\n  s: {{client: z}}\n  condition: not s\n"
            );
            let (condition, refused) = applied(RULE, &filter);
            assert_eq!(condition.to_string(), "1 of *");
            assert_eq!(refused.len(), 1);
        }
    }
}

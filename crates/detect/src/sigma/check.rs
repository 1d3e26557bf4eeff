//! What a rule is refused for beyond what the parser and the compiler refuse.

use ipnet::IpNet;
use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Detections, Modifier, SelectorPattern, SigmaRule, SigmaValue,
};

/// Values a rule may have, over all its selections.
pub const MAX_VALUES: usize = 100_000;

/// Checks a rule; the reason is one line.
pub fn rule(rule: &SigmaRule) -> Result<(), String> {
    if rsigma_parser::is_unsupported(rule.sigma_version) {
        return Err(format!("sigma-version {} is not supported", rule.sigma_version.unwrap_or(0)));
    }
    let l = &rule.logsource;
    if l.category.is_none() && l.product.is_none() && l.service.is_none() {
        return Err("logsource: needs at least one of category, product and service".into());
    }
    detections(&rule.detection)
}

/// Checks the detection part of a rule or filter.
pub fn detections(d: &Detections) -> Result<(), String> {
    if d.timeframe.is_some() {
        return Err("timeframe: counting is written as a correlation rule, not as timeframe".into());
    }
    let mut values = 0usize;
    let mut names: Vec<&String> = d.named.keys().collect();
    names.sort();
    for name in &names {
        let Some(one) = d.named.get(name.as_str()) else { continue };
        detection(one, &mut values).map_err(|why| format!("{name}: {why}"))?;
    }
    if values > MAX_VALUES {
        return Err(format!("{values} values; a rule may have {MAX_VALUES}"));
    }
    d.conditions.iter().try_for_each(|c| condition(c, &names))
}

fn condition(c: &ConditionExpr, names: &[&String]) -> Result<(), String> {
    match c {
        ConditionExpr::And(list) | ConditionExpr::Or(list) => {
            list.iter().try_for_each(|c| condition(c, names))
        }
        ConditionExpr::Not(inner) => condition(inner, names),
        ConditionExpr::Identifier(name) if !names.contains(&name) => {
            Err(format!("condition: there is no selection '{name}'"))
        }
        ConditionExpr::Selector { pattern, .. }
            if !names.iter().any(|n| pattern.matches_detection_name(n)) =>
        {
            let what = match pattern {
                SelectorPattern::Them => "them",
                SelectorPattern::Pattern(p) => p,
            };
            Err(format!("condition: no selection fits '{what}'"))
        }
        _ => Ok(()),
    }
}

fn detection(d: &Detection, values: &mut usize) -> Result<(), String> {
    match d {
        Detection::AllOf(items) => items.iter().try_for_each(|i| item(i, values)),
        Detection::AnyOf(list) | Detection::And(list) => list.iter().try_for_each(|d| detection(d, values)),
        Detection::Keywords(list) => {
            *values = values.saturating_add(list.len());
            Ok(())
        }
        Detection::ArrayMatch { field, .. } => {
            Err(format!("{field}: array quantifiers are no part of Sigma 2.1"))
        }
        Detection::Conditional { .. } => Err("conditions inside a selection are no part of Sigma 2.1".into()),
    }
}

fn item(i: &DetectionItem, values: &mut usize) -> Result<(), String> {
    *values = values.saturating_add(i.values.len());
    let name = i.field.name.as_deref().unwrap_or("keywords");
    let texts = i.values.iter().filter_map(|v| match v {
        SigmaValue::String(s) => Some(s.original.as_str()),
        _ => None,
    });
    for text in texts {
        if i.field.has_modifier(Modifier::Cidr) {
            cidr(text).map_err(|why| format!("{name}: {why}"))?;
        }
        if i.field.has_modifier(Modifier::Re) {
            super::regex::check(text).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    Ok(())
}

fn cidr(text: &str) -> Result<(), String> {
    let net: IpNet = text.parse().map_err(|_| format!("'{text}' is no network in CIDR notation"))?;
    if net.trunc() != net {
        return Err(format!("'{text}' has host bits set; {} is the network", net.trunc()));
    }
    Ok(())
}

/// Placeholders that no pipeline filled: `%name%` under the modifier `expand`.
pub fn placeholders(d: &Detections) -> Result<(), String> {
    fn walk(d: &Detection) -> Result<(), String> {
        match d {
            Detection::AllOf(items) => items.iter().try_for_each(|i| {
                let open = i.values.iter().find_map(|v| match v {
                    SigmaValue::String(s) if i.field.has_modifier(Modifier::Expand) => {
                        placeholder(&s.original)
                    }
                    _ => None,
                });
                match open {
                    Some(name) => Err(format!("placeholder %{name}% is filled by no pipeline")),
                    None => Ok(()),
                }
            }),
            Detection::AnyOf(list) | Detection::And(list) => list.iter().try_for_each(walk),
            _ => Ok(()),
        }
    }
    let mut names: Vec<&String> = d.named.keys().collect();
    names.sort();
    names
        .into_iter()
        .filter_map(|n| Some((n, d.named.get(n)?)))
        .try_for_each(|(n, d)| walk(d).map_err(|why| format!("{n}: {why}")))
}

/// The first `%name%` of a text.
fn placeholder(text: &str) -> Option<&str> {
    let mut parts = text.split('%').skip(1);
    while let Some(name) = parts.next() {
        if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c)) {
            // the closing mark has to be there
            return parts.next().map(|_| name);
        }
    }
    None
}

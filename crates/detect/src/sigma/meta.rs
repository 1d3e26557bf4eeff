//! What is known of a rule beside its detection.

use super::attack::{self, Threat};
use super::load::{CorrelationDoc, Place};
use rsigma_parser::{Level, SigmaRule, Status};

/// Words about a rule that go into its alerts.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    pub place: Place,
    /// Its id, or its name, or its title where it has neither.
    pub id: String,
    /// Short name by which correlations refer to it.
    pub name: Option<String>,
    pub title: String,
    pub level: &'static str,
    /// 1 informational … 5 critical.
    pub severity: u8,
    /// How sure a match is, 0-1: from the rule's status.
    pub confidence: f64,
    pub tags: Vec<String>,
    pub threat: Threat,
    /// Pack or folder it came in; empty for a file that stands alone.
    pub ruleset: String,
}

/// Severity of a level; a rule without one is of medium level.
pub fn severity(level: Option<Level>) -> (&'static str, u8) {
    match level {
        Some(Level::Informational) => ("informational", 1),
        Some(Level::Low) => ("low", 2),
        Some(Level::Medium) | None => ("medium", 3),
        Some(Level::High) => ("high", 4),
        Some(Level::Critical) => ("critical", 5),
    }
}

/// Confidence of a status: how much a rule was tried.
pub fn confidence(status: Option<Status>) -> f64 {
    match status {
        Some(Status::Stable) => 0.9,
        Some(Status::Test) => 0.7,
        None | Some(Status::Experimental) => 0.5,
        Some(Status::Deprecated | Status::Unsupported) => 0.3,
    }
}

impl Meta {
    /// What is known of a correlation: its document was read already, its metadata is read here.
    pub fn of_correlation(doc: &CorrelationDoc) -> Result<Meta, String> {
        let read: yaml_serde::Value = yaml_serde::from_str(&doc.yaml).map_err(|e| e.to_string())?;
        let text = |key: &str| read.get(key).and_then(yaml_serde::Value::as_str);
        let told = |key: &str| text(key).map_or("", |t| t);
        let level =
            text("level").map(|t| t.parse().map_err(|()| format!("invalid level: '{t}'"))).transpose()?;
        let status =
            text("status").map(|t| t.parse().map_err(|()| format!("invalid status: '{t}'"))).transpose()?;
        let tags = read.get("tags").and_then(yaml_serde::Value::as_sequence);
        let tags: Vec<String> =
            tags.into_iter().flatten().filter_map(|t| t.as_str().map(str::to_owned)).collect();
        let (level, severity) = severity(level);
        Ok(Meta {
            ruleset: ruleset(&doc.place.file),
            place: doc.place.clone(),
            id: text("id").or(text("name")).unwrap_or(told("title")).to_owned(),
            name: text("name").map(str::to_owned),
            title: told("title").to_owned(),
            level,
            severity,
            confidence: confidence(status),
            threat: attack::read(&tags),
            tags,
        })
    }

    pub fn of(place: Place, rule: &SigmaRule) -> Meta {
        let (level, severity) = severity(rule.level);
        let ruleset = ruleset(&place.file);
        let id = rule.id.clone().or_else(|| rule.name.clone()).unwrap_or_else(|| rule.title.clone());
        Meta {
            place,
            id,
            name: rule.name.clone(),
            title: rule.title.clone(),
            level,
            severity,
            confidence: confidence(rule.status),
            threat: attack::read(&rule.tags),
            tags: rule.tags.clone(),
            ruleset,
        }
    }
}

/// The folder a file stands in; empty for one that stands alone.
fn ruleset(file: &str) -> String {
    let folder = file.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
    folder.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

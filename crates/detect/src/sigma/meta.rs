//! What is known of a rule beside its detection.

use super::attack::{self, Threat};
use super::load::Place;
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
    pub fn of(place: Place, rule: &SigmaRule) -> Meta {
        let (level, severity) = severity(rule.level);
        let ruleset = place.file.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        let ruleset = ruleset.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
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

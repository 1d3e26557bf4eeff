//! A correlation rule: what its YAML says, checked.

use super::expr::Expr;
use sentinel_wire::model::Micros;
use std::fmt;
use std::sync::Arc;

/// The eight types of the Sigma correlation specification 2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    ValueSum,
    ValueAvg,
    ValuePercentile,
    ValueMedian,
}

impl Kind {
    pub const ALL: [Kind; 8] = [
        Kind::EventCount,
        Kind::ValueCount,
        Kind::Temporal,
        Kind::TemporalOrdered,
        Kind::ValueSum,
        Kind::ValueAvg,
        Kind::ValuePercentile,
        Kind::ValueMedian,
    ];
    /// The word of the specification.
    pub fn name(self) -> &'static str {
        match self {
            Kind::EventCount => "event_count",
            Kind::ValueCount => "value_count",
            Kind::Temporal => "temporal",
            Kind::TemporalOrdered => "temporal_ordered",
            Kind::ValueSum => "value_sum",
            Kind::ValueAvg => "value_avg",
            Kind::ValuePercentile => "value_percentile",
            Kind::ValueMedian => "value_median",
        }
    }
    pub(super) fn from_name(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.name() == word)
    }
    /// True for those that look at which rules matched, not at how many events.
    pub(super) fn temporal(self) -> bool {
        matches!(self, Kind::Temporal | Kind::TemporalOrdered)
    }
    /// True for those that compare numbers of a field.
    pub(super) fn numeric(self) -> bool {
        matches!(self, Kind::ValueSum | Kind::ValueAvg | Kind::ValuePercentile | Kind::ValueMedian)
    }
    /// True for those whose value is a number of things, never negative and whole.
    pub(super) fn counts(self) -> bool {
        !self.numeric()
    }
}

/// A comparison of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Lt,
    Lte,
    Gt,
    Gte,
    Eq,
    Neq,
}

impl Op {
    pub const ALL: [Op; 6] = [Op::Lt, Op::Lte, Op::Gt, Op::Gte, Op::Eq, Op::Neq];
    pub fn name(self) -> &'static str {
        match self {
            Op::Lt => "lt",
            Op::Lte => "lte",
            Op::Gt => "gt",
            Op::Gte => "gte",
            Op::Eq => "eq",
            Op::Neq => "neq",
        }
    }
    pub(super) fn from_name(word: &str) -> Option<Op> {
        Op::ALL.into_iter().find(|o| o.name() == word)
    }
    /// True if `value` stands to `limit` as the comparison asks.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Op::Lt => value < limit,
            Op::Lte => value <= limit,
            Op::Gt => value > limit,
            Op::Gte => value >= limit,
            Op::Eq => value == limit,
            Op::Neq => value != limit,
        }
    }
}

/// When a correlation holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All comparisons hold (a range is two of them).
    Compare(Vec<(Op, f64)>),
    /// `temporal` and `temporal_ordered` alone: every rule of the list.
    All,
    /// `temporal` and `temporal_ordered` alone: `and`, `or`, `not` over names of rules (SEP 198).
    Expr(Expr),
}

/// A name in `group-by`, and for a rule's name or id the field it stands for there.
pub type Alias = (String, Vec<(String, String)>);

/// A correlation rule by itself; what it refers to is looked up by [`super::Correlator::new`].
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `id`, if it has one.
    pub id: Option<String>,
    /// `name`, if it has one.
    pub name: Option<String>,
    pub title: String,
    /// File it came from and the line its document begins at, for refusals.
    pub file: String,
    pub line: u32,
    pub kind: Kind,
    /// Names or ids of detections and correlations, as written; repeats are kept (they are steps of an order).
    pub rules: Vec<String>,
    pub group_by: Vec<Arc<str>>,
    /// Length of the window.
    pub timespan_us: Micros,
    pub condition: Condition,
    /// `condition.field`: one field, for `value_count` also several, whose values count together.
    pub fields: Vec<String>,
    /// `condition.percentile`, 0 to 100; 50 where nothing is said.
    pub percentile: f64,
    pub aliases: Vec<Alias>,
    /// The rules it refers to alert by themselves too.
    pub generate: bool,
}

/// Why a rule was refused, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub file: String,
    pub line: u32,
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

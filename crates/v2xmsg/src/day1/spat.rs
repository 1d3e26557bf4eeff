//! SPAT of T/CSAE 53 day 1 (edition 2020): traffic lights.

use super::common::TimeConfidence;
use super::place::NodeReferenceId;
use rasn::prelude::*;

/// State and timing of traffic lights.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct Spat {
    /// Counts the messages of this kind that the station sent, modulo 128.
    #[rasn(identifier = "msgCnt", value("0..=127"))]
    pub msg_cnt: u8,
    /// Minutes since the start of the UTC year; 527040 unknown.
    #[rasn(value("0..=527040"))]
    pub moy: Option<u32>,
    /// ms within the UTC minute; 60000-60999 a leap second, 65535 unknown.
    #[rasn(identifier = "timeStamp", value("0..=65535"))]
    pub time_stamp: Option<u16>,
    /// A name for people.
    #[rasn(size("1..=63"))]
    pub name: Option<Ia5String>,
    #[rasn(size("1..=32"))]
    pub intersections: Vec<IntersectionState>,
}

/// The lights of one crossing.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct IntersectionState {
    #[rasn(identifier = "intersectionId")]
    pub intersection_id: NodeReferenceId,
    /// Bits: manual control, stopped time, failure flash, preemption, priority, fixed time, by traffic,
    /// standby, failure, off, MAP updated, lanes changed, no valid MAP, no valid SPAT, two reserved.
    #[rasn(size("16"))]
    pub status: BitString,
    /// Minutes since the start of the UTC year; 527040 unknown.
    #[rasn(value("0..=527040"))]
    pub moy: Option<u32>,
    /// ms within the UTC minute; 60000-60999 a leap second, 65535 unknown.
    #[rasn(identifier = "timeStamp", value("0..=65535"))]
    pub time_stamp: Option<u16>,
    #[rasn(identifier = "timeConfidence")]
    pub time_confidence: Option<TimeConfidence>,
    #[rasn(size("1..=16"))]
    pub phases: Vec<Phase>,
}

/// One signal group.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Phase {
    /// Number of the signal group; 0 unknown.
    #[rasn(value("0..=255"))]
    pub id: u8,
    #[rasn(identifier = "phaseStates", size("1..=16"))]
    pub phase_states: Vec<PhaseState>,
}

/// A light and when it changes.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct PhaseState {
    pub light: LightState,
    pub timing: Option<TimeChangeDetails>,
}

/// The light.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum LightState {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "dark")]
    Dark = 1,
    #[rasn(identifier = "flashing-red")]
    FlashingRed = 2,
    #[rasn(identifier = "red")]
    Red = 3,
    #[rasn(identifier = "flashing-green")]
    FlashingGreen = 4,
    #[rasn(identifier = "permissive-green")]
    PermissiveGreen = 5,
    #[rasn(identifier = "protected-green")]
    ProtectedGreen = 6,
    #[rasn(identifier = "yellow")]
    Yellow = 7,
    #[rasn(identifier = "flashing-yellow")]
    FlashingYellow = 8,
}

/// When a light changes.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
#[non_exhaustive]
pub enum TimeChangeDetails {
    #[rasn(identifier = "counting")]
    Counting(TimeCountingDown),
    #[rasn(identifier = "utcTiming")]
    UtcTiming(UtcTiming),
}

/// Times from now on.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct TimeCountingDown {
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "startTime", value("0..=36001"))]
    pub start_time: u16,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "minEndTime", value("0..=36001"))]
    pub min_end_time: Option<u16>,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "maxEndTime", value("0..=36001"))]
    pub max_end_time: Option<u16>,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "likelyEndTime", value("0..=36001"))]
    pub likely_end_time: u16,
    /// 0.5 %.
    #[rasn(identifier = "timeConfidence", value("0..=200"))]
    pub time_confidence: Option<u8>,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "nextStartTime", value("0..=36001"))]
    pub next_start_time: Option<u16>,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "nextDuration", value("0..=36001"))]
    pub next_duration: Option<u16>,
}

/// Times within the hour.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct UtcTiming {
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "startUTCTime", value("0..=36001"))]
    pub start_utc_time: u16,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "minEndUTCTime", value("0..=36001"))]
    pub min_end_utc_time: Option<u16>,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "maxEndUTCTime", value("0..=36001"))]
    pub max_end_utc_time: Option<u16>,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "likelyEndUTCTime", value("0..=36001"))]
    pub likely_end_utc_time: u16,
    /// 0.5 %.
    #[rasn(identifier = "timeConfidence", value("0..=200"))]
    pub time_confidence: Option<u8>,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "nextStartUTCTime", value("0..=36001"))]
    pub next_start_utc_time: Option<u16>,
    /// 0.1 s; 36000 more than an hour, 36001 unknown.
    #[rasn(identifier = "nextEndUTCTime", value("0..=36001"))]
    pub next_end_utc_time: Option<u16>,
}

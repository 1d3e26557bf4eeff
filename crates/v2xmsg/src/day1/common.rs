//! What the messages of T/CSAE 53 day 1 (edition 2020) share: times.

use rasn::prelude::*;

/// A moment, each part of which may be left out.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct DateTime {
    /// 0 unknown.
    #[rasn(value("0..=4095"))]
    pub year: Option<u16>,
    /// 1-12; 0 unknown.
    #[rasn(value("0..=12"))]
    pub month: Option<u8>,
    /// 1-31; 0 unknown.
    #[rasn(value("0..=31"))]
    pub day: Option<u8>,
    /// 0-23; 24 unknown.
    #[rasn(value("0..=24"))]
    pub hour: Option<u8>,
    /// 0-59; 60 unknown.
    #[rasn(value("0..=60"))]
    pub minute: Option<u8>,
    /// ms within the UTC minute; 60000-60999 a leap second, 65535 unknown.
    #[rasn(value("0..=65535"))]
    pub second: Option<u16>,
    /// Minutes from UTC.
    #[rasn(value("-720..=721"))]
    pub offset: Option<i16>,
}

/// How far a time may be off, in seconds, milliseconds and so on.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum TimeConfidence {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "time-100-000")]
    Time100_000 = 1,
    #[rasn(identifier = "time-050-000")]
    Time050_000 = 2,
    #[rasn(identifier = "time-020-000")]
    Time020_000 = 3,
    #[rasn(identifier = "time-010-000")]
    Time010_000 = 4,
    #[rasn(identifier = "time-002-000")]
    Time002_000 = 5,
    #[rasn(identifier = "time-001-000")]
    Time001_000 = 6,
    #[rasn(identifier = "time-000-500")]
    Time000_500 = 7,
    #[rasn(identifier = "time-000-200")]
    Time000_200 = 8,
    #[rasn(identifier = "time-000-100")]
    Time000_100 = 9,
    #[rasn(identifier = "time-000-050")]
    Time000_050 = 10,
    #[rasn(identifier = "time-000-020")]
    Time000_020 = 11,
    #[rasn(identifier = "time-000-010")]
    Time000_010 = 12,
    #[rasn(identifier = "time-000-005")]
    Time000_005 = 13,
    #[rasn(identifier = "time-000-002")]
    Time000_002 = 14,
    #[rasn(identifier = "time-000-001")]
    Time000_001 = 15,
    #[rasn(identifier = "time-000-000-5")]
    Time000_000_5 = 16,
    #[rasn(identifier = "time-000-000-2")]
    Time000_000_2 = 17,
    #[rasn(identifier = "time-000-000-1")]
    Time000_000_1 = 18,
    #[rasn(identifier = "time-000-000-05")]
    Time000_000_05 = 19,
    #[rasn(identifier = "time-000-000-02")]
    Time000_000_02 = 20,
    #[rasn(identifier = "time-000-000-01")]
    Time000_000_01 = 21,
    #[rasn(identifier = "time-000-000-005")]
    Time000_000_005 = 22,
    #[rasn(identifier = "time-000-000-002")]
    Time000_000_002 = 23,
    #[rasn(identifier = "time-000-000-001")]
    Time000_000_001 = 24,
    #[rasn(identifier = "time-000-000-000-5")]
    Time000_000_000_5 = 25,
    #[rasn(identifier = "time-000-000-000-2")]
    Time000_000_000_2 = 26,
    #[rasn(identifier = "time-000-000-000-1")]
    Time000_000_000_1 = 27,
    #[rasn(identifier = "time-000-000-000-05")]
    Time000_000_000_05 = 28,
    #[rasn(identifier = "time-000-000-000-02")]
    Time000_000_000_02 = 29,
    #[rasn(identifier = "time-000-000-000-01")]
    Time000_000_000_01 = 30,
    #[rasn(identifier = "time-000-000-000-005")]
    Time000_000_000_005 = 31,
    #[rasn(identifier = "time-000-000-000-002")]
    Time000_000_000_002 = 32,
    #[rasn(identifier = "time-000-000-000-001")]
    Time000_000_000_001 = 33,
    #[rasn(identifier = "time-000-000-000-000-5")]
    Time000_000_000_000_5 = 34,
    #[rasn(identifier = "time-000-000-000-000-2")]
    Time000_000_000_000_2 = 35,
    #[rasn(identifier = "time-000-000-000-000-1")]
    Time000_000_000_000_1 = 36,
    #[rasn(identifier = "time-000-000-000-000-05")]
    Time000_000_000_000_05 = 37,
    #[rasn(identifier = "time-000-000-000-000-02")]
    Time000_000_000_000_02 = 38,
    #[rasn(identifier = "time-000-000-000-000-01")]
    Time000_000_000_000_01 = 39,
}

//! What CAM and DENM share (TS 102 894-2 v1.3.1). Comments name the unit of one step.

use rasn::prelude::*;

/// Leads every message.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct ItsPduHeader {
    /// 2 for these editions (1 in their predecessors).
    #[rasn(identifier = "protocolVersion", value("0..=255"))]
    pub protocol_version: u8,
    /// 1 DENM, 2 CAM.
    #[rasn(identifier = "messageID", value("0..=255"))]
    pub message_id: u8,
    /// Temporary identity of the station.
    #[rasn(identifier = "stationID", value("0..=4294967295"))]
    pub station_id: u32,
}

/// A place on the WGS-84 ellipsoid.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct ReferencePosition {
    /// 1e-7 degrees, north positive; 900000001 unknown.
    #[rasn(value("-900000000..=900000001"))]
    pub latitude: i32,
    /// 1e-7 degrees, east positive; 1800000001 unknown.
    #[rasn(value("-1800000000..=1800000001"))]
    pub longitude: i32,
    #[rasn(identifier = "positionConfidenceEllipse")]
    pub position_confidence_ellipse: PosConfidenceEllipse,
    pub altitude: Altitude,
}

/// The ellipse of the position's error.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PosConfidenceEllipse {
    /// 0.01 m at 95 %; 4094 more, 4095 unknown.
    #[rasn(identifier = "semiMajorConfidence", value("0..=4095"))]
    pub semi_major_confidence: u16,
    /// 0.01 m at 95 %; 4094 more, 4095 unknown.
    #[rasn(identifier = "semiMinorConfidence", value("0..=4095"))]
    pub semi_minor_confidence: u16,
    /// 0.1 degrees from north, clockwise; 3601 unknown.
    #[rasn(identifier = "semiMajorOrientation", value("0..=3601"))]
    pub semi_major_orientation: u16,
}

/// Height and its error.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Altitude {
    /// 0.01 m above the ellipsoid; 800001 unknown.
    #[rasn(identifier = "altitudeValue", value("-100000..=800001"))]
    pub altitude_value: i32,
    #[rasn(identifier = "altitudeConfidence")]
    pub altitude_confidence: AltitudeConfidence,
}

/// Error of the height in m, 95 %.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum AltitudeConfidence {
    #[rasn(identifier = "alt-000-01")]
    Alt000_01 = 0,
    #[rasn(identifier = "alt-000-02")]
    Alt000_02 = 1,
    #[rasn(identifier = "alt-000-05")]
    Alt000_05 = 2,
    #[rasn(identifier = "alt-000-10")]
    Alt000_10 = 3,
    #[rasn(identifier = "alt-000-20")]
    Alt000_20 = 4,
    #[rasn(identifier = "alt-000-50")]
    Alt000_50 = 5,
    #[rasn(identifier = "alt-001-00")]
    Alt001_00 = 6,
    #[rasn(identifier = "alt-002-00")]
    Alt002_00 = 7,
    #[rasn(identifier = "alt-005-00")]
    Alt005_00 = 8,
    #[rasn(identifier = "alt-010-00")]
    Alt010_00 = 9,
    #[rasn(identifier = "alt-020-00")]
    Alt020_00 = 10,
    #[rasn(identifier = "alt-050-00")]
    Alt050_00 = 11,
    #[rasn(identifier = "alt-100-00")]
    Alt100_00 = 12,
    #[rasn(identifier = "alt-200-00")]
    Alt200_00 = 13,
    #[rasn(identifier = "outOfRange")]
    OutOfRange = 14,
    #[rasn(identifier = "unavailable")]
    Unavailable = 15,
}

/// A place by its offset.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct DeltaReferencePosition {
    /// 1e-7 degrees; 131072 unknown.
    #[rasn(identifier = "deltaLatitude", value("-131071..=131072"))]
    pub delta_latitude: i32,
    /// 1e-7 degrees; 131072 unknown.
    #[rasn(identifier = "deltaLongitude", value("-131071..=131072"))]
    pub delta_longitude: i32,
    /// 0.01 m; 12800 unknown.
    #[rasn(identifier = "deltaAltitude", value("-12700..=12800"))]
    pub delta_altitude: i16,
}

/// A place passed.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PathPoint {
    #[rasn(identifier = "pathPosition")]
    pub path_position: DeltaReferencePosition,
    /// 10 ms before the point that precedes it in the list.
    #[rasn(identifier = "pathDeltaTime", value("1..=65535", extensible))]
    pub path_delta_time: Option<i64>,
}

/// Places passed, the latest first.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(delegate, size("0..=40"))]
pub struct PathHistory(pub Vec<PathPoint>);

/// Direction of motion.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Heading {
    /// 0.1 degrees from north, clockwise; 3601 unknown.
    #[rasn(identifier = "headingValue", value("0..=3601"))]
    pub heading_value: u16,
    /// 0.1 degrees at 95 %; 126 more, 127 unknown.
    #[rasn(identifier = "headingConfidence", value("1..=127"))]
    pub heading_confidence: u8,
}

/// Speed of motion.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Speed {
    /// 0.01 m/s; 16383 unknown.
    #[rasn(identifier = "speedValue", value("0..=16383"))]
    pub speed_value: u16,
    /// 0.01 m/s at 95 %; 126 more, 127 unknown.
    #[rasn(identifier = "speedConfidence", value("1..=127"))]
    pub speed_confidence: u8,
}

/// What happened.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct CauseCode {
    /// 94 stationary vehicle, 95 emergency vehicle, 97 collision risk, 99 dangerous situation, ...
    #[rasn(identifier = "causeCode", value("0..=255"))]
    pub cause_code: u8,
    /// By the cause; 0 unknown.
    #[rasn(identifier = "subCauseCode", value("0..=255"))]
    pub sub_cause_code: u8,
}

/// Which lanes are closed.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct ClosedLanes {
    #[rasn(identifier = "innerhardShoulderStatus")]
    pub innerhard_shoulder_status: Option<HardShoulderStatus>,
    #[rasn(identifier = "outerhardShoulderStatus")]
    pub outerhard_shoulder_status: Option<HardShoulderStatus>,
    /// A bit a lane from the outside, set where closed.
    #[rasn(identifier = "drivingLaneStatus", size("1..=13"))]
    pub driving_lane_status: Option<BitString>,
}

/// The hard shoulder.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum HardShoulderStatus {
    #[rasn(identifier = "availableForStopping")]
    AvailableForStopping = 0,
    #[rasn(identifier = "closed")]
    Closed = 1,
    #[rasn(identifier = "availableForDriving")]
    AvailableForDriving = 2,
}

/// What drivers must do.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum TrafficRule {
    #[rasn(identifier = "noPassing")]
    NoPassing = 0,
    #[rasn(identifier = "noPassingForTrucks")]
    NoPassingForTrucks = 1,
    #[rasn(identifier = "passToRight")]
    PassToRight = 2,
    #[rasn(identifier = "passToLeft")]
    PassToLeft = 3,
}

/// Class of goods.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum DangerousGoodsBasic {
    #[rasn(identifier = "explosives1")]
    Explosives1 = 0,
    #[rasn(identifier = "explosives2")]
    Explosives2 = 1,
    #[rasn(identifier = "explosives3")]
    Explosives3 = 2,
    #[rasn(identifier = "explosives4")]
    Explosives4 = 3,
    #[rasn(identifier = "explosives5")]
    Explosives5 = 4,
    #[rasn(identifier = "explosives6")]
    Explosives6 = 5,
    #[rasn(identifier = "flammableGases")]
    FlammableGases = 6,
    #[rasn(identifier = "nonFlammableGases")]
    NonFlammableGases = 7,
    #[rasn(identifier = "toxicGases")]
    ToxicGases = 8,
    #[rasn(identifier = "flammableLiquids")]
    FlammableLiquids = 9,
    #[rasn(identifier = "flammableSolids")]
    FlammableSolids = 10,
    #[rasn(identifier = "substancesLiableToSpontaneousCombustion")]
    SubstancesLiableToSpontaneousCombustion = 11,
    #[rasn(identifier = "substancesEmittingFlammableGasesUponContactWithWater")]
    SubstancesEmittingFlammableGasesUponContactWithWater = 12,
    #[rasn(identifier = "oxidizingSubstances")]
    OxidizingSubstances = 13,
    #[rasn(identifier = "organicPeroxides")]
    OrganicPeroxides = 14,
    #[rasn(identifier = "toxicSubstances")]
    ToxicSubstances = 15,
    #[rasn(identifier = "infectiousSubstances")]
    InfectiousSubstances = 16,
    #[rasn(identifier = "radioactiveMaterial")]
    RadioactiveMaterial = 17,
    #[rasn(identifier = "corrosiveSubstances")]
    CorrosiveSubstances = 18,
    #[rasn(identifier = "miscellaneousDangerousSubstances")]
    MiscellaneousDangerousSubstances = 19,
}

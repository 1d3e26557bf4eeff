//! RSM of T/CSAE 53 day 1 (edition 2020): participants seen from the roadside.

use super::motion::{
    AccelerationSet4Way, MotionConfidenceSet, TransmissionState, VehicleClassification, VehicleSize,
};
use super::place::{Position3D, PositionConfidenceSet, PositionOffsetLlv};
use rasn::prelude::*;

/// Who is on the road, as a roadside unit sees it.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct RoadsideSafetyMessage {
    /// Counts the messages of this kind that the station sent, modulo 128.
    #[rasn(identifier = "msgCnt", value("0..=127"))]
    pub msg_cnt: u8,
    /// Identity of the roadside unit.
    pub id: FixedOctetString<8>,
    /// Origin of the offsets.
    #[rasn(identifier = "refPos")]
    pub ref_pos: Position3D,
    #[rasn(size("1..=16"))]
    pub participants: Vec<ParticipantData>,
}

/// One vehicle or person.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct ParticipantData {
    #[rasn(identifier = "ptcType")]
    pub ptc_type: ParticipantType,
    /// Number that the roadside unit gave; 0 is the unit itself.
    #[rasn(identifier = "ptcId", value("0..=65535"))]
    pub ptc_id: u16,
    pub source: SourceType,
    /// Identity in the participant's own BSM.
    pub id: Option<FixedOctetString<8>>,
    /// ms within the UTC minute; 60000-60999 a leap second, 65535 unknown.
    #[rasn(identifier = "secMark", value("0..=65535"))]
    pub sec_mark: u16,
    pub pos: PositionOffsetLlv,
    #[rasn(identifier = "posConfidence")]
    pub pos_confidence: PositionConfidenceSet,
    pub transmission: Option<TransmissionState>,
    /// 0.02 m/s; 8191 unknown.
    #[rasn(value("0..=8191"))]
    pub speed: u16,
    /// 0.0125 degrees from north, clockwise; 28800 unknown.
    #[rasn(value("0..=28800"))]
    pub heading: u16,
    /// 1.5 degrees, right positive; 127 unknown.
    #[rasn(value("-126..=127"))]
    pub angle: Option<i8>,
    #[rasn(identifier = "motionCfd")]
    pub motion_cfd: Option<MotionConfidenceSet>,
    #[rasn(identifier = "accelSet")]
    pub accel_set: Option<AccelerationSet4Way>,
    pub size: VehicleSize,
    #[rasn(identifier = "vehicleClass")]
    pub vehicle_class: Option<VehicleClassification>,
}

/// Kind of participant.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum ParticipantType {
    #[rasn(identifier = "unknown")]
    Unknown = 0,
    #[rasn(identifier = "motor")]
    Motor = 1,
    #[rasn(identifier = "non-motor")]
    NonMotor = 2,
    #[rasn(identifier = "pedestrian")]
    Pedestrian = 3,
    #[rasn(identifier = "rsu")]
    Rsu = 4,
}

/// How the participant was seen.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum SourceType {
    #[rasn(identifier = "unknown")]
    Unknown = 0,
    #[rasn(identifier = "selfinfo")]
    Selfinfo = 1,
    #[rasn(identifier = "v2x")]
    V2x = 2,
    #[rasn(identifier = "video")]
    Video = 3,
    #[rasn(identifier = "microwaveRadar")]
    MicrowaveRadar = 4,
    #[rasn(identifier = "loop")]
    Loop = 5,
    #[rasn(identifier = "lidar")]
    Lidar = 6,
    #[rasn(identifier = "integrated")]
    Integrated = 7,
}

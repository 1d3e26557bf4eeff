//! BSM of T/CSAE 53 day 1 (edition 2020): a vehicle's state.

use super::common::{DateTime, TimeConfidence};
use super::motion::{
    AccelerationSet4Way, MotionConfidenceSet, TransmissionState, VehicleClassification, VehicleSize,
};
use super::place::{Position3D, PositionConfidenceSet, PositionOffsetLlv, PositionalAccuracy};
use rasn::prelude::*;

/// A vehicle's state, sent up to ten times a second.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct BasicSafetyMessage {
    /// Counts the messages of this kind that the station sent, modulo 128.
    #[rasn(identifier = "msgCnt", value("0..=127"))]
    pub msg_cnt: u8,
    /// Temporary identity of the vehicle.
    pub id: FixedOctetString<8>,
    /// ms within the UTC minute; 60000-60999 a leap second, 65535 unknown.
    #[rasn(identifier = "secMark", value("0..=65535"))]
    pub sec_mark: u16,
    #[rasn(identifier = "timeConfidence")]
    pub time_confidence: Option<TimeConfidence>,
    pub pos: Position3D,
    #[rasn(identifier = "posAccuracy")]
    pub pos_accuracy: Option<PositionalAccuracy>,
    #[rasn(identifier = "posConfidence")]
    pub pos_confidence: Option<PositionConfidenceSet>,
    pub transmission: TransmissionState,
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
    pub accel_set: AccelerationSet4Way,
    pub brakes: BrakeSystemStatus,
    pub size: VehicleSize,
    #[rasn(identifier = "vehicleClass")]
    pub vehicle_class: VehicleClassification,
    #[rasn(identifier = "safetyExt")]
    pub safety_ext: Option<VehicleSafetyExtensions>,
    #[rasn(identifier = "emergencyExt")]
    pub emergency_ext: Option<VehicleEmergencyExtensions>,
}

/// What the brakes do.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct BrakeSystemStatus {
    #[rasn(identifier = "brakePadel")]
    pub brake_padel: Option<BrakePedalStatus>,
    /// Bits: unknown, left front, left rear, right front, right rear.
    #[rasn(identifier = "wheelBrakes", size("5"))]
    pub wheel_brakes: Option<BitString>,
    pub traction: Option<TractionControlStatus>,
    pub abs: Option<AntiLockBrakeStatus>,
    pub scs: Option<StabilityControlStatus>,
    #[rasn(identifier = "brakeBoost")]
    pub brake_boost: Option<BrakeBoostApplied>,
    #[rasn(identifier = "auxBrakes")]
    pub aux_brakes: Option<AuxiliaryBrakeStatus>,
}

/// The brake pedal.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum BrakePedalStatus {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "off")]
    Off = 1,
    #[rasn(identifier = "on")]
    On = 2,
}

/// Traction control.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum TractionControlStatus {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "off")]
    Off = 1,
    #[rasn(identifier = "on")]
    On = 2,
    #[rasn(identifier = "engaged")]
    Engaged = 3,
}

/// Anti-lock brakes.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum AntiLockBrakeStatus {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "off")]
    Off = 1,
    #[rasn(identifier = "on")]
    On = 2,
    #[rasn(identifier = "engaged")]
    Engaged = 3,
}

/// Stability control.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum StabilityControlStatus {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "off")]
    Off = 1,
    #[rasn(identifier = "on")]
    On = 2,
    #[rasn(identifier = "engaged")]
    Engaged = 3,
}

/// The brake booster.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum BrakeBoostApplied {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "off")]
    Off = 1,
    #[rasn(identifier = "on")]
    On = 2,
}

/// Auxiliary brakes.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum AuxiliaryBrakeStatus {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "off")]
    Off = 1,
    #[rasn(identifier = "on")]
    On = 2,
    #[rasn(identifier = "reserved")]
    Reserved = 3,
}

/// Events, path and lights.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct VehicleSafetyExtensions {
    /// Bits: hazard lights, stop line violation, ABS, traction control loss, stability control,
    /// dangerous goods, reserved, hard braking, lights changed, wipers changed, flat tyre, disabled
    /// vehicle, air bag.
    #[rasn(size("13", extensible))]
    pub events: Option<BitString>,
    #[rasn(identifier = "pathHistory")]
    pub path_history: Option<PathHistory>,
    #[rasn(identifier = "pathPrediction")]
    pub path_prediction: Option<PathPrediction>,
    /// Bits: low beam, high beam, left turn, right turn, hazard, automatic, daytime, fog, parking.
    #[rasn(size("9", extensible))]
    pub lights: Option<BitString>,
}

/// Where the vehicle came from.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct PathHistory {
    #[rasn(identifier = "initialPosition")]
    pub initial_position: Option<FullPositionVector>,
    /// Bits: unknown, healthy, monitored, fixed base station, PDOP under 5, fewer than 5 satellites,
    /// local and network corrections.
    #[rasn(identifier = "currGNSSstatus", size("8"))]
    pub curr_gns_sstatus: Option<BitString>,
    #[rasn(identifier = "crumbData", size("1..=23"))]
    pub crumb_data: Vec<PathHistoryPoint>,
}

/// Place and motion of one moment.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct FullPositionVector {
    #[rasn(identifier = "utcTime")]
    pub utc_time: Option<DateTime>,
    pub pos: Position3D,
    /// 0.0125 degrees from north, clockwise; 28800 unknown.
    #[rasn(value("0..=28800"))]
    pub heading: Option<u16>,
    pub transmission: Option<TransmissionState>,
    /// 0.02 m/s; 8191 unknown.
    #[rasn(value("0..=8191"))]
    pub speed: Option<u16>,
    #[rasn(identifier = "posAccuracy")]
    pub pos_accuracy: Option<PositionalAccuracy>,
    #[rasn(identifier = "posConfidence")]
    pub pos_confidence: Option<PositionConfidenceSet>,
    #[rasn(identifier = "timeConfidence")]
    pub time_confidence: Option<TimeConfidence>,
    #[rasn(identifier = "motionCfd")]
    pub motion_cfd: Option<MotionConfidenceSet>,
}

/// A place the vehicle passed.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct PathHistoryPoint {
    #[rasn(identifier = "llvOffset")]
    pub llv_offset: PositionOffsetLlv,
    /// 10 ms before this message; 65534 more, 65535 unknown.
    #[rasn(identifier = "timeOffset", value("1..=65535"))]
    pub time_offset: u16,
    /// 0.02 m/s; 8191 unknown.
    #[rasn(value("0..=8191"))]
    pub speed: Option<u16>,
    #[rasn(identifier = "posAccuracy")]
    pub pos_accuracy: Option<PositionConfidenceSet>,
    /// 1.5 degrees from north, clockwise; 240 unknown.
    #[rasn(value("0..=240"))]
    pub heading: Option<u8>,
}

/// Where the vehicle goes.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct PathPrediction {
    /// 0.1 m, right positive; 32767 straight.
    #[rasn(identifier = "radiusOfCurve", value("-32767..=32767"))]
    pub radius_of_curve: i16,
    /// 0.5 %.
    #[rasn(value("0..=200"))]
    pub confidence: u8,
}

/// What an emergency vehicle does.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct VehicleEmergencyExtensions {
    #[rasn(identifier = "responseType")]
    pub response_type: Option<ResponseType>,
    #[rasn(identifier = "sirenUse")]
    pub siren_use: Option<SirenInUse>,
    #[rasn(identifier = "lightsUse")]
    pub lights_use: Option<LightbarInUse>,
}

/// Kind of run.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum ResponseType {
    #[rasn(identifier = "notInUseOrNotEquipped")]
    NotInUseOrNotEquipped = 0,
    #[rasn(identifier = "emergency")]
    Emergency = 1,
    #[rasn(identifier = "nonEmergency")]
    NonEmergency = 2,
    #[rasn(identifier = "pursuit")]
    Pursuit = 3,
    #[rasn(identifier = "stationary")]
    Stationary = 4,
    #[rasn(identifier = "slowMoving")]
    SlowMoving = 5,
    #[rasn(identifier = "stopAndGoMovement")]
    StopAndGoMovement = 6,
}

/// The siren.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum SirenInUse {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "notInUse")]
    NotInUse = 1,
    #[rasn(identifier = "inUse")]
    InUse = 2,
    #[rasn(identifier = "reserved")]
    Reserved = 3,
}

/// The light bar.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum LightbarInUse {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "notInUse")]
    NotInUse = 1,
    #[rasn(identifier = "inUse")]
    InUse = 2,
    #[rasn(identifier = "yellowCautionLights")]
    YellowCautionLights = 3,
    #[rasn(identifier = "schooldBusLights")]
    SchooldBusLights = 4,
    #[rasn(identifier = "arrowSignsActive")]
    ArrowSignsActive = 5,
    #[rasn(identifier = "slowMovingVehicle")]
    SlowMovingVehicle = 6,
    #[rasn(identifier = "freqStops")]
    FreqStops = 7,
}

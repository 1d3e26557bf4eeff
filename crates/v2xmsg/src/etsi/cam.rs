//! CAM (EN 302 637-2 v1.4.1).

use super::common::{Heading, ItsPduHeader, PathHistory, ReferencePosition, Speed};
use super::special::SpecialVehicleContainer;
use rasn::prelude::*;

/// Where a station is and how it moves.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Cam {
    pub header: ItsPduHeader,
    pub cam: CoopAwareness,
}

/// The message without its header.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct CoopAwareness {
    /// ms since 2004-01-01 (TAI), modulo 65536.
    #[rasn(identifier = "generationDeltaTime", value("0..=65535"))]
    pub generation_delta_time: u16,
    #[rasn(identifier = "camParameters")]
    pub cam_parameters: CamParameters,
}

/// Containers of the message.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct CamParameters {
    #[rasn(identifier = "basicContainer")]
    pub basic_container: BasicContainer,
    #[rasn(identifier = "highFrequencyContainer")]
    pub high_frequency_container: HighFrequencyContainer,
    #[rasn(identifier = "lowFrequencyContainer")]
    pub low_frequency_container: Option<LowFrequencyContainer>,
    #[rasn(identifier = "specialVehicleContainer")]
    pub special_vehicle_container: Option<SpecialVehicleContainer>,
}

/// Kind and place of the station.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct BasicContainer {
    /// 5 car, 6 bus, 7 light and 8 heavy truck, 10 special vehicle, 11 tram, 15 roadside unit.
    #[rasn(identifier = "stationType", value("0..=255"))]
    pub station_type: u8,
    #[rasn(identifier = "referencePosition")]
    pub reference_position: ReferencePosition,
}

/// What changes fast.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
#[non_exhaustive]
pub enum HighFrequencyContainer {
    #[rasn(identifier = "basicVehicleContainerHighFrequency")]
    BasicVehicleContainerHighFrequency(BasicVehicleContainerHighFrequency),
    #[rasn(identifier = "rsuContainerHighFrequency")]
    RsuContainerHighFrequency(RsuContainerHighFrequency),
}

/// Motion of a vehicle.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct BasicVehicleContainerHighFrequency {
    pub heading: Heading,
    pub speed: Speed,
    #[rasn(identifier = "driveDirection")]
    pub drive_direction: DriveDirection,
    #[rasn(identifier = "vehicleLength")]
    pub vehicle_length: VehicleLength,
    /// 0.1 m; 61 more, 62 unknown.
    #[rasn(identifier = "vehicleWidth", value("1..=62"))]
    pub vehicle_width: u8,
    #[rasn(identifier = "longitudinalAcceleration")]
    pub longitudinal_acceleration: LongitudinalAcceleration,
    pub curvature: Curvature,
    #[rasn(identifier = "curvatureCalculationMode")]
    pub curvature_calculation_mode: CurvatureCalculationMode,
    #[rasn(identifier = "yawRate")]
    pub yaw_rate: YawRate,
    /// Bits: brake, throttle, emergency brake, collision warning, ACC, cruise control, speed limiter.
    #[rasn(identifier = "accelerationControl", size("7"))]
    pub acceleration_control: Option<BitString>,
    /// -1 off the road, 0 hard shoulder, 1 outermost lane.
    #[rasn(identifier = "lanePosition", value("-1..=14"))]
    pub lane_position: Option<i8>,
    #[rasn(identifier = "steeringWheelAngle")]
    pub steering_wheel_angle: Option<SteeringWheelAngle>,
    #[rasn(identifier = "lateralAcceleration")]
    pub lateral_acceleration: Option<LateralAcceleration>,
    #[rasn(identifier = "verticalAcceleration")]
    pub vertical_acceleration: Option<VerticalAcceleration>,
    /// 0 unknown, 1 A, 2 B.
    #[rasn(identifier = "performanceClass", value("0..=7"))]
    pub performance_class: Option<u8>,
    #[rasn(identifier = "cenDsrcTollingZone")]
    pub cen_dsrc_tolling_zone: Option<CenDsrcTollingZone>,
}

/// Forward or backward.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum DriveDirection {
    #[rasn(identifier = "forward")]
    Forward = 0,
    #[rasn(identifier = "backward")]
    Backward = 1,
    #[rasn(identifier = "unavailable")]
    Unavailable = 2,
}

/// Length with what is towed.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct VehicleLength {
    /// 0.1 m; 1022 more, 1023 unknown.
    #[rasn(identifier = "vehicleLengthValue", value("1..=1023"))]
    pub vehicle_length_value: u16,
    #[rasn(identifier = "vehicleLengthConfidenceIndication")]
    pub vehicle_length_confidence_indication: VehicleLengthConfidenceIndication,
}

/// Whether something is towed.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum VehicleLengthConfidenceIndication {
    #[rasn(identifier = "noTrailerPresent")]
    NoTrailerPresent = 0,
    #[rasn(identifier = "trailerPresentWithKnownLength")]
    TrailerPresentWithKnownLength = 1,
    #[rasn(identifier = "trailerPresentWithUnknownLength")]
    TrailerPresentWithUnknownLength = 2,
    #[rasn(identifier = "trailerPresenceIsUnknown")]
    TrailerPresenceIsUnknown = 3,
    #[rasn(identifier = "unavailable")]
    Unavailable = 4,
}

/// Along the vehicle, forward positive.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct LongitudinalAcceleration {
    /// 0.1 m/s2; 161 unknown.
    #[rasn(identifier = "longitudinalAccelerationValue", value("-160..=161"))]
    pub longitudinal_acceleration_value: i16,
    /// 0.1 m/s2; 101 more, 102 unknown.
    #[rasn(identifier = "longitudinalAccelerationConfidence", value("0..=102"))]
    pub longitudinal_acceleration_confidence: u8,
}

/// Across the vehicle, left positive.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct LateralAcceleration {
    /// 0.1 m/s2; 161 unknown.
    #[rasn(identifier = "lateralAccelerationValue", value("-160..=161"))]
    pub lateral_acceleration_value: i16,
    /// 0.1 m/s2; 101 more, 102 unknown.
    #[rasn(identifier = "lateralAccelerationConfidence", value("0..=102"))]
    pub lateral_acceleration_confidence: u8,
}

/// Up positive.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct VerticalAcceleration {
    /// 0.1 m/s2; 161 unknown.
    #[rasn(identifier = "verticalAccelerationValue", value("-160..=161"))]
    pub vertical_acceleration_value: i16,
    /// 0.1 m/s2; 101 more, 102 unknown.
    #[rasn(identifier = "verticalAccelerationConfidence", value("0..=102"))]
    pub vertical_acceleration_confidence: u8,
}

/// Curvature of the path.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Curvature {
    /// 1/10000 per metre, left positive; 1023 unknown.
    #[rasn(identifier = "curvatureValue", value("-1023..=1023"))]
    pub curvature_value: i16,
    #[rasn(identifier = "curvatureConfidence")]
    pub curvature_confidence: CurvatureConfidence,
}

/// Error of the curvature.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum CurvatureConfidence {
    #[rasn(identifier = "onePerMeter-0-00002")]
    OnePerMeter0_00002 = 0,
    #[rasn(identifier = "onePerMeter-0-0001")]
    OnePerMeter0_0001 = 1,
    #[rasn(identifier = "onePerMeter-0-0005")]
    OnePerMeter0_0005 = 2,
    #[rasn(identifier = "onePerMeter-0-002")]
    OnePerMeter0_002 = 3,
    #[rasn(identifier = "onePerMeter-0-01")]
    OnePerMeter0_01 = 4,
    #[rasn(identifier = "onePerMeter-0-1")]
    OnePerMeter0_1 = 5,
    #[rasn(identifier = "outOfRange")]
    OutOfRange = 6,
    #[rasn(identifier = "unavailable")]
    Unavailable = 7,
}

/// How the curvature was found.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum CurvatureCalculationMode {
    #[rasn(identifier = "yawRateUsed")]
    YawRateUsed = 0,
    #[rasn(identifier = "yawRateNotUsed")]
    YawRateNotUsed = 1,
    #[rasn(identifier = "unavailable")]
    Unavailable = 2,
}

/// Turning rate.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct YawRate {
    /// 0.01 degrees/s, left positive; 32767 unknown.
    #[rasn(identifier = "yawRateValue", value("-32766..=32767"))]
    pub yaw_rate_value: i16,
    #[rasn(identifier = "yawRateConfidence")]
    pub yaw_rate_confidence: YawRateConfidence,
}

/// Error of the turning rate.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum YawRateConfidence {
    #[rasn(identifier = "degSec-000-01")]
    DegSec000_01 = 0,
    #[rasn(identifier = "degSec-000-05")]
    DegSec000_05 = 1,
    #[rasn(identifier = "degSec-000-10")]
    DegSec000_10 = 2,
    #[rasn(identifier = "degSec-001-00")]
    DegSec001_00 = 3,
    #[rasn(identifier = "degSec-005-00")]
    DegSec005_00 = 4,
    #[rasn(identifier = "degSec-010-00")]
    DegSec010_00 = 5,
    #[rasn(identifier = "degSec-100-00")]
    DegSec100_00 = 6,
    #[rasn(identifier = "outOfRange")]
    OutOfRange = 7,
    #[rasn(identifier = "unavailable")]
    Unavailable = 8,
}

/// The steering wheel.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct SteeringWheelAngle {
    /// 1.5 degrees, left positive; 512 unknown.
    #[rasn(identifier = "steeringWheelAngleValue", value("-511..=512"))]
    pub steering_wheel_angle_value: i16,
    /// 1.5 degrees; 126 more, 127 unknown.
    #[rasn(identifier = "steeringWheelAngleConfidence", value("1..=127"))]
    pub steering_wheel_angle_confidence: u8,
}

/// A toll station near by.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct CenDsrcTollingZone {
    /// 1e-7 degrees, north positive; 900000001 unknown.
    #[rasn(identifier = "protectedZoneLatitude", value("-900000000..=900000001"))]
    pub protected_zone_latitude: i32,
    /// 1e-7 degrees, east positive; 1800000001 unknown.
    #[rasn(identifier = "protectedZoneLongitude", value("-1800000000..=1800000001"))]
    pub protected_zone_longitude: i32,
    /// Number of the zone.
    #[rasn(identifier = "cenDsrcTollingZoneID", value("0..=134217727"))]
    pub cen_dsrc_tolling_zone_id: Option<u32>,
}

/// What a roadside unit says of itself.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct RsuContainerHighFrequency {
    #[rasn(identifier = "protectedCommunicationZonesRSU", size("1..=16"))]
    pub protected_communication_zones_rsu: Option<Vec<ProtectedCommunicationZone>>,
}

/// Where to send with less power.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct ProtectedCommunicationZone {
    #[rasn(identifier = "protectedZoneType")]
    pub protected_zone_type: ProtectedZoneType,
    /// ms since 2004-01-01 UTC, leap seconds counted (TAI).
    #[rasn(identifier = "expiryTime", value("0..=4398046511103"))]
    pub expiry_time: Option<u64>,
    /// 1e-7 degrees, north positive; 900000001 unknown.
    #[rasn(identifier = "protectedZoneLatitude", value("-900000000..=900000001"))]
    pub protected_zone_latitude: i32,
    /// 1e-7 degrees, east positive; 1800000001 unknown.
    #[rasn(identifier = "protectedZoneLongitude", value("-1800000000..=1800000001"))]
    pub protected_zone_longitude: i32,
    /// m.
    #[rasn(identifier = "protectedZoneRadius", value("1..=255", extensible))]
    pub protected_zone_radius: Option<i64>,
    /// Number of the zone.
    #[rasn(identifier = "protectedZoneID", value("0..=134217727"))]
    pub protected_zone_id: Option<u32>,
}

/// Kind of zone.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum ProtectedZoneType {
    #[rasn(identifier = "permanentCenDsrcTolling")]
    PermanentCenDsrcTolling = 0,
    #[rasn(extension_addition, identifier = "temporaryCenDsrcTolling")]
    TemporaryCenDsrcTolling = 1,
}

/// What changes slowly.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
#[non_exhaustive]
pub enum LowFrequencyContainer {
    #[rasn(identifier = "basicVehicleContainerLowFrequency")]
    BasicVehicleContainerLowFrequency(BasicVehicleContainerLowFrequency),
}

/// Role, lights and path of a vehicle.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct BasicVehicleContainerLowFrequency {
    #[rasn(identifier = "vehicleRole")]
    pub vehicle_role: VehicleRole,
    /// Bits: low beam, high beam, left turn, right turn, daytime, reverse, fog, parking.
    #[rasn(identifier = "exteriorLights", size("8"))]
    pub exterior_lights: BitString,
    #[rasn(identifier = "pathHistory")]
    pub path_history: PathHistory,
}

/// What the vehicle does.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum VehicleRole {
    #[rasn(identifier = "default")]
    Default = 0,
    #[rasn(identifier = "publicTransport")]
    PublicTransport = 1,
    #[rasn(identifier = "specialTransport")]
    SpecialTransport = 2,
    #[rasn(identifier = "dangerousGoods")]
    DangerousGoods = 3,
    #[rasn(identifier = "roadWork")]
    RoadWork = 4,
    #[rasn(identifier = "rescue")]
    Rescue = 5,
    #[rasn(identifier = "emergency")]
    Emergency = 6,
    #[rasn(identifier = "safetyCar")]
    SafetyCar = 7,
    #[rasn(identifier = "agriculture")]
    Agriculture = 8,
    #[rasn(identifier = "commercial")]
    Commercial = 9,
    #[rasn(identifier = "military")]
    Military = 10,
    #[rasn(identifier = "roadOperator")]
    RoadOperator = 11,
    #[rasn(identifier = "taxi")]
    Taxi = 12,
    #[rasn(identifier = "reserved1")]
    Reserved1 = 13,
    #[rasn(identifier = "reserved2")]
    Reserved2 = 14,
    #[rasn(identifier = "reserved3")]
    Reserved3 = 15,
}

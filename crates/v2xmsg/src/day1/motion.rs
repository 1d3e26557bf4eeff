//! Motion and vehicles in the messages of T/CSAE 53 day 1 (edition 2020).

use rasn::prelude::*;

/// How far motion may be off.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct MotionConfidenceSet {
    #[rasn(identifier = "speedCfd")]
    pub speed_cfd: Option<SpeedConfidence>,
    #[rasn(identifier = "headingCfd")]
    pub heading_cfd: Option<HeadingConfidence>,
    #[rasn(identifier = "steerCfd")]
    pub steer_cfd: Option<SteeringWheelAngleConfidence>,
}

/// Error of the speed.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum SpeedConfidence {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "prec100ms")]
    Prec100ms = 1,
    #[rasn(identifier = "prec10ms")]
    Prec10ms = 2,
    #[rasn(identifier = "prec5ms")]
    Prec5ms = 3,
    #[rasn(identifier = "prec1ms")]
    Prec1ms = 4,
    #[rasn(identifier = "prec0-1ms")]
    Prec0_1ms = 5,
    #[rasn(identifier = "prec0-05ms")]
    Prec0_05ms = 6,
    #[rasn(identifier = "prec0-01ms")]
    Prec0_01ms = 7,
}

/// Error of the heading.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum HeadingConfidence {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "prec10deg")]
    Prec10deg = 1,
    #[rasn(identifier = "prec05deg")]
    Prec05deg = 2,
    #[rasn(identifier = "prec01deg")]
    Prec01deg = 3,
    #[rasn(identifier = "prec0-1deg")]
    Prec0_1deg = 4,
    #[rasn(identifier = "prec0-05deg")]
    Prec0_05deg = 5,
    #[rasn(identifier = "prec0-01deg")]
    Prec0_01deg = 6,
    #[rasn(identifier = "prec0-0125deg")]
    Prec0_0125deg = 7,
}

/// Error of the steering wheel's angle.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum SteeringWheelAngleConfidence {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "prec2deg")]
    Prec2deg = 1,
    #[rasn(identifier = "prec1deg")]
    Prec1deg = 2,
    #[rasn(identifier = "prec0-02deg")]
    Prec0_02deg = 3,
}

/// Accelerations along the vehicle's axes.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct AccelerationSet4Way {
    /// 0.01 m/s2; 2001 unknown.
    #[rasn(value("-2000..=2001"))]
    pub long: i16,
    /// 0.01 m/s2; 2001 unknown.
    #[rasn(value("-2000..=2001"))]
    pub lat: i16,
    /// 0.02 g; -127 unknown.
    #[rasn(value("-127..=127"))]
    pub vert: i8,
    /// 0.01 degrees/s, clockwise positive.
    #[rasn(value("-32767..=32767"))]
    pub yaw: i16,
}

/// The gear.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum TransmissionState {
    #[rasn(identifier = "neutral")]
    Neutral = 0,
    #[rasn(identifier = "park")]
    Park = 1,
    #[rasn(identifier = "forwardGears")]
    ForwardGears = 2,
    #[rasn(identifier = "reverseGears")]
    ReverseGears = 3,
    #[rasn(identifier = "reserved1")]
    Reserved1 = 4,
    #[rasn(identifier = "reserved2")]
    Reserved2 = 5,
    #[rasn(identifier = "reserved3")]
    Reserved3 = 6,
    #[rasn(identifier = "unavailable")]
    Unavailable = 7,
}

/// Outer measures.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct VehicleSize {
    /// 0.01 m; 0 unknown.
    #[rasn(value("0..=1023"))]
    pub width: u16,
    /// 0.01 m; 0 unknown.
    #[rasn(value("0..=4095"))]
    pub length: u16,
    /// 0.05 m; 0 unknown.
    #[rasn(value("0..=127"))]
    pub height: Option<u8>,
}

/// Kind of vehicle.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct VehicleClassification {
    /// 10 car, 25 truck, 40 motorcycle, 50 bus, 60-69 emergency vehicle.
    #[rasn(value("0..=255"))]
    pub classification: u8,
    /// 0 unknown, 1 petrol, 3 diesel, 4 electric, 5 hybrid.
    #[rasn(identifier = "fuelType", value("0..=15"))]
    pub fuel_type: Option<u8>,
}

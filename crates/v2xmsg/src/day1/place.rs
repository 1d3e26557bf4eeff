//! Places in the messages of T/CSAE 53 day 1 (edition 2020).

use rasn::prelude::*;

/// A place on the WGS-84 ellipsoid.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Position3D {
    /// 1e-7 degrees, north positive; 900000001 unknown.
    #[rasn(value("-900000000..=900000001"))]
    pub lat: i32,
    /// 1e-7 degrees, east positive; 1800000001 unknown.
    #[rasn(value("-1799999999..=1800000001"))]
    pub long: i32,
    /// 0.1 m above the ellipsoid; -4096 unknown.
    #[rasn(value("-4096..=61439"))]
    pub elevation: Option<i32>,
}

/// The ellipse of the position's error.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionalAccuracy {
    /// 0.05 m, one standard deviation; 254 more, 255 unknown.
    #[rasn(identifier = "semiMajor", value("0..=255"))]
    pub semi_major: u8,
    /// 0.05 m, one standard deviation; 254 more, 255 unknown.
    #[rasn(identifier = "semiMinor", value("0..=255"))]
    pub semi_minor: u8,
    /// 360/65535 degrees from north; 65535 unknown.
    #[rasn(value("0..=65535"))]
    pub orientation: u16,
}

/// How far a position may be off.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionConfidenceSet {
    pub pos: PositionConfidence,
    pub elevation: Option<ElevationConfidence>,
}

/// Horizontal error, 95 %.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum PositionConfidence {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "a500m")]
    A500m = 1,
    #[rasn(identifier = "a200m")]
    A200m = 2,
    #[rasn(identifier = "a100m")]
    A100m = 3,
    #[rasn(identifier = "a50m")]
    A50m = 4,
    #[rasn(identifier = "a20m")]
    A20m = 5,
    #[rasn(identifier = "a10m")]
    A10m = 6,
    #[rasn(identifier = "a5m")]
    A5m = 7,
    #[rasn(identifier = "a2m")]
    A2m = 8,
    #[rasn(identifier = "a1m")]
    A1m = 9,
    #[rasn(identifier = "a50cm")]
    A50cm = 10,
    #[rasn(identifier = "a20cm")]
    A20cm = 11,
    #[rasn(identifier = "a10cm")]
    A10cm = 12,
    #[rasn(identifier = "a5cm")]
    A5cm = 13,
    #[rasn(identifier = "a2cm")]
    A2cm = 14,
    #[rasn(identifier = "a1cm")]
    A1cm = 15,
}

/// Vertical error in m, 95 %.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum ElevationConfidence {
    #[rasn(identifier = "unavailable")]
    Unavailable = 0,
    #[rasn(identifier = "elev-500-00")]
    Elev500_00 = 1,
    #[rasn(identifier = "elev-200-00")]
    Elev200_00 = 2,
    #[rasn(identifier = "elev-100-00")]
    Elev100_00 = 3,
    #[rasn(identifier = "elev-050-00")]
    Elev050_00 = 4,
    #[rasn(identifier = "elev-020-00")]
    Elev020_00 = 5,
    #[rasn(identifier = "elev-010-00")]
    Elev010_00 = 6,
    #[rasn(identifier = "elev-005-00")]
    Elev005_00 = 7,
    #[rasn(identifier = "elev-002-00")]
    Elev002_00 = 8,
    #[rasn(identifier = "elev-001-00")]
    Elev001_00 = 9,
    #[rasn(identifier = "elev-000-50")]
    Elev000_50 = 10,
    #[rasn(identifier = "elev-000-20")]
    Elev000_20 = 11,
    #[rasn(identifier = "elev-000-10")]
    Elev000_10 = 12,
    #[rasn(identifier = "elev-000-05")]
    Elev000_05 = 13,
    #[rasn(identifier = "elev-000-02")]
    Elev000_02 = 14,
    #[rasn(identifier = "elev-000-01")]
    Elev000_01 = 15,
}

/// A place by its offset from the message's reference position.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionOffsetLlv {
    #[rasn(identifier = "offsetLL")]
    pub offset_ll: PositionOffsetLl,
    #[rasn(identifier = "offsetV")]
    pub offset_v: Option<VerticalOffset>,
}

/// Offset by size, or an absolute place.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
pub enum PositionOffsetLl {
    #[rasn(identifier = "position-LL1")]
    PositionLL1(PositionLl24b),
    #[rasn(identifier = "position-LL2")]
    PositionLL2(PositionLl28b),
    #[rasn(identifier = "position-LL3")]
    PositionLL3(PositionLl32b),
    #[rasn(identifier = "position-LL4")]
    PositionLL4(PositionLl36b),
    #[rasn(identifier = "position-LL5")]
    PositionLL5(PositionLl44b),
    #[rasn(identifier = "position-LL6")]
    PositionLL6(PositionLl48b),
    #[rasn(identifier = "position-LatLon")]
    PositionLatLon(PositionLlmd64b),
}

/// Up to about 23 m.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionLl24b {
    /// 1e-7 degrees.
    #[rasn(value("-2048..=2047"))]
    pub lon: i16,
    /// 1e-7 degrees.
    #[rasn(value("-2048..=2047"))]
    pub lat: i16,
}

/// Up to about 91 m.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionLl28b {
    /// 1e-7 degrees.
    #[rasn(value("-8192..=8191"))]
    pub lon: i16,
    /// 1e-7 degrees.
    #[rasn(value("-8192..=8191"))]
    pub lat: i16,
}

/// Up to about 362 m.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionLl32b {
    /// 1e-7 degrees.
    #[rasn(value("-32768..=32767"))]
    pub lon: i16,
    /// 1e-7 degrees.
    #[rasn(value("-32768..=32767"))]
    pub lat: i16,
}

/// Up to about 1.4 km.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionLl36b {
    /// 1e-7 degrees.
    #[rasn(value("-131072..=131071"))]
    pub lon: i32,
    /// 1e-7 degrees.
    #[rasn(value("-131072..=131071"))]
    pub lat: i32,
}

/// Up to about 23 km.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionLl44b {
    /// 1e-7 degrees.
    #[rasn(value("-2097152..=2097151"))]
    pub lon: i32,
    /// 1e-7 degrees.
    #[rasn(value("-2097152..=2097151"))]
    pub lat: i32,
}

/// Up to about 93 km.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionLl48b {
    /// 1e-7 degrees.
    #[rasn(value("-8388608..=8388607"))]
    pub lon: i32,
    /// 1e-7 degrees.
    #[rasn(value("-8388608..=8388607"))]
    pub lat: i32,
}

/// An absolute place.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PositionLlmd64b {
    /// 1e-7 degrees, east positive; 1800000001 unknown.
    #[rasn(value("-1799999999..=1800000001"))]
    pub lon: i32,
    /// 1e-7 degrees, north positive; 900000001 unknown.
    #[rasn(value("-900000000..=900000001"))]
    pub lat: i32,
}

/// Vertical offset by size, or an absolute elevation.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
pub enum VerticalOffset {
    /// 0.1 m; the lowest value unknown.
    #[rasn(identifier = "offset1", value("-64..=63"))]
    Offset1(i8),
    /// 0.1 m; the lowest value unknown.
    #[rasn(identifier = "offset2", value("-128..=127"))]
    Offset2(i8),
    /// 0.1 m; the lowest value unknown.
    #[rasn(identifier = "offset3", value("-256..=255"))]
    Offset3(i16),
    /// 0.1 m; the lowest value unknown.
    #[rasn(identifier = "offset4", value("-512..=511"))]
    Offset4(i16),
    /// 0.1 m; the lowest value unknown.
    #[rasn(identifier = "offset5", value("-1024..=1023"))]
    Offset5(i16),
    /// 0.1 m; the lowest value unknown.
    #[rasn(identifier = "offset6", value("-2048..=2047"))]
    Offset6(i16),
    /// 0.1 m above the ellipsoid; -4096 unknown.
    #[rasn(identifier = "elevation", value("-4096..=61439"))]
    Elevation(i32),
}

/// Names a node of the map.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct NodeReferenceId {
    /// Number of the road authority; 0 for tests.
    #[rasn(value("0..=65535"))]
    pub region: Option<u16>,
    /// Number of the node in its region.
    #[rasn(value("0..=65535"))]
    pub id: u16,
}

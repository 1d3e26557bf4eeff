//! MAP of T/CSAE 53 day 1 (edition 2020): roads and crossings.

use super::place::{NodeReferenceId, Position3D, PositionOffsetLlv};
use rasn::prelude::*;

/// Nodes of the road network and the links that lead to them.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct MapData {
    /// Counts the messages of this kind that the station sent, modulo 128.
    #[rasn(identifier = "msgCnt", value("0..=127"))]
    pub msg_cnt: u8,
    /// Minutes since the start of the UTC year; 527040 unknown.
    #[rasn(identifier = "timeStamp", value("0..=527040"))]
    pub time_stamp: Option<u32>,
    #[rasn(size("1..=63"))]
    pub nodes: Vec<Node>,
}

/// A crossing or the end of a road.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct Node {
    /// A name for people.
    #[rasn(size("1..=63"))]
    pub name: Option<Ia5String>,
    pub id: NodeReferenceId,
    #[rasn(identifier = "refPos")]
    pub ref_pos: Position3D,
    #[rasn(identifier = "inLinks", size("1..=32"))]
    pub in_links: Option<Vec<Link>>,
}

/// A road from one node to another.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct Link {
    /// A name for people.
    #[rasn(size("1..=63"))]
    pub name: Option<Ia5String>,
    #[rasn(identifier = "upstreamNodeId")]
    pub upstream_node_id: NodeReferenceId,
    #[rasn(identifier = "speedLimits", size("1..=9"))]
    pub speed_limits: Option<Vec<RegulatorySpeedLimit>>,
    /// 0.01 m.
    #[rasn(identifier = "linkWidth", value("0..=32767"))]
    pub link_width: Option<u16>,
    #[rasn(size("2..=31"))]
    pub points: Option<Vec<RoadPoint>>,
    #[rasn(size("1..=32"))]
    pub movements: Option<Vec<Movement>>,
    #[rasn(size("1..=32"))]
    pub lanes: Vec<Lane>,
}

/// Where a link leads.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Movement {
    #[rasn(identifier = "remoteIntersection")]
    pub remote_intersection: NodeReferenceId,
    /// Number of the signal group; 0 unknown.
    #[rasn(identifier = "phaseId", value("0..=255"))]
    pub phase_id: Option<u8>,
}

/// One lane of a link.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct Lane {
    /// Number of the lane, from the left; 0 unknown.
    #[rasn(identifier = "laneID", value("0..=255"))]
    pub lane_id: u8,
    /// 0.01 m.
    #[rasn(identifier = "laneWidth", value("0..=32767"))]
    pub lane_width: Option<u16>,
    #[rasn(identifier = "laneAttributes")]
    pub lane_attributes: Option<LaneAttributes>,
    /// Bits: straight, left, right, u-turn, left on red, right on red, lane change, no stopping, yield,
    /// halt first, caution, reserved.
    #[rasn(size("12"))]
    pub maneuvers: Option<BitString>,
    #[rasn(identifier = "connectsTo", size("1..=16"))]
    pub connects_to: Option<Vec<Connection>>,
    #[rasn(identifier = "speedLimits", size("1..=9"))]
    pub speed_limits: Option<Vec<RegulatorySpeedLimit>>,
    #[rasn(size("2..=31"))]
    pub points: Option<Vec<RoadPoint>>,
}

/// A limit and for whom it holds.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct RegulatorySpeedLimit {
    #[rasn(identifier = "type")]
    pub kind: SpeedLimitType,
    /// 0.02 m/s; 8191 unknown.
    #[rasn(value("0..=8191"))]
    pub speed: u16,
}

/// For whom a limit holds.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum SpeedLimitType {
    #[rasn(identifier = "unknown")]
    Unknown = 0,
    #[rasn(identifier = "maxSpeedInSchoolZone")]
    MaxSpeedInSchoolZone = 1,
    #[rasn(identifier = "maxSpeedInSchoolZoneWhenChildrenArePresent")]
    MaxSpeedInSchoolZoneWhenChildrenArePresent = 2,
    #[rasn(identifier = "maxSpeedInConstructionZone")]
    MaxSpeedInConstructionZone = 3,
    #[rasn(identifier = "vehicleMinSpeed")]
    VehicleMinSpeed = 4,
    #[rasn(identifier = "vehicleMaxSpeed")]
    VehicleMaxSpeed = 5,
    #[rasn(identifier = "vehicleNightMaxSpeed")]
    VehicleNightMaxSpeed = 6,
    #[rasn(identifier = "truckMinSpeed")]
    TruckMinSpeed = 7,
    #[rasn(identifier = "truckMaxSpeed")]
    TruckMaxSpeed = 8,
    #[rasn(identifier = "truckNightMaxSpeed")]
    TruckNightMaxSpeed = 9,
    #[rasn(identifier = "vehiclesWithTrailersMinSpeed")]
    VehiclesWithTrailersMinSpeed = 10,
    #[rasn(identifier = "vehiclesWithTrailersMaxSpeed")]
    VehiclesWithTrailersMaxSpeed = 11,
    #[rasn(identifier = "vehiclesWithTrailersNightMaxSpeed")]
    VehiclesWithTrailersNightMaxSpeed = 12,
}

/// A point of a lane's or link's centre line.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct RoadPoint {
    #[rasn(identifier = "posOffset")]
    pub pos_offset: PositionOffsetLlv,
}

/// Where a lane leads.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Connection {
    #[rasn(identifier = "remoteIntersection")]
    pub remote_intersection: NodeReferenceId,
    #[rasn(identifier = "connectingLane")]
    pub connecting_lane: Option<ConnectingLane>,
    /// Number of the signal group; 0 unknown.
    #[rasn(identifier = "phaseId", value("0..=255"))]
    pub phase_id: Option<u8>,
}

/// The lane that follows.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct ConnectingLane {
    /// Number of the lane, from the left; 0 unknown.
    #[rasn(value("0..=255"))]
    pub lane: u8,
    /// Bits: straight, left, right, u-turn, left on red, right on red, lane change, no stopping, yield,
    /// halt first, caution, reserved.
    #[rasn(size("12"))]
    pub maneuver: Option<BitString>,
}

/// Who may use a lane.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct LaneAttributes {
    /// Bits: overlapping lane, several lanes, other traffic, cars, buses, taxis, pedestrians, bicycles,
    /// rail, pedestrians.
    #[rasn(identifier = "shareWith", size("10"))]
    pub share_with: Option<BitString>,
    #[rasn(identifier = "laneType")]
    pub lane_type: LaneTypeAttributes,
}

/// Kind of lane and its bits.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
#[non_exhaustive]
pub enum LaneTypeAttributes {
    #[rasn(identifier = "vehicle", size("8", extensible))]
    Vehicle(BitString),
    #[rasn(identifier = "crosswalk", size("16"))]
    Crosswalk(BitString),
    #[rasn(identifier = "bikeLane", size("16"))]
    BikeLane(BitString),
    #[rasn(identifier = "sidewalk", size("16"))]
    Sidewalk(BitString),
    #[rasn(identifier = "median", size("16"))]
    Median(BitString),
    #[rasn(identifier = "striping", size("16"))]
    Striping(BitString),
    #[rasn(identifier = "trackedVehicle", size("16"))]
    TrackedVehicle(BitString),
    #[rasn(identifier = "parking", size("16"))]
    Parking(BitString),
}

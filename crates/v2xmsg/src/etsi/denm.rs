//! DENM (EN 302 637-3 v1.3.1).

use super::common::{
    CauseCode, DeltaReferencePosition, Heading, ItsPduHeader, PathHistory, ReferencePosition, Speed,
};
use super::details::AlacarteContainer;
use rasn::prelude::*;

/// Warning of an event on the road.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct Denm {
    pub header: ItsPduHeader,
    pub denm: DecentralizedEnvironmentalNotificationMessage,
}

/// The message without its header.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct DecentralizedEnvironmentalNotificationMessage {
    pub management: ManagementContainer,
    pub situation: Option<SituationContainer>,
    pub location: Option<LocationContainer>,
    pub alacarte: Option<AlacarteContainer>,
}

/// Which event, where, how long.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct ManagementContainer {
    #[rasn(identifier = "actionID")]
    pub action_id: ActionId,
    /// ms since 2004-01-01 UTC, leap seconds counted (TAI).
    #[rasn(identifier = "detectionTime", value("0..=4398046511103"))]
    pub detection_time: u64,
    /// ms since 2004-01-01 UTC, leap seconds counted (TAI).
    #[rasn(identifier = "referenceTime", value("0..=4398046511103"))]
    pub reference_time: u64,
    pub termination: Option<Termination>,
    #[rasn(identifier = "eventPosition")]
    pub event_position: ReferencePosition,
    #[rasn(identifier = "relevanceDistance")]
    pub relevance_distance: Option<RelevanceDistance>,
    #[rasn(identifier = "relevanceTrafficDirection")]
    pub relevance_traffic_direction: Option<RelevanceTrafficDirection>,
    /// s after the detection; absent, 600 (DEFAULT in the grammar, which is the same on the wire).
    #[rasn(identifier = "validityDuration", value("0..=86400"))]
    pub validity_duration: Option<u32>,
    /// ms.
    #[rasn(identifier = "transmissionInterval", value("1..=10000"))]
    pub transmission_interval: Option<u16>,
    /// 5 car, 6 bus, 7 light and 8 heavy truck, 10 special vehicle, 11 tram, 15 roadside unit.
    #[rasn(identifier = "stationType", value("0..=255"))]
    pub station_type: u8,
}

/// Names an event.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct ActionId {
    /// Temporary identity of the station.
    #[rasn(identifier = "originatingStationID", value("0..=4294967295"))]
    pub originating_station_id: u32,
    #[rasn(identifier = "sequenceNumber", value("0..=65535"))]
    pub sequence_number: u16,
}

/// Why an event ends.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum Termination {
    #[rasn(identifier = "isCancellation")]
    IsCancellation = 0,
    #[rasn(identifier = "isNegation")]
    IsNegation = 1,
}

/// How far the event matters.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum RelevanceDistance {
    #[rasn(identifier = "lessThan50m")]
    LessThan50m = 0,
    #[rasn(identifier = "lessThan100m")]
    LessThan100m = 1,
    #[rasn(identifier = "lessThan200m")]
    LessThan200m = 2,
    #[rasn(identifier = "lessThan500m")]
    LessThan500m = 3,
    #[rasn(identifier = "lessThan1000m")]
    LessThan1000m = 4,
    #[rasn(identifier = "lessThan5km")]
    LessThan5km = 5,
    #[rasn(identifier = "lessThan10km")]
    LessThan10km = 6,
    #[rasn(identifier = "over10km")]
    Over10km = 7,
}

/// For whom it matters.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum RelevanceTrafficDirection {
    #[rasn(identifier = "allTrafficDirections")]
    AllTrafficDirections = 0,
    #[rasn(identifier = "upstreamTraffic")]
    UpstreamTraffic = 1,
    #[rasn(identifier = "downstreamTraffic")]
    DownstreamTraffic = 2,
    #[rasn(identifier = "oppositeTraffic")]
    OppositeTraffic = 3,
}

/// What happened.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct SituationContainer {
    /// 0 unknown, 1 lowest, 7 highest.
    #[rasn(identifier = "informationQuality", value("0..=7"))]
    pub information_quality: u8,
    #[rasn(identifier = "eventType")]
    pub event_type: CauseCode,
    #[rasn(identifier = "linkedCause")]
    pub linked_cause: Option<CauseCode>,
    #[rasn(identifier = "eventHistory", size("1..=23"))]
    pub event_history: Option<Vec<EventPoint>>,
}

/// A place of the event.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct EventPoint {
    #[rasn(identifier = "eventPosition")]
    pub event_position: DeltaReferencePosition,
    /// 10 ms before the point that precedes it in the list.
    #[rasn(identifier = "eventDeltaTime", value("1..=65535", extensible))]
    pub event_delta_time: Option<i64>,
    /// 0 unknown, 1 lowest, 7 highest.
    #[rasn(identifier = "informationQuality", value("0..=7"))]
    pub information_quality: u8,
}

/// How to get there.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct LocationContainer {
    #[rasn(identifier = "eventSpeed")]
    pub event_speed: Option<Speed>,
    #[rasn(identifier = "eventPositionHeading")]
    pub event_position_heading: Option<Heading>,
    #[rasn(size("1..=7"))]
    pub traces: Vec<PathHistory>,
    #[rasn(identifier = "roadType")]
    pub road_type: Option<RoadType>,
}

/// Kind of road.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum RoadType {
    #[rasn(identifier = "urban-NoStructuralSeparationToOppositeLanes")]
    UrbanNoStructuralSeparationToOppositeLanes = 0,
    #[rasn(identifier = "urban-WithStructuralSeparationToOppositeLanes")]
    UrbanWithStructuralSeparationToOppositeLanes = 1,
    #[rasn(identifier = "nonUrban-NoStructuralSeparationToOppositeLanes")]
    NonUrbanNoStructuralSeparationToOppositeLanes = 2,
    #[rasn(identifier = "nonUrban-WithStructuralSeparationToOppositeLanes")]
    NonUrbanWithStructuralSeparationToOppositeLanes = 3,
}

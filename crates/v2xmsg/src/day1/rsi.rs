//! RSI of T/CSAE 53 day 1 (edition 2020): events and signs.

use super::common::TimeConfidence;
use super::place::{NodeReferenceId, Position3D, PositionOffsetLlv};
use rasn::prelude::*;

/// Events and signs, from a roadside unit.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct RoadSideInformation {
    /// Counts the messages of this kind that the station sent, modulo 128.
    #[rasn(identifier = "msgCnt", value("0..=127"))]
    pub msg_cnt: u8,
    /// Minutes since the start of the UTC year; 527040 unknown.
    #[rasn(value("0..=527040"))]
    pub moy: Option<u32>,
    /// Identity of the roadside unit.
    pub id: FixedOctetString<8>,
    /// Origin of the offsets.
    #[rasn(identifier = "refPos")]
    pub ref_pos: Position3D,
    #[rasn(size("1..=8"))]
    pub rtes: Option<Vec<RteData>>,
    #[rasn(size("1..=16"))]
    pub rtss: Option<Vec<RtsData>>,
}

/// A traffic event.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct RteData {
    /// Number that the roadside unit gave.
    #[rasn(identifier = "rteId", value("0..=255"))]
    pub rte_id: u8,
    /// Event of GB/T 29100.
    #[rasn(identifier = "eventType", value("0..=65535"))]
    pub event_type: u16,
    #[rasn(identifier = "eventSource")]
    pub event_source: EventSource,
    #[rasn(identifier = "eventPos")]
    pub event_pos: Option<PositionOffsetLlv>,
    /// 0.1 m.
    #[rasn(identifier = "eventRadius", value("0..=65535"))]
    pub event_radius: Option<u16>,
    pub description: Option<Description>,
    #[rasn(identifier = "timeDetails")]
    pub time_details: Option<RsiTimeDetails>,
    /// The upper three bits: 0 lowest, 7 highest.
    pub priority: Option<FixedOctetString<1>>,
    #[rasn(identifier = "referencePaths", size("1..=8"))]
    pub reference_paths: Option<Vec<ReferencePath>>,
    #[rasn(identifier = "referenceLinks", size("1..=16"))]
    pub reference_links: Option<Vec<ReferenceLink>>,
    /// 0.5 %.
    #[rasn(identifier = "eventConfidence", value("0..=200"))]
    pub event_confidence: Option<u8>,
}

/// A traffic sign.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct RtsData {
    /// Number that the roadside unit gave.
    #[rasn(identifier = "rtsId", value("0..=255"))]
    pub rts_id: u8,
    /// Sign of GB 5768.2; 0 a text.
    #[rasn(identifier = "signType", value("0..=65535"))]
    pub sign_type: u16,
    #[rasn(identifier = "signPos")]
    pub sign_pos: Option<PositionOffsetLlv>,
    pub description: Option<Description>,
    #[rasn(identifier = "timeDetails")]
    pub time_details: Option<RsiTimeDetails>,
    /// The upper three bits: 0 lowest, 7 highest.
    pub priority: Option<FixedOctetString<1>>,
    #[rasn(identifier = "referencePaths", size("1..=8"))]
    pub reference_paths: Option<Vec<ReferencePath>>,
    #[rasn(identifier = "referenceLinks", size("1..=16"))]
    pub reference_links: Option<Vec<ReferenceLink>>,
}

/// Who reported an event.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum EventSource {
    #[rasn(identifier = "unknown")]
    Unknown = 0,
    #[rasn(identifier = "police")]
    Police = 1,
    #[rasn(identifier = "government")]
    Government = 2,
    #[rasn(identifier = "meteorological")]
    Meteorological = 3,
    #[rasn(identifier = "internet")]
    Internet = 4,
    #[rasn(identifier = "detection")]
    Detection = 5,
}

/// Text.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
pub enum Description {
    #[rasn(identifier = "textString", size("1..=512"))]
    TextString(Ia5String),
    #[rasn(identifier = "textGB2312", size("2..=512"))]
    TextGB2312(OctetString),
}

/// When an event or sign holds.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct RsiTimeDetails {
    /// Minutes since the start of the UTC year; 527040 unknown.
    #[rasn(identifier = "startTime", value("0..=527040"))]
    pub start_time: Option<u32>,
    /// Minutes since the start of the UTC year; 527040 unknown.
    #[rasn(identifier = "endTime", value("0..=527040"))]
    pub end_time: Option<u32>,
    #[rasn(identifier = "endTimeConfidence")]
    pub end_time_confidence: Option<TimeConfidence>,
}

/// The strip of road concerned.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct ReferencePath {
    #[rasn(identifier = "activePath", size("1..=32"))]
    pub active_path: Vec<PositionOffsetLlv>,
    /// 0.1 m.
    #[rasn(identifier = "pathRadius", value("0..=65535"))]
    pub path_radius: u16,
}

/// The link and the lanes concerned.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct ReferenceLink {
    #[rasn(identifier = "upstreamNodeId")]
    pub upstream_node_id: NodeReferenceId,
    #[rasn(identifier = "downstreamNodeId")]
    pub downstream_node_id: NodeReferenceId,
    /// Bits: reserved, then lanes 1 to 15.
    #[rasn(identifier = "referenceLanes", size("16"))]
    pub reference_lanes: Option<BitString>,
}

//! Containers of special vehicles in CAM (EN 302 637-2 v1.4.1).

use super::common::{CauseCode, ClosedLanes, DangerousGoodsBasic, TrafficRule};
use rasn::prelude::*;

/// More of a special vehicle.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
#[non_exhaustive]
pub enum SpecialVehicleContainer {
    #[rasn(identifier = "publicTransportContainer")]
    PublicTransportContainer(PublicTransportContainer),
    #[rasn(identifier = "specialTransportContainer")]
    SpecialTransportContainer(SpecialTransportContainer),
    #[rasn(identifier = "dangerousGoodsContainer")]
    DangerousGoodsContainer(DangerousGoodsContainer),
    #[rasn(identifier = "roadWorksContainerBasic")]
    RoadWorksContainerBasic(RoadWorksContainerBasic),
    #[rasn(identifier = "rescueContainer")]
    RescueContainer(RescueContainer),
    #[rasn(identifier = "emergencyContainer")]
    EmergencyContainer(EmergencyContainer),
    #[rasn(identifier = "safetyCarContainer")]
    SafetyCarContainer(SafetyCarContainer),
}

/// Bus or tram.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PublicTransportContainer {
    #[rasn(identifier = "embarkationStatus")]
    pub embarkation_status: bool,
    #[rasn(identifier = "ptActivation")]
    pub pt_activation: Option<PtActivation>,
}

/// Telegram to a traffic light.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct PtActivation {
    /// 0 undefined, 1 R09.16, 2 VDV 50149.
    #[rasn(identifier = "ptActivationType", value("0..=255"))]
    pub pt_activation_type: u8,
    #[rasn(identifier = "ptActivationData", size("1..=20"))]
    pub pt_activation_data: OctetString,
}

/// Heavy or large load.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct SpecialTransportContainer {
    /// Bits: heavy load, excess width, length, height.
    #[rasn(identifier = "specialTransportType", size("4"))]
    pub special_transport_type: BitString,
    /// Bits: light bar, siren.
    #[rasn(identifier = "lightBarSirenInUse", size("2"))]
    pub light_bar_siren_in_use: BitString,
}

/// Dangerous goods.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct DangerousGoodsContainer {
    #[rasn(identifier = "dangerousGoodsBasic")]
    pub dangerous_goods_basic: DangerousGoodsBasic,
}

/// Road works.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct RoadWorksContainerBasic {
    /// 0 unknown.
    #[rasn(identifier = "roadworksSubCauseCode", value("0..=255"))]
    pub roadworks_sub_cause_code: Option<u8>,
    /// Bits: light bar, siren.
    #[rasn(identifier = "lightBarSirenInUse", size("2"))]
    pub light_bar_siren_in_use: BitString,
    #[rasn(identifier = "closedLanes")]
    pub closed_lanes: Option<ClosedLanes>,
}

/// Rescue vehicle.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct RescueContainer {
    /// Bits: light bar, siren.
    #[rasn(identifier = "lightBarSirenInUse", size("2"))]
    pub light_bar_siren_in_use: BitString,
}

/// Emergency vehicle.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct EmergencyContainer {
    /// Bits: light bar, siren.
    #[rasn(identifier = "lightBarSirenInUse", size("2"))]
    pub light_bar_siren_in_use: BitString,
    #[rasn(identifier = "incidentIndication")]
    pub incident_indication: Option<CauseCode>,
    /// Bits: asks for the right of way, asks for green.
    #[rasn(identifier = "emergencyPriority", size("2"))]
    pub emergency_priority: Option<BitString>,
}

/// Safety car.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct SafetyCarContainer {
    /// Bits: light bar, siren.
    #[rasn(identifier = "lightBarSirenInUse", size("2"))]
    pub light_bar_siren_in_use: BitString,
    #[rasn(identifier = "incidentIndication")]
    pub incident_indication: Option<CauseCode>,
    #[rasn(identifier = "trafficRule")]
    pub traffic_rule: Option<TrafficRule>,
    /// km/h.
    #[rasn(identifier = "speedLimit", value("1..=255"))]
    pub speed_limit: Option<u8>,
}

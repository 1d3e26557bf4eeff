//! Details of an event in DENM (EN 302 637-3 v1.3.1).

use super::common::{
    CauseCode, ClosedLanes, DangerousGoodsBasic, DeltaReferencePosition, ReferencePosition, TrafficRule,
};
use super::denm::ActionId;
use rasn::prelude::*;

/// More, by kind of event.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct AlacarteContainer {
    /// -1 off the road, 0 hard shoulder, 1 outermost lane.
    #[rasn(identifier = "lanePosition", value("-1..=14"))]
    pub lane_position: Option<i8>,
    #[rasn(identifier = "impactReduction")]
    pub impact_reduction: Option<ImpactReductionContainer>,
    /// Degrees Celsius; -60 and 67 and beyond.
    #[rasn(identifier = "externalTemperature", value("-60..=67"))]
    pub external_temperature: Option<i8>,
    #[rasn(identifier = "roadWorks")]
    pub road_works: Option<RoadWorksContainerExtended>,
    #[rasn(identifier = "positioningSolution")]
    pub positioning_solution: Option<PositioningSolutionType>,
    #[rasn(identifier = "stationaryVehicle")]
    pub stationary_vehicle: Option<StationaryVehicleContainer>,
}

/// Measures for a crash that cannot be avoided.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct ImpactReductionContainer {
    /// 0.01 m; 100 unknown.
    #[rasn(identifier = "heightLonCarrLeft", value("1..=100"))]
    pub height_lon_carr_left: u8,
    /// 0.01 m; 100 unknown.
    #[rasn(identifier = "heightLonCarrRight", value("1..=100"))]
    pub height_lon_carr_right: u8,
    /// 0.01 m; 127 unknown.
    #[rasn(identifier = "posLonCarrLeft", value("1..=127"))]
    pub pos_lon_carr_left: u8,
    /// 0.01 m; 127 unknown.
    #[rasn(identifier = "posLonCarrRight", value("1..=127"))]
    pub pos_lon_carr_right: u8,
    #[rasn(identifier = "positionOfPillars", size("1..=3", extensible))]
    pub position_of_pillars: Vec<PosPillar>,
    /// 0.1 m; 63 unknown.
    #[rasn(identifier = "posCentMass", value("1..=63"))]
    pub pos_cent_mass: u8,
    /// 0.1 m; 127 unknown.
    #[rasn(identifier = "wheelBaseVehicle", value("1..=127"))]
    pub wheel_base_vehicle: u8,
    /// 0.4 m; 255 unknown.
    #[rasn(identifier = "turningRadius", value("1..=255"))]
    pub turning_radius: u8,
    /// 0.1 m; 20 unknown.
    #[rasn(identifier = "posFrontAx", value("1..=20"))]
    pub pos_front_ax: u8,
    /// Five bits a row: left, right, middle, not detectable, not present.
    #[rasn(identifier = "positionOfOccupants", size("20"))]
    pub position_of_occupants: BitString,
    /// 100 kg; 1024 unknown.
    #[rasn(identifier = "vehicleMass", value("1..=1024"))]
    pub vehicle_mass: u16,
    #[rasn(identifier = "requestResponseIndication")]
    pub request_response_indication: RequestResponseIndication,
}

/// 0.1 m from the front or the pillar before; 30 unknown.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(delegate, value("1..=30"))]
pub struct PosPillar(pub u8);

/// Request or response.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum RequestResponseIndication {
    #[rasn(identifier = "request")]
    Request = 0,
    #[rasn(identifier = "response")]
    Response = 1,
}

/// Road works.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct RoadWorksContainerExtended {
    /// Bits: light bar, siren.
    #[rasn(identifier = "lightBarSirenInUse", size("2"))]
    pub light_bar_siren_in_use: Option<BitString>,
    #[rasn(identifier = "closedLanes")]
    pub closed_lanes: Option<ClosedLanes>,
    /// 5 car, 6 bus, 7 light and 8 heavy truck, 10 special vehicle, 11 tram, 15 roadside unit.
    #[rasn(size("1..=3", extensible))]
    pub restriction: Option<Vec<u8>>,
    /// km/h.
    #[rasn(identifier = "speedLimit", value("1..=255"))]
    pub speed_limit: Option<u8>,
    #[rasn(identifier = "incidentIndication")]
    pub incident_indication: Option<CauseCode>,
    #[rasn(identifier = "recommendedPath", size("1..=40"))]
    pub recommended_path: Option<Vec<ReferencePosition>>,
    #[rasn(identifier = "startingPointSpeedLimit")]
    pub starting_point_speed_limit: Option<DeltaReferencePosition>,
    #[rasn(identifier = "trafficFlowRule")]
    pub traffic_flow_rule: Option<TrafficRule>,
    #[rasn(identifier = "referenceDenms", size("1..=8", extensible))]
    pub reference_denms: Option<Vec<ActionId>>,
}

/// How the place was found.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
#[non_exhaustive]
pub enum PositioningSolutionType {
    #[rasn(identifier = "noPositioningSolution")]
    NoPositioningSolution = 0,
    #[rasn(identifier = "sGNSS")]
    SGNSS = 1,
    #[rasn(identifier = "dGNSS")]
    DGNSS = 2,
    #[rasn(identifier = "sGNSSplusDR")]
    SGNSSplusDR = 3,
    #[rasn(identifier = "dGNSSplusDR")]
    DGNSSplusDR = 4,
    #[rasn(identifier = "dR")]
    DR = 5,
}

/// A vehicle that stands.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
pub struct StationaryVehicleContainer {
    #[rasn(identifier = "stationarySince")]
    pub stationary_since: Option<StationarySince>,
    #[rasn(identifier = "stationaryCause")]
    pub stationary_cause: Option<CauseCode>,
    #[rasn(identifier = "carryingDangerousGoods")]
    pub carrying_dangerous_goods: Option<DangerousGoodsExtended>,
    /// 127 unknown.
    #[rasn(identifier = "numberOfOccupants", value("0..=127"))]
    pub number_of_occupants: Option<u8>,
    #[rasn(identifier = "vehicleIdentification")]
    pub vehicle_identification: Option<VehicleIdentification>,
    /// Bits: hydrogen, electric, propane, natural gas, diesel, petrol, ammonia.
    #[rasn(identifier = "energyStorageType", size("7"))]
    pub energy_storage_type: Option<BitString>,
}

/// How long it stands.
#[derive(AsnType, Clone, Copy, Debug, Decode, Encode, Eq, Hash, PartialEq)]
#[rasn(enumerated)]
pub enum StationarySince {
    #[rasn(identifier = "lessThan1Minute")]
    LessThan1Minute = 0,
    #[rasn(identifier = "lessThan2Minutes")]
    LessThan2Minutes = 1,
    #[rasn(identifier = "lessThan15Minutes")]
    LessThan15Minutes = 2,
    #[rasn(identifier = "equalOrGreater15Minutes")]
    EqualOrGreater15Minutes = 3,
}

/// Dangerous goods in detail.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct DangerousGoodsExtended {
    #[rasn(identifier = "dangerousGoodsType")]
    pub dangerous_goods_type: DangerousGoodsBasic,
    /// UN number of the goods.
    #[rasn(identifier = "unNumber", value("0..=9999"))]
    pub un_number: u16,
    #[rasn(identifier = "elevatedTemperature")]
    pub elevated_temperature: bool,
    #[rasn(identifier = "tunnelsRestricted")]
    pub tunnels_restricted: bool,
    #[rasn(identifier = "limitedQuantity")]
    pub limited_quantity: bool,
    #[rasn(identifier = "emergencyActionCode", size("1..=24"))]
    pub emergency_action_code: Option<Ia5String>,
    #[rasn(identifier = "phoneNumber", size("1..=16"))]
    pub phone_number: Option<NumericString>,
    #[rasn(identifier = "companyName", size("1..=24"))]
    pub company_name: Option<Utf8String>,
}

/// Parts of the vehicle's number.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(automatic_tags)]
#[non_exhaustive]
pub struct VehicleIdentification {
    /// Who made it (ISO 3779).
    #[rasn(identifier = "wMInumber", size("1..=3"))]
    pub w_m_inumber: Option<Ia5String>,
    /// What it is (ISO 3779).
    #[rasn(identifier = "vDS", size("6"))]
    pub vds: Option<Ia5String>,
}

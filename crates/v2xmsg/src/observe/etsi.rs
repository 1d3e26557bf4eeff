//! CAM and DENM.

use super::{Clock, Observation, flags, known, time};
use crate::etsi::cam::{
    BasicVehicleContainerHighFrequency, Cam, DriveDirection, HighFrequencyContainer, LowFrequencyContainer,
    VehicleRole,
};
use crate::etsi::common::ReferencePosition;
use crate::etsi::denm::{Denm, Termination};
use crate::etsi::special::SpecialVehicleContainer;
use crate::kind::Kind;
use rasn::types::BitString;

/// Bits of AccelerationControl.
const CONTROL: [&str; 7] = ["braking", "", "hard-braking", "collision-warning", "", "", ""];
/// Bits of LightBarSirenInUse.
const LIGHTS: [&str; 2] = ["light-bar", "siren"];

pub(super) fn cam(cam: &Cam, clock: Clock) -> Observation {
    let parameters = &cam.cam.cam_parameters;
    let mut seen = placed(Kind::Cam, &parameters.basic_container.reference_position);
    seen.station = format!("{:08x}", cam.header.station_id);
    seen.generated = time::in_cycle(cam.cam.generation_delta_time, clock);
    if let HighFrequencyContainer::BasicVehicleContainerHighFrequency(fast) =
        &parameters.high_frequency_container
    {
        motion(fast, &mut seen);
    }
    if let Some(LowFrequencyContainer::BasicVehicleContainerLowFrequency(slow)) =
        &parameters.low_frequency_container
        && slow.vehicle_role == VehicleRole::Emergency
    {
        seen.events.push("emergency-vehicle".into());
    }
    if let Some(special) = &parameters.special_vehicle_container {
        seen.events.extend(lights(special));
        if matches!(special, SpecialVehicleContainer::EmergencyContainer(_)) {
            seen.events.push("emergency".into());
        }
    }
    seen
}

fn motion(fast: &BasicVehicleContainerHighFrequency, seen: &mut Observation) {
    seen.heading = known(fast.heading.heading_value, 3601, 10.0);
    seen.speed = known(fast.speed.speed_value, 16_383, 100.0);
    let ahead = &fast.longitudinal_acceleration;
    seen.acceleration = known(ahead.longitudinal_acceleration_value, 161, 10.0);
    // Left is positive there.
    seen.yaw_rate = -known(fast.yaw_rate.yaw_rate_value, 32_767, 100.0);
    seen.length = known(fast.vehicle_length.vehicle_length_value, 1023, 10.0);
    seen.width = known(fast.vehicle_width, 62, 10.0);
    if fast.drive_direction == DriveDirection::Backward {
        seen.events.push("reverse".into());
    }
    if let Some(bits) = &fast.acceleration_control {
        seen.events.extend(flags(bits, &CONTROL));
    }
}

fn lights(special: &SpecialVehicleContainer) -> Vec<String> {
    use SpecialVehicleContainer as Of;
    let bits: Option<&BitString> = match special {
        Of::SpecialTransportContainer(one) => Some(&one.light_bar_siren_in_use),
        Of::RoadWorksContainerBasic(one) => Some(&one.light_bar_siren_in_use),
        Of::RescueContainer(one) => Some(&one.light_bar_siren_in_use),
        Of::EmergencyContainer(one) => Some(&one.light_bar_siren_in_use),
        Of::SafetyCarContainer(one) => Some(&one.light_bar_siren_in_use),
        _ => None,
    };
    bits.map_or_else(Vec::new, |bits| flags(bits, &LIGHTS))
}

pub(super) fn denm(denm: &Denm, clock: Clock) -> Observation {
    let about = &denm.denm.management;
    let mut seen = placed(Kind::Denm, &about.event_position);
    seen.station = format!("{:08x}", denm.header.station_id);
    seen.generated = time::since_2004(about.reference_time, clock);
    if let Some(what) = &denm.denm.situation {
        let cause = &what.event_type;
        seen.events.push(format!("cause-{}-{}", cause.cause_code, cause.sub_cause_code));
    }
    match about.termination {
        Some(Termination::IsCancellation) => seen.events.push("cancelled".into()),
        Some(Termination::IsNegation) => seen.events.push("negated".into()),
        None => {}
    }
    if let Some(place) = &denm.denm.location {
        if let Some(speed) = &place.event_speed {
            seen.speed = known(speed.speed_value, 16_383, 100.0);
        }
        if let Some(heading) = &place.event_position_heading {
            seen.heading = known(heading.heading_value, 3601, 10.0);
        }
    }
    seen
}

fn placed(kind: Kind, place: &ReferencePosition) -> Observation {
    Observation {
        latitude: known(place.latitude, 900_000_001, 1e7),
        longitude: known(place.longitude, 1_800_000_001, 1e7),
        // 4094 is "more", but how much is not said.
        accuracy: known(place.position_confidence_ellipse.semi_major_confidence, 4095, 100.0),
        ..Observation::of(kind)
    }
}

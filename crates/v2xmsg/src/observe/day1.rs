//! Messages of T/CSAE 53 day 1.

use super::{Clock, Observation, flags, hex, known, time};
use crate::day1::MessageFrame;
use crate::day1::bsm::{BasicSafetyMessage, BrakePedalStatus, LightbarInUse, ResponseType, SirenInUse};
use crate::day1::map::MapData;
use crate::day1::motion::{TransmissionState, VehicleClassification};
use crate::day1::place::{Position3D, PositionConfidence, PositionalAccuracy};
use crate::day1::rsi::RoadSideInformation;
use crate::day1::rsm::RoadsideSafetyMessage;
use crate::day1::spat::{LightState, Spat};
use crate::kind::Kind;

/// Bits of VehicleEventFlags; the reserved one has no name.
const EVENTS: [&str; 13] = [
    "hazard-lights",
    "stop-line-violation",
    "abs",
    "traction-control-loss",
    "stability-control",
    "dangerous-goods",
    "",
    "hard-braking",
    "lights-changed",
    "wipers-changed",
    "flat-tire",
    "disabled-vehicle",
    "air-bag",
];

/// Error of each PositionConfidence, m.
const CONFIDENCE: [f64; 16] =
    [f64::NAN, 500.0, 200.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];

pub(super) fn observe(frame: &MessageFrame, clock: Clock) -> Observation {
    match frame {
        MessageFrame::BsmFrame(bsm) => of_bsm(bsm, clock),
        MessageFrame::MapFrame(map) => of_map(map, clock),
        MessageFrame::RsmFrame(rsm) => of_rsm(rsm, clock),
        MessageFrame::SpatFrame(spat) => of_spat(spat, clock),
        MessageFrame::RsiFrame(rsi) => of_rsi(rsi, clock),
    }
}

fn of_bsm(bsm: &BasicSafetyMessage, clock: Clock) -> Observation {
    let mut events = Vec::new();
    if let Some(bits) = bsm.safety_ext.as_ref().and_then(|safety| safety.events.as_ref()) {
        events.extend(flags(bits, &EVENTS));
    }
    if bsm.brakes.brake_padel == Some(BrakePedalStatus::On) {
        events.push("braking".into());
    }
    if bsm.transmission == TransmissionState::ReverseGears {
        events.push("reverse".into());
    }
    emergency(bsm, &mut events);
    Observation {
        generated: time::in_minute(bsm.sec_mark, clock),
        station: hex(&bsm.id[..]),
        counter: bsm.msg_cnt.into(),
        speed: known(bsm.speed, 8191, 50.0),
        heading: known(bsm.heading, 28_800, 80.0),
        acceleration: known(bsm.accel_set.long, 2001, 100.0),
        yaw_rate: f64::from(bsm.accel_set.yaw) / 100.0,
        accuracy: accuracy(bsm.pos_accuracy.as_ref(), bsm.pos_confidence.as_ref().map(|c| c.pos)),
        length: known(bsm.size.length, 0, 100.0),
        width: known(bsm.size.width, 0, 100.0),
        events,
        ..placed(Kind::Bsm, &bsm.pos)
    }
}

/// What an emergency vehicle says of its run.
fn emergency(bsm: &BasicSafetyMessage, events: &mut Vec<String>) {
    if is_emergency(&bsm.vehicle_class) {
        events.push("emergency-vehicle".into());
    }
    let Some(run) = &bsm.emergency_ext else { return };
    if matches!(run.response_type, Some(ResponseType::Emergency | ResponseType::Pursuit)) {
        events.push("emergency".into());
    }
    if run.siren_use == Some(SirenInUse::InUse) {
        events.push("siren".into());
    }
    if run.lights_use == Some(LightbarInUse::InUse) {
        events.push("light-bar".into());
    }
}

/// Classes 60 to 69 are fire, police, ambulance and other responders.
fn is_emergency(class: &VehicleClassification) -> bool {
    (60..=69).contains(&class.classification)
}

fn accuracy(ellipse: Option<&PositionalAccuracy>, class: Option<PositionConfidence>) -> f64 {
    let major = ellipse.map_or(f64::NAN, |ellipse| known(ellipse.semi_major, 255, 20.0));
    if major.is_nan() { class.map_or(f64::NAN, |class| CONFIDENCE[class as usize]) } else { major }
}

fn of_map(map: &MapData, clock: Clock) -> Observation {
    let mut seen = match map.nodes.first() {
        Some(node) => placed(Kind::Map, &node.ref_pos),
        None => Observation::of(Kind::Map),
    };
    seen.counter = map.msg_cnt.into();
    if let Some(minute) = map.time_stamp {
        seen.generated = time::in_year(minute, None, clock);
    }
    seen
}

fn of_rsm(rsm: &RoadsideSafetyMessage, clock: Clock) -> Observation {
    let generated = rsm
        .participants
        .iter()
        .map(|one| time::in_minute(one.sec_mark, clock))
        .filter(|time| !time.is_nan())
        .fold(f64::NAN, f64::max);
    Observation {
        generated,
        station: hex(&rsm.id[..]),
        counter: rsm.msg_cnt.into(),
        events: vec![format!("participants-{}", rsm.participants.len())],
        ..placed(Kind::Rsm, &rsm.ref_pos)
    }
}

fn of_spat(spat: &Spat, clock: Clock) -> Observation {
    let mut seen = Observation::of(Kind::Spat);
    seen.counter = spat.msg_cnt.into();
    if let Some(first) = spat.intersections.first() {
        let node = &first.intersection_id;
        seen.station = format!("{:04x}{:04x}", node.region.unwrap_or(0), node.id);
        let minute = spat.moy.or(first.moy);
        let ms = spat.time_stamp.or(first.time_stamp);
        seen.generated = match (minute, ms) {
            (Some(minute), ms) => time::in_year(minute, ms, clock),
            (None, Some(ms)) => time::in_minute(ms, clock),
            (None, None) => f64::NAN,
        };
    }
    for crossing in &spat.intersections {
        for phase in &crossing.phases {
            if let Some(now) = phase.phase_states.first() {
                seen.events.push(format!("phase-{}-{}", phase.id, light(now.light)));
            }
        }
    }
    seen
}

fn light(state: LightState) -> &'static str {
    match state {
        LightState::Unavailable => "unknown",
        LightState::Dark => "dark",
        LightState::FlashingRed => "flashing-red",
        LightState::Red => "red",
        LightState::FlashingGreen => "flashing-green",
        LightState::PermissiveGreen => "permissive-green",
        LightState::ProtectedGreen => "protected-green",
        LightState::Yellow => "yellow",
        LightState::FlashingYellow => "flashing-yellow",
    }
}

fn of_rsi(rsi: &RoadSideInformation, clock: Clock) -> Observation {
    let events = rsi.rtes.iter().flatten().map(|event| format!("event-{}", event.event_type));
    let signs = rsi.rtss.iter().flatten().map(|sign| format!("sign-{}", sign.sign_type));
    Observation {
        generated: rsi.moy.map_or(f64::NAN, |minute| time::in_year(minute, None, clock)),
        station: hex(&rsi.id[..]),
        counter: rsi.msg_cnt.into(),
        events: events.chain(signs).collect(),
        ..placed(Kind::Rsi, &rsi.ref_pos)
    }
}

fn placed(kind: Kind, place: &Position3D) -> Observation {
    Observation {
        latitude: known(place.lat, 900_000_001, 1e7),
        longitude: known(place.long, 1_800_000_001, 1e7),
        ..Observation::of(kind)
    }
}

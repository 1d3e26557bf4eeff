//! What a payload says, as far as verification asks: read by whoever knows the grammar.

use super::aid::Grammar;
use super::region::Place;

/// Of a payload that was read. NaN is an unknown number.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// bsm, cam, denm, map, spat, rsi, rsm.
    pub kind: &'static str,
    /// Temporary id, hex.
    pub station: String,
    /// s, POSIX.
    pub generated: f64,
    pub counter: i16,
    /// degrees.
    pub latitude: f64,
    pub longitude: f64,
    /// m/s; degrees from north; m/s2; degrees/s.
    pub speed: f64,
    pub heading: f64,
    pub acceleration: f64,
    pub yaw_rate: f64,
    /// m.
    pub accuracy: f64,
    pub length: f64,
    pub width: f64,
    pub events: Vec<String>,
}

impl Facts {
    pub fn place(&self) -> Option<Place> {
        Place::degrees(self.latitude, self.longitude)
    }
}

/// Reads a payload at a moment of receipt (s, POSIX); None if it is not of the grammar.
pub type Reader = fn(grammar: Grammar, payload: &[u8], received: f64) -> Option<Facts>;

/// Where nobody knows the grammar.
pub fn unread(_: Grammar, _: &[u8], _: f64) -> Option<Facts> {
    None
}

/// Bounds that no honest message passes: the detectors of misbehaviour look closer.
pub mod bounds {
    /// m/s: 400 km/h.
    pub const SPEED: f64 = 111.2;
    /// m/s2: three times what tyres on a dry road give.
    pub const ACCELERATION: f64 = 30.0;
    /// m between the payload's place and the one in the header.
    pub const HEADER: f64 = 200.0;
    /// m between sender and receiver: ten times the range of a direct link.
    pub const RANGE: f64 = 10_000.0;
    /// s between the payload's time and the header's. DENM says when the event was.
    pub const TIME: f64 = 2.0;
    /// s, the same of a SPAT, which may leave the seconds out.
    pub const MINUTE: f64 = 62.0;
}

/// What cannot be in a payload, if there is something. `header` and `receiver` are places of the message's
/// header and of the receiver, `signed` is the header's time (s, POSIX).
pub fn implausible(
    facts: &Facts,
    header: Option<Place>,
    receiver: Option<Place>,
    signed: Option<f64>,
) -> Option<String> {
    if facts.speed > bounds::SPEED {
        return Some(format!("a speed of {:.1} m/s", facts.speed));
    }
    if facts.acceleration.abs() > bounds::ACCELERATION {
        return Some(format!("an acceleration of {:.1} m/s2", facts.acceleration));
    }
    if let Some(place) = facts.place() {
        if let Some(far) = header.map(|h| h.distance(place)).filter(|d| *d > bounds::HEADER) {
            return Some(format!("its place is {far:.0} m from the one in the header"));
        }
        if let Some(far) = receiver.map(|r| r.distance(place)).filter(|d| *d > bounds::RANGE) {
            return Some(format!("its place is {far:.0} m from the receiver"));
        }
    }
    // of these kinds the time is the moment of sending
    let most = match facts.kind {
        "bsm" | "cam" => bounds::TIME,
        "spat" => bounds::MINUTE,
        _ => return None,
    };
    if let Some(off) = signed.map(|s| (s - facts.generated).abs()).filter(|off| *off > most) {
        return Some(format!("its time is {off:.1} s off the one in the header"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: &'static str, generated: f64) -> Facts {
        let nan = f64::NAN;
        Facts {
            kind,
            station: String::new(),
            generated,
            counter: -1,
            latitude: nan,
            longitude: nan,
            speed: nan,
            heading: nan,
            acceleration: nan,
            yaw_rate: nan,
            accuracy: nan,
            length: nan,
            width: nan,
            events: Vec::new(),
        }
    }

    #[test]
    fn the_time_of_a_payload_is_that_of_its_header() {
        let off = |kind, by: f64| implausible(&facts(kind, 1e9 + by), None, None, Some(1e9));
        assert!(off("bsm", 1.9).is_none() && off("bsm", -2.1).is_some() && off("cam", 3.0).is_some());
        assert!(off("spat", -60.0).is_none(), "a minute without its seconds");
        assert!(off("spat", -600.0).is_some());
        assert!(off("rsi", -600.0).is_none() && off("spat", f64::NAN).is_none());
        assert!(implausible(&facts("bsm", 0.0), None, None, None).is_none());
    }
}

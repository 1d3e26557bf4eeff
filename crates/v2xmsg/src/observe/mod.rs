//! What a receiver wants to know of a message, in SI units.

mod day1;
mod etsi;
mod time;

use crate::kind::Kind;
use crate::message::Message;

/// One received message. NaN is an unknown number, -1 an unknown counter.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// s, POSIX, as the message says; what it leaves open is nearest to the moment of receipt.
    pub generated: f64,
    pub kind: Kind,
    /// Temporary identity, hex.
    pub station: String,
    pub counter: i16,
    /// degrees.
    pub latitude: f64,
    pub longitude: f64,
    /// m/s.
    pub speed: f64,
    /// degrees from north, clockwise.
    pub heading: f64,
    /// m/s2, along the vehicle.
    pub acceleration: f64,
    /// degrees/s, clockwise.
    pub yaw_rate: f64,
    /// m, semi-major axis.
    pub accuracy: f64,
    /// m.
    pub length: f64,
    pub width: f64,
    /// What the message reports.
    pub events: Vec<String>,
}

impl Observation {
    /// A message of which nothing but its kind is known.
    fn of(kind: Kind) -> Observation {
        Observation {
            generated: f64::NAN,
            kind,
            station: String::new(),
            counter: -1,
            latitude: f64::NAN,
            longitude: f64::NAN,
            speed: f64::NAN,
            heading: f64::NAN,
            acceleration: f64::NAN,
            yaw_rate: f64::NAN,
            accuracy: f64::NAN,
            length: f64::NAN,
            width: f64::NAN,
            events: Vec::new(),
        }
    }
}

/// The receiver's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// s, POSIX, of the moment of receipt.
    pub received: f64,
    /// s that counts of TAI since 2004-01-01 UTC are ahead of UTC; 5 since 2017.
    pub tai_ahead: f64,
}

/// Reads a message at a moment.
#[must_use]
pub fn observe(message: &Message, clock: Clock) -> Observation {
    match message {
        Message::Day1(frame) => day1::observe(frame, clock),
        Message::Cam(cam) => etsi::cam(cam, clock),
        Message::Denm(denm) => etsi::denm(denm, clock),
    }
}

/// The value in SI units, NaN where it is the one that says unknown. A step is one part of `parts`:
/// by division the nearest double comes out.
fn known(value: impl Into<f64>, unknown: impl Into<f64>, parts: f64) -> f64 {
    let value = value.into();
    if value == unknown.into() { f64::NAN } else { value / parts }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Names of the bits that are set; a reserved one has none.
fn flags(bits: &rasn::types::BitString, names: &[&str]) -> Vec<String> {
    let set = bits.iter().by_vals().zip(names).filter(|(set, name)| *set && !name.is_empty());
    set.map(|(_, name)| (*name).to_owned()).collect()
}

//! Payloads for verification: what `sentinel-v2xmsg` decodes, as `sentinel-v2x` asks for it.

use sentinel_v2x::verify::{Facts, Grammar};
use sentinel_v2xmsg::{Clock, Family, Message, observe};

/// Leap seconds that TAI since 2004 is ahead of UTC: five since 2017.
const TAI_AHEAD: f64 = 5.0;

pub fn read(grammar: Grammar, payload: &[u8], received: f64) -> Option<Facts> {
    let family = match grammar {
        Grammar::Day1 => Family::Day1,
        Grammar::Etsi => Family::Etsi,
        Grammar::None => return None,
    };
    let message = Message::decode(family, payload).ok()?;
    let seen = observe(&message, Clock { received, tai_ahead: TAI_AHEAD });
    Some(Facts {
        kind: seen.kind.name(),
        station: seen.station,
        generated: seen.generated,
        counter: seen.counter,
        latitude: seen.latitude,
        longitude: seen.longitude,
        speed: seen.speed,
        heading: seen.heading,
        acceleration: seen.acceleration,
        yaw_rate: seen.yaw_rate,
        accuracy: seen.accuracy,
        length: seen.length,
        width: seen.width,
        events: seen.events,
    })
}

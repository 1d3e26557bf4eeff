//! What carries secured messages: each finds the message in a frame's octets.

pub mod dsmp;
pub mod geonetworking;
pub mod mqtt;
pub mod wsmp;

/// What a message was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    GeoNetworking,
    Wsmp,
    Dsmp,
    Udp,
    Mqtt,
    /// Nothing: the frame is the message.
    Raw,
}

impl Layer {
    pub fn name(self) -> &'static str {
        match self {
            Layer::GeoNetworking => "geonetworking",
            Layer::Wsmp => "wsmp",
            Layer::Dsmp => "dsmp",
            Layer::Udp => "udp",
            Layer::Mqtt => "mqtt",
            Layer::Raw => "raw",
        }
    }
}

/// Whether octets begin as a signed message does: version 3, signedData, one of three hash functions. That
/// it is one is found when it is read.
pub fn is_secured(octets: &[u8]) -> bool {
    matches!(octets, [3, 0x81, 0..=2, ..])
}

/// The message of an Ethernet frame's contents. DSMP has no EtherType that a public text names: it is looked
/// for under any that no other protocol here has.
pub fn of_ethernet(ethertype: u16, contents: &[u8]) -> Option<(Layer, &[u8])> {
    match ethertype {
        geonetworking::ETHERTYPE => {
            geonetworking::secured(contents).map(|message| (Layer::GeoNetworking, message))
        }
        wsmp::ETHERTYPE => {
            wsmp::message(contents).filter(|(_, m)| is_secured(m)).map(|(_, m)| (Layer::Wsmp, m))
        }
        _ => of_dsmp(contents),
    }
}

fn of_dsmp(contents: &[u8]) -> Option<(Layer, &[u8])> {
    let found = dsmp::adapted(contents).or_else(|| dsmp::message(contents));
    found.filter(|(_, message)| is_secured(message)).map(|(_, message)| (Layer::Dsmp, message))
}

/// The message of octets of which nothing is known: a frame of an unknown link, a datagram.
pub fn of_octets(octets: &[u8], bare: Layer) -> Option<(Layer, &[u8])> {
    if is_secured(octets) {
        return Some((bare, octets));
    }
    let others = [
        geonetworking::secured(octets).map(|m| (Layer::GeoNetworking, m)),
        wsmp::message(octets).map(|(_, m)| (Layer::Wsmp, m)),
    ];
    of_dsmp(octets).or_else(|| others.into_iter().flatten().find(|(_, m)| is_secured(m)))
}

//! Kinds of messages and the families that share an outermost type.

use std::str::FromStr;

/// Who says what the outermost type is: the AID or PSID of the envelope, or a port.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Family {
    /// T/CSAE 53 day 1: a MessageFrame.
    Day1,
    /// ETSI: a CAM or a DENM, which its messageID tells.
    Etsi,
}

/// Kind of message.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    Bsm,
    Cam,
    Denm,
    Map,
    Spat,
    Rsi,
    Rsm,
}

impl Kind {
    pub const ALL: [Kind; 7] =
        [Kind::Bsm, Kind::Cam, Kind::Denm, Kind::Map, Kind::Spat, Kind::Rsi, Kind::Rsm];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bsm => "bsm",
            Kind::Cam => "cam",
            Kind::Denm => "denm",
            Kind::Map => "map",
            Kind::Spat => "spat",
            Kind::Rsi => "rsi",
            Kind::Rsm => "rsm",
        }
    }

    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Kind::Cam | Kind::Denm => Family::Etsi,
            _ => Family::Day1,
        }
    }

    /// Name of the kind's alternative of a MessageFrame.
    pub(crate) fn frame(self) -> &'static str {
        match self {
            Kind::Bsm => "bsmFrame",
            Kind::Map => "mapFrame",
            Kind::Rsm => "rsmFrame",
            Kind::Spat => "spatFrame",
            Kind::Rsi => "rsiFrame",
            Kind::Cam | Kind::Denm => "",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Kind, String> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("{name:?} is no kind of message: bsm, cam, denm, map, spat, rsi, rsm"))
    }
}

impl FromStr for Family {
    type Err = String;

    fn from_str(name: &str) -> Result<Family, String> {
        match name {
            "day1" => Ok(Family::Day1),
            "etsi" => Ok(Family::Etsi),
            _ => Err(format!("{name:?} is no family of messages: day1, etsi")),
        }
    }
}

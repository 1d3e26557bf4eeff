//! A message: from octets, to octets, from and to JSON.

use crate::day1::MessageFrame;
use crate::error::{Error, line};
use crate::etsi::cam::Cam;
use crate::etsi::denm::Denm;
use crate::kind::{Family, Kind};
use rasn::uper;
use serde_json::Value;

/// Longest message that is looked at, in octets. Decoded, one takes at most some forty times that.
pub const MAX_OCTETS: usize = 65_535;

/// messageID of a DENM and of a CAM (TS 102 894-2, A.114).
const DENM: u8 = 1;
const CAM: u8 = 2;

/// A decoded message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    Day1(MessageFrame),
    Cam(Box<Cam>),
    Denm(Box<Denm>),
}

impl Message {
    /// Decodes the octets of one whole message. Ranges and sizes hold, nothing follows it.
    /// What a later edition added where the grammar foresees it is skipped; a later alternative of
    /// a choice or value of an enumeration is refused. The up to seven bits that fill the last
    /// octet are not looked at.
    ///
    /// # Errors
    /// If the octets are no message of the family.
    pub fn decode(family: Family, octets: &[u8]) -> Result<Message, Error> {
        if octets.len() > MAX_OCTETS {
            return Err(Error::TooLong(octets.len(), MAX_OCTETS));
        }
        match family {
            Family::Day1 => whole(octets).map(Message::Day1),
            // protocolVersion is the first octet, messageID the second.
            Family::Etsi => match octets.get(1) {
                Some(&CAM) => whole(octets).map(|cam| Message::Cam(Box::new(cam))),
                Some(&DENM) => whole(octets).map(|denm| Message::Denm(Box::new(denm))),
                Some(&id) => Err(Error::MessageId(id)),
                None => Err(Error::Malformed("it ends in its header".into())),
            },
        }
    }

    /// Decodes a message that must be of this kind.
    ///
    /// # Errors
    /// As [`Message::decode`], and if it is of another kind.
    pub fn decode_as(kind: Kind, octets: &[u8]) -> Result<Message, Error> {
        let message = Message::decode(kind.family(), octets)?;
        if message.kind() != kind {
            return Err(Error::Kind(message.kind().name(), kind.name()));
        }
        Ok(message)
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Message::Day1(MessageFrame::BsmFrame(_)) => Kind::Bsm,
            Message::Day1(MessageFrame::MapFrame(_)) => Kind::Map,
            Message::Day1(MessageFrame::RsmFrame(_)) => Kind::Rsm,
            Message::Day1(MessageFrame::SpatFrame(_)) => Kind::Spat,
            Message::Day1(MessageFrame::RsiFrame(_)) => Kind::Rsi,
            Message::Cam(_) => Kind::Cam,
            Message::Denm(_) => Kind::Denm,
        }
    }

    /// The message in canonical UPER.
    ///
    /// # Errors
    /// If a value is out of its range.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let octets = match self {
            Message::Day1(frame) => uper::encode(frame),
            Message::Cam(cam) => uper::encode(cam.as_ref()),
            Message::Denm(denm) => uper::encode(denm.as_ref()),
        }
        .map_err(|why| Error::Description(self.kind().name(), line(why)))?;
        if octets.len() > MAX_OCTETS {
            return Err(Error::TooLong(octets.len(), MAX_OCTETS));
        }
        Ok(octets)
    }

    /// The message's fields as JSON (X.697), without the frame of day 1. Other than there, bits of
    /// fixed size in an optional field are an object with their length: rasn 0.30 forgets the size.
    ///
    /// # Errors
    /// If a text is not of its alphabet.
    pub fn to_json(&self) -> Result<Value, Error> {
        let kind = self.kind();
        let wrong = |why: String| Error::Description(kind.name(), why);
        let text = match self {
            Message::Day1(frame) => rasn::jer::encode(frame),
            Message::Cam(cam) => rasn::jer::encode(cam.as_ref()),
            Message::Denm(denm) => rasn::jer::encode(denm.as_ref()),
        }
        .map_err(|why| wrong(line(why)))?;
        let mut value: Value = serde_json::from_str(&text).map_err(|why| wrong(line(why)))?;
        match kind.family() {
            Family::Day1 => Ok(value[kind.frame()].take()),
            Family::Etsi => Ok(value),
        }
    }

    /// The message that the fields describe, as [`Message::to_json`] has them.
    ///
    /// # Errors
    /// If one is missing, unknown, of another type or out of its range.
    pub fn from_json(kind: Kind, fields: &Value) -> Result<Message, Error> {
        let wrong = |why: String| Error::Description(kind.name(), why);
        let text = match kind.family() {
            Family::Day1 => serde_json::json!({ kind.frame(): fields }).to_string(),
            Family::Etsi => fields.to_string(),
        };
        let message = match kind {
            Kind::Cam => rasn::jer::decode(&text).map(|cam| Message::Cam(Box::new(cam))),
            Kind::Denm => rasn::jer::decode(&text).map(|denm| Message::Denm(Box::new(denm))),
            _ => rasn::jer::decode(&text).map(Message::Day1),
        }
        .map_err(|why| wrong(line(why)))?;
        // The JSON codec passes over names that it does not know.
        if let Some(path) = surplus(fields, &message.to_json()?) {
            return Err(Error::Field(kind.name(), path));
        }
        Ok(message)
    }
}

fn whole<T: rasn::Decode>(octets: &[u8]) -> Result<T, Error> {
    let (value, rest) = uper::decode_with_remainder(octets).map_err(|why| Error::Malformed(line(why)))?;
    if !rest.is_empty() {
        return Err(Error::Trailing(rest.len()));
    }
    Ok(value)
}

/// Path of the first name in `given` that `known` has not.
fn surplus(given: &Value, known: &Value) -> Option<String> {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => given.iter().find_map(|(name, value)| {
            let Some(other) = known.get(name) else { return Some(name.clone()) };
            surplus(value, other).map(|rest| format!("{name}.{rest}"))
        }),
        (Value::Array(given), Value::Array(known)) => {
            given.iter().zip(known).find_map(|(value, other)| surplus(value, other))
        }
        _ => None,
    }
}

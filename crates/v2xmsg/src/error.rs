//! Why octets are no message, or a description cannot become one.

use std::fmt;

/// One line for a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Error {
    /// Octets, the limit.
    TooLong(usize, usize),
    /// The UPER is not of the type, as the codec says.
    Malformed(String),
    /// Octets that follow the message.
    Trailing(usize),
    /// A message of another kind: what it is, what was asked for.
    Kind(&'static str, &'static str),
    /// A message that neither CAM nor DENM is, by its messageID.
    MessageId(u8),
    /// The description does not fit the type: the kind, why.
    Description(&'static str, String),
    /// The description has a field that the kind has not: the kind, the path.
    Field(&'static str, String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TooLong(octets, limit) => {
                write!(f, "a message of {octets} octets is longer than {limit}")
            }
            Error::Malformed(why) => write!(f, "malformed message: {why}"),
            Error::Trailing(octets) => write!(f, "malformed message: {octets} octets follow it"),
            Error::Kind(is, wanted) => write!(f, "a {is} where a {wanted} is due"),
            Error::MessageId(id) => write!(f, "messageID {id} is neither CAM (2) nor DENM (1)"),
            Error::Description(kind, why) => write!(f, "this is no {kind}: {why}"),
            Error::Field(kind, path) => write!(f, "a {kind} has no field {path}"),
        }
    }
}

impl std::error::Error for Error {}

/// The codec's reason in one bounded line.
pub(crate) fn line(why: impl fmt::Display) -> String {
    let text = why.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

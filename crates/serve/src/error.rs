//! What can go wrong when a server is made.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// One line for a person.
#[derive(Debug)]
pub enum Error {
    /// An address cannot be listened on.
    Listen(SocketAddr, io::Error),
    /// The threads of a listener cannot be started.
    Threads(io::Error),
    /// Settings that contradict each other.
    Settings(String),
    /// The server's certificate or key is of no use.
    Certificate(String),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Listen(address, why) => write!(out, "cannot listen on {address}: {why}"),
            Error::Threads(why) => write!(out, "cannot start the server's threads: {why}"),
            Error::Settings(why) => write!(out, "{why}"),
            Error::Certificate(why) => write!(out, "the server's certificate: {why}"),
        }
    }
}

impl std::error::Error for Error {}

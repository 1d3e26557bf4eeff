//! Why an interface cannot be captured on, in one line: the interface, the cause, the way out.

use std::fmt;
use std::io;

#[derive(Debug)]
pub enum Error {
    /// No interface has a name that is empty, longer than 15 octets or with a slash or blank in it.
    Name { name: String },
    /// There is none of this name; `known` are those there are.
    Missing { name: String, known: Vec<String> },
    /// The process may not open packet sockets.
    Permission { name: String },
    /// An interface of a kind whose frames are not understood, by its ARPHRD number.
    Kind { name: String, hardware: u16 },
    /// The kernel has no memory for the ring.
    Memory { name: String, bytes: usize, why: io::Error },
    /// Another call of the system failed.
    System { name: String, what: &'static str, why: io::Error },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Name { name } => write!(
                f,
                "interface {name:?}: no interface can have this name (1 to 15 characters, no blank, no slash)"
            ),
            Error::Missing { name, known } if known.is_empty() => {
                write!(f, "interface {name:?} does not exist: `ip link` lists those that do")
            }
            Error::Missing { name, known } => {
                write!(f, "interface {name:?} does not exist: there are {}", known.join(", "))
            }
            Error::Permission { name } => write!(
                f,
                "interface {name:?}: capturing needs the capability CAP_NET_RAW: run as root, or give it to \
                 the service (AmbientCapabilities=CAP_NET_RAW)"
            ),
            Error::Kind { name, hardware } => write!(
                f,
                "interface {name:?} is of a kind whose frames are not understood (ARPHRD {hardware}): name an \
                 Ethernet, loopback, tunnel, PPP or wireless monitor interface"
            ),
            Error::Memory { name, bytes, why } => {
                let mib = bytes >> 20;
                write!(f, "interface {name:?}: no memory for a ring of {mib} MiB ({why}): ask for less")
            }
            Error::System { name, what, why } => write!(f, "interface {name:?}: {what} failed: {why}"),
        }
    }
}

impl std::error::Error for Error {}

//! HTTP/1.1 and TLS for the certificate authority (docs/decisions/0018-ca-http.md).
//!
//! [`Server::start`] opens listeners and threads; what cannot be answered here waits in a [`Lane`] until
//! somebody takes it in a group and answers each [`Request`]. OCSP answers come from a bounded cache
//! ([`Status`]), CRLs are [`Documents`]; both are filled from outside. Nothing is decided here but bounds:
//! connections, header and body sizes, times, rates, queues. Every refusal has a line that says why.

mod documents;
mod error;
mod exchange;
mod explain;
mod lanes;
mod listen;
mod metrics;
mod rates;
mod reply;
mod seats;
mod server;
mod settings;
mod status;
mod tls;

pub use documents::{Document, Documents};
pub use error::Error;
pub use lanes::{Answer, Lane, Peer, Request, Unpassed};
pub use metrics::{Counter, Metrics};
pub use rates::Rates;
pub use seats::{Seat, Seats};
pub use server::Server;
pub use settings::{Kind, LaneSettings, Route, Settings, find};
pub use status::{Cached, Status};
pub use tls::Identity;

//! What a server is told: addresses, routes, lanes, bounds.

use std::net::SocketAddr;
use std::time::Duration;

use crate::error::Error;

/// How a route is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// From the cache of OCSP answers, else by the lane.
    Status,
    /// One of the documents, else 404.
    Document,
    /// By the lane.
    Lane,
}

/// Paths that are answered alike.
#[derive(Clone, Debug)]
pub struct Route {
    /// A whole path, or with `/` at its end all that begin so.
    pub path: String,
    pub methods: Vec<String>,
    pub kind: Kind,
    /// Index into [`Settings::lanes`].
    pub lane: usize,
    /// Octets of the largest body.
    pub body: usize,
    /// Whether the plain listener serves it.
    pub plain: bool,
    /// Whether refusals are application/problem+json (RFC 9457) instead of text.
    pub problem: bool,
}

/// One queue, taken from by one side and filled by connections.
#[derive(Clone, Debug)]
pub struct LaneSettings {
    pub name: String,
    /// Requests that may wait.
    pub queue: usize,
    /// Requests a second from one address, and how many at once on top; 0 is no bound.
    pub rate: f64,
    pub burst: f64,
    /// How long a request waits for its answer.
    pub patience: Duration,
}

/// Bounds are for each listener, `tls` and `plain` being two.
#[derive(Clone, Debug)]
pub struct Settings {
    pub tls: Vec<SocketAddr>,
    pub plain: Vec<SocketAddr>,
    pub routes: Vec<Route>,
    pub lanes: Vec<LaneSettings>,
    /// Threads of each listener.
    pub threads: usize,
    pub connections: usize,
    pub connections_per_address: usize,
    /// Octets of a request's first line and headers, 8,192 at least. Fields are 100 at most (hyper).
    pub header_bytes: usize,
    /// For the TLS handshake, and then for headers; a connection may be idle for as long.
    pub header_time: Duration,
    pub body_time: Duration,
    /// How long a client may take nothing of what it is sent.
    pub stall_time: Duration,
    pub cache_entries: usize,
    pub cache_bytes: usize,
    pub documents: usize,
}

impl Settings {
    /// Refuses what could not work.
    pub fn check(&self) -> Result<(), Error> {
        if self.tls.is_empty() && self.plain.is_empty() {
            return Err(Error::Settings("no address to listen on".into()));
        }
        if self.header_bytes < 8192 {
            return Err(Error::Settings(format!("header_bytes {}: at least 8192", self.header_bytes)));
        }
        for (name, value) in [
            ("threads", self.threads),
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
        ] {
            if value == 0 {
                return Err(Error::Settings(format!("{name} 0: at least 1")));
            }
        }
        match self.routes.iter().find(|route| route.lane >= self.lanes.len()) {
            Some(route) => Err(Error::Settings(format!("route {}: no lane {}", route.path, route.lane))),
            None => Ok(()),
        }
    }
}

/// The route of a path: a whole path before a beginning, a longer beginning before a shorter.
pub fn find<'a>(routes: &'a [Route], path: &str) -> Option<&'a Route> {
    routes
        .iter()
        .filter(|route| match route.path.ends_with('/') {
            true => path.starts_with(&route.path),
            false => path == route.path,
        })
        .max_by_key(|route| (route.path == path, route.path.len()))
}

//! A server: its listeners, each with threads of its own, from start to stop.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::documents::{Document, Documents};
use crate::error::Error;
use crate::exchange::Shared;
use crate::lanes::{Lane, Request};
use crate::listen::accept;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::seats::Seats;
use crate::settings::Settings;
use crate::status::{Cached, Status};
use crate::tls::{Identity, config};

/// How often a stopping server looks whether connections are left.
const LOOK: Duration = Duration::from_millis(10);

/// A running server; dropping it cuts every connection.
pub struct Server {
    shared: Arc<Shared>,
    identity: Option<Arc<Identity>>,
    seats: Vec<Arc<Seats>>,
    tls: Vec<SocketAddr>,
    plain: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    runtimes: std::sync::Mutex<Vec<Runtime>>,
}

impl Server {
    /// Listens. An identity is needed if an address is for TLS.
    pub fn start(settings: Settings, identity: Option<Identity>) -> Result<Self, Error> {
        settings.check()?;
        let now = Instant::now();
        let identity = identity.map(Arc::new);
        let tls = identity.clone().map(config).transpose()?;
        if tls.is_none() && !settings.tls.is_empty() {
            return Err(Error::Settings("an address for TLS, but no certificate".into()));
        }
        let shared = Arc::new(Shared {
            lanes: settings.lanes.iter().map(|lane| Lane::new(lane.queue)).collect(),
            rates: settings.lanes.iter().map(|lane| Rates::new(lane.rate, lane.burst, now)).collect(),
            status: Status::new(settings.cache_entries, settings.cache_bytes),
            documents: Documents::new(settings.documents),
            metrics: Metrics::default(),
            settings: settings.clone(),
        });
        let (stop, stopped) = watch::channel(false);
        let mut server = Server {
            shared,
            identity,
            seats: Vec::new(),
            tls: Vec::new(),
            plain: Vec::new(),
            stop,
            runtimes: std::sync::Mutex::default(),
        };
        for (name, addresses, tls) in [("tls", &settings.tls, tls), ("plain", &settings.plain, None)] {
            if addresses.is_empty() {
                continue;
            }
            let runtime = Builder::new_multi_thread()
                .worker_threads(settings.threads)
                .max_blocking_threads(1)
                .thread_name(format!("ca-{name}"))
                .enable_io()
                .enable_time()
                .build()
                .map_err(Error::Threads)?;
            let seats = Seats::new(settings.connections, settings.connections_per_address);
            for address in addresses {
                let failed = |why| Error::Listen(*address, why);
                let listener = StdListener::bind(address).map_err(failed)?;
                listener.set_nonblocking(true).map_err(failed)?;
                let bound = listener.local_addr().map_err(failed)?;
                let entered = runtime.enter();
                let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
                drop(entered);
                runtime.spawn(accept(
                    listener,
                    server.shared.clone(),
                    seats.clone(),
                    tls.clone(),
                    stopped.clone(),
                ));
                if name == "tls" { &mut server.tls } else { &mut server.plain }.push(bound);
            }
            server.seats.push(seats);
            server.runtimes.get_mut().unwrap_or_else(|broken| broken.into_inner()).push(runtime);
        }
        Ok(server)
    }

    /// Addresses listened on for TLS.
    pub fn tls(&self) -> &[SocketAddr] {
        &self.tls
    }

    /// Addresses listened on without.
    pub fn plain(&self) -> &[SocketAddr] {
        &self.plain
    }

    /// Requests of a lane, see [`Lane::take`]; `None` too for a lane that is not there.
    pub fn take(&self, lane: usize, max: usize, timeout: Duration, gather: Duration) -> Option<Vec<Request>> {
        self.shared.lanes.get(lane)?.take(max, timeout, gather)
    }

    /// The cache of OCSP answers.
    pub fn status(&self) -> &Status {
        &self.shared.status
    }

    /// Keeps an OCSP answer, see [`Status::put`].
    pub fn put_status(&self, request: Bytes, cached: Cached, age: u64) -> bool {
        self.shared.status.put(request, cached, age)
    }

    /// Puts a document, see [`Documents::put`].
    pub fn put_document(&self, path: String, document: Document) -> bool {
        self.shared.documents.put(path, document)
    }

    /// Replaces the server's certificate for connections to come.
    pub fn identify(&self, chain: &[u8], key: &[u8]) -> Result<(), Error> {
        match &self.identity {
            Some(identity) => identity.replace(chain, key),
            None => Err(Error::Settings("no address for TLS".into())),
        }
    }

    /// Counters.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// What there is now: open connections, requests that wait by lane, cached answers.
    pub fn gauges(&self) -> Vec<(String, u64)> {
        let open = self.seats.iter().map(|seats| seats.taken() as u64).sum();
        let (answers, octets) = self.shared.status.size();
        let mut all = vec![
            ("connections_open".into(), open),
            ("cache_entries".into(), answers as u64),
            ("cache_bytes".into(), octets as u64),
        ];
        for (lane, settings) in self.shared.lanes.iter().zip(&self.shared.settings.lanes) {
            all.push((format!("waiting_{}", settings.name), lane.waiting() as u64));
        }
        all
    }

    /// Accepts nothing more, lets requests that are there be answered for `grace` at most, then closes the lanes
    /// and every connection. Whoever answers must go on doing so meanwhile. Once stopped, stays so.
    pub fn stop(&self, grace: Duration) {
        let _ = self.stop.send(true);
        let until = Instant::now() + grace;
        while self.seats.iter().any(|seats| seats.taken() > 0) && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        self.end();
    }

    fn end(&self) {
        self.shared.lanes.iter().for_each(Lane::close);
        let runtimes =
            std::mem::take(&mut *self.runtimes.lock().unwrap_or_else(|broken| broken.into_inner()));
        for runtime in runtimes {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

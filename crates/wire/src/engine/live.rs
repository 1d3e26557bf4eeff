//! A run over network interfaces.

use super::{Config, Engine};
use crate::capture::{Feed, Limits, LiveReader, PortReport};
use crate::filter::Filter;
use crate::flow::Declared;
use sentinel_ring::{Port, Settings};

/// How interfaces are captured on.
#[derive(Clone, Debug)]
pub struct Ports {
    pub names: Vec<String>,
    /// Octets taken of a packet; 0: all.
    pub snaplen: u32,
    /// Mebibytes of each ring.
    pub ring_mib: usize,
    pub promiscuous: bool,
}

/// Opens interfaces and starts them. Nothing is ever sent.
pub fn listen(ports: &Ports, filter: Option<&Filter>, limits: Limits) -> Result<Feed, String> {
    if ports.names.is_empty() {
        return Err("no interface is named: name one at least".into());
    }
    let settings = Settings { ring_mib: ports.ring_mib, promiscuous: ports.promiscuous };
    let mut open: Vec<Port> = Vec::new();
    for name in &ports.names {
        if open.iter().any(|p| p.name() == name) {
            return Err(format!("interface {name:?} is named twice: name it once"));
        }
        open.push(Port::open(name, settings).map_err(|e| e.to_string())?);
    }
    for port in &mut open {
        let program = filter.and_then(|f| f.kernel(port.link(), ports.snaplen));
        port.start(ports.snaplen, program.as_deref()).map_err(|e| e.to_string())?;
    }
    Ok(Feed::Live(Box::new(LiveReader::new(open, limits))))
}

impl Engine {
    /// Opens the interfaces, all or none; the error is one line. The configuration's filter is put into the
    /// kernel as far as that can tell, and packets are looked at again here.
    pub fn live(ports: &Ports, declared: Vec<Declared>, config: Config) -> Result<Engine, String> {
        let limits = Limits { packets: config.batch.max(1), align_ns: 0 };
        let feed = listen(ports, config.filter.as_ref(), limits)?;
        Engine::with(feed, declared, config)
    }

    /// What is counted of every interface; nothing of captures.
    pub fn ports(&self) -> Vec<PortReport> {
        match &self.reader {
            Feed::Live(reader) => reader.ports(),
            Feed::Files(_) => Vec::new(),
        }
    }
}

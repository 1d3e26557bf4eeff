//! Which probes there are, native and declared, and which of them a payload belongs to.

use super::mask::Mask;
use crate::model::Transport;
use crate::probe::{Hint, Spec, Verdict};
use crate::protocols;
use crate::signature::Signature;

/// A probe whose parser runs outside (Python); its signature is evaluated here.
#[derive(Clone, Debug)]
pub struct Declared {
    pub name: &'static str,
    pub industrial: bool,
    pub signature: Signature,
}

/// One entry of the registry.
#[derive(Clone, Debug)]
pub enum Entry {
    Native(&'static Spec),
    Declared(Declared),
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Entry {
    pub fn name(&self) -> &'static str {
        match self {
            Entry::Native(s) => s.name,
            Entry::Declared(d) => d.name,
        }
    }
    pub fn industrial(&self) -> bool {
        match self {
            Entry::Native(s) => s.industrial,
            Entry::Declared(d) => d.industrial,
        }
    }
    pub fn pdus(&self) -> bool {
        matches!(self, Entry::Native(s) if s.pdus)
    }
    fn rank(&self) -> u16 {
        match self {
            Entry::Native(s) => s.rank,
            Entry::Declared(d) => d.signature.rank,
        }
    }
    fn ports(&self) -> &[u16] {
        match self {
            Entry::Native(s) => s.ports,
            Entry::Declared(d) => &d.signature.ports,
        }
    }
    fn transports(&self) -> &[Transport] {
        match self {
            Entry::Native(s) => s.transports,
            Entry::Declared(d) => &d.signature.transports,
        }
    }
    /// What its signature says of `data`.
    pub fn identify(&self, hint: &Hint, data: &[u8]) -> Verdict {
        match self {
            Entry::Native(s) => (s.identify)(hint, data),
            Entry::Declared(d) => d.signature.matches(hint, data),
        }
    }
    /// True if one of the flow's ports is one of its own, or the EtherType is.
    pub fn at_home(&self, hint: &Hint) -> bool {
        let own = |port: u16| port != 0 && self.ports().contains(&port);
        own(hint.src_port) || own(hint.dst_port) || self.ethertype(hint.ethertype)
    }
    fn ethertype(&self, ethertype: u16) -> bool {
        matches!(self, Entry::Native(s) if ethertype != 0 && s.ethertypes.contains(&ethertype))
    }
}

/// All probes of a run.
#[derive(Clone, Debug)]
pub struct Registry {
    entries: Vec<Entry>,
    by_transport: [Mask; 5],
    /// Sorted ports that hint at a server.
    server_ports: Vec<u16>,
}

/// Ports whose holder is taken for the server when nothing else tells, besides the probes' own.
const COMMON_SERVER_PORTS: &[u16] = &[
    25, 80, 88, 110, 111, 123, 135, 139, 143, 389, 443, 445, 514, 554, 636, 993, 995, 1433, 1521, 3306, 3389,
    5432, 6379, 8080, 8443,
];

impl Registry {
    /// Native probes and the declared ones, at most 255 together (the rest is refused by name).
    pub fn new(declared: Vec<Declared>) -> Result<Registry, String> {
        let mut entries: Vec<Entry> = protocols::ALL.iter().map(|s| Entry::Native(s)).collect();
        entries.extend(declared.into_iter().map(Entry::Declared));
        if entries.len() > Mask::MOST {
            return Err(format!("{} probes are registered, at most {} fit", entries.len(), Mask::MOST));
        }
        let mut by_transport = [Mask::EMPTY; 5];
        let mut server_ports = COMMON_SERVER_PORTS.to_vec();
        for (i, e) in entries.iter().enumerate() {
            for t in e.transports() {
                by_transport[*t as usize].insert(i as u8);
            }
            server_ports.extend_from_slice(e.ports());
        }
        server_ports.sort_unstable();
        server_ports.dedup();
        Ok(Registry { entries, by_transport, server_ports })
    }
    pub fn get(&self, i: u8) -> &Entry {
        &self.entries[i as usize]
    }
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
    pub fn find(&self, name: &str) -> Option<u8> {
        self.entries.iter().position(|e| e.name() == name).map(|i| i as u8)
    }
    /// Probes that run on this transport.
    pub fn candidates(&self, transport: Transport) -> Mask {
        self.by_transport[transport as usize]
    }
    /// True if a port is known as a server's.
    pub fn is_server_port(&self, port: u16) -> bool {
        self.server_ports.binary_search(&port).is_ok()
    }

    /// Asks every candidate. Gives the best verdict that settles the matter alone (Strong, or Weak
    /// at home), the candidates that said Weak, and those still possible.
    pub fn ask(&self, mask: Mask, hint: &Hint, data: &[u8]) -> Answer {
        let mut answer = Answer { settled: None, weak: Mask::EMPTY, left: Mask::EMPTY };
        let mut best: Option<(bool, u16, u8)> = None;
        let mut rest = mask;
        while let Some(i) = rest.take() {
            let entry = self.get(i);
            let verdict = entry.identify(hint, data);
            let weak = match verdict {
                Verdict::No => continue,
                Verdict::Need => {
                    answer.left.insert(i);
                    continue;
                }
                Verdict::Weak(_) => {
                    answer.left.insert(i);
                    answer.weak.insert(i);
                    if !entry.at_home(hint) {
                        continue;
                    }
                    true
                }
                Verdict::Strong(_) => {
                    answer.left.insert(i);
                    false
                }
            };
            let this = (weak, entry.rank(), i);
            if best.is_none_or(|b| this < b) {
                best = Some(this);
                answer.settled = Some((i, verdict));
            }
        }
        answer
    }
}

/// See [`Registry::ask`].
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub settled: Option<(u8, Verdict)>,
    pub weak: Mask,
    pub left: Mask,
}

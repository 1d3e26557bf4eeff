//! One interface that is captured on.

use crate::block::{self, Cursor, Frame};
use crate::error::Error;
use crate::link::{self, Link};
use crate::sys::{self, Map, NAME};
use crate::{Insn, accept};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

/// Milliseconds after which the kernel hands over a block that is not full.
pub const RETIRE_MS: u32 = 50;
/// Milliseconds after which every packet has been handed over: the kernel's timer may need two turns,
/// the rest is what a busy machine adds.
pub const MAX_LATE_MS: u32 = 2 * RETIRE_MS + 50;
/// Octets of the largest block. The largest frame, what offloading joined (BIG TCP, 512 KiB), fits in.
const MAX_BLOCK: usize = 1 << 20;
/// Blocks of the smallest ring.
const MIN_BLOCKS: usize = 4;
/// Octets of an Ethernet header with two tags.
const HEADERS: u32 = 22;
/// Time between two looks at an interface.
const LOOK: Duration = Duration::from_secs(1);

/// How an interface is opened.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Mebibytes of the ring.
    pub ring_mib: usize,
    pub promiscuous: bool,
}

/// What an interface was seen to be like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Up,
    /// Switched on, but nothing at the other end of the cable.
    NoCarrier,
    Down,
    /// There is none of this name.
    Gone,
    /// One of this name came back, of another kind of link: it is not captured on.
    Other,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Up => "up",
            State::NoCarrier => "no carrier",
            State::Down => "down",
            State::Gone => "gone",
            State::Other => "another kind",
        }
    }
}

/// What was counted of a port since it was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Packets read, and their octets on the wire.
    pub packets: u64,
    pub bytes: u64,
    /// Packets that the kernel found no room for.
    pub drops: u64,
    /// Times the ring was full.
    pub freezes: u64,
    /// Packets of which not all was taken.
    pub truncated: u64,
    /// Packets longer than the interface may send: several joined by offloading (GRO, LRO, TSO).
    pub joined: u64,
    /// Packets whose tag the kernel had taken out and that was put back.
    pub tagged: u64,
    /// Times the interface went down, lost its cable, or was removed.
    pub downs: u64,
    /// Packets in blocks that could not be as they were; the kernel does not do that.
    pub lost: u64,
}

/// An interface with its ring. Packets are read one after the other: [`Port::peek`], [`Port::octets`],
/// [`Port::advance`].
pub struct Port {
    name: String,
    label: [u8; NAME],
    index: i32,
    link: Link,
    promiscuous: bool,
    socket: OwnedFd,
    map: Map,
    blocks: usize,
    /// The block that is read, the walk over it, and the next packet.
    at: usize,
    cursor: Option<Cursor>,
    head: Option<Frame>,
    state: State,
    mtu: u32,
    looked: Instant,
    counters: Counters,
}

/// The kernel's answer to a question about an interface.
fn number(fd: RawFd, request: u32, label: &[u8; NAME]) -> io::Result<i32> {
    sys::ask(fd, request, label).map(i32::from_ne_bytes)
}

impl Port {
    /// Opens an interface with a ring, but takes no packet before [`Port::start`].
    pub fn open(name: &str, settings: Settings) -> Result<Port, Error> {
        let own = || name.to_owned();
        let system = |what| move |why| Error::System { name: name.to_owned(), what, why };
        let fits = (1..NAME).contains(&name.len()) && !name.contains(['/', '\0']);
        if !fits || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Error::Name { name: own() });
        }
        let mut label = [0; NAME];
        label.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        let asker = UnixDatagram::unbound().map_err(system("socket"))?;
        let asker = asker.as_raw_fd();
        let index =
            number(asker, libc::SIOCGIFINDEX as u32, &label).map_err(|why| match why.raw_os_error() {
                Some(libc::ENODEV | libc::ENXIO) => Error::Missing { name: own(), known: sys::interfaces() },
                _ => Error::System { name: own(), what: "SIOCGIFINDEX", why },
            })?;
        let hardware = hardware(asker, &label).map_err(system("SIOCGIFHWADDR"))?;
        let link = link::of_hardware(hardware).ok_or_else(|| Error::Kind { name: own(), hardware })?;
        let socket = sys::packet_socket(link.cooked).map_err(|why| match why.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => Error::Permission { name: own() },
            _ => Error::System { name: own(), what: "socket(AF_PACKET)", why },
        })?;
        const VERSION_3: i32 = 2;
        set(&socket, libc::PACKET_VERSION, &[VERSION_3]).map_err(system("PACKET_VERSION"))?;
        if link.doubled {
            set(&socket, libc::PACKET_IGNORE_OUTGOING, &[1]).map_err(system("PACKET_IGNORE_OUTGOING"))?;
        }
        let (size, blocks) = layout(settings.ring_mib);
        let memory = |why| Error::Memory { name: name.to_owned(), bytes: size * blocks, why };
        // struct tpacket_req3; frames have no fixed size, but the numbers must agree
        let frame = 2048;
        let request = [size, blocks, frame, size / frame * blocks, RETIRE_MS as usize, 0, 0];
        set(&socket, libc::PACKET_RX_RING, &request.map(|n| n as i32)).map_err(memory)?;
        let map = Map::new(&socket, size, blocks).map_err(memory)?;
        Ok(Port {
            name: own(),
            label,
            index,
            link,
            promiscuous: settings.promiscuous,
            socket,
            map,
            blocks,
            at: 0,
            cursor: None,
            head: None,
            state: State::Up,
            mtu: u32::MAX,
            looked: Instant::now(),
            counters: Counters::default(),
        })
    }

    /// Begins to take packets, `snaplen` octets of each (0: all), and only those a program lets through:
    /// none is taken before the program is in place.
    pub fn start(&mut self, snaplen: u32, program: Option<&[Insn]>) -> Result<(), Error> {
        let all = [accept(snaplen)];
        if let Some(program) = program.or((snaplen > 0).then_some(&all)) {
            sys::attach(&self.socket, program).map_err(self.failed("attaching the filter"))?;
        }
        self.bind(self.index).map_err(self.failed("binding"))?;
        self.look();
        self.counters.downs = 0;
        Ok(())
    }

    /// Takes no more packets; what the kernel holds is handed over within [`MAX_LATE_MS`].
    pub fn close(&mut self) -> Result<(), Error> {
        sys::attach(&self.socket, &[accept(0)]).map_err(self.failed("attaching the filter"))
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(io::Error) -> Error + use<> {
        let name = self.name.clone();
        move |why| Error::System { name, what, why }
    }

    fn bind(&mut self, index: i32) -> io::Result<()> {
        sys::bind(&self.socket, index)?;
        self.index = index;
        if self.promiscuous && !self.link.doubled {
            // struct packet_mreq with PACKET_MR_PROMISC; it ends with the socket
            let mut request = [0; 16];
            request[..4].copy_from_slice(&index.to_ne_bytes());
            request[4..6].copy_from_slice(&1u16.to_ne_bytes());
            sys::set(&self.socket, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)?;
        }
        Ok(())
    }

    pub fn name(&self) -> &str {
        &self.name
    }
    pub fn link(&self) -> Link {
        self.link
    }
    pub fn state(&self) -> State {
        self.state
    }
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The next packet, if the kernel has handed over one.
    #[inline]
    pub fn peek(&mut self) -> Option<Frame> {
        if self.head.is_none() {
            self.head = self.find();
        }
        self.head
    }

    fn find(&mut self) -> Option<Frame> {
        loop {
            let block = self.map.block(self.at)?;
            let cursor = self.cursor.get_or_insert_with(|| Cursor::new(block));
            if let Some(frame) = cursor.next(block) {
                return Some(frame);
            }
            self.counters.lost += u64::from(cursor.left());
            self.cursor = None;
            self.map.give_back(self.at);
            self.at = (self.at + 1) % self.blocks;
        }
    }

    /// The octets of a packet that [`Port::peek`] gave, with what the kernel took out or left away put back.
    #[inline]
    pub fn octets<'a>(&'a self, frame: &Frame, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let block = self.map.block(self.at).unwrap_or_default();
        let data = block.get(frame.at..frame.at + frame.len).unwrap_or_default();
        if self.link.cooked {
            scratch.clear();
            scratch.extend_from_slice(&block::cooked(block, frame).unwrap_or_default());
        } else if let Some((tpid, tci)) = frame.vlan
            && let Some((addresses, rest)) = data.split_at_checked(12)
        {
            scratch.clear();
            scratch.extend_from_slice(addresses);
            scratch.extend_from_slice(&tpid.to_be_bytes());
            scratch.extend_from_slice(&tci.to_be_bytes());
            scratch.extend_from_slice(rest);
            return scratch;
        } else {
            return data;
        }
        scratch.extend_from_slice(data);
        scratch
    }

    /// Octets that [`Port::octets`] adds to a packet.
    #[inline]
    pub fn added(&self, frame: &Frame) -> u32 {
        match frame.vlan {
            _ if self.link.cooked => link::COOKED as u32,
            Some(_) if frame.len >= 12 => 4,
            _ => 0,
        }
    }

    /// Passes over the packet that [`Port::peek`] gave.
    #[inline]
    pub fn advance(&mut self) {
        let Some(frame) = self.head.take() else { return };
        let c = &mut self.counters;
        c.packets += 1;
        c.bytes += u64::from(frame.wire_len);
        c.truncated += u64::from(frame.len < frame.wire_len as usize);
        c.tagged += u64::from(frame.vlan.is_some());
        c.joined += u64::from(frame.wire_len > self.mtu.saturating_add(HEADERS));
    }

    /// True if half of the ring waits to be read.
    pub fn pressed(&self) -> bool {
        self.map.ready((self.at + self.blocks / 2) % self.blocks)
    }

    /// Reads the kernel's counters, which it sets to 0 with that.
    pub fn count(&mut self) {
        // struct tpacket_stats_v3: packets with those dropped, packets dropped, times the ring was full
        if let Ok([_, drops, freezes]) =
            sys::get::<3>(&self.socket, libc::SOL_PACKET, libc::PACKET_STATISTICS)
        {
            self.counters.drops += u64::from(drops);
            self.counters.freezes += u64::from(freezes);
        }
    }

    /// Looks after the port once a second, or at once if `now` says that something is wrong with it.
    pub fn tend(&mut self, now: bool) {
        if now || self.looked.elapsed() >= LOOK {
            self.count();
            self.look();
        }
    }

    /// Sees how the interface is; one that was removed and came back is bound anew.
    fn look(&mut self) {
        self.looked = Instant::now();
        // reading an error takes it away
        let error = sys::get::<1>(&self.socket, libc::SOL_SOCKET, libc::SO_ERROR).map_or(0, |[e]| e as i32);
        if matches!(error, libc::ENETDOWN | libc::ENODEV | libc::ENXIO) {
            self.turn(State::Down);
        }
        let state = self.seen();
        self.turn(state);
    }

    fn turn(&mut self, state: State) {
        self.counters.downs += u64::from(self.state == State::Up && state != State::Up);
        self.state = state;
    }

    fn seen(&mut self) -> State {
        let fd = self.socket.as_raw_fd();
        let Ok(index) = number(fd, libc::SIOCGIFINDEX as u32, &self.label) else { return State::Gone };
        if index != self.index {
            let link = hardware(fd, &self.label).ok().and_then(link::of_hardware);
            if link != Some(self.link) {
                return State::Other;
            }
            if self.bind(index).is_err() {
                return State::Gone;
            }
        }
        let flags = sys::ask(fd, libc::SIOCGIFFLAGS as u32, &self.label);
        let flags = flags.map_or(0, |[a, b, ..]| i32::from(u16::from_ne_bytes([a, b])));
        let mtu = number(fd, libc::SIOCGIFMTU as u32, &self.label).ok().and_then(|n| u32::try_from(n).ok());
        self.mtu = mtu.unwrap_or(u32::MAX);
        match (flags & libc::IFF_UP != 0, flags & libc::IFF_RUNNING != 0) {
            (true, true) => State::Up,
            (true, false) => State::NoCarrier,
            (false, _) => State::Down,
        }
    }
}

fn set(fd: &OwnedFd, option: i32, words: &[i32]) -> io::Result<()> {
    let octets: Vec<u8> = words.iter().flat_map(|w| w.to_ne_bytes()).collect();
    sys::set(fd, libc::SOL_PACKET, option, &octets)
}

/// ARPHRD number of an interface: the family of its hardware address.
fn hardware(fd: RawFd, label: &[u8; NAME]) -> io::Result<u16> {
    sys::ask(fd, libc::SIOCGIFHWADDR as u32, label).map(|[a, b, ..]| u16::from_ne_bytes([a, b]))
}

/// Size and number of the blocks of a ring: powers of two of pages, so that the kernel finds them easily.
fn layout(mib: usize) -> (usize, usize) {
    let bytes = mib.clamp(1, 4096) << 20;
    let size = (bytes / MIN_BLOCKS).min(MAX_BLOCK);
    let size = if size.is_power_of_two() { size } else { size.next_power_of_two() / 2 };
    (size, bytes / size)
}

/// Waits at most so long until one of the ports that `of` picks has packets, and looks after those with
/// which something is wrong.
pub fn wait(ports: &mut [Port], of: impl Fn(&Port) -> bool, most: Duration) {
    // poll(2) passes over negative numbers
    let fds: Vec<RawFd> = ports.iter().map(|p| if of(p) { p.socket.as_raw_fd() } else { -1 }).collect();
    // rounded up, so that the last wait is not a row of empty ones
    let ms = most.as_micros().div_ceil(1000).min(60_000) as i32;
    let Ok(wrong) = sys::poll(&fds, ms) else { return };
    for (port, wrong) in ports.iter_mut().zip(wrong) {
        port.tend(wrong);
    }
}

impl Port {
    /// True if the port holds a packet that was looked at and not passed over.
    pub fn holds(&self) -> bool {
        self.head.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_made_of_whole_blocks() {
        for mib in [0, 1, 2, 3, 4, 5, 64, 4096, 1 << 20] {
            let (size, blocks) = layout(mib);
            assert!(size.is_power_of_two() && size >= 1 << 18 && blocks >= MIN_BLOCKS, "{mib}");
            assert_eq!(size * blocks, mib.clamp(1, 4096) << 20, "{mib}");
        }
    }

    #[test]
    fn names_that_cannot_be_are_told() {
        let settings = Settings { ring_mib: 1, promiscuous: false };
        for name in ["", "a name", "sixteen-letters-", "a/b", "line\nfeed"] {
            let why = Port::open(name, settings).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(why.contains("no interface can have this name") && !why.contains('\n'), "{why}");
        }
    }

    #[test]
    fn an_interface_that_is_not_there_is_told_with_those_that_are() {
        let settings = Settings { ring_mib: 1, promiscuous: false };
        let why = Port::open("nothere0", settings).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(why.starts_with("interface \"nothere0\" does not exist: "), "{why}");
    }
}

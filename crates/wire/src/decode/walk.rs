//! The walk over the headers of one packet: one step a header.

use super::packet::{Net, Packet, Status, Tunnel, flag};
use super::{LinkType, MAX_HEADERS, ether, gre, ip, link, shard, transport, wifi};

/// Which header stands next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    Done,
    Ethernet,
    /// What this EtherType (or 802.3 length) names.
    Type(u16),
    Llc,
    V4,
    V6,
    /// IPv4 or IPv6, by the version in its first octet.
    Ip,
    Mpls,
    Ppp,
    Wifi,
    Gre,
    /// What this IP protocol number names; `true` where IPv6 extension headers are allowed.
    Proto(u8, bool),
}

pub(super) struct Walk<'a, 'p> {
    data: &'a [u8],
    /// Start of the next header.
    pub at: usize,
    /// End of the present layer in the capture; never behind the end of `data`.
    pub end: usize,
    /// End of the present layer on the wire.
    pub wire: usize,
    /// A header with hardware addresses stands directly around the next network header.
    pub framed: bool,
    /// Written where it is kept: copying it would cost as much as decoding.
    pub p: &'p mut Packet,
}

#[inline]
pub(super) fn run(p: &mut Packet, link: LinkType, wire_len: u32, data: &[u8]) {
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    *p = Packet::new(link, wire_len, len);
    let end = len as usize;
    let mut walk = Walk { data, at: 0, end, wire: end.max(wire_len as usize), framed: false, p };
    let mut next = link::first(&mut walk, link);
    let mut room = MAX_HEADERS;
    while next != Next::Done {
        if room == 0 || walk.at > usize::from(u16::MAX) {
            next = walk.stop(Status::TooDeep);
            continue;
        }
        room -= 1;
        let w = &mut walk;
        next = match next {
            Next::Ethernet => ether::ethernet(w),
            Next::Type(t) => ether::ethertype(w, t),
            Next::V4 => ip::v4(w),
            Next::Proto(n, v6) => transport::proto(w, n, v6),
            Next::V6 => ip::v6(w),
            Next::Ip => ip::by_version(w),
            Next::Llc => ether::llc(w),
            Next::Mpls => ether::mpls(w),
            Next::Ppp => ether::ppp(w),
            Next::Wifi => wifi::frame(w),
            Next::Gre => gre::gre(w),
            Next::Done => Next::Done,
        };
    }
    walk.p.shard = shard::of(walk.p);
}

impl<'a> Walk<'a, '_> {
    /// What was captured of the present layer.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..self.end).unwrap_or_default()
    }
    #[inline]
    pub fn head<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.rest().first_chunk::<N>()
    }
    /// Octets of the present layer on the wire.
    #[inline]
    pub fn wire_left(&self) -> usize {
        self.wire.saturating_sub(self.at)
    }
    /// Passes over `n` octets; past the end of the layer there is nothing.
    #[inline]
    pub fn skip(&mut self, n: usize) {
        self.at = self.at.saturating_add(n).min(self.end);
    }
    /// Says that the present layer ends `n` octets from here.
    #[inline]
    pub fn bound(&mut self, n: usize) {
        let end = self.at.saturating_add(n);
        self.wire = end;
        self.end = self.end.min(end);
    }

    /// What remains of the layer is the payload.
    #[inline]
    pub fn payload(&mut self) -> Next {
        let to = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.p.payload_off = to(self.at);
        self.p.payload_len = to(self.end.saturating_sub(self.at));
        self.p.payload_wire = to(self.wire_left());
        Next::Done
    }
    /// Ends the walk; what was found so far stands, without payload.
    #[cold]
    pub fn stop(&mut self, status: Status) -> Next {
        self.p.status = status;
        self.p.payload_off = u32::try_from(self.at).unwrap_or(u32::MAX);
        (self.p.payload_len, self.p.payload_wire) = (0, 0);
        Next::Done
    }
    /// Ends the walk because a header of `n` octets is not there: it was cut off, or never was.
    #[cold]
    pub fn short(&mut self, n: usize) -> Next {
        let cut = self.wire > self.end && self.wire_left() >= n;
        self.stop(if cut { Status::Truncated } else { Status::Malformed })
    }

    /// Goes into a tunnel: the hardware addresses outside are not those of the packet inside.
    pub fn enter(&mut self, tunnel: Tunnel) {
        self.p.tunnel = tunnel;
        self.p.depth = self.p.depth.saturating_add(1);
        self.unframe();
    }
    fn unframe(&mut self) {
        self.framed = false;
        self.p.flags &= !(flag::SRC_MAC | flag::DST_MAC);
        (self.p.src_mac, self.p.dst_mac) = ([0; 6], [0; 6]);
    }
    /// Notes hardware addresses, where there are any.
    #[inline]
    pub fn frame(&mut self, dst: Option<[u8; 6]>, src: Option<[u8; 6]>) {
        self.p.flags &= !(flag::SRC_MAC | flag::DST_MAC);
        self.p.src_mac = src.unwrap_or_default();
        self.p.dst_mac = dst.unwrap_or_default();
        self.p.flags |= if src.is_some() { flag::SRC_MAC } else { 0 };
        self.p.flags |= if dst.is_some() { flag::DST_MAC } else { 0 };
        self.framed = true;
        self.p.vlan = 0;
    }

    /// A network header begins here: forgets what was outside.
    #[inline]
    pub fn network(&mut self, net: Net) {
        if !self.framed {
            self.unframe();
        }
        self.framed = false;
        self.p.net = net;
        self.p.flags &= flag::SRC_MAC | flag::DST_MAC;
        (self.p.sport, self.p.dport, self.p.proto) = (0, 0, 0);
        self.p.l3_off = u16::try_from(self.at).unwrap_or(u16::MAX);
    }

    /// The payload is that of a layer-2 protocol.
    pub fn layer2(&mut self, net: Net, ethertype: u16, word: u32) -> Next {
        self.network(net);
        (self.p.src, self.p.dst) = ([0; 16], [0; 16]);
        (self.p.ttl, self.p.l4_off) = (0, 0);
        self.p.ethertype = ethertype;
        self.p.word = word;
        self.payload()
    }
}

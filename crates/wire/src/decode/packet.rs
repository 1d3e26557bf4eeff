//! What decoding says of one packet.

use super::LinkType;
use crate::model::Mac;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the innermost header that was understood belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Net {
    /// Nothing was understood; [`Packet::status`] says why.
    #[default]
    None,
    V4,
    V6,
    /// No IP: `ethertype` names the protocol of the payload.
    EtherType,
    /// 802.2 LLC: [`Packet::llc`] has the service access points.
    Llc,
    /// SNAP with an organization's own protocol: [`Packet::snap`]; the protocol id is in `ethertype`.
    Snap,
    /// PPP; the PPP protocol number is in `ethertype`.
    Ppp,
}

/// How decoding ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Status {
    #[default]
    Ok,
    /// Link type that is not decoded.
    UnknownLink,
    /// The record ends inside a header because not all of the packet was captured.
    Truncated,
    /// A header contradicts itself or runs past the packet.
    Malformed,
    /// More than [`super::MAX_HEADERS`] headers.
    TooDeep,
    /// 802.11 frame with an encrypted body.
    Encrypted,
    /// Frame of the link itself without a payload (802.11 management, control or null data).
    LinkControl,
}

impl Status {
    pub const ALL: [Status; 7] = [
        Status::Ok,
        Status::UnknownLink,
        Status::Truncated,
        Status::Malformed,
        Status::TooDeep,
        Status::Encrypted,
        Status::LinkControl,
    ];
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::UnknownLink => "unknown-link",
            Status::Truncated => "truncated",
            Status::Malformed => "malformed",
            Status::TooDeep => "too-deep",
            Status::Encrypted => "encrypted",
            Status::LinkControl => "link-control",
        }
    }
}

/// Kind of the innermost tunnel a packet came through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum Tunnel {
    #[default]
    None,
    IpInIp,
    SixInFour,
    Gre,
    Pptp,
    Erspan,
    Vxlan,
    Geneve,
    GtpU,
    Teredo,
    L2tp,
    MplsInIp,
    EtherIp,
    Capwap,
    Tzsp,
}

impl Tunnel {
    pub fn name(self) -> &'static str {
        match self {
            Tunnel::None => "none",
            Tunnel::IpInIp => "ip-in-ip",
            Tunnel::SixInFour => "6in4",
            Tunnel::Gre => "gre",
            Tunnel::Pptp => "pptp",
            Tunnel::Erspan => "erspan",
            Tunnel::Vxlan => "vxlan",
            Tunnel::Geneve => "geneve",
            Tunnel::GtpU => "gtp-u",
            Tunnel::Teredo => "teredo",
            Tunnel::L2tp => "l2tp",
            Tunnel::MplsInIp => "mpls-in-ip",
            Tunnel::EtherIp => "etherip",
            Tunnel::Capwap => "capwap",
            Tunnel::Tzsp => "tzsp",
        }
    }
}

/// Bits of [`Packet::flags`].
pub mod flag {
    /// A fragment of an IP datagram that is not whole: `payload` is its piece of the IP payload.
    pub const FRAGMENT: u8 = 1;
    /// More fragments follow (of a fragment).
    pub const MORE: u8 = 2;
    /// Made of fragments: the offsets go into the reassembled datagram (`Batch::data` knows).
    pub const REASSEMBLED: u8 = 4;
    pub const SRC_MAC: u8 = 8;
    pub const DST_MAC: u8 = 16;
    /// The IP header gives no length (segmentation offload): the payload runs to the frame's end.
    pub const NO_LENGTH: u8 = 32;
    /// `l4_off` is the start of a transport header of which all fixed parts were captured.
    pub const TRANSPORT: u8 = 64;
}

/// The innermost headers of one packet. Offsets are octets from the start of its record.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// Nanoseconds since 1970-01-01 UTC.
    pub time_ns: i64,
    /// 1-based number in its source.
    pub frame: u64,
    /// IPv4 addresses take the first four octets, the rest is zero.
    pub src: [u8; 16],
    pub dst: [u8; 16],
    /// Where the record stands in its batch.
    pub at: u32,
    /// Index of its source in the run.
    pub source: u32,
    /// Octets on the wire, and of them in the capture.
    pub wire_len: u32,
    pub cap_len: u32,
    pub payload_off: u32,
    /// Captured octets of payload.
    pub payload_len: u32,
    /// Octets of payload on the wire: more than `payload_len` where the capture cut the packet.
    pub payload_wire: u32,
    /// TCP sequence number; fragment identification; LLC and SNAP numbers.
    pub(super) word: u32,
    /// TCP acknowledgement number.
    pub tcp_ack: u32,
    pub src_mac: [u8; 6],
    pub dst_mac: [u8; 6],
    /// Ports of TCP, UDP, SCTP, DCCP and UDP-Lite, else 0.
    pub sport: u16,
    pub dport: u16,
    pub tcp_window: u16,
    pub link: LinkType,
    /// First non-zero VLAN id of the innermost Ethernet frame, 0 if untagged.
    pub vlan: u16,
    /// EtherType (or what [`Net`] says) in front of the innermost network header; 0 if there is none.
    pub ethertype: u16,
    /// Place of a fragment in the payload of its datagram, octets.
    pub frag_off: u16,
    /// Start of the innermost IP header.
    pub l3_off: u16,
    /// Start of what follows the IP headers (transport header or fragment).
    pub l4_off: u16,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// IP protocol number behind all extension headers.
    pub proto: u8,
    pub tcp_flags: u8,
    /// 0-63, by the unordered pair of the innermost addresses.
    pub shard: u8,
    pub net: Net,
    pub status: Status,
    pub tunnel: Tunnel,
    /// How many tunnels it came through.
    pub depth: u8,
    pub flags: u8,
}

impl Default for Packet {
    fn default() -> Packet {
        Packet::new(LinkType::NULL, 0, 0)
    }
}

impl Packet {
    #[inline]
    pub(super) fn new(link: LinkType, wire_len: u32, cap_len: u32) -> Packet {
        Packet {
            time_ns: 0,
            frame: 0,
            src: [0; 16],
            dst: [0; 16],
            at: 0,
            source: 0,
            wire_len,
            cap_len,
            payload_off: 0,
            payload_len: 0,
            payload_wire: 0,
            word: 0,
            tcp_ack: 0,
            src_mac: [0; 6],
            dst_mac: [0; 6],
            sport: 0,
            dport: 0,
            tcp_window: 0,
            link,
            vlan: 0,
            ethertype: 0,
            frag_off: 0,
            l3_off: 0,
            l4_off: 0,
            ttl: 0,
            proto: 0,
            tcp_flags: 0,
            shard: 0,
            net: Net::None,
            status: Status::Ok,
            tunnel: Tunnel::None,
            depth: 0,
            flags: 0,
        }
    }

    #[inline]
    pub fn is_ip(&self) -> bool {
        matches!(self.net, Net::V4 | Net::V6)
    }
    #[inline]
    pub fn is_l2(&self) -> bool {
        matches!(self.net, Net::EtherType | Net::Llc | Net::Snap | Net::Ppp)
    }
    #[inline]
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
    /// TCP with its whole fixed header, and not a fragment.
    #[inline]
    pub fn is_tcp(&self) -> bool {
        self.proto == 6 && self.has(flag::TRANSPORT)
    }
    #[inline]
    pub fn is_udp(&self) -> bool {
        self.proto == 17 && self.has(flag::TRANSPORT)
    }
    #[inline]
    pub fn is_fragment(&self) -> bool {
        self.has(flag::FRAGMENT)
    }

    fn address(&self, octets: &[u8; 16]) -> Option<IpAddr> {
        match self.net {
            Net::V4 => octets.first_chunk::<4>().map(|&a| IpAddr::V4(Ipv4Addr::from(a))),
            Net::V6 => Some(IpAddr::V6(Ipv6Addr::from(*octets))),
            _ => None,
        }
    }
    pub fn src_ip(&self) -> Option<IpAddr> {
        self.address(&self.src)
    }
    pub fn dst_ip(&self) -> Option<IpAddr> {
        self.address(&self.dst)
    }
    /// Sender in the innermost Ethernet (or like) header, if it stands directly around the
    /// innermost network header.
    pub fn src_hw(&self) -> Option<Mac> {
        self.has(flag::SRC_MAC).then_some(Mac(self.src_mac))
    }
    pub fn dst_hw(&self) -> Option<Mac> {
        self.has(flag::DST_MAC).then_some(Mac(self.dst_mac))
    }

    /// TCP sequence number.
    #[inline]
    pub fn tcp_seq(&self) -> u32 {
        if self.is_tcp() { self.word } else { 0 }
    }
    /// Identification of a fragment.
    pub fn frag_id(&self) -> u32 {
        if self.is_fragment() { self.word } else { 0 }
    }
    /// Destination and source service access point of an 802.2 frame.
    pub fn llc(&self) -> Option<(u8, u8)> {
        let [dsap, ssap, ..] = self.word.to_be_bytes();
        (self.net == Net::Llc).then_some((dsap, ssap))
    }
    /// Organization and protocol id of a SNAP frame.
    pub fn snap(&self) -> Option<(u32, u16)> {
        (self.net == Net::Snap).then_some((self.word, self.ethertype))
    }

    /// Its payload, out of its record.
    #[inline]
    pub fn payload<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        let from = self.payload_off as usize;
        record.get(from..from.saturating_add(self.payload_len as usize)).unwrap_or_default()
    }
}

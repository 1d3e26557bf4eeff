//! What shards tell the one stage that sees them all: first packets of flows, their answers, claims
//! to addresses. One note per flow or claim, never one per packet, and none where no events are.

use crate::flow::Unit;
use crate::model::{Mac, Stamp};
use std::net::IpAddr;

/// Notes of one shard between two hand-overs; more are counted and dropped.
pub const MAX_NOTES: usize = 1 << 16;

/// One note, and the packet it was made at.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Number of the packet over all sources.
    pub packet: u64,
    pub at: Stamp,
    pub vlan: u16,
    pub what: What,
}

#[derive(Clone, Copy, Debug)]
pub enum What {
    Opened(Opening),
    /// The other end answered the opening of a flow: it took it, or it refused.
    Answered {
        asker: IpAddr,
        target: IpAddr,
        port: u16,
        proto: u8,
        accepted: bool,
    },
    /// An ARP or NDP message says that `mac` has `ip`. `to`: whom an answer was sent to.
    Claimed {
        mac: Mac,
        ip: IpAddr,
        to: Option<IpAddr>,
        answer: bool,
    },
    /// An ARP or NDP message asks for the owner of `ip`.
    Asked {
        mac: Mac,
        by: IpAddr,
        ip: IpAddr,
    },
    /// Fragments that overlap with different octets or, `false`, cannot be.
    Fragments {
        ends: (IpAddr, IpAddr),
        overlap: bool,
    },
    /// A packet is so much older than those before it in its source.
    Back {
        by: i64,
    },
    /// The first packet of a flow within a tunnel.
    Nested(super::tunnels::Nested),
    /// The sender offers itself as an Internet gateway device (UPnP IGD:1, 2).
    Gateway {
        ip: IpAddr,
    },
}

/// First packet of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub src: IpAddr,
    pub dst: IpAddr,
    pub src_port: u16,
    pub dst_port: u16,
    pub proto: u8,
    /// Hardware addresses, where the packet came through no tunnel.
    pub macs: Option<(Mac, Mac)>,
    pub ttl: u8,
    /// TCP flags; type of an ICMP message.
    pub flags: u8,
    /// IPv4 identification.
    pub id: u16,
    pub stack: Option<Stack>,
}

/// What a SYN shows of the stack that made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stack {
    pub window: u16,
    /// Kinds of its options in their order (RFC 9293, 3.1), those that fit.
    pub options: [u8; 12],
    pub count: u8,
    /// Maximum segment size, 0 where it gives none.
    pub mss: u16,
    pub scale: Option<u8>,
    pub timestamp: Option<u32>,
}

impl Stack {
    /// From the TCP header of a SYN.
    pub fn read(header: &[u8]) -> Option<Stack> {
        let window = u16::from_be_bytes([*header.get(14)?, *header.get(15)?]);
        let mut stack = Stack { window, ..Stack::default() };
        let mut rest = header.get(20..)?;
        while let Some((&kind, after)) = rest.split_first() {
            if let Some(place) = stack.options.get_mut(usize::from(stack.count)) {
                *place = kind;
                stack.count += 1;
            }
            let length = match kind {
                0 => break,
                1 => 0,
                _ => usize::from(*after.first()?).checked_sub(1)?,
            };
            if let (2, Some(&[_, a, b])) = (kind, after.get(..3)) {
                stack.mss = u16::from_be_bytes([a, b]);
            }
            if kind == 3 {
                stack.scale = after.get(1).copied();
            }
            if kind == 8 {
                stack.timestamp =
                    after.get(1..5).and_then(|b| b.first_chunk::<4>()).map(|b| u32::from_be_bytes(*b));
            }
            rest = after.get(length..)?;
        }
        Some(stack)
    }
    /// The window as a multiple of the segment size where it is one (`mss*20`; a sender of timestamps
    /// counts segments without their 12 octets), else as it is.
    pub fn span(&self) -> String {
        let sizes = [self.mss, self.mss.saturating_sub(if self.timestamp.is_some() { 12 } else { 0 })];
        let times = |size: &u16| {
            let n = self.window.checked_div(*size).filter(|n| (1..=64).contains(n))?;
            (*size >= 256 && n * *size == self.window).then_some(n)
        };
        match sizes.iter().find_map(times) {
            Some(n) => format!("mss*{n}"),
            None => self.window.to_string(),
        }
    }
    /// Its option kinds as letters: M maximum segment size, N filler, W window scale, S selective
    /// acknowledgement, T timestamps, E end, ? others.
    pub fn layout(&self) -> String {
        let letter = |k: &u8| match k {
            0 => 'E',
            1 => 'N',
            2 => 'M',
            3 => 'W',
            4 => 'S',
            8 => 'T',
            _ => '?',
        };
        self.options.iter().take(usize::from(self.count)).map(letter).collect()
    }
}

impl Opening {
    /// `None` for a packet without IP.
    pub fn of(u: &Unit<'_>) -> Option<Opening> {
        let ip = |b: &[u8; 16]| match u.kind {
            4 => Some(IpAddr::from([b[0], b[1], b[2], b[3]])),
            6 => Some(IpAddr::from(*b)),
            _ => None,
        };
        let syn = u.proto == 6 && u.flags & (crate::flow::SYN | crate::flow::ACK) == crate::flow::SYN;
        let id = match (u.kind, u.head.ip().get(4..6)) {
            (4, Some(&[a, b])) => u16::from_be_bytes([a, b]),
            _ => 0,
        };
        Some(Opening {
            src: ip(&u.src)?,
            dst: ip(&u.dst)?,
            src_port: u.src_port,
            dst_port: u.dst_port,
            proto: u.proto,
            macs: u.macs.filter(|_| u.head.depth == 0),
            ttl: u.ttl,
            flags: if matches!(u.proto, 1 | 58) { u.payload.first().copied().unwrap_or(0) } else { u.flags },
            id,
            stack: if syn { Stack::read(u.head.transport()) } else { None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_options_of_a_syn() {
        let mut header = vec![0; 20];
        header[14] = 0xfa;
        header[15] = 0xf0;
        header.extend([2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 1, 2, 0, 0, 0, 0, 1, 3, 3, 7]);
        let stack = Stack::read(&header).unwrap();
        assert_eq!((stack.layout().as_str(), stack.timestamp, stack.window), ("MSTNW", Some(258), 64240));
    }

    #[test]
    fn a_broken_option_list_is_no_stack() {
        for tail in [&[2u8, 0][..], &[2], &[3, 9, 1]] {
            assert_eq!(Stack::read(&[&[0; 20][..], tail].concat()), None);
        }
    }
}

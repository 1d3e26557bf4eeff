//! What is told about a source when it was read.

use super::error::CaptureError;
use crate::decode::LinkType;

/// Packets of one link type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkCount {
    pub link: LinkType,
    pub packets: u64,
}

/// Warnings kept of one source; more are counted by [`SourceStats::more_warnings`].
const MAX_WARNINGS: usize = 16;
/// Link types told apart in one source; the rest is counted as type 65535.
const MAX_LINKS: usize = 64;

/// What was seen of a source so far.
#[derive(Debug, Default)]
pub struct SourceStats {
    pub name: String,
    pub packets: u64,
    /// Bytes of the packets on the wire.
    pub bytes: u64,
    /// Earliest and latest packet time, nanoseconds since 1970 UTC; packets without a time not counted.
    pub first_ns: Option<i64>,
    pub last_ns: Option<i64>,
    /// Packets the capturing side says it lost (pcapng interface statistics).
    pub dropped: u64,
    /// Packets shorter in the capture than on the wire.
    pub truncated: u64,
    /// The last record is incomplete: the capture was cut.
    pub cut: bool,
    /// Packets whose record has no time, or one that cannot be.
    pub untimed: u64,
    /// Packets earlier than the one before them.
    pub backwards: u64,
    /// pcapng records that are counted as frames by other tools but hold no packet.
    pub not_packets: u64,
    /// Packets of interfaces that the file does not declare.
    pub undeclared: u64,
    pub links: Vec<LinkCount>,
    pub warnings: Vec<String>,
    pub more_warnings: u64,
    /// Why reading stopped before the end.
    pub error: Option<CaptureError>,
}

impl SourceStats {
    pub(super) fn warn(&mut self, text: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(text);
        } else {
            self.more_warnings = self.more_warnings.saturating_add(1);
        }
    }

    /// Adds `packets` of one link type.
    pub(super) fn count_link(&mut self, link: LinkType, packets: u64) {
        if packets == 0 {
            return;
        }
        let full = self.links.len() >= MAX_LINKS;
        if let Some(known) = self.links.iter_mut().find(|l| l.link == link) {
            known.packets = known.packets.saturating_add(packets);
        } else if full && let Some(last) = self.links.last_mut() {
            last.packets = last.packets.saturating_add(packets);
        } else {
            let link = if self.links.len() + 1 == MAX_LINKS { LinkType(u16::MAX) } else { link };
            self.links.push(LinkCount { link, packets });
        }
    }
}

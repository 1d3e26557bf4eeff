//! BACnet APDU headers and the reassembly of segmented ones (ASHRAE 135, clauses 20.1 and 5.2).

use super::names;
use crate::bytes::Reader;
use crate::model::Side;

/// Reassembled APDUs larger than this are dropped.
const MAX_APDU: usize = 64 * 1024;
/// Transfers of one flow that are put together at the same time.
const MAX_ASSEMBLIES: usize = 4;

/// Kind of an APDU, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Confirmed,
    Unconfirmed,
    SimpleAck,
    ComplexAck,
    SegmentAck,
    Error,
    Reject,
    Abort,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Confirmed => "confirmed_request",
            Kind::Unconfirmed => "unconfirmed_request",
            Kind::SimpleAck => "simple_ack",
            Kind::ComplexAck => "complex_ack",
            Kind::SegmentAck => "segment_ack",
            Kind::Error => "error_pdu",
            Kind::Reject => "reject_pdu",
            Kind::Abort => "abort_pdu",
        }
    }
}

/// One APDU, or a segment of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Apdu<'a> {
    pub kind: Kind,
    /// Absent from unconfirmed requests.
    pub invoke: Option<u8>,
    /// Service choice; reason of a reject or abort.
    pub choice: u8,
    /// Sequence number, and whether more segments follow.
    pub segment: Option<(u8, bool)>,
    /// The server bit of abort and segment ack: sent by the answering side.
    pub by_server: bool,
    pub body: &'a [u8],
}

impl<'a> Apdu<'a> {
    pub fn read(data: &'a [u8]) -> Option<Apdu<'a>> {
        let mut r = Reader::new(data);
        let head = r.u8()?;
        let kind = match head >> 4 {
            0 => Kind::Confirmed,
            1 => Kind::Unconfirmed,
            2 => Kind::SimpleAck,
            3 => Kind::ComplexAck,
            4 => Kind::SegmentAck,
            5 => Kind::Error,
            6 => Kind::Reject,
            7 => Kind::Abort,
            _ => return None,
        };
        if kind == Kind::Confirmed {
            r.skip(1)?;
        }
        let invoke = if kind == Kind::Unconfirmed { None } else { Some(r.u8()?) };
        let segmented = matches!(kind, Kind::Confirmed | Kind::ComplexAck) && head & 8 != 0;
        let segment = if segmented {
            let sequence = r.u8()?;
            r.skip(1)?;
            Some((sequence, head & 4 != 0))
        } else {
            None
        };
        let choice = r.u8()?;
        let known = match kind {
            Kind::Confirmed | Kind::SimpleAck | Kind::ComplexAck | Kind::Error => {
                names::confirmed(choice).is_some()
            }
            Kind::Unconfirmed => names::unconfirmed(choice).is_some(),
            _ => true,
        };
        known.then_some(Apdu { kind, invoke, choice, segment, by_server: head & 1 != 0, body: r.rest() })
    }
}

#[derive(Debug)]
struct Assembly {
    from: Side,
    kind: Kind,
    invoke: u8,
    next: u8,
    data: Vec<u8>,
}

/// Segmented APDUs of both directions being put together.
#[derive(Debug, Default)]
pub struct Segments {
    open: Vec<Assembly>,
}

/// What a segment led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Joined {
    /// All segments, in order.
    Whole(Vec<u8>),
    Open,
    /// Out of order or too long: given up.
    Lost,
}

impl Segments {
    /// Takes a segment of an APDU sent by `from`.
    pub fn add(&mut self, from: Side, apdu: &Apdu<'_>) -> Joined {
        let (Some(invoke), Some((sequence, more))) = (apdu.invoke, apdu.segment) else { return Joined::Lost };
        let at = self.open.iter().position(|a| (a.from, a.kind, a.invoke) == (from, apdu.kind, invoke));
        if sequence == 0 && at.is_none_or(|at| self.open.get(at).is_none_or(|a| a.next != 0)) {
            if let Some(at) = at {
                self.open.swap_remove(at);
            }
            if self.open.len() >= MAX_ASSEMBLIES {
                self.open.remove(0);
            }
            self.open.push(Assembly { from, kind: apdu.kind, invoke, next: 1, data: apdu.body.to_vec() });
            return Joined::Open;
        }
        let Some(at) = at else { return Joined::Lost };
        let Some(open) = self.open.get_mut(at) else { return Joined::Lost };
        if sequence.wrapping_add(1) == open.next {
            // sent again
            return Joined::Open;
        }
        if sequence != open.next || open.data.len() + apdu.body.len() > MAX_APDU {
            self.open.swap_remove(at);
            return Joined::Lost;
        }
        open.next = open.next.wrapping_add(1);
        open.data.extend_from_slice(apdu.body);
        if more { Joined::Open } else { Joined::Whole(self.open.swap_remove(at).data) }
    }
}

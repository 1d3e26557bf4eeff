//! `struct can_frame` and `struct canfd_frame` of Linux, identifier in network order (LINKTYPE 227).

use crate::bytes::Reader;

pub struct Frame<'a> {
    pub id: u32,
    pub extended: bool,
    pub remote: bool,
    /// A report of the controller, no frame of the bus.
    pub error: bool,
    pub data: &'a [u8],
}

impl<'a> Frame<'a> {
    pub fn read(data: &'a [u8]) -> Option<Frame<'a>> {
        let mut r = Reader::new(data);
        let word = r.be32()?;
        let length = usize::from(r.u8().filter(|n| *n <= 64)?);
        r.skip(3)?;
        let extended = word & 0x8000_0000 != 0;
        let id = word & if extended { 0x1FFF_FFFF } else { 0x7FF };
        let body = r.take(length.min(r.left()))?;
        Some(Frame { id, extended, remote: word & 0x4000_0000 != 0, error: word & 0x2000_0000 != 0, data: body })
    }
}

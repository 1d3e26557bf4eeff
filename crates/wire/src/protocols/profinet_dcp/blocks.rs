//! DCP blocks: option, suboption, length, data padded to an even length.

use crate::bytes::Reader;
use std::net::Ipv4Addr;

/// What stands before the data of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Option and suboption only, no length (get request).
    Selectors,
    /// Length, then data (identify request, set response).
    Plain,
    /// Length, then BlockQualifier (set request).
    Qualified,
    /// Length, then BlockInfo (responses, hello).
    Informed,
}

/// One block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block<'a> {
    pub option: (u8, u8),
    /// BlockQualifier or BlockInfo, 0 where the layout has none.
    pub info: u16,
    pub data: &'a [u8],
}

/// Blocks of a frame; ends at the first that does not fit.
pub fn blocks(body: &[u8], layout: Layout) -> impl Iterator<Item = Block<'_>> {
    let mut r = Reader::new(body);
    std::iter::from_fn(move || {
        let option = (r.u8()?, r.u8()?);
        if layout == Layout::Selectors {
            return Some(Block { option, info: 0, data: &[] });
        }
        let length = usize::from(r.be16()?);
        let data = r.take(length)?;
        if length % 2 == 1 {
            let _padding = r.u8();
        }
        if layout == Layout::Plain {
            return Some(Block { option, info: 0, data });
        }
        let mut inner = Reader::new(data);
        let info = inner.be16()?;
        Some(Block { option, info, data: inner.rest() })
    })
}

/// Address, mask and gateway of an IP parameter block.
pub fn ip_parameter(data: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr, Ipv4Addr)> {
    let mut r = Reader::new(data);
    let mut next = || r.be32().map(Ipv4Addr::from);
    Some((next()?, next()?, next()?))
}

/// BlockError of a set response.
pub fn error(code: u8) -> &'static str {
    match code {
        0 => "no_error",
        1 => "option_not_supported",
        2 => "suboption_not_supported",
        3 => "suboption_not_set",
        4 => "resource_error",
        5 => "set_not_possible",
        6 => "in_operation_set_not_possible",
        _ => "block_error",
    }
}

/// Organisation behind a PROFINET vendor id, for those met in captures (PI vendor id list).
pub fn vendor(id: u16) -> Option<&'static str> {
    match id {
        0x002A => Some("Siemens AG"),
        0x00B0 => Some("Phoenix Contact"),
        _ => None,
    }
}

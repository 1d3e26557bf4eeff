//! EPATH: where a CIP request goes.
//!
//! Source: ODVA, The CIP Networks Library volume 1, appendix C-1.

use crate::bytes::Reader;

/// Segments looked at in one path.
const MAX_SEGMENTS: usize = 32;

/// A path, as far as requests and connections need it. The last class and instance count (an
/// object inside another one is reached through its parent).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    pub class: Option<u32>,
    pub instance: Option<u32>,
    pub attribute: Option<u32>,
    pub member: Option<u32>,
    pub connection_point: Option<u32>,
    /// Class of the object the last one belongs to.
    pub parent: Option<u32>,
    /// Symbolic name: `Program:Main.Motor[3]`.
    pub symbol: Option<String>,
    /// Port and link of the last hop ("1,0" is slot 0 of the backplane), if it is routed on.
    pub route: Option<Hop>,
}

/// One hop of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub port: u16,
    /// Slot or node number, or the text of an address.
    pub link: String,
}

impl Hop {
    /// Port and link as engineers write them.
    pub fn text(&self) -> String {
        format!("{},{}", self.port, self.link)
    }
}

impl Path {
    /// Reads the segments of a padded EPATH. What is malformed ends it; what stood before counts.
    pub fn read(data: &[u8]) -> Path {
        let mut path = Path::default();
        let mut r = Reader::new(data);
        for _ in 0..MAX_SEGMENTS {
            let Some(segment) = r.u8() else { break };
            let read = match segment >> 5 {
                0 => path.port(segment, &mut r),
                1 => path.logical(segment, &mut r),
                2 => network(segment, &mut r),
                3 => path.old_symbol(segment, &mut r),
                4 => path.data(segment, &mut r),
                _ => None,
            };
            if read.is_none() {
                break;
            }
        }
        path
    }

    /// Port segment: 4 bits of port number, perhaps with an address of several bytes.
    fn port(&mut self, segment: u8, r: &mut Reader<'_>) -> Option<()> {
        let size = if segment & 0x10 != 0 { Some(usize::from(r.u8()?)) } else { None };
        let port = match segment & 0x0f {
            15 => r.le16()?,
            n => n.into(),
        };
        let link = match size {
            None => r.u8()?.to_string(),
            Some(n) => {
                let link = crate::bytes::text(r.take(n)?);
                if n % 2 == 1 {
                    r.skip(1)?;
                }
                link
            }
        };
        self.route = Some(Hop { port, link });
        Some(())
    }

    fn logical(&mut self, segment: u8, r: &mut Reader<'_>) -> Option<()> {
        let kind = segment >> 2 & 7;
        if kind == 5 {
            // electronic key: format and, for format 4, 8 bytes
            return match segment & 3 {
                0 if r.u8()? == 4 => r.skip(8),
                _ => None,
            };
        }
        let value = match segment & 3 {
            0 => u32::from(r.u8()?),
            1 => {
                r.skip(1)?;
                u32::from(r.le16()?)
            }
            2 => {
                r.skip(1)?;
                r.le32()?
            }
            _ => return None,
        };
        match kind {
            0 => {
                self.parent = self.class;
                self.class = Some(value);
                self.instance = None;
            }
            1 => self.instance = Some(value),
            2 => {
                self.member = Some(value);
                if let Some(symbol) = &mut self.symbol {
                    symbol.push_str(&format!("[{value}]"));
                }
            }
            3 => self.connection_point = Some(value),
            4 => self.attribute = Some(value),
            _ => {}
        }
        Some(())
    }

    /// Symbolic segment of the old form: its length in 5 bits, no pad.
    fn old_symbol(&mut self, segment: u8, r: &mut Reader<'_>) -> Option<()> {
        let n = usize::from(segment & 0x1f);
        if n == 0 {
            return None;
        }
        self.symbol(r.take(n)?);
        Some(())
    }

    fn data(&mut self, segment: u8, r: &mut Reader<'_>) -> Option<()> {
        let n = usize::from(r.u8()?);
        if segment == 0x91 {
            self.symbol(r.take(n)?);
            if n % 2 == 1 {
                r.skip(1)?;
            }
            return Some(());
        }
        // simple data segment: its length in words
        r.skip(n * 2)
    }

    fn symbol(&mut self, name: &[u8]) {
        let name: String = String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).collect();
        match &mut self.symbol {
            Some(symbol) => {
                symbol.push('.');
                symbol.push_str(&name);
            }
            None => self.symbol = Some(name),
        }
    }
}

fn network(segment: u8, r: &mut Reader<'_>) -> Option<()> {
    // bit 4: data in words behind a size; else one byte
    let n = if segment & 0x10 != 0 { usize::from(r.u8()?) * 2 } else { 1 };
    r.skip(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_nest() {
        let path = Path::read(&[0x20, 0x68, 0x25, 0, 1, 2, 0x20, 0x6a, 0x24, 7]);
        assert_eq!((path.parent, path.class, path.instance), (Some(0x68), Some(0x6a), Some(7)));
    }

    #[test]
    fn symbols_and_elements_make_a_tag_name() {
        let path = Path::read(&[0x91, 5, b'M', b'o', b't', b'o', b'r', 0, 0x28, 3, 0x91, 2, b'o', b'n']);
        assert_eq!(path.symbol.as_deref(), Some("Motor[3].on"));
    }

    #[test]
    fn routes_end_in_a_slot_or_an_address() {
        let slot = Path::read(&[1, 4, 0x20, 2, 0x24, 1]);
        assert_eq!(slot.route.map(|h| h.text()).as_deref(), Some("1,4"));
        let far = Path::read(&[0x12, 8, b'1', b'0', b'.', b'0', b'.', b'0', b'.', b'9', 1, 0]);
        assert_eq!(far.route.map(|h| h.text()).as_deref(), Some("1,0"));
    }
}

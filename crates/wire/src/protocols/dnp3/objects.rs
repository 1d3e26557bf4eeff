//! DNP3 object headers and the sizes of objects (IEEE 1815-2012, clause 4.2.2 and annex A).

use crate::bytes::Reader;

/// One object header with the bytes of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objects<'a> {
    pub group: u8,
    pub variation: u8,
    pub qualifier: u8,
    /// First index of a range, if the qualifier gives one.
    pub start: Option<u32>,
    /// Number of objects, if the qualifier gives it.
    pub count: Option<u32>,
    /// Prefix and objects one after another, empty where the function carries none.
    pub data: &'a [u8],
}

/// How large an object of a variation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Size {
    Octets(usize),
    /// Several to an octet.
    Bits(usize),
    /// Device attribute: type, length, value.
    Attribute,
    Unknown,
}

fn size(group: u8, variation: u8) -> Size {
    use Size::*;
    match (group, variation) {
        (0, _) => Attribute,
        (1 | 10 | 80, 1) => Bits(1),
        (3, 1) => Bits(2),
        (1 | 3 | 10, 2) => Octets(1),
        (2 | 4 | 11 | 13, 1) => Octets(1),
        (2 | 4 | 11 | 13, 2) => Octets(7),
        (2 | 4, 3) => Octets(3),
        (12, 1 | 2) => Octets(11),
        (12, 3) => Bits(1),
        (20, 1 | 3) | (21..=23, 1 | 3) => Octets(5),
        (20, 2 | 4) | (21..=23, 2 | 4) => Octets(3),
        (20, 5 | 7) | (21, 9 | 11) => Octets(4),
        (20, 6 | 8) | (21, 10 | 12) => Octets(2),
        (21, 5 | 7) | (22 | 23, 5 | 7) => Octets(11),
        (21, 6 | 8) | (22 | 23, 6 | 8) => Octets(9),
        (30, 3) | (31, 5) => Octets(4),
        (30, 4) | (31, 6) => Octets(2),
        (31, 3) => Octets(11),
        (31, 4) => Octets(9),
        (31, 7) => Octets(5),
        (31, 8) => Octets(9),
        (34, 1) => Octets(2),
        (34, 2 | 3) => Octets(4),
        (40 | 41, 4) => Octets(9),
        (40 | 41, 3) => Octets(5),
        (30..=33 | 40..=43, 1) => Octets(5),
        (30..=33 | 40..=43, 2) => Octets(3),
        (30, 5) | (32 | 33 | 42 | 43, 5) => Octets(5),
        (30, 6) | (32 | 33 | 42 | 43, 4 | 6) => Octets(9),
        (32 | 33 | 42 | 43, 3 | 7) => Octets(11),
        (32 | 33 | 42 | 43, 8) => Octets(15),
        (50, 1 | 3) | (51, 1 | 2) => Octets(6),
        (50, 2) => Octets(10),
        (50, 4) => Octets(11),
        (52, 1 | 2) => Octets(2),
        (81, 1) => Octets(3),
        (86, 2) => Octets(1),
        (101, 1) => Octets(2),
        (101, 2) => Octets(4),
        (101, 3) => Octets(8),
        (102, 1) => Octets(1),
        (120, 3) => Octets(6),
        (120, 4) => Octets(2),
        (110..=115, n) => Octets(n as usize),
        _ => Unknown,
    }
}

/// Walks the object headers of a fragment; ends at the first that cannot be measured.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    reader: Reader<'a>,
    with_data: bool,
    failed: bool,
}

impl<'a> Walk<'a> {
    /// `with_data`: the fragment's function carries objects behind their headers.
    pub fn new(data: &'a [u8], with_data: bool) -> Walk<'a> {
        Walk { reader: Reader::new(data), with_data, failed: false }
    }
    /// True if it ended before the end of the fragment.
    pub fn failed(&self) -> bool {
        self.failed
    }

    fn header(&mut self) -> Option<Objects<'a>> {
        let r = &mut self.reader;
        let (group, variation, qualifier) = (r.u8()?, r.u8()?, r.u8()?);
        let (mut start, mut count) = (None, None);
        match qualifier & 0x0F {
            0 | 3 => (start, count) = range(u32::from(r.u8()?), u32::from(r.u8()?)),
            1 | 4 => (start, count) = range(u32::from(r.le16()?), u32::from(r.le16()?)),
            2 | 5 => (start, count) = range(r.le32()?, r.le32()?),
            7 | 0xB => count = Some(u32::from(r.u8()?)),
            8 => count = Some(u32::from(r.le16()?)),
            9 => count = Some(r.le32()?),
            _ => {}
        }
        Some(Objects { group, variation, qualifier, start, count, data: &[] })
    }

    /// Octets that the objects of a header take.
    fn measure(&self, o: &Objects<'a>) -> Option<usize> {
        let count = o.count? as usize;
        let prefix = prefix(o.qualifier);
        let sized = matches!(o.qualifier >> 4 & 7, 4..=6);
        let free = matches!(o.qualifier & 0x0F, 0xB);
        if sized || free {
            // each object says its own size (file objects, authentication)
            let mut r = self.reader;
            let before = r.left();
            for _ in 0..count {
                let n = match prefix {
                    1 => usize::from(r.u8()?),
                    2 => usize::from(r.le16()?),
                    4 => r.le32()? as usize,
                    _ => return None,
                };
                r.skip(n)?;
            }
            return Some(before - r.left());
        }
        if !self.with_data {
            return count.checked_mul(prefix);
        }
        if o.variation == 0 && !matches!(o.group, 110..=115) {
            return Some(0);
        }
        match size(o.group, o.variation) {
            Size::Octets(n) => count.checked_mul(n.checked_add(prefix)?),
            Size::Bits(_) if prefix > 0 => count.checked_mul(prefix.checked_add(1)?),
            Size::Bits(n) => Some(count.checked_mul(n)?.div_ceil(8)),
            Size::Attribute => {
                let mut r = self.reader;
                let before = r.left();
                for _ in 0..count {
                    r.skip(prefix)?;
                    r.skip(1)?;
                    let n = usize::from(r.u8()?);
                    r.skip(n)?;
                }
                Some(before - r.left())
            }
            Size::Unknown => None,
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Objects<'a>;

    fn next(&mut self) -> Option<Objects<'a>> {
        if self.failed || self.reader.is_empty() {
            return None;
        }
        let Some(mut objects) = self.header() else {
            self.failed = true;
            return None;
        };
        let empty = objects.count.is_none() && objects.qualifier & 0x0F == 6;
        match if empty { Some(0) } else { self.measure(&objects) } {
            Some(n) => match self.reader.take(n) {
                Some(data) => objects.data = data,
                None => self.failed = true,
            },
            None => self.failed = true,
        }
        Some(objects)
    }
}

/// Start and count of a range; a stop before its start gives no count.
fn range(start: u32, stop: u32) -> (Option<u32>, Option<u32>) {
    (Some(start), stop.checked_sub(start).and_then(|n| n.checked_add(1)))
}

/// Octets of the index or size before each object.
pub fn prefix(qualifier: u8) -> usize {
    match qualifier >> 4 & 7 {
        1 | 4 => 1,
        2 | 5 => 2,
        3 | 6 => 4,
        _ => 0,
    }
}

impl<'a> Objects<'a> {
    /// Index and bytes of the first object, where objects have a fixed size.
    pub fn first(&self) -> Option<(u32, &'a [u8])> {
        self.items().next()
    }
    /// Index and bytes of every object of fixed size.
    pub fn items(&self) -> impl Iterator<Item = (u32, &'a [u8])> + use<'a> {
        let prefix = prefix(self.qualifier);
        let n = match size(self.group, self.variation) {
            Size::Octets(n) => n,
            _ => 0,
        };
        let step = (n + prefix).max(1);
        let data = if n == 0 { &[] } else { self.data };
        let start = self.start.unwrap_or(0);
        data.chunks_exact(step).enumerate().map(move |(i, item)| {
            let mut r = Reader::new(item);
            let index = match prefix {
                1 => r.u8().map(u32::from),
                2 => r.le16().map(u32::from),
                4 => r.le32(),
                _ => None,
            };
            (index.unwrap_or_else(|| start.saturating_add(i as u32)), r.rest())
        })
    }
    /// Bytes of every object that says its own size.
    pub fn free(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let prefix = prefix(self.qualifier);
        let mut r = Reader::new(self.data);
        std::iter::from_fn(move || {
            let n = match prefix {
                1 => usize::from(r.u8()?),
                2 => usize::from(r.le16()?),
                4 => r.le32()? as usize,
                _ => return None,
            };
            r.take(n)
        })
    }
    /// Variation, type and value of every device attribute (group 0).
    pub fn attributes(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let prefix = prefix(self.qualifier);
        let mut r = Reader::new(self.data);
        std::iter::from_fn(move || {
            r.skip(prefix)?;
            let kind = r.u8()?;
            let n = usize::from(r.u8()?);
            Some((kind, r.take(n)?))
        })
    }
    /// `g30v2[0..9]`, for people.
    pub fn label(&self) -> String {
        let head = format!("g{}v{}", self.group, self.variation);
        match (self.start, self.count) {
            (Some(s), Some(n)) => format!("{head}[{s}..{}]", s.saturating_add(n.saturating_sub(1))),
            (None, Some(n)) => format!("{head} x{n}"),
            _ => head,
        }
    }
    /// The kind of point, in the standard's words.
    pub fn space(&self) -> Option<&'static str> {
        Some(match self.group {
            0 => "device_attributes",
            1 => "binary_inputs",
            2 => "binary_input_events",
            3 => "double_bit_binary_inputs",
            4 => "double_bit_binary_input_events",
            10 => "binary_outputs",
            11 => "binary_output_events",
            12 => "binary_output_commands",
            13 => "binary_output_command_events",
            20 => "counters",
            21 => "frozen_counters",
            22 => "counter_events",
            23 => "frozen_counter_events",
            30 => "analog_inputs",
            31 => "frozen_analog_inputs",
            32 => "analog_input_events",
            33 => "frozen_analog_input_events",
            34 => "analog_input_deadbands",
            40 => "analog_outputs",
            41 => "analog_output_commands",
            42 => "analog_output_events",
            43 => "analog_output_command_events",
            50 => "time_and_date",
            51 => "time_and_date_cto",
            52 => "time_delay",
            60 => "class_data",
            70 => "files",
            80 => "internal_indications",
            81 => "device_storage",
            82 | 83 => "device_profiles",
            85..=88 => "data_sets",
            90 | 91 => "applications",
            101 => "bcd_integers",
            102 => "unsigned_integers",
            110 => "octet_strings",
            111 => "octet_string_events",
            112 => "virtual_terminal_output",
            113 => "virtual_terminal_events",
            120..=122 => "authentication",
            _ => return None,
        })
    }
}

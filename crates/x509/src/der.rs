//! Values of DER (ITU-T X.690) with one-octet tags and lengths in their shortest form, as
//! `sentinel.ca.x509.der.Reader` takes them.

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BITS: u8 = 0x03;
pub const OCTETS: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const UTF8: u8 = 0x0c;
pub const PRINTABLE: u8 = 0x13;
pub const IA5: u8 = 0x16;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// What is left to be read.
#[derive(Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The contents of a value that is all of `octets`.
    pub fn whole(octets: &'a [u8], tag: u8) -> Option<Reader<'a>> {
        let mut all = Reader(octets);
        let inner = all.enter(tag)?;
        all.end()?;
        Some(inner)
    }

    /// Tag of the next value.
    pub fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// `None` if something is left.
    pub fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// Splits the next value off: its header and its contents.
    fn next(&self, tag: u8) -> Option<(usize, &'a [u8], &'a [u8])> {
        let (&[first, short], rest) = self.0.split_first_chunk::<2>()?;
        if first != tag || tag & 0x1f == 0x1f {
            return None;
        }
        if short < 0x80 {
            let (value, rest) = rest.split_at_checked(usize::from(short))?;
            return Some((2, value, rest));
        }
        let count = usize::from(short & 0x7f);
        let (octets, rest) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
        let length = octets.iter().fold(0u64, |sum, octet| sum << 8 | u64::from(*octet));
        if length < 0x80 || octets[0] == 0 {
            return None;
        }
        let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        Some((2 + count, value, rest))
    }

    /// The contents of the next value.
    pub fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (_, value, rest) = self.next(tag)?;
        self.0 = rest;
        Some(value)
    }

    /// The whole of the next value.
    pub fn raw(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (header, value, rest) = self.next(tag)?;
        let all = &self.0[..header + value.len()];
        self.0 = rest;
        Some(all)
    }

    /// A reader of the contents of the next value.
    pub fn enter(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.read(tag).map(Reader)
    }

    /// Contents of a BIT STRING of whole octets.
    pub fn bits(&mut self) -> Option<&'a [u8]> {
        match self.read(BITS)? {
            [0, octets @ ..] => Some(octets),
            _ => None,
        }
    }

    /// Contents of an OBJECT IDENTIFIER whose numbers are complete and in their shortest form.
    pub fn oid(&mut self) -> Option<&'a [u8]> {
        let octets = self.read(OID)?;
        let mut fresh = true;
        for &octet in octets {
            if fresh && octet == 0x80 {
                return None;
            }
            fresh = octet & 0x80 == 0;
        }
        (fresh && !octets.is_empty()).then_some(octets)
    }

    /// A BOOLEAN in one of its two forms.
    pub fn boolean(&mut self) -> Option<bool> {
        match self.read(BOOLEAN)? {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }
}

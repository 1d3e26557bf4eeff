//! The two DER structures of SM2: a signature, SEQUENCE { r, s }, and a ciphertext (GM/T 0009, sections
//! 7.2 and 7.3).
//!
//! Strict: lengths in their shortest form, numbers positive, in their shortest form and of 256 bits at
//! most, nothing after the end.

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// What is left to be read.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The contents of a sequence that is all of `octets`.
    pub fn sequence(octets: &'a [u8]) -> Option<Reader<'a>> {
        let mut all = Reader(octets);
        let inner = all.element(SEQUENCE)?;
        all.0.is_empty().then_some(Reader(inner))
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    fn element(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&first, rest) = self.0.split_first()?;
        let (&short, rest) = rest.split_first()?;
        if first != tag {
            return None;
        }
        let (length, rest) = if short < 0x80 {
            (usize::from(short), rest)
        } else {
            // four octets say more than is ever wanted
            let (octets, rest) =
                rest.split_at_checked(usize::from(short & 0x7f)).filter(|_| short <= 0x84)?;
            let length = octets.iter().fold(0usize, |sum, o| sum << 8 | usize::from(*o));
            if length < 0x80 || octets.first() == Some(&0) {
                return None;
            }
            (length, rest)
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }
    /// A number from 0 to 2^256 - 1, most significant octet first.
    pub fn number(&mut self) -> Option<[u8; 32]> {
        let digits = match self.element(INTEGER)? {
            [0] => &[][..],
            [0, rest @ ..] if rest[0] >= 0x80 => rest,
            value @ [1..=0x7f, ..] => value,
            _ => return None,
        };
        let mut out = [0; 32];
        out[32usize.checked_sub(digits.len())?..].copy_from_slice(digits);
        Some(out)
    }
    pub fn octets(&mut self) -> Option<&'a [u8]> {
        self.element(OCTETS)
    }
}

fn element(tag: u8, value: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    if value.len() < 0x80 {
        out.push(value.len() as u8);
    } else {
        let length = value.len().to_be_bytes();
        let digits = &length[length.iter().take_while(|o| **o == 0).count()..];
        out.push(0x80 | digits.len() as u8);
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(value);
}

/// Appends a number of 256 bits.
pub fn number(value: &[u8; 32], out: &mut Vec<u8>) {
    let zeros = value.iter().take_while(|o| **o == 0).count().min(31);
    let mut signed = [0; 33]; // an octet more: the sign
    signed[1..].copy_from_slice(value);
    let from = if value[zeros] >= 0x80 { zeros } else { zeros + 1 };
    element(INTEGER, &signed[from..], out);
}

pub fn octets(value: &[u8], out: &mut Vec<u8>) {
    element(OCTETS, value, out);
}

pub fn sequence(contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(contents.len() + 6);
    element(SEQUENCE, contents, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(a: [u8; 32], zeros in 0usize..33, text in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let mut small = a;
            small[..zeros].fill(0);
            let mut inner = Vec::new();
            number(&a, &mut inner);
            number(&small, &mut inner);
            octets(&text, &mut inner);
            let whole = sequence(&inner);
            let mut reader = Reader::sequence(&whole).unwrap();
            prop_assert_eq!(reader.number(), Some(a));
            prop_assert_eq!(reader.number(), Some(small));
            prop_assert_eq!(reader.octets(), Some(&text[..]));
            prop_assert!(reader.is_empty());
        }
        /// One form only: what is read is written again as it was.
        #[test]
        fn any_octets(mut bytes in prop::collection::vec(any::<u8>(), 0..80), form in 0usize..3) {
            let two = [0x30, 8, 2, 2, 0, 0xff, 2, 2, 0x12, 0x34];
            if form > 0 {
                // near to a true one: one octet differs
                let (at, to) = (bytes.len() % two.len(), bytes.first().copied().unwrap_or(0));
                bytes = two.to_vec();
                bytes[at] = to;
            }
            if let Some(mut reader) = Reader::sequence(&bytes)
                && let (Some(r), Some(s), true) = (reader.number(), reader.number(), reader.is_empty())
            {
                let mut inner = Vec::new();
                number(&r, &mut inner);
                number(&s, &mut inner);
                prop_assert_eq!(sequence(&inner), bytes);
            }
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let bad: [&[u8]; 13] = [
            &[],
            &[0x30],
            &[0x30, 0x80, 2, 1, 1, 0, 0],          // without a length
            &[0x30, 0x81, 3, 2, 1, 1],             // a length in two octets that fits one
            &[0x30, 0x82, 0, 0x80],                // a length with a zero before it
            &[0x30, 3, 2, 1, 1, 0],                // more after the end
            &[0x31, 3, 2, 1, 1],                   // a set
            &[0x30, 0x85, 1, 0, 0, 0, 0],          // a length of five octets
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], // and one of four that is not there
            &[0x30, 2, 2, 0],                      // numbers: none
            &[0x30, 3, 2, 1, 0x80],                // below 0
            &[0x30, 4, 2, 2, 0, 1],                // a zero too many
            &[0x30, 4, 4, 2, 0, 1],                // no number
        ];
        for octets in bad {
            let number = Reader::sequence(octets).and_then(|mut r| r.number());
            assert_eq!(number, None, "{octets:02x?}");
        }
        let mut long = vec![0x30, 35, 2, 33, 1];
        long.resize(37, 0);
        assert_eq!(Reader::sequence(&long).and_then(|mut r| r.number()), None);
    }
}

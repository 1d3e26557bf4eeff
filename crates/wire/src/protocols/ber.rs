//! A small reader of ASN.1 BER (ITU-T X.690): tags, lengths, the few primitive types protocols use.
//!
//! It borrows, allocates only for texts, and takes what senders write rather than what DER asks for:
//! long-form lengths, padded integers, indefinite lengths of constructed values.

/// Nested indefinite lengths followed when looking for an end-of-contents.
const MAX_DEPTH: usize = 16;
/// Arcs of an object identifier read; SNMP allows 128 (RFC 2578, 3.5).
const MAX_ARCS: usize = 128;

pub const BOOLEAN: u32 = 0x01;
pub const INTEGER: u32 = 0x02;
pub const OCTET_STRING: u32 = 0x04;
pub const NULL: u32 = 0x05;
pub const OID: u32 = 0x06;
pub const ENUMERATED: u32 = 0x0a;
pub const SEQUENCE: u32 = 0x30;
pub const SET: u32 = 0x31;

/// One value: its identifier octets and its contents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tlv<'a> {
    /// All identifier octets as a big-endian number (`0x30`, `0xa0`, `0xbf1f`).
    pub tag: u32,
    pub body: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// Values inside a constructed one.
    pub fn inner(&self) -> Ber<'a> {
        Ber::new(self.body)
    }
    /// Contents as a signed integer.
    pub fn int(&self) -> Option<i64> {
        int(self.body)
    }
}

/// What stands at the head of a stream of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// Not enough bytes to know the length.
    Need,
    /// Head and contents are so many bytes in all.
    Len(usize),
    /// No definite-length value stands here.
    Bad,
}

/// A cursor over the values of one level.
#[derive(Clone, Copy, Debug)]
pub struct Ber<'a> {
    data: &'a [u8],
}

impl<'a> Ber<'a> {
    pub fn new(data: &'a [u8]) -> Ber<'a> {
        Ber { data }
    }
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.data
    }
    /// Tag of the next value, not taken.
    pub fn peek(&self) -> Option<u32> {
        head_tag(self.data).map(|(tag, _)| tag)
    }
    /// The next value if it has this tag; otherwise nothing is taken.
    pub fn expect(&mut self, tag: u32) -> Option<Tlv<'a>> {
        let mut ahead = *self;
        let tlv = ahead.next().filter(|t| t.tag == tag)?;
        *self = ahead;
        Some(tlv)
    }
    /// Contents of the next value as integer, if it is an INTEGER.
    pub fn integer(&mut self) -> Option<i64> {
        self.expect(INTEGER)?.int()
    }
    /// Contents of the next value, if it is an OCTET STRING.
    pub fn octets(&mut self) -> Option<&'a [u8]> {
        self.expect(OCTET_STRING).map(|t| t.body)
    }
    /// The values inside the next one, if it is a SEQUENCE.
    pub fn sequence(&mut self) -> Option<Ber<'a>> {
        self.expect(SEQUENCE).map(|t| t.inner())
    }
}

impl<'a> Iterator for Ber<'a> {
    type Item = Tlv<'a>;
    /// The next value; `None` at the end, or when it does not fit what is there.
    fn next(&mut self) -> Option<Tlv<'a>> {
        let (tag, at) = head_tag(self.data)?;
        let (len, at) = head_len(self.data, at)?;
        let Some(len) = len else {
            let body = self.data.get(at..)?;
            let inner = contents_len(body)?;
            self.data = body.get(inner.checked_add(2)?..)?;
            return Some(Tlv { tag, body: body.get(..inner)? });
        };
        let end = at.checked_add(len)?;
        let body = self.data.get(at..end)?;
        self.data = self.data.get(end..)?;
        Some(Tlv { tag, body })
    }
}

/// Length of the first value of a stream, without asking for its contents.
pub fn frame(data: &[u8]) -> Frame {
    let Some((_, at)) = head_tag(data) else {
        return if data.len() < 4 { Frame::Need } else { Frame::Bad };
    };
    let Some(&first) = data.get(at) else { return Frame::Need };
    let octets = usize::from(first & 0x7f);
    if first & 0x80 != 0 && (octets == 0 || octets > 4) {
        return Frame::Bad;
    }
    match head_len(data, at) {
        Some((Some(len), body)) => body.checked_add(len).map_or(Frame::Bad, Frame::Len),
        _ => Frame::Need,
    }
}

/// Identifier octets (X.690, 8.1.2) and where the length begins.
fn head_tag(data: &[u8]) -> Option<(u32, usize)> {
    let first = u32::from(*data.first()?);
    if first & 0x1f != 0x1f {
        return Some((first, 1));
    }
    let mut tag = first;
    for at in 1..4 {
        let b = u32::from(*data.get(at)?);
        tag = tag << 8 | b;
        if b & 0x80 == 0 {
            return Some((tag, at + 1));
        }
    }
    None
}

/// Length octets (X.690, 8.1.3) at `at`: the length, `None` if indefinite, and where contents begin.
fn head_len(data: &[u8], at: usize) -> Option<(Option<usize>, usize)> {
    let first = *data.get(at)?;
    let at = at + 1;
    if first & 0x80 == 0 {
        return Some((Some(usize::from(first)), at));
    }
    let n = usize::from(first & 0x7f);
    if n == 0 {
        return Some((None, at));
    }
    if n > 8 {
        return None;
    }
    let mut len = 0u64;
    for &b in data.get(at..at + n)? {
        len = len.checked_mul(256)?.checked_add(u64::from(b))?;
    }
    Some((Some(usize::try_from(len).ok()?), at + n))
}

/// Bytes before the end-of-contents that closes an indefinite length.
fn contents_len(data: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0usize, 0usize);
    loop {
        let rest = data.get(at..)?;
        if rest.starts_with(&[0, 0]) {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
            at += 2;
            continue;
        }
        let (_, head) = head_tag(rest)?;
        let (len, head) = head_len(rest, head)?;
        match len {
            Some(len) => at = at.checked_add(head)?.checked_add(len)?,
            None if depth < MAX_DEPTH => {
                depth += 1;
                at = at.checked_add(head)?;
            }
            None => return None,
        }
    }
}

/// Two's complement integer of up to eight octets, more if the leading ones only pad.
pub fn int(body: &[u8]) -> Option<i64> {
    let first = *body.first()?;
    let pad = if first & 0x80 == 0 { 0 } else { 0xff };
    let mut body = body;
    while body.len() > 8 {
        let (head, tail) = body.split_first()?;
        if *head != pad {
            return None;
        }
        body = tail;
    }
    let mut v = if pad == 0 { 0i64 } else { -1 };
    for &b in body {
        v = v << 8 | i64::from(b);
    }
    Some(v)
}

/// Unsigned integer of up to eight octets (Counter64, TimeTicks …), whatever its sign octet.
pub fn uint(body: &[u8]) -> Option<u64> {
    let significant = body.iter().position(|&b| b != 0).map_or(&body[body.len()..], |at| &body[at..]);
    if body.is_empty() || significant.len() > 8 {
        return None;
    }
    Some(significant.iter().fold(0, |v, &b| v << 8 | u64::from(b)))
}

/// Arcs of an object identifier (X.690, 8.19).
pub fn arcs(body: &[u8]) -> Option<Vec<u32>> {
    let mut out: Vec<u32> = Vec::with_capacity(body.len() + 1);
    let mut arc = 0u32;
    let mut open = false;
    for &b in body {
        if out.len() >= MAX_ARCS {
            return None;
        }
        arc = arc.checked_mul(128)?.checked_add(u32::from(b & 0x7f))?;
        open = b & 0x80 != 0;
        if open {
            continue;
        }
        if out.is_empty() {
            let top = (arc / 40).min(2);
            out.push(top);
            out.push(arc - top * 40);
        } else {
            out.push(arc);
        }
        arc = 0;
    }
    if open || out.is_empty() { None } else { Some(out) }
}

/// Dotted text of arcs.
pub fn dotted(arcs: &[u32]) -> String {
    let mut out = String::with_capacity(arcs.len() * 3);
    for (i, arc) in arcs.iter().enumerate() {
        if i > 0 {
            out.push('.');
        }
        out.push_str(itoa::Buffer::new().format(*arc));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_short_long_and_high_tags() {
        let mut b = Ber::new(&[0x02, 0x01, 0x05, 0x04, 0x81, 0x02, 0x61, 0x62, 0xbf, 0x1f, 0x01, 0x00]);
        assert_eq!(b.integer(), Some(5));
        assert_eq!(b.octets(), Some(&b"ab"[..]));
        assert_eq!(b.next(), Some(Tlv { tag: 0xbf1f, body: &[0] }));
        assert!(b.is_empty());
    }

    #[test]
    fn reads_indefinite_lengths() {
        let mut b = Ber::new(&[0x30, 0x80, 0x30, 0x80, 0x02, 0x01, 0x07, 0, 0, 0, 0, 0x05, 0x00]);
        let outer = b.next().unwrap();
        assert_eq!(outer.inner().sequence().unwrap().integer(), Some(7));
        assert_eq!(b.next().map(|t| t.tag), Some(NULL));
    }

    #[test]
    fn integers_keep_their_sign() {
        assert_eq!(int(&[0xff]), Some(-1));
        assert_eq!(int(&[0x00, 0xff]), Some(255));
        assert_eq!(int(&[0x80, 0, 0, 0, 0, 0, 0, 0]), Some(i64::MIN));
        assert_eq!(int(&[0, 0x80, 0, 0, 0, 0, 0, 0, 0]), Some(i64::MIN));
        assert_eq!(int(&[]), None);
        assert_eq!(uint(&[0, 0xff, 0xff, 0xff, 0xff]), Some(0xffff_ffff));
    }

    #[test]
    fn object_identifiers() {
        assert_eq!(dotted(&arcs(&[0x2b, 6, 1, 4, 1, 0xa1, 0x65]).unwrap()), "1.3.6.1.4.1.4325");
        assert_eq!(arcs(&[0x88, 0x37]).unwrap(), [2, 999]);
        assert_eq!(arcs(&[0x2b, 0x86]), None);
    }

    #[test]
    fn frames_of_a_stream() {
        assert_eq!(frame(&[]), Frame::Need);
        assert_eq!(frame(&[0x30]), Frame::Need);
        assert_eq!(frame(&[0x30, 0x82, 0x01]), Frame::Need);
        assert_eq!(frame(&[0x30, 0x82, 0x01, 0x00]), Frame::Len(260));
        assert_eq!(frame(&[0x30, 0x80]), Frame::Bad);
    }

    proptest! {
        #[test]
        fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = frame(&data);
            for tlv in Ber::new(&data) {
                let _ = (tlv.int(), uint(tlv.body), arcs(tlv.body));
                for inner in tlv.inner() {
                    let _ = inner.int();
                }
            }
        }
    }
}

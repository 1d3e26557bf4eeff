//! WSMP (IEEE 1609.3-2016, 8.3), versions 3 and 2.

/// EtherType.
pub const ETHERTYPE: u16 = 0x88dc;

/// A PSID in its encoding of one to four octets (1609.3, 8.1.3): the number, and what follows.
pub fn identifier(octets: &[u8]) -> Option<(u64, &[u8])> {
    let first = *octets.first()?;
    // numbers of a length begin where those of the length before end
    let (length, mask, from) = match first {
        0..=0x7f => (1, 0x7f, 0),
        0x80..=0xbf => (2, 0x3f, 0x80),
        0xc0..=0xdf => (3, 0x1f, 0x4080),
        0xe0..=0xef => (4, 0x0f, 0x20_4080),
        _ => return None,
    };
    let (number, rest) = octets.split_at_checked(length)?;
    let sum = number[1..].iter().fold(u64::from(first & mask), |sum, o| sum << 8 | u64::from(*o));
    Some((sum + from, rest))
}

/// A length in one or two octets (1609.3, 8.1.4).
fn count(octets: &[u8]) -> Option<(usize, &[u8])> {
    match *octets {
        [first, ref rest @ ..] if first < 0x80 => Some((first.into(), rest)),
        [first @ 0x80..=0xbf, second, ref rest @ ..] => {
            Some((usize::from(first & 0x3f) << 8 | usize::from(second), rest))
        }
        _ => None,
    }
}

/// The PSID and the message of a WSM.
pub fn message(octets: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = octets.split_first()?;
    match first & 7 {
        3 => third(first & 8 != 0, first >> 4, rest),
        2 => second(rest),
        _ => None,
    }
}

fn third(extended: bool, subtype: u8, mut rest: &[u8]) -> Option<(u64, &[u8])> {
    if subtype != 0 {
        return None;
    }
    if extended {
        let (n, after) = count(rest)?;
        rest = after;
        for _ in 0..n {
            let (length, after) = count(rest.get(1..)?)?;
            rest = after.get(length..)?;
        }
    }
    // TPID 0: a PSID, and no extensions of the transport
    let (tpid, rest) = rest.split_first()?;
    let (psid, mut rest) = identifier(rest)?;
    match tpid {
        0 => {}
        1 => {
            let (n, after) = count(rest)?;
            rest = after;
            for _ in 0..n {
                let (length, after) = count(rest.get(1..)?)?;
                rest = after.get(length..)?;
            }
        }
        _ => return None,
    }
    let (length, rest) = count(rest)?;
    (rest.len() == length).then_some((psid, rest))
}

/// Version 2: PSID, extensions of a number and a length each until the element of the message (128), length
/// in two octets.
fn second(rest: &[u8]) -> Option<(u64, &[u8])> {
    let (psid, mut rest) = identifier(rest)?;
    loop {
        let (element, after) = rest.split_first()?;
        if *element >= 0x80 {
            let (length, data) = after.split_at_checked(2)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            return (data.len() == length).then_some((psid, data));
        }
        let (length, after) = after.split_first()?;
        rest = after.get(usize::from(*length)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_one_to_four_octets() {
        for (octets, number) in [
            (&[0x20][..], 0x20),
            (&[0x7f], 0x7f),
            (&[0x80, 0], 0x80),
            (&[0xbf, 0xff], 0x407f),
            (&[0xc0, 0, 0], 0x4080),
            (&[0xe0, 0, 0, 1], 0x20_4081),
        ] {
            assert_eq!(identifier(octets), Some((number, &[][..])));
        }
        assert_eq!(identifier(&[0xf0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn a_message_is_found() {
        assert_eq!(message(&[3, 0, 0x20, 2, 7, 8]), Some((0x20, &[7, 8][..])));
        assert_eq!(message(&[0x0b, 1, 15, 1, 172, 0, 0x20, 1, 7]), Some((0x20, &[7][..])), "an extension");
        assert_eq!(message(&[2, 0x20, 15, 1, 172, 0x80, 0, 1, 7]), Some((0x20, &[7][..])), "version 2");
        let mut long = vec![3, 0, 0x20, 0x81, 0x2c];
        long.extend([0; 300]);
        assert_eq!(message(&long).map(|(_, m)| m.len()), Some(300));
        for wrong in [&[3, 0, 0x20, 3, 7, 8][..], &[4, 0, 0x20, 1, 7], &[3, 9, 0x20, 1, 7], &[3], &[]] {
            assert_eq!(message(wrong), None, "{wrong:x?}");
        }
    }
}

//! DSMP (YD/T 3707): the network layer of LTE-V2X in China, below it an adaptation layer of one octet.

use super::wsmp::identifier;

/// Protocol type of the adaptation layer that says DSMP.
pub const PROTOCOL: u8 = 4;

/// The AID and the message of a frame that begins with the adaptation layer.
pub fn adapted(frame: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = frame.split_first()?;
    (*first == PROTOCOL).then(|| message(rest)).flatten()
}

/// The AID and the message of a DSM: version 0 (3 bits), whether extensions follow (1), reserved (4);
/// extensions; AID; length (2 octets); data.
pub fn message(octets: &[u8]) -> Option<(u64, &[u8])> {
    let (first, mut rest) = octets.split_first()?;
    if first >> 5 != 0 || first & 0x0f != 0 {
        return None;
    }
    if first & 0x10 != 0 {
        // how many; then each: number, length, contents
        let (count, after) = rest.split_first()?;
        rest = after;
        for _ in 0..*count {
            let length = usize::from(*rest.get(1)?);
            rest = rest.get(2 + length..)?;
        }
    }
    let (aid, rest) = identifier(rest)?;
    let (length, data) = rest.split_at_checked(2)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    (data.len() == length).then_some((aid, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found() {
        assert_eq!(adapted(&[4, 0, 0x6f, 0, 2, 7, 8]), Some((111, &[7, 8][..])));
        assert_eq!(message(&[0x10, 1, 9, 1, 0, 0x6f, 0, 1, 7]), Some((111, &[7][..])), "an extension");
        assert_eq!(message(&[0, 0x8d, 0xa2, 0, 1, 7]), Some((3618, &[7][..])), "two octets");
        for wrong in [&[0x20, 0x6f, 0, 1, 7][..], &[0, 0x6f, 0, 2, 7], &[0, 0x6f, 0], &[0x10, 2, 1, 9], &[]] {
            assert_eq!(message(wrong), None, "{wrong:x?}");
        }
        assert_eq!(adapted(&[5, 0, 0x6f, 0, 1, 7]), None);
    }
}

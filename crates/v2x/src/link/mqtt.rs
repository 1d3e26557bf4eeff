//! MQTT PUBLISH (MQTT 3.1.1 and 5, 3.3) out of a connection's octets, as roadside units send messages to a
//! platform.

/// Octets of one packet that are kept; a longer one is passed over.
const LONGEST: usize = 64 << 10;

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Stream {
    held: Vec<u8>,
    /// Octets of a packet that is passed over.
    pass: usize,
    /// It is no MQTT.
    lost: bool,
}

impl Stream {
    /// Octets that are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Takes the next octets; the contents of each PUBLISH go to `found`.
    pub fn add(&mut self, mut octets: &[u8], mut found: impl FnMut(&[u8])) {
        let passed = self.pass.min(octets.len());
        self.pass -= passed;
        octets = &octets[passed..];
        if self.lost || octets.is_empty() {
            return;
        }
        self.held.extend_from_slice(octets);
        let mut at = 0;
        while let Some((first, length, head)) = header(&self.held[at..]) {
            // 0 and 15 are no packets of version 3.1.1; 15 is AUTH of version 5
            if first >> 4 == 0 || length == usize::MAX {
                self.lost = true;
                self.held = Vec::new();
                return;
            }
            let whole = head + length;
            let left = self.held.len() - at;
            if left < whole {
                if whole > LONGEST {
                    self.pass = whole - left;
                    at = self.held.len();
                }
                break;
            }
            if first >> 4 == 3
                && let Some(contents) = publish(first, &self.held[at + head..at + whole])
            {
                found(contents);
            }
            at += whole;
        }
        self.held.drain(..at);
    }
}

/// First octet, remaining length, octets of both; the length is the greatest number if it is none.
fn header(octets: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, rest) = octets.split_first()?;
    let mut length = 0;
    for (i, octet) in rest.iter().take(4).enumerate() {
        length |= usize::from(octet & 0x7f) << (7 * i);
        if octet & 0x80 == 0 {
            return Some((*first, length, i + 2));
        }
    }
    (rest.len() >= 4).then_some((*first, usize::MAX, 5))
}

/// What is published. Properties of version 5 are passed over where what follows them is a secured message.
fn publish(first: u8, octets: &[u8]) -> Option<&[u8]> {
    let (length, rest) = octets.split_at_checked(2)?;
    let topic = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let rest = rest.get(topic..)?;
    let rest = if first >> 1 & 3 > 0 { rest.get(2..)? } else { rest };
    let properties = rest.first().map(|n| usize::from(*n) + 1);
    match properties.and_then(|n| rest.get(n..)) {
        Some(behind) if !super::is_secured(rest) && super::is_secured(behind) => Some(behind),
        _ => Some(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(first: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        let mut n = body.len();
        loop {
            let more = n > 0x7f;
            out.push((n & 0x7f) as u8 | if more { 0x80 } else { 0 });
            n >>= 7;
            if !more {
                break;
            }
        }
        out.extend(body);
        out
    }

    #[test]
    fn properties_of_version_5_are_passed_over() {
        let mut stream = Stream::default();
        let mut found = Vec::new();
        let mut body = vec![0, 1, b't', 2, 1, 1];
        body.extend([3, 0x81, 2, 9]);
        stream.add(&packet(0x30, &body), |c| found.push(c.to_vec()));
        assert_eq!(found, [[3, 0x81, 2, 9]]);
    }

    #[test]
    fn what_is_too_long_is_passed_over() {
        let mut stream = Stream::default();
        let mut found = 0;
        let mut all = packet(0x30, &vec![0; LONGEST + 10]);
        all.extend(packet(0x30, &[0, 1, b't', 7]));
        for piece in all.chunks(1000) {
            stream.add(piece, |_| found += 1);
            assert!(stream.len() <= LONGEST + 1000);
        }
        assert_eq!(found, 1);
        stream.add(&[0, 0], |_| found += 1);
        assert!(stream.is_lost());
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..6),
            size in 1usize..50,
        ) {
            let mut all = Vec::new();
            for body in &bodies {
                let mut octets = vec![0, 2, b'a', b'b'];
                octets.extend([3, 0x81]);
                octets.extend(body);
                all.extend(packet(0x30, &octets));
                all.extend(packet(0xc0, &[]));
            }
            let mut stream = Stream::default();
            let mut found = Vec::new();
            all.chunks(size).for_each(|piece| stream.add(piece, |c| found.push(c[2..].to_vec())));
            prop_assert_eq!(found, bodies);
            prop_assert!(stream.is_empty());
        }

        #[test]
        fn random_octets_do_no_harm(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
            let mut stream = Stream::default();
            octets.chunks(7).for_each(|piece| stream.add(piece, |_| ()));
            prop_assert!(stream.len() <= LONGEST);
        }
    }
}

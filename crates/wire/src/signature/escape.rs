//! Frames between two marks, in which the mark is written otherwise.

use super::MAX_REACH;

/// A mark on both ends; inside, `escape` and a second byte stand for what must not occur.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escape {
    pub mark: u8,
    pub escape: u8,
    /// Second byte, what the two stand for.
    pub pairs: Vec<(u8, u8)>,
}

impl Escape {
    /// Content of the first frame, and whether its end is there. `None`: no frame begins here, or (in a
    /// datagram) something else follows it.
    pub(super) fn undo(&self, data: &[u8], stream: bool) -> Option<(Vec<u8>, bool)> {
        let Some((first, rest)) = data.split_first() else { return Some((Vec::new(), false)) };
        if *first != self.mark {
            return None;
        }
        let mut content = Vec::new();
        let mut bytes = rest.iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            if *byte == self.mark {
                let behind = rest.get(at.saturating_add(1)).copied();
                let alone = stream || behind.is_none_or(|b| b == self.mark);
                return (alone && !content.is_empty()).then_some((content, true));
            }
            let plain = if *byte == self.escape {
                let Some((_, second)) = bytes.next() else { break };
                self.pairs.iter().find(|(from, _)| from == second)?.1
            } else {
                *byte
            };
            if content.len() >= MAX_REACH {
                return None;
            }
            content.push(plain);
        }
        stream.then_some((content, false))
    }
}

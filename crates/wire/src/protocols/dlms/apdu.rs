//! Application PDUs (IEC 62056-53, 8.3): what is asked, what is answered.

use crate::bytes::Reader;
use crate::protocols::ber::{self, Frame};

/// Class, instance and attribute or method of what is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Object {
    pub class: u16,
    pub obis: [u8; 6],
    pub index: u8,
}

impl Object {
    fn read(r: &mut Reader<'_>) -> Option<Object> {
        let class = r.be16().filter(|c| (1..0x3000).contains(c))?;
        Some(Object { class, obis: r.take(6)?.try_into().ok()?, index: r.u8()? })
    }
    /// Class, OBIS code and index as people write them.
    pub fn text(&self) -> String {
        let [a, b, c, d, e, f] = self.obis;
        format!("{}:{a}-{b}:{c}.{d}.{e}.{f}:{}", self.class, self.index)
    }
}

pub enum Apdu<'a> {
    Open(&'a [u8]),
    Opened(&'a [u8]),
    Release,
    Released,
    Get { invoke: u8, object: Object },
    Set { invoke: u8, object: Object, data: &'a [u8] },
    Action { invoke: u8, object: Object, data: &'a [u8] },
    /// `error`: the result code, if one was given; `data`: the value.
    Answer { invoke: u8, error: Option<u8>, data: Option<&'a [u8]> },
    Short { write: bool },
    ShortAnswer { refused: bool },
    Exception(u8),
    Ciphered,
    Notification,
}

pub fn is_tag(tag: u8) -> bool {
    matches!(tag, 0x01 | 0x05 | 0x06 | 0x08 | 0x0C..=0x0F | 0x16 | 0x21 | 0x28 | 0x60..=0x63 | 0xC0..=0xD8 | 0xDB..=0xDD)
}

/// How sure a first APDU is (true: beyond doubt), and whether it asks.
pub fn sound(data: &[u8]) -> Option<(bool, bool)> {
    let apdu = Apdu::read(data)?;
    let sure = match &apdu {
        Apdu::Open(body) | Apdu::Opened(body) => {
            // the application context of DLMS: 2.16.756.5.8.1
            memchr::memmem::find(body, &[0x60, 0x85, 0x74, 0x05, 0x08, 0x01]).is_some()
        }
        Apdu::Get { object, .. } | Apdu::Set { object, .. } | Apdu::Action { object, .. } => {
            object.obis.last() == Some(&0xFF)
        }
        _ => false,
    };
    Some((sure, apdu.asks()))
}

impl<'a> Apdu<'a> {
    pub fn read(data: &'a [u8]) -> Option<Apdu<'a>> {
        let mut r = Reader::new(data);
        let tag = r.u8()?;
        Some(match tag {
            0x60..=0x63 => {
                let Frame::Len(length) = ber::frame(data) else { return None };
                let whole = data.get(..length)?;
                let head = if whole.get(1)? & 0x80 != 0 { 2 + usize::from(whole.get(1)? & 0x7F) } else { 2 };
                let body = whole.get(head..)?;
                match tag {
                    0x60 => Apdu::Open(body),
                    0x61 => Apdu::Opened(body),
                    0x62 => Apdu::Release,
                    _ => Apdu::Released,
                }
            }
            0xC0 | 0xC1 | 0xC3 => {
                let kind = r.u8()?;
                let invoke = r.u8()? & 0x0F;
                match (tag, kind) {
                    // the next block of a long answer
                    (0xC0, 2) => Apdu::Notification,
                    // further blocks carry no name
                    (0xC1, 3 | 5) | (0xC3, 2 | 5 | 6) if kind != 3 => Apdu::Notification,
                    (_, 1..=4) => {
                        // with a list: the first of it stands for it
                        let listed = kind == 3 && (tag == 0xC0 || tag == 0xC3);
                        if listed || (tag == 0xC1 && kind == 4) {
                            r.u8()?;
                        }
                        let object = Object::read(&mut r)?;
                        // access selection or optional parameters
                        let there = r.u8().unwrap_or_default();
                        let data = r.rest();
                        match tag {
                            0xC0 => Apdu::Get { invoke, object },
                            0xC1 => Apdu::Set { invoke, object, data },
                            _ => Apdu::Action { invoke, object, data: if there == 1 { data } else { &[] } },
                        }
                    }
                    _ => return None,
                }
            }
            0xC4 | 0xC5 | 0xC7 => {
                let kind = r.u8().filter(|k| (1..=7).contains(k))?;
                let invoke = r.u8()? & 0x0F;
                match (tag, kind) {
                    (0xC4, 1) => match r.u8()? {
                        0 => Apdu::Answer { invoke, error: None, data: Some(r.rest()) },
                        1 => Apdu::Answer { invoke, error: r.u8(), data: None },
                        _ => return None,
                    },
                    (0xC5 | 0xC7, 1) => Apdu::Answer { invoke, error: Some(r.u8()?), data: None },
                    // the last block of a set has its result behind
                    (0xC5, 3) => Apdu::Answer { invoke, error: Some(r.u8()?), data: None },
                    (0xC4, 2) | (0xC5, 2) | (0xC7, 2 | 4) => Apdu::Notification,
                    _ => Apdu::Answer { invoke, error: None, data: None },
                }
            }
            0x05 | 0x06 => Apdu::Short { write: tag == 6 },
            // number of results, then the first: 0 data or success, 1 an error
            0x0C | 0x0D => Apdu::ShortAnswer { refused: data.get(2) == Some(&1) },
            0xD8 | 0x0E => Apdu::Exception(data.get(1).copied().unwrap_or_default()),
            0xC8..=0xD7 | 0x21 | 0x28 | 0xDB..=0xDD => Apdu::Ciphered,
            0x0F | 0xC2 | 0x16 | 0x01 | 0x08 => Apdu::Notification,
            _ => return None,
        })
    }

    /// True if the client says such a thing.
    pub fn asks(&self) -> bool {
        matches!(
            self,
            Apdu::Open(_)
                | Apdu::Release
                | Apdu::Get { .. }
                | Apdu::Set { .. }
                | Apdu::Action { .. }
                | Apdu::Short { .. }
        )
    }
}

/// Data access and action results (IEC 62056-53, 8.3).
pub fn error_name(code: u8) -> &'static str {
    match code {
        0 => "success",
        1 => "hardware_fault",
        2 => "temporary_failure",
        3 => "read_write_denied",
        4 => "object_undefined",
        9 => "object_class_inconsistent",
        11 => "object_unavailable",
        12 => "type_unmatched",
        13 => "scope_of_access_violated",
        14 => "data_block_unavailable",
        15 => "long_action_aborted",
        16 => "no_long_action_in_progress",
        250 => "other_reason",
        _ => "error",
    }
}

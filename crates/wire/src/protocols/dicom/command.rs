//! Command sets (PS3.7, annex E): implicit VR, little endian, group 0000.

use crate::bytes::{Reader, text};
use crate::model::Action;

pub static OPERATIONS: &[&str] = &[
    "associate", "c_store", "c_get", "c_find", "c_move", "c_echo", "n_event_report", "n_get", "n_set", "n_action",
    "n_create", "n_delete",
];

#[derive(Default)]
pub struct Command {
    pub field: u16,
    pub number: Option<u16>,
    pub answers: Option<u16>,
    pub status: Option<u16>,
    pub class: Option<String>,
    pub destination: Option<String>,
}

impl Command {
    pub fn read(data: &[u8]) -> Option<Command> {
        let mut r = Reader::new(data);
        let (mut out, mut named) = (Command::default(), false);
        while !r.is_empty() {
            let (group, element) = (r.le16()?, r.le16()?);
            let length = r.le32()? as usize;
            let value = r.take(length)?;
            if group != 0 {
                return None;
            }
            let word = || Reader::new(value).le16();
            match element {
                0x0002 | 0x0003 => out.class = Some(text(value)).filter(|t| t.bytes().all(|b| b.is_ascii_digit() || b == b'.')),
                0x0100 => {
                    out.field = word()?;
                    named = true;
                }
                0x0110 => out.number = word(),
                0x0120 => out.answers = word(),
                0x0600 => out.destination = Some(text(value)).filter(|t| !t.is_empty() && t.chars().all(|c| !c.is_control())),
                0x0900 => out.status = word(),
                _ => {}
            }
        }
        named.then_some(out)
    }
}

pub fn operation(field: u16) -> Option<(&'static str, Action)> {
    Some(match field {
        0x0001 => ("c_store", Action::Write),
        0x0010 => ("c_get", Action::Read),
        0x0020 => ("c_find", Action::Read),
        0x0021 => ("c_move", Action::Read),
        0x0030 => ("c_echo", Action::Diagnose),
        0x0100 => ("n_event_report", Action::Other),
        0x0110 => ("n_get", Action::Read),
        0x0120 => ("n_set", Action::Write),
        0x0130 => ("n_action", Action::Write),
        0x0140 => ("n_create", Action::Write),
        0x0150 => ("n_delete", Action::FileDelete),
        _ => return None,
    })
}

/// Status classes (PS3.7, annex C).
pub fn status_name(status: u16) -> &'static str {
    match status {
        0xA700..=0xA7FF => "out_of_resources",
        0xA801 => "move_destination_unknown",
        0xA900..=0xA9FF => "data_set_does_not_match_sop_class",
        0xC000..=0xCFFF => "unable_to_process",
        0xFE00 => "cancelled",
        0x0122 => "sop_class_not_supported",
        0x0124 => "not_authorized",
        0x0110 => "processing_failure",
        0x0112 => "no_such_sop_instance",
        _ => "failure",
    }
}

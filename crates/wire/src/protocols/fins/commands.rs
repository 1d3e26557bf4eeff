//! Commands of FINS: names, effect, sizes of request and answer, end codes.
//!
//! Source: Omron W342, chapter 5 (commands) and 5-1-3 (end codes).

use crate::asked::Asked;
use crate::bytes::{Reader, text};
use crate::model::{Action, Category, CredKind, Val};
use std::ops::RangeInclusive;

/// A command. Sizes are octets behind the command (and, of answers, behind the end code).
#[derive(Debug)]
pub struct Command {
    code: u16,
    pub name: &'static str,
    pub action: Action,
    pub requests: RangeInclusive<usize>,
    pub answers: RangeInclusive<usize>,
}

macro_rules! commands {
    ($($code:literal $name:literal $action:ident $requests:expr, $answers:expr;)*) => {
        static COMMANDS: &[Command] = &[$(Command {
            code: $code, name: $name, action: Action::$action, requests: $requests, answers: $answers,
        }),*];
        pub const OPERATIONS: &[&str] = &[$($name),*];
    };
}

/// As much as a frame holds.
const MANY: usize = 2012;

commands! {
    0x0101 "memory_area_read" Read 6..=6, 0..=MANY;
    0x0102 "memory_area_write" Write 6..=MANY, 0..=0;
    0x0103 "memory_area_fill" Write 8..=8, 0..=0;
    0x0104 "multiple_memory_area_read" Read 4..=MANY, 0..=MANY;
    0x0105 "memory_area_transfer" Write 10..=10, 0..=0;
    0x0201 "parameter_area_read" Upload 6..=6, 6..=MANY;
    0x0202 "parameter_area_write" Configure 6..=MANY, 0..=0;
    0x0203 "parameter_area_clear" Clear 8..=8, 0..=0;
    0x0220 "data_link_table_read" Read 6..=8, 0..=MANY;
    0x0221 "data_link_table_write" Configure 6..=MANY, 0..=0;
    0x0304 "program_area_protect" Lock 7..=15, 0..=0;
    0x0305 "program_area_protect_clear" Unlock 7..=15, 0..=0;
    0x0306 "program_area_read" Upload 8..=8, 8..=MANY;
    0x0307 "program_area_write" Download 8..=MANY, 0..=MANY;
    0x0308 "program_area_clear" Clear 3..=3, 0..=0;
    0x0401 "run" Start 0..=3, 0..=0;
    0x0402 "stop" Stop 0..=2, 0..=0;
    0x0403 "reset" Restart 0..=2, 0..=0;
    0x0501 "controller_data_read" Identify 0..=1, 40..=MANY;
    0x0502 "connection_data_read" Identify 2..=2, 1..=MANY;
    0x0601 "controller_status_read" Diagnose 0..=0, 2..=64;
    0x0602 "network_status_read" Diagnose 0..=0, 30..=64;
    0x0603 "data_link_status_read" Diagnose 0..=0, 6..=512;
    0x0620 "cycle_time_read" Diagnose 1..=1, 0..=12;
    0x0621 "cycle_time_max_clear" Clear 0..=1, 0..=0;
    0x0701 "clock_read" Read 0..=0, 7..=7;
    0x0702 "clock_write" SetTime 5..=7, 0..=0;
    0x0801 "loop_back_test" Diagnose 0..=MANY, 0..=MANY;
    0x0802 "broadcast_test_results_read" Diagnose 0..=0, 2..=2;
    0x0803 "broadcast_test_data_send" Diagnose 0..=MANY, 0..=0;
    0x0920 "message_read_clear" Read 2..=2, 0..=512;
    0x0C01 "access_right_acquire" Lock 2..=2, 0..=3;
    0x0C02 "access_right_forced_acquire" Lock 2..=2, 0..=0;
    0x0C03 "access_right_release" Unlock 2..=2, 0..=0;
    0x2101 "error_clear" Clear 2..=2, 0..=0;
    0x2102 "error_log_read" Diagnose 4..=4, 6..=MANY;
    0x2103 "error_log_clear" Clear 0..=0, 0..=0;
    0x2140 "access_log_read" Diagnose 4..=4, 6..=MANY;
    0x2141 "access_log_clear" Clear 0..=0, 0..=0;
    0x2201 "file_name_read" FileRead 6..=96, 0..=MANY;
    0x2202 "single_file_read" FileRead 20..=128, 0..=MANY;
    0x2203 "single_file_write" FileWrite 20..=MANY, 0..=0;
    0x2204 "file_memory_format" FileDelete 2..=2, 0..=0;
    0x2205 "file_delete" FileDelete 16..=MANY, 0..=2;
    0x2206 "volume_label_create_delete" FileWrite 4..=32, 0..=0;
    0x2207 "file_copy" FileWrite 28..=256, 0..=0;
    0x2208 "file_name_change" FileWrite 28..=192, 0..=0;
    0x2209 "file_data_check" FileRead 14..=128, 0..=0;
    0x220A "memory_area_file_transfer" FileWrite 22..=128, 0..=2;
    0x220B "parameter_area_file_transfer" FileWrite 22..=128, 0..=2;
    0x220C "program_area_file_transfer" FileWrite 24..=128, 0..=4;
    0x2215 "directory_create_delete" FileWrite 16..=192, 0..=0;
    0x220D "memory_cassette_transfer" FileWrite 4..=8, 0..=4;
    0x2301 "forced_set_reset" Force 2..=MANY, 0..=0;
    0x2302 "forced_set_reset_cancel" Force 0..=0, 0..=0;
    0x230A "multiple_forced_status_read" Read 6..=6, 0..=MANY;
    0x2601 "name_set" SetName 1..=8, 0..=0;
    0x2602 "name_delete" SetName 0..=0, 0..=0;
    0x2603 "name_read" Identify 0..=0, 1..=8;
}

/// The command with this code.
pub fn command(code: u16) -> Option<&'static Command> {
    COMMANDS.iter().find(|c| c.code == code)
}

/// What an end code's first octet says (the second is finer).
pub fn end_code(code: u16) -> &'static str {
    match code >> 8 {
        0x00 => "service_canceled",
        0x01 => "local_node_error",
        0x02 => "destination_node_error",
        0x03 => "controller_error",
        0x04 => "service_unsupported",
        0x05 => "routing_table_error",
        0x10 => "command_format_error",
        0x11 => "parameter_error",
        0x20 => "read_not_possible",
        0x21 => "write_not_possible",
        0x22 => "not_executable_in_current_mode",
        0x23 => "no_such_device",
        0x24 => "cannot_start_stop",
        0x25 => "unit_error",
        0x26 => "command_error",
        0x30 => "access_right_error",
        0x40 => "abort",
        _ => "error",
    }
}

/// True if an answer begins with a known end code.
pub fn is_end_code(body: &[u8]) -> bool {
    let Some(&[a, b]) = body.first_chunk::<2>() else { return false };
    let (main, sub) = (a & 0x7F, b & 0x3F);
    matches!(main, 0..=5 | 0x10 | 0x11 | 0x20..=0x26 | 0x30 | 0x40) && sub <= 0x20
}

fn area(code: u8) -> Option<&'static str> {
    Some(match code {
        0x30 | 0xB0 | 0x70 | 0xF0 => "cio",
        0x31 | 0xB1 | 0x71 | 0xF1 => "work",
        0x32 | 0xB2 | 0x72 | 0xF2 => "holding",
        0x33 | 0xB3 => "auxiliary",
        0x02 | 0x82 => "dm",
        0x09 | 0x89 => "timer_counter",
        0x20..=0x2C | 0x90..=0x9C | 0xA0..=0xAC | 0xE0..=0xEC => "em",
        0xBC => "index_register",
        0xDC => "data_register",
        _ => return None,
    })
}

/// Reads what a request touches.
pub fn parameters(asked: &mut Asked, code: u16, body: &[u8]) {
    let mut r = Reader::new(body);
    let read: Option<()> = (|| {
        match code {
            0x0101..=0x0103 => {
                asked.space = area(r.u8()?);
                let address = r.be16()?;
                r.skip(1)?;
                asked.address = Some((address.into(), r.be16()?.into()));
                if code == 0x0102 && r.left() == 2 {
                    asked.value = Some(Val::from(r.be16()?));
                }
            }
            0x0201..=0x0203 => {
                r.skip(2)?;
                asked.space = Some("parameter_area");
                asked.address = Some((r.be16()?.into(), (r.be16()? & 0x7FFF).into()));
            }
            0x0306 | 0x0307 => {
                r.skip(2)?;
                asked.space = Some("program_area");
                asked.address = Some((r.be32()?.into(), (r.be16()? & 0x7FFF).into()));
            }
            // program number, protect code, first and last word, key
            0x0304 | 0x0305 => {
                r.skip(3)?;
                let key = r.rest();
                let key = key.get(key.len().saturating_sub(4)..)?;
                if key.iter().all(u8::is_ascii_graphic) && key.len() == 4 {
                    asked.secret = Some((CredKind::Password, None, text(key)));
                }
            }
            0x0401 => {
                if let (Some(_), Some(mode)) = (r.be16(), r.u8()) {
                    asked.detail.push(("mode", Val::Static(if mode == 2 { "monitor" } else { "run" })));
                }
            }
            0x0702 => {
                let t = r.take(5)?;
                asked.value = Some(Val::from(format!(
                    "20{:02x}-{:02x}-{:02x} {:02x}:{:02x}",
                    t.first()?,
                    t.get(1)?,
                    t.get(2)?,
                    t.get(3)?,
                    t.get(4)?
                )));
            }
            0x2301 => {
                let count = r.be16()?;
                asked.detail.push(("items", Val::from(count)));
                let wanted = r.be16()?;
                asked.space = area(r.u8()?);
                asked.address = Some((r.be16()?.into(), count.into()));
                asked.value = Some(Val::from(wanted));
            }
            0x2601 => asked.target = Some(text(body).into()),
            _ => {}
        }
        Some(())
    })();
    if read.is_none() {
        asked.detail.push(("truncated", Val::Bool(true)));
    }
    if matches!(code, 0x0306 | 0x0307 | 0x0201..=0x0203 | 0x0308) {
        asked.category = Category::Engineering;
    }
}

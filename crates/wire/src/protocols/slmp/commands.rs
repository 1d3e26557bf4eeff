//! Commands of SLMP (SH080008, chapters 6 to 8; BAP-C2006ENG-001) and what their requests touch.

use super::frame::{Frame, Kind, number};
use crate::asked::Asked;
use crate::bytes::{Reader, text};
use crate::model::{Action, Category, CredKind, Val};

pub const READ_TYPE_NAME: u16 = 0x0101;
pub const READ: u16 = 0x0401;
pub const WRITE: u16 = 0x1401;
pub const RUN: u16 = 0x1001;
pub const STOP: u16 = 0x1002;
const LOCK: u16 = 0x1631;
const UNLOCK: u16 = 0x1630;

#[derive(Debug)]
pub struct Command {
    code: u16,
    pub name: &'static str,
    pub action: Action,
}

macro_rules! commands {
    ($($code:literal $name:literal $action:ident;)*) => {
        static COMMANDS: &[Command] = &[$(Command { code: $code, name: $name, action: Action::$action }),*];
        pub const OPERATIONS: &[&str] = &[$($name),*];
    };
}

commands! {
    0x0101 "read_type_name" Identify;
    0x0401 "device_read" Read;
    0x1401 "device_write" Write;
    0x0403 "device_read_random" Read;
    0x1402 "device_write_random" Write;
    0x0801 "entry_monitor_device" Subscribe;
    0x0802 "execute_monitor" Read;
    0x0406 "device_read_block" Read;
    0x1406 "device_write_block" Write;
    0x0601 "extend_unit_read" Read;
    0x1601 "extend_unit_write" Write;
    0x0613 "memory_read" Read;
    0x1613 "memory_write" Write;
    0x0619 "self_test" Diagnose;
    0x1001 "remote_run" Start;
    0x1002 "remote_stop" Stop;
    0x1003 "remote_pause" Stop;
    0x1005 "remote_latch_clear" Clear;
    0x1006 "remote_reset" Restart;
    0x1617 "clear_error" Clear;
    0x1630 "remote_password_unlock" Unlock;
    0x1631 "remote_password_lock" Lock;
    0x1810 "read_directory" FileRead;
    0x1811 "search_directory" FileRead;
    0x1820 "new_file" FileWrite;
    0x1822 "delete_file" FileDelete;
    0x1824 "copy_file" FileWrite;
    0x1825 "change_file_state" FileWrite;
    0x1826 "change_file_date" FileWrite;
    0x1827 "open_file" FileRead;
    0x1828 "read_file" FileRead;
    0x1829 "write_file" FileWrite;
    0x182A "close_file" FileRead;
    0x0630 "data_collection" Read;
    0x0E30 "node_search" Discover;
    0x0E31 "ip_address_set" SetAddress;
    0x2101 "on_demand" Other;
    0x3070 "parameter_settings" Configure;
}

/// The command with this code.
pub fn command(code: u16) -> Option<&'static Command> {
    COMMANDS.iter().find(|c| c.code == code)
}

/// End codes (SH080008, 5.4 and the CPU's error codes).
pub fn end_code(code: u16) -> &'static str {
    match code {
        0xC050 => "ascii_code_error",
        0xC051..=0xC054 => "points_out_of_range",
        0xC056 => "address_out_of_range",
        0xC058 => "length_error",
        0xC059 => "unsupported_command",
        0xC05B => "device_not_accessible",
        0xC05C => "request_content_error",
        0xC05F => "not_executable",
        0xC060 => "request_content_error",
        0xC061 => "length_error",
        0xC070 => "extension_not_possible",
        0xC200 => "wrong_password",
        0xC201 => "locked",
        0xC204 => "locked_by_another",
        0xC810 => "wrong_password",
        0xC811..=0xC816 => "password_not_accepted",
        0x4013 => "not_executable_in_current_state",
        0x4010 => "not_executable_while_running",
        0x0055 => "write_during_run_prohibited",
        _ => "error",
    }
}

fn device(code: u8) -> Option<&'static str> {
    Some(match code {
        0x9C => "x",
        0x9D => "y",
        0x90 => "m",
        0x91 => "sm",
        0x92 => "l",
        0x93 => "f",
        0x94 => "v",
        0xA0 => "b",
        0xA8 => "d",
        0xA9 => "sd",
        0xAF => "r",
        0xB0 => "zr",
        0xB4 => "w",
        0xC0..=0xC2 => "t",
        0xC3..=0xC5 => "c",
        0xCC => "z",
        _ => return None,
    })
}

/// Device of an ASCII frame, by its two characters.
fn device_named(code: &[u8]) -> Option<&'static str> {
    Some(match code {
        b"X*" => "x",
        b"Y*" => "y",
        b"M*" => "m",
        b"SM" => "sm",
        b"L*" => "l",
        b"F*" => "f",
        b"V*" => "v",
        b"B*" => "b",
        b"D*" => "d",
        b"SD" => "sd",
        b"R*" => "r",
        b"ZR" => "zr",
        b"W*" => "w",
        b"TN" | b"TS" | b"TC" => "t",
        b"CN" | b"CS" | b"CC" => "c",
        b"Z*" => "z",
        _ => return None,
    })
}

/// Reads what a request touches; what cannot be read is left out.
pub fn parameters(asked: &mut Asked, frame: &Frame<'_>) {
    let mut r = Reader::new(frame.raw());
    let ascii = frame.kind.ascii();
    let _read: Option<()> = (|| {
        match frame.command {
            READ | WRITE if frame.kind == Kind::E1 => {
                let start = r.le32()?;
                asked.space = match r.le16()? {
                    0x4420 => Some("d"),
                    0x5720 => Some("w"),
                    0x5220 => Some("r"),
                    0x4D20 => Some("m"),
                    0x5820 => Some("x"),
                    0x5920 => Some("y"),
                    0x4220 => Some("b"),
                    0x4620 => Some("f"),
                    _ => None,
                };
                asked.address = Some((start.into(), r.u8()?.into()));
            }
            READ | WRITE if ascii => {
                asked.space = device_named(r.take(2)?);
                let start = std::str::from_utf8(r.take(6)?).ok()?;
                // word and relay devices count in tens, X, Y, B and W in sixteens
                let radix = if matches!(asked.space, Some("x" | "y" | "b" | "w")) { 16 } else { 10 };
                let start = i64::from_str_radix(start, radix).ok()?;
                asked.address = Some((start, number(r.take(4)?)?.into()));
            }
            READ | WRITE => {
                let long = matches!(frame.subcommand, 2 | 3);
                let start = if long { r.le32()? } else { r.le24()? };
                asked.space = device(if long { r.le16()? as u8 } else { r.u8()? });
                let count = r.le16()?;
                asked.address = Some((start.into(), count.into()));
                if frame.command == WRITE && count == 1 && r.left() == 2 {
                    asked.value = Some(Val::from(r.le16()?));
                }
            }
            LOCK | UNLOCK => {
                let n = if ascii { number(r.take(4)?)? as usize } else { usize::from(r.le16()?) };
                let password = text(r.take(n)?);
                asked.secret = Some((CredKind::Password, None, password));
            }
            RUN => {
                let mode = if ascii { number(r.take(4)?)? as u16 } else { r.le16()? };
                asked.detail.push(("forced", Val::Bool(mode == 3)));
            }
            _ => {}
        }
        Some(())
    })();
    if matches!(asked.action, Action::FileRead | Action::FileWrite) {
        asked.category = Category::Engineering;
    }
}

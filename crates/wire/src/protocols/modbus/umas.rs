//! UMAS, Schneider Electric's engineering protocol inside Modbus function 90.
//!
//! The vendor publishes no standard. Codes and layouts follow published research (Kaspersky
//! ICS CERT, "The secrets of Schneider Electric's UMAS protocol", 2022; L. Lirasen, "The Unity
//! (UMAS) protocol", parts I-V, 2017) and were checked against bytes quoted there.
//!
//! Layout: function 5A, session key (0: none), UMAS code (answers: FE done, FD error), data.
//! Code 38 wraps another message behind a signature of 32 bytes (M580, M340 with new firmware).

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::{Action, Category, Side};

/// What a UMAS code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
}

pub const READ_ID: u8 = 0x02;
pub const READ_PROJECT_INFO: u8 = 0x03;
pub const TAKE_RESERVATION: u8 = 0x10;
const SIGNED: u8 = 0x38;
const UNKNOWN: &str = "unknown_service";

/// Names and effect of a code. The vendor calls the way into the controller "upload"; our actions
/// follow everybody else's use.
pub fn service(code: u8) -> Service {
    use Action::*;
    use Category::{Administration, Control, Discovery, Engineering, Monitor};
    let (name, action, category) = match code {
        0x01 => ("init_comm", Other, Monitor),
        READ_ID => ("read_id", Identify, Discovery),
        READ_PROJECT_INFO => ("read_project_info", Identify, Discovery),
        0x04 => ("read_plc_info", Identify, Discovery),
        0x05 => ("read_loader_info", Identify, Discovery),
        0x06 => ("read_card_info", Identify, Discovery),
        0x07 => ("read_block_info", Read, Monitor),
        0x0a => ("repeat", Diagnose, Monitor),
        TAKE_RESERVATION => ("take_plc_reservation", Lock, Engineering),
        0x11 => ("release_plc_reservation", Unlock, Engineering),
        0x12 => ("keep_alive", Other, Monitor),
        0x20 => ("read_memory_block", Read, Monitor),
        0x21 => ("write_memory_block", Write, Control),
        0x22 => ("read_variables", Read, Monitor),
        0x23 => ("write_variables", Write, Control),
        0x24 => ("read_coils_registers", Read, Monitor),
        0x25 => ("write_coils_registers", Write, Control),
        0x26 => ("data_dictionary", Read, Monitor),
        0x27 => ("data_dictionary_preload", Read, Monitor),
        0x28 => ("read_physical_address", Read, Monitor),
        0x29 => ("write_physical_address", Write, Control),
        0x2a => ("browse_events", Read, Monitor),
        0x30 => ("initialize_upload", Download, Engineering),
        0x31 => ("upload_block", Download, Engineering),
        0x32 => ("end_strategy_upload", Download, Engineering),
        0x33 => ("initialize_download", Upload, Engineering),
        0x34 => ("download_block", Upload, Engineering),
        0x35 => ("end_strategy_download", Upload, Engineering),
        0x36 => ("backup", Other, Engineering),
        0x37 => ("preload_blocks", Other, Engineering),
        0x39 => ("read_eth_master_data", Read, Monitor),
        0x40 => ("start_plc", Start, Control),
        0x41 => ("stop_plc", Stop, Control),
        0x42 => ("init_plc", Restart, Control),
        0x43 => ("swap_blocks", Configure, Engineering),
        0x50 => ("monitor_plc", Read, Monitor),
        0x51 => ("get_auto_modif", Read, Monitor),
        0x52 => ("get_forced_bits", Read, Monitor),
        0x53 => ("get_selected_blocks", Read, Monitor),
        0x58 => ("check_plc", Diagnose, Monitor),
        0x60 => ("set_breakpoint", Diagnose, Control),
        0x61 => ("delete_breakpoint", Diagnose, Control),
        0x62 => ("step_over", Diagnose, Control),
        0x63 => ("step_in", Diagnose, Control),
        0x64 => ("step_out", Diagnose, Control),
        0x65 => ("get_call_stack", Diagnose, Monitor),
        0x66 => ("check_debug_allowed", Diagnose, Monitor),
        0x6c => ("process_message", Other, Monitor),
        0x6d => ("private_message", Other, Monitor),
        0x6e => ("reservation_nonces", Authenticate, Administration),
        0x70 => ("read_io_object", Read, Monitor),
        0x71 => ("write_io_object", Write, Control),
        0x72 => ("read_rack", Identify, Discovery),
        0x73 => ("get_status_module", Diagnose, Monitor),
        0x74 => ("read_device_data", Identify, Discovery),
        _ => (UNKNOWN, Other, Monitor),
    };
    Service { name, action, category }
}

/// Whether a request of this code is known to be UMAS and not only a try of function 90.
pub fn is_service(code: u8) -> bool {
    service(code).name != UNKNOWN
}

/// A UMAS message, unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    pub session: u8,
    /// Code of a request; FE or FD of an answer.
    pub code: u8,
    pub data: &'a [u8],
    /// It came behind a signature.
    pub signed: bool,
}

impl Message<'_> {
    pub fn is_error(&self) -> bool {
        self.code == 0xfd
    }
}

/// Reads the message behind the function code. `signed` says that the request of this answer was
/// signed, which makes the answer signed too (it does not show otherwise).
pub fn message(body: &[u8], signed: bool) -> Option<Message<'_>> {
    let mut r = Reader::new(body);
    let (session, code) = (r.u8()?, r.u8()?);
    let inner = match code {
        SIGNED => Some(r),
        0xfe if signed => Some(r),
        _ => None,
    };
    if let Some(mut r) = inner {
        // one byte of kind, the signature, then the message again from its function code on
        r.skip(1 + 32)?;
        if r.u8()? == super::frame::UMAS {
            let (session, code) = (r.u8()?, r.u8()?);
            return Some(Message { session, code, data: r.rest(), signed: true });
        }
    }
    Some(Message { session, code, data: r.rest(), signed: false })
}

/// Who takes the reservation, as the engineering tool names itself (its computer's name).
pub fn owner(request: &[u8]) -> Option<String> {
    let mut r = Reader::new(request);
    r.skip(4)?;
    let n = usize::from(r.u8()?);
    printable(r.take(n)?)
}

/// Facts in the answer to `code`.
pub fn facts(cx: &mut Cx<'_>, device: Side, code: u8, data: &[u8]) {
    match code {
        READ_ID => {
            read_id(cx, device, data);
        }
        READ_PROJECT_INFO => {
            let mut r = Reader::new(data);
            let name = r.skip(38).and_then(|()| r.u8()).and_then(|n| r.take(usize::from(n)));
            if let Some(name) = name.and_then(printable) {
                cx.fact(device, "project", &name, "umas.read_project_info.name");
            }
        }
        _ => {}
    }
}

/// Answer of READ_ID: family, type, id, model, firmware (BCD-like, minor first), patch, hardware id,
/// then the counted name of the controller.
fn read_id(cx: &mut Cx<'_>, device: Side, data: &[u8]) -> Option<()> {
    let mut r = Reader::new(data);
    r.skip(8)?;
    let (minor, major) = (r.u8()?, r.u8()?);
    let patch = r.le16()?;
    r.skip(2)?;
    let hardware = r.le16()?;
    r.skip(6)?;
    let n = usize::from(r.u8()?);
    let name = printable(r.take(n)?)?;
    cx.fact(device, "vendor", "Schneider Electric", "umas.read_id");
    cx.fact(device, "model", &name, "umas.read_id.name");
    cx.fact(device, "role", "plc", "umas.read_id");
    let firmware = match patch {
        0 => format!("{major:x}.{minor:02x}"),
        _ => format!("{major:x}.{minor:02x}.{patch}"),
    };
    cx.fact(device, "firmware", &firmware, "umas.read_id.firmware");
    cx.fact(device, "hardware_id", &format!("{hardware:04x}"), "umas.read_id.hardware_id");
    Some(())
}

/// Text without control characters, or nothing.
fn printable(bytes: &[u8]) -> Option<String> {
    let text = text(bytes);
    let good = !text.is_empty() && !text.chars().any(|c| c.is_control() || c == '\u{fffd}');
    good.then_some(text)
}

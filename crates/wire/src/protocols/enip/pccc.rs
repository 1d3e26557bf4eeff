//! PCCC, the commands of older Allen-Bradley controllers, inside CIP.
//!
//! Source: Rockwell Automation, DF1 Protocol and Command Set Reference Manual, 1770-6.5.16,
//! chapters 7, 8 and 10; Execute_PCCC: EtherNet/IP Communications With PCCC, 1756-RM005.

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::{Action, Category, Side};

/// A command, as far as its answer and its record need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub command: u8,
    /// Function of commands 06, 07 and 0F.
    pub function: Option<u8>,
    pub transaction: u16,
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
    /// File and element it touches: `N7:0`.
    pub target: Option<String>,
    /// Mode a change of mode asks for.
    pub mode: Option<u8>,
}

/// Length of the requestor id in front, which counts itself.
fn behind_requestor<'a>(r: &mut Reader<'a>) -> Option<()> {
    let n = usize::from(r.u8()?);
    r.skip(n.checked_sub(1)?)
}

/// Reads the data of an Execute_PCCC request.
pub fn request(data: &[u8]) -> Option<Request> {
    let mut r = Reader::new(data);
    behind_requestor(&mut r)?;
    let command = r.u8()?;
    r.skip(1)?;
    let transaction = r.le16()?;
    let function = if matches!(command, 0x06 | 0x07 | 0x0f) { Some(r.u8()?) } else { None };
    let (name, action, category) = meaning(command, function);
    let mode = if action == Action::ChangeMode { r.peek() } else { None };
    let target = match (command, function) {
        (0x0f, Some(0xa1 | 0xa2 | 0xa9 | 0xaa | 0xab | 0xa7 | 0xaf)) => logical_address(&mut r),
        _ => None,
    };
    Some(Request { command, function, transaction, name, action, category, target, mode })
}

/// Byte size, file number, file type and element of a typed logical command.
fn logical_address(r: &mut Reader<'_>) -> Option<String> {
    let mut field = || match r.u8()? {
        0xff => r.le16(),
        n => Some(n.into()),
    };
    let _size = field()?;
    let file = field()?;
    let kind = match field()? {
        0x82 | 0x8b => "O",
        0x83 | 0x8c => "I",
        0x84 => "S",
        0x85 => "B",
        0x86 => "T",
        0x87 => "C",
        0x88 => "R",
        0x89 => "N",
        0x8a => "F",
        0x8d => "ST",
        0x8e => "A",
        0x91 => "L",
        _ => "file ",
    };
    Some(format!("{kind}{file}:{}", field()?))
}

/// Result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    pub transaction: u16,
    /// 0: done; F0: see the extended status.
    pub status: u8,
    pub extended: Option<u8>,
    pub data: &'a [u8],
}

/// Reads the data of an Execute_PCCC answer.
pub fn response(data: &[u8]) -> Option<Response<'_>> {
    let mut r = Reader::new(data);
    behind_requestor(&mut r)?;
    r.skip(1)?;
    let status = r.u8()?;
    let transaction = r.le16()?;
    let extended = if status & 0xf0 == 0xf0 { r.u8() } else { None };
    Some(Response { transaction, status, extended, data: r.rest() })
}

/// Name of a status; the high half is the remote node's, the low half the local one's.
pub fn status_name(status: u8) -> &'static str {
    match status & 0xf0 {
        0x00 if status == 0 => "success",
        0x00 => "local_error",
        0x10 => "illegal_command_or_format",
        0x20 => "host_has_a_problem",
        0x30 => "remote_host_missing",
        0x40 => "hardware_fault",
        0x50 => "addressing_problem_or_memory_protected",
        0x60 => "command_protection",
        0x70 => "processor_in_program_mode",
        0x80 => "compatibility_mode_file_missing",
        0x90 => "remote_node_cannot_buffer_command",
        0xa0 | 0xc0 => "wait_ack",
        0xb0 => "remote_node_problem_due_to_download",
        0xf0 => "extended_status",
        _ => "unknown_status",
    }
}

/// The answer to Diagnostic Status holds the processor's name behind five bytes of codes.
pub fn facts(cx: &mut Cx<'_>, device: Side, request: &Request, response: &Response<'_>) {
    if (request.command, request.function) != (0x06, Some(0x03)) || response.status != 0 {
        return;
    }
    if let Some(name) = response.data.get(5..16).map(text)
        && name.len() >= 4
        && name.chars().all(|c| c.is_ascii_graphic() || c == ' ')
    {
        cx.fact(device, "model", &name, "diagnostic_status.bulletin_name");
        cx.fact(device, "role", "plc", "diagnostic_status");
    }
}

fn meaning(command: u8, function: Option<u8>) -> (&'static str, Action, Category) {
    use Action::*;
    use Category::{Administration, Control, Engineering, Monitor};
    match (command, function) {
        (0x00, _) => ("protected_write", Write, Control),
        (0x01, _) => ("unprotected_read", Read, Monitor),
        (0x02, _) => ("protected_bit_write", Write, Control),
        (0x04, _) => ("physical_read", Read, Monitor),
        (0x05, _) => ("unprotected_bit_write", Write, Control),
        (0x08, _) => ("unprotected_write", Write, Control),
        (0x06, Some(function)) => match function {
            0x00 => ("echo", Diagnose, Monitor),
            0x01 => ("read_diagnostic_counters", Diagnose, Monitor),
            0x02 => ("set_variables", Configure, Administration),
            0x03 => ("diagnostic_status", Identify, Category::Discovery),
            0x04 => ("set_timeout", Configure, Administration),
            0x05 => ("set_naks", Configure, Administration),
            0x06 => ("set_enqs", Configure, Administration),
            0x07 => ("reset_diagnostic_counters", Clear, Administration),
            0x08 => ("set_data_table_size", Configure, Engineering),
            0x09 => ("read_link_parameters", Read, Monitor),
            0x0a => ("set_link_parameters", Configure, Administration),
            _ => ("unknown_function", Other, Monitor),
        },
        (0x07, Some(function)) => match function {
            0x00 => ("disable_outputs", Stop, Control),
            0x01 => ("enable_outputs", Start, Control),
            0x03 => ("enable_plc_scanning", Start, Control),
            0x04 => ("enter_download_mode", Download, Engineering),
            0x05 => ("exit_download_upload_mode", Other, Engineering),
            0x06 => ("enter_upload_mode", Upload, Engineering),
            _ => ("unknown_function", Other, Monitor),
        },
        (0x0f, Some(function)) => typed(function),
        _ => ("unknown_command", Other, Monitor),
    }
}

/// Functions of command 0F.
fn typed(function: u8) -> (&'static str, Action, Category) {
    use Action::*;
    use Category::{Administration, Control, Engineering, Monitor};
    match function {
        0x00 => ("word_range_write", Write, Control),
        0x01 => ("word_range_read", Read, Monitor),
        0x02 => ("bit_write", Write, Control),
        0x03 => ("file_write", Write, Control),
        0x04 => ("file_read", Read, Monitor),
        0x05 => ("download_request", Download, Engineering),
        0x06 => ("upload", Upload, Engineering),
        0x07 => ("shutdown", Stop, Control),
        0x08 => ("physical_write", Write, Engineering),
        0x09 => ("physical_read", Read, Monitor),
        0x0a => ("restart_request", Restart, Control),
        0x11 => ("get_edit_resource", Lock, Engineering),
        0x12 => ("return_edit_resource", Unlock, Engineering),
        0x17 => ("read_bytes_physical", Read, Monitor),
        0x18 => ("write_bytes_physical", Write, Engineering),
        0x26 => ("read_modify_write", Write, Control),
        0x29 => ("read_section_size", Read, Monitor),
        0x3a => ("set_cpu_mode", ChangeMode, Control),
        0x41 => ("disable_forces", Force, Control),
        0x50 => ("download_all_request", Download, Engineering),
        0x52 => ("download_completed", Download, Engineering),
        0x53 => ("upload_all_request", Upload, Engineering),
        0x55 => ("upload_completed", Upload, Engineering),
        0x57 => ("initialize_memory", Clear, Administration),
        0x5e => ("modify_plc_2_compatibility_file", Configure, Engineering),
        0x67 => ("typed_write", Write, Control),
        0x68 => ("typed_read", Read, Monitor),
        0x79 => ("read_modify_write_n", Write, Control),
        0x80 => ("change_mode", ChangeMode, Control),
        0x81 => ("open_file", FileRead, Administration),
        0x82 => ("close_file", Other, Administration),
        0x88 => ("execute_multiple_commands", Other, Control),
        0x8f => ("apply_port_configuration", Configure, Administration),
        0xa1 => ("protected_typed_logical_read_with_two_address_fields", Read, Monitor),
        0xa2 => ("protected_typed_logical_read_with_three_address_fields", Read, Monitor),
        0xa7 => ("protected_typed_file_read", Read, Monitor),
        0xa9 => ("protected_typed_logical_write_with_two_address_fields", Write, Control),
        0xaa => ("protected_typed_logical_write_with_three_address_fields", Write, Control),
        0xab => ("protected_typed_logical_masked_write_with_three_address_fields", Write, Control),
        0xaf => ("protected_typed_file_write", FileWrite, Administration),
        _ => ("unknown_function", Other, Monitor),
    }
}

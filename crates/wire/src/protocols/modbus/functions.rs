//! Function codes, exception codes and text of unit identifiers, all static: nothing is allocated
//! to name a PDU.
//!
//! Source: MODBUS Application Protocol Specification V1.1b3, sections 6 and 7.

use crate::model::{Action, Category};

/// What a function code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
    /// Address space its addresses belong to, if it has addresses.
    pub space: Option<&'static str>,
}

const fn function(
    name: &'static str,
    action: Action,
    category: Category,
    space: Option<&'static str>,
) -> Function {
    Function { name, action, category, space }
}

/// Function code (without the exception bit) and sub-code (FC 8: sub-function; FC 43: MEI type).
pub fn of(code: u8, sub: u16) -> Function {
    use Action::*;
    use Category::{Administration, Control, Discovery, Engineering, Monitor};
    const COILS: Option<&str> = Some("coils");
    const HOLDING: Option<&str> = Some("holding_registers");
    match code {
        1 => function("read_coils", Read, Monitor, COILS),
        2 => function("read_discrete_inputs", Read, Monitor, Some("discrete_inputs")),
        3 => function("read_holding_registers", Read, Monitor, HOLDING),
        4 => function("read_input_registers", Read, Monitor, Some("input_registers")),
        5 => function("write_single_coil", Write, Control, COILS),
        6 => function("write_single_register", Write, Control, HOLDING),
        7 => function("read_exception_status", Diagnose, Monitor, None),
        8 => diagnostics(sub),
        11 => function("get_comm_event_counter", Diagnose, Monitor, None),
        12 => function("get_comm_event_log", Diagnose, Monitor, None),
        15 => function("write_multiple_coils", Write, Control, COILS),
        16 => function("write_multiple_registers", Write, Control, HOLDING),
        17 => function("report_server_id", Identify, Discovery, None),
        20 => function("read_file_record", FileRead, Administration, Some("file_records")),
        21 => function("write_file_record", FileWrite, Administration, Some("file_records")),
        22 => function("mask_write_register", Write, Control, HOLDING),
        23 => function("read_write_multiple_registers", Write, Control, HOLDING),
        24 => function("read_fifo_queue", Read, Monitor, Some("fifo_queue")),
        43 if sub == 14 => function("read_device_identification", Identify, Discovery, None),
        43 if sub == 13 => function("canopen_general_reference", Other, Engineering, None),
        43 => function("encapsulated_interface_transport", Other, Monitor, None),
        _ => function(FUNCTION_TEXT[usize::from(code)], Other, Monitor, None),
    }
}

/// Sub-functions of FC 8 (section 6.8.1).
fn diagnostics(sub: u16) -> Function {
    use Action::*;
    use Category::{Administration, Control, Monitor};
    let name = match sub {
        0x00 => "return_query_data",
        0x01 => return function("restart_communications_option", Restart, Control, None),
        0x02 => "return_diagnostic_register",
        0x03 => return function("change_ascii_input_delimiter", Configure, Administration, None),
        0x04 => return function("force_listen_only_mode", ChangeMode, Control, None),
        0x0a => return function("clear_counters_and_diagnostic_register", Clear, Administration, None),
        0x0b => "return_bus_message_count",
        0x0c => "return_bus_communication_error_count",
        0x0d => "return_bus_exception_error_count",
        0x0e => "return_server_message_count",
        0x0f => "return_server_no_response_count",
        0x10 => "return_server_nak_count",
        0x11 => "return_server_busy_count",
        0x12 => "return_bus_character_overrun_count",
        0x14 => return function("clear_overrun_counter_and_flag", Clear, Administration, None),
        _ => "diagnostics",
    };
    function(name, Diagnose, Monitor, None)
}

/// Name of an exception code (section 7).
pub fn exception(code: u8) -> &'static str {
    match code {
        1 => "illegal_function",
        2 => "illegal_data_address",
        3 => "illegal_data_value",
        4 => "server_device_failure",
        5 => "acknowledge",
        6 => "server_device_busy",
        7 => "negative_acknowledge",
        8 => "memory_parity_error",
        10 => "gateway_path_unavailable",
        11 => "gateway_target_device_failed_to_respond",
        _ => "unknown_exception",
    }
}

/// Decimal text of a unit identifier.
pub fn unit(unit: u8) -> &'static str {
    DECIMAL_TEXT[usize::from(unit)]
}

/// Digits of `0..=255`, left-justified, after `prefix`, and the length of each text.
const fn numbered<const N: usize>(prefix: &[u8]) -> ([[u8; N]; 256], [usize; 256]) {
    let mut out = ([[0; N]; 256], [0; 256]);
    let mut n = 0;
    while n < 256 {
        let mut at = 0;
        while at < prefix.len() {
            out.0[n][at] = prefix[at];
            at += 1;
        }
        let mut unit = if n >= 100 {
            100
        } else if n >= 10 {
            10
        } else {
            1
        };
        while unit > 0 {
            out.0[n][at] = b'0' + ((n / unit) % 10) as u8;
            at += 1;
            unit /= 10;
        }
        out.1[n] = at;
        n += 1;
    }
    out
}

const fn texts<const N: usize>(table: &'static ([[u8; N]; 256], [usize; 256])) -> [&'static str; 256] {
    let mut out = [""; 256];
    let mut n = 0;
    while n < 256 {
        let (text, _) = table.0[n].split_at(table.1[n]);
        if let Ok(text) = std::str::from_utf8(text) {
            out[n] = text;
        }
        n += 1;
    }
    out
}

static DECIMAL: ([[u8; 3]; 256], [usize; 256]) = numbered(b"");
static DECIMAL_TEXT: [&str; 256] = texts(&DECIMAL);
static FUNCTION: ([[u8; 12]; 256], [usize; 256]) = numbered(b"function_");
static FUNCTION_TEXT: [&str; 256] = texts(&FUNCTION);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_text() {
        assert_eq!(
            (unit(0), unit(7), unit(10), unit(99), unit(100), unit(255)),
            ("0", "7", "10", "99", "100", "255")
        );
        assert_eq!(of(66, 0).name, "function_66");
        assert_eq!(of(100, 0).name, "function_100");
    }

    #[test]
    fn a_restart_is_no_mere_diagnosis() {
        assert_eq!(of(8, 1).action, Action::Restart);
        assert_eq!(of(8, 2).action, Action::Diagnose);
        assert_eq!(of(8, 0x99).name, "diagnostics");
    }
}

//! Unified diagnostic services (ISO 14229-1): what a request does, what an identifier names.

use crate::bytes::hex;
use crate::model::{Action, Category};

pub static OPERATIONS: &[&str] = &[
    "vehicle_identification", "entity_status", "power_mode", "routing_activation", "diagnostic_session_control",
    "ecu_reset", "clear_diagnostic_information", "read_dtc_information", "read_data_by_identifier",
    "read_memory_by_address", "read_scaling_data", "security_access_request_seed", "security_access_send_key",
    "communication_control", "authentication", "read_data_by_periodic_identifier", "dynamically_define_data",
    "write_data_by_identifier", "input_output_control", "routine_start", "routine_stop", "routine_results",
    "request_download", "request_upload", "transfer_data", "request_transfer_exit", "request_file_transfer",
    "write_memory_by_address", "tester_present", "control_dtc_setting", "response_on_event", "link_control",
    "secured_data_transmission",
];

/// Name and action of a request, and what it is about.
pub fn request(service: u8, rest: &[u8]) -> Option<(&'static str, Action, Option<String>)> {
    let function = rest.first().map(|f| f & 0x7F);
    let identifier = |at: usize| rest.get(at..at + 2).map(|b| format!("0x{}", hex(b)));
    Some(match service {
        0x10 => ("diagnostic_session_control", Action::ChangeMode, function.map(session)),
        0x11 => ("ecu_reset", Action::Restart, function.map(|f| f.to_string())),
        0x14 => ("clear_diagnostic_information", Action::Clear, None),
        0x19 => ("read_dtc_information", Action::Diagnose, None),
        0x22 => ("read_data_by_identifier", Action::Read, identifier(0)),
        0x23 => ("read_memory_by_address", Action::Upload, None),
        0x24 => ("read_scaling_data", Action::Read, identifier(0)),
        0x27 if function.is_some_and(|f| f & 1 == 1) => {
            ("security_access_request_seed", Action::Authenticate, function.map(|f| f.to_string()))
        }
        0x27 => ("security_access_send_key", Action::Authenticate, function.map(|f| f.to_string())),
        0x28 => ("communication_control", Action::Configure, function.map(|f| f.to_string())),
        0x29 => ("authentication", Action::Authenticate, None),
        0x2A => ("read_data_by_periodic_identifier", Action::Subscribe, None),
        0x2C => ("dynamically_define_data", Action::Configure, None),
        0x2E => ("write_data_by_identifier", Action::Write, identifier(0)),
        0x2F => ("input_output_control", Action::Force, identifier(0)),
        0x31 => match function {
            Some(1) => ("routine_start", Action::Start, identifier(1)),
            Some(2) => ("routine_stop", Action::Stop, identifier(1)),
            _ => ("routine_results", Action::Read, identifier(1)),
        },
        0x34 => ("request_download", Action::Download, None),
        0x35 => ("request_upload", Action::Upload, None),
        0x36 => ("transfer_data", Action::Download, None),
        0x37 => ("request_transfer_exit", Action::Download, None),
        0x38 => ("request_file_transfer", Action::FileWrite, None),
        0x3D => ("write_memory_by_address", Action::Download, None),
        0x3E => ("tester_present", Action::Other, None),
        0x84 => ("secured_data_transmission", Action::Other, None),
        0x85 => ("control_dtc_setting", Action::Configure, None),
        0x86 => ("response_on_event", Action::Subscribe, None),
        0x87 => ("link_control", Action::Configure, None),
        _ => return None,
    })
}

/// Beginning a session is no danger in itself; forcing an actor is control.
pub fn category(service: u8, action: Action) -> Category {
    match service {
        0x10 => Category::Administration,
        _ => action.category(),
    }
}

/// Services whose first octet is a sub-function, with the bit that suppresses the answer.
pub fn has_function(service: u8) -> bool {
    matches!(service, 0x10 | 0x11 | 0x19 | 0x27 | 0x28 | 0x29 | 0x2C | 0x31 | 0x3E | 0x83 | 0x85..=0x87)
}

fn session(function: u8) -> String {
    match function {
        1 => "default".to_owned(),
        2 => "programming".to_owned(),
        3 => "extended".to_owned(),
        4 => "safety".to_owned(),
        other => other.to_string(),
    }
}

/// Identifiers of annex C.1 that tell what a unit is: fact and title.
pub fn identifier(id: u16) -> Option<(&'static str, &'static str)> {
    Some(match id {
        0xF190 => ("id:vin", "F190 VIN"),
        0xF18C => ("serial", "F18C ECU serial number"),
        0xF187 => ("model", "F187 spare part number"),
        0xF188 | 0xF189 => ("firmware", "F189 ECU software"),
        0xF194 | 0xF195 => ("firmware", "F195 supplier software"),
        0xF191..=0xF193 => ("hardware", "F191 ECU hardware"),
        0xF18A => ("vendor", "F18A system supplier"),
        0xF197 => ("model", "F197 system name"),
        _ => return None,
    })
}

/// A vehicle identification number: 17 characters, no I, O, Q (ISO 3779).
pub fn vin(data: &[u8]) -> Option<&str> {
    let fits = data.len() == 17
        && data.iter().all(|b| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"IOQ".contains(b)))
        && data.iter().any(|b| *b != b'0');
    fits.then(|| std::str::from_utf8(data).ok()).flatten()
}

/// Negative response codes (annex A.1).
pub fn refusal(code: u8) -> &'static str {
    match code {
        0x10 => "general_reject",
        0x11 => "service_not_supported",
        0x12 => "sub_function_not_supported",
        0x13 => "incorrect_message_length",
        0x21 => "busy_repeat_request",
        0x22 => "conditions_not_correct",
        0x24 => "request_sequence_error",
        0x31 => "request_out_of_range",
        0x33 => "security_access_denied",
        0x34 => "authentication_required",
        0x35 => "invalid_key",
        0x36 => "exceeded_number_of_attempts",
        0x37 => "required_time_delay_not_expired",
        0x70 => "upload_download_not_accepted",
        0x71 => "transfer_data_suspended",
        0x72 => "general_programming_failure",
        0x73 => "wrong_block_sequence_counter",
        0x7E => "sub_function_not_supported_in_session",
        0x7F => "service_not_supported_in_session",
        _ => "refused",
    }
}

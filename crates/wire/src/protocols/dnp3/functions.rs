//! DNP3 function codes, status codes and what they mean (IEEE 1815-2012, clauses 4.4, 4.5, annex A).

use super::objects::Objects;
use crate::model::{Action, Category};

pub const CONFIRM: u8 = 0;
pub const READ: u8 = 1;
pub const WRITE: u8 = 2;
pub const DIRECT_OPERATE_NR: u8 = 6;
pub const OPEN_FILE: u8 = 25;
pub const AUTHENTICATE_FILE: u8 = 29;
pub const AUTHENTICATE_REQ: u8 = 32;
pub const AUTHENTICATE_REQ_NR: u8 = 33;
pub const RESPONSE: u8 = 129;
pub const UNSOLICITED_RESPONSE: u8 = 130;
pub const AUTHENTICATE_RESP: u8 = 131;

/// Name of a function code; the empty text for unknown ones.
pub fn name(function: u8) -> &'static str {
    const REQUESTS: [&str; 34] = [
        "confirm",
        "read",
        "write",
        "select",
        "operate",
        "direct_operate",
        "direct_operate_no_ack",
        "immediate_freeze",
        "immediate_freeze_no_ack",
        "freeze_and_clear",
        "freeze_and_clear_no_ack",
        "freeze_at_time",
        "freeze_at_time_no_ack",
        "cold_restart",
        "warm_restart",
        "initialize_data",
        "initialize_application",
        "start_application",
        "stop_application",
        "save_configuration",
        "enable_unsolicited",
        "disable_unsolicited",
        "assign_class",
        "delay_measurement",
        "record_current_time",
        "open_file",
        "close_file",
        "delete_file",
        "get_file_information",
        "authenticate_file",
        "abort_file",
        "activate_configuration",
        "authenticate_request",
        "authenticate_request_no_ack",
    ];
    match function {
        RESPONSE => "response",
        UNSOLICITED_RESPONSE => "unsolicited_response",
        AUTHENTICATE_RESP => "authenticate_response",
        n => REQUESTS.get(usize::from(n)).copied().unwrap_or(""),
    }
}

/// True for functions whose fragments carry objects behind the object headers.
pub fn with_data(function: u8) -> bool {
    !matches!(function, READ | 7..=10 | 13..=24)
}

/// True for functions that are never answered.
pub fn no_answer_due(function: u8) -> bool {
    matches!(function, CONFIRM | DIRECT_OPERATE_NR | 8 | 10 | 12 | AUTHENTICATE_REQ_NR)
}

/// What a request does to the objects of one header (`None`: it names none).
///
/// A write or a read means different things by the group it touches, so that the name tells both.
pub fn meaning(function: u8, objects: Option<&Objects<'_>>) -> (&'static str, Action) {
    let (group, variation) = objects.map_or((255, 0), |o| (o.group, o.variation));
    match (function, group, variation) {
        (READ, 70, _) => ("read_file", Action::FileRead),
        (READ, 0, _) => ("read_device_attributes", Action::Read),
        (READ, ..) => ("read", Action::Read),
        (WRITE, 50 | 51, _) => ("write_time", Action::SetTime),
        (WRITE, 80, _) => ("write_internal_indications", Action::Clear),
        (WRITE, 70, _) => ("write_file", Action::FileWrite),
        (WRITE, 0, 247) => ("write_device_name", Action::SetName),
        (WRITE, 0, _) => ("write_device_attributes", Action::Configure),
        (WRITE, 34, _) => ("write_analog_deadband", Action::Configure),
        (WRITE, ..) => ("write", Action::Write),
        (3..=6, ..) => (name(function), Action::Write),
        (13 | 14, ..) => (name(function), Action::Restart),
        (15 | 16 | 19 | 22 | 31, ..) => (name(function), Action::Configure),
        (17, ..) => (name(function), Action::Start),
        (18, ..) => (name(function), Action::Stop),
        (20 | 21, ..) => (name(function), Action::Subscribe),
        (23, ..) => (name(function), Action::Diagnose),
        (24, ..) => (name(function), Action::SetTime),
        (OPEN_FILE, ..) => match objects.map(file_mode) {
            Some(Some(2)) => ("open_file_write", Action::FileWrite),
            Some(Some(3)) => ("open_file_append", Action::FileWrite),
            _ => ("open_file", Action::FileRead),
        },
        (27, ..) => ("delete_file", Action::FileDelete),
        (28, ..) => ("get_file_information", Action::FileRead),
        (AUTHENTICATE_REQ | AUTHENTICATE_REQ_NR, 120, 10) => ("change_user_status", Action::Configure),
        (AUTHENTICATE_REQ | AUTHENTICATE_REQ_NR, 120, 13..=15) => ("change_update_key", Action::Configure),
        (AUTHENTICATE_FILE | AUTHENTICATE_REQ | AUTHENTICATE_REQ_NR, ..) => {
            (name(function), Action::Authenticate)
        }
        _ => (name(function), Action::Other),
    }
}

/// Why one would care, where it is not what the action says.
pub fn category(function: u8, action: Action) -> Category {
    match function {
        7..=12 => Category::Control,
        15..=19 | 31 => Category::Engineering,
        20..=22 => Category::Administration,
        26 | 30 => Category::Administration,
        _ => action.category(),
    }
}

/// Operational mode of a file command object (g70v3): 0 null, 1 read, 2 write, 3 append.
fn file_mode(objects: &Objects<'_>) -> Option<u16> {
    let file = objects.free().next()?;
    let mode = file.get(20..22)?;
    Some(u16::from_le_bytes([*mode.first()?, *mode.get(1)?]))
}

/// Status of a control (g12, g41), annex A table A-6.
pub fn control_status(status: u8) -> &'static str {
    match status {
        0 => "success",
        1 => "timeout",
        2 => "no_select",
        3 => "format_error",
        4 => "not_supported",
        5 => "already_active",
        6 => "hardware_error",
        7 => "local",
        8 => "too_many_objects",
        9 => "not_authorized",
        10 => "automation_inhibit",
        11 => "processing_limited",
        12 => "out_of_range",
        13 => "downstream_local",
        14 => "already_complete",
        15 => "blocked",
        16 => "cancelled",
        17 => "blocked_other_master",
        18 => "downstream_fail",
        126 => "non_participating",
        127 => "undefined",
        _ => "reserved",
    }
}

/// Status of a file operation (g70v4, g70v6), annex A.
pub fn file_status(status: u8) -> &'static str {
    match status {
        0 => "success",
        1 => "permission_denied",
        2 => "invalid_mode",
        3 => "file_not_found",
        4 => "file_locked",
        5 => "too_many_open",
        6 => "invalid_handle",
        7 => "write_block_size",
        8 => "communication_lost",
        9 => "cannot_abort",
        16 => "not_opened",
        17 => "handle_expired",
        18 => "buffer_overrun",
        19 => "fatal",
        20 => "block_sequence",
        255 => "undefined",
        _ => "reserved",
    }
}

/// Error code of secure authentication (g120v7), annex A.
pub fn authentication_error(code: u8) -> &'static str {
    match code {
        1 => "authentication_failed",
        2 => "unexpected_response",
        3 => "no_response",
        4 => "aggressive_mode_not_supported",
        5 => "mac_algorithm_not_supported",
        6 => "key_wrap_algorithm_not_supported",
        7 => "authorization_failed",
        8 => "update_key_change_method_not_permitted",
        9 => "invalid_signature",
        10 => "invalid_certification_data",
        11 => "unknown_user",
        12 => "max_session_key_status_requests_exceeded",
        _ => "authentication_error",
    }
}

/// Internal indications of a response: first octet in the low byte (clause 4.2.2.7).
pub fn indications(iin: u16) -> impl Iterator<Item = &'static str> {
    const NAMES: [&str; 14] = [
        "broadcast",
        "class_1_events",
        "class_2_events",
        "class_3_events",
        "need_time",
        "local_control",
        "device_trouble",
        "device_restart",
        "function_not_supported",
        "object_unknown",
        "parameter_error",
        "event_buffer_overflow",
        "already_executing",
        "configuration_corrupt",
    ];
    NAMES.iter().enumerate().filter(move |(bit, _)| iin >> bit & 1 == 1).map(|(_, name)| *name)
}

/// The indication that refuses a request, as exception code (its bit) and name.
pub fn refusal(iin: u16) -> Option<(i64, &'static str)> {
    [(8, "function_not_supported"), (9, "object_unknown"), (10, "parameter_error"), (12, "already_executing")]
        .into_iter()
        .find(|(bit, _)| iin >> bit & 1 == 1)
}

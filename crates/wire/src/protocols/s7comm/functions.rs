//! Names and effect of jobs, program invocation services and userdata functions.
//!
//! Sources: Siemens, System Software for S7-300/400 System and Standard Functions, A5E00709327
//! (SZL partial lists, chapter 33; error codes); names of functions as in the open documentation
//! of the S7 protocol (snap7) and in STEP 7's own texts.

use crate::model::{Action, Category};

/// What a function stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
}

const fn function(name: &'static str, action: Action, category: Category) -> Function {
    Function { name, action, category }
}

pub const READ_VAR: u8 = 0x04;
pub const WRITE_VAR: u8 = 0x05;
pub const REQUEST_DOWNLOAD: u8 = 0x1a;
pub const DOWNLOAD_BLOCK: u8 = 0x1b;
pub const DOWNLOAD_ENDED: u8 = 0x1c;
pub const START_UPLOAD: u8 = 0x1d;
pub const UPLOAD: u8 = 0x1e;
pub const END_UPLOAD: u8 = 0x1f;
pub const PI_SERVICE: u8 = 0x28;
pub const PLC_STOP: u8 = 0x29;
pub const SETUP_COMMUNICATION: u8 = 0xf0;

/// A job, by its function code.
pub fn job(code: u8) -> Function {
    use Action::*;
    use Category::{Control, Engineering, Monitor};
    match code {
        0x00 => function("cpu_services", Other, Monitor),
        READ_VAR => function("read_var", Read, Monitor),
        WRITE_VAR => function("write_var", Write, Control),
        REQUEST_DOWNLOAD => function("request_download", Download, Engineering),
        DOWNLOAD_BLOCK => function("download_block", Download, Engineering),
        DOWNLOAD_ENDED => function("download_ended", Download, Engineering),
        START_UPLOAD => function("start_upload", Upload, Engineering),
        UPLOAD => function("upload", Upload, Engineering),
        END_UPLOAD => function("end_upload", Upload, Engineering),
        PI_SERVICE => function("pi_service", Other, Engineering),
        PLC_STOP => function("plc_stop", Stop, Control),
        SETUP_COMMUNICATION => function("setup_communication", Other, Monitor),
        _ => function("unknown_function", Other, Monitor),
    }
}

/// A program invocation service, by its name and argument.
pub fn program_invocation(name: &str, argument: &[u8]) -> Function {
    use Action::*;
    use Category::{Administration, Control, Engineering};
    match name {
        // "C ": cold, else warm or hot restart
        "P_PROGRAM" if argument.first() == Some(&b'C') => function("plc_cold_start", Start, Control),
        "P_PROGRAM" => function("plc_start", Start, Control),
        "_INSE" => function("pi_inse", Configure, Engineering),
        "_INS2" => function("pi_ins2", Configure, Engineering),
        "_DELE" => function("pi_dele", Configure, Engineering),
        "_MODU" => function("pi_modu", Configure, Engineering),
        "_GARB" => function("pi_garb", Configure, Engineering),
        // numerical control (SINUMERIK)
        "_N_LOGIN_" => function("pi_n_login", Authenticate, Administration),
        "_N_LOGOUT" => function("pi_n_logout", Other, Administration),
        "_N_F_DELE" => function("pi_n_f_dele", FileDelete, Administration),
        "_N_F_RENA" => function("pi_n_f_rena", FileWrite, Administration),
        "_N_F_COPY" => function("pi_n_f_copy", FileWrite, Administration),
        "_N_F_OPEN" => function("pi_n_f_open", FileRead, Administration),
        "_N_F_CLOS" => function("pi_n_f_clos", Other, Administration),
        "_N_SETUDT" => function("pi_n_setudt", Configure, Engineering),
        "_N_SELECT" => function("pi_n_select", ChangeMode, Control),
        _ => function("pi_service", Other, Engineering),
    }
}

pub const PROGRAMMER: u8 = 1;
pub const CPU: u8 = 4;
pub const SECURITY: u8 = 5;
pub const READ_SZL: u8 = 1;
pub const PLC_PASSWORD: u8 = 1;

/// Name of a function group of userdata.
pub fn group_name(group: u8) -> &'static str {
    match group {
        0 => "mode_transition",
        PROGRAMMER => "programmer_commands",
        2 => "cyclic_services",
        3 => "block_functions",
        CPU => "cpu_functions",
        SECURITY => "security",
        6 => "pbc_bsend_brecv",
        7 => "time_functions",
        0x0f => "nc_programming",
        _ => "unknown_group",
    }
}

/// A userdata function, by group and sub-function.
pub fn userdata(group: u8, sub: u8) -> Function {
    use Action::*;
    use Category::{Administration, Control, Discovery, Engineering, Monitor};
    match (group, sub) {
        (0, _) => function("mode_transition", Other, Monitor),
        (PROGRAMMER, 0x01) => function("block_status", Diagnose, Monitor),
        (PROGRAMMER, 0x02) => function("variable_status", Diagnose, Monitor),
        (PROGRAMMER, 0x03) => function("output_istack", Diagnose, Monitor),
        (PROGRAMMER, 0x04) => function("output_bstack", Diagnose, Monitor),
        (PROGRAMMER, 0x05) => function("output_lstack", Diagnose, Monitor),
        (PROGRAMMER, 0x06) => function("time_measurement", Diagnose, Monitor),
        (PROGRAMMER, 0x07) => function("force_selection", Diagnose, Monitor),
        (PROGRAMMER, 0x08) => function("modify_variable", Force, Control),
        (PROGRAMMER, 0x09) => function("force", Force, Control),
        (PROGRAMMER, 0x0a) => function("breakpoint", Diagnose, Control),
        (PROGRAMMER, 0x0b) => function("exit_hold", Start, Control),
        (PROGRAMMER, 0x0c) => function("memory_reset", Clear, Administration),
        (PROGRAMMER, 0x0d) => function("disable_job", Diagnose, Monitor),
        (PROGRAMMER, 0x0e) => function("enable_job", Diagnose, Monitor),
        (PROGRAMMER, 0x0f) => function("delete_job", Diagnose, Monitor),
        (PROGRAMMER, 0x10) => function("read_job_list", Diagnose, Monitor),
        (PROGRAMMER, 0x11) => function("read_job", Diagnose, Monitor),
        (PROGRAMMER, 0x12) => function("replace_job", Diagnose, Monitor),
        (PROGRAMMER, 0x13) => function("block_status_v2", Diagnose, Monitor),
        (PROGRAMMER, 0x16) => function("flash_led", Identify, Discovery),
        (2, 0x01) => function("cyclic_transfer", Subscribe, Monitor),
        (2, 0x04) => function("unsubscribe", Subscribe, Monitor),
        (2, 0x05) => function("change_driven_transfer", Subscribe, Monitor),
        (2, 0x07) => function("change_driven_transfer_modify", Subscribe, Monitor),
        (2, 0x08) => function("rdrec", Read, Monitor),
        (3, 0x01) => function("list_blocks", Read, Monitor),
        (3, 0x02) => function("list_blocks_of_type", Read, Monitor),
        (3, 0x03) => function("get_block_info", Read, Monitor),
        (CPU, READ_SZL) => function("read_szl", Diagnose, Monitor),
        (CPU, 0x02) => function("message_service", Subscribe, Monitor),
        (CPU, 0x03) => function("diagnostic_message", Other, Monitor),
        (CPU, 0x05) => function("alarm_8_indication", Other, Monitor),
        (CPU, 0x06) => function("notify_indication", Other, Monitor),
        (CPU, 0x07) => function("alarm_8_lock", Configure, Administration),
        (CPU, 0x08) => function("alarm_8_unlock", Configure, Administration),
        (CPU, 0x09) => function("scan_indication", Other, Monitor),
        (CPU, 0x0b) => function("alarm_ack", Other, Control),
        (CPU, 0x0c) => function("alarm_ack_indication", Other, Monitor),
        (CPU, 0x0d) => function("alarm_lock_indication", Other, Monitor),
        (CPU, 0x0e) => function("alarm_unlock_indication", Other, Monitor),
        (CPU, 0x11) => function("alarm_sq_indication", Other, Monitor),
        (CPU, 0x12) => function("alarm_s_indication", Other, Monitor),
        (CPU, 0x13) => function("alarm_query", Read, Monitor),
        (CPU, 0x16) => function("notify_8_indication", Other, Monitor),
        (SECURITY, PLC_PASSWORD) => function("plc_password", Authenticate, Administration),
        (SECURITY, _) => function("security", Other, Administration),
        (6, _) => function("bsend", Write, Control),
        (7, 0x01) => function("read_clock", Read, Monitor),
        (7, 0x02 | 0x04) => function("set_clock", SetTime, Administration),
        (7, 0x03) => function("read_clock_following", Read, Monitor),
        (0x0f, 0x01) => function("nc_request_download", Download, Engineering),
        (0x0f, 0x02) => function("nc_download_block", Download, Engineering),
        (0x0f, 0x03) => function("nc_continue_download", Download, Engineering),
        (0x0f, 0x04) => function("nc_download_ended", Download, Engineering),
        (0x0f, 0x06) => function("nc_start_upload", Upload, Engineering),
        (0x0f, 0x07) => function("nc_upload", Upload, Engineering),
        (0x0f, 0x08) => function("nc_continue_upload", Upload, Engineering),
        _ => function("unknown_userdata", Other, Monitor),
    }
}

/// Name of the class of an error.
pub fn error_class(class: u8) -> &'static str {
    match class {
        0x00 => "no_error",
        0x81 => "application_relationship",
        0x82 => "object_definition",
        0x83 => "no_resources_available",
        0x84 => "error_on_service_processing",
        0x85 => "error_on_supplies",
        0x87 => "access_error",
        0xd0..=0xdf => "parameter_error",
        _ => "unknown_error_class",
    }
}

/// Name of an error, both bytes as one number; by its class where it has none here.
pub fn error(code: u16) -> &'static str {
    match code {
        0x0000 => "no_error",
        0x8104 => "service_not_implemented",
        0x8304 => "no_further_parallel_upload",
        0x8404 => "function_cannot_be_performed",
        0x8500 => "wrong_frame",
        0x8702 => "service_not_supported_by_module",
        0x8703 => "access_to_object_refused",
        0xd209 => "block_not_found",
        0xd20e => "no_further_block_available",
        0xd210 => "invalid_block_number",
        0xd241 => "not_permitted_in_current_protection_level",
        0xd402 => "information_function_unavailable",
        0xd602 => "incorrect_password_entered",
        0xd603 => "connection_already_legitimized",
        0xd604 => "connection_already_enabled",
        0xd605 => "password_does_not_exist",
        _ => error_class((code >> 8) as u8),
    }
}

/// Name of the return code of one item of data.
pub fn return_code(code: u8) -> &'static str {
    match code {
        0x00 => "reserved",
        0x01 => "hardware_error",
        0x03 => "accessing_the_object_not_allowed",
        0x05 => "invalid_address",
        0x06 => "data_type_not_supported",
        0x07 => "data_type_inconsistent",
        0x0a => "object_does_not_exist",
        0xff => "success",
        _ => "unknown_return_code",
    }
}

/// Name of a partial list of the system status list, by the low byte of its id.
pub fn partial_list(id: u16) -> &'static str {
    match id & 0xff {
        0x00 => "szl_ids",
        0x11 => "module_identification",
        0x12 => "cpu_characteristics",
        0x13 => "user_memory_areas",
        0x14 => "system_areas",
        0x15 => "block_types",
        0x19 | 0x74 => "module_leds",
        0x1c => "component_identification",
        0x22 => "interrupt_status",
        0x24 => "modes",
        0x25 => "process_image_partitions",
        0x31 => "communication_capability_parameters",
        0x32 => "communication_status_data",
        0x37 => "ethernet_details",
        0x71 => "h_cpu_group_information",
        0x81 => "start_information_list",
        0x82 => "start_event_list",
        0x90 => "dp_master_system_information",
        0x91 => "module_status_information",
        0x92 | 0x94 => "rack_station_status_information",
        0x95 => "extended_dp_master_system_information",
        0x96 => "extended_module_status_information",
        0xa0 => "diagnostic_buffer",
        0xb1..=0xb4 => "module_diagnostic_data",
        _ => "unknown_partial_list",
    }
}

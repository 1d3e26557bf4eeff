//! Services of MMS by number, what they do, and the names of errors.
//!
//! Source: ISO 9506-2 (ConfirmedServiceRequest, ServiceError, DataAccessError).

use crate::model::{Action, Category};

/// A confirmed service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Service {
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
}

const fn service(name: &'static str, action: Action, category: Category) -> Service {
    Service { name, action, category }
}

pub const GET_NAME_LIST: u32 = 1;
pub const IDENTIFY: u32 = 2;
pub const READ: u32 = 4;
pub const WRITE: u32 = 5;
pub const OBTAIN_FILE: u32 = 46;
pub const FILE_OPEN: u32 = 72;
pub const FILE_READ: u32 = 73;
pub const FILE_CLOSE: u32 = 74;
pub const FILE_RENAME: u32 = 75;
pub const FILE_DELETE: u32 = 76;
pub const FILE_DIRECTORY: u32 = 77;
/// Not a number of the standard: a request to cancel another.
pub const CANCEL: u32 = 1000;

/// The service with this number.
pub fn confirmed(number: u32) -> Service {
    use Action::*;
    use Category::{Administration, Control, Discovery, Engineering, Monitor};
    match number {
        0 => service("status", Diagnose, Monitor),
        GET_NAME_LIST => service("get_name_list", Discover, Discovery),
        IDENTIFY => service("identify", Identify, Discovery),
        3 => service("rename", Configure, Administration),
        READ => service("read", Read, Monitor),
        WRITE => service("write", Write, Control),
        6 => service("get_variable_access_attributes", Discover, Discovery),
        7 => service("define_named_variable", Configure, Administration),
        8 => service("define_scattered_access", Configure, Administration),
        9 => service("get_scattered_access_attributes", Discover, Discovery),
        10 => service("delete_variable_access", Configure, Administration),
        11 => service("define_named_variable_list", Configure, Administration),
        12 => service("get_named_variable_list_attributes", Discover, Discovery),
        13 => service("delete_named_variable_list", Configure, Administration),
        14 => service("define_named_type", Configure, Administration),
        15 => service("get_named_type_attributes", Discover, Discovery),
        16 => service("delete_named_type", Configure, Administration),
        17 => service("input", Read, Monitor),
        18 => service("output", Write, Control),
        19 => service("take_control", Lock, Administration),
        20 => service("relinquish_control", Unlock, Administration),
        21 => service("define_semaphore", Configure, Administration),
        22 => service("delete_semaphore", Configure, Administration),
        23 => service("report_semaphore_status", Diagnose, Monitor),
        24 => service("report_pool_semaphore_status", Diagnose, Monitor),
        25 => service("report_semaphore_entry_status", Diagnose, Monitor),
        26 => service("initiate_download_sequence", Download, Engineering),
        27 => service("download_segment", Download, Engineering),
        28 => service("terminate_download_sequence", Download, Engineering),
        29 => service("initiate_upload_sequence", Upload, Engineering),
        30 => service("upload_segment", Upload, Engineering),
        31 => service("terminate_upload_sequence", Upload, Engineering),
        32 => service("request_domain_download", Download, Engineering),
        33 => service("request_domain_upload", Upload, Engineering),
        34 => service("load_domain_content", Download, Engineering),
        35 => service("store_domain_content", Upload, Engineering),
        36 => service("delete_domain", Clear, Engineering),
        37 => service("get_domain_attributes", Discover, Discovery),
        38 => service("create_program_invocation", Configure, Engineering),
        39 => service("delete_program_invocation", Other, Engineering),
        40 => service("start", Start, Control),
        41 => service("stop", Stop, Control),
        42 => service("resume", Start, Control),
        43 => service("reset", Other, Control),
        44 => service("kill", Stop, Control),
        45 => service("get_program_invocation_attributes", Discover, Discovery),
        OBTAIN_FILE => service("obtain_file", FileWrite, Administration),
        47 => service("define_event_condition", Configure, Administration),
        48 => service("delete_event_condition", Configure, Administration),
        49 => service("get_event_condition_attributes", Discover, Discovery),
        50 => service("report_event_condition_status", Diagnose, Monitor),
        51 => service("alter_event_condition_monitoring", Configure, Administration),
        52 => service("trigger_event", Other, Control),
        53 => service("define_event_action", Configure, Administration),
        54 => service("delete_event_action", Configure, Administration),
        55 => service("get_event_action_attributes", Discover, Discovery),
        56 => service("report_event_action_status", Diagnose, Monitor),
        57 => service("define_event_enrollment", Subscribe, Monitor),
        58 => service("delete_event_enrollment", Configure, Administration),
        59 => service("alter_event_enrollment", Configure, Administration),
        60 => service("report_event_enrollment_status", Diagnose, Monitor),
        61 => service("get_event_enrollment_attributes", Discover, Discovery),
        62 => service("acknowledge_event_notification", Other, Control),
        63 => service("get_alarm_summary", Diagnose, Monitor),
        64 => service("get_alarm_enrollment_summary", Diagnose, Monitor),
        65 => service("read_journal", Read, Monitor),
        66 => service("write_journal", Write, Administration),
        67 => service("initialize_journal", Clear, Administration),
        68 => service("report_journal_status", Diagnose, Monitor),
        69 => service("create_journal", Configure, Administration),
        70 => service("delete_journal", Clear, Administration),
        71 => service("get_capability_list", Discover, Discovery),
        FILE_OPEN => service("file_open", FileRead, Administration),
        FILE_READ => service("file_read", FileRead, Administration),
        FILE_CLOSE => service("file_close", Other, Monitor),
        FILE_RENAME => service("file_rename", FileWrite, Administration),
        FILE_DELETE => service("file_delete", FileDelete, Administration),
        FILE_DIRECTORY => service("file_directory", Discover, Discovery),
        78 => service("additional_service", Other, Monitor),
        80 => service("exchange_data", Write, Control),
        81 => service("define_access_control_list", Configure, Administration),
        82 => service("get_access_control_list_attributes", Discover, Discovery),
        83 => service("report_access_controlled_objects", Discover, Discovery),
        84 => service("delete_access_control_list", Configure, Administration),
        85 => service("change_access_control", Configure, Administration),
        86 => service("reconfigure_program_invocation", Configure, Engineering),
        CANCEL => service("cancel", Other, Control),
        _ => service("other_service", Other, Monitor),
    }
}

/// Name of a class of service errors and of a code in it.
pub fn service_error(class: u32, code: i64) -> &'static str {
    const VMD_STATE: &[&str] = &[
        "vmd_state",
        "vmd_state_conflict",
        "vmd_operational_problem",
        "domain_transfer_problem",
        "state_machine_id_invalid",
    ];
    const DEFINITION: &[&str] = &[
        "definition",
        "object_undefined",
        "invalid_address",
        "type_unsupported",
        "type_inconsistent",
        "object_exists",
        "object_attribute_inconsistent",
    ];
    const RESOURCE: &[&str] = &[
        "resource",
        "memory_unavailable",
        "processor_resource_unavailable",
        "mass_storage_unavailable",
        "capability_unavailable",
        "capability_unknown",
    ];
    const SERVICE: &[&str] = &[
        "service",
        "primitives_out_of_sequence",
        "object_state_conflict",
        "pdu_size",
        "continuation_invalid",
        "object_constraint_conflict",
    ];
    const PREEMPT: &[&str] = &["service_preempt", "timeout", "deadlock", "cancel"];
    const ACCESS: &[&str] = &[
        "access",
        "object_access_unsupported",
        "object_non_existent",
        "object_access_denied",
        "object_invalidated",
    ];
    const INITIATE: &[&str] = &[
        "initiate",
        "version_incompatible",
        "max_segment_insufficient",
        "max_services_outstanding_calling_insufficient",
        "max_services_outstanding_called_insufficient",
        "service_cbb_insufficient",
        "parameter_cbb_insufficient",
        "nesting_level_insufficient",
    ];
    const FILE: &[&str] = &[
        "file",
        "filename_ambiguous",
        "file_busy",
        "filename_syntax_error",
        "content_type_invalid",
        "position_invalid",
        "file_access_denied",
        "file_non_existent",
        "duplicate_filename",
        "insufficient_space_in_filestore",
    ];
    let list: &[&'static str] = match class {
        0 => VMD_STATE,
        1 => &["application_reference"],
        2 => DEFINITION,
        3 => RESOURCE,
        4 => SERVICE,
        5 => PREEMPT,
        6 => &["time_resolution"],
        7 => ACCESS,
        8 => INITIATE,
        9 => &["conclude"],
        10 => &["cancel"],
        11 => FILE,
        _ => &["other_error"],
    };
    let known = usize::try_from(code).ok().and_then(|c| list.get(c));
    known.or_else(|| list.first()).copied().unwrap_or("other_error")
}

/// Name of a DataAccessError.
pub fn access_error(code: i64) -> &'static str {
    match code {
        0 => "object_invalidated",
        1 => "hardware_fault",
        2 => "temporarily_unavailable",
        3 => "object_access_denied",
        4 => "object_undefined",
        5 => "invalid_address",
        6 => "type_unsupported",
        7 => "type_inconsistent",
        8 => "object_attribute_inconsistent",
        9 => "object_access_unsupported",
        10 => "object_non_existent",
        11 => "object_value_invalid",
        _ => "other_error",
    }
}

/// Name of the class of a named object (ObjectClass).
pub fn object_class(code: i64) -> &'static str {
    match code {
        0 => "named_variable",
        1 => "scattered_access",
        2 => "named_variable_list",
        3 => "named_type",
        4 => "semaphore",
        5 => "event_condition",
        6 => "event_action",
        7 => "event_enrollment",
        8 => "journal",
        9 => "domain",
        10 => "program_invocation",
        11 => "operator_station",
        _ => "other_class",
    }
}

/// Why a command was not carried out (AddCause; IEC 61850-7-2, 20.5.2.9).
pub fn additional_cause(code: i64) -> &'static str {
    const CAUSES: &[&str] = &[
        "unknown",
        "not_supported",
        "blocked_by_switching_hierarchy",
        "select_failed",
        "invalid_position",
        "position_reached",
        "parameter_change_in_execution",
        "step_limit",
        "blocked_by_mode",
        "blocked_by_process",
        "blocked_by_interlocking",
        "blocked_by_synchrocheck",
        "command_already_in_execution",
        "blocked_by_health",
        "1_of_n_control",
        "abortion_by_cancel",
        "time_limit_over",
        "abortion_by_trip",
        "object_not_selected",
        "object_already_selected",
        "no_access_authority",
        "ended_with_overshoot",
        "abortion_due_to_deviation",
        "abortion_by_communication_loss",
        "blocked_by_command",
        "none",
        "inconsistent_parameters",
        "locked_by_other_client",
    ];
    usize::try_from(code).ok().and_then(|c| CAUSES.get(c)).copied().unwrap_or("other_cause")
}

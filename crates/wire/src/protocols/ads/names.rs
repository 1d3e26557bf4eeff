//! Numbers of Beckhoff ADS and what they are called (Beckhoff Information System, TwinCAT ADS:
//! "ADS Specification", "ADS Return Codes", "Index group/offset of the system services").

use crate::model::Action;

pub const READ_DEVICE_INFO: u16 = 1;
pub const READ: u16 = 2;
pub const WRITE: u16 = 3;
pub const READ_STATE: u16 = 4;
pub const WRITE_CONTROL: u16 = 5;
pub const ADD_NOTIFICATION: u16 = 6;
pub const DELETE_NOTIFICATION: u16 = 7;
pub const NOTIFICATION: u16 = 8;
pub const READ_WRITE: u16 = 9;

/// AMS port of the TwinCAT system service.
pub const SYSTEM_SERVICE: u16 = 10000;

/// Index groups of symbol access, on every port that has symbols.
pub const SYMBOL_HANDLE_BY_NAME: u32 = 0xF003;
pub const SYMBOL_VALUE_BY_NAME: u32 = 0xF004;
pub const SYMBOL_VALUE_BY_HANDLE: u32 = 0xF005;
pub const SYMBOL_RELEASE_HANDLE: u32 = 0xF006;

/// Name of a command, for events.
pub fn command(command: u16) -> &'static str {
    match command {
        READ_DEVICE_INFO => "read_device_info",
        READ => "read",
        WRITE => "write",
        READ_STATE => "read_state",
        WRITE_CONTROL => "write_control",
        ADD_NOTIFICATION => "add_device_notification",
        DELETE_NOTIFICATION => "delete_device_notification",
        NOTIFICATION => "device_notification",
        READ_WRITE => "read_write",
        _ => "unknown_command",
    }
}

/// Name and meaning of writing an ADS state.
pub fn write_control(state: u16) -> (&'static str, Action) {
    match state {
        1 => ("write_control_idle", Action::ChangeMode),
        2 => ("write_control_reset", Action::Restart),
        3 => ("write_control_init", Action::ChangeMode),
        4 => ("write_control_start", Action::Start),
        5 => ("write_control_run", Action::Start),
        6 => ("write_control_stop", Action::Stop),
        7 => ("write_control_save_config", Action::Configure),
        8 => ("write_control_load_config", Action::Configure),
        12 => ("write_control_shutdown", Action::Stop),
        13 => ("write_control_suspend", Action::Stop),
        14 => ("write_control_resume", Action::Start),
        15 => ("write_control_config", Action::ChangeMode),
        16 => ("write_control_reconfig", Action::ChangeMode),
        17 => ("write_control_stopping", Action::Stop),
        _ => ("write_control", Action::ChangeMode),
    }
}

/// Name of an ADS state.
pub fn state(state: u16) -> &'static str {
    const NAMES: [&str; 20] = [
        "invalid",
        "idle",
        "reset",
        "init",
        "start",
        "run",
        "stop",
        "save_config",
        "load_config",
        "power_failure",
        "power_good",
        "error",
        "shutdown",
        "suspend",
        "resume",
        "config",
        "reconfig",
        "stopping",
        "incompatible",
        "exception",
    ];
    NAMES.get(usize::from(state)).copied().unwrap_or("unknown")
}

/// What a read, write or read-write does, by the service it addresses.
pub fn access(command: u16, port: u16, group: u32, offset: u32) -> (&'static str, Action) {
    if port == SYSTEM_SERVICE
        && let Some(known) = system_service(command, group, offset)
    {
        return known;
    }
    match (command, group) {
        (READ_WRITE, SYMBOL_HANDLE_BY_NAME) => ("get_symbol_handle", Action::Read),
        (READ_WRITE, SYMBOL_VALUE_BY_NAME) => ("read_symbol", Action::Read),
        (READ_WRITE, SYMBOL_VALUE_BY_HANDLE) => ("call_method", Action::Write),
        (READ_WRITE, 0xF007 | 0xF009) => ("read_symbol_info", Action::Read),
        (READ_WRITE, 0xF080 | 0xF083 | 0xF084) => ("sum_read", Action::Read),
        (READ_WRITE, 0xF081) => ("sum_write", Action::Write),
        (READ_WRITE, 0xF082) => ("sum_read_write", Action::Write),
        (READ_WRITE, 0xF085) => ("sum_add_device_notification", Action::Subscribe),
        (READ_WRITE, 0xF086) => ("sum_delete_device_notification", Action::Subscribe),
        (READ, SYMBOL_VALUE_BY_HANDLE) => ("read_symbol", Action::Read),
        (READ, 0xF00B | 0xF00E) => ("read_symbol_table", Action::Read),
        (READ, _) => ("read", Action::Read),
        (WRITE, SYMBOL_RELEASE_HANDLE) => ("release_symbol_handle", Action::Other),
        (WRITE, SYMBOL_VALUE_BY_NAME | SYMBOL_VALUE_BY_HANDLE) => ("write_symbol", Action::Write),
        (WRITE, _) => ("write", Action::Write),
        _ => ("read_write", Action::Read),
    }
}

/// Services of AMS port 10000.
fn system_service(command: u16, group: u32, offset: u32) -> Option<(&'static str, Action)> {
    Some(match (command, group) {
        (_, 100 | 110 | 120) => match offset & 0x07 {
            // bit 0 read, bit 1 write, bit 2 append
            2..=7 => ("file_open_write", Action::FileWrite),
            _ => ("file_open", Action::FileRead),
        },
        (_, 101) => ("file_open", Action::FileRead),
        (_, 102) => ("file_open_write", Action::FileWrite),
        (_, 111 | 121) => ("file_close", Action::Other),
        (_, 122 | 126 | 128) => ("file_read", Action::FileRead),
        (_, 123 | 127 | 129) => ("file_write", Action::FileWrite),
        (_, 131) => ("file_delete", Action::FileDelete),
        (_, 132) => ("file_rename", Action::FileWrite),
        (_, 133) => ("file_find", Action::FileRead),
        (_, 138) => ("make_directory", Action::FileWrite),
        (_, 139) => ("remove_directory", Action::FileDelete),
        (READ | READ_WRITE, 200) => ("read_registry", Action::Read),
        (WRITE, 200) => ("write_registry", Action::Configure),
        (READ | READ_WRITE, 400) => ("read_time", Action::Read),
        (WRITE, 400) => ("write_time", Action::SetTime),
        (WRITE | READ_WRITE, 500) => ("start_process", Action::Start),
        (WRITE, 600) => ("change_net_id", Action::SetAddress),
        (READ, 700) => ("read_target_description", Action::Read),
        (WRITE, 801) => ("add_route", Action::Configure),
        (WRITE, 802) => ("delete_route", Action::Configure),
        (READ, 803) => ("enumerate_routes", Action::Read),
        _ => return None,
    })
}

/// Name of an ADS return code.
pub fn error(code: u32) -> &'static str {
    match code {
        0x01 => "internal_error",
        0x06 => "target_port_not_found",
        0x07 => "target_machine_not_found",
        0x08 => "unknown_command_id",
        0x0D => "port_not_connected",
        0x0E => "invalid_ams_length",
        0x0F => "invalid_ams_net_id",
        0x12 => "port_disabled",
        0x13 => "port_already_connected",
        0x18 => "invalid_ams_port",
        0x19 => "no_memory",
        0x1A => "tcp_send_error",
        0x1B => "host_unreachable",
        0x1D => "tls_send_error",
        0x1E => "access_denied",
        0x700 => "general_device_error",
        0x701 => "service_not_supported",
        0x702 => "invalid_index_group",
        0x703 => "invalid_index_offset",
        0x704 => "invalid_access",
        0x705 => "invalid_size",
        0x706 => "invalid_data",
        0x707 => "not_ready",
        0x708 => "busy",
        0x709 => "invalid_context",
        0x70A => "out_of_memory",
        0x70B => "invalid_parameter",
        0x70C => "not_found",
        0x70D => "syntax_error",
        0x70E => "incompatible",
        0x70F => "exists",
        0x710 => "symbol_not_found",
        0x711 => "symbol_version_invalid",
        0x712 => "invalid_state",
        0x713 => "transmission_mode_not_supported",
        0x714 => "invalid_notification_handle",
        0x715 => "client_unknown",
        0x716 => "no_more_handles",
        0x717 => "invalid_watch_size",
        0x718 => "not_initialized",
        0x719 => "timeout",
        0x71A => "no_interface",
        0x71E => "pending",
        0x71F => "aborted",
        0x723 => "access_denied",
        0x724 => "license_not_found",
        0x725 => "license_expired",
        0x745 => "client_timeout",
        _ => "ads_error",
    }
}

//! What a service of a class does, and the names of classes and statuses.
//!
//! Sources: ODVA, The CIP Networks Library volume 1, appendix A (common services), chapter 3 and 5
//! (object classes), appendix B (status codes); Rockwell Automation, Logix 5000 Controllers Data
//! Access, 1756-PM020 (tag services). The controller's own classes (64-AC hexadecimal) are not
//! documented; what stands here of them was read from captures: the routine object (6A) gives its
//! content by service 4F and takes it by 50, the controller object (8E) starts and stops.

use super::path::Path;
use crate::model::{Action, Category};
use std::borrow::Cow;

pub const IDENTITY: u32 = 0x01;
pub const MESSAGE_ROUTER: u32 = 0x02;
pub const CONNECTION_MANAGER: u32 = 0x06;
pub const PCCC: u32 = 0x67;
pub const TCP_IP: u32 = 0xf5;
pub const ETHERNET_LINK: u32 = 0xf6;
const ASSEMBLY: u32 = 0x04;
const FILE: u32 = 0x37;
const MODBUS: u32 = 0x44;
const ROUTINE: u32 = 0x6a;
const SYMBOL: u32 = 0x6b;
const TEMPLATE: u32 = 0x6c;
const WALL_CLOCK_TIME: u32 = 0x8b;
const CONTROLLER: u32 = 0x8e;
const NVS: u32 = 0xa1;

pub const MULTIPLE_SERVICE_PACKET: u8 = 0x0a;
pub const UNCONNECTED_SEND: u8 = 0x52;
pub const FORWARD_OPEN: u8 = 0x54;
pub const LARGE_FORWARD_OPEN: u8 = 0x5b;
pub const FORWARD_CLOSE: u8 = 0x4e;
/// Execute_PCCC of the PCCC object.
pub const EXECUTE_PCCC: u8 = 0x4b;

/// What a service stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: Cow<'static, str>,
    pub action: Action,
    pub category: Category,
}

fn service(name: &'static str, action: Action, category: Category) -> Service {
    Service { name: Cow::Borrowed(name), action, category }
}

/// What `code` does to the object `path` names. `data`: what stands behind the path.
pub fn of(code: u8, path: &Path, data: &[u8]) -> Service {
    use Action::*;
    use Category::{Administration, Control, Engineering, Monitor};
    let class = path.class.unwrap_or(0);
    if let Some(found) = own(code, class, path) {
        return found;
    }
    match code {
        0x01 => service("get_attributes_all", Read, Monitor),
        0x02 => setting("set_attributes_all", class, path.attribute),
        0x03 => service("get_attribute_list", Read, Monitor),
        0x04 => {
            // count, then the first attribute's number
            let first =
                data.get(2..4).and_then(|b| b.try_into().ok()).map(|b| u32::from(u16::from_le_bytes(b)));
            setting("set_attribute_list", class, first)
        }
        0x05 => {
            let kind = data.first().copied().unwrap_or(0);
            match (class, kind) {
                (IDENTITY, 1 | 2) => service("cip_reset_factory_default", FactoryReset, Administration),
                _ => service("cip_reset", Restart, Control),
            }
        }
        0x06 => service("cip_start", Start, Control),
        0x07 => service("cip_stop", Stop, Control),
        0x08 => service("create", Configure, Engineering),
        0x09 => service("delete", Configure, Engineering),
        MULTIPLE_SERVICE_PACKET => service("multiple_service_packet", Other, Monitor),
        0x0d => service("apply_attributes", Other, Engineering),
        0x0e => service("get_attribute_single", Read, Monitor),
        0x10 => setting("set_attribute_single", class, path.attribute),
        0x11 => service("find_next_object_instance", Read, Monitor),
        0x15 => service("restore", Configure, Administration),
        0x16 => service("save", Configure, Administration),
        0x17 => service("no_operation", Other, Monitor),
        0x18 => service("get_member", Read, Monitor),
        0x19 => setting("set_member", class, path.attribute),
        0x1a => service("insert_member", Write, Control),
        0x1b => service("remove_member", Write, Control),
        0x1c => service("group_sync", Other, Monitor),
        _ => {
            // not documented: the class makes the meaning, so it stands in the name
            let name = match path.class {
                Some(class) => format!("{}_service_0x{code:02x}", class_text(class)),
                None => format!("service_0x{code:02x}"),
            };
            Service { name: Cow::Owned(name), action: Other, category: Monitor }
        }
    }
}

/// Services that a class defines for itself.
fn own(code: u8, class: u32, path: &Path) -> Option<Service> {
    use Action::*;
    use Category::{Administration, Control, Engineering, Monitor};
    Some(match (class, code) {
        (CONNECTION_MANAGER, FORWARD_CLOSE) => service("forward_close", Other, Monitor),
        (CONNECTION_MANAGER, UNCONNECTED_SEND) => service("unconnected_send", Other, Monitor),
        (CONNECTION_MANAGER, FORWARD_OPEN) => service("forward_open", Other, Monitor),
        (CONNECTION_MANAGER, LARGE_FORWARD_OPEN) => service("large_forward_open", Other, Monitor),
        (CONNECTION_MANAGER, 0x56) => service("get_connection_data", Read, Monitor),
        (CONNECTION_MANAGER, 0x57) => service("search_connection_data", Read, Monitor),
        (CONNECTION_MANAGER, 0x5a) => service("get_connection_owner", Read, Monitor),
        (FILE, 0x4b) => service("initiate_upload", FileRead, Administration),
        (FILE, 0x4c) => service("initiate_download", FileWrite, Administration),
        (FILE, 0x4d) => service("initiate_partial_read", FileRead, Administration),
        (FILE, 0x4e) => service("initiate_partial_write", FileWrite, Administration),
        (FILE, 0x4f) => service("upload_transfer", FileRead, Administration),
        (FILE, 0x50) => service("download_transfer", FileWrite, Administration),
        (FILE, 0x51) => service("clear_file", FileDelete, Administration),
        (FILE, 0x09) => service("delete", FileDelete, Administration),
        (MODBUS, 0x4b) => service("read_discrete_inputs", Read, Monitor),
        (MODBUS, 0x4c) => service("read_coils", Read, Monitor),
        (MODBUS, 0x4d) => service("read_input_registers", Read, Monitor),
        (MODBUS, 0x4e) => service("read_holding_registers", Read, Monitor),
        (MODBUS, 0x4f) => service("write_coils", Write, Control),
        (MODBUS, 0x50) => service("write_holding_registers", Write, Control),
        (MODBUS, 0x51) => service("modbus_passthrough", Other, Control),
        (PCCC, EXECUTE_PCCC) => service("execute_pccc", Other, Monitor),
        (ROUTINE, 0x4f) => service("upload_routine", Upload, Engineering),
        (ROUTINE, 0x50) => service("download_routine", Download, Engineering),
        (TEMPLATE, 0x4c) => service("read_template", Read, Monitor),
        (NVS, 0x4b) => service("nvs_update", Firmware, Engineering),
        (NVS, 0x4d) => service("nvs_transfer", Firmware, Engineering),
        // tags, by name or by instance of the symbol object
        (SYMBOL, 0x4c..=0x55) | (0, 0x4c..=0x55) if class == SYMBOL || path.symbol.is_some() => match code {
            0x4c => service("read_tag", Read, Monitor),
            0x4d => service("write_tag", Write, Control),
            0x4e => service("read_modify_write_tag", Write, Control),
            0x52 => service("read_tag_fragmented", Read, Monitor),
            0x53 => service("write_tag_fragmented", Write, Control),
            0x55 => service("get_instance_attribute_list", Read, Monitor),
            _ => return None,
        },
        _ => return None,
    })
}

/// Setting attributes: what it is depends on whose.
fn setting(name: &'static str, class: u32, attribute: Option<u32>) -> Service {
    use Action::*;
    use Category::{Administration, Control, Engineering};
    // a record of an operation has one action, so what has another effect has another name
    let (name, action, category) = match (class, attribute) {
        (TCP_IP, Some(6)) => ("set_host_name", SetName, Administration),
        (TCP_IP, Some(3 | 5)) => ("set_interface_configuration", SetAddress, Administration),
        (WALL_CLOCK_TIME, _) => ("set_wall_clock_time", SetTime, Administration),
        (TCP_IP | ETHERNET_LINK | 0x43 | 0x47 | 0x48 | 0x52 | 0x5d..=0x5f | 0xf4, _) => {
            let name = Cow::Owned(format!("{}_{name}", class_text(class)));
            return Service { name, action: Configure, category: Administration };
        }
        (0x64..=0xc7, _) => (name, Write, Engineering),
        _ => (name, Write, Control),
    };
    service(name, action, category)
}

/// Name of a class, `None` where it has none.
pub fn class_name(class: u32) -> Option<&'static str> {
    Some(match class {
        IDENTITY => "identity",
        MESSAGE_ROUTER => "message_router",
        0x03 => "devicenet",
        ASSEMBLY => "assembly",
        0x05 => "connection",
        CONNECTION_MANAGER => "connection_manager",
        0x07 => "register",
        0x08 => "discrete_input_point",
        0x09 => "discrete_output_point",
        0x0a => "analog_input_point",
        0x0b => "analog_output_point",
        0x0f => "parameter",
        0x10 => "parameter_group",
        0x28 => "motor_data",
        0x29 => "control_supervisor",
        0x2a => "ac_dc_drive",
        0x2c => "overload",
        FILE => "file",
        0x39 => "safety_supervisor",
        0x3a => "safety_validator",
        0x42 => "motion_device_axis",
        0x43 => "time_sync",
        MODBUS => "modbus",
        0x46 => "modbus_serial_link",
        0x47 => "device_level_ring",
        0x48 => "qos",
        0x4e => "base_energy",
        0x4f => "electrical_energy",
        0x52 => "snmp",
        0x5d => "cip_security",
        0x5e => "ethernet_ip_security",
        0x5f => "certificate_management",
        0x60 => "authority",
        0x61 => "password_authenticator",
        PCCC => "pccc",
        0x68 => "program",
        ROUTINE => "routine",
        SYMBOL => "symbol",
        TEMPLATE => "template",
        WALL_CLOCK_TIME => "wall_clock_time",
        CONTROLLER => "controller",
        NVS => "nvs",
        0xf0 => "controlnet",
        0xf3 => "connection_configuration",
        0xf4 => "port",
        TCP_IP => "tcp_ip_interface",
        ETHERNET_LINK => "ethernet_link",
        _ => return None,
    })
}

/// Name of a class or its number as text.
pub fn class_text(class: u32) -> Cow<'static, str> {
    class_name(class).map_or_else(|| Cow::Owned(format!("class_0x{class:02x}")), Cow::Borrowed)
}

/// Name of a general status (appendix B-1).
pub fn status_name(status: u8) -> &'static str {
    const NAMES: [&str; 45] = [
        "success",
        "connection_failure",
        "resource_unavailable",
        "invalid_parameter_value",
        "path_segment_error",
        "path_destination_unknown",
        "partial_transfer",
        "connection_lost",
        "service_not_supported",
        "invalid_attribute_value",
        "attribute_list_error",
        "already_in_requested_mode",
        "object_state_conflict",
        "object_already_exists",
        "attribute_not_settable",
        "privilege_violation",
        "device_state_conflict",
        "reply_data_too_large",
        "fragmentation_of_a_primitive_value",
        "not_enough_data",
        "attribute_not_supported",
        "too_much_data",
        "object_does_not_exist",
        "fragmentation_sequence_not_in_progress",
        "no_stored_attribute_data",
        "store_operation_failure",
        "routing_failure_request_too_large",
        "routing_failure_response_too_large",
        "missing_attribute_list_entry_data",
        "invalid_attribute_value_list",
        "embedded_service_error",
        "vendor_specific_error",
        "invalid_parameter",
        "write_once_value_already_written",
        "invalid_reply_received",
        "buffer_overflow",
        "message_format_error",
        "key_failure_in_path",
        "path_size_invalid",
        "unexpected_attribute_in_list",
        "invalid_member_id",
        "member_not_settable",
        "group_2_only_server_failure",
        "unknown_modbus_error",
        "attribute_not_gettable",
    ];
    NAMES.get(usize::from(status)).copied().unwrap_or("unknown_status")
}

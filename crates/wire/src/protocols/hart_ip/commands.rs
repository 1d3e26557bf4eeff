//! Names of commands and response codes, and what a command does (HCF_SPEC-127, -151, -155, -307).

use crate::model::{Action, Val};
use std::borrow::Cow;

macro_rules! commands {
    ($($number:literal $name:literal $action:ident,)+) => {
        /// Every command with a name.
        pub static NAMES: &[&str] = &[$($name),+];
        fn known(number: u16) -> Option<(&'static str, Action)> {
            Some(match number { $($number => ($name, Action::$action),)+ _ => return None })
        }
    };
}

commands! {
    0 "read_unique_identifier" Identify,
    1 "read_primary_variable" Read,
    2 "read_loop_current" Read,
    3 "read_dynamic_variables" Read,
    6 "write_polling_address" SetAddress,
    7 "read_loop_configuration" Read,
    8 "read_dynamic_variable_classifications" Read,
    9 "read_device_variables_with_status" Read,
    11 "read_unique_identifier_tag" Identify,
    12 "read_message" Read,
    13 "read_tag_descriptor_date" Identify,
    14 "read_primary_variable_transducer_information" Read,
    15 "read_device_information" Read,
    16 "read_final_assembly_number" Read,
    17 "write_message" Configure,
    18 "write_tag_descriptor_date" SetName,
    19 "write_final_assembly_number" Configure,
    20 "read_long_tag" Identify,
    21 "read_unique_identifier_long_tag" Identify,
    22 "write_long_tag" SetName,
    33 "read_device_variables" Read,
    34 "write_primary_variable_damping_value" Configure,
    35 "write_primary_variable_range_values" Configure,
    36 "set_primary_variable_upper_range_value" Configure,
    37 "set_primary_variable_lower_range_value" Configure,
    38 "reset_configuration_changed_flag" Clear,
    39 "eeprom_control" Configure,
    40 "enter_exit_fixed_current_mode" Force,
    41 "perform_self_test" Diagnose,
    42 "perform_device_reset" Restart,
    43 "set_primary_variable_zero" Configure,
    44 "write_primary_variable_units" Configure,
    45 "trim_loop_current_zero" Configure,
    46 "trim_loop_current_gain" Configure,
    47 "write_primary_variable_transfer_function" Configure,
    48 "read_additional_device_status" Diagnose,
    49 "write_primary_variable_transducer_serial_number" Configure,
    50 "read_dynamic_variable_assignments" Read,
    51 "write_dynamic_variable_assignments" Configure,
    52 "set_device_variable_zero" Configure,
    53 "write_device_variable_units" Configure,
    54 "read_device_variable_information" Read,
    55 "write_device_variable_damping_value" Configure,
    56 "write_device_variable_transducer_serial_number" Configure,
    57 "read_unit_tag_descriptor_date" Identify,
    58 "write_unit_tag_descriptor_date" SetName,
    59 "write_number_of_response_preambles" Configure,
    60 "read_analog_channel_and_percent_of_range" Read,
    61 "read_dynamic_variables_and_analog_channel" Read,
    62 "read_analog_channels" Read,
    63 "read_analog_channel_information" Read,
    64 "write_analog_channel_additional_damping_value" Configure,
    65 "write_analog_channel_range_values" Configure,
    66 "enter_exit_fixed_analog_channel_mode" Force,
    67 "trim_analog_channel_zero" Configure,
    68 "trim_analog_channel_gain" Configure,
    69 "write_analog_channel_transfer_function" Configure,
    70 "read_analog_channel_endpoint_values" Read,
    71 "lock_device" Lock,
    72 "squawk" Discover,
    73 "find_device" Discover,
    74 "read_io_system_capabilities" Read,
    75 "poll_sub_device" Identify,
    76 "read_lock_device_state" Read,
    77 "send_command_to_sub_device" Other,
    78 "read_aggregated_commands" Read,
    79 "write_device_variable" Force,
    80 "read_device_variable_trim_points" Read,
    81 "read_device_variable_trim_guidelines" Read,
    82 "write_device_variable_trim_point" Configure,
    83 "reset_device_variable_trim" Configure,
    84 "read_sub_device_identity_summary" Identify,
    85 "read_io_channel_statistics" Diagnose,
    86 "read_sub_device_statistics" Diagnose,
    87 "write_io_system_master_mode" Configure,
    88 "write_io_system_retry_count" Configure,
    89 "set_real_time_clock" SetTime,
    90 "read_real_time_clock" Read,
    91 "read_trend_configuration" Read,
    92 "write_trend_configuration" Configure,
    93 "read_trend" Read,
    94 "read_io_system_client_side_statistics" Diagnose,
    95 "read_device_communications_statistics" Diagnose,
    96 "read_synchronous_action" Read,
    97 "configure_synchronous_action" Configure,
    98 "read_command_action" Read,
    99 "configure_command_action" Configure,
    101 "read_sub_device_to_burst_message_map" Read,
    102 "map_sub_device_to_burst_message" Configure,
    103 "write_burst_period" Configure,
    104 "write_burst_trigger" Configure,
    105 "read_burst_mode_configuration" Read,
    106 "flush_delayed_responses" Clear,
    107 "write_burst_device_variables" Configure,
    108 "write_burst_mode_command_number" Configure,
    109 "burst_mode_control" Configure,
    111 "transfer_service_control" FileWrite,
    112 "transfer_service" FileWrite,
    113 "catch_device_variable" Configure,
    115 "read_event_notification_summary" Read,
    116 "write_event_notification_bit_mask" Configure,
    117 "write_event_notification_timing" Configure,
    118 "event_notification_control" Configure,
    119 "acknowledge_event_notification" Clear,
    512 "read_country_code" Read,
    513 "write_country_code" Configure,
    768 "write_join_key" Configure,
    769 "read_join_status" Read,
    770 "request_active_advertise" Configure,
    771 "force_join" Configure,
    773 "write_network_id" Configure,
    774 "read_network_id" Read,
    775 "write_network_tag" SetName,
    776 "read_network_tag" Read,
    960 "disconnect_device" Stop,
    961 "write_network_key" Configure,
    962 "write_device_nickname_address" SetAddress,
    963 "write_session" Configure,
    964 "delete_session" Configure,
}

pub fn command_name(number: u16) -> Cow<'static, str> {
    match known(number) {
        Some((name, _)) => name.into(),
        None => format!("command_{number}").into(),
    }
}

/// What a command does; those of a device's own number (128-253, 64768 and up) are not known.
pub fn action(number: u16) -> Action {
    known(number).map_or(Action::Other, |(_, action)| action)
}

/// The secret a command sets (HCF_SPEC-155: the key is the first 16 octets).
pub fn key(number: u16, data: &[u8]) -> Option<&[u8]> {
    matches!(number, 768 | 961).then(|| data.get(..16)).flatten()
}

/// What a writing command writes, where it is short and plain.
pub fn argument(number: u16, data: &[u8]) -> Option<(&'static str, Val)> {
    Some(match number {
        6 => ("polling_address", Val::from(*data.first()?)),
        18 => ("tag", Val::from(packed(data.get(..6)?))),
        22 => ("long_tag", Val::from(crate::bytes::text(data.get(..32)?))),
        17 => ("message", Val::from(packed(data.get(..24)?))),
        40 => ("current", Val::from(f32::from_be_bytes(*data.first_chunk()?))),
        71 => ("lock_code", Val::from(*data.first()?)),
        79 => ("variable", Val::from(*data.first()?)),
        _ => return None,
    })
}

/// Packed ASCII: four characters of six bits in three octets (HCF_SPEC-099).
pub fn packed(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len() / 3 * 4);
    for chunk in data.chunks_exact(3) {
        let word = chunk.iter().fold(0u32, |word, b| word << 8 | u32::from(*b));
        for shift in [18, 12, 6, 0] {
            let six = (word >> shift & 0x3F) as u8;
            out.push(char::from(if six < 0x20 { six | 0x40 } else { six }));
        }
    }
    out.trim().to_owned()
}

/// True if the command was carried out all the same (HCF_SPEC-307: warnings).
pub fn warning(code: u8) -> bool {
    matches!(code, 8 | 14 | 24..=27 | 30 | 31 | 96..=127)
}

pub fn response_name(code: u8) -> &'static str {
    match code {
        0 => "success",
        2 => "invalid_selection",
        3 => "parameter_too_large",
        4 => "parameter_too_small",
        5 => "too_few_data_bytes",
        6 => "device_specific_command_error",
        7 => "write_protected",
        8 => "set_to_nearest_possible_value",
        15 => "all_sessions_in_use",
        16 => "access_restricted",
        17 => "invalid_device_variable_index",
        18 => "invalid_units_code",
        19 => "device_variable_index_not_allowed",
        20 => "invalid_extended_command_number",
        32 => "busy",
        33..=36 => "delayed_response",
        60 => "payload_too_long",
        61 => "no_buffers_available",
        62 => "no_alarm_or_event_buffers_available",
        63 => "priority_too_low",
        64 => "command_not_implemented",
        128.. => "communication_error",
        _ => "multi_definition_response",
    }
}

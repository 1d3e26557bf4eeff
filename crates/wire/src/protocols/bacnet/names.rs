//! Names of BACnet numbers: enumerations from the data file, services by table (ASHRAE 135).

use std::sync::OnceLock;

static TABLE: &str = include_str!("names.tsv");

/// What a number of the data file counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Object,
    Property,
    Error,
    Reject,
    Abort,
    Vendor,
}

/// Lists by kind, each sorted by number.
type Lists = [Vec<(u32, &'static str)>; 6];

fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| {
        let mut lists = Lists::default();
        for line in TABLE.lines() {
            let mut columns = line.splitn(3, '\t');
            let kind = match columns.next() {
                Some("object") => Kind::Object,
                Some("property") => Kind::Property,
                Some("error") => Kind::Error,
                Some("reject") => Kind::Reject,
                Some("abort") => Kind::Abort,
                Some("vendor") => Kind::Vendor,
                _ => continue,
            };
            let number = columns.next().and_then(|n| n.parse().ok());
            if let (Some(number), Some(name), Some(list)) =
                (number, columns.next(), lists.get_mut(kind as usize))
            {
                list.push((number, name));
            }
        }
        for list in &mut lists {
            list.sort_unstable_by_key(|(n, _)| *n);
        }
        lists
    })
}

/// Name of a number, if the standard gives it one.
pub fn find(kind: Kind, number: u32) -> Option<&'static str> {
    let list = lists().get(kind as usize)?;
    list.binary_search_by_key(&number, |(n, _)| *n).ok().and_then(|at| list.get(at)).map(|(_, name)| *name)
}

/// Name of a number, or `KIND-NUMBER`.
pub fn text(kind: Kind, number: u32) -> String {
    find(kind, number).map_or_else(
        || {
            let kind = match kind {
                Kind::Object => "object-type",
                Kind::Property => "property",
                Kind::Error => "error",
                Kind::Reject => "reject",
                Kind::Abort => "abort",
                Kind::Vendor => "vendor",
            };
            format!("{kind}-{number}")
        },
        str::to_owned,
    )
}

/// Name of a confirmed service (clause 21, BACnetConfirmedServiceChoice).
pub fn confirmed(service: u8) -> Option<&'static str> {
    const NAMES: [&str; 34] = [
        "acknowledge_alarm",
        "confirmed_cov_notification",
        "confirmed_event_notification",
        "get_alarm_summary",
        "get_enrollment_summary",
        "subscribe_cov",
        "atomic_read_file",
        "atomic_write_file",
        "add_list_element",
        "remove_list_element",
        "create_object",
        "delete_object",
        "read_property",
        "read_property_conditional",
        "read_property_multiple",
        "write_property",
        "write_property_multiple",
        "device_communication_control",
        "confirmed_private_transfer",
        "confirmed_text_message",
        "reinitialize_device",
        "vt_open",
        "vt_close",
        "vt_data",
        "authenticate",
        "request_key",
        "read_range",
        "life_safety_operation",
        "subscribe_cov_property",
        "get_event_information",
        "subscribe_cov_property_multiple",
        "confirmed_cov_notification_multiple",
        "confirmed_audit_notification",
        "audit_log_query",
    ];
    NAMES.get(usize::from(service)).copied()
}

/// Name of an unconfirmed service (BACnetUnconfirmedServiceChoice).
pub fn unconfirmed(service: u8) -> Option<&'static str> {
    const NAMES: [&str; 15] = [
        "i_am",
        "i_have",
        "unconfirmed_cov_notification",
        "unconfirmed_event_notification",
        "unconfirmed_private_transfer",
        "unconfirmed_text_message",
        "time_synchronization",
        "who_has",
        "who_is",
        "utc_time_synchronization",
        "write_group",
        "unconfirmed_cov_notification_multiple",
        "unconfirmed_audit_notification",
        "who_am_i",
        "you_are",
    ];
    NAMES.get(usize::from(service)).copied()
}

/// Name of a BVLC function (annex J.2).
pub fn bvlc(function: u8) -> Option<&'static str> {
    const NAMES: [&str; 13] = [
        "bvlc_result",
        "write_broadcast_distribution_table",
        "read_broadcast_distribution_table",
        "read_broadcast_distribution_table_ack",
        "forwarded_npdu",
        "register_foreign_device",
        "read_foreign_device_table",
        "read_foreign_device_table_ack",
        "delete_foreign_device_table_entry",
        "distribute_broadcast_to_network",
        "original_unicast_npdu",
        "original_broadcast_npdu",
        "secure_bvll",
    ];
    NAMES.get(usize::from(function)).copied()
}

/// Name of a network layer message (clause 6.2.4).
pub fn network_message(kind: u8) -> &'static str {
    match kind {
        0x00 => "who_is_router_to_network",
        0x01 => "i_am_router_to_network",
        0x02 => "i_could_be_router_to_network",
        0x03 => "reject_message_to_network",
        0x04 => "router_busy_to_network",
        0x05 => "router_available_to_network",
        0x06 => "initialize_routing_table",
        0x07 => "initialize_routing_table_ack",
        0x08 => "establish_connection_to_network",
        0x09 => "disconnect_connection_to_network",
        0x0A => "challenge_request",
        0x0B => "security_payload",
        0x0C => "security_response",
        0x0D => "request_key_update",
        0x0E => "update_key_set",
        0x0F => "update_distribution_key",
        0x10 => "request_master_key",
        0x11 => "set_master_key",
        0x12 => "what_is_network_number",
        0x13 => "network_number_is",
        _ => "network_message",
    }
}

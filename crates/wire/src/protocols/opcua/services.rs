//! The services of OPC UA: the number of their messages, their names, what they do.
//!
//! Source: OPC 10000-4, section 5 (services); the numbers are the NodeIds of the DefaultBinary
//! encodings in the NodeIds table that belongs to OPC 10000-6, annex A. An answer's number is its
//! request's plus three, but for two services that came later.

use crate::model::{Action, Category};

/// One service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Service {
    /// Number of the request.
    pub code: u32,
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
}

/// Number of the answer to a service that failed as a whole.
pub const FAULT: u32 = 397;

pub const FIND_SERVERS: u32 = 422;
pub const GET_ENDPOINTS: u32 = 428;
pub const REGISTER_SERVER: u32 = 437;
pub const OPEN_SECURE_CHANNEL: u32 = 446;
pub const CLOSE_SECURE_CHANNEL: u32 = 452;
pub const CREATE_SESSION: u32 = 461;
pub const ACTIVATE_SESSION: u32 = 467;
pub const CLOSE_SESSION: u32 = 473;
pub const ADD_NODES: u32 = 488;
pub const ADD_REFERENCES: u32 = 494;
pub const DELETE_NODES: u32 = 500;
pub const DELETE_REFERENCES: u32 = 506;
pub const BROWSE: u32 = 527;
pub const BROWSE_NEXT: u32 = 533;
pub const READ: u32 = 631;
pub const HISTORY_READ: u32 = 664;
pub const WRITE: u32 = 673;
pub const HISTORY_UPDATE: u32 = 700;
pub const CALL: u32 = 712;
pub const CREATE_MONITORED_ITEMS: u32 = 751;
pub const CREATE_SUBSCRIPTION: u32 = 787;
pub const PUBLISH: u32 = 826;
pub const REGISTER_SERVER2: u32 = 12211;

#[rustfmt::skip]
static SERVICES: &[Service] = &[
    Service { code: 410, name: "test_stack", action: Action::Other, category: Category::Monitor },
    Service { code: 416, name: "test_stack_ex", action: Action::Other, category: Category::Monitor },
    Service { code: 422, name: "find_servers", action: Action::Discover, category: Category::Discovery },
    Service { code: 428, name: "get_endpoints", action: Action::Discover, category: Category::Discovery },
    Service { code: 437, name: "register_server", action: Action::Configure, category: Category::Administration },
    Service { code: 446, name: "open_secure_channel", action: Action::Other, category: Category::Monitor },
    Service { code: 452, name: "close_secure_channel", action: Action::Other, category: Category::Monitor },
    Service { code: 461, name: "create_session", action: Action::Other, category: Category::Monitor },
    Service { code: 467, name: "activate_session", action: Action::Authenticate, category: Category::Administration },
    Service { code: 473, name: "close_session", action: Action::Other, category: Category::Monitor },
    Service { code: 479, name: "cancel", action: Action::Other, category: Category::Monitor },
    Service { code: 488, name: "add_nodes", action: Action::Configure, category: Category::Engineering },
    Service { code: 494, name: "add_references", action: Action::Configure, category: Category::Engineering },
    Service { code: 500, name: "delete_nodes", action: Action::Configure, category: Category::Engineering },
    Service { code: 506, name: "delete_references", action: Action::Configure, category: Category::Engineering },
    Service { code: 527, name: "browse", action: Action::Discover, category: Category::Discovery },
    Service { code: 533, name: "browse_next", action: Action::Discover, category: Category::Discovery },
    Service { code: 554, name: "translate_browse_paths_to_node_ids", action: Action::Discover, category: Category::Discovery },
    Service { code: 560, name: "register_nodes", action: Action::Other, category: Category::Monitor },
    Service { code: 566, name: "unregister_nodes", action: Action::Other, category: Category::Monitor },
    Service { code: 615, name: "query_first", action: Action::Discover, category: Category::Discovery },
    Service { code: 621, name: "query_next", action: Action::Discover, category: Category::Discovery },
    Service { code: 631, name: "read", action: Action::Read, category: Category::Monitor },
    Service { code: 664, name: "history_read", action: Action::Read, category: Category::Monitor },
    Service { code: 673, name: "write", action: Action::Write, category: Category::Control },
    Service { code: 700, name: "history_update", action: Action::Write, category: Category::Administration },
    Service { code: 712, name: "call", action: Action::Other, category: Category::Control },
    Service { code: 751, name: "create_monitored_items", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 763, name: "modify_monitored_items", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 769, name: "set_monitoring_mode", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 775, name: "set_triggering", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 781, name: "delete_monitored_items", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 787, name: "create_subscription", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 793, name: "modify_subscription", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 799, name: "set_publishing_mode", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 826, name: "publish", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 832, name: "republish", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 841, name: "transfer_subscriptions", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 847, name: "delete_subscriptions", action: Action::Subscribe, category: Category::Monitor },
    Service { code: 12208, name: "find_servers_on_network", action: Action::Discover, category: Category::Discovery },
    Service { code: 12211, name: "register_server2", action: Action::Configure, category: Category::Administration },
];

/// The service of a message, and whether the message is the answer; `None` for numbers that are no
/// message's.
pub fn service(number: u32) -> Option<(Service, bool)> {
    let find = |code: u32| {
        SERVICES.binary_search_by_key(&code, |s| s.code).ok().and_then(|at| SERVICES.get(at)).copied()
    };
    // the two that were added later have their answers one behind
    if let Some(code) = number.checked_sub(1).filter(|code| matches!(code, 12208 | 12211)) {
        return find(code).map(|s| (s, true));
    }
    find(number).map(|s| (s, false)).or_else(|| find(number.checked_sub(3)?).map(|s| (s, true)))
}

/// Names of the operations, for the list of probes.
pub const OPERATIONS: &[&str] = &[
    "find_servers",
    "get_endpoints",
    "register_server",
    "open_secure_channel",
    "create_session",
    "activate_session",
    "close_session",
    "cancel",
    "add_nodes",
    "add_references",
    "delete_nodes",
    "delete_references",
    "browse",
    "browse_next",
    "translate_browse_paths_to_node_ids",
    "register_nodes",
    "unregister_nodes",
    "query_first",
    "query_next",
    "read",
    "history_read",
    "write",
    "history_update",
    "call",
    "create_monitored_items",
    "modify_monitored_items",
    "set_monitoring_mode",
    "set_triggering",
    "delete_monitored_items",
    "create_subscription",
    "modify_subscription",
    "set_publishing_mode",
    "publish",
    "republish",
    "transfer_subscriptions",
    "delete_subscriptions",
    "find_servers_on_network",
    "register_server2",
    "request_server_state_change",
    "update_certificate",
    "create_signing_request",
    "apply_changes",
    "reset_to_server_defaults",
    "write_attribute",
    "history_delete",
];

/// Methods of the standard's own objects that change the server (OPC 10000-5, 6.3.1 and 9.1;
/// OPC 10000-12, 7.10), by the number of the method.
pub fn method(number: u32) -> Option<(&'static str, Action, Category)> {
    Some(match number {
        12886 => ("request_server_state_change", Action::ChangeMode, Category::Control),
        13737 => ("update_certificate", Action::Configure, Category::Administration),
        12737 => ("create_signing_request", Action::Configure, Category::Administration),
        12740 => ("apply_changes", Action::Configure, Category::Administration),
        25709 => ("reset_to_server_defaults", Action::FactoryReset, Category::Administration),
        _ => return None,
    })
}

/// Kind of a history update by the number of its details structure (OPC 10000-11, 6.8).
pub fn history_update(number: u32) -> Option<(&'static str, Action)> {
    Some(match number {
        682 | 685 | 11300 => ("history_update", Action::Write),
        688 | 691 | 694 => ("history_delete", Action::Clear),
        _ => return None,
    })
}

/// Name of an attribute (OPC 10000-6, annex A.1).
pub fn attribute(number: u32) -> &'static str {
    const NAMES: [&str; 27] = [
        "NodeId",
        "NodeClass",
        "BrowseName",
        "DisplayName",
        "Description",
        "WriteMask",
        "UserWriteMask",
        "IsAbstract",
        "Symmetric",
        "InverseName",
        "ContainsNoLoops",
        "EventNotifier",
        "Value",
        "DataType",
        "ValueRank",
        "ArrayDimensions",
        "AccessLevel",
        "UserAccessLevel",
        "MinimumSamplingInterval",
        "Historizing",
        "Executable",
        "UserExecutable",
        "DataTypeDefinition",
        "RolePermissions",
        "UserRolePermissions",
        "AccessRestrictions",
        "AccessLevelEx",
    ];
    (number as usize).checked_sub(1).and_then(|at| NAMES.get(at)).copied().unwrap_or("unknown")
}

/// The attribute that holds a variable's value.
pub const VALUE: u32 = 13;

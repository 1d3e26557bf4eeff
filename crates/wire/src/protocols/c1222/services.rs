//! Services of EPSEM, tables and procedures of decade 0 (ANSI C12.19).

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::{Action, Side};
use std::borrow::Cow;

pub static OPERATIONS: &[&str] = &[
    "identify", "terminate", "disconnect", "deregister", "resolve", "trace", "register", "full_read", "partial_read",
    "full_write", "partial_write", "logon", "security", "logoff", "authenticate", "negotiate", "wait",
    "timing_setup", "cold_start", "warm_start", "save_configuration", "clear_data", "reset_list_pointers",
    "update_last_read_entry", "change_end_device_mode", "clear_standard_status_flags",
    "clear_manufacturer_status_flags", "remote_reset", "set_date_time", "execute_diagnostics",
    "activate_pending_tables", "clear_pending_tables", "start_load_profile", "stop_load_profile", "log_in_procedure",
    "log_out_procedure", "initiate_call", "direct_load_control", "procedure", "manufacturer_procedure",
];

/// A service as it stands in EPSEM.
pub enum Said<'a> {
    Request(u8, &'a [u8]),
    Response(u8, &'a [u8]),
}

impl<'a> Said<'a> {
    pub fn read(service: &'a [u8]) -> Option<Said<'a>> {
        let (&code, body) = service.split_first()?;
        match code {
            0..=0x1F => Some(Said::Response(code, body)),
            0x20..=0x7F => Some(Said::Request(code, body)),
            _ => None,
        }
    }
}

pub struct Asking {
    pub name: Cow<'static, str>,
    pub action: Action,
    pub target: Option<String>,
    /// A whole table is asked for.
    pub reads: Option<u16>,
}

pub fn request(code: u8, body: &[u8]) -> Option<Asking> {
    let mut r = Reader::new(body);
    let (name, action) = match code {
        0x20 => ("identify", Action::Identify),
        0x21 => ("terminate", Action::Other),
        0x22 => ("disconnect", Action::Other),
        0x24 => ("deregister", Action::Configure),
        0x25 => ("resolve", Action::Discover),
        0x26 => ("trace", Action::Diagnose),
        0x27 => ("register", Action::Configure),
        0x30 => ("full_read", Action::Read),
        0x31..=0x3F => ("partial_read", Action::Read),
        0x40 => ("full_write", Action::Write),
        0x41..=0x4F => ("partial_write", Action::Write),
        0x50 => ("logon", Action::Authenticate),
        0x51 => ("security", Action::Authenticate),
        0x52 => ("logoff", Action::Other),
        0x53 => ("authenticate", Action::Authenticate),
        0x60..=0x6B => ("negotiate", Action::Other),
        0x70 => ("wait", Action::Other),
        0x71 => ("timing_setup", Action::Other),
        _ => return None,
    };
    let mut asking = Asking { name: name.into(), action, target: None, reads: None };
    if (0x30..=0x4F).contains(&code) && code != 0x3E {
        let table = r.be16()?;
        // bits 0-10 number, 11 the manufacturer's own, 12 pending
        let owner = if table & 0x800 != 0 { "manufacturer" } else { "standard" };
        asking.target = Some(format!("{owner} table {}", table & 0x7FF));
        if code == 0x30 {
            asking.reads = Some(table);
        }
        // a procedure is begun by writing table 7
        if code == 0x40 && table == 7 {
            r.skip(2)?;
            let word = r.le16()?;
            let (name, action) = procedure(word);
            asking.target = Some(format!("procedure {}", word & 0x7FF));
            asking.name = name.into();
            asking.action = action;
        }
    }
    Some(asking)
}

fn procedure(word: u16) -> (&'static str, Action) {
    if word & 0x800 != 0 {
        return ("manufacturer_procedure", Action::Write);
    }
    match word & 0x7FF {
        0 => ("cold_start", Action::Restart),
        1 => ("warm_start", Action::Restart),
        2 => ("save_configuration", Action::Configure),
        3 => ("clear_data", Action::Clear),
        4 => ("reset_list_pointers", Action::Clear),
        5 => ("update_last_read_entry", Action::Configure),
        6 => ("change_end_device_mode", Action::ChangeMode),
        7 => ("clear_standard_status_flags", Action::Clear),
        8 => ("clear_manufacturer_status_flags", Action::Clear),
        9 => ("remote_reset", Action::Clear),
        10 => ("set_date_time", Action::SetTime),
        11 => ("execute_diagnostics", Action::Diagnose),
        12 | 13 => ("activate_pending_tables", Action::Configure),
        14 | 15 => ("clear_pending_tables", Action::Clear),
        16 => ("start_load_profile", Action::Configure),
        17 => ("stop_load_profile", Action::Configure),
        18 => ("log_in_procedure", Action::Authenticate),
        19 => ("log_out_procedure", Action::Other),
        20 => ("initiate_call", Action::Other),
        21 => ("direct_load_control", Action::DisconnectLoad),
        _ => ("procedure", Action::Write),
    }
}

/// Codes of section 5.3.2.4 of ANSI C12.22.
pub fn response_name(code: u8) -> &'static str {
    match code {
        0 => "ok",
        1 => "error",
        2 => "service_not_supported",
        3 => "insufficient_security_clearance",
        4 => "operation_not_possible",
        5 => "inappropriate_action_requested",
        6 => "device_busy",
        7 => "data_not_ready",
        8 => "data_locked",
        9 => "renegotiate_request",
        10 => "invalid_service_sequence_state",
        11 => "security_mechanism_error",
        12 => "unknown_application_title",
        13 => "network_time_out",
        14 => "network_not_reachable",
        15 => "request_too_large",
        16 => "response_too_large",
        17 => "segmentation_not_possible",
        18 => "segmentation_error",
        _ => "error",
    }
}

/// Facts of a table: 1 is the maker's identification of the device, 5 the utility's.
pub fn table(cx: &mut Cx<'_>, table: u16, body: &[u8]) {
    let mut r = Reader::new(body);
    let Some(count) = r.be16() else { return };
    let Some(data) = r.take(usize::from(count)) else { return cx.malformed() };
    let mut say = |name, value: &str, field| {
        if !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            cx.fact(Side::Server, name, value, field);
        }
    };
    match table {
        1 => {
            let mut r = Reader::new(data);
            let (Some(vendor), Some(model), Some(version)) = (r.take(4), r.take(8), r.take(4)) else { return };
            say("vendor", &text(vendor), "table 1 MANUFACTURER");
            say("model", &text(model), "table 1 ED_MODEL");
            if let [hw, hw_rev, fw, fw_rev] = *version {
                say("hardware", &format!("{hw}.{hw_rev}"), "table 1 HW_VERSION_NUMBER");
                say("firmware", &format!("{fw}.{fw_rev}"), "table 1 FW_VERSION_NUMBER");
            }
            say("serial", &text(r.rest()), "table 1 MFG_SERIAL_NUMBER");
            say("role", "meter", "table 1");
        }
        5 => say("id:meter", &text(data), "table 5 IDENTIFICATION"),
        _ => {}
    }
}

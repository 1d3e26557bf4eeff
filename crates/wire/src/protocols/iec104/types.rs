//! IEC 60870-5-104 type identifications and causes (IEC 60870-5-101:2003, 7.2.1 and 7.2.3).

use crate::model::{Action, Category};

/// A type identification.
pub struct Type {
    pub id: u8,
    /// The standard's label, in lower case.
    pub name: &'static str,
    /// Octets of one information element, without its object address; `None` where it varies.
    pub size: Option<usize>,
}

const fn t(id: u8, name: &'static str, size: usize) -> Type {
    Type { id, name, size: Some(size) }
}
const fn var(id: u8, name: &'static str) -> Type {
    Type { id, name, size: None }
}

/// Every type of the companion standard and of IEC 62351-5, sorted by number.
pub static TYPES: &[Type] = &[
    t(1, "m_sp_na_1", 1),
    t(2, "m_sp_ta_1", 4),
    t(3, "m_dp_na_1", 1),
    t(4, "m_dp_ta_1", 4),
    t(5, "m_st_na_1", 2),
    t(6, "m_st_ta_1", 5),
    t(7, "m_bo_na_1", 5),
    t(8, "m_bo_ta_1", 8),
    t(9, "m_me_na_1", 3),
    t(10, "m_me_ta_1", 6),
    t(11, "m_me_nb_1", 3),
    t(12, "m_me_tb_1", 6),
    t(13, "m_me_nc_1", 5),
    t(14, "m_me_tc_1", 8),
    t(15, "m_it_na_1", 5),
    t(16, "m_it_ta_1", 8),
    t(17, "m_ep_ta_1", 6),
    t(18, "m_ep_tb_1", 7),
    t(19, "m_ep_tc_1", 7),
    t(20, "m_ps_na_1", 5),
    t(21, "m_me_nd_1", 2),
    t(30, "m_sp_tb_1", 8),
    t(31, "m_dp_tb_1", 8),
    t(32, "m_st_tb_1", 9),
    t(33, "m_bo_tb_1", 12),
    t(34, "m_me_td_1", 10),
    t(35, "m_me_te_1", 10),
    t(36, "m_me_tf_1", 12),
    t(37, "m_it_tb_1", 12),
    t(38, "m_ep_td_1", 10),
    t(39, "m_ep_te_1", 11),
    t(40, "m_ep_tf_1", 11),
    var(41, "s_it_tc_1"),
    t(45, "c_sc_na_1", 1),
    t(46, "c_dc_na_1", 1),
    t(47, "c_rc_na_1", 1),
    t(48, "c_se_na_1", 3),
    t(49, "c_se_nb_1", 3),
    t(50, "c_se_nc_1", 5),
    t(51, "c_bo_na_1", 4),
    t(58, "c_sc_ta_1", 8),
    t(59, "c_dc_ta_1", 8),
    t(60, "c_rc_ta_1", 8),
    t(61, "c_se_ta_1", 10),
    t(62, "c_se_tb_1", 10),
    t(63, "c_se_tc_1", 12),
    t(64, "c_bo_ta_1", 11),
    t(70, "m_ei_na_1", 1),
    var(81, "s_ch_na_1"),
    var(82, "s_rp_na_1"),
    var(83, "s_ar_na_1"),
    var(84, "s_kr_na_1"),
    var(85, "s_ks_na_1"),
    var(86, "s_kc_na_1"),
    var(87, "s_er_na_1"),
    var(90, "s_us_na_1"),
    var(91, "s_uq_na_1"),
    var(92, "s_ur_na_1"),
    var(93, "s_uk_na_1"),
    var(94, "s_ua_na_1"),
    var(95, "s_uc_na_1"),
    t(100, "c_ic_na_1", 1),
    t(101, "c_ci_na_1", 1),
    t(102, "c_rd_na_1", 0),
    t(103, "c_cs_na_1", 7),
    t(104, "c_ts_na_1", 2),
    t(105, "c_rp_na_1", 1),
    t(106, "c_cd_na_1", 2),
    t(107, "c_ts_ta_1", 9),
    t(110, "p_me_na_1", 3),
    t(111, "p_me_nb_1", 3),
    t(112, "p_me_nc_1", 5),
    t(113, "p_ac_na_1", 1),
    t(120, "f_fr_na_1", 6),
    t(121, "f_sr_na_1", 7),
    t(122, "f_sc_na_1", 4),
    t(123, "f_ls_na_1", 5),
    t(124, "f_af_na_1", 4),
    var(125, "f_sg_na_1"),
    t(126, "f_dr_ta_1", 13),
    t(127, "f_sc_nb_1", 16),
];

/// The type with this number.
pub fn find(id: u8) -> Option<&'static Type> {
    TYPES.binary_search_by_key(&id, |t| t.id).ok().and_then(|at| TYPES.get(at))
}

/// True for types that only a controlling station originates (process, system, parameters).
pub fn is_command(id: u8) -> bool {
    matches!(id, 45..=51 | 58..=64 | 100..=107 | 110..=113)
}

/// True for types that only a controlled station originates.
pub fn is_monitor(id: u8) -> bool {
    matches!(id, 1..=41 | 70)
}

/// What a command does.
pub fn action(id: u8) -> (Action, Category) {
    let action = match id {
        45..=51 | 58..=64 => Action::Write,
        100..=102 => Action::Read,
        103 => Action::SetTime,
        104 | 106 | 107 => Action::Diagnose,
        105 => Action::Restart,
        110..=113 => Action::Configure,
        120 => Action::FileWrite,
        122 | 127 => Action::FileRead,
        81..=95 => Action::Authenticate,
        _ => Action::Other,
    };
    (action, action.category())
}

/// Name of a select-and-call qualifier (F_SC, 7.2.6.30) and what it does.
pub fn file_call(qualifier: u8) -> (&'static str, Action) {
    match qualifier & 0x0F {
        1 => ("select_file", Action::FileRead),
        2 => ("request_file", Action::FileRead),
        3 => ("deactivate_file", Action::Other),
        4 => ("delete_file", Action::FileDelete),
        5 => ("select_section", Action::FileRead),
        6 => ("request_section", Action::FileRead),
        7 => ("deactivate_section", Action::Other),
        _ => ("call_directory", Action::FileRead),
    }
}

/// Cause of transmission, 6 bits (7.2.3).
pub fn cause(cause: u8) -> &'static str {
    match cause {
        1 => "periodic",
        2 => "background_scan",
        3 => "spontaneous",
        4 => "initialized",
        5 => "request",
        6 => "activation",
        7 => "activation_confirmation",
        8 => "deactivation",
        9 => "deactivation_confirmation",
        10 => "activation_termination",
        11 => "return_remote_command",
        12 => "return_local_command",
        13 => "file_transfer",
        14 => "authentication",
        15 => "session_key_maintenance",
        16 => "user_role_and_update_key_maintenance",
        20 => "interrogated_by_station",
        21..=36 => "interrogated_by_group",
        37 => "requested_by_general_counter",
        38..=41 => "requested_by_group_counter",
        44 => "unknown_type_identification",
        45 => "unknown_cause_of_transmission",
        46 => "unknown_common_address",
        47 => "unknown_information_object_address",
        _ => "reserved",
    }
}

/// True for causes the standards define.
pub fn cause_defined(cause: u8) -> bool {
    matches!(cause, 1..=16 | 20..=41 | 44..=47)
}

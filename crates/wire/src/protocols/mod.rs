//! The list of native probes: one file and one line each. Order is by name; ties in identification
//! go by `rank`, never by place in this list.

use crate::probe::Spec;

// shared by several probes
pub mod ber;
pub mod dns_message;
pub mod enterprise;
mod files;
mod flag;
pub mod iec61850;
mod json;
pub mod lines;
pub mod ntlm;
pub mod publishers;
pub mod sasl;
pub mod sysdescr;

macro_rules! probes {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every native probe.
        pub static ALL: &[&Spec] = &[$(&$module::SPEC),*];
    };
}

probes! {
    cip_io,
    coap,
    enip,
    modbus,
    ads,
    bacnet,
    c1222,
    dlms,
    dnp3,
    fox,
    goose,
    hart_ip,
    iec104,
    iec62056_21,
    knx,
    mms,

    sv,
    dce_rpc,
    opcua,
    rdp,
    smb,
    arp,
    cdp,
    dhcp,
    dhcpv6,
    dns,
    lldp,
    llmnr,
    mdns,
    nbns,
    ndp,
    snmp,
    ssdp,
    ftp,
    http,
    mqtt,
    telnet,
    profinet_dcp,
    ssh,
    tls,
    s7comm,
    pop3,
    imap,
    smtp,
    someip,
    doip,
    trdp,
    rtps,
    hl7,
    dicom,
    hislip,
    atg,
    can,
    j1939,
    s_bus,
    genisys,
    roc_plus,
    bsap,
    lontalk,
}

/// The probe with this protocol name.
pub fn by_name(name: &str) -> Option<&'static Spec> {
    ALL.iter().copied().find(|s| s.name == name)
}

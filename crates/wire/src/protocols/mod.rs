//! The list of native probes: one file and one line each. Order is by name; ties in identification
//! go by `rank`, never by place in this list.

use crate::probe::Spec;

// shared by several probes
pub mod ber;
pub mod dns_message;
pub mod enterprise;
mod files;
mod flag;
pub mod headers;
pub mod iec61850;
mod json;
pub mod lines;
pub mod ntlm;
pub mod publishers;
pub mod sasl;
pub mod scram;
pub mod sql;
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
    amqp,
    coap,
    kafka,
    mqtt_sn,
    nats,
    stomp,
    digi,
    hid,
    lantronix,
    lifx,
    miio,
    moxa,
    tplink_shp,
    enip,
    modbus,
    ads,
    bacnet,
    c37118,
    egd,
    fins,
    melsoft,
    profinet_io,
    slmp,
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
    dhip,
    dvrip,
    jt1078,
    sadp,
    v2x,
    xmeye,
    mysql,
    postgresql,
    redis,
    mongodb,
    mssql,
    vnc,
    socks,
    tftp,
    ntp,
    quic,
    syslog,
    nfs,
    ike,
    wireguard,
    openvpn,
    stp,
    mrp,
    hsr,
    ptp,
    teamviewer,
    s7comm_plus,
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
    kerberos,
    ldap,
    radius,
    sip,
    rtsp,
    rtp,
    irc,
}

/// The probe with this protocol name.
pub fn by_name(name: &str) -> Option<&'static Spec> {
    ALL.iter().copied().find(|s| s.name == name)
}

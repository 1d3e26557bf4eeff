//! What protocols say of those who speak them: words and levels as `sentinel/inventory/data` has them.

/// What a host that answers in a protocol is taken for until the inventory knows better.
pub struct Serves {
    /// Asset type; none where the protocol fits several.
    pub kind: Option<&'static str>,
    /// Purdue level.
    pub level: f64,
}

const PLC: Serves = Serves { kind: Some("plc"), level: 1.0 };
const RTU: Serves = Serves { kind: Some("rtu"), level: 1.0 };
const IED: Serves = Serves { kind: Some("ied"), level: 1.0 };
const BUILDING: Serves = Serves { kind: Some("building-controller"), level: 1.0 };
const METER: Serves = Serves { kind: Some("power-meter"), level: 1.0 };
const FLOW_METER: Serves = Serves { kind: Some("meter"), level: 1.0 };
const IO: Serves = Serves { kind: Some("io-device"), level: 0.0 };
const SENSOR: Serves = Serves { kind: Some("sensor"), level: 0.0 };
const FIELD: Serves = Serves { kind: None, level: 1.0 };

/// What serves this protocol. The strongest `serves` vote of `roles.tsv` where one stands out.
pub fn serves(protocol: &str) -> Option<&'static Serves> {
    Some(match protocol {
        "modbus" | "umas" | "s7comm" | "s7comm-plus" | "enip" | "cip" | "pccc" | "ads" | "fins" | "slmp"
        | "melsoft" | "codesys" | "ge-srtp" | "egd" | "s-bus" | "cc-link-ie" => &PLC,
        "dnp3" | "iec104" | "roc-plus" | "bsap" => &RTU,
        "mms" | "goose" | "sv" | "c37118" => &IED,
        "bacnet" | "fox" | "lontalk" | "knx" => &BUILDING,
        "dlms" | "iec62056-21" | "dlt645" | "dlt698" | "qgdw1376" | "c1222" => &METER,
        "cjt188" => &FLOW_METER,
        "profinet-io" | "ethercat" | "powerlink" | "hart-ip" => &IO,
        "atg" => &SENSOR,
        "profinet-dcp" | "opcua" | "trdp" | "sercos" => &FIELD,
        _ => return None,
    })
}

/// Protocols by which terminals are polled or report, so that their silence means something.
pub fn is_terminal(protocol: &str) -> bool {
    (serves(protocol).is_some() && protocol != "profinet-dcp")
        || matches!(
            protocol,
            "mqtt" | "sparkplug-b" | "coap" | "lwm2m" | "snmp" | "ocpp" | "hj212" | "sl651" | "mtconnect"
        )
        || matches!(protocol, "jt808" | "gb32960" | "gb26875" | "gb28181" | "rtsp")
}

/// Protocols that only keep networks running: they say nothing of anyone's habits.
pub fn is_housekeeping(protocol: &str) -> bool {
    matches!(
        protocol,
        "arp"
            | "ndp"
            | "lldp"
            | "cdp"
            | "stp"
            | "mrp"
            | "ptp"
            | "dhcp"
            | "dhcpv6"
            | "mdns"
            | "llmnr"
            | "nbns"
            | "ssdp"
            | "ws-discovery"
            | "igmp"
            | "icmp"
            | "icmpv6"
    )
}

/// The protocol inside which another one travels: who may use the inner one was allowed the outer.
pub fn carrier(protocol: &str) -> Option<&'static str> {
    Some(match protocol {
        "cip" | "pccc" => "enip",
        "umas" => "modbus",
        "sparkplug-b" => "mqtt",
        "isapi" | "onvif" | "upnp" | "tr069" | "hap" => "http",
        "lwm2m" => "coap",
        "http2" => "http",
        _ => return None,
    })
}

/// Whether a port is one that services listen on: tells the ends apart where an event comes from
/// the side that was called. Below 1024 (RFC 6335, system ports), or a probe's usual port.
pub fn is_service_port(port: u16) -> bool {
    static TABLE: std::sync::OnceLock<Box<[bool]>> = std::sync::OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let listed = |port: u16| {
            sentinel_wire::protocols::ALL.iter().any(|s| s.ports.contains(&port))
                || matches!(port, 1883 | 4840 | 8883 | 5683 | 5007 | 9600 | 18_245 | 20_547 | 34_962..=34_964)
        };
        (0..=u16::MAX).map(|p| (1..1024).contains(&p) || listed(p)).collect()
    });
    table.get(usize::from(port)).copied().unwrap_or(false)
}

/// Ports a protocol is usually served on, for flows that died before they said what they are.
pub fn usual_ports(protocol: &str) -> &'static [u16] {
    sentinel_wire::protocols::by_name(protocol).map_or(&[], |s| s.ports)
}

/// Protocols whose events tell more than that two ends talked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signs {
    None,
    Arp,
    Dhcp,
    Dnp3,
    Iec104,
    Snmp,
}

/// What the events of a protocol tell besides.
pub fn signs(protocol: &str) -> Signs {
    match protocol {
        "arp" => Signs::Arp,
        "dhcp" => Signs::Dhcp,
        "dnp3" => Signs::Dnp3,
        "iec104" => Signs::Iec104,
        "snmp" => Signs::Snmp,
        _ => Signs::None,
    }
}

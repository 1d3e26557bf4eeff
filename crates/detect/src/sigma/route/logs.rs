//! Which protocol a log of Zeek or an event type of Suricata is about: rules for that protocol's events of
//! the wire are meant for its lines too.

/// Our name of the protocol, `None` for logs about no single one. Names with `_` and `-` are the same.
pub fn protocol_of_log(log: &str) -> Option<&'static str> {
    let same = |theirs: &str| {
        theirs.len() == log.len()
            && theirs.bytes().zip(log.bytes()).all(|(a, b)| a == b || (a == b'_' && b == b'-'))
    };
    if let Some((_, ours)) = EXACT.iter().find(|(theirs, _)| same(theirs)) {
        return Some(ours);
    }
    let starts = |head: &str| log.get(..head.len()).is_some_and(|l| l.replace('-', "_") == head);
    FAMILIES.iter().find(|(head, _)| starts(head)).map(|(_, ours)| *ours)
}

const EXACT: &[(&str, &str)] = &[
    ("conn", "flow"),
    ("flow", "flow"),
    ("dns", "dns"),
    ("http", "http"),
    ("ssl", "tls"),
    ("tls", "tls"),
    ("x509", "tls"),
    ("ssh", "ssh"),
    ("ftp", "ftp"),
    ("smtp", "smtp"),
    ("dhcp", "dhcp"),
    ("snmp", "snmp"),
    ("kerberos", "kerberos"),
    ("krb5", "kerberos"),
    ("ntlm", "ntlm"),
    ("dce_rpc", "dce-rpc"),
    ("dcerpc", "dce-rpc"),
    ("rdp", "rdp"),
    ("rfb", "vnc"),
    ("sip", "sip"),
    ("modbus", "modbus"),
    ("dnp3", "dnp3"),
    ("enip", "enip"),
    ("mysql", "mysql"),
    ("postgresql", "postgresql"),
    ("pgsql", "postgresql"),
    ("redis", "redis"),
    ("radius", "radius"),
    ("mqtt", "mqtt"),
    ("syslog", "syslog"),
    ("ntp", "ntp"),
    ("irc", "irc"),
    ("socks", "socks"),
    ("quic", "quic"),
    ("websocket", "websocket"),
    ("ldap", "ldap"),
    ("ldap_search", "ldap"),
    ("tftp", "tftp"),
    ("nfs", "nfs"),
    ("smb", "smb"),
    ("ike", "ike"),
    ("ikev2", "ike"),
    ("cotp", "s7comm"),
    ("genisys", "genisys"),
];

/// Logs of one protocol that begin alike; the longer beginning first.
const FAMILIES: &[(&str, &str)] = &[
    ("mqtt_", "mqtt"),
    ("modbus_", "modbus"),
    ("dnp3_", "dnp3"),
    ("s7comm_plus", "s7comm-plus"),
    ("s7comm", "s7comm"),
    ("smb_", "smb"),
    ("cip", "cip"),
    ("bacnet", "bacnet"),
    ("opcua_binary", "opcua"),
    ("ecat_aoe", "ads"),
    ("ecat_", "ethercat"),
    ("profinet_io", "profinet-io"),
    ("profinet_dce_rpc", "profinet-io"),
    ("profinet", "profinet-io"),
    ("omron_fins", "fins"),
    ("ge_srtp", "ge-srtp"),
    ("hart_ip", "hart-ip"),
    ("synchrophasor", "c37118"),
    ("bsap_", "bsap"),
    ("roc_plus", "roc-plus"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_protocols() {
        assert_eq!(protocol_of_log("modbus_detailed"), Some("modbus"));
        assert_eq!(protocol_of_log("opcua-binary-write"), Some("opcua"));
        assert_eq!(protocol_of_log("s7comm_plus"), Some("s7comm-plus"));
        assert_eq!(protocol_of_log("ssl"), Some("tls"));
        assert_eq!(protocol_of_log("weird"), None);
        assert_eq!(protocol_of_log("ß"), None);
    }
}

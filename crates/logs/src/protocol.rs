//! Names of protocols: those of logs to those that everything here uses.

use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// Our name for a protocol by the word that Zeek (`service`, `analyzer`) or Suricata (`app_proto`,
/// event type) has for it; `None` if it is none of ours.
pub fn named(word: &str) -> Option<&'static str> {
    static NAMES: OnceLock<FxHashMap<&'static str, &'static str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| SAME.iter().map(|p| (*p, *p)).chain(OTHER.iter().copied()).collect());
    names.get(word).or_else(|| names.get(word.to_ascii_lowercase().as_str())).copied()
}

/// Our name for what several analyzers of one connection found (`gssapi,smb,ntlm`): the first that is
/// a protocol of its own and not what carries or authenticates another.
pub fn of_services(list: &str) -> Option<&'static str> {
    const BESIDE: &[&str] = &["ntlm", "tls", "kerberos", "rpc"];
    let all = || list.split(',').filter_map(|w| named(w.trim()));
    all().find(|p| !BESIDE.contains(p)).or_else(|| all().next())
}

const OTHER: &[(&str, &str)] = &[
    ("ssl", "tls"),
    ("ssl/tls", "tls"),
    ("krb", "kerberos"),
    ("krb5", "kerberos"),
    ("krb_tcp", "kerberos"),
    ("krb_udp", "kerberos"),
    ("dnp3_tcp", "dnp3"),
    ("dnp3_udp", "dnp3"),
    ("dce_rpc", "dce-rpc"),
    ("dcerpc", "dce-rpc"),
    ("ftp-data", "ftp"),
    ("ftp-ctrl", "ftp"),
    ("http2", "http"),
    ("doh2", "http"),
    ("rfb", "vnc"),
    ("ikev1", "ike"),
    ("ikev2", "ike"),
    ("pgsql", "postgresql"),
    ("netbios-ns", "nbns"),
    ("imap4", "imap"),
    ("ntp_udp", "ntp"),
    ("ldap_tcp", "ldap"),
    ("ldap_udp", "ldap"),
    ("xmpp", "xmpp"),
    ("opcua_binary", "opcua"),
    ("opcua-binary", "opcua"),
    ("spicy_opcua_binary", "opcua"),
    ("omron_fins", "fins"),
    ("spicy_omron_fins", "fins"),
    ("ge_srtp", "ge-srtp"),
    ("spicy_ge_srtp_tcp", "ge-srtp"),
    ("hart_ip", "hart-ip"),
    ("spicy_hart_ip", "hart-ip"),
    ("profinet_io_cm", "profinet-io"),
    ("profinet", "profinet-io"),
    ("synchrophasor", "c37118"),
    ("spicy_synchrophasor_tcp", "c37118"),
    ("spicy_synchrophasor_udp", "c37118"),
    ("s7comm_plus", "s7comm-plus"),
    ("cotp", "s7comm"),
    ("roc_plus", "roc-plus"),
    ("ethercat", "ethercat"),
    ("bsap_ip", "bsap"),
    ("bsap_serial", "bsap"),
    ("smb1", "smb"),
    ("smb2", "smb"),
];

const SAME: &[&str] = &[
    "modbus",
    "s7comm",
    "enip",
    "cip",
    "dnp3",
    "iec104",
    "mms",
    "bacnet",
    "ethercat",
    "ads",
    "fins",
    "opcua",
    "genisys",
    "bsap",
    "dhcp",
    "dhcpv6",
    "dns",
    "mdns",
    "llmnr",
    "nbns",
    "ssdp",
    "http",
    "tls",
    "quic",
    "ssh",
    "ftp",
    "tftp",
    "telnet",
    "smtp",
    "pop3",
    "imap",
    "irc",
    "snmp",
    "ntp",
    "syslog",
    "smb",
    "ntlm",
    "kerberos",
    "ldap",
    "radius",
    "rdp",
    "vnc",
    "sip",
    "rtsp",
    "socks",
    "nfs",
    "ike",
    "mysql",
    "postgresql",
    "redis",
    "mongodb",
    "mqtt",
    "websocket",
    "wireguard",
    "openvpn",
    "bittorrent-dht",
    "dce-rpc",
    "rpc",
    "stun",
    "teredo",
    "xmpp",
];

/// The protocol a Zeek log is about, by the log's name; `None` for those about no single protocol.
pub fn of_log(log: &str) -> Option<&'static str> {
    sentinel_detect::sigma::route::protocol_of_log(log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_logs() {
        assert_eq!(named("ssl"), Some("tls"));
        assert_eq!(named("MODBUS"), Some("modbus"));
        assert_eq!(named("-"), None);
        assert_eq!(of_services("gssapi,smb,ntlm"), Some("smb"));
        assert_eq!(of_services("ssl"), Some("tls"));
        assert_eq!(of_services("ssl,http"), Some("http"));
    }
}

//! Zeek's logs, whatever their form: fields of a line to who, whom, when and what.

pub mod tsv;

use crate::alert;
use crate::doing;
use crate::ends::{Ends, Raw, Side, get, int, ip, mac, port, text, transport};
use crate::line::Line;
use crate::names::name;
use crate::protocol;
use crate::tables::tables;
use crate::time;
use sentinel_wire::model::*;

/// Takes the fields of one line apart. `at`: the time of `ts`, if its text was at hand. Errors say what
/// is missing.
pub fn line(log: &str, raw: Raw, at: Option<Micros>) -> Result<Line, &'static str> {
    let dataset = name(&format!("zeek.{}", log.replace('-', "_"))).ok_or("the log's name is no word")?;
    let log = dataset.strip_prefix("zeek.").unwrap_or_default();
    let began = at.or_else(|| get(&raw, "ts").and_then(stamp)).ok_or("it has no time in ts")?;
    let mut ends = ends(log, &raw);
    let lasted = match get(&raw, "duration") {
        Some(Val::Float(f)) => time::from_float(*f),
        Some(Val::Int(n)) => n.checked_mul(1_000_000),
        _ => None,
    };
    let mut line = Line {
        dataset,
        time: began,
        start: None,
        ends,
        protocol: None,
        doing: None,
        entry: None,
        alert: None,
        extra: Vec::new(),
        id: 0,
        number: 0,
        source: 0,
        raw,
    };
    let known = tables().of(dataset);
    line.doing = known.operation.as_ref().and_then(|t| doing::operation(t, &line.raw));
    line.entry = known.login.as_ref().and_then(|t| doing::login(t, &line.raw));
    line.protocol = known.protocol.or_else(|| protocol::of_log(log).filter(|p| *p != "flow"));
    match log {
        "conn" => {
            // the line is written when the connection is over: that is when it is told
            line.time = began.saturating_add(lasted.unwrap_or(0).max(0));
            line.start = Some(began);
            line.protocol = text(&line.raw, "service").and_then(protocol::of_services);
            if line.protocol.is_none() {
                let list = get(&line.raw, "service");
                line.protocol = list.and_then(|v| match v {
                    Val::List(l) => l.iter().filter_map(crate::ends::as_text).find_map(protocol::named),
                    _ => None,
                });
            }
        }
        "dns" => {
            let answer = get(&line.raw, "rcode").is_some() || get(&line.raw, "rcode_name").is_some();
            line.extra.push(("dns.type", Val::Static(if answer { "answer" } else { "query" })));
        }
        "notice" => {
            let note = text(&line.raw, "note").ok_or("a notice without note")?.to_owned();
            if let Some(alert) = alert::zeek(&line.raw, &note, &ends) {
                ends.by_server ^= alert.answered;
                line.ends = ends;
                line.alert = Some(alert);
            }
        }
        "intel" => {
            line.alert = alert::zeek(&line.raw, "Intel::Notice", &ends);
            let seen = text(&line.raw, "seen.indicator").map(|i| format!("{i} is known to be hostile"));
            if let Some(alert) = &mut line.alert {
                alert.message = seen;
            }
        }
        _ => {
            if line.protocol.is_none() {
                line.protocol = text(&line.raw, "service").and_then(protocol::of_services);
            }
        }
    }
    Ok(line)
}

/// A time as JSON logs write it: seconds, milliseconds (whole and too large for seconds), or a text.
fn stamp(v: &Val) -> Option<Micros> {
    match v {
        Val::Int(n) if n.unsigned_abs() > 100_000_000_000 => n.checked_mul(1000),
        Val::Int(n) => n.checked_mul(1_000_000),
        Val::Float(f) => time::from_float(*f),
        other => {
            let t = crate::ends::as_text(other)?;
            time::iso(t).or_else(|| time::seconds(t))
        }
    }
}

fn ends(log: &str, raw: &Raw) -> Ends {
    let address = |n: &str| text(raw, n).and_then(ip);
    let hardware = |n: &str| text(raw, n).and_then(mac);
    let side = |h: &str, p: &str, m: &str| Side { ip: address(h), port: port(int(raw, p)), mac: hardware(m) };
    let mut e = Ends {
        client: side("id.orig_h", "id.orig_p", "orig_l2_addr"),
        server: side("id.resp_h", "id.resp_p", "resp_l2_addr"),
        transport: text(raw, "proto").and_then(transport).or_else(|| carried_by(log)),
        vlan: int(raw, "vlan").and_then(|v| u16::try_from(v).ok()).unwrap_or(0),
        by_server: get(raw, "is_orig") == Some(&Val::Bool(false)),
    };
    if let Some(sender) = address("source_h")
        && get(raw, "is_orig").is_none()
    {
        e.by_server = Some(sender) == e.server.ip && Some(sender) != e.client.ip;
    }
    if e.client.ip.is_some() || e.server.ip.is_some() {
        // a notice may name the one it is about apart from the connection
        if log == "notice" {
            let about = address("src");
            e.by_server = about.is_some() && about == e.server.ip && about != e.client.ip;
        }
        if log == "files" {
            let sender = address("tx_hosts");
            e.by_server = sender.is_some() && sender == e.server.ip;
        }
        return e;
    }
    match log {
        "files" => {
            e.client = side("rx_hosts", "", "");
            e.server = side("tx_hosts", "", "");
            e.by_server = true;
        }
        "dhcp" => {
            let ip = address("client_addr").or(address("assigned_addr"));
            e.client = Side { ip, port: 68, mac: hardware("mac") };
            e.server = Side { ip: address("server_addr"), port: 67, mac: None };
        }
        _ if log.starts_with("ecat_") => {
            e.client.mac = hardware("srcmac").or(hardware("mac_src"));
            e.server.mac = hardware("dstmac").or(hardware("mac_dst"));
        }
        _ => {
            e.client.ip = address("src").or(address("host"));
            e.client.mac = hardware("mac");
            e.server.ip = address("dst");
            e.server.port = port(int(raw, "p"));
        }
    }
    e
}

/// What carries the protocol of a log that does not say it.
fn carried_by(log: &str) -> Option<Transport> {
    const UDP: &[&str] = &["snmp", "dhcp", "ntp", "radius", "quic", "cip_io", "syslog"];
    const TCP: &[&str] = &[
        "http",
        "ssl",
        "ssh",
        "ftp",
        "smtp",
        "mysql",
        "rdp",
        "irc",
        "ntlm",
        "modbus",
        "cotp",
        "socks",
        "redis",
        "postgresql",
        "websocket",
        "cip",
        "cip_identity",
        "enip",
        "genisys",
        "dce_rpc",
        "dnp3",
    ];
    const TCP_FAMILIES: &[&str] =
        &["modbus_", "dnp3_", "s7comm", "opcua_", "smb_", "mqtt_", "ge_srtp", "hart_ip", "synchrophasor"];
    const UDP_FAMILIES: &[&str] = &["bacnet", "profinet_", "bsap_"];
    let family = |list: &[&str]| list.iter().any(|head| log.starts_with(head));
    if UDP.contains(&log) || family(UDP_FAMILIES) {
        Some(Transport::Udp)
    } else if TCP.contains(&log) || family(TCP_FAMILIES) {
        Some(Transport::Tcp)
    } else {
        None
    }
}

/// The name of a JSON log that does not say it: of its file (`conn.00:00:00-01:00:00.log.gz`,
/// `json_streaming_conn.1.log`, `conn_20240102.log`), else by fields that only one log has.
pub fn log_of_file(file: &str) -> Option<&str> {
    let base = file.rsplit(['/', '\\']).next()?;
    let stem = base.split('.').next()?;
    let stem = stem.strip_prefix("json_streaming_").unwrap_or(stem);
    let stem = stem.split(|c: char| c.is_ascii_digit() && !stem.starts_with("s7")).next().unwrap_or(stem);
    let stem = stem.trim_end_matches(['_', '-']);
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (!stem.is_empty() && stem.chars().all(word)).then_some(stem)
}

/// The log by fields that only it has.
pub fn log_of_fields(raw: &Raw) -> Option<&'static str> {
    const MARKS: &[(&str, &str)] = &[
        ("conn", "conn_state"),
        ("dns", "qtype"),
        ("ssl", "established"),
        ("http", "status_code"),
        ("http", "uri"),
        ("notice", "note"),
        ("files", "tx_hosts"),
        ("x509", "certificate.serial"),
        ("ssh", "auth_attempts"),
        ("ntlm", "domainname"),
        ("smtp", "mailfrom"),
        ("modbus", "func"),
        ("dnp3", "fc_request"),
    ];
    MARKS.iter().find(|(_, field)| get(raw, field).is_some()).map(|(log, _)| *log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn raw(fields: &[(&'static str, Val)]) -> Raw {
        fields.iter().map(|(n, v)| (Cow::Borrowed(*n), v.clone())).collect()
    }

    #[test]
    fn a_connection_is_told_when_it_ended() {
        let fields = [
            ("ts", Val::Float(100.0)),
            ("id.orig_h", Val::from("10.0.0.1")),
            ("id.resp_h", Val::from("10.0.0.2")),
            ("proto", Val::from("tcp")),
            ("service", Val::from("ssl,http")),
            ("duration", Val::Float(2.5)),
        ];
        let l = line("conn", raw(&fields), None).unwrap();
        assert_eq!((l.time, l.start, l.protocol), (102_500_000, Some(100_000_000), Some("http")));
    }

    #[test]
    fn times() {
        assert_eq!(stamp(&Val::Int(1_700_000_000)), Some(1_700_000_000_000_000));
        assert_eq!(stamp(&Val::Int(1_700_000_000_123)), Some(1_700_000_000_123_000));
        assert_eq!(stamp(&Val::from("2023-11-14T22:13:20.5Z")), Some(1_700_000_000_500_000));
        assert_eq!(line("dns", raw(&[("ts", Val::from("x"))]), None).unwrap_err(), "it has no time in ts");
    }

    #[test]
    fn logs_by_file_name() {
        for (file, log) in [
            ("a/conn.log", "conn"),
            ("conn.00:00:00-01:00:00.log.gz", "conn"),
            ("json_streaming_dns.1.log", "dns"),
            ("http_2024-01-02.json", "http"),
            ("s7comm_plus.log", "s7comm_plus"),
        ] {
            assert_eq!(log_of_file(file), Some(log), "{file}");
        }
        assert_eq!(log_of_file("-"), None);
    }

    #[test]
    fn a_notice_is_an_alert() {
        let fields = [
            ("ts", Val::Float(1.0)),
            ("note", Val::from("Scan::Port_Scan")),
            ("msg", Val::from("10.0.0.9 scanned 20 ports")),
            ("src", Val::from("10.0.0.9")),
            ("dst", Val::from("10.0.0.1")),
        ];
        let l = line("notice", raw(&fields), None).unwrap();
        let a = l.alert.unwrap();
        assert_eq!(
            (a.rule.as_str(), a.tactics.first().unwrap().0.as_ref()),
            ("zeek:Scan::Port_Scan", "TA0007")
        );
        assert_eq!(l.ends.source().ip, ip("10.0.0.9"));
    }

    #[test]
    fn an_answer_is_its_senders() {
        let fields = [
            ("ts", Val::Float(1.0)),
            ("id.orig_h", Val::from("10.0.0.1")),
            ("id.resp_h", Val::from("10.0.0.2")),
            ("is_orig", Val::Bool(false)),
            ("function_name", Val::from("PLC Stop")),
            ("rosctr_name", Val::from("Ack-Data")),
        ];
        let l = line("s7comm", raw(&fields), None).unwrap();
        assert_eq!((l.ends.source().ip, l.doing), (ip("10.0.0.2"), None));
        assert_eq!((l.protocol, l.ends.transport), (Some("s7comm"), Some(Transport::Tcp)));
    }
}

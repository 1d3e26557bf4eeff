//! Suricata's EVE: one JSON object a line, told apart by `event_type`.
//!
//! Source: Suricata User Guide, "Eve JSON Format".

use crate::alert::{self, Meanings};
use crate::doing::{self, Entry};
use crate::ends::{Ends, Raw, Side, get, int, ip, mac, port, text, transport};
use crate::line::Line;
use crate::names::name;
use crate::protocol;
use crate::tables::tables;
use crate::time;
use rustc_hash::FxHashMap;
use sentinel_wire::events::MASK;
use sentinel_wire::model::*;

/// FTP users whose password is still to come.
const MOST_USERS: usize = 1 << 14;

/// What is remembered between lines.
#[derive(Debug, Default)]
pub struct Eve {
    meanings: Meanings,
    users: FxHashMap<i64, String>,
    /// Dataset of the line before: it is mostly the same.
    dataset: &'static str,
}

impl Eve {
    /// Users whose password is still to come, `most` of them.
    pub(crate) fn users(&self, most: usize) -> Vec<(i64, String)> {
        let mut users: Vec<(i64, String)> = self.users.iter().map(|(k, v)| (*k, v.clone())).collect();
        users.sort();
        users.truncate(most);
        users
    }
    pub(crate) fn remember(&mut self, users: &[(i64, String)]) {
        self.users = users.iter().take(MOST_USERS).cloned().collect();
    }

    /// Takes one line apart. `Ok(None)`: counters of the engine, no event. Errors say what is missing.
    pub fn line(&mut self, mut raw: Raw) -> Result<Option<Line>, &'static str> {
        let kind = text(&raw, "event_type").ok_or("it has no event_type")?;
        if matches!(kind, "stats" | "engine") {
            return Ok(None);
        }
        let stamp = text(&raw, "timestamp").ok_or("it has no timestamp")?;
        let stamp = time::iso(stamp).ok_or("its timestamp is no time")?;
        if self.dataset.strip_prefix("suricata.") != Some(kind) {
            self.dataset = name(&format!("suricata.{kind}")).ok_or("its event_type is no word")?;
        }
        let dataset = self.dataset;
        let kind = dataset.strip_prefix("suricata.").unwrap_or_default();
        let mut ends = ends(&raw, kind);
        let mut alert = None;
        if kind == "alert" {
            alert = alert::suricata(&raw, &ends, &mut self.meanings);
            let attacker = text(&raw, "alert.source.ip").and_then(ip);
            if attacker.is_some() {
                ends.by_server = attacker == ends.server.ip && attacker != ends.client.ip;
            } else if alert.as_ref().is_some_and(|a| a.answered) {
                ends.by_server = !ends.by_server;
            }
        }
        let told = text(&raw, "app_proto").filter(|p| !matches!(*p, "failed" | "unknown"));
        let known = tables().of(dataset);
        let own =
            || known.protocol.or_else(|| protocol::of_log(kind).filter(|p| *p != "flow" && kind != "alert"));
        let protocol = told.and_then(protocol::named).or_else(own);
        let doing = known.operation.as_ref().and_then(|t| doing::operation(t, &raw));
        let mut entry = known.login.as_ref().and_then(|t| doing::login(t, &raw));
        if kind == "ftp" {
            entry = self.ftp(&mut raw);
        }
        let mut line = Line {
            dataset,
            time: stamp,
            start: None,
            ends,
            protocol,
            raw,
            doing,
            entry,
            alert,
            extra: Vec::new(),
            id: 0,
            number: 0,
            source: 0,
        };
        match kind {
            "flow" | "netflow" => flow(&mut line, kind),
            "dns" => {
                let answer = matches!(text(&line.raw, "dns.type"), Some("answer" | "response"));
                line.extra.push(("dns.type", Val::Static(if answer { "answer" } else { "query" })));
            }
            _ => {}
        }
        Ok(Some(line))
    }

    /// `USER` and `PASS` are two lines of one flow.
    fn ftp(&mut self, raw: &mut Raw) -> Option<Entry> {
        let flow = int(raw, "flow_id")?;
        let command = text(raw, "ftp.command")?.to_ascii_uppercase();
        let data = text(raw, "ftp.command_data")?.to_owned();
        match command.as_str() {
            "USER" => {
                if self.users.len() >= MOST_USERS {
                    self.users.clear();
                }
                self.users.insert(flow, data);
                None
            }
            "PASS" => {
                // the secret goes into the credential, not into the event
                if let Some((_, v)) = raw.iter_mut().find(|(n, _)| n == "ftp.command_data") {
                    *v = Val::Static(MASK);
                }
                let outcome = match int(raw, "ftp.completion_code") {
                    Some(200..300) => LoginOutcome::Success,
                    Some(400..600) => LoginOutcome::Failure,
                    _ => LoginOutcome::Unknown,
                };
                let user = self.users.remove(&flow);
                let (kind, secret) = (CredKind::Password, Some(data));
                Some(Entry { protocol: "ftp", kind, user, secret, outcome, itself: true })
            }
            _ => None,
        }
    }
}

fn ends(raw: &Raw, kind: &str) -> Ends {
    let side = |address: &str, p: &str, m: &[&str]| Side {
        ip: text(raw, address).and_then(ip),
        port: port(int(raw, p)),
        mac: m.iter().find_map(|m| text(raw, m).and_then(mac)),
    };
    let source = side("src_ip", "src_port", &["ether.src_mac", "ether.src_macs"]);
    let destination = side("dest_ip", "dest_port", &["ether.dest_mac", "ether.dest_macs"]);
    let transport = text(raw, "proto").and_then(transport);
    // a packet's addresses say who sent it; a transaction's and a flow's, who opened it
    let of_packet = matches!(kind, "alert" | "anomaly" | "fileinfo" | "drop" | "frame");
    let opener = text(raw, "flow.src_ip").filter(|_| of_packet);
    let back = match (text(raw, "direction"), opener) {
        (Some("to_client"), _) => true,
        (Some("to_server"), _) => false,
        (_, Some(address)) => {
            let same = ip(address) == destination.ip && port(int(raw, "flow.src_port")) == destination.port;
            same && destination.port != source.port
        }
        _ if kind == "dns" => source.port == 53 && destination.port != 53,
        _ => of_packet && (1..1024).contains(&source.port) && destination.port >= 1024,
    };
    let (client, server) = if back { (destination, source) } else { (source, destination) };
    let vlan = get(raw, "vlan").and_then(crate::ends::as_int).and_then(|v| u16::try_from(v).ok());
    Ends { client, server, transport, vlan: vlan.unwrap_or(0), by_server: back && of_packet }
}

/// A flow that ended. Its state in the words of Zeek's `conn_state`, as far as EVE tells.
fn flow(line: &mut Line, kind: &str) {
    let of = |field: &str| text(&line.raw, &format!("{kind}.{field}")).and_then(time::iso);
    line.start = of("start");
    if let Some(end) = of("end") {
        line.time = end;
    }
    let back = int(&line.raw, "flow.pkts_toclient").unwrap_or(0);
    let flags = int(&line.raw, "tcp.tcp_flags").unwrap_or(0);
    let reset = get(&line.raw, "tcp.rst") == Some(&Val::Bool(true)) || flags & 4 != 0;
    let state = match text(&line.raw, "flow.state") {
        Some("new") if back == 0 => "S0",
        Some("new") if reset => "REJ",
        Some("closed") if reset => "RSTO",
        Some("closed") => "SF",
        Some("established") if line.ends.transport == Some(Transport::Udp) => "SF",
        Some("established") => "S1",
        Some(_) => "OTH",
        None => return,
    };
    line.extra.push(("sentinel.flow.state", Val::Static(state)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::flatten;
    use crate::names::Paths;

    fn read(eve: &mut Eve, line: &str) -> Line {
        let mut raw = Raw::new();
        flatten(line.as_bytes(), &mut Paths::default(), &mut raw).unwrap();
        eve.line(raw).unwrap().unwrap()
    }

    #[test]
    fn an_alert_on_an_answer() {
        let line = r#"{"timestamp":"2024-01-02T03:04:05.000006+0000","event_type":"alert","src_ip":"10.0.0.2","src_port":80,"dest_ip":"10.0.0.1","dest_port":40000,"proto":"TCP","alert":{"gid":1,"signature_id":5,"signature":"XY ATTACK_RESPONSE id check returned root","category":"Potentially Bad Traffic","severity":2}}"#;
        let l = read(&mut Eve::default(), line);
        assert_eq!(l.ends.source().ip, ip("10.0.0.1"), "who attacked acts");
        assert_eq!(l.ends.server.port, 80);
        let a = l.alert.unwrap();
        assert_eq!((a.rule.as_str(), a.severity), ("suricata:1:5", 3));
        assert_eq!(a.tactics.first().unwrap().0, "TA0002");
    }

    #[test]
    fn tags_of_the_alert_itself_count_first() {
        let line = r#"{"timestamp":"2024-01-02T03:04:05Z","event_type":"alert","src_ip":"10.0.0.2","dest_ip":"8.8.8.8","proto":"UDP","alert":{"signature_id":5,"signature":"XY SCAN nmap","category":"c","severity":1,"metadata":{"mitre_tactic_id":["TA0011"],"mitre_tactic_name":["Command_And_Control"],"mitre_technique_id":["T1071"],"mitre_technique_name":["Application_Layer_Protocol"],"signature_severity":["Critical"],"confidence":["High"]}}}"#;
        let a = read(&mut Eve::default(), line).alert.unwrap();
        assert_eq!(a.tactics, vec![("TA0011".into(), "Command And Control".into())]);
        assert_eq!((a.confidence, a.because, a.ics), (0.9, None, false));
    }

    #[test]
    fn ftp_log_in() {
        let mut eve = Eve::default();
        let line = |command: &str, data: &str, code: &str| {
            format!(
                r#"{{"timestamp":"2024-01-02T03:04:05Z","event_type":"ftp","flow_id":9,"src_ip":"10.0.0.2","dest_ip":"10.0.0.3","dest_port":21,"proto":"TCP","ftp":{{"command":"{command}","command_data":"{data}","completion_code":["{code}"]}}}}"#
            )
        };
        assert_eq!(read(&mut eve, &line("USER", "bob", "331")).entry, None);
        let l = read(&mut eve, &line("PASS", "pw", "230"));
        let e = l.entry.unwrap();
        assert_eq!(
            (e.user.as_deref(), e.secret.as_deref(), e.outcome),
            (Some("bob"), Some("pw"), LoginOutcome::Success)
        );
        assert_eq!(text(&l.raw, "ftp.command_data"), Some(MASK));
    }

    #[test]
    fn flows() {
        let line = r#"{"timestamp":"2024-01-02T03:10:05Z","event_type":"flow","src_ip":"10.0.0.2","src_port":4000,"dest_ip":"10.0.0.3","dest_port":502,"proto":"TCP","app_proto":"modbus","flow":{"pkts_toserver":3,"pkts_toclient":2,"bytes_toserver":200,"bytes_toclient":100,"start":"2024-01-02T03:04:05Z","end":"2024-01-02T03:04:09Z","state":"closed"}}"#;
        let l = read(&mut Eve::default(), line);
        assert_eq!((l.protocol, l.time - l.start.unwrap()), (Some("modbus"), 4_000_000));
        assert_eq!(l.extra, vec![("sentinel.flow.state", Val::Static("SF"))]);
    }

    #[test]
    fn what_is_no_event() {
        let mut raw = Raw::new();
        flatten(br#"{"event_type":"stats","timestamp":"x"}"#, &mut Paths::default(), &mut raw).unwrap();
        assert!(Eve::default().line(raw.clone()).unwrap().is_none());
        flatten(br#"{"event_type":"dns","timestamp":"x"}"#, &mut Paths::default(), &mut raw).unwrap();
        assert_eq!(Eve::default().line(raw).unwrap_err(), "its timestamp is no time");
    }
}

//! IEC 60870-5-104: telecontrol over TCP (IEC 60870-5-104:2006, with the data units of -101).
//!
//! Sizes are the companion standard's: cause of transmission 2 octets, common address 2, object
//! address 3. The unit of an operation is the common address of the station.

mod asdu;
#[cfg(test)]
mod tests;
mod types;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Hint, Probe, Role, Spec, Step, Verdict};
use asdu::{Asdu, Request};

pub static SPEC: Spec = Spec {
    name: "iec104",
    title: "IEC 60870-5-104",
    industrial: true,
    transports: &[Transport::Tcp],
    ports: &[2404],
    ethertypes: &[],
    rank: 30,
    identify,
    open: || Box::<Iec104>::default(),
    pdus: true,
    facts: &["id:iec104-ca", "station"],
    credentials: &[],
    operations: &[
        "startdt",
        "stopdt",
        "c_sc_na_1",
        "c_dc_na_1",
        "c_rc_na_1",
        "c_se_na_1",
        "c_se_nb_1",
        "c_se_nc_1",
        "c_bo_na_1",
        "c_sc_ta_1",
        "c_dc_ta_1",
        "c_rc_ta_1",
        "c_se_ta_1",
        "c_se_tb_1",
        "c_se_tc_1",
        "c_bo_ta_1",
        "c_ic_na_1",
        "c_ci_na_1",
        "c_rd_na_1",
        "c_cs_na_1",
        "c_ts_na_1",
        "c_rp_na_1",
        "c_cd_na_1",
        "c_ts_ta_1",
        "p_me_na_1",
        "p_me_nb_1",
        "p_me_nc_1",
        "p_ac_na_1",
        "f_fr_na_1",
        "f_sc_nb_1",
        "select_file",
        "request_file",
        "deactivate_file",
        "delete_file",
        "select_section",
        "request_section",
        "deactivate_section",
        "call_directory",
    ],
    source: "IEC 60870-5-104:2006, IEC 60870-5-101:2003; captures of field devices",
    level: 5,
    proofs: &["ics-security-tools/IEC60870-5-104"],
};

/// A command is given up after this many microseconds without confirmation.
const TIMEOUT: i64 = 60_000_000;
/// Common addresses of one flow whose facts are noted once only.
const MAX_STATIONS: usize = 64;

/// Control field of an APDU (5.1 to 5.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Control {
    Information {
        send: u16,
        receive: u16,
    },
    Supervisory {
        receive: u16,
    },
    /// STARTDT, STOPDT, TESTFR, each act or con, by its first octet.
    Unnumbered(u8),
}

/// Reads the APCI: control field and octets of the whole APDU.
fn apci(data: &[u8]) -> Option<(Control, usize)> {
    let (&[start, length, a, b, c, d], _) = data.split_first_chunk::<6>()?;
    let length = usize::from(length);
    if start != 0x68 || !(4..=253).contains(&length) {
        return None;
    }
    let number = |low: u8, high: u8| u16::from_le_bytes([low, high]) >> 1;
    let control = match (a & 3, a) {
        (0 | 2, _) if c & 1 == 0 && length >= 10 => {
            Control::Information { send: number(a, b), receive: number(c, d) }
        }
        (1, 1) if b == 0 && c & 1 == 0 && length == 4 => Control::Supervisory { receive: number(c, d) },
        (3, 0x07 | 0x0B | 0x13 | 0x23 | 0x43 | 0x83) if (b, c, d) == (0, 0, 0) && length == 4 => {
            Control::Unnumbered(a)
        }
        _ => return None,
    };
    Some((control, length + 2))
}

fn unnumbered(octet: u8) -> &'static str {
    match octet {
        0x07 => "startdt_act",
        0x0B => "startdt_con",
        0x13 => "stopdt_act",
        0x23 => "stopdt_con",
        0x43 => "testfr_act",
        _ => "testfr_con",
    }
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    if data.len() < 6 {
        return if data.first().is_none_or(|b| *b == 0x68) { Verdict::Need } else { Verdict::No };
    }
    let (mut rest, mut seen, mut certain, mut role) = (data, 0, false, Role::Unknown);
    while rest.len() >= 6 && seen < 8 {
        let Some((control, total)) = apci(rest) else { return Verdict::No };
        match control {
            Control::Unnumbered(octet) => {
                certain = true;
                role = match octet {
                    0x07 | 0x13 => Role::Client,
                    0x0B | 0x23 => Role::Server,
                    _ => role,
                };
            }
            Control::Supervisory { .. } => {}
            Control::Information { .. } => {
                let Some(body) = rest.get(6..total) else {
                    let head = rest.get(6..).unwrap_or_default();
                    return match (seen > 0 && certain, Asdu::may_begin(head)) {
                        (true, _) => Verdict::Strong(role),
                        (false, true) => Verdict::Need,
                        (false, false) => Verdict::No,
                    };
                };
                let Some(asdu) = Asdu::read(body).filter(Asdu::plausible) else { return Verdict::No };
                certain |= asdu.measured();
                if let Some(said) = asdu.role() {
                    role = said;
                }
            }
        }
        seen += 1;
        rest = rest.get(total..).unwrap_or_default();
    }
    if certain || seen > 1 { Verdict::Strong(role) } else { Verdict::Weak(role) }
}

/// State of one flow.
#[derive(Default)]
pub struct Iec104 {
    open: Pending<asdu::Key, Request>,
    heard: [bool; 2],
    stations: Vec<u16>,
}

impl Probe for Iec104 {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.first().is_some_and(|b| *b != 0x68) {
            return Step::Bad;
        }
        if data.len() < 6 {
            return Step::Need;
        }
        let Some((control, total)) = apci(data) else { return Step::Bad };
        let Some(apdu) = data.get(..total) else { return Step::Need };
        if let Some(heard) = self.heard.get_mut(cx.from() as usize) {
            *heard = true;
        }
        match control {
            Control::Information { send, receive } => {
                match apdu.get(6..).and_then(Asdu::read).filter(Asdu::plausible) {
                    Some(asdu) => {
                        asdu.event(cx, send, receive);
                        self.asdu(cx, &asdu);
                    }
                    None => cx.malformed(),
                }
            }
            Control::Supervisory { receive } => {
                if cx.wants_pdus() {
                    let fields = vec![
                        ("ot.protocol", Val::Static("iec104")),
                        ("ot.function.name", Val::Static("s_format")),
                        ("iec104.format", Val::Static("S")),
                        ("iec104.receive_sequence", Val::from(receive)),
                    ];
                    cx.pdu("s_format", fields);
                }
            }
            Control::Unnumbered(octet) => self.unnumbered(cx, octet),
        }
        Step::Used(total)
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((key, request)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT)
        {
            self.unanswered(cx, key, request);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().collect();
        for (key, request) in open {
            self.unanswered(cx, key, request);
        }
    }
}

impl Iec104 {
    fn unnumbered(&mut self, cx: &mut Cx<'_>, octet: u8) {
        let name = unnumbered(octet);
        if cx.wants_pdus() {
            let fields = vec![
                ("ot.protocol", Val::Static("iec104")),
                ("ot.function.name", Val::Static(name)),
                ("ot.function.code", Val::from(octet)),
                ("iec104.format", Val::Static("U")),
            ];
            cx.pdu(name, fields);
        }
        match octet {
            0x07 | 0x13 => {
                let name = if octet == 0x07 { "startdt" } else { "stopdt" };
                cx.fact(cx.from(), "station", "controlling station", "apci.u_format");
                let key = asdu::Key { kind: octet, station: 0, address: 0 };
                let request = Request::control(cx, name, octet);
                if let Some((key, old)) = self.open.push(key, request) {
                    self.unanswered(cx, key, old);
                }
            }
            0x0B | 0x23 => {
                cx.fact(cx.from(), "station", "controlled station", "apci.u_format");
                let kind = if octet == 0x0B { 0x07 } else { 0x13 };
                let key = asdu::Key { kind, station: 0, address: 0 };
                if let Some(request) = self.open.take(&key) {
                    request.report(cx, key, Outcome::Accepted, None);
                }
            }
            _ => {}
        }
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, key: asdu::Key, request: Request) {
        let heard = self.heard.get(request.by.other() as usize).copied().unwrap_or(false);
        request.report(cx, key, if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

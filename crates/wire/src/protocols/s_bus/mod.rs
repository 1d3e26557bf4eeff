//! Ether-S-Bus: SAIA PCD controllers over UDP.
//!
//! Source: SAIA-Burgess S-Bus manual 26/739, as Wireshark's `sbus` has its commands and frames. Every
//! telegram is checked by its CRC.

#[cfg(test)]
mod tests;

use crate::crc::CRC_1021;
use crate::asked::{Asked, Requests};
use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "s-bus",
    title: "SAIA Ether-S-Bus",
    industrial: true,
    transports: &[Transport::Udp],
    ports: &[5050],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::<SBus>::default(),
    pdus: false,
    facts: &["vendor", "model", "firmware", "id:s-bus", "role"],
    credentials: &[],
    operations: &[
        "read_counter", "read_display_register", "read_flag", "read_input", "read_clock", "read_output",
        "read_register", "read_timer", "write_counter", "write_flag", "write_clock", "write_output",
        "write_register", "write_timer", "read_pcd_status", "read_station_number", "read_user_memory",
        "read_program_line", "read_firmware_version", "read_text", "write_user_memory", "write_program_line",
        "write_text", "run_procedure", "restart_cold", "stop_procedure", "clear_media", "restart_warm",
        "change_program", "write_data_block", "read_data_block", "erase_flash", "write_system_buffer",
        "read_write_block", "read_system_information", "command",
    ],
    source: "SAIA S-Bus manual 26/739; Wireshark sbus as second reader",
    level: 5,
    proofs: &[],
};

const TIMEOUT: Micros = 10_000_000;

#[derive(Clone, Copy)]
struct Telegram<'a> {
    sequence: u16,
    /// 0 request, 1 response, 2 acknowledgement.
    kind: u8,
    body: &'a [u8],
}

impl<'a> Telegram<'a> {
    fn read(data: &'a [u8]) -> Option<Telegram<'a>> {
        let mut r = Reader::new(data);
        let length = r.be32()? as usize;
        let (version, protocol) = (r.u8()?, r.u8()?);
        let sequence = r.be16()?;
        let kind = r.u8()?;
        if length != data.len() || version > 1 || protocol > 1 || kind > 2 {
            return None;
        }
        let (covered, check) = data.split_last_chunk::<2>()?;
        let body = covered.get(9..)?;
        let fits = match kind {
            0 => body.len() >= 2,
            1 => !body.is_empty(),
            _ => body.len() == 2,
        };
        (fits && crc(covered) == u16::from_be_bytes(*check)).then_some(Telegram { sequence, kind, body })
    }
}

/// CRC-16 with the polynomial of CCITT, from zero.
fn crc(data: &[u8]) -> u16 {
    CRC_1021.of(0, data.iter().copied())
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    if !data.starts_with(&[0, 0]) {
        return Verdict::No;
    }
    match Telegram::read(data) {
        Some(t) if t.kind == 0 => Verdict::Strong(Role::Client),
        Some(_) => Verdict::Strong(Role::Server),
        None => Verdict::No,
    }
}

/// State of one flow.
#[derive(Default)]
struct SBus {
    open: Requests<u16>,
}

impl Probe for SBus {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let telegram = Telegram::read(data).ok_or(Malformed)?;
        cx.sender_is(if telegram.kind == 0 { Side::Client } else { Side::Server });
        self.open.hear(cx);
        match telegram.kind {
            0 => self.request(cx, &telegram),
            1 => self.response(cx, &telegram),
            _ => {
                let code = telegram.body.get(1).copied().unwrap_or_default();
                let good = telegram.body == [0, 0];
                let outcome = if good { Outcome::Accepted } else { Outcome::Refused };
                self.open.answer(cx, &telegram.sequence, outcome, (!good).then_some((i64::from(code), nak_name(code))));
            }
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl SBus {
    fn request(&mut self, cx: &mut Cx<'_>, t: &Telegram<'_>) {
        let &[station, command, ref rest @ ..] = t.body else { return };
        let (name, action) = operation(command);
        let mut asked = Asked::new(cx, action, name).code(command).unit(station.to_string());
        let word = |at: usize| rest.get(at..at + 2).map(|b| i64::from(u16::from_be_bytes([b[0], b[1]])));
        // count less one, then the first address; writes have a count of octets in front
        match command {
            0..=7 if command != 4 => {
                if let (Some(count), Some(start)) = (rest.first(), word(1)) {
                    asked = asked.address(start, i64::from(*count) + 1);
                }
            }
            10..=15 if command != 12 => {
                if let Some(start) = word(1) {
                    asked = asked.address(start, 1);
                }
            }
            _ => {}
        }
        self.open.ask(cx, t.sequence, asked);
        cx.fact(Side::Server, "role", "plc", "S-Bus station");
    }

    fn response(&mut self, cx: &mut Cx<'_>, t: &Telegram<'_>) {
        let Some(asked) = self.open.take(&t.sequence) else { return };
        let command = asked.code;
        asked.report(cx, Outcome::Accepted, None);
        match (command, t.body) {
            (Some(29), [station, ..]) => {
                cx.fact(Side::Server, "id:s-bus", &station.to_string(), "S-Bus station number");
            }
            // type in five characters, version in three
            (Some(32), body) if body.len() >= 8 => {
                let (kind, version) = body.split_at_checked(5).unwrap_or_default();
                for (name, value) in [("model", kind), ("firmware", version.get(..3).unwrap_or_default())] {
                    let value = crate::bytes::text(value);
                    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic()) {
                        cx.fact(Side::Server, name, &value, "firmware version");
                    }
                }
                cx.fact(Side::Server, "vendor", "SAIA-Burgess Controls", "firmware version");
            }
            _ => {}
        }
    }
}

fn operation(command: u8) -> (&'static str, Action) {
    match command {
        0 => ("read_counter", Action::Read),
        1 => ("read_display_register", Action::Read),
        2 => ("read_flag", Action::Read),
        3 => ("read_input", Action::Read),
        4 => ("read_clock", Action::Read),
        5 => ("read_output", Action::Read),
        6 => ("read_register", Action::Read),
        7 => ("read_timer", Action::Read),
        10 => ("write_counter", Action::Write),
        11 => ("write_flag", Action::Write),
        12 => ("write_clock", Action::SetTime),
        13 => ("write_output", Action::Write),
        14 => ("write_register", Action::Write),
        15 => ("write_timer", Action::Write),
        20..=27 => ("read_pcd_status", Action::Diagnose),
        29 => ("read_station_number", Action::Identify),
        30 => ("read_user_memory", Action::Upload),
        31 => ("read_program_line", Action::Upload),
        32 => ("read_firmware_version", Action::Identify),
        33 => ("read_text", Action::Read),
        35 => ("write_user_memory", Action::Download),
        36 | 112 | 114 => ("write_program_line", Action::Download),
        37 | 117 | 154 => ("write_text", Action::Write),
        40..=48 => ("run_procedure", Action::Start),
        50..=57 | 166 => ("restart_cold", Action::Restart),
        60..=68 => ("stop_procedure", Action::Stop),
        90..=94 | 111 => ("clear_media", Action::Clear),
        100..=107 => ("restart_warm", Action::Restart),
        110 | 172 => ("change_program", Action::Download),
        150 | 159 => ("read_data_block", Action::Read),
        151..=153 => ("write_data_block", Action::Write),
        165 => ("erase_flash", Action::FactoryReset),
        167 => ("write_system_buffer", Action::Configure),
        169 => ("read_write_block", Action::Download),
        168 | 170 | 171 => ("read_system_information", Action::Identify),
        _ => ("command", Action::Other),
    }
}

/// Acknowledgements as Wireshark names them.
fn nak_name(code: u8) -> &'static str {
    match code {
        1 => "nak",
        2 => "password_needed",
        3 => "pgu_reduced",
        4 => "pgu_in_use",
        _ => "refused",
    }
}

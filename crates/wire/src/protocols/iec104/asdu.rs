//! IEC 60870-5-104 data units: commands, their confirmations, and what they carry.

use super::{Iec104, MAX_STATIONS, types};
use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::Role;

/// Common address meaning all stations (7.2.4).
const ALL_STATIONS: u16 = 0xFFFF;

/// Cause of transmission: told when it happened.
const SPONTANEOUS: u8 = 3;
/// A report may be so old when it comes, and a clock so wrong, without meaning anything.
const TIME_SLACK: Micros = 2_000_000;
/// Values of one unit that must all be invalid: one may be for years.
const MANY: usize = 4;

/// Place of the octet with the bit IV in the element of a type; single and double points have it in
/// their only one.
fn quality(kind: u8) -> Option<usize> {
    match kind {
        1..=4 | 30 | 31 => Some(0),
        5 | 6 | 32 => Some(1),
        9..=12 | 34 | 35 => Some(2),
        7 | 8 | 13..=16 | 33 | 36 | 37 => Some(4),
        _ => None,
    }
}

/// A binary time (7.2.6.18) as it would be in UTC; none if it is marked invalid.
fn moment(time: &[u8; 7]) -> Option<Micros> {
    let [low, high, minute, hour, day, month, year] = *time;
    let ms = i64::from(u16::from_le_bytes([low, high]));
    if minute & 0x80 != 0 {
        return None;
    }
    let date = (2000 + i64::from(year & 0x7F), i64::from(month & 0x0F), i64::from(day & 0x1F));
    let time = (i64::from(hour & 0x1F), i64::from(minute & 0x3F), ms / 1000);
    crate::health::moment(date, time, ms % 1000 * 1000)
}

/// What tells a confirmation's command: type (or U-format octet), station, object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    pub kind: u8,
    pub station: u16,
    pub address: u32,
}

/// An application service data unit.
#[derive(Clone, Copy, Debug)]
pub struct Asdu<'a> {
    kind: u8,
    /// SQ: one address, then elements in a row.
    sequence: bool,
    number: u8,
    cause: u8,
    negative: bool,
    test: bool,
    originator: u8,
    station: u16,
    /// Address of the first information object.
    address: u32,
    /// From the first element on.
    elements: &'a [u8],
    /// Octets from the first object address on.
    length: usize,
}

/// A command that waits for its confirmation.
#[derive(Debug)]
pub struct Request {
    name: &'static str,
    action: Action,
    code: u8,
    pub by: Side,
    pub asked: Stamp,
    address: Option<u32>,
    value: Option<Val>,
    detail: Vec<(&'static str, Val)>,
    notable: bool,
}

impl Request {
    /// STARTDT or STOPDT.
    pub fn control(cx: &Cx<'_>, name: &'static str, code: u8) -> Request {
        Request {
            name,
            action: Action::Subscribe,
            code,
            by: cx.from(),
            asked: cx.at(),
            address: None,
            value: None,
            detail: Vec::new(),
            notable: true,
        }
    }
    pub fn report(self, cx: &mut Cx<'_>, key: Key, outcome: Outcome, exception: Option<(i64, &'static str)>) {
        let mut digits = itoa::Buffer::new();
        let mut op =
            Op::new(self.action, self.name).code(self.code).outcome(outcome).asked(self.asked).by(self.by);
        if self.address.is_some() {
            op = op.unit(digits.format(key.station));
        }
        op.address = self.address.filter(|a| *a != 0).map(|a| (i64::from(a), 1));
        op.value = self.value;
        op.detail = self.detail;
        op.exception = exception;
        op.notable = self.notable;
        cx.op(op);
    }
}

impl<'a> Asdu<'a> {
    /// Reads the head of an ASDU: type, qualifier, cause, address, first object address.
    pub fn read(data: &'a [u8]) -> Option<Asdu<'a>> {
        let mut r = Reader::new(data);
        let (kind, qualifier, cause, originator) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        let station = r.le16()?;
        let length = r.left();
        let address = r.le24().unwrap_or(0);
        Some(Asdu {
            kind,
            sequence: qualifier & 0x80 != 0,
            number: qualifier & 0x7F,
            cause: cause & 0x3F,
            negative: cause & 0x40 != 0,
            test: cause & 0x80 != 0,
            originator,
            station,
            address,
            elements: r.rest(),
            length,
        })
    }
    /// Type and cause are defined, and there is room for the objects it counts.
    pub fn plausible(&self) -> bool {
        let Some(kind) = types::find(self.kind) else { return false };
        if !types::cause_defined(self.cause) {
            return false;
        }
        match kind.size {
            Some(size) => self.length >= self.expected(size) && self.station != 0,
            None => true,
        }
    }
    /// An ASDU may begin with these bytes: what is there of type, count and cause is defined.
    pub fn may_begin(data: &[u8]) -> bool {
        data.first().is_none_or(|kind| types::find(*kind).is_some())
            && data.get(2).is_none_or(|cause| types::cause_defined(cause & 0x3F))
    }
    /// Its length is exactly that of the objects it counts.
    pub fn measured(&self) -> bool {
        let size = types::find(self.kind).and_then(|t| t.size);
        self.number > 0 && size.is_some_and(|size| self.length == self.expected(size))
    }
    fn expected(&self, size: usize) -> usize {
        let n = usize::from(self.number);
        if self.sequence { 3 + n * size } else { n * (3 + size) }
    }
    /// Who sends such a unit.
    pub fn role(&self) -> Option<Role> {
        if types::is_monitor(self.kind) {
            return Some(Role::Server);
        }
        if !types::is_command(self.kind) {
            return None;
        }
        match self.cause {
            5 | 6 | 8 => Some(Role::Client),
            7 | 9 | 10 | 44..=47 => Some(Role::Server),
            _ => None,
        }
    }
    fn name(&self) -> &'static str {
        types::find(self.kind).map_or("unknown_type", |t| t.name)
    }
    fn key(&self) -> Key {
        Key { kind: self.kind, station: self.station, address: self.address }
    }

    /// Value of the first information element, and whether it is a select (S/E) where it has one.
    fn value(&self) -> (Option<Val>, Option<bool>) {
        let mut r = Reader::new(self.elements);
        let select = |octet: Option<u8>| octet.map(|q| q & 0x80 != 0);
        match self.kind {
            1 | 2 | 30 => (r.u8().map(|v| Val::from(v & 1)), None),
            3 | 4 | 31 => (r.u8().map(|v| Val::from(v & 3)), None),
            5 | 6 | 32 => (r.u8().map(|v| Val::from(((v << 1) as i8) >> 1)), None),
            7 | 8 | 33 => (r.le32().map(Val::from), None),
            9 | 10 | 21 | 34 => (r.le_i16().map(normalized), None),
            11 | 12 | 35 => (r.le_i16().map(Val::from), None),
            13 | 14 | 36 => (r.le_f32().map(Val::from), None),
            15 | 16 | 37 => (r.le_i32().map(Val::from), None),
            45 | 58 => {
                let octet = r.u8();
                (octet.map(|v| Val::from(v & 1)), select(octet))
            }
            46 | 47 | 59 | 60 => {
                let octet = r.u8();
                (octet.map(|v| Val::from(v & 3)), select(octet))
            }
            48 | 61 => (r.le_i16().map(normalized), select(r.u8())),
            49 | 62 => (r.le_i16().map(Val::from), select(r.u8())),
            50 | 63 => (r.le_f32().map(Val::from), select(r.u8())),
            51 | 64 => (r.le32().map(Val::from), None),
            70 | 100 | 101 | 105 | 113 => (r.u8().map(Val::from), None),
            103 => (r.take(7).and_then(cp56).map(Val::from), None),
            104 | 106 => (r.le16().map(Val::from), None),
            110 => (r.le_i16().map(normalized), None),
            111 => (r.le_i16().map(Val::from), None),
            112 => (r.le_f32().map(Val::from), None),
            _ => (None, None),
        }
    }

    /// The event of an I-format APDU.
    pub fn event(&self, cx: &mut Cx<'_>, send: u16, receive: u16) {
        if !cx.wants_pdus() {
            return;
        }
        let name = self.name();
        let mut fields = vec![
            ("ot.protocol", Val::Static("iec104")),
            ("ot.function.name", Val::Static(name)),
            ("ot.function.code", Val::from(self.kind)),
            ("ot.unit", Val::from(self.station.to_string())),
            ("ot.address.start", Val::from(self.address)),
            ("ot.address.count", Val::from(self.number)),
            ("iec104.format", Val::Static("I")),
            ("iec104.send_sequence", Val::from(send)),
            ("iec104.receive_sequence", Val::from(receive)),
            ("iec104.cause", Val::from(self.cause)),
            ("iec104.cause_name", Val::Static(types::cause(self.cause))),
            ("iec104.originator", Val::from(self.originator)),
            ("iec104.sequence", Val::from(self.sequence)),
        ];
        if self.negative {
            fields.push(("iec104.negative", Val::Bool(true)));
        }
        if self.test {
            fields.push(("iec104.test", Val::Bool(true)));
        }
        let (value, select) = self.value();
        match value {
            Some(Val::Int(v)) => fields.push(("ot.value", Val::Float(v as f64))),
            Some(v @ Val::Float(_)) => fields.push(("ot.value", v)),
            Some(v) => fields.push(("ot.value_text", v)),
            None => {}
        }
        if let Some(select) = select {
            fields.push(("iec104.select", Val::Bool(select)));
        }
        match self.cause {
            5 | 6 | 8 if types::is_command(self.kind) => {
                let (action, category) = types::action(self.kind);
                fields.push(("ot.action", Val::Static(action.name())));
                fields.push(("ot.category", Val::Static(category.name())));
            }
            7 | 9 | 10 | 44..=47 => {
                let refused = self.negative || self.cause >= 44;
                fields.push(("event.outcome", Val::Static(if refused { "failure" } else { "success" })));
            }
            _ => {}
        }
        cx.pdu(name, fields);
    }

    /// The information elements, without object addresses.
    fn each(&self) -> impl Iterator<Item = &'a [u8]> {
        let size = types::find(self.kind).and_then(|t| t.size).unwrap_or(0);
        let (step, elements) = (if self.sequence { size } else { size + 3 }, self.elements);
        (0..usize::from(self.number)).map_while(move |i| elements.get(i * step..i * step + size))
    }

    /// What a station says of itself: its clock by what it tells of its own accord, and that its values
    /// are not to be trusted (IV, 7.2.6.1 to 7.2.6.5).
    fn health(&self, cx: &mut Cx<'_>) {
        let mut digits = itoa::Buffer::new();
        let unit = digits.format(self.station);
        if self.cause == SPONTANEOUS
            && (30..=40).contains(&self.kind)
            && let Some(time) = self.each().last().and_then(|e| e.last_chunk::<7>()).and_then(moment)
        {
            cx.says_time(cx.from(), unit, time, TIME_SLACK);
        }
        if usize::from(self.number) >= MANY
            && let Some(at) = quality(self.kind)
        {
            let invalid = self.each().filter(|e| e.get(at).is_some_and(|q| q & 0x80 != 0)).count();
            if invalid == 0 || invalid == usize::from(self.number) {
                cx.says_fault(cx.from(), unit, "values_invalid", invalid > 0);
            }
        }
    }

    fn request(&self, cx: &Cx<'_>, name: &'static str, action: Action) -> Request {
        let (value, select) = self.value();
        let mut detail = Vec::new();
        if let Some(select) = select {
            detail.push(("select", Val::Bool(select)));
        }
        if self.cause == 8 {
            detail.push(("cause", Val::Static(types::cause(8))));
        }
        if self.originator != 0 {
            detail.push(("originator", Val::from(self.originator)));
        }
        Request {
            name,
            action,
            code: self.kind,
            by: cx.from(),
            asked: cx.at(),
            address: Some(self.address),
            value,
            detail,
            notable: !matches!(action, Action::Read | Action::Diagnose),
        }
    }
}

impl Iec104 {
    /// What a data unit means for operations and facts.
    pub(super) fn asdu(&mut self, cx: &mut Cx<'_>, asdu: &Asdu<'_>) {
        let from_station = asdu.role() == Some(Role::Server);
        if from_station && asdu.station != ALL_STATIONS && asdu.cause < 44 {
            self.station(cx, asdu.station);
        }
        if from_station && cx.wants_events() {
            asdu.health(cx);
        }
        let refused = asdu.negative || asdu.cause >= 44;
        match (asdu.kind, asdu.cause) {
            (102, 5) | (100..=107 | 45..=51 | 58..=64 | 110..=113, 6 | 8) => {
                let (action, _) = types::action(asdu.kind);
                self.ask(cx, asdu.key(), asdu.request(cx, asdu.name(), action));
            }
            (_, 7 | 9 | 44..=47) => self.confirm(cx, asdu, asdu.key(), refused),
            // a command with ACTTERM whose confirmation was lost was carried out
            (_, 10) => self.confirm(cx, asdu, asdu.key(), refused),
            // an object that was read answers by itself
            (1..=41, 5) => self.confirm(cx, asdu, Key { kind: 102, ..asdu.key() }, false),
            (120..=127, _) => self.file(cx, asdu),
            _ => {}
        }
    }

    /// Files: whoever calls or offers one acts; the other side answers with the next step.
    fn file(&mut self, cx: &mut Cx<'_>, asdu: &Asdu<'_>) {
        let qualifier = asdu.elements.get(3).copied().unwrap_or(0);
        let key = Key { kind: 120, ..asdu.key() };
        // the other side's open request is what this answers
        let answered =
            self.open.take_if(|k, r| k.kind == 120 && k.station == asdu.station && r.by != cx.from());
        if let Some((key, request)) = answered {
            let refused = asdu.negative
                || match asdu.kind {
                    120 => asdu.elements.get(5).is_some_and(|q| q & 0x80 != 0),
                    121 => asdu.elements.get(6).is_some_and(|q| q & 0x80 != 0),
                    122 => qualifier >> 4 != 0,
                    _ => false,
                };
            let exception = refused.then_some((i64::from(qualifier >> 4), "negative_acknowledge"));
            let outcome = if refused { Outcome::Refused } else { Outcome::Accepted };
            request.report(cx, key, outcome, exception);
            if asdu.kind != 122 {
                return;
            }
        }
        let (name, action) = match asdu.kind {
            122 if asdu.cause == 5 => ("call_directory", Action::FileRead),
            122 => types::file_call(qualifier),
            // offering a file is writing it only if the controlling station does it
            120 if cx.from() == Side::Client => ("f_fr_na_1", Action::FileWrite),
            127 => ("f_sc_nb_1", Action::FileRead),
            _ => return,
        };
        if cx.from() == Side::Server {
            return;
        }
        let mut request = asdu.request(cx, name, action);
        let file = asdu.elements.get(..2).map(|f| u16::from_le_bytes([f[0], f[1]]));
        if let Some(file) = file {
            request.detail.push(("file", Val::from(file)));
        }
        self.ask(cx, key, request);
    }

    fn ask(&mut self, cx: &mut Cx<'_>, key: Key, request: Request) {
        if let Some((key, old)) = self.open.push(key, request) {
            self.unanswered(cx, key, old);
        }
    }

    fn confirm(&mut self, cx: &mut Cx<'_>, asdu: &Asdu<'_>, key: Key, refused: bool) {
        // a command to all stations is confirmed by each with its own address
        let found = self.open.take(&key).map(|r| (key, r)).or_else(|| {
            self.open.take_if(|k, _| (k.kind, k.station, k.address) == (key.kind, ALL_STATIONS, key.address))
        });
        let Some((key, request)) = found else { return };
        let exception = match asdu.cause {
            44..=47 => Some((i64::from(asdu.cause), types::cause(asdu.cause))),
            _ if refused => Some((i64::from(asdu.cause), "negative_confirmation")),
            _ => None,
        };
        request.report(cx, key, if refused { Outcome::Refused } else { Outcome::Accepted }, exception);
    }

    /// Notes a common address as an identity of the station that sends it, once.
    fn station(&mut self, cx: &mut Cx<'_>, station: u16) {
        if self.stations.len() >= MAX_STATIONS || self.stations.contains(&station) {
            return;
        }
        self.stations.push(station);
        cx.fact(cx.from(), "id:iec104-ca", itoa::Buffer::new().format(station), "asdu.common_address");
    }
}

/// A normalized value: a 16-bit fraction of the range -1 to 1 - 2^-15 (7.2.6.6).
fn normalized(raw: i16) -> Val {
    Val::from(f64::from(raw) / 32768.0)
}

/// CP56Time2a as text, local time of the station (7.2.6.18).
fn cp56(time: &[u8]) -> Option<String> {
    let mut r = Reader::new(time);
    let (ms, minute, hour) = (r.le16()?, r.u8()? & 0x3F, r.u8()? & 0x1F);
    let (day, month, year) = (r.u8()? & 0x1F, r.u8()? & 0x0F, r.u8()? & 0x7F);
    let (second, ms) = (ms / 1000, ms % 1000);
    Some(format!("20{year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}"))
}

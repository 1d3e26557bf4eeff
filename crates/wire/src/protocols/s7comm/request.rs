//! What jobs and userdata ask for.

use super::frame::{Pdu, Tpdu};
use super::functions::{self, Function};
use super::items::{self, Item};
use super::{block, event, szl};
use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;

/// A request, as far as its answer and its record need it.
#[derive(Default)]
pub struct Request {
    pub asked: Stamp,
    /// Function of a job; group and sub-function of userdata.
    pub code: u16,
    pub function: Option<Function>,
    pub items: usize,
    pub address: Option<(u32, u32)>,
    pub space: Option<String>,
    pub target: Option<String>,
    pub value: Option<Val>,
    pub detail: Option<(&'static str, Val)>,
    pub password: Option<String>,
    pub by: Option<Side>,
}

/// Head of the parameters of userdata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Userdata {
    /// 11: short form, 12: long form, with parts and error.
    pub method: u8,
    /// 4 request, 8 answer, 0 push (7, B, 3 of numerical controls).
    pub kind: u8,
    pub group: u8,
    pub sub: u8,
    pub sequence: u8,
    /// Number that joins the parts of an answer; 0 where it is whole.
    pub unit: u8,
    pub last: bool,
    pub error: u16,
}

impl Userdata {
    pub fn read(pdu: &Pdu<'_>) -> Option<Userdata> {
        let mut r = Reader::new(pdu.parameter);
        // 00 01 12 and the length of the rest
        r.skip(4)?;
        let (method, kind) = (r.u8()?, r.u8()?);
        let (sub, sequence) = (r.u8()?, r.u8()?);
        let tail = (|| Some((r.u8()?, r.u8()? == 0, r.be16()?)))();
        let (unit, last, error) = tail.unwrap_or((0, true, 0));
        Some(Userdata { method, kind: kind >> 4, group: kind & 0x0f, sub, sequence, unit, last, error })
    }

    /// A request for the next part of an answer (the long form alone says nothing: the functions
    /// of the programming device always use it).
    pub fn is_continuation(&self) -> bool {
        self.method == 0x12 && self.unit != 0
    }
}

/// What a job asks for.
pub fn job(cx: &Cx<'_>, pdu: &Pdu<'_>) -> Request {
    let code = pdu.function();
    let mut request = Request {
        asked: cx.at(),
        code: code.into(),
        function: Some(functions::job(code)),
        ..Request::default()
    };
    match code {
        functions::READ_VAR | functions::WRITE_VAR => {
            request.items = pdu.parameter.get(1).copied().unwrap_or(0).into();
            if let Some(item) = items::items(pdu.parameter).next() {
                touch(&mut request, &item);
                if code == functions::WRITE_VAR {
                    request.value = items::values(pdu.data).next().and_then(|(_, v)| items::value(&item, v));
                }
            }
        }
        functions::REQUEST_DOWNLOAD..=functions::END_UPLOAD => {
            let block = block::transfer(pdu.parameter, false).and_then(|t| t.block);
            request.target = block.map(|b| b.text());
        }
        functions::PI_SERVICE | functions::PLC_STOP => {
            if let Some(service) = block::invocation(pdu.parameter) {
                if code == functions::PI_SERVICE {
                    request.function = Some(functions::program_invocation(service.name, service.argument));
                }
                request.detail = Some(("pi_service", Val::from(service.name)));
                request.target = service.argument_text();
                request.password = service.password();
            }
        }
        _ => {}
    }
    request
}

fn touch(request: &mut Request, item: &Item) {
    let Some(space) = item.space() else { return };
    request.space = Some(space.into_owned());
    request.address = Some((item.address, item.length()));
    request.target = Some(item.text());
}

/// What a request of userdata asks for.
pub fn ask(cx: &Cx<'_>, pdu: &Pdu<'_>, head: &Userdata) -> Request {
    let mut function = functions::userdata(head.group, head.sub);
    let mut request =
        Request { asked: cx.at(), code: u16::from_be_bytes([head.group, head.sub]), ..Request::default() };
    if head.group == 6 {
        request.by = Some(cx.from());
    }
    let data = event::payload(pdu.data).unwrap_or_default();
    match (head.group, head.sub) {
        (functions::CPU, functions::READ_SZL) => {
            if let &[a, b, ..] = data {
                let id = u16::from_be_bytes([a, b]);
                if matches!(id & 0xff, 0x11 | 0x1c) {
                    function = Function {
                        name: "read_szl_identity",
                        action: Action::Identify,
                        category: Category::Discovery,
                    };
                }
                request.target = Some(functions::partial_list(id).to_owned());
                request.detail = Some(("szl_id", Val::from(id)));
            }
        }
        (functions::SECURITY, functions::PLC_PASSWORD) => request.password = szl::password(data),
        _ => {}
    }
    request.function = Some(function);
    request
}

/// Rack and slot that a connection request calls: the second byte of a TSAP of two, the first being
/// the kind of connection (1 programming device, 2 operator panel, 3 and others basic).
pub fn called(cx: &mut Cx<'_>, tpdu: &Tpdu<'_>) {
    if let (_, Some(&[1..=3, place])) = tpdu.tsaps() {
        let text = format!("{}/{}", place >> 5, place & 0x1f);
        cx.fact(Side::Server, "rack_slot", &text, "cotp.called_tsap");
    }
}

/// Return codes of the items: the first bad one, if none of them was good.
pub fn item_refusal(function: u8, data: &[u8], count: usize) -> Option<(i64, &'static str)> {
    let mut first = None;
    let codes: Vec<u8> = if function == functions::WRITE_VAR {
        data.iter().copied().take(count.clamp(1, items::MAX_ITEMS)).collect()
    } else {
        items::values(data).map(|(code, _)| code).collect()
    };
    for code in codes {
        if code == 0xff {
            return None;
        }
        first = first.or(Some((i64::from(code), functions::return_code(code))));
    }
    first
}

//! How requests went, and their operations.

use super::request::{Item, Request};
use super::{names, services};
use crate::cx::Cx;
use crate::model::*;
use crate::protocols::ber::Tlv;

/// Code and name of a refusal.
pub type Refusal = Option<(i64, &'static str)>;

/// How each variable of a read or write went; empty for other services.
pub fn results(number: u32, service: Tlv<'_>) -> Vec<Refusal> {
    let failed = |t: Tlv<'_>| {
        let code = (t.tag == 0x80).then(|| t.int().unwrap_or(-1))?;
        Some((code, services::access_error(code)))
    };
    match number {
        services::READ => {
            let list = service.inner().find(|t| t.tag == 0xa1);
            list.map(|t| t.inner().take(1024).map(failed).collect()).unwrap_or_default()
        }
        services::WRITE => service.inner().take(names::MAX_NAMES).map(failed).collect(),
        _ => Vec::new(),
    }
}

/// Reports what a request asked for, each thing with how it went.
pub fn report(cx: &mut Cx<'_>, request: &Request, result: impl Fn(usize) -> (Outcome, Refusal)) {
    for (i, item) in request.items.iter().enumerate() {
        let (outcome, refusal) = result(i);
        operation(cx, request, item, outcome, refusal);
    }
}

fn operation(cx: &mut Cx<'_>, request: &Request, item: &Item, outcome: Outcome, refusal: Refusal) {
    let mut op = Op::new(item.action, item.name)
        .category(item.category)
        .outcome(outcome)
        .asked(request.asked)
        .by(request.by);
    if request.number != services::CANCEL {
        op = op.code(request.number);
    }
    if let Some(object) = &item.object {
        op.unit = object.domain.as_deref();
        op.target = Some(object.item.as_str()).filter(|i| !i.is_empty());
        op.space = object.constraint();
    }
    op.value = item.value.clone();
    op.detail = item.detail.clone();
    op.exception = refusal;
    cx.op(op);
}

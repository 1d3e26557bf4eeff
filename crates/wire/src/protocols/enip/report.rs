//! Operations and facts of a request and its answer.

use super::{Asked, Open, cip, encap, identity, pccc, services};
use crate::cx::Cx;
use crate::model::*;

/// A request and its answer: facts, and the operation or operations.
pub fn answered(cx: &mut Cx<'_>, open: &Open, request: &cip::Request, response: &cip::Response<'_>) {
    let device = cx.from();
    // embedded service error: each part has its own status
    if !request.embedded.is_empty() && (response.is_good() || response.status == 0x1e) {
        let mut answers = response.embedded();
        for part in &request.embedded {
            let answer = answers.next();
            if let Some(answer) = &answer {
                identity::facts(cx, device, part, answer);
            }
            let outcome = match &answer {
                Some(a) if a.is_good() => Outcome::Accepted,
                Some(_) => Outcome::Refused,
                None => Outcome::Unknown,
            };
            report_cip(cx, open, part, outcome, answer.as_ref());
        }
        return;
    }
    identity::facts(cx, device, request, response);
    let outcome = if response.is_good() { Outcome::Accepted } else { Outcome::Refused };
    report(cx, open, outcome, Some(response));
}

/// Reports an open request.
pub fn report(cx: &mut Cx<'_>, open: &Open, outcome: Outcome, response: Option<&cip::Response<'_>>) {
    match &open.what {
        Asked::Command(command) => {
            let name = encap::command_name(*command).unwrap_or("unknown_command");
            let op = Op::new(Action::Discover, name).code(*command).outcome(outcome);
            cx.op(op.asked(open.asked).by(open.by));
        }
        Asked::Cip(request) if !request.embedded.is_empty() => {
            for part in &request.embedded {
                report_cip(cx, open, part, outcome, response);
            }
        }
        Asked::Cip(request) => report_cip(cx, open, request, outcome, response),
    }
}

fn report_cip(
    cx: &mut Cx<'_>,
    open: &Open,
    request: &cip::Request,
    outcome: Outcome,
    response: Option<&cip::Response<'_>>,
) {
    if let Some(pccc) = &request.pccc {
        return report_pccc(cx, open, request, pccc, outcome, response);
    }
    let path = &request.path;
    let service = &request.service;
    let class = path.class.map(services::class_text);
    let mut op = Op::new(service.action, &service.name)
        .protocol("cip")
        .category(service.category)
        .code(request.code)
        .outcome(outcome)
        .asked(open.asked)
        .by(open.by);
    op.unit = request.route.as_deref();
    op.space = class.as_deref();
    op.target = path.symbol.as_deref();
    op.value = request.value.clone();
    if let Some(instance) = path.instance {
        op = op.address(instance, 1);
    }
    if let Some(response) = response.filter(|r| !r.is_good()) {
        op = op.exception(response.status, services::status_name(response.status));
        if let Some(extended) = response.extended {
            op = op.detail("extended_status", extended);
        }
    }
    let attribute = path.attribute.or_else(|| request.attributes.first().map(|&a| a.into()));
    for (name, value) in [("class", path.class), ("instance", path.instance), ("attribute", attribute)] {
        if let Some(value) = value {
            op = op.detail(name, value);
        }
    }
    if let Some(parent) = path.parent {
        op = op.detail("parent_class", parent);
    }
    if let Some(count) = request.count {
        op = op.detail("count", count);
    }
    if let Some(open) = &request.open {
        op = op.detail("transport_class", open.class).detail("connection_serial", open.serial);
    }
    cx.op(op);
}

fn report_pccc(
    cx: &mut Cx<'_>,
    open: &Open,
    request: &cip::Request,
    asked: &pccc::Request,
    outcome: Outcome,
    response: Option<&cip::Response<'_>>,
) {
    let mut op = Op::new(asked.action, asked.name)
        .protocol("pccc")
        .category(asked.category)
        .code(asked.function.unwrap_or(asked.command))
        .asked(open.asked)
        .by(open.by);
    op.unit = request.route.as_deref();
    op.target = asked.target.as_deref();
    op.outcome = outcome;
    if let Some(mode) = asked.mode {
        op = op.detail("mode", mode);
    }
    if let Some(response) = response {
        match pccc::response(response.data) {
            _ if !response.is_good() => {
                op = op.exception(response.status, services::status_name(response.status));
            }
            Some(answer) => {
                let device = cx.from();
                pccc::facts(cx, device, asked, &answer);
                if answer.status != 0 {
                    op.outcome = Outcome::Refused;
                    op = op.exception(answer.status, pccc::status_name(answer.status));
                }
            }
            None => {}
        }
    }
    cx.op(op);
}

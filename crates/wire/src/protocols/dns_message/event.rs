//! Event fields of a message (ECS `dns.*`).

use super::names::{class_name, known_type, opcode_name, rcode_name, type_name};
use super::{Message, OPT, Question, data_text};
use crate::model::Val;
use crate::obs::FieldVal;

/// Records shown in one event.
const MAX_SHOWN: usize = 64;

/// Event fields of a message: header, question, answers (ECS `dns.*`).
pub fn fields(message: &Message<'_>, f: &mut Vec<(&'static str, FieldVal)>) {
    let header = message.header;
    f.push(("dns.id", Val::from(header.id)));
    f.push(("dns.op_code", Val::Static(opcode_name(header.opcode()))));
    let flags =
        [(0x0400, "AA"), (0x0200, "TC"), (0x0100, "RD"), (0x0080, "RA"), (0x0020, "AD"), (0x0010, "CD")];
    let set = flags.iter().filter(|(bit, _)| header.flags & bit != 0).map(|(_, name)| Val::Static(name));
    f.push(("dns.header_flags", Val::List(set.collect())));
    if let Some(q) = message.question() {
        question_fields(&q, f);
    }
    if !header.is_response() {
        return;
    }
    f.push(("dns.response_code", Val::from(rcode_name(message.rcode()))));
    let mut lists: [Vec<FieldVal>; 6] = Default::default();
    let [names, types, classes, ttls, data, resolved] = &mut lists;
    let mut others = Vec::new();
    let mut count = 0usize;
    for r in message.records().filter(|r| r.rtype != OPT) {
        if r.section != 1 {
            if others.len() < MAX_SHOWN {
                let kind = known_type(r.rtype).unwrap_or("TYPE");
                others.push(Val::from(format!("{} {kind} {}", r.name(), data_text(&r))));
            }
            continue;
        }
        count += 1;
        if count > MAX_SHOWN {
            continue;
        }
        names.push(Val::from(r.name()));
        types.push(type_name(r.rtype));
        classes.push(class_name(r.class & 0x7fff));
        ttls.push(Val::from(r.ttl));
        data.push(Val::from(data_text(&r)));
        resolved.extend(r.address().map(|a| Val::from(a.to_string())));
    }
    f.push(("dns.answers_count", Val::from(count)));
    for (name, list) in [
        "dns.answers.name",
        "dns.answers.type",
        "dns.answers.class",
        "dns.answers.ttl",
        "dns.answers.data",
        "dns.resolved_ip",
    ]
    .into_iter()
    .zip(lists)
    {
        if !list.is_empty() {
            f.push((name, Val::from(list)));
        }
    }
    if !others.is_empty() {
        f.push(("dns.other_records", Val::from(others)));
    }
}

/// Event fields of a question.
pub fn question_fields(q: &Question<'_>, f: &mut Vec<(&'static str, FieldVal)>) {
    f.push(("dns.question.name", Val::from(q.name())));
    f.push(("dns.question.type", type_name(q.qtype)));
    f.push(("dns.question.class", class_name(q.class & 0x7fff)));
}

//! Object names and variable specifications of MMS, and what IEC 61850 makes of them.
//!
//! Sources: ISO 9506-2 (ObjectName, VariableAccessSpecification, FileName); IEC 61850-8-1 (mapping of
//! data, control and report blocks on named variables: `LN$FC$DO$…`).

use crate::model::{Action, Category, Val};
use crate::protocols::ber::{self, Ber, Tlv};
use crate::protocols::iec61850;

/// Names of one PDU that are looked at.
pub const MAX_NAMES: usize = 16;

/// A named object: its domain (logical device), if it is in one, and its own name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Object {
    pub domain: Option<String>,
    pub item: String,
}

const VISIBLE_STRING: u32 = 0x1a;
const GRAPHIC_STRING: u32 = 0x19;

impl Object {
    /// Reads an ObjectName.
    pub fn read(tlv: Tlv<'_>) -> Option<Object> {
        match tlv.tag {
            0x80 | 0x82 => Some(Object { domain: None, item: iec61850::name(tlv.body) }),
            0xa1 => {
                let mut ber = tlv.inner();
                let mut text = || ber.next().filter(|t| t.tag == VISIBLE_STRING).map(|t| iec61850::name(t.body));
                Some(Object { domain: Some(text()?), item: text()? })
            }
            _ => None,
        }
    }
    /// `domain/item`, as references are written.
    pub fn text(&self) -> String {
        match &self.domain {
            Some(domain) => format!("{domain}/{}", self.item),
            None => self.item.clone(),
        }
    }
    /// Functional constraint of a name of IEC 61850: two capitals behind the logical node.
    pub fn constraint(&self) -> Option<&str> {
        let fc = self.item.split('$').nth(1)?;
        (fc.len() == 2 && fc.bytes().all(|b| b.is_ascii_uppercase())).then_some(fc)
    }
    /// Parts behind the functional constraint.
    fn parts(&self) -> impl Iterator<Item = &str> {
        self.item.split('$').skip(2)
    }
    fn last(&self) -> &str {
        self.item.rsplit('$').next().unwrap_or_default()
    }
}

/// Which variables a PDU is about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variables {
    /// The first [`MAX_NAMES`] variables, or the one list of them.
    pub names: Vec<Object>,
    /// Variables there are.
    pub count: usize,
    /// The name is that of a list (a data set).
    pub list: bool,
}

/// Reads a VariableAccessSpecification.
pub fn variables(tlv: Tlv<'_>) -> Option<Variables> {
    match tlv.tag {
        0xa0 => {
            let mut found = Variables::default();
            for variable in tlv.inner().filter(|t| t.tag == ber::SEQUENCE) {
                found.count += 1;
                if found.names.len() < MAX_NAMES {
                    found.names.push(specification(variable));
                }
            }
            Some(found)
        }
        0xa1 => {
            let name = Object::read(tlv.inner().next()?)?;
            Some(Variables { names: vec![name], count: 1, list: true })
        }
        _ => None,
    }
}

/// One variable, by name; unnamed where it is given by an address or description.
fn specification(variable: Tlv<'_>) -> Object {
    let first = variable.inner().next();
    first.filter(|t| t.tag == 0xa0).and_then(|t| t.inner().next()).and_then(Object::read).unwrap_or_default()
}

/// A FileName: its parts joined.
pub fn file_name(parts: Ber<'_>) -> Option<String> {
    let mut out = String::new();
    // the sequence has a head of its own with some
    let mut ahead = parts;
    let parts = ahead.expect(ber::SEQUENCE).map_or(parts, |list| list.inner());
    for part in parts.take(MAX_NAMES).filter(|t| matches!(t.tag, GRAPHIC_STRING | VISIBLE_STRING)) {
        out.push_str(&iec61850::name(part.body));
    }
    (!out.is_empty()).then_some(out)
}

/// Identifiers in a list, at most `most`.
pub fn identifiers(list: Tlv<'_>, most: usize) -> Vec<String> {
    list.inner().filter(|t| t.tag == VISIBLE_STRING).take(most).map(|t| iec61850::name(t.body)).collect()
}

/// The first name in the parameters of a service whose layout is of no further interest.
pub fn first(service: Tlv<'_>) -> Option<Object> {
    fn look(tlv: Tlv<'_>, depth: u8) -> Option<Object> {
        if let Some(object) = Object::read(tlv).filter(|o| printable(&o.item)) {
            return Some(object);
        }
        if tlv.tag == VISIBLE_STRING && printable(&iec61850::name(tlv.body)) {
            return Some(Object { domain: None, item: iec61850::name(tlv.body) });
        }
        let constructed = matches!(tlv.tag, 0xa0..=0xbf | 0x30 | 0x31);
        (constructed && depth < 4).then(|| tlv.inner().take(MAX_NAMES).find_map(|t| look(t, depth + 1))).flatten()
    }
    let constructed = service.tag & 0x20 != 0 && service.tag < 0x100 || service.tag >> 8 == 0xbf;
    if constructed {
        return service.inner().take(MAX_NAMES).find_map(|t| look(t, 0));
    }
    let item = iec61850::name(service.body);
    printable(&item).then_some(Object { domain: None, item })
}

fn printable(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() || c == ' ') && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// What writing or reading a variable does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meaning {
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
}

fn meaning(name: &'static str, action: Action) -> Meaning {
    Meaning { name, action, category: action.category() }
}

/// What it does to write `value` to a variable (IEC 61850-7-2, 8-1: services of the abstract interface
/// are writes to attributes with fixed names).
pub fn writing(object: &Object, value: Option<&Val>) -> Meaning {
    let on = !matches!(value, Some(Val::Bool(false)));
    let has = |part: &str| object.parts().any(|p| p == part);
    let enabling = |attribute: &str, yes: &'static str, no: &'static str, other: &'static str| {
        if object.last() != attribute { other } else if on { yes } else { no }
    };
    match object.constraint() {
        Some("CO") if has("Cancel") => meaning("cancel_control", Action::Write),
        Some("CO") if has("SBOw") => meaning("select_with_value", Action::Write),
        // the mode of a logical node or device: on, blocked, test, off
        Some("CO") if has("Oper") && has("Mod") => meaning("operate", Action::ChangeMode),
        Some("CO") if has("Oper") => meaning("operate", Action::Write),
        Some("SP") if has("SGCB") => match object.last() {
            "ActSG" => meaning("select_active_sg", Action::Configure),
            "EditSG" => meaning("select_edit_sg", Action::Configure),
            "CnfEdit" => meaning("confirm_edit_sg_values", Action::Configure),
            _ => meaning("set_sgcb_values", Action::Configure),
        },
        Some("SE") => meaning("set_edit_sg_value", Action::Configure),
        Some("SV") => meaning("substitute", Action::Force),
        Some("CF" | "DC" | "EX") => meaning("write", Action::Configure),
        Some("BR" | "RP") => match (object.last(), on) {
            ("RptEna", true) => meaning("enable_report", Action::Subscribe),
            ("RptEna", false) => meaning("disable_report", Action::Configure),
            _ => meaning("set_report_control_values", Action::Subscribe),
        },
        Some("GO") => {
            meaning(enabling("GoEna", "enable_goose", "disable_goose", "set_gocb_values"), Action::Configure)
        }
        Some("MS" | "US") => {
            meaning(enabling("SvEna", "enable_sv", "disable_sv", "set_svcb_values"), Action::Configure)
        }
        Some("LG") => {
            meaning(enabling("LogEna", "enable_log", "disable_log", "set_lcb_values"), Action::Configure)
        }
        _ => meaning("write", Action::Write),
    }
}

/// Reading is no more than that, but for the object that selects a control for its reader.
pub fn reading(object: &Object) -> Meaning {
    if object.constraint() == Some("CO") && object.last() == "SBO" {
        return meaning("select", Action::Write);
    }
    meaning("read", Action::Read)
}

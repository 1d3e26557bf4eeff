//! What a confirmed request asks for: one or more things done, each with its target and value.

use super::names::{self, MAX_NAMES, Object, Variables, file_name, variables};
use super::services::{self, Service};
use crate::cx::Cx;
use crate::model::*;
use crate::protocols::ber::{self, Ber, Tlv};
use crate::protocols::{files, iec61850};

/// One thing that is done.
#[derive(Clone, Debug)]
pub struct Item {
    pub name: &'static str,
    pub action: Action,
    pub category: Category,
    pub object: Option<Object>,
    pub value: Option<Val>,
    pub detail: Vec<(&'static str, Val)>,
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub struct Request {
    pub asked: Stamp,
    pub by: Side,
    pub number: u32,
    pub items: Vec<Item>,
    /// Variables that were asked for, of a read.
    pub names: Vec<Object>,
    /// Class of the names that were asked for.
    pub class: Option<i64>,
    /// The file that is read on.
    pub file: Option<i64>,
}

impl Item {
    fn new(service: Service) -> Item {
        Item {
            name: service.name,
            action: service.action,
            category: service.category,
            object: None,
            value: None,
            detail: Vec::new(),
        }
    }
    fn of(meaning: names::Meaning, object: Option<Object>) -> Item {
        let names::Meaning { name, action, category } = meaning;
        Item { name, action, category, object, value: None, detail: Vec::new() }
    }
}

impl Request {
    fn new(cx: &Cx<'_>, number: u32) -> Request {
        Request {
            asked: cx.at(),
            by: cx.from(),
            number,
            items: Vec::new(),
            names: Vec::new(),
            class: None,
            file: None,
        }
    }

    /// A request of which only the number is known.
    pub fn bare(cx: &Cx<'_>, number: u32) -> Request {
        let mut request = Request::new(cx, number);
        request.items.push(Item::new(services::confirmed(number)));
        request
    }

    /// Reads the service of a confirmed request.
    pub fn read(cx: &Cx<'_>, number: u32, service: Tlv<'_>) -> Request {
        let mut request = Request::new(cx, number);
        let mut item = Item::new(services::confirmed(number));
        match number {
            services::READ => return request.reading(service),
            services::WRITE => return request.writing(service),
            services::GET_NAME_LIST => request.name_list(service, &mut item),
            services::FILE_OPEN | services::FILE_DIRECTORY => {
                let name = service.inner().find(|t| t.tag == 0xa0).and_then(|t| file_name(t.inner()));
                item.object = name.map(|item| Object { domain: None, item });
            }
            services::FILE_DELETE => {
                item.object = file_name(service.inner()).map(|item| Object { domain: None, item });
            }
            services::FILE_READ | services::FILE_CLOSE => request.file = ber::int(service.body),
            services::FILE_RENAME | services::OBTAIN_FILE => transfer(number, service, &mut item),
            _ => item.object = names::first(service),
        }
        request.items.push(item);
        request
    }

    fn name_list(&mut self, service: Tlv<'_>, item: &mut Item) {
        for part in service.inner().take(4) {
            let first = part.inner().next();
            match part.tag {
                0xa0 => {
                    self.class = first.filter(|t| t.tag == 0x80).and_then(|t| t.int());
                    if let Some(class) = self.class {
                        item.detail.push(("object_class", Val::Static(services::object_class(class))));
                    }
                }
                0xa1 => {
                    let domain = first.filter(|t| t.tag == 0x81).map(|t| iec61850::name(t.body));
                    item.object = domain.map(|d| Object { domain: Some(d), item: String::new() });
                }
                _ => {}
            }
        }
    }

    fn reading(mut self, service: Tlv<'_>) -> Request {
        let asked = service.inner().find(|t| t.tag == 0xa1).and_then(|t| t.inner().next());
        let asked = asked.and_then(variables).unwrap_or_default();
        let first = asked.names.first().cloned();
        let mut item = Item::of(names::reading(&first.clone().unwrap_or_default()), first);
        counted(&mut item, &asked);
        self.items.push(item);
        self.names = asked.names;
        self
    }

    fn writing(mut self, service: Tlv<'_>) -> Request {
        let mut parts = service.inner();
        let asked = parts.next().and_then(variables).unwrap_or_default();
        let values: Vec<Tlv<'_>> =
            parts.find(|t| t.tag == 0xa0).map(|t| t.inner().take(MAX_NAMES).collect()).unwrap_or_default();
        for (i, object) in asked.names.iter().enumerate() {
            let data = values.get(i);
            let value = data.map(iec61850::value);
            let mut item = Item::of(names::writing(object, value.as_ref()), Some(object.clone()));
            item.value = value;
            if asked.list {
                item.value = None;
            } else if let Some(data) = data
                && matches!(item.name, "operate" | "select_with_value" | "cancel_control")
            {
                control(&mut item, *data);
            }
            counted(&mut item, &asked);
            self.items.push(item);
        }
        if self.items.is_empty() {
            self.items.push(Item::new(services::confirmed(services::WRITE)));
        }
        self
    }
}

fn counted(item: &mut Item, asked: &Variables) {
    if asked.list {
        item.detail.push(("variable_list", Val::Bool(true)));
    }
    if asked.count > 1 {
        item.detail.push(("variables", Val::from(asked.count)));
    }
}

fn transfer(number: u32, service: Tlv<'_>, item: &mut Item) {
    let mut names = service
        .inner()
        .filter(|t| number == services::FILE_RENAME || matches!(t.tag, 0xa1 | 0xa2))
        .filter_map(|t| file_name(t.inner()));
    let (from, to) = (names.next(), names.next());
    if let Some(to) = &to {
        item.detail.push(("new_name", Val::from(to.as_str())));
        // the device is asked to fetch it
        if number == services::OBTAIN_FILE && files::is_firmware(to) {
            item.action = Action::Firmware;
            item.category = Category::Engineering;
        }
    }
    item.object = from.map(|item| Object { domain: None, item });
}

/// Takes the value, the origin and the test mark out of the structure that is written to operate:
/// ctlVal, [operTm], origin {category, identification}, ctlNum, T, Test, Check (IEC 61850-8-1, 20).
fn control(item: &mut Item, data: Tlv<'_>) {
    if data.tag != 0xa2 {
        return;
    }
    let parts: Vec<Tlv<'_>> = data.inner().take(8).collect();
    item.value = parts.first().map(iec61850::value);
    let Some(at) = parts.iter().skip(1).position(|t| t.tag == 0xa2) else { return };
    let mut origin = parts.get(at + 1).map_or(Ber::new(&[]), |t| t.inner());
    if let Some(category) = origin.next().and_then(|t| t.int()) {
        item.detail.push(("or_cat", Val::from(origin_category(category))));
    }
    if let Some(who) = origin.next().filter(|t| t.tag == 0x89).map(|t| iec61850::name(t.body)).filter(|w| !w.is_empty()) {
        item.detail.push(("or_ident", Val::from(who)));
    }
    let rest = parts.get(at + 2..).unwrap_or_default();
    if let Some(number) = rest.iter().find(|t| t.tag == 0x86).and_then(|t| ber::uint(t.body)) {
        item.detail.push(("ctl_num", Val::from(number)));
    }
    if rest.iter().any(|t| t.tag == 0x83 && t.body.iter().any(|b| *b != 0)) {
        item.detail.push(("test", Val::Bool(true)));
    }
}

/// Who gives a command (orCat; IEC 61850-7-3, 6.8).
pub fn origin_category(code: i64) -> &'static str {
    match code {
        0 => "not_supported",
        1 => "bay_control",
        2 => "station_control",
        3 => "remote_control",
        4 => "automatic_bay",
        5 => "automatic_station",
        6 => "automatic_remote",
        7 => "maintenance",
        8 => "process",
        _ => "other",
    }
}

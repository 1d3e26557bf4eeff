//! What requests ask for: nodes, values, who logs in.
//!
//! Source: OPC 10000-4, section 5, for the parameters; OPC 10000-6, section 5.2.6, for their order.

use super::services::{self, Service};
use super::types::{Decoder, Extension, NodeId, shown};
use crate::bytes::hex;
use crate::model::{Action, Category, Stamp, Val};

pub type Fields = Vec<(&'static str, Val)>;

/// Items of one request kept; the others are counted.
pub const MAX_ITEMS: usize = 64;
/// Bytes of a token kept.
const MAX_TOKEN: usize = 4096;

/// One node, value or method of a request.
#[derive(Clone, Debug)]
pub struct Item {
    pub node: NodeId,
    /// Name of the operation, where the item makes it another than the service's.
    pub name: Option<&'static str>,
    pub action: Option<Action>,
    pub category: Option<Category>,
    pub attribute: Option<u32>,
    /// What it is about, as text.
    pub target: String,
    pub value: Option<Val>,
}

impl Item {
    fn new(node: NodeId) -> Item {
        let target = node.to_string();
        Item { node, name: None, action: None, category: None, attribute: None, target, value: None }
    }
}

/// Identity given when a session is activated (OPC 10000-4, 7.41).
#[derive(Clone, Debug)]
pub enum Identity {
    Anonymous,
    /// Name, and the password if it was sent readable.
    User(String, Option<String>),
    /// Holder named by a certificate.
    Certificate(String),
    /// The token if it was sent readable.
    Issued(Option<String>),
}

impl Identity {
    pub fn name(&self) -> &'static str {
        match self {
            Identity::Anonymous => "anonymous",
            Identity::User(..) => "user_name",
            Identity::Certificate(_) => "certificate",
            Identity::Issued(_) => "issued_token",
        }
    }
}

/// An application as it describes itself (OPC 10000-4, 7.2).
#[derive(Clone, Debug, Default)]
pub struct Application {
    pub uri: String,
    pub product_uri: String,
    pub name: String,
    pub kind: u32,
    /// Where it can be found, if it listens.
    pub urls: Vec<String>,
}

impl Application {
    pub fn read(d: &mut Decoder<'_>) -> Option<Application> {
        let (uri, product_uri, name, kind) = (d.text()?, d.text()?, d.localized()?, d.u32()?);
        d.octets()?;
        d.octets()?;
        Some(Application { uri, product_uri, name, kind, urls: d.texts()? })
    }
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            0 => "server",
            1 => "client",
            2 => "client_and_server",
            3 => "discovery_server",
            _ => "unknown",
        }
    }
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub struct Request {
    pub service: Service,
    pub asked: Stamp,
    pub items: Vec<Item>,
    /// Of all items, kept or not.
    pub total: usize,
    pub identity: Option<Identity>,
    /// Name of the session asked for, or the application that registers.
    pub subject: Option<String>,
}

/// What a request's body says.
#[derive(Debug, Default)]
pub struct Body<'a> {
    pub items: Vec<Item>,
    pub total: usize,
    pub identity: Option<Identity>,
    pub subject: Option<String>,
    pub application: Option<Application>,
    pub certificate: &'a [u8],
    /// `none`, `sign`, `sign_and_encrypt` of a channel being opened.
    pub mode: Option<&'static str>,
    /// Fields of the event that need the body; the common ones are made of the above.
    pub fields: Fields,
}

/// Header of every request (OPC 10000-4, 7.33).
#[derive(Debug)]
pub struct Header {
    pub token: NodeId,
    pub handle: u32,
    pub diagnostics: u32,
    pub audit: String,
    pub timeout: u32,
}

impl Header {
    pub fn read(d: &mut Decoder<'_>) -> Option<Header> {
        let token = d.node_id()?;
        d.r.skip(8)?;
        let (handle, diagnostics, audit, timeout) = (d.u32()?, d.u32()?, d.text()?, d.u32()?);
        d.extension()?;
        Some(Header { token, handle, diagnostics, audit, timeout })
    }
}

/// Name of a MessageSecurityMode (OPC 10000-4, 7.20).
pub fn mode_name(mode: u32) -> &'static str {
    match mode {
        1 => "none",
        2 => "sign",
        3 => "sign_and_encrypt",
        _ => "invalid",
    }
}

/// Reads a request's body, behind its header. What comes before a fault in it is kept.
pub fn read<'a>(service: Service, d: &mut Decoder<'a>) -> (Body<'a>, bool) {
    let mut body = Body::default();
    let whole = parse(service, d, &mut body).is_some();
    (body, whole)
}

fn parse<'a>(service: Service, d: &mut Decoder<'a>, body: &mut Body<'a>) -> Option<()> {
    match service.code {
        services::OPEN_SECURE_CHANNEL => {
            let (_version, kind, mode) = (d.u32()?, d.u32()?, d.u32()?);
            d.octets()?;
            let lifetime = d.u32()?;
            body.mode = Some(mode_name(mode));
            body.fields.push(("opcua.token_request", Val::Static(if kind == 0 { "issue" } else { "renew" })));
            body.fields.push(("opcua.lifetime", Val::from(lifetime)));
        }
        services::GET_ENDPOINTS | services::FIND_SERVERS => {
            body.fields.push(("opcua.endpoint_url", Val::from(d.text()?)));
        }
        services::REGISTER_SERVER | services::REGISTER_SERVER2 => {
            let (uri, product) = (d.text()?, d.text()?);
            let mut names = Vec::new();
            d.each(|d| {
                names.push(d.localized()?);
                Some(())
            })?;
            let kind = d.u32()?;
            d.octets()?;
            let urls = d.texts()?;
            body.subject = Some(uri.clone());
            let name = names.into_iter().next().unwrap_or_default();
            body.application = Some(Application { uri, product_uri: product, name, kind, urls });
        }
        services::CREATE_SESSION => {
            body.application = Some(Application::read(d)?);
            d.octets()?;
            body.fields.push(("opcua.endpoint_url", Val::from(d.text()?)));
            let name = d.text()?;
            body.fields.push(("opcua.session.name", Val::from(name.as_str())));
            body.subject = Some(name).filter(|n| !n.is_empty());
            d.octets()?;
            body.certificate = d.octets()?.unwrap_or_default();
            body.fields.push(("opcua.session.timeout", Val::from(d.double()?)));
        }
        services::ACTIVATE_SESSION => activate(d, body)?,
        services::CLOSE_SESSION => {
            body.fields.push(("opcua.delete_subscriptions", Val::Bool(d.boolean()?)));
        }
        services::ADD_NODES => items(d, body, |d| {
            let parent = d.expanded()?;
            d.node_id()?;
            let node = d.expanded()?;
            let (_, name) = d.qualified()?;
            d.u32()?;
            d.extension()?;
            d.expanded()?;
            let mut item = Item::new(node);
            if item.node.is_null() {
                item.target = parent.to_string();
            }
            item.value = Some(Val::from(name));
            Some(item)
        })?,
        services::DELETE_NODES => items(d, body, |d| {
            let item = Item::new(d.node_id()?);
            d.boolean()?;
            Some(item)
        })?,
        services::ADD_REFERENCES => items(d, body, |d| {
            let item = Item::new(d.node_id()?);
            d.node_id()?;
            d.boolean()?;
            d.octets()?;
            d.expanded()?;
            d.u32()?;
            Some(item)
        })?,
        services::DELETE_REFERENCES => items(d, body, |d| {
            let item = Item::new(d.node_id()?);
            d.node_id()?;
            d.boolean()?;
            d.expanded()?;
            d.boolean()?;
            Some(item)
        })?,
        services::BROWSE => {
            d.node_id()?;
            d.r.skip(12)?;
            body.fields.push(("opcua.max_references", Val::from(d.u32()?)));
            items(d, body, |d| {
                let item = Item::new(d.node_id()?);
                d.u32()?;
                d.node_id()?;
                d.r.skip(9)?;
                Some(item)
            })?;
        }
        services::READ => {
            body.fields.push(("opcua.max_age", Val::from(d.double()?)));
            d.u32()?;
            items(d, body, attribute)?;
        }
        services::HISTORY_READ => {
            let details = d.extension()?;
            body.fields.push(("opcua.history_details", Val::from(details.kind.to_string())));
            d.u32()?;
            d.boolean()?;
            items(d, body, |d| {
                let item = Item::new(d.node_id()?);
                d.octets()?;
                d.qualified()?;
                d.octets()?;
                Some(item)
            })?;
        }
        services::WRITE => items(d, body, |d| {
            let node = d.node_id()?;
            let attribute = d.u32()?;
            d.octets()?;
            let mut item = Item::new(node);
            item.value = d.data_value()?.variant.value;
            item.attribute = Some(attribute);
            if attribute != services::VALUE {
                item.name = Some("write_attribute");
                item.action = Some(Action::Configure);
                item.category = Some(Category::Engineering);
                item.target = format!("{} {}", item.target, services::attribute(attribute));
            }
            Some(item)
        })?,
        services::HISTORY_UPDATE => items(d, body, |d| {
            let details = d.extension()?;
            let node = Decoder::new(details.body).node_id();
            let mut item = Item::new(node.unwrap_or_else(|| details.kind.clone()));
            if let Some((name, action)) = details.kind.standard().and_then(services::history_update) {
                (item.name, item.action) = (Some(name), Some(action));
            }
            Some(item)
        })?,
        services::CALL => items(d, body, |d| {
            let object = d.node_id()?;
            let method = d.node_id()?;
            let mut item = Item::new(method);
            item.target = format!("{object} {}", item.target);
            if let Some((name, action, category)) = item.node.standard().and_then(services::method) {
                (item.name, item.action, item.category) = (Some(name), Some(action), Some(category));
            }
            let mut arguments = Vec::new();
            let read = d.each(|d| {
                arguments.extend(d.variant()?.value.filter(|_| arguments.len() < 16));
                Some(())
            });
            item.value = (!arguments.is_empty()).then(|| Val::from(arguments));
            read.map(|_| item)
        })?,
        services::CREATE_SUBSCRIPTION => {
            body.fields.push(("opcua.subscription.interval", Val::from(d.double()?)));
            body.fields.push(("opcua.subscription.lifetime", Val::from(d.u32()?)));
            body.fields.push(("opcua.subscription.keep_alive", Val::from(d.u32()?)));
            body.fields.push(("opcua.subscription.max_notifications", Val::from(d.u32()?)));
            body.fields.push(("opcua.subscription.enabled", Val::Bool(d.boolean()?)));
            body.fields.push(("opcua.subscription.priority", Val::from(d.r.u8()?)));
        }
        services::CREATE_MONITORED_ITEMS => {
            body.fields.push(("opcua.subscription.id", Val::from(d.u32()?)));
            d.u32()?;
            items(d, body, |d| {
                let item = attribute(d)?;
                d.r.skip(16)?;
                d.extension()?;
                d.r.skip(5)?;
                Some(item)
            })?;
        }
        _ => {}
    }
    Some(())
}

/// ReadValueId (OPC 10000-4, 7.29).
fn attribute(d: &mut Decoder<'_>) -> Option<Item> {
    let mut item = Item::new(d.node_id()?);
    item.attribute = Some(d.u32()?);
    d.octets()?;
    d.qualified()?;
    Some(item)
}

/// Reads an array of items. One that cannot be read is kept if its node could: it was asked for.
fn items<'a>(
    d: &mut Decoder<'a>,
    body: &mut Body<'a>,
    mut one: impl FnMut(&mut Decoder<'a>) -> Option<Item>,
) -> Option<()> {
    // a count beyond what is there is a fault, but the items that are there were asked for
    let n = usize::try_from(d.r.le_i32()?.max(0)).ok()?;
    body.total = n.min(d.r.left());
    for _ in 0..n {
        let item = one(d)?;
        if body.items.len() < MAX_ITEMS {
            body.items.push(item);
        }
    }
    Some(())
}

fn activate<'a>(d: &mut Decoder<'a>, body: &mut Body<'a>) -> Option<()> {
    // client's signature: algorithm and bytes
    d.octets()?;
    d.octets()?;
    d.each(|d| {
        d.octets()?;
        d.octets().map(|_| ())
    })?;
    body.fields.push(("opcua.locales", Val::from(d.texts()?.into_iter().map(Val::from).collect::<Vec<_>>())));
    let token = d.extension()?;
    identity(&token, body);
    Some(())
}

/// Reads a UserIdentityToken by the number of its encoding (OPC 10000-4, 7.41).
fn identity<'a>(token: &Extension<'a>, body: &mut Body<'a>) -> Option<()> {
    let mut d = Decoder::new(token.body);
    let kind = token.kind.standard()?;
    let policy = if kind == 0 { String::new() } else { d.text()? };
    if !policy.is_empty() {
        body.fields.push(("opcua.policy_id", Val::from(policy)));
    }
    body.identity = Some(match kind {
        // no token at all is anonymous too
        0 | 319 | 321 => Identity::Anonymous,
        324 => {
            let name = d.text()?;
            let secret = d.octets()?.unwrap_or_default();
            let readable = d.octets()?.is_none_or(<[u8]>::is_empty);
            Identity::User(name, readable.then(|| shown(secret)))
        }
        327 => {
            body.certificate = d.octets()?.unwrap_or_default();
            let holder = crate::protocols::tls::cert::Certificate::read(body.certificate);
            Identity::Certificate(holder.common_name.unwrap_or(holder.subject))
        }
        940 => {
            let token = d.octets()?.unwrap_or_default();
            let readable = d.octets()?.is_none_or(<[u8]>::is_empty);
            let kept = token.get(..token.len().min(MAX_TOKEN)).unwrap_or_default();
            let text = match std::str::from_utf8(kept) {
                Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
                _ => hex(kept),
            };
            Identity::Issued((readable && !text.is_empty()).then_some(text))
        }
        _ => return None,
    });
    Some(())
}

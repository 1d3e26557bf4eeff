//! What answers say: how each item ended, and what the server tells of itself.
//!
//! Source: OPC 10000-4, section 5; OPC 10000-5, sections 8.3.2 (ServerStatus), 12.4 (BuildInfo) and
//! 12.10 (ServerStatusDataType), with the node numbers of OPC 10000-6, annex A.

use super::request::{Application, Fields, Item, MAX_ITEMS, mode_name};
use super::services::{self, Service};
use super::types::{DataValue, Decoder, NodeId};
use crate::model::Val;

/// Endpoints and references of one answer looked at.
const MAX_LISTED: usize = 64;

/// Header of every answer (OPC 10000-4, 7.34).
#[derive(Debug)]
pub struct Header {
    pub handle: u32,
    pub result: u32,
}

impl Header {
    pub fn read(d: &mut Decoder<'_>) -> Option<Header> {
        d.r.skip(8)?;
        let (handle, result) = (d.u32()?, d.u32()?);
        d.diagnostic()?;
        d.each(|d| d.octets().map(|_| ()))?;
        d.extension()?;
        Some(Header { handle, result })
    }
}

/// One way to reach the server (OPC 10000-4, 7.14).
#[derive(Clone, Debug, Default)]
pub struct Endpoint<'a> {
    pub url: String,
    pub server: Application,
    pub certificate: &'a [u8],
    pub mode: &'static str,
    /// Name of the policy, without its URI.
    pub policy: String,
    /// Kinds of user tokens taken.
    pub tokens: Vec<&'static str>,
}

impl<'a> Endpoint<'a> {
    fn read(d: &mut Decoder<'a>) -> Option<Endpoint<'a>> {
        let url = d.text()?;
        let server = Application::read(d)?;
        let certificate = d.octets()?.unwrap_or_default();
        let mode = mode_name(d.u32()?);
        let policy = d.text()?;
        let policy = policy.rsplit('#').next().unwrap_or_default().to_owned();
        let mut tokens = Vec::new();
        d.each(|d| {
            d.octets()?;
            let kind = token_name(d.u32()?);
            for _ in 0..3 {
                d.octets()?;
            }
            if !tokens.contains(&kind) {
                tokens.push(kind);
            }
            Some(())
        })?;
        d.octets()?;
        d.r.u8()?;
        Some(Endpoint { url, server, certificate, mode, policy, tokens })
    }
}

/// Name of a UserTokenType (OPC 10000-4, 7.43).
fn token_name(kind: u32) -> &'static str {
    match kind {
        0 => "anonymous",
        1 => "user_name",
        2 => "certificate",
        3 => "issued_token",
        _ => "unknown",
    }
}

/// Software of a server (OPC 10000-5, 12.4).
#[derive(Clone, Debug, Default)]
pub struct BuildInfo {
    pub product_uri: String,
    pub manufacturer: String,
    pub product: String,
    pub version: String,
    pub build: String,
}

impl BuildInfo {
    fn read(d: &mut Decoder<'_>) -> Option<BuildInfo> {
        let info = BuildInfo {
            product_uri: d.text()?,
            manufacturer: d.text()?,
            product: d.text()?,
            version: d.text()?,
            build: d.text()?,
        };
        d.r.skip(8)?;
        Some(info)
    }
}

/// Name of a ServerState (OPC 10000-5, 12.6).
pub fn state_name(state: i64) -> &'static str {
    const NAMES: [&str; 8] = [
        "running",
        "failed",
        "no_configuration",
        "suspended",
        "shutdown",
        "test",
        "communication_fault",
        "unknown",
    ];
    usize::try_from(state).ok().and_then(|at| NAMES.get(at)).copied().unwrap_or("unknown")
}

/// What an answer's body says.
#[derive(Debug, Default)]
pub struct Body<'a> {
    /// How each item ended, at most as many as items are kept.
    pub statuses: Vec<u32>,
    pub endpoints: Vec<Endpoint<'a>>,
    pub servers: Vec<Application>,
    pub certificate: &'a [u8],
    pub build: BuildInfo,
    pub state: Option<&'static str>,
    /// Values of the nodes read, beside their items.
    pub values: Vec<Option<Val>>,
    /// Nodes by their browse names.
    pub named: Vec<(NodeId, String)>,
    pub fields: Fields,
}

/// Reads an answer's body, behind its header. What comes before a fault in it is kept.
pub fn read<'a>(service: Service, items: &[Item], d: &mut Decoder<'a>) -> (Body<'a>, bool) {
    let mut body = Body::default();
    let whole = parse(service, items, d, &mut body).is_some();
    (body, whole)
}

fn parse<'a>(service: Service, items: &[Item], d: &mut Decoder<'a>, body: &mut Body<'a>) -> Option<()> {
    match service.code {
        services::OPEN_SECURE_CHANNEL => {
            d.u32()?;
            body.fields.push(("opcua.secure_channel_id", Val::from(d.u32()?)));
            body.fields.push(("opcua.security_token_id", Val::from(d.u32()?)));
            d.r.skip(8)?;
            body.fields.push(("opcua.lifetime", Val::from(d.u32()?)));
        }
        services::GET_ENDPOINTS => endpoints(d, body)?,
        services::FIND_SERVERS => {
            let servers = &mut body.servers;
            d.each(|d| {
                let server = Application::read(d)?;
                if servers.len() < MAX_LISTED {
                    servers.push(server);
                }
                Some(())
            })?;
        }
        services::CREATE_SESSION => {
            let session = d.node_id()?;
            body.fields.push(("opcua.session.id", Val::from(session.to_string())));
            d.node_id()?;
            body.fields.push(("opcua.session.timeout", Val::from(d.double()?)));
            d.octets()?;
            body.certificate = d.octets()?.unwrap_or_default();
            endpoints(d, body)?;
        }
        services::ADD_NODES => statuses(d, body, |d| d.node_id().map(|_| ()))?,
        services::DELETE_NODES
        | services::WRITE
        | services::ADD_REFERENCES
        | services::DELETE_REFERENCES => statuses(d, body, |_| Some(()))?,
        services::CALL => statuses(d, body, |d| {
            d.each(|d| d.r.skip(4))?;
            d.each(Decoder::diagnostic)?;
            d.each(|d| d.variant().map(|_| ()))?;
            Some(())
        })?,
        services::HISTORY_UPDATE => statuses(d, body, |d| {
            d.each(|d| d.r.skip(4))?;
            d.each(Decoder::diagnostic)?;
            Some(())
        })?,
        services::HISTORY_READ => statuses(d, body, |d| {
            d.octets()?;
            d.extension().map(|_| ())
        })?,
        services::CREATE_MONITORED_ITEMS => statuses(d, body, |d| {
            d.r.skip(16)?;
            d.extension().map(|_| ())
        })?,
        services::BROWSE | services::BROWSE_NEXT => {
            let mut named = Vec::new();
            statuses(d, body, |d| {
                d.octets()?;
                d.each(|d| {
                    let (node, name) = reference(d)?;
                    if named.len() < MAX_LISTED && node.namespace != 0 {
                        named.push((node, name));
                    }
                    Some(())
                })?;
                Some(())
            })?;
            body.named = named;
        }
        services::READ => {
            let mut at = 0;
            d.each(|d| {
                let value = d.data_value()?;
                if let Some(item) = items.get(at) {
                    tells(item, &value, body);
                }
                if at < MAX_ITEMS {
                    body.statuses.push(value.status);
                    body.values.push(value.variant.value);
                }
                at += 1;
                Some(())
            })?;
        }
        services::CREATE_SUBSCRIPTION => {
            body.fields.push(("opcua.subscription.id", Val::from(d.u32()?)));
            body.fields.push(("opcua.subscription.interval", Val::from(d.double()?)));
            body.fields.push(("opcua.subscription.lifetime", Val::from(d.u32()?)));
            body.fields.push(("opcua.subscription.keep_alive", Val::from(d.u32()?)));
        }
        services::PUBLISH => body.fields.push(("opcua.subscription.id", Val::from(d.u32()?))),
        _ => {}
    }
    Some(())
}

/// An array of results, each a status and what `more` passes over.
fn statuses<'a>(
    d: &mut Decoder<'a>,
    body: &mut Body<'a>,
    mut more: impl FnMut(&mut Decoder<'a>) -> Option<()>,
) -> Option<()> {
    let out = &mut body.statuses;
    d.each(|d| {
        let status = d.u32()?;
        if out.len() < MAX_ITEMS {
            out.push(status);
        }
        more(d)
    })?;
    Some(())
}

fn endpoints<'a>(d: &mut Decoder<'a>, body: &mut Body<'a>) -> Option<()> {
    let out = &mut body.endpoints;
    d.each(|d| {
        let endpoint = Endpoint::read(d)?;
        if out.len() < MAX_LISTED {
            out.push(endpoint);
        }
        Some(())
    })?;
    Some(())
}

/// ReferenceDescription (OPC 10000-4, 7.30): the node and its browse name.
fn reference(d: &mut Decoder<'_>) -> Option<(NodeId, String)> {
    d.node_id()?;
    d.boolean()?;
    let node = d.expanded()?;
    let (_, name) = d.qualified()?;
    d.localized()?;
    d.u32()?;
    d.expanded()?;
    Some((node, name))
}

/// Takes what a value read tells of the server: its status, its software.
fn tells(item: &Item, value: &DataValue<'_>, body: &mut Body<'_>) -> Option<()> {
    if item.attribute != Some(services::VALUE) {
        return None;
    }
    let text = || match &value.variant.value {
        Some(Val::Str(s)) => Some(s.to_string()),
        _ => None,
    };
    match item.node.standard()? {
        2256 => {
            let mut d = Decoder::new(value.variant.extension.as_ref()?.body);
            d.r.skip(16)?;
            let state = d.r.le_i32()?;
            body.state = Some(state_name(state.into()));
            body.build = BuildInfo::read(&mut d)?;
        }
        2259 => match value.variant.value {
            Some(Val::Int(state)) => body.state = Some(state_name(state)),
            _ => return None,
        },
        2260 => body.build = BuildInfo::read(&mut Decoder::new(value.variant.extension.as_ref()?.body))?,
        2261 => body.build.product = text()?,
        2262 => body.build.product_uri = text()?,
        2263 => body.build.manufacturer = text()?,
        2264 => body.build.version = text()?,
        2265 => body.build.build = text()?,
        _ => return None,
    }
    Some(())
}

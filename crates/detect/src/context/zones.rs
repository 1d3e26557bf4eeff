//! Zones and conduits of a file: which zone an address is in, and what may cross.

use crate::context::names::{NONE, NameId, Names};
use crate::context::roles;
use crate::context::settings::Settings;
use ipnet::IpNet;
use sentinel_wire::model::HostAddr;
use std::net::IpAddr;

/// Number of a zone; [`UNZONED`] for none.
pub type ZoneId = u16;
pub const UNZONED: ZoneId = ZoneId::MAX;
/// Outside the organisation.
const OUTSIDE: ZoneId = ZoneId::MAX - 1;
const ANY: ZoneId = ZoneId::MAX - 2;

pub struct Zone {
    pub name: Box<str>,
    pub level: Option<f64>,
    pub criticality: Option<Box<str>>,
    /// Every device in it must stand in the inventory.
    pub inventory: bool,
}

struct Conduit {
    from: ZoneId,
    to: ZoneId,
    protocols: Vec<NameId>,
    /// Usual ports of these protocols, for flows that died before they said what they are.
    usual: Vec<u16>,
    ports: Vec<u16>,
    both: bool,
}

#[derive(Default)]
pub struct Zones {
    /// There is a file.
    pub known: bool,
    pub list: Vec<Zone>,
    /// Longest prefix first.
    networks: Vec<(IpNet, ZoneId)>,
    vlans: Vec<(u16, ZoneId)>,
    organisation: Vec<IpNet>,
    conduits: Vec<Conduit>,
}

fn network(text: &str) -> Result<IpNet, String> {
    let parsed = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    parsed.map_err(|_| format!("{text}: not a network in CIDR notation"))
}

impl Zones {
    pub fn new(settings: &Settings, names: &mut Names) -> Result<Zones, String> {
        let mut zones = Zones { known: settings.zones.is_some(), ..Zones::default() };
        for text in &settings.organisation {
            zones.organisation.push(network(text)?);
        }
        for z in settings.zones.as_deref().unwrap_or_default() {
            let id = ZoneId::try_from(zones.list.len()).unwrap_or(ANY);
            if id >= ANY {
                return Err(format!("{}: more than {ANY} zones", z.name));
            }
            for text in &z.networks {
                zones.networks.push((network(text)?, id));
            }
            zones.vlans.extend(z.vlans.iter().map(|v| (*v, id)));
            zones.list.push(Zone {
                name: z.name.as_str().into(),
                level: z.level,
                criticality: z.criticality.as_deref().map(Into::into),
                inventory: z.inventory.unwrap_or(z.level.is_some_and(|l| l <= 2.0)),
            });
        }
        zones.networks.sort_by_key(|(n, _)| std::cmp::Reverse(n.prefix_len()));
        for c in &settings.conduits {
            zones.conduits.push(Conduit {
                from: zones.named(&c.from)?,
                to: zones.named(&c.to)?,
                protocols: c.protocols.iter().map(|p| names.id(p)).filter(|p| *p != NONE).collect(),
                usual: c.protocols.iter().flat_map(|p| roles::usual_ports(p)).copied().collect(),
                ports: c.ports.clone(),
                both: c.both,
            });
        }
        Ok(zones)
    }
    fn named(&self, name: &str) -> Result<ZoneId, String> {
        match name {
            "any" => Ok(ANY),
            "outside" => Ok(OUTSIDE),
            "unzoned" => Ok(UNZONED),
            _ => (0..).zip(&self.list).find(|(_, z)| *z.name == *name).map(|(id, _)| id).ok_or(()),
        }
        .map_err(|()| format!("conduit names zone {name}, which is not there"))
    }
    /// Whether an address is of the organisation though it is public.
    pub fn is_ours(&self, ip: IpAddr) -> bool {
        self.organisation.iter().any(|n| n.contains(&ip))
            || self.networks.iter().any(|(n, _)| n.contains(&ip))
    }
    /// The zone an address is in: by its network, else by its VLAN.
    pub fn of(&self, addr: HostAddr, vlan: u16) -> ZoneId {
        if let HostAddr::Ip(ip) = addr
            && let Some((_, id)) = self.networks.iter().find(|(n, _)| n.contains(&ip))
        {
            return *id;
        }
        self.vlans.iter().find(|(v, _)| *v == vlan && vlan != 0).map_or(UNZONED, |(_, id)| *id)
    }
    pub fn get(&self, id: ZoneId) -> Option<&Zone> {
        self.list.get(usize::from(id))
    }
    /// Whether a client may talk to a server. `None` where the file says nothing of either end.
    pub fn allowed(
        &self,
        client: (ZoneId, bool),
        server: (ZoneId, bool),
        protocol: NameId,
        names: &Names,
        port: u16,
    ) -> Option<bool> {
        let end = |(zone, outside): (ZoneId, bool)| if outside { OUTSIDE } else { zone };
        let (from, to) = (end(client), end(server));
        if from >= ANY && to >= ANY {
            return None;
        }
        let carrier = names.get(protocol).map_or(NONE, |k| k.carrier);
        let fits = |c: &Conduit| {
            let one = |a: ZoneId, b: ZoneId| (c.from == ANY || c.from == a) && (c.to == ANY || c.to == b);
            let speaks = |p: NameId| p != NONE && c.protocols.contains(&p);
            let by_protocol = c.protocols.is_empty()
                || speaks(protocol)
                || speaks(carrier)
                || (protocol == NONE && c.usual.contains(&port));
            (one(from, to) || (c.both && one(to, from)))
                && by_protocol
                && (c.ports.is_empty() || c.ports.contains(&port))
        };
        Some(from == to || self.conduits.iter().any(fits))
    }
}

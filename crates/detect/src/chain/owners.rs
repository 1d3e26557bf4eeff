//! Which asset has which address: chains are told over assets, alerts may name addresses only.

use super::alert::{Alert, End, TEXT};
use super::settings::Settings;
use crate::context::is_global;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::net::IpAddr;

/// What is read of an asset's record.
#[derive(Deserialize)]
struct Record {
    id: Box<str>,
    #[serde(default)]
    ip: Vec<Box<str>>,
    #[serde(default)]
    mac: Vec<Box<str>>,
}

/// Assets by address. Addresses of the Internet that are in no network of the organisation have none: the
/// inventory may hold them as those of the router they came by, and two stories would meet there.
#[derive(Debug, Default)]
pub struct Owners {
    ips: FxHashMap<IpAddr, Box<str>>,
    macs: FxHashMap<Box<str>, Box<str>>,
}

impl Owners {
    /// Of a JSON list of the inventory's records; of several assets with an address the first has it.
    pub fn new(json: &[u8], settings: &Settings) -> Result<Owners, String> {
        let records: Vec<Record> = serde_json::from_slice(json).map_err(|e| format!("assets: {e}"))?;
        let mut all = Owners::default();
        for r in records.into_iter().filter(|r| r.id.len() <= TEXT) {
            let ips = r.ip.iter().filter_map(|text| Some(text.parse::<IpAddr>().ok()?.to_canonical()));
            for ip in ips.filter(|ip| !is_global(*ip) || settings.names(*ip)) {
                all.ips.entry(ip).or_insert_with(|| r.id.clone());
            }
            for mac in r.mac {
                all.macs.entry(mac).or_insert_with(|| r.id.clone());
            }
        }
        Ok(all)
    }

    /// Names the assets of an alert's ends where it does not.
    pub fn name(&self, alert: &mut Alert) {
        for end in [&mut alert.source, &mut alert.destination] {
            if end.asset.is_none() {
                end.asset = self.of(end).map(Into::into);
            }
        }
    }

    fn of(&self, end: &End) -> Option<&str> {
        match end.ip {
            Some(ip) => self.ips.get(&ip).map(AsRef::as_ref),
            None => self.macs.get(end.other.as_deref()?).map(AsRef::as_ref),
        }
    }
}

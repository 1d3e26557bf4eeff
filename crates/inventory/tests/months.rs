//! Months of random hosts and a few real devices through one inventory: it stays under its bound, the
//! devices stay in it, with their ids.

use sentinel_inventory::bounds::Bounds;
use sentinel_inventory::inventory::Inventory;
use sentinel_inventory::state::Source;
use sentinel_wire::model::{HostAddr, Mac, Micros, Stamp, Transport};
use sentinel_wire::obs::{BindKind, ConvKey, ConvStat, EventMode, HostId, HostKey, Limits, Observations};
use std::collections::BTreeMap;
use std::net::IpAddr;

const ROUNDS: u32 = 100;
const STRANGERS: u32 = 10_000;
const DEVICES: u32 = 25;
const DAY: Micros = 86_400_000_000;

fn host(o: &mut Observations, addr: impl Into<HostAddr>, at: Stamp, sent: bool) -> HostId {
    let id = o.host(HostKey::new(0, addr.into())).expect("room for a host");
    let stat = &mut o.hosts[id.0 as usize].1;
    stat.packets += 1;
    (stat.first, stat.last) = (stat.first.min(at.time), stat.last.max(at.time));
    stat.sent |= sent;
    id
}

fn talk(o: &mut Observations, client: HostId, server: HostId, protocol: &'static str, at: Stamp) {
    let key = ConvKey { client, server, protocol, transport: Transport::Tcp, port: 502 };
    o.conversation(key, ConvStat { packets: 1, bytes: 60, first: at.time, last: at.time });
}

/// A device with its hardware address, which says who it is.
fn device(o: &mut Observations, n: u32, at: Stamp) {
    let [_, _, b, c] = n.to_be_bytes();
    let mac = host(o, Mac([0, 0x80, 0xf4, 1, b, c]), at, true);
    let ip = host(o, IpAddr::from([10, 0, b, c]), at, true);
    o.bind(mac, ip, BindKind::Resolution, at);
    o.fact(ip, "model", &format!("M-{n}"), "modbus", "ProductCode", true, at);
    let master = host(o, IpAddr::from([10, 0, 200, 1]), at, true);
    talk(o, master, ip, "modbus", at);
}

/// A month of someone who scans the world: no host twice.
fn strangers(o: &mut Observations, round: u32, at: Stamp) {
    let scanner = host(o, IpAddr::from([10, 0, 200, 9]), at, true);
    for n in 0..STRANGERS {
        let [_, b, c, d] = (round * STRANGERS + n).to_be_bytes();
        let other = host(o, IpAddr::from([60 + round as u8, b, c, d]), at, n % 3 == 0);
        talk(o, scanner, other, "", at);
        if n % 5 == 0 {
            o.fact(other, "product", &format!("page {round} {n}"), "http", "Server", false, at);
        }
    }
}

/// Python's word: nothing is known of any profile.
fn nothing(question: &[u8]) -> Result<Vec<u8>, String> {
    let count = serde_json::from_slice::<Vec<serde_json::Value>>(question).map_err(|e| e.to_string())?.len();
    Ok(format!("[{}]", vec!["{}"; count].join(",")).into_bytes())
}

fn ids(total: &mut Inventory) -> BTreeMap<String, String> {
    total.update(None, &mut nothing, &mut |macs| Ok(vec![None; macs.len()])).expect("assets");
    let mut out = BTreeMap::new();
    for (a, group) in total.identity.groups.iter().enumerate() {
        for node in
            group.ips.iter().filter(|i| !total.state.hosts[**i as usize].0.addr.to_string().is_empty())
        {
            let addr = total.state.hosts[*node as usize].0.addr.to_string();
            out.insert(addr, total.id(a as u32).unwrap_or_default().to_owned());
        }
    }
    out
}

#[test]
fn a_million_hosts_over_months() {
    let mut total = Inventory::new(Vec::new());
    let mut bounds = Bounds::default();
    for (table, most) in [("hosts", 20_000), ("conversations", 15_000), ("facts", 8_000), ("text", 1 << 20)] {
        assert!(bounds.set(table, most));
    }
    total.bounds = bounds;
    let mut first = BTreeMap::new();
    let mut held = Vec::new();
    for round in 0..ROUNDS {
        let at = Stamp { time: 1_700_000_000_000_000 + Micros::from(round) * DAY, frame: 1, source: 0 };
        let mut o = Observations::new(Limits::default(), EventMode::None);
        // devices show themselves at first and seldom later
        if round % 40 == 0 {
            (0..DEVICES).for_each(|n| device(&mut o, n, at));
        }
        strangers(&mut o, round, at);
        let live = Source { name: "eth0".into(), sha256: String::new(), site: "default".into() };
        let mut harvest = Inventory::new(vec![live]);
        harvest.state.absorb(o, 0);
        total.absorb(&harvest);
        assert!(total.state.hosts.len() <= bounds.hosts);
        assert!(total.state.conversations.len() <= bounds.conversations);
        assert!(total.state.facts.len() <= bounds.facts);
        held.push(total.state.bytes());
        if round == 0 {
            first = ids(&mut total);
        }
    }
    assert_eq!(total.state.sources.len(), 1);
    let devices = |ids: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let device = |ip: &&String| ip.starts_with("10.0.0.");
        ids.keys().filter(device).map(|ip| (ip.clone(), ids[ip].clone())).collect()
    };
    let last = ids(&mut total);
    assert_eq!(devices(&first).len(), DEVICES as usize);
    assert_eq!(devices(&first), devices(&last));
    let evicted = total.state.strings.intern("evicted_hosts");
    assert!(total.state.counters[&evicted] > u64::from((ROUNDS - 4) * STRANGERS));
    // the ledger does not remember strangers that are gone
    assert!(total.ledger.entries.len() < bounds.hosts + 1000, "{}", total.ledger.entries.len());
    let (early, late) = (held[5..30].iter().max(), held[70..].iter().max());
    assert!(late.unwrap_or(&0) * 100 <= early.unwrap_or(&0) * 105, "{held:?}");
}

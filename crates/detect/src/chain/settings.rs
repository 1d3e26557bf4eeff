//! What chains are made by: windows, weights, bounds. Every one has a default that fits; the
//! switches exist so that the effect of each element can be measured (`docs/concepts/chains.md`).

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Settings. Times are in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Networks of the organisation besides RFC 1918 and RFC 4193.
    pub networks: Vec<String>,
    #[serde(skip)]
    own: Vec<IpNet>,
    /// Alerts of one rule between the same ends are one step while the gap is at most this.
    pub episode_gap: f64,
    /// How far back a step by the same actor is looked for.
    pub actor_window: f64,
    /// How far back the taking over of what acts now is looked for.
    pub pivot_window: f64,
    /// How far back a step against the same host is looked for.
    pub victim_window: f64,
    /// Half-life of a link's weight.
    pub half_life: f64,
    /// A host that more sources than this were seen at links no steps as a victim.
    pub max_degree: usize,
    /// Newest steps per tactic that are candidates at each host.
    pub newest: usize,
    pub pivot_weight: f64,
    pub victim_weight: f64,
    /// A chain without a new step for so long is closed: offices, and control zones.
    pub idle: f64,
    pub idle_control: f64,
    /// Time over which rules are counted, twice at most.
    pub horizon: f64,
    /// Alerts that come late by at most this are put in order.
    pub lateness: f64,
    /// Steps a chain is shown with; more are folded.
    pub max_steps: usize,
    /// Steps held at once, over all chains, and hosts.
    pub max_episodes: usize,
    /// Distinct rules counted at once.
    pub max_rules: usize,
    /// Alerts that wait for their turn.
    pub max_pending: usize,
    /// Closed chains kept for `all`.
    pub max_closed: usize,
    pub use_novelty: bool,
    pub use_rarity: bool,
    pub use_actor: bool,
    pub use_pivot: bool,
    pub use_victim: bool,
    pub use_reply: bool,
    pub use_degree: bool,
    pub use_severity: bool,
    pub use_order: bool,
    /// Two stories need more than one common target.
    pub use_ties: bool,
    /// Foreign addresses are kept from merging stories.
    pub use_foreign: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            networks: Vec::new(),
            own: Vec::new(),
            episode_gap: 150.0,
            actor_window: 24.0 * 3600.0,
            pivot_window: 24.0 * 3600.0,
            victim_window: 3600.0,
            half_life: 4.0 * 3600.0,
            max_degree: 24,
            newest: 4,
            pivot_weight: 0.9,
            victim_weight: 0.5,
            idle: 24.0 * 3600.0,
            idle_control: 72.0 * 3600.0,
            horizon: 72.0 * 3600.0,
            lateness: 10.0,
            max_steps: 100,
            max_episodes: 32_768,
            max_rules: 16_384,
            max_pending: 16_384,
            max_closed: 1_024,
            use_novelty: true,
            use_rarity: true,
            use_actor: true,
            use_pivot: true,
            use_victim: true,
            use_reply: true,
            use_degree: true,
            use_severity: true,
            use_order: true,
            use_ties: true,
            use_foreign: true,
        }
    }
}

impl Settings {
    /// Reads settings from a JSON object; what is not given has its default.
    pub fn new(json: &[u8]) -> Result<Settings, String> {
        let mut s: Settings = serde_json::from_slice(json).map_err(|e| format!("settings of chains: {e}"))?;
        for network in &s.networks {
            let net = network
                .parse::<IpNet>()
                .map_err(|_| format!("settings of chains: '{network}' is no network"))?;
            s.own.push(net);
        }
        let times = [
            ("episode_gap", s.episode_gap),
            ("actor_window", s.actor_window),
            ("pivot_window", s.pivot_window),
            ("victim_window", s.victim_window),
            ("idle", s.idle),
            ("idle_control", s.idle_control),
            ("lateness", s.lateness),
            ("pivot_weight", s.pivot_weight),
            ("victim_weight", s.victim_weight),
        ];
        if let Some((name, value)) = times.into_iter().find(|(_, v)| !(0.0..=1e9).contains(v)) {
            return Err(format!("settings of chains: {name} is {value}, not from 0 to 1e9"));
        }
        if !(1.0..=1e9).contains(&s.half_life) || !(60.0..=1e9).contains(&s.horizon) {
            return Err("settings of chains: half_life is at least 1 s, horizon at least 60 s".into());
        }
        if s.max_steps < 8 || s.max_episodes < 4 * s.max_steps || s.newest == 0 {
            return Err(
                "settings of chains: max_steps is at least 8, max_episodes 4 of these, newest 1".into()
            );
        }
        Ok(s)
    }

    /// Whether one of the networks that are named holds an address.
    pub fn names(&self, ip: IpAddr) -> bool {
        self.own.iter().any(|n| n.contains(&ip))
    }

    /// Belongs to the organisation, so that it means the same host wherever it is seen.
    pub fn is_own(&self, ip: IpAddr) -> bool {
        let private = match ip {
            IpAddr::V4(v4) => v4.is_private(),
            IpAddr::V6(v6) => v6.is_unique_local(),
        };
        private || !self.use_foreign || self.names(ip)
    }
}

/// Seconds as microseconds.
pub fn micros(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_refusals() {
        let s = Settings::new(b"{\"networks\":[\"198.51.100.0/24\"]}").unwrap();
        assert!(s.is_own("198.51.100.9".parse().unwrap()));
        assert!(s.is_own("172.31.0.1".parse().unwrap()));
        assert!(s.is_own("fd00::1".parse().unwrap()));
        assert!(!s.is_own("203.0.113.1".parse().unwrap()));
        for (wrong, why) in [
            (&b"{\"halflife\":1}"[..], "unknown field `halflife`"),
            (b"{\"episode_gap\":-1}", "episode_gap is -1"),
            (b"{\"max_steps\":1}", "max_steps is at least 8"),
            (b"{\"networks\":[\"10.0.0.0/33\"]}", "'10.0.0.0/33' is no network"),
            (b"[", "EOF"),
        ] {
            let said = Settings::new(wrong).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}

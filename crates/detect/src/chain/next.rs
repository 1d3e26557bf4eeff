//! What a chain says to do next: which asset to look at, which evidence to open, which credential to
//! change, which playbook fits. Proposals for a person; nothing here acts.

use super::Chains;
use super::document::Step;
use super::state::Kind;
use super::tell::target;
use serde::Serialize;

/// Proposals of one kind.
const MOST: usize = 4;

/// One proposal.
#[derive(Serialize, PartialEq)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Next {
    Look {
        #[serde(skip_serializing_if = "Option::is_none")]
        asset: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ip: Option<String>,
        because: String,
    },
    Evidence {
        step: usize,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        frames: Vec<At>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        events: Vec<String>,
        because: String,
    },
    ChangeCredential {
        #[serde(skip_serializing_if = "Option::is_none")]
        protocol: Option<String>,
        username: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        asset: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ip: Option<String>,
        because: String,
    },
    Playbook {
        name: String,
        because: String,
    },
}

/// A frame of a source.
#[derive(Serialize, PartialEq)]
pub struct At {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    frame: u64,
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// Proposals in the order they are best followed.
pub fn steps(all: &Chains, steps: &[Step], path: &[usize]) -> Vec<Next> {
    let on_path: Vec<&Step> = path.iter().filter_map(|n| steps.get(n - 1)).collect();
    let mut out = Vec::new();
    look(path, steps, &mut out);
    evidence(&on_path, &mut out);
    credentials(steps, &mut out);
    playbooks(all, &on_path, &mut out);
    out
}

/// Hosts: what was reached last, what was taken and used, where it came from.
fn look(path: &[usize], steps: &[Step], out: &mut Vec<Next>) {
    let mut seen = Vec::new();
    let mut add = |asset: Option<&str>, ip: Option<&str>, because: String| {
        let key = (owned(asset), owned(ip));
        if (asset.is_some() || ip.is_some()) && seen.len() < MOST && !seen.contains(&key) {
            seen.push(key);
            out.push(Next::Look { asset: owned(asset), ip: owned(ip), because });
        }
    };
    if let Some((s, [asset, ip])) = target(steps, path) {
        add(asset, ip, format!("the path ends here, in step {}", s.n));
    }
    for s in steps.iter().filter(|s| s.episode.link.is_some_and(|l| l.kind == Kind::Pivot)).take(MOST) {
        add(s.source_asset, s.source, format!("it was a target and acts itself since step {}", s.n));
    }
    if let Some(s) = path.first().and_then(|n| steps.get(n - 1)) {
        add(s.source_asset, s.source, format!("the path begins here, in step {}", s.n));
    }
}

/// Evidence of the steps of the path, the most severe first.
fn evidence(path: &[&Step], out: &mut Vec<Next>) {
    let mut told: Vec<&&Step> =
        path.iter().filter(|s| !s.episode.places.is_empty() || !s.evidence.is_empty()).collect();
    told.sort_by_key(|s| (std::cmp::Reverse(s.episode.severity), s.n));
    for s in told.into_iter().take(MOST) {
        let mut frames: Vec<At> = Vec::new();
        for p in &s.episode.places {
            let at = At { source: owned(p.source.as_deref()), frame: p.frame };
            if !frames.contains(&at) {
                frames.push(at);
            }
        }
        let events = s.evidence.iter().map(|e| e.to_string()).collect();
        out.push(Next::Evidence { step: s.n, frames, events, because: format!("shows: {}", s.rule) });
    }
}

/// Accounts that alerts of the chain name, each once.
fn credentials(steps: &[Step], out: &mut Vec<Next>) {
    let mut seen = Vec::new();
    for s in steps {
        let Some(c) = &s.episode.credential else { continue };
        let key = (&c.username, &c.protocol, s.destination);
        if seen.len() < MOST && !seen.contains(&key) {
            seen.push(key);
            out.push(Next::ChangeCredential {
                protocol: owned(c.protocol.as_deref()),
                username: c.username.to_string(),
                asset: owned(s.destination_asset),
                ip: owned(s.destination),
                because: format!("used in step {}: {}", s.n, s.rule),
            });
        }
    }
}

/// Playbooks of the path's stages, the latest stage first.
fn playbooks(all: &Chains, path: &[&Step], out: &mut Vec<Next>) {
    let mut stages: Vec<u8> = path.iter().map(|s| s.episode.stage).collect();
    stages.sort_unstable();
    stages.dedup();
    stages.sort_by_key(|s| std::cmp::Reverse(all.stages.range(*s)));
    let mut seen = Vec::new();
    for stage in stages.into_iter().filter_map(|s| all.stages.get(s)) {
        let Some(name) = &stage.playbook else { continue };
        if seen.len() < MOST && !seen.contains(&name) {
            seen.push(name);
            out.push(Next::Playbook { name: name.clone(), because: format!("the path has {}", stage.name) });
        }
    }
}

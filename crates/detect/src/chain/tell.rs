//! A chain told to a person: its best path without the repeats, a title, an explanation.

use super::Chains;
use super::document::{Step, shown};
use super::stages::each;
use super::state::{Chain, Episode, Kind};
use hashbrown::HashMap;
use std::fmt::Write;

/// The best path as it is told: where it begins and ends, and where it comes to a new stage or another
/// host acts. What one host repeats in between stays among the steps.
pub fn told(all: &Chains, c: &Chain, numbers: &HashMap<u32, usize>) -> Vec<usize> {
    let mut path = all.path(c.best);
    path.reverse();
    let mut before: Option<&Episode> = None;
    let mut out = Vec::new();
    for (at, n) in path.iter().enumerate() {
        let Some(e) = all.state.episodes.get(*n) else { continue };
        let news = before.is_none_or(|b| b.mask != e.mask || b.source != e.source);
        if news || at + 1 == path.len() {
            out.extend(numbers.get(n));
        }
        before = Some(e);
    }
    out
}

/// The last host on the path that was acted upon by another than began it.
pub fn target<'a>(steps: &'a [Step], path: &[usize]) -> Option<(&'a Step<'a>, [Option<&'a str>; 2])> {
    let ends = |s: &Step<'a>| {
        let (source, destination) = ([s.source_asset, s.source], [s.destination_asset, s.destination]);
        let reply = s.episode.link.is_some_and(|l| l.kind == Kind::Reply);
        if reply { (destination, source) } else { (source, destination) }
    };
    let begin = path.first().and_then(|n| steps.get(n - 1)).map(|s| ends(s).0);
    let told = path.iter().rev().filter_map(|n| steps.get(n - 1));
    told.map(|s| (s, ends(s).1)).find(|(_, host)| Some(*host) != begin && host.iter().any(Option::is_some))
}

/// Stages and ends of the best path.
pub fn title(steps: &[Step], path: &[usize]) -> String {
    let on_path: Vec<&Step> = path.iter().filter_map(|n| steps.get(n - 1)).collect();
    let mut stages: Vec<&str> = Vec::new();
    for tactic in on_path.iter().filter_map(|s| s.tactic) {
        if !stages.contains(&tactic) {
            stages.push(tactic);
        }
    }
    let from = on_path.first().and_then(|s| s.source.or(s.source_asset)).unwrap_or("unknown");
    let to = target(steps, path).and_then(|(_, [asset, ip])| ip.or(asset)).unwrap_or("unknown");
    format!("{} from {from} to {to}", stages.join(", "))
}

/// The best path in sentences, one step a line.
pub fn explanation(c: &Chain, steps: &[Step], path: &[usize]) -> String {
    let (stages, many) = (each(c.mask).count(), steps.len());
    let mut out =
        format!("{} alerts in {many} steps over {stages} tactics; the path that scores most:", c.alerts);
    for s in path.iter().filter_map(|n| steps.get(n - 1)) {
        let time = shown(s.time);
        let _ = write!(out, "\n{}. {} {}", s.n, time.get(..19).unwrap_or(&time).replace('T', " "), s.rule);
        if let Some(tactic) = s.tactic {
            let _ = write!(out, " ({tactic})");
        }
        let (from, to) = (s.source.or(s.source_asset), s.destination.or(s.destination_asset));
        let _ = write!(out, " from {} to {}", from.unwrap_or("unknown"), to.unwrap_or("unknown"));
        if s.count > 1 {
            let _ = write!(out, ", {} times", s.count);
        }
        match &s.because {
            Some(b) if Some(&s.n) != path.first() => {
                let _ = write!(out, ": {} (weight {:.2}).", b.text, b.weight);
            }
            _ => out.push('.'),
        }
    }
    out
}

//! What a run that goes on has learnt since the last time, as an inventory of its own.

use crate::inventory::Inventory;
use sentinel_inventory::inventory as inv;
use sentinel_inventory::state::Source;
use sentinel_wire::engine::Engine;
use sentinel_wire::events::Injector;

/// Harvests an engine and the findings of probes outside.
pub fn harvest(engine: &mut Engine, injector: &mut Injector, site: &str) -> Inventory {
    let known = |name: String| Source { name, sha256: String::new(), site: site.to_owned() };
    let mut inner = inv::Inventory::new(engine.source_names().into_iter().map(known).collect());
    inner.partial = true;
    for observations in engine.harvest() {
        inner.state.absorb(observations, 0);
    }
    inner.state.absorb(injector.harvest(), 0);
    Inventory { inner }
}

//! Reads alert documents, one a line, and writes chains: `chains STAGES.json ALERTS.ndjson [SETTINGS]`.
//! Says on standard error how long it took and what was counted.

use sentinel_detect::chain::Chains;
use std::io::Write;
use std::time::Instant;

fn main() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let mut file = || -> Result<Vec<u8>, String> {
        let name = args.next().ok_or("chains STAGES.json ALERTS.ndjson [SETTINGS]")?;
        std::fs::read(&name).map_err(|e| format!("{name}: {e}"))
    };
    let (stages, alerts) = (file()?, file()?);
    let settings = args.next().unwrap_or_else(|| "{}".into());
    let mut chains = Chains::new(&stages, settings.as_bytes())?;
    let start = Instant::now();
    chains.feed_lines(&alerts);
    chains.finish();
    let spent = start.elapsed().as_secs_f64();
    let counted = chains.counters();
    eprintln!("{:.0} alerts/s, {} octets\n{counted:?}", counted.alerts as f64 / spent, chains.octets());
    let mut out = std::io::stdout().lock();
    out.write_all(b"[").map_err(|e| e.to_string())?;
    for (n, document) in chains.all().iter().enumerate() {
        out.write_all(if n == 0 { b"" } else { b",\n" }).map_err(|e| e.to_string())?;
        out.write_all(document).map_err(|e| e.to_string())?;
    }
    out.write_all(b"]\n").map_err(|e| e.to_string())
}

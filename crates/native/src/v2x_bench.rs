//! How fast messages of vehicles are verified. See `sentinel/_native.pyi`.

use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sentinel_v2x::Profile;
use sentinel_v2x::load::{Latency, Mode, Plan, run};
use sentinel_v2x::time::Clock;
use sentinel_v2x::verify::Settings;

/// Runs without the GIL, but for the calls of `yardstick` between slices.
#[pyfunction]
#[pyo3(signature = (algorithm, mode, seconds, posix, seed, payloads, yardstick, *, rate=None, flood=None))]
#[allow(clippy::too_many_arguments, reason = "named in Python")]
pub fn v2x_bench<'py>(
    py: Python<'py>,
    algorithm: &str,
    mode: &str,
    seconds: f64,
    posix: i64,
    seed: u64,
    payloads: Vec<Vec<u8>>,
    yardstick: Py<PyAny>,
    rate: Option<u32>,
    flood: Option<(u32, u32)>,
) -> PyResult<Bound<'py, PyDict>> {
    let profile = match algorithm {
        "sm2" => Profile::Ydt3957,
        "p256" => Profile::Ieee1609,
        _ => return Err(wrong(format_args!("there is no algorithm {algorithm:?}: sm2 and p256 are known"))),
    };
    let mode = match (mode, flood) {
        ("known", None) => Mode::Known,
        ("fresh", None) => Mode::Fresh,
        ("flood", Some((rate, count))) => Mode::Flood { rate, count },
        _ => {
            return Err(wrong(format_args!(
                "{mode:?} is no mode: known, fresh, or flood with its rate and number"
            )));
        }
    };
    let start = Clock::default().time64(posix);
    let plan = Plan { profile, mode, seconds, rate, seed, start, payloads };
    let settings = Settings { reader: crate::v2x_content::read, ..Settings::default() };
    let mut failed: Option<PyErr> = None;
    let report = py.detach(|| {
        run(&plan, settings, || {
            let called = Python::attach(|py| yardstick.call0(py).map(drop));
            if let Err(error) = called {
                failed.get_or_insert(error);
            }
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let mut report = report.map_err(wrong)?;
    let out = PyDict::new(py);
    out.set_item("messages", report.verified.count)?;
    out.set_item("messages_per_s", report.verified.rate())?;
    out.set_item("bare_verify_per_s", report.bare.rate())?;
    let busy = report.busy;
    out.set_item("busy_share", (busy.count > 0).then(|| busy.seconds / report.verified.seconds))?;
    out.set_item("refused", report.refused)?;
    out.set_item("traffic_bytes", report.traffic)?;
    out.set_item("dropped_known", report.dropped[0])?;
    out.set_item("dropped_new", report.dropped[1])?;
    out.set_item("signers", report.counts.signers)?;
    let quantiles = |latency: &mut Latency| {
        let known = !latency.is_empty();
        [0.5, 0.99, 0.999].map(|share| known.then(|| latency.quantile(share) * 1e3))
    };
    for (prefix, latency) in [("", &mut report.latency), ("new_", &mut report.new)] {
        for (name, value) in ["p50_ms", "p99_ms", "p999_ms"].iter().zip(quantiles(latency)) {
            out.set_item(format!("{prefix}{name}"), value)?;
        }
    }
    Ok(out)
}

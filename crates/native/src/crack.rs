//! Passwords of hash lines, tried offline against lists. See `sentinel/_native.pyi`.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use sentinel_crack::{Budget, Line, Words};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Octets that are read of a list at once.
const READ: usize = 1 << 17;

fn open(path: &Path) -> PyResult<BufReader<File>> {
    Ok(BufReader::with_capacity(READ, File::open(path)?))
}

type Counted = Vec<(&'static str, u64)>;

/// Tries passwords on lines (hashcat's mode or None, the line, its own likeliest words): first those
/// words, then `common`, then the list. Returns the passwords found, in order, and counts.
#[pyfunction]
#[pyo3(signature = (lines, common, path=None, *, seconds=10.0, threads=1))]
pub fn crack(
    py: Python<'_>,
    lines: Vec<(Option<u32>, String, Vec<String>)>,
    common: Vec<String>,
    path: Option<PathBuf>,
    seconds: f64,
    threads: usize,
) -> PyResult<(Vec<Option<String>>, Counted)> {
    let mut file = path.as_deref().map(open).transpose()?;
    py.detach(|| {
        let mut places = Vec::new();
        let mut known = Vec::new();
        for (i, (mode, line, first)) in lines.iter().enumerate() {
            if let Some(scheme) = sentinel_crack::parse(*mode, line) {
                places.push(i);
                known.push(Line { scheme, first: first.clone() });
            }
        }
        let mut found = vec![None; lines.len()];
        let mut words = file.as_mut().map(|f| Words::new(f));
        let budget = Budget::seconds(seconds, threads);
        let report = sentinel_crack::run(&known, &common, words.as_mut(), &budget)?;
        for (i, password) in places.iter().zip(report.found) {
            if let Some(slot) = found.get_mut(*i) {
                *slot = password;
            }
        }
        let c = report.counts;
        let unknown = (lines.len() - known.len()) as u64;
        let counts = vec![
            ("lines", known.len() as u64),
            ("unknown", unknown),
            ("tried", c.tried),
            ("found", c.found),
            ("unfinished", c.unfinished),
            ("long", c.long),
        ];
        Ok((found, counts))
    })
    .map_err(wrong_read)
}

/// Name of the scheme of a line, None if there is none for it.
#[pyfunction]
#[pyo3(signature = (mode, line))]
pub fn crack_scheme(mode: Option<u32>, line: &str) -> Option<&'static str> {
    sentinel_crack::parse(mode, line).map(|scheme| scheme.name())
}

/// For each (name or None, secret): whether a list has the secret, or the two as `name:secret`. The
/// list is read, not loaded.
#[pyfunction]
pub fn listed(py: Python<'_>, path: PathBuf, secrets: Vec<(Option<String>, String)>) -> PyResult<Vec<bool>> {
    let mut file = open(&path)?;
    let secrets: Vec<(Option<&str>, &str)> =
        secrets.iter().map(|(name, secret)| (name.as_deref(), secret.as_str())).collect();
    py.detach(|| sentinel_crack::listed(&mut file, &secrets)).map_err(wrong_read)
}

fn wrong_read(error: std::io::Error) -> PyErr {
    PyOSError::new_err(error.to_string())
}

//! `Patterns`: regular expressions of banner knowledge, looked for together. See `sentinel/_native.pyi`.

use pyo3::prelude::*;
use sentinel_inventory::patterns::{self, Refused};

/// The first of many expressions that fits.
#[pyclass(frozen)]
pub struct Patterns {
    inner: patterns::Patterns,
    refused: Vec<Refused>,
}

#[pymethods]
impl Patterns {
    #[new]
    fn new(py: Python<'_>, given: Vec<(String, bool, bool)>) -> Patterns {
        let (inner, refused) = py
            .detach(|| patterns::Patterns::new(given.iter().map(|(t, fold, all)| (t.as_str(), *fold, *all))));
        Patterns { inner, refused }
    }
    fn __len__(&self) -> usize {
        self.inner.len()
    }
    fn refused(&self) -> Vec<Refused> {
        self.refused.clone()
    }
    fn first(&self, text: &str) -> Option<(usize, Vec<Option<String>>)> {
        self.inner.first(text)
    }
}

//! The Python module `sentinel._native`: glue only. Logic is in `sentinel-wire` and
//! `sentinel-inventory`, tested there; errors cross the border in [`wrong`] alone.

mod chains;
mod inventory;
mod probes;
mod scan;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// One line for a person, as Python's `ValueError`.
fn wrong(why: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(why.to_string())
}

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::chains::Chains;
    #[pymodule_export]
    use super::inventory::Inventory;
    #[pymodule_export]
    use super::scan::{EventBatch, Scan, native_probes};
}

//! The Python module `sentinel._native`: glue only.
use pyo3::prelude::*;

#[pymodule]
mod _native {}

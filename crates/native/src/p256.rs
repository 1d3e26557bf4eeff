//! ECDSA on P-256 by ring, which is in the module for TLS. See `sentinel/_native.pyi`.

use pyo3::prelude::*;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

#[pyfunction]
pub fn p256_verify(py: Python<'_>, public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public);
    py.detach(|| key.verify(message, signature).is_ok())
}

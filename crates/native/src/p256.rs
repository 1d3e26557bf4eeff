//! ECDSA on P-256 by ring, which is in the module for TLS. See `sentinel/_native.pyi`.

use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};

#[pyfunction]
pub fn p256_verify(py: Python<'_>, public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public);
    py.detach(|| key.verify(message, signature).is_ok())
}

/// A private key, set up once. Its nonces are drawn from the system's generator with the key mixed in.
#[pyclass(frozen)]
pub struct P256Key(EcdsaKeyPair);

#[pymethods]
impl P256Key {
    #[new]
    fn new(secret: &[u8], public: &[u8]) -> PyResult<P256Key> {
        let random = SystemRandom::new();
        EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            secret,
            public,
            &random,
        )
        .map(P256Key)
        .map_err(|why| wrong(format_args!("a P-256 key: {why}")))
    }

    fn sign_many<'py>(
        &self,
        py: Python<'py>,
        messages: Vec<Bound<'py, PyBytes>>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let shown: Vec<&[u8]> = messages.iter().map(|message| message.as_bytes()).collect();
        let random = SystemRandom::new();
        let signatures: Result<Vec<_>, _> =
            py.detach(|| shown.iter().map(|message| self.0.sign(&random, message)).collect());
        let signatures = signatures.map_err(|_| wrong("the system's random generator failed"))?;
        Ok(signatures.iter().map(|one| PyBytes::new(py, one.as_ref())).collect())
    }

    fn __repr__(&self) -> &'static str {
        "<P256Key>"
    }
}

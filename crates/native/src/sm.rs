//! SM2, SM3 and SM4 on octets. See `sentinel/_native.pyi`.

use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sentinel_sm::sm3::Digest;
use sentinel_sm::sm4::{self, Way};
use sentinel_sm::{Case, Ciphertext, PublicKey, SecretKey, Signature, digest, verify_many};

type Bytes<'py> = Bound<'py, PyBytes>;

fn sized<const N: usize>(what: &str, octets: &[u8]) -> PyResult<[u8; N]> {
    octets.try_into().map_err(|_| wrong(format_args!("{what} has {} octets instead of {N}", octets.len())))
}

fn public_key(octets: &[u8]) -> PyResult<PublicKey> {
    PublicKey::from_sec1(octets).map_err(|why| wrong(format_args!("the public key {why}")))
}

fn secret_key(octets: &[u8]) -> PyResult<SecretKey> {
    SecretKey::from_bytes(octets).map_err(wrong)
}

fn ciphertext(octets: &[u8], der: bool) -> PyResult<Ciphertext> {
    if der { Ciphertext::from_der(octets) } else { Ciphertext::from_raw(octets) }.map_err(wrong)
}

/// A private key, set up once: signing takes a third of the time of `sm2_sign`.
#[pyclass(frozen)]
pub struct Sm2Key(SecretKey);

#[pymethods]
impl Sm2Key {
    #[new]
    fn new(secret: &[u8]) -> PyResult<Sm2Key> {
        secret_key(secret).map(Sm2Key)
    }
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Sm2Key> {
        py.detach(SecretKey::generate).map(Sm2Key).map_err(wrong)
    }
    fn secret<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, &*self.0.to_bytes())
    }
    fn public<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, &self.0.public().0.uncompressed())
    }
    fn sign<'py>(&self, py: Python<'py>, id: &[u8], message: &[u8]) -> PyResult<Bytes<'py>> {
        let signature = py.detach(|| self.0.sign(id, message)).map_err(wrong)?;
        Ok(PyBytes::new(py, &signature.to_der()))
    }
    fn sign_many<'py>(
        &self,
        py: Python<'py>,
        id: &[u8],
        messages: Vec<Bytes<'py>>,
    ) -> PyResult<Vec<Bytes<'py>>> {
        let shown: Vec<&[u8]> = messages.iter().map(|message| message.as_bytes()).collect();
        let signatures = py.detach(|| self.0.sign_many(id, &shown)).map_err(wrong)?;
        Ok(signatures.iter().map(|one| PyBytes::new(py, &one.to_der())).collect())
    }
    fn sign_digest<'py>(&self, py: Python<'py>, e: &[u8]) -> PyResult<Bytes<'py>> {
        let e = sized("the digest", e)?;
        let signature = py.detach(|| self.0.sign_digest(&e)).map_err(wrong)?;
        Ok(PyBytes::new(py, &signature.to_raw()))
    }
    #[pyo3(signature = (octets, *, der=false))]
    fn decrypt<'py>(&self, py: Python<'py>, octets: &[u8], der: bool) -> PyResult<Bytes<'py>> {
        let text = ciphertext(octets, der)?;
        let message = py.detach(|| self.0.decrypt(&text)).map_err(wrong)?;
        Ok(PyBytes::new(py, &message))
    }
    fn __repr__(&self) -> &'static str {
        "<Sm2Key>"
    }
}

#[pyfunction]
pub fn sm2_generate(py: Python<'_>) -> PyResult<Bytes<'_>> {
    Ok(Sm2Key::generate(py)?.secret(py))
}

#[pyfunction]
pub fn sm2_public<'py>(py: Python<'py>, secret: &[u8]) -> PyResult<Bytes<'py>> {
    Ok(Sm2Key::new(secret)?.public(py))
}

#[pyfunction]
pub fn sm2_sign<'py>(py: Python<'py>, secret: &[u8], id: &[u8], message: &[u8]) -> PyResult<Bytes<'py>> {
    Sm2Key::new(secret)?.sign(py, id, message)
}

#[pyfunction]
pub fn sm2_sign_digest<'py>(py: Python<'py>, secret: &[u8], e: &[u8]) -> PyResult<Bytes<'py>> {
    Sm2Key::new(secret)?.sign_digest(py, e)
}

#[pyfunction]
#[pyo3(signature = (secret, octets, *, der=false))]
pub fn sm2_decrypt<'py>(py: Python<'py>, secret: &[u8], octets: &[u8], der: bool) -> PyResult<Bytes<'py>> {
    Sm2Key::new(secret)?.decrypt(py, octets, der)
}

#[pyfunction]
#[pyo3(signature = (public, message, *, der=false))]
pub fn sm2_encrypt<'py>(py: Python<'py>, public: &[u8], message: &[u8], der: bool) -> PyResult<Bytes<'py>> {
    let key = public_key(public)?;
    let text = py.detach(|| key.encrypt(message)).map_err(wrong)?;
    Ok(PyBytes::new(py, &if der { text.to_der() } else { text.to_raw() }))
}

#[pyfunction]
pub fn sm2_digest<'py>(py: Python<'py>, public: &[u8], id: &[u8], message: &[u8]) -> PyResult<Bytes<'py>> {
    let key = public_key(public)?;
    let e = py.detach(|| digest(id, &key, message)).map_err(wrong)?;
    Ok(PyBytes::new(py, &e))
}

#[pyfunction]
pub fn sm2_verify(
    py: Python<'_>,
    public: &[u8],
    id: &[u8],
    message: &[u8],
    signature: &[u8],
) -> PyResult<bool> {
    let key = public_key(public)?;
    Ok(py.detach(|| Signature::from_der(signature).is_ok_and(|s| key.verify(id, message, &s).is_ok())))
}

#[pyfunction]
pub fn sm2_verify_digest(py: Python<'_>, public: &[u8], e: &[u8], signature: &[u8]) -> PyResult<bool> {
    let (key, e) = (public_key(public)?, sized("the digest", e)?);
    Ok(py.detach(|| Signature::from_raw(signature).is_ok_and(|s| key.verify_digest(&e, &s).is_ok())))
}

#[pyfunction]
#[pyo3(signature = (cases, threads=1))]
pub fn sm2_verify_many(
    py: Python<'_>,
    cases: Vec<(Bytes<'_>, Bytes<'_>, Bytes<'_>)>,
    threads: usize,
) -> PyResult<Vec<bool>> {
    let cases = cases
        .iter()
        .map(|(key, e, signature)| {
            Ok(Case {
                key: key.as_bytes().to_vec(),
                e: sized("the digest", e.as_bytes())?,
                signature: Signature::from_raw(signature.as_bytes()).map_err(wrong)?,
            })
        })
        .collect::<PyResult<Vec<Case>>>()?;
    Ok(py.detach(|| verify_many(&cases, threads)))
}

#[pyfunction]
pub fn sm2_signature_der<'py>(py: Python<'py>, raw: &[u8]) -> PyResult<Bytes<'py>> {
    Ok(PyBytes::new(py, &Signature::from_raw(raw).map_err(wrong)?.to_der()))
}

#[pyfunction]
pub fn sm2_signature_raw<'py>(py: Python<'py>, der: &[u8]) -> PyResult<Bytes<'py>> {
    Ok(PyBytes::new(py, &Signature::from_der(der).map_err(wrong)?.to_raw()))
}

#[pyfunction]
pub fn sm2_compress<'py>(py: Python<'py>, public: &[u8]) -> PyResult<Bytes<'py>> {
    Ok(PyBytes::new(py, &public_key(public)?.0.compressed()))
}

#[pyfunction]
pub fn sm2_decompress<'py>(py: Python<'py>, public: &[u8]) -> PyResult<Bytes<'py>> {
    Ok(PyBytes::new(py, &public_key(public)?.0.uncompressed()))
}

#[pyfunction]
pub fn sm3<'py>(py: Python<'py>, data: &[u8]) -> Bytes<'py> {
    PyBytes::new(py, &py.detach(|| sentinel_sm::sm3::Sm3::digest(data)))
}

/// SM3 over pieces, as `hashlib` has it.
#[pyclass]
#[derive(Default)]
pub struct Sm3(sentinel_sm::sm3::Sm3);

#[pymethods]
impl Sm3 {
    #[new]
    #[pyo3(signature = (data=None))]
    fn new(data: Option<&[u8]>) -> Sm3 {
        let mut hash = Sm3::default();
        hash.0.update(data.unwrap_or_default());
        hash
    }
    fn update(&mut self, py: Python<'_>, data: &[u8]) {
        py.detach(|| self.0.update(data));
    }
    fn copy(&self) -> Sm3 {
        Sm3(self.0.clone())
    }
    fn digest<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, &self.0.clone().finalize())
    }
}

fn sm4_key(octets: &[u8]) -> PyResult<sm4::Key> {
    Ok(sm4::Key::new(&zeroize::Zeroizing::new(sized("an SM4 key", octets)?)))
}

fn way(decrypt: bool) -> Way {
    if decrypt { Way::Decrypt } else { Way::Encrypt }
}

#[pyfunction]
#[pyo3(signature = (key, data, *, decrypt=false))]
pub fn sm4_ecb<'py>(py: Python<'py>, key: &[u8], data: &[u8], decrypt: bool) -> PyResult<Bytes<'py>> {
    let mut text = zeroize::Zeroizing::new(data.to_vec());
    sm4_key(key)?.ecb(&mut text, way(decrypt)).map_err(wrong)?;
    Ok(PyBytes::new(py, &text))
}

#[pyfunction]
#[pyo3(signature = (key, iv, data, *, decrypt=false))]
pub fn sm4_cbc<'py>(
    py: Python<'py>,
    key: &[u8],
    iv: &[u8],
    data: &[u8],
    decrypt: bool,
) -> PyResult<Bytes<'py>> {
    let mut text = zeroize::Zeroizing::new(data.to_vec());
    sm4_key(key)?.cbc(&sized("the IV", iv)?, &mut text, way(decrypt)).map_err(wrong)?;
    Ok(PyBytes::new(py, &text))
}

#[pyfunction]
pub fn sm4_ctr<'py>(py: Python<'py>, key: &[u8], counter: &[u8], data: &[u8]) -> PyResult<Bytes<'py>> {
    let mut text = zeroize::Zeroizing::new(data.to_vec());
    sm4_key(key)?.ctr(&sized("the counter", counter)?, &mut text);
    Ok(PyBytes::new(py, &text))
}

#[pyfunction]
#[pyo3(signature = (key, nonce, data, additional=None))]
pub fn sm4_ccm_seal<'py>(
    py: Python<'py>,
    key: &[u8],
    nonce: &[u8],
    data: &[u8],
    additional: Option<&[u8]>,
) -> PyResult<Bytes<'py>> {
    let nonce = sized("the nonce", nonce)?;
    let text = sm4_key(key)?.ccm_seal(&nonce, data, additional.unwrap_or_default()).map_err(wrong)?;
    Ok(PyBytes::new(py, &text))
}

#[pyfunction]
#[pyo3(signature = (key, nonce, data, additional=None))]
pub fn sm4_ccm_open<'py>(
    py: Python<'py>,
    key: &[u8],
    nonce: &[u8],
    data: &[u8],
    additional: Option<&[u8]>,
) -> PyResult<Bytes<'py>> {
    let nonce = sized("the nonce", nonce)?;
    let text = sm4_key(key)?.ccm_open(&nonce, data, additional.unwrap_or_default()).map_err(wrong)?;
    Ok(PyBytes::new(py, &zeroize::Zeroizing::new(text)))
}

//! TLS of the server: its certificate, which can be replaced while it runs, and what clients present.

use std::fmt;
use std::sync::{Arc, RwLock};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};

use crate::error::Error;

/// Octets of the longest client certificate looked at.
const MAX_CERTIFICATE: usize = 16 * 1024;

/// The server's chain and key.
pub struct Identity(RwLock<Arc<CertifiedKey>>);

impl Identity {
    /// From PEM: the server's certificate first, then its issuers; the key as PKCS#8 that is not encrypted.
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        Ok(Identity(RwLock::new(read(chain, key)?)))
    }

    /// The same for connections to come.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), Error> {
        let fresh = read(chain, key)?;
        *self.0.write().unwrap_or_else(|broken| broken.into_inner()) = fresh;
        Ok(())
    }
}

fn read(chain: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, Error> {
    let wrong = |why: &dyn fmt::Display| Error::Certificate(why.to_string());
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|why| wrong(&why))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|why| wrong(&why))?;
    let pair = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|why| wrong(&why))?;
    Ok(Arc::new(pair))
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Identity")
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(|broken| broken.into_inner()).clone())
    }
}

/// TLS 1.2 and 1.3; a client's certificate is asked for and may be missing.
pub(crate) fn config(identity: Arc<Identity>) -> Result<Arc<ServerConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|why| Error::Settings(why.to_string()))?
        .with_client_cert_verifier(Arc::new(Holder(provider)))
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Proves that a client holds the key of the certificate it presents. Whether that certificate means
/// anything is found in the CA's register, by whoever takes the request.
#[derive(Debug)]
struct Holder(Arc<CryptoProvider>);

impl ClientCertVerifier for Holder {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if certificate.len() > MAX_CERTIFICATE {
            return Err(rustls::Error::General(format!(
                "a client certificate above {MAX_CERTIFICATE} octets"
            )));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_certificate() {
        for (chain, key) in
            [(&b""[..], &b""[..]), (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", b"")]
        {
            assert!(matches!(Identity::new(chain, key), Err(Error::Certificate(_))));
        }
    }
}

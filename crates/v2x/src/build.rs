//! Writing: certificates, signed and encrypted messages, lists and requests.

use crate::Profile;
use crate::canonical;
use crate::cipher::{Cipher, Wrapped, open, random, seal, unwrap, wrap};
use crate::coer::{CoerError, Limits, Type, Value, decode, encode};
use crate::hash::{Digest, Hash};
use crate::key::{CryptoError, SecretKey, VerifyKey};
use crate::sign::sign;
use crate::types::{base, ctl, data, pdu};
use crate::view::{CertificateView, Curve};
use std::fmt;
use zeroize::Zeroizing;

/// Why nothing was written, or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    Coer(CoerError),
    Crypto(CryptoError),
    /// The message is for other recipients.
    Recipient,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Coer(why) => why.fmt(f),
            BuildError::Crypto(why) => why.fmt(f),
            BuildError::Recipient => f.write_str("the message is not encrypted for this recipient"),
        }
    }
}
impl std::error::Error for BuildError {}
impl From<CoerError> for BuildError {
    fn from(why: CoerError) -> BuildError {
        BuildError::Coer(why)
    }
}
impl From<CryptoError> for BuildError {
    fn from(why: CryptoError) -> BuildError {
        BuildError::Crypto(why)
    }
}

type Result<T> = std::result::Result<T, BuildError>;

/// Who signs: a key and the certificate it belongs to; the key alone signs a certificate or a request that
/// has its public key.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    pub key: &'a SecretKey,
    pub certificate: Option<&'a [u8]>,
}

impl Signer<'_> {
    fn digest(&self, profile: Profile) -> Result<Option<Digest>> {
        match self.certificate {
            None => Ok(None),
            Some(octets) => {
                let view = CertificateView::parse(octets, profile)?;
                let hash = view.hash().ok_or(CryptoError::NoPoint)?;
                Ok(Some(hash))
            }
        }
    }

    /// A Signature over octets.
    pub fn sign(&self, profile: Profile, signed: &[u8]) -> Result<Value> {
        let raw = sign(profile, self.key, self.digest(profile)?.as_ref(), signed)?;
        let (r, s) = raw.split_at(32);
        Ok(match self.key.curve() {
            Curve::Sm2 => Value::choice(
                "sm2Signature",
                Value::record([("rSig", Value::octets(r)), ("sSig", Value::octets(s))]),
            ),
            _ => Value::choice(
                "ecdsaNistP256Signature",
                Value::record([
                    ("rSig", Value::choice("x-only", Value::octets(r))),
                    ("sSig", Value::octets(s)),
                ]),
            ),
        })
    }
}

/// An EccP256CurvePoint of a compressed key.
pub fn point(sec1: &[u8]) -> Value {
    let (first, x) = sec1.split_first().unwrap_or((&0, &[]));
    Value::choice(if *first == 3 { "compressed-y-1" } else { "compressed-y-0" }, Value::octets(x))
}

/// A PublicVerificationKey of a key of 256 bits.
pub fn verification_key(key: &VerifyKey) -> Value {
    let name = match key.curve() {
        Curve::P256 => "ecdsaNistP256",
        Curve::BrainpoolP256 => "ecdsaBrainpoolP256r1",
        Curve::BrainpoolP384 => "ecdsaBrainpoolP384r1",
        Curve::P384 => "ecdsaNistP384",
        Curve::Sm2 => "ecsigSm2",
    };
    Value::choice(name, point(&key.compressed()))
}

/// A PublicEncryptionKey of P-256 with AES, or of SM2 with SM4.
pub fn encryption_key(key: &VerifyKey) -> Value {
    let (cipher, name) =
        if key.curve() == Curve::Sm2 { ("sm4Ccm", "ecencSm2") } else { ("aes128Ccm", "eciesNistP256") };
    Value::record([
        ("supportedSymmAlg", Value::Name(cipher)),
        ("publicKey", Value::choice(name, point(&key.compressed()))),
    ])
}

fn issuer(profile: Profile, signer: &Signer<'_>) -> Result<Value> {
    let hash = signer.key.curve().hash();
    Ok(match signer.certificate {
        None => Value::choice("self", Value::Name(hash.name())),
        Some(octets) => {
            let view = CertificateView::parse(octets, profile)?;
            let id = view.hash().ok_or(CryptoError::NoPoint)?.id8();
            let name = match view.hash_function() {
                Hash::Sha256 => "sha256AndDigest",
                Hash::Sha384 => "sha384AndDigest",
                Hash::Sm3 => "sm3AndDigest",
            };
            Value::choice(name, Value::octets(&id))
        }
    })
}

/// An explicit certificate of a ToBeSignedCertificate. Without a certificate of the signer it signs itself.
pub fn certificate(profile: Profile, mut tbs: Value, signer: Signer<'_>) -> Result<Vec<u8>> {
    canonical::keys(&mut tbs);
    let octets = encode(&tbs, &data::TO_BE_SIGNED_CERTIFICATE, profile)?;
    let signature = signer.sign(profile, &octets)?;
    let value = Value::record([
        ("version", Value::int(3)),
        ("type", Value::Name("explicit")),
        ("issuer", issuer(profile, &signer)?),
        ("toBeSigned", tbs),
        ("signature", signature),
    ]);
    Ok(encode(&value, &data::CERTIFICATE, profile)?)
}

/// An implicit certificate, whose `tbs` has the point to reconstruct from. Only IEEE 1609.2 has them.
pub fn implicit_certificate(profile: Profile, tbs: Value, issuing: Signer<'_>) -> Result<Vec<u8>> {
    if profile == Profile::Ydt3957 {
        return Err(CryptoError::Profile(Curve::P256).into());
    }
    let value = Value::record([
        ("version", Value::int(3)),
        ("type", Value::Name("implicit")),
        ("issuer", issuer(profile, &issuing)?),
        ("toBeSigned", tbs),
    ]);
    Ok(encode(&value, &data::CERTIFICATE, profile)?)
}

fn message(content: Value) -> Value {
    Value::record([("protocolVersion", Value::int(3)), ("content", content)])
}

/// A message with octets that nothing secures.
pub fn unsecured(profile: Profile, payload: &[u8]) -> Result<Vec<u8>> {
    Ok(encode(&message(Value::choice("unsecuredData", Value::octets(payload))), &data::DATA, profile)?)
}

/// What goes with a signature so that it can be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// HashedId8 of the signer's certificate.
    Digest,
    /// The certificate.
    Certificate,
}

/// A signed message. `inner` is the message that is signed (see [`unsecured`]), `header` a HeaderInfo.
pub fn signed(
    profile: Profile,
    inner: &[u8],
    header: Value,
    signer: Signer<'_>,
    attach: Attach,
) -> Result<Vec<u8>> {
    let inner = decode(inner, &data::DATA, profile, Limits::LIST)?;
    let tbs = Value::record([("payload", Value::record([("data", inner)])), ("headerInfo", header)]);
    let octets = encode(&tbs, &data::TO_BE_SIGNED_DATA, profile)?;
    let octets = canonical::to_be_signed_data(&octets, profile).unwrap_or(octets);
    let signature = signer.sign(profile, &octets)?;
    let tbs = decode(&octets, &data::TO_BE_SIGNED_DATA, profile, Limits::LIST)?;
    let value = Value::record([
        ("hashId", Value::Name(signer.key.curve().hash().name())),
        ("tbsData", tbs),
        ("signer", signer_identifier(profile, &signer, attach)?),
        ("signature", signature),
    ]);
    Ok(encode(&message(Value::choice("signedData", value)), &data::DATA, profile)?)
}

fn signer_identifier(profile: Profile, signer: &Signer<'_>, attach: Attach) -> Result<Value> {
    Ok(match (signer.certificate, attach) {
        (None, _) => Value::choice("self", Value::Null),
        (Some(octets), Attach::Certificate) => {
            let value = decode(octets, &data::CERTIFICATE, profile, Limits::MESSAGE)?;
            Value::choice("certificate", Value::List(vec![value]))
        }
        (Some(_), Attach::Digest) => {
            let digest = signer.digest(profile)?.ok_or(CryptoError::NoKey)?;
            Value::choice("digest", Value::octets(&digest.id8()))
        }
    })
}

/// A signed request of a ScmsPdu, as a message: with the key that is to be certified when the signer has no
/// certificate.
pub fn request(profile: Profile, pdu: Value, signer: Signer<'_>) -> Result<Vec<u8>> {
    let octets = encode(&pdu, &pdu::SCMS_PDU, profile)?;
    let value = Value::record([
        ("hashAlgorithmId", Value::Name(signer.key.curve().hash().name())),
        ("tbsRequest", pdu),
        ("signer", signer_identifier(profile, &signer, Attach::Certificate)?),
        ("signature", signer.sign(profile, &octets)?),
    ]);
    let octets = encode(&value, &pdu::SIGNED_REQUEST, profile)?;
    Ok(encode(
        &message(Value::choice("signedCertificateRequest", Value::Octets(octets))),
        &data::DATA,
        profile,
    )?)
}

/// A signed RootCtl or PkiCtl of what is to be signed of it.
pub fn trust_list(profile: Profile, root: bool, tbs: Value, signer: Signer<'_>) -> Result<Vec<u8>> {
    let (kind, whole, name): (&'static Type, &'static Type, _) = if root {
        (&ctl::TO_BE_SIGNED_ROOT_CTL, &ctl::ROOT_CTL, "toBeSignedRootCtl")
    } else {
        (&ctl::TO_BE_SIGNED_PKI_CTL, &ctl::PKI_CTL, "toBeSignedPkiCtl")
    };
    let octets = encode(&tbs, kind, profile)?;
    let signature = signer.sign(profile, &octets)?;
    Ok(encode(&Value::record([(name, tbs), ("signature", signature)]), whole, profile)?)
}

/// How a recipient's key came to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a certificate, whose digest is given.
    Certificate,
    /// In the header of a signed message.
    Message,
    /// Otherwise: the identifier is that of the key.
    Key,
}

/// Who can read a message.
#[derive(Clone, Debug)]
pub struct Recipient<'a> {
    pub origin: Origin,
    pub id: [u8; 8],
    pub key: &'a VerifyKey,
    /// Digest of the certificate or the message; of nothing when the key came otherwise. ECIES alone uses it.
    pub parameter: Digest,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Origin::Certificate => "certRecipInfo",
            Origin::Message => "signedDataRecipInfo",
            Origin::Key => "rekRecipInfo",
        }
    }
}

/// The identifier of a recipient whose key came in no certificate and no message: the HashedId8 of its
/// PublicEncryptionKey.
pub fn key_id(profile: Profile, key: &VerifyKey) -> Result<[u8; 8]> {
    let octets = encode(&encryption_key(key), &base::PUBLIC_ENCRYPTION_KEY, profile)?;
    Ok(key.curve().hash().of(&[&octets]).id8())
}

/// Encrypts a message for recipients, whose keys are all of one curve.
pub fn encrypted(profile: Profile, plain: &[u8], recipients: &[Recipient<'_>]) -> Result<Vec<u8>> {
    let key = random::<16>()?;
    let nonce = random::<12>()?;
    let sm2 = recipients.first().is_some_and(|one| one.key.curve() == Curve::Sm2);
    let cipher = if sm2 { Cipher::Sm4 } else { Cipher::Aes };
    let mut list = Vec::with_capacity(recipients.len());
    for one in recipients {
        if (one.key.curve() == Curve::Sm2) != sm2 {
            return Err(CryptoError::Profile(one.key.curve()).into());
        }
        let wrapped = wrap(one.key, &key, one.parameter.octets())?;
        let name = if sm2 { "ecencSm2256" } else { "eciesNistP256" };
        let inner = Value::record([
            ("v", point(&wrapped.point)),
            ("c", Value::octets(&wrapped.key)),
            ("t", Value::Octets(wrapped.tag)),
        ]);
        let info =
            Value::record([("recipientId", Value::octets(&one.id)), ("encKey", Value::choice(name, inner))]);
        list.push(Value::choice(one.origin.name(), info));
    }
    let text = seal(cipher, &key, &nonce, plain)?;
    let value =
        Value::record([("recipients", Value::List(list)), ("ciphertext", ciphertext(cipher, &nonce, text))]);
    Ok(encode(&message(Value::choice("encryptedData", value)), &data::DATA, profile)?)
}

fn ciphertext(cipher: Cipher, nonce: &[u8; 12], text: Vec<u8>) -> Value {
    let inner = Value::record([("nonce", Value::octets(nonce)), ("ccmCiphertext", Value::Octets(text))]);
    Value::choice(cipher.name(), inner)
}

/// The message that was encrypted for a key. `id` and `parameter` are those of [`Recipient`].
pub fn decrypted(
    profile: Profile,
    octets: &[u8],
    secret: &SecretKey,
    id: &[u8; 8],
    parameter: &Digest,
) -> Result<Zeroizing<Vec<u8>>> {
    let value = decode(octets, &data::DATA, profile, Limits::LIST)?;
    let content = value.get("content").and_then(Value::as_choice);
    let Some(("encryptedData", inner)) = content else { return Err(BuildError::Recipient) };
    let recipients = inner.get("recipients").and_then(Value::as_list).unwrap_or_default();
    let mine = recipients
        .iter()
        .filter_map(Value::as_choice)
        .map(|(_, info)| info)
        .find(|info| info.get("recipientId").and_then(Value::as_octets) == Some(id));
    let key = mine.and_then(|info| info.get("encKey")).and_then(wrapped).ok_or(BuildError::Recipient)?;
    let key = unwrap(secret, &key, parameter.octets())?;
    let (name, text) = inner.get("ciphertext").and_then(Value::as_choice).ok_or(BuildError::Recipient)?;
    let cipher = if name == Cipher::Sm4.name() { Cipher::Sm4 } else { Cipher::Aes };
    let nonce = text.get("nonce").and_then(Value::as_octets).and_then(|n| n.try_into().ok());
    let text = text.get("ccmCiphertext").and_then(Value::as_octets);
    let (Some(nonce), Some(text)) = (nonce, text) else { return Err(CryptoError::Length.into()) };
    Ok(Zeroizing::new(open(cipher, &key, nonce, text)?))
}

fn wrapped(value: &Value) -> Option<Wrapped> {
    let (_, value) = value.as_choice()?;
    let mut v = value.get("v")?.clone();
    canonical::compress(&mut v);
    let (form, x) = v.as_choice()?;
    let first = match form {
        "compressed-y-0" => 2,
        "compressed-y-1" => 3,
        _ => return None,
    };
    Some(Wrapped {
        point: [&[first][..], x.as_octets()?].concat().try_into().ok()?,
        key: value.get("c")?.as_octets()?.try_into().ok()?,
        tag: value.get("t")?.as_octets()?.to_vec(),
    })
}

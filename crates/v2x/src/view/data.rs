//! A secured message, found in octets.

use super::{CertificateView, Result, SignatureView, alternative};
use crate::Profile;
use crate::canonical;
use crate::coer::{Cursor, Limits, Why, skip};
use crate::hash::Hash;
use crate::types::{base, data};
use std::borrow::Cow;
use std::ops::Range;

/// A message. Ranges are of `octets`.
#[derive(Clone, Debug)]
pub struct DataView<'a> {
    pub octets: &'a [u8],
    pub content: Content<'a>,
}

#[derive(Clone, Debug)]
pub enum Content<'a> {
    Unsecured(&'a [u8]),
    Signed(Box<SignedView<'a>>),
    /// An EncryptedData.
    Encrypted(Range<usize>),
    /// A SignedCertificateRequest.
    Request(&'a [u8]),
    /// A choice that has no meaning here, and its contents.
    Other(u8, &'a [u8]),
}

/// A signed message.
#[derive(Clone, Debug)]
pub struct SignedView<'a> {
    profile: Profile,
    pub hash: Hash,
    /// What was signed, as received.
    pub to_be_signed: &'a [u8],
    /// The message within, and its payload if that is unsecured data.
    pub data: Option<&'a [u8]>,
    pub payload: Option<&'a [u8]>,
    /// The digest of data that is not in the message.
    pub external: Option<(Hash, &'a [u8])>,
    pub header: HeaderView<'a>,
    pub signer: SignerView<'a>,
    pub signature: SignatureView<'a>,
}

/// HeaderInfo.
#[derive(Clone, Debug, Default)]
pub struct HeaderView<'a> {
    pub psid: u64,
    /// Time64.
    pub generation_time: Option<u64>,
    pub expiry_time: Option<u64>,
    /// Latitude and longitude in 0.1 microdegrees, elevation in 0.1 m from -409.6 m on.
    pub location: Option<(i32, i32, u16)>,
    pub learning_request: Option<[u8; 3]>,
    pub missing_crl: Option<([u8; 3], u16)>,
    /// An EncryptionKey.
    pub encryption_key: Option<&'a [u8]>,
    /// HashedId3 of the certificates that are asked for, one after the other.
    pub inline_requests: &'a [u8],
    /// A certificate that was asked for.
    pub requested_certificate: Option<&'a [u8]>,
    pub pdu_type: Option<u8>,
}

/// Who signed a message.
#[derive(Clone, Debug)]
pub enum SignerView<'a> {
    Digest([u8; 8]),
    /// The signer's own first.
    Certificates(Vec<CertificateView<'a>>),
    /// A request that is signed with the key in it.
    Own,
    /// X.509 certificates (YD/T 3957).
    X509(&'a [u8]),
    /// A choice that is not known.
    Other(u8),
}

/// Certificates in one message.
const CHAIN: usize = 8;

impl<'a> DataView<'a> {
    /// Reads a message that is all of `octets`.
    pub fn parse(octets: &'a [u8], profile: Profile) -> Result<DataView<'a>> {
        if octets.len() > Limits::LIST.octets {
            return Err(Cursor::new(octets).fail(Why::Limit));
        }
        let mut c = Cursor::new(octets);
        if c.u8()? != 3 {
            return Err(c.fail(Why::Range).within("protocolVersion"));
        }
        let (tag, open) = alternative(&mut c, 4)?;
        let content = match tag {
            0 => Content::Unsecured(opaque(&mut c)?),
            1 => Content::Signed(Box::new(SignedView::read(&mut c, octets, profile)?)),
            2 => {
                let from = c.at();
                skip(&mut c, &data::ENCRYPTED_DATA, profile).map_err(|e| e.within("encryptedData"))?;
                Content::Encrypted(from..c.at())
            }
            3 => Content::Request(opaque(&mut c)?),
            _ => match open {
                Some(mut open) => {
                    let mut inside = open.clone();
                    if tag == 4 {
                        opaque(&mut inside)?; // a request for an X.509 certificate
                        inside.finish()?;
                    }
                    Content::Other(tag, open.take(open.left())?)
                }
                None => return Err(c.fail(Why::Unknown)),
            },
        };
        c.finish()?;
        Ok(DataView { octets, content })
    }
}

fn opaque<'a>(c: &mut Cursor<'a>) -> Result<&'a [u8]> {
    let n = c.length()?;
    c.take(n)
}

impl<'a> SignedView<'a> {
    fn read(c: &mut Cursor<'a>, all: &'a [u8], profile: Profile) -> Result<SignedView<'a>> {
        let n = c.u8()?;
        let hash = Hash::of_number(n).ok_or_else(|| c.fail(Why::Unknown).within("hashId"))?;
        let from = c.at();
        let (data, payload, external) = payload(c, all, profile).map_err(|e| e.within("payload"))?;
        let header = HeaderView::read(c, all, profile).map_err(|e| e.within("headerInfo"))?;
        let to_be_signed = &all[from..c.at()];
        let signer = SignerView::read(c, all, profile).map_err(|e| e.within("signer"))?;
        let signature = SignatureView::read(c).map_err(|e| e.within("signature"))?;
        Ok(SignedView { profile, hash, to_be_signed, data, payload, external, header, signer, signature })
    }

    /// What was signed, in the form in which it is hashed: a key in the header is compressed. None if its
    /// point is not on its curve.
    pub fn canonical_to_be_signed(&self) -> Option<Cow<'a, [u8]>> {
        if self.header.encryption_key.is_none_or(|key| !canonical::has_full_key(key, self.profile)) {
            return Some(Cow::Borrowed(self.to_be_signed));
        }
        canonical::to_be_signed_data(self.to_be_signed, self.profile).map(Cow::Owned)
    }
}

type Payload<'a> = (Option<&'a [u8]>, Option<&'a [u8]>, Option<(Hash, &'a [u8])>);

fn payload<'a>(c: &mut Cursor<'a>, all: &'a [u8], profile: Profile) -> Result<Payload<'a>> {
    let (extended, bits) = c.preamble(true, 2)?;
    let (mut data, mut inner, mut external) = (None, None, None);
    if bits & 2 != 0 {
        let from = c.at();
        skip(c, &data::DATA, profile).map_err(|e| e.within("data"))?;
        let octets = &all[from..c.at()];
        data = Some(octets);
        let mut inside = Cursor::new(octets);
        inside.u8()?;
        if inside.tag()? == 0 {
            inner = Some(opaque(&mut inside)?);
        }
    }
    if bits & 1 != 0 {
        let (tag, open) = alternative(c, 1)?;
        external = match open {
            None => Some((Hash::Sha256, c.take(32)?)),
            Some(mut open) => {
                let hash = Hash::of_number(tag);
                let size = if hash == Some(Hash::Sha384) { 48 } else { 32 };
                match hash {
                    Some(hash) => {
                        let octets = open.take(size)?;
                        open.finish()?;
                        Some((hash, octets))
                    }
                    None => None,
                }
            }
        };
    }
    if extended {
        let (n, bits) = c.additions()?;
        for i in (0..n).filter(|i| bits >> (n - 1 - i) & 1 == 1) {
            let open = c.open()?;
            if i == 0 {
                open.finish()?; // omitted NULL
            }
        }
    }
    Ok((data, inner, external))
}

impl<'a> HeaderView<'a> {
    fn read(c: &mut Cursor<'a>, all: &'a [u8], profile: Profile) -> Result<HeaderView<'a>> {
        let (extended, bits) = c.preamble(true, 6)?;
        let has = |i: u32| bits >> (5 - i) & 1 == 1;
        let mut header = HeaderView { psid: c.unsigned()?, ..HeaderView::default() };
        header.generation_time = has(0).then(|| c.u64()).transpose()?;
        header.expiry_time = has(1).then(|| c.u64()).transpose()?;
        if has(2) {
            let mut at = c.clone();
            skip(c, &base::LOCATION3, profile)?;
            header.location = Some((at.u32()? as i32, at.u32()? as i32, at.u16()?));
        }
        header.learning_request = has(3).then(|| c.array()).transpose()?;
        if has(4) {
            let mut at = c.clone();
            skip(c, &data::MISSING_CRL, profile)?;
            at.u8()?; // the preamble
            header.missing_crl = Some((at.array()?, at.u16()?));
        }
        if has(5) {
            let from = c.at();
            skip(c, &base::ENCRYPTION_KEY, profile).map_err(|e| e.within("encryptionKey"))?;
            header.encryption_key = Some(&all[from..c.at()]);
        }
        if extended {
            let (n, bits) = c.additions()?;
            for i in (0..n).filter(|i| bits >> (n - 1 - i) & 1 == 1) {
                let mut open = c.open()?;
                let octets = &all[open.at()..open.at() + open.left()];
                let Some(kind) = data::HEADER_ADDITIONS.get(i) else { continue };
                let mut at = open.clone();
                skip(&mut open, kind, profile)?;
                open.finish()?;
                match i {
                    0 => {
                        at.count()?;
                        header.inline_requests = at.take(at.left())?;
                    }
                    1 => header.requested_certificate = Some(octets),
                    2 => header.pdu_type = Some(at.u8()?),
                    _ => {}
                }
            }
        }
        Ok(header)
    }
}

impl<'a> SignerView<'a> {
    fn read(c: &mut Cursor<'a>, all: &'a [u8], profile: Profile) -> Result<SignerView<'a>> {
        let (tag, open) = alternative(c, 3)?;
        Ok(match (tag, open) {
            (0, _) => SignerView::Digest(c.array()?),
            (1, _) => {
                let n = c.count()?;
                if n > CHAIN {
                    return Err(c.fail(Why::Limit));
                }
                let mut chain = Vec::with_capacity(n);
                for _ in 0..n {
                    chain.push(CertificateView::read(c, all, profile)?);
                }
                SignerView::Certificates(chain)
            }
            (2, _) => SignerView::Own,
            (3, Some(mut open)) if profile == Profile::Ydt3957 => {
                let octets = opaque(&mut open)?;
                open.finish()?;
                SignerView::X509(octets)
            }
            _ => SignerView::Other(tag),
        })
    }
}

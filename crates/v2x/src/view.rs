//! Parts of what was received, found without copying: points, keys, signatures, certificates.

mod certificate;
mod data;

pub use certificate::{CertificateId, CertificateView, Duration, Indicator, Issuer, Permission, Ssp};
pub use data::{Content, DataView, HeaderView, SignedView, SignerView};

use crate::coer::{CoerError, Cursor, Why};
use crate::hash::Hash;

type Result<T> = std::result::Result<T, CoerError>;

/// A curve, in the order of the choices of keys and signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    P256,
    BrainpoolP256,
    BrainpoolP384,
    P384,
    Sm2,
}

impl Curve {
    const ALL: [Curve; 5] =
        [Curve::P256, Curve::BrainpoolP256, Curve::BrainpoolP384, Curve::P384, Curve::Sm2];
    /// Octets of a coordinate.
    pub fn size(self) -> usize {
        if matches!(self, Curve::P384 | Curve::BrainpoolP384) { 48 } else { 32 }
    }
    /// The hash function that goes with it (IEEE 1609.2, 6.4.3; SM3 with SM2).
    pub fn hash(self) -> Hash {
        match self {
            Curve::P256 | Curve::BrainpoolP256 => Hash::Sha256,
            Curve::BrainpoolP384 | Curve::P384 => Hash::Sha384,
            Curve::Sm2 => Hash::Sm3,
        }
    }
    pub fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::BrainpoolP256 => "brainpoolP256r1",
            Curve::BrainpoolP384 => "brainpoolP384r1",
            Curve::P384 => "P-384",
            Curve::Sm2 => "SM2",
        }
    }
}

/// How a point is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    XOnly,
    Fill,
    Even,
    Odd,
    Full,
}

/// A point, as it stands. Whether it is on its curve is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointView<'a> {
    pub form: Form,
    /// x, or x and y.
    pub octets: &'a [u8],
}

impl<'a> PointView<'a> {
    fn read(c: &mut Cursor<'a>, size: usize) -> Result<PointView<'a>> {
        let (form, n) = match c.tag()? {
            0 => (Form::XOnly, size),
            1 => (Form::Fill, 0),
            2 => (Form::Even, size),
            3 => (Form::Odd, size),
            4 => (Form::Full, 2 * size),
            _ => return Err(c.fail(Why::Unknown)),
        };
        Ok(PointView { form, octets: c.take(n)? })
    }
    /// 02, 03 or 04 and the coordinates (SEC 1, 2.3.3). None without y.
    pub fn sec1(&self) -> Option<Vec<u8>> {
        let first = match self.form {
            Form::XOnly | Form::Fill => return None,
            Form::Even => 2,
            Form::Odd => 3,
            Form::Full => 4,
        };
        Some([&[first], self.octets].concat())
    }
}

/// A public key and its curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyView<'a> {
    pub curve: Curve,
    pub point: PointView<'a>,
}

/// Numbers of a signature: octets of r, which is the x of a point with ECDSA, and of s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureView<'a> {
    pub curve: Curve,
    pub r: &'a [u8],
    pub s: &'a [u8],
    /// r is written as it is hashed.
    canonical: bool,
}

/// What follows a tag of a choice whose first `root` alternatives are not extensions.
fn alternative<'a>(c: &mut Cursor<'a>, root: u8) -> Result<(u8, Option<Cursor<'a>>)> {
    let tag = c.tag()?;
    Ok((tag, if tag < root { None } else { Some(c.open()?) }))
}

impl<'a> KeyView<'a> {
    /// Reads a PublicVerificationKey.
    pub fn verification(c: &mut Cursor<'a>) -> Result<KeyView<'a>> {
        let (tag, open) = alternative(c, 2)?;
        let curve = *Curve::ALL.get(usize::from(tag)).ok_or_else(|| c.fail(Why::Unknown))?;
        KeyView::point(c, open, curve)
    }
    fn encryption(c: &mut Cursor<'a>) -> Result<KeyView<'a>> {
        let (tag, open) = alternative(c, 2)?;
        let curve = match tag {
            0 => Curve::P256,
            1 => Curve::BrainpoolP256,
            2 => Curve::Sm2,
            _ => return Err(c.fail(Why::Unknown)),
        };
        KeyView::point(c, open, curve)
    }
    fn point(c: &mut Cursor<'a>, open: Option<Cursor<'a>>, curve: Curve) -> Result<KeyView<'a>> {
        let point = match open {
            None => PointView::read(c, curve.size())?,
            Some(mut open) => {
                let point = PointView::read(&mut open, curve.size())?;
                open.finish()?;
                point
            }
        };
        Ok(KeyView { curve, point })
    }
    fn canonical(&self) -> bool {
        self.point.form != Form::Full
    }
}

impl<'a> SignatureView<'a> {
    /// Reads a Signature.
    pub fn read(c: &mut Cursor<'a>) -> Result<SignatureView<'a>> {
        let (tag, open) = alternative(c, 2)?;
        let curve = *Curve::ALL.get(usize::from(tag)).ok_or_else(|| c.fail(Why::Unknown))?;
        let Some(mut open) = open else { return SignatureView::numbers(c, curve) };
        let signature = SignatureView::numbers(&mut open, curve)?;
        open.finish()?;
        Ok(signature)
    }
    fn numbers(c: &mut Cursor<'a>, curve: Curve) -> Result<SignatureView<'a>> {
        let size = curve.size();
        let (r, canonical) = if curve == Curve::Sm2 {
            (c.take(size)?, true)
        } else {
            let point = PointView::read(c, size)?;
            let r = point.octets.get(..size).ok_or_else(|| c.fail(Why::Unknown))?;
            (r, point.form == Form::XOnly)
        };
        Ok(SignatureView { curve, r, s: c.take(size)?, canonical })
    }
}

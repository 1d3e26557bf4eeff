//! Points of SM2's curve y^2 = x^3 - 3x + b (GB/T 32918.5), in Jacobian coordinates: (X/Z^2, Y/Z^3).
//!
//! Formulas: Guide to Elliptic Curve Cryptography (Hankerson, Menezes, Vanstone), algorithms 3.21
//! (doubling, a = -3) and 3.22 (addition of an affine point); the general addition is 3.22 with both Z.

use crate::field::Fe;
use crate::scalar::Scalar;
use std::sync::LazyLock;

/// b of the curve, as a number, least limb first.
const B: Fe = Fe::from_limbs([
    0xddbc_bd41_4d94_0e93,
    0xf397_89f5_15ab_8f92,
    0x4d5a_9e4b_cf65_09a7,
    0x28e9_fa9e_9d9f_5e34,
]);
const GX: Fe = Fe::from_limbs([
    0x715a_4589_334c_74c7,
    0x8fe3_0bbf_f266_0be1,
    0x5f99_0446_6a39_c994,
    0x32c4_ae2c_1f19_8119,
]);
const GY: Fe = Fe::from_limbs([
    0x02df_32e5_2139_f0a0,
    0xd0a9_877c_c62a_4740,
    0x59bd_cee3_6b69_2153,
    0xbc37_36a2_f4f6_779c,
]);

/// Why octets are no point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointError {
    /// Neither 02, 03 with 32 octets nor 04 with 64.
    Form,
    /// A coordinate is not less than p.
    Range,
    /// There is no such point on the curve.
    OffCurve,
}

impl std::fmt::Display for PointError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PointError::Form => "is no point: 02 or 03 and 32 octets, or 04 and 64, are wanted",
            PointError::Range => "has a coordinate that is not less than the curve's prime",
            PointError::OffCurve => "is not on SM2's curve",
        })
    }
}
impl std::error::Error for PointError {}

/// A point other than the one at infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
}

fn right_side(x: &Fe) -> Fe {
    let cube = x.square().mul(x);
    cube.sub(&x.double().add(x)).add(&B)
}

impl Affine {
    pub const G: Affine = Affine { x: GX, y: GY };

    /// A point of two coordinates. It is checked to be on the curve.
    pub fn new(x: &[u8; 32], y: &[u8; 32]) -> Result<Affine, PointError> {
        let x = Fe::from_bytes(x).ok_or(PointError::Range)?;
        let y = Fe::from_bytes(y).ok_or(PointError::Range)?;
        if y.square() == right_side(&x) { Ok(Affine { x, y }) } else { Err(PointError::OffCurve) }
    }

    /// A point of its first coordinate and the parity of its second.
    pub fn decompress(x: &[u8; 32], odd: bool) -> Result<Affine, PointError> {
        let x = Fe::from_bytes(x).ok_or(PointError::Range)?;
        let y = right_side(&x).sqrt().ok_or(PointError::OffCurve)?;
        // y is not 0: the curve's order is odd
        Ok(Affine { x, y: if y.is_odd() == odd { y } else { y.neg() } })
    }

    /// Reads SEC 1's forms (section 2.3.4), compressed or not; hybrid ones are refused.
    pub fn from_sec1(octets: &[u8]) -> Result<Affine, PointError> {
        let (tag, rest) = octets.split_first().ok_or(PointError::Form)?;
        match (tag, rest.as_chunks::<32>()) {
            (2 | 3, ([x], [])) => Affine::decompress(x, *tag == 3),
            (4, ([x, y], [])) => Affine::new(x, y),
            _ => Err(PointError::Form),
        }
    }
    pub fn x(&self) -> [u8; 32] {
        self.x.to_bytes()
    }
    pub fn y(&self) -> [u8; 32] {
        self.y.to_bytes()
    }
    /// 04, x, y.
    pub fn uncompressed(&self) -> [u8; 65] {
        let mut out = [4; 65];
        out[1..33].copy_from_slice(&self.x());
        out[33..].copy_from_slice(&self.y());
        out
    }
    /// 02 or 03, x.
    pub fn compressed(&self) -> [u8; 33] {
        let mut out = [2 + u8::from(self.y.is_odd()); 33];
        out[1..].copy_from_slice(&self.x());
        out
    }
    fn neg(&self) -> Affine {
        Affine { x: self.x, y: self.y.neg() }
    }
}

/// A point, perhaps the one at infinity (Z = 0).
#[derive(Clone, Copy, Debug)]
pub struct Jacobian {
    pub x: Fe,
    pub y: Fe,
    pub z: Fe,
}

/// A summand with what additions need of its Z.
#[derive(Clone, Copy)]
pub(crate) struct Cached {
    p: Jacobian,
    zz: Fe,
    zzz: Fe,
}

impl From<Affine> for Jacobian {
    fn from(a: Affine) -> Jacobian {
        Jacobian { x: a.x, y: a.y, z: Fe::ONE }
    }
}

impl Jacobian {
    const INFINITY: Jacobian = Jacobian { x: Fe::ONE, y: Fe::ONE, z: Fe::ZERO };

    pub fn is_infinity(&self) -> bool {
        self.z.is_zero()
    }

    /// Twice the point; of the one at infinity again that.
    #[inline(always)]
    pub(crate) fn double(&self) -> Jacobian {
        let delta = self.z.square();
        let y2 = self.y.double();
        let z = y2.mul(&self.z);
        let s = y2.square();
        let t = self.x.sub(&delta).mul(&self.x.add(&delta));
        let m = t.double().add(&t);
        let v = s.mul(&self.x);
        let x = m.square().sub(&v.double());
        let y = m.mul(&v.sub(&x)).sub(&s.square().half());
        Jacobian { x, y, z }
    }

    #[inline]
    pub(crate) fn add_affine(&self, o: &Affine, negative: bool) -> Jacobian {
        let o = if negative { o.neg() } else { *o };
        if self.is_infinity() {
            return o.into();
        }
        let zz = self.z.square();
        let u = o.x.mul(&zz);
        let s = o.y.mul(&self.z).mul(&zz);
        self.finish(&self.x, &self.y, &u, &s, &self.z)
    }

    #[inline]
    pub(crate) fn add_cached(&self, o: &Cached, negative: bool) -> Jacobian {
        let y = if negative { o.p.y.neg() } else { o.p.y };
        if self.is_infinity() {
            return Jacobian { y, ..o.p };
        }
        if o.p.is_infinity() {
            return *self;
        }
        let zz = self.z.square();
        let u1 = self.x.mul(&o.zz);
        let s1 = self.y.mul(&o.zzz);
        let u2 = o.p.x.mul(&zz);
        let s2 = y.mul(&self.z).mul(&zz);
        self.finish(&u1, &s1, &u2, &s2, &self.z.mul(&o.p.z))
    }

    /// The sum of two points with x and y brought to a common denominator; `z` is the product of both Z.
    #[inline(always)]
    fn finish(&self, u1: &Fe, s1: &Fe, u2: &Fe, s2: &Fe, z: &Fe) -> Jacobian {
        let h = u2.sub(u1);
        let r = s2.sub(s1);
        if h.is_zero() {
            return if r.is_zero() { self.double() } else { Jacobian::INFINITY };
        }
        let hh = h.square();
        let hhh = hh.mul(&h);
        let v = u1.mul(&hh);
        let x = r.square().sub(&hhh).sub(&v.double());
        let y = r.mul(&v.sub(&x)).sub(&s1.mul(&hhh));
        Jacobian { x, y, z: z.mul(&h) }
    }

    pub(crate) fn cached(&self) -> Cached {
        let zz = self.z.square();
        Cached { p: *self, zz, zzz: zz.mul(&self.z) }
    }
}

/// Width of the digits for the base point: its odd multiples below 2^9 are kept, 16 KiB.
const W_G: u32 = 10;
/// Width of the digits for a key: eight odd multiples are worked out each time.
const W_P: u32 = 5;

static BASE: LazyLock<Vec<Affine>> = LazyLock::new(|| {
    let twice = Jacobian::from(Affine::G).double().cached();
    let mut all = vec![Jacobian::from(Affine::G)];
    while all.len() < 1 << (W_G - 2) {
        let last = all.last().copied().unwrap_or(Jacobian::INFINITY);
        all.push(last.add_cached(&twice, false));
    }
    // this runs once: an inversion each is well enough
    all.iter()
        .map(|p| {
            let i = p.z.invert();
            let ii = i.square();
            Affine { x: p.x.mul(&ii), y: p.y.mul(&ii).mul(&i) }
        })
        .collect()
});

/// s * G + t * P.
pub fn combined(s: &Scalar, t: &Scalar, p: &Affine) -> Jacobian {
    let base: &[Affine] = &BASE;
    let twice = Jacobian::from(*p).double().cached();
    let mut own = [Jacobian::from(*p).cached(); 1 << (W_P - 2)];
    for i in 1..own.len() {
        own[i] = own[i - 1].p.add_cached(&twice, false).cached();
    }
    let (mut ds, mut dt) = ([0; 257], [0; 257]);
    let n = s.wnaf(W_G, &mut ds).max(t.wnaf(W_P, &mut dt));
    let mut sum = Jacobian::INFINITY;
    for (d, e) in ds[..n].iter().zip(&dt[..n]).rev() {
        sum = sum.double();
        if *e != 0 {
            sum = sum.add_cached(&own[usize::from(e.unsigned_abs() >> 1)], *e < 0);
        }
        if *d != 0 {
            sum = sum.add_affine(&base[usize::from(d.unsigned_abs() >> 1)], *d < 0);
        }
    }
    sum
}

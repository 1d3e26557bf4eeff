//! Multiples of points by numbers that are used once: the ephemeral key of an encryption, the number a
//! butterfly key is moved by. No branch and no index depends on the number.
//!
//! Four bits of the number at a time, each looked up by reading the whole row of the table (Guide to
//! Elliptic Curve Cryptography, algorithms 3.41 and 3.44, without skipping zeros). Sums are those of a point in
//! Jacobian coordinates and an affine one. Their two exceptions do not occur: what was summed up before is
//! a smaller multiple than the one that is added (of G: of lower bits; of a point: sixteen times something,
//! and less than 16 are added), and the number is less than n. The point at infinity is left by selection.

use crate::field::Fe;
#[cfg(test)]
use crate::field::bytes;
use crate::point::{Affine, Jacobian};
use crate::scalar::{N, Scalar};
use std::hint::black_box;
use std::sync::LazyLock;

const DIGITS: usize = 64;
type Row = [Affine; 15];

/// d * 16^j * G for every digit d but 0: 60 KiB, made when they are first wanted.
static GENERATOR: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut base = Jacobian::from(Affine::G);
    let mut all = Vec::with_capacity(DIGITS);
    for _ in 0..DIGITS {
        all.push(row(&base));
        base = (0..4).fold(base, |p, _| p.double());
    }
    all
});

/// A point times 1 to 15. The point is no secret.
fn row(point: &Jacobian) -> Row {
    let step = point.cached();
    let mut all = [*point; 15];
    all[1] = point.double();
    for n in 2..15 {
        all[n] = all[n - 1].add_cached(&step, false);
    }
    affine(&all)
}

/// Affine forms of points other than infinity, by one inversion.
fn affine(points: &[Jacobian; 15]) -> Row {
    let mut before = [Fe::ONE; 15];
    for n in 1..15 {
        before[n] = before[n - 1].mul(&points[n - 1].z);
    }
    let mut rest = before[14].mul(&points[14].z).invert();
    let mut out = [Affine::G; 15];
    for n in (0..15).rev() {
        let i = rest.mul(&before[n]);
        rest = rest.mul(&points[n].z);
        let ii = i.square();
        out[n] = Affine { x: points[n].x.mul(&ii), y: points[n].y.mul(&ii).mul(&i) };
    }
    out
}

/// All bits set if `a` is `b`: both are below 16.
#[inline(always)]
fn same(a: u8, b: u8) -> u64 {
    black_box(u64::from((a ^ b).wrapping_sub(1) >> 7).wrapping_neg())
}

/// What stands at `digit` of a row, whatever for 0.
#[inline(always)]
fn look(row: &Row, digit: u8) -> Affine {
    let mut out = Affine { x: Fe::ZERO, y: Fe::ZERO };
    for (point, n) in row.iter().zip(1u8..) {
        let mask = same(n, digit);
        out.x.gather(&point.x, mask);
        out.y.gather(&point.y, mask);
    }
    out
}

/// A sum on its way: the point, and whether it is still the one at infinity (all bits, or none).
struct Sum(Jacobian, u64);

impl Sum {
    fn new() -> Sum {
        Sum(Jacobian { x: Fe::ONE, y: Fe::ONE, z: Fe::ZERO }, u64::MAX)
    }
    /// Formulas of `Jacobian::double`, with sums that never branch.
    #[inline(always)]
    fn double(&mut self) {
        let p = &self.0;
        let delta = p.z.square();
        let y2 = p.y.plus(&p.y);
        let z = y2.mul(&p.z);
        let s = y2.square();
        let t = p.x.minus(&delta).mul(&p.x.plus(&delta));
        let m = t.plus(&t).plus(&t);
        let v = s.mul(&p.x);
        let x = m.square().minus(&v.plus(&v));
        let y = m.mul(&v.minus(&x)).minus(&s.square().half());
        self.0 = Jacobian { x, y, z };
    }
    #[inline(always)]
    fn add(&mut self, row: &Row, digit: u8) {
        let o = look(row, digit);
        let Jacobian { x: x1, y: y1, z: z1 } = self.0;
        let zz = z1.square();
        let h = o.x.mul(&zz).minus(&x1);
        let r = o.y.mul(&z1).mul(&zz).minus(&y1);
        let hh = h.square();
        let hhh = hh.mul(&h);
        let v = x1.mul(&hh);
        let x = r.square().minus(&hhh).minus(&v.plus(&v));
        let y = r.mul(&v.minus(&x)).minus(&y1.mul(&hhh));
        let z = z1.mul(&h);
        let zero = same(digit, 0);
        let first = self.1 & !zero;
        let pick = |new: Fe, first_one: &Fe, old: &Fe| {
            let mut out = Fe::ZERO;
            out.gather(old, zero);
            out.gather(first_one, first);
            out.gather(&new, !zero & !first);
            out
        };
        self.0 = Jacobian { x: pick(x, &o.x, &x1), y: pick(y, &o.y, &y1), z: pick(z, &Fe::ONE, &z1) };
        self.1 &= zero;
    }
}

/// Digits of a number, the least first.
fn digits(number: &Scalar) -> impl DoubleEndedIterator<Item = u8> {
    let limbs = number.0;
    limbs.into_iter().flat_map(|limb| (0..16).map(move |n| (limb >> (4 * n)) as u8 & 15))
}

/// k * G, for k from 0 to n - 1.
pub(crate) fn of_generator(k: &Scalar) -> Jacobian {
    let mut sum = Sum::new();
    for (row, digit) in GENERATOR.iter().zip(digits(k)) {
        sum.add(row, digit);
    }
    sum.0
}

/// k * P, for k from 0 to n - 1.
pub(crate) fn of_point(point: &Affine, k: &Scalar) -> Jacobian {
    let row = row(&Jacobian::from(*point));
    let mut sum = Sum::new();
    for digit in digits(k).rev() {
        for _ in 0..4 {
            sum.double();
        }
        sum.add(&row, digit);
    }
    sum.0
}

/// `None` for the point at infinity.
pub(crate) fn to_affine(point: &Jacobian) -> Option<Affine> {
    if point.is_infinity() {
        return None;
    }
    let i = point.z.invert();
    let ii = i.square();
    Some(Affine { x: point.x.mul(&ii), y: point.y.mul(&ii).mul(&i) })
}

impl Affine {
    /// This point moved by a number times G, as butterfly keys are; `None` if that is the point at infinity, or
    /// the number is not less than n.
    pub fn moved(&self, by: &[u8; 32]) -> Option<Affine> {
        let by = Scalar::below_n(by)?;
        to_affine(&of_generator(&by).add_affine(self, false))
    }
}

impl Scalar {
    /// A number less than n, taken without a branch on what it is but for whether it is in range.
    pub(crate) fn below_n(octets: &[u8; 32]) -> Option<Scalar> {
        let limbs = crate::field::limbs(octets);
        let mut borrow = false;
        for (a, b) in limbs.iter().zip(N) {
            (_, borrow) = a.borrowing_sub(b, borrow);
        }
        borrow.then_some(Scalar(limbs))
    }
    #[cfg(test)]
    fn octets(&self) -> [u8; 32] {
        bytes(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sm2::elliptic_curve::sec1::ToSec1Point;
    use sm2::elliptic_curve::{Group, PrimeField};

    fn theirs(point: sm2::ProjectivePoint) -> Vec<u8> {
        point.to_affine().to_sec1_point(false).as_bytes().to_vec()
    }
    fn ours(point: &Jacobian) -> Vec<u8> {
        to_affine(point).map_or(vec![0], |p| p.uncompressed().to_vec())
    }
    /// Numbers of chosen form: sparse, runs of ones, near to 0 and to n.
    fn number() -> impl Strategy<Value = [u8; 32]> {
        let near = |n: u64, below: bool| {
            let limb = Scalar([n, 0, 0, 0]);
            if below { Scalar([0; 4]).sub(&limb).octets() } else { limb.octets() }
        };
        prop_oneof![
            any::<[u8; 32]>(),
            (0u64..40, any::<bool>()).prop_map(move |(n, below)| near(n, below)),
            (0u32..256, 0u32..256).prop_map(|(a, b)| {
                let mut out = [0; 32];
                for bit in a.min(b)..a.max(b) {
                    out[31 - bit as usize / 8] |= 1 << (bit % 8);
                }
                out
            }),
        ]
    }

    proptest! {
        #[test]
        fn multiples_are_those_of_rustcrypto(k in number(), p in number()) {
            let Some(own) = Scalar::below_n(&k) else {
                prop_assert!(bool::from(sm2::Scalar::from_repr(k.into()).is_none()));
                return Ok(());
            };
            let their = sm2::Scalar::from_repr(k.into()).unwrap();
            prop_assert_eq!(ours(&of_generator(&own)), theirs(sm2::ProjectivePoint::mul_by_generator(&their)));
            let Some(p) = sm2::Scalar::from_repr(p.into()).into_option() else { return Ok(()) };
            let base = sm2::ProjectivePoint::mul_by_generator(&p);
            let Ok(point) = Affine::from_sec1(&theirs(base)) else { return Ok(()) };
            prop_assert_eq!(ours(&of_point(&point, &own)), theirs(base * their));
            let moved = base + sm2::ProjectivePoint::mul_by_generator(&their);
            prop_assert_eq!(point.moved(&k).map_or(vec![0], |p| p.uncompressed().to_vec()), theirs(moved));
        }

        #[test]
        fn sums_without_branches_are_sums(a: [u8; 32], b: [u8; 32]) {
            let (Some(a), Some(b)) = (Fe::from_bytes(&a), Fe::from_bytes(&b)) else { return Ok(()) };
            prop_assert_eq!(a.plus(&b), a.add(&b));
            prop_assert_eq!(a.minus(&b), a.sub(&b));
        }
    }
}

//! Numbers modulo the order n of SM2's base point, as far as verification needs them: sums only.

#[cfg(test)]
use crate::field::bytes;
use crate::field::{less, limbs};

/// n, least limb first (GB/T 32918.5).
pub const N: [u64; 4] =
    [0x53bb_f409_39d5_4123, 0x7203_df6b_21c6_052b, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

/// A number less than n, limbs least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar(pub [u64; 4]);

fn sum(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let mut out = [0; 4];
    let mut carry = false;
    for ((o, x), y) in out.iter_mut().zip(a).zip(b) {
        (*o, carry) = x.carrying_add(*y, carry);
    }
    (out, carry)
}
fn difference(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let mut out = [0; 4];
    let mut borrow = false;
    for ((o, x), y) in out.iter_mut().zip(a).zip(b) {
        (*o, borrow) = x.borrowing_sub(*y, borrow);
    }
    (out, borrow)
}

impl Scalar {
    /// `None` unless it is from 1 to n - 1, as parts of a signature have to be.
    pub fn of_signature(octets: &[u8; 32]) -> Option<Scalar> {
        let limbs = limbs(octets);
        (less(&limbs, &N) && limbs != [0; 4]).then_some(Scalar(limbs))
    }
    /// Any 256 bits, modulo n (2^256 < 2n).
    pub fn of_digest(octets: &[u8; 32]) -> Scalar {
        let limbs = limbs(octets);
        Scalar(if less(&limbs, &N) { limbs } else { difference(&limbs, &N).0 })
    }
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 4]
    }
    pub fn add(&self, o: &Scalar) -> Scalar {
        let (s, carry) = sum(&self.0, &o.0);
        Scalar(if carry || !less(&s, &N) { difference(&s, &N).0 } else { s })
    }
    pub fn sub(&self, o: &Scalar) -> Scalar {
        let (d, borrow) = difference(&self.0, &o.0);
        Scalar(if borrow { sum(&d, &N).0 } else { d })
    }
    /// This plus n, if that is less than 2^256.
    pub fn plus_n(&self) -> Option<[u64; 4]> {
        let (s, carry) = sum(&self.0, &N);
        (!carry).then_some(s)
    }
    #[cfg(test)]
    pub fn to_bytes(self) -> [u8; 32] {
        bytes(&self.0)
    }

    /// Signed digits of width `w` (2 to 15), least first: each is 0 or odd and less than 2^(w-1) in size, and of
    /// `w` digits in a row at most one is not 0. Returns how many digits there are.
    pub fn wnaf(&self, w: u32, out: &mut [i16; 257]) -> usize {
        let [a, b, c, d] = self.0;
        // one limb more: a negative digit adds to what is left
        let mut k = [a, b, c, d, 0];
        let (mask, half) = ((1u64 << w) - 1, 1i64 << (w - 1));
        let (mut at, mut used) = (0usize, 0usize);
        *out = [0; 257];
        while k != [0; 5] && at < out.len() {
            if k[0] & 1 == 0 {
                let skip = if k[0] == 0 { 63 } else { k[0].trailing_zeros().min(63) };
                shift(&mut k, skip);
                at += skip as usize;
                continue;
            }
            let mut digit = (k[0] & mask) as i64;
            if digit >= half {
                digit -= 1 << w;
            }
            out[at] = digit as i16;
            used = at + 1;
            if digit >= 0 {
                k[0] -= digit as u64; // it is the low bits: nothing is borrowed
            } else {
                let mut carry = digit.unsigned_abs();
                for limb in &mut k {
                    let over;
                    (*limb, over) = limb.overflowing_add(carry);
                    carry = u64::from(over);
                }
            }
            shift(&mut k, w);
            at += w as usize;
        }
        used
    }
}

/// Shifts right by less than 64 bits.
fn shift(k: &mut [u64; 5], by: u32) {
    if by == 0 {
        return;
    }
    for i in 0..4 {
        k[i] = (k[i] >> by) | (k[i + 1] << (64 - by));
    }
    k[4] >>= by;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The sum of digits times their powers, by doubling modulo n from the top.
    fn value(digits: &[i16]) -> Scalar {
        let one = |d: i16| {
            let mut limbs = [0; 4];
            limbs[0] = u64::from(d.unsigned_abs());
            Scalar(limbs)
        };
        digits.iter().rev().fold(Scalar([0; 4]), |sum, d| {
            let twice = sum.add(&sum);
            if *d < 0 { twice.sub(&one(*d)) } else { twice.add(&one(*d)) }
        })
    }

    proptest! {
        #[test]
        fn digits_are_the_number(octets: [u8; 32], w in 2u32..11) {
            let k = Scalar::of_digest(&octets);
            let mut digits = [0; 257];
            let n = k.wnaf(w, &mut digits);
            prop_assert_eq!(value(&digits[..n]), k);
            for (i, d) in digits.iter().enumerate().filter(|(_, d)| **d != 0) {
                prop_assert!(d % 2 != 0 && i32::from(*d).abs() < 1 << (w - 1));
                prop_assert!(digits[i + 1..].iter().take(w as usize - 1).all(|d| *d == 0));
            }
        }
        #[test]
        fn sums_and_differences_undo_each_other(a: [u8; 32], b: [u8; 32]) {
            let (a, b) = (Scalar::of_digest(&a), Scalar::of_digest(&b));
            prop_assert_eq!(a.add(&b).sub(&b), a);
            prop_assert_eq!(a.sub(&b).add(&b), a);
        }
    }

    #[test]
    fn edges() {
        let top = Scalar(N).sub(&Scalar([1, 0, 0, 0]));
        let mut digits = [0; 257];
        for w in [2, 5, 10] {
            let n = top.wnaf(w, &mut digits);
            assert_eq!(value(&digits[..n]), top);
        }
        assert!(Scalar::of_signature(&bytes(&N)).is_none());
        assert!(Scalar::of_signature(&[0; 32]).is_none());
        assert_eq!(Scalar::of_signature(&top.to_bytes()), Some(top));
        assert!(Scalar::of_digest(&bytes(&N)).is_zero());
        assert_eq!(Scalar([0; 4]).plus_n(), Some(N));
        assert_eq!(top.plus_n(), None);
    }
}

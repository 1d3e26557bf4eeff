//! Numbers modulo the prime of SM2's curve, p = 2^256 - 2^224 - 2^96 + 2^64 - 1 (GB/T 32918.5), in
//! Montgomery's form with R = 2^256.
//!
//! As p = -1 modulo 2^64, a step of the reduction adds m*p for the lowest limb m itself, and a
//! multiple of p is made by shifts. Time varies with nothing but the branches of callers, yet no claim
//! is made: only public data comes here.

/// An element, in Montgomery's form, less than p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fe(pub [u64; 4]);

/// p, least limb first.
pub const P: [u64; 4] =
    [0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

/// R modulo p: one.
const ONE: [u64; 4] = [1, 0x0000_0000_ffff_ffff, 0, 0x0000_0001_0000_0000];

/// R^2 modulo p.
const R2: [u64; 4] =
    [0x0000_0002_0000_0003, 0x0000_0002_ffff_ffff, 0x0000_0001_0000_0001, 0x0000_0004_0000_0002];

#[inline(always)]
const fn adc(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let t = a as u128 + b as u128 + carry as u128;
    (t as u64, (t >> 64) as u64)
}
#[inline(always)]
const fn sbb(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let t = (a as u128).wrapping_sub(b as u128 + borrow as u128);
    (t as u64, (t >> 64) as u64 & 1)
}
#[inline(always)]
const fn mac(acc: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let t = acc as u128 + a as u128 * b as u128 + carry as u128;
    (t as u64, (t >> 64) as u64)
}

/// Takes p off `r` (with `carry` as its fifth limb) if it is not less.
#[inline(always)]
const fn less_p(r: [u64; 4], carry: u64) -> [u64; 4] {
    let (s0, b) = sbb(r[0], P[0], 0);
    let (s1, b) = sbb(r[1], P[1], b);
    let (s2, b) = sbb(r[2], P[2], b);
    let (s3, b) = sbb(r[3], P[3], b);
    let (_, b) = sbb(carry, 0, b);
    // all ones where the difference is negative
    let keep = 0u64.wrapping_sub(b);
    [
        (r[0] & keep) | (s0 & !keep),
        (r[1] & keep) | (s1 & !keep),
        (r[2] & keep) | (s2 & !keep),
        (r[3] & keep) | (s3 & !keep),
    ]
}

/// One step of Montgomery's reduction: (r + r[0] * p) / 2^64, which is less than 2^256.
#[inline(always)]
const fn step(r: [u64; 4]) -> [u64; 4] {
    let m = r[0];
    let (low, high) = (m << 32, m >> 32);
    let (v0, b) = sbb(m, low, 0);
    let (v1, b) = sbb(0, high, b);
    let (v2, b) = sbb(0, low, b);
    let (v3, _) = sbb(m, high, b);
    let (r0, c) = adc(r[1], v0, 0);
    let (r1, c) = adc(r[2], v1, c);
    let (r2, c) = adc(r[3], v2, c);
    [r0, r1, r2, v3.wrapping_add(c)]
}

/// The product of eight limbs divided by R, modulo p. The product must be less than p * R.
#[inline(always)]
const fn reduce(t: [u64; 8]) -> Fe {
    let low = step(step(step(step([t[0], t[1], t[2], t[3]]))));
    let (r0, c) = adc(low[0], t[4], 0);
    let (r1, c) = adc(low[1], t[5], c);
    let (r2, c) = adc(low[2], t[6], c);
    let (r3, c) = adc(low[3], t[7], c);
    Fe(less_p([r0, r1, r2, r3], c))
}

impl Fe {
    pub const ZERO: Fe = Fe([0; 4]);
    pub const ONE: Fe = Fe(ONE);

    /// The number of 32 octets, most significant first; `None` if it is not less than p.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Fe> {
        let limbs = limbs(bytes);
        less(&limbs, &P).then(|| Fe::from_limbs(limbs))
    }
    /// Takes a number less than p.
    pub const fn from_limbs(limbs: [u64; 4]) -> Fe {
        Fe(limbs).mul(&Fe(R2))
    }
    /// The number itself.
    pub const fn to_limbs(self) -> [u64; 4] {
        let [a, b, c, d] = self.0;
        reduce([a, b, c, d, 0, 0, 0, 0]).0
    }
    pub fn to_bytes(self) -> [u8; 32] {
        bytes(&self.to_limbs())
    }
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 4]
    }
    /// True if the number itself is odd.
    pub fn is_odd(&self) -> bool {
        self.to_limbs()[0] & 1 == 1
    }

    #[inline(always)]
    pub const fn add(&self, o: &Fe) -> Fe {
        let (a, b) = (&self.0, &o.0);
        let (r0, c) = adc(a[0], b[0], 0);
        let (r1, c) = adc(a[1], b[1], c);
        let (r2, c) = adc(a[2], b[2], c);
        let (r3, c) = adc(a[3], b[3], c);
        Fe(less_p([r0, r1, r2, r3], c))
    }
    #[inline(always)]
    pub const fn double(&self) -> Fe {
        self.add(self)
    }
    #[inline(always)]
    pub const fn sub(&self, o: &Fe) -> Fe {
        let (a, b) = (&self.0, &o.0);
        let (r0, w) = sbb(a[0], b[0], 0);
        let (r1, w) = sbb(a[1], b[1], w);
        let (r2, w) = sbb(a[2], b[2], w);
        let (r3, w) = sbb(a[3], b[3], w);
        let mask = 0u64.wrapping_sub(w);
        let (r0, c) = adc(r0, P[0] & mask, 0);
        let (r1, c) = adc(r1, P[1] & mask, c);
        let (r2, c) = adc(r2, P[2] & mask, c);
        let (r3, _) = adc(r3, P[3] & mask, c);
        Fe([r0, r1, r2, r3])
    }
    pub const fn neg(&self) -> Fe {
        Fe::ZERO.sub(self)
    }

    #[inline(always)]
    pub const fn mul(&self, o: &Fe) -> Fe {
        let (a, b) = (&self.0, &o.0);
        let (t0, c) = mac(0, a[0], b[0], 0);
        let (t1, c) = mac(0, a[0], b[1], c);
        let (t2, c) = mac(0, a[0], b[2], c);
        let (t3, t4) = mac(0, a[0], b[3], c);
        let (t1, c) = mac(t1, a[1], b[0], 0);
        let (t2, c) = mac(t2, a[1], b[1], c);
        let (t3, c) = mac(t3, a[1], b[2], c);
        let (t4, t5) = mac(t4, a[1], b[3], c);
        let (t2, c) = mac(t2, a[2], b[0], 0);
        let (t3, c) = mac(t3, a[2], b[1], c);
        let (t4, c) = mac(t4, a[2], b[2], c);
        let (t5, t6) = mac(t5, a[2], b[3], c);
        let (t3, c) = mac(t3, a[3], b[0], 0);
        let (t4, c) = mac(t4, a[3], b[1], c);
        let (t5, c) = mac(t5, a[3], b[2], c);
        let (t6, t7) = mac(t6, a[3], b[3], c);
        reduce([t0, t1, t2, t3, t4, t5, t6, t7])
    }
    #[inline(always)]
    pub const fn square(&self) -> Fe {
        let a = &self.0;
        // products of different limbs, once
        let (t1, c) = mac(0, a[0], a[1], 0);
        let (t2, c) = mac(0, a[0], a[2], c);
        let (t3, t4) = mac(0, a[0], a[3], c);
        let (t3, c) = mac(t3, a[1], a[2], 0);
        let (t4, t5) = mac(t4, a[1], a[3], c);
        let (t5, t6) = mac(t5, a[2], a[3], 0);
        // doubled
        let t7 = t6 >> 63;
        let t6 = (t6 << 1) | (t5 >> 63);
        let t5 = (t5 << 1) | (t4 >> 63);
        let t4 = (t4 << 1) | (t3 >> 63);
        let t3 = (t3 << 1) | (t2 >> 63);
        let t2 = (t2 << 1) | (t1 >> 63);
        let t1 = t1 << 1;
        // and the squares
        let (t0, c) = mac(0, a[0], a[0], 0);
        let (t1, c) = adc(t1, c, 0);
        let (s, h) = mac(t2, a[1], a[1], c);
        let (t2, c) = (s, h);
        let (t3, c) = adc(t3, c, 0);
        let (t4, c) = mac(t4, a[2], a[2], c);
        let (t5, c) = adc(t5, c, 0);
        let (t6, c) = mac(t6, a[3], a[3], c);
        let t7 = t7.wrapping_add(c);
        reduce([t0, t1, t2, t3, t4, t5, t6, t7])
    }
    /// Squares `n` times.
    fn squares(&self, n: u32) -> Fe {
        (0..n).fold(*self, |x, _| x.square())
    }

    /// A square root: a^((p+1)/4), as p = 3 modulo 4; `None` if there is none.
    ///
    /// (p+1)/4 = 2^254 - 2^222 - 2^94 + 2^62: in bits 31 ones, a zero, 128 - 1 ones, zeros, a one and 62
    /// zeros, made of runs of ones.
    pub fn sqrt(&self) -> Option<Fe> {
        let x1 = *self;
        let x2 = x1.squares(1).mul(&x1);
        let x3 = x2.squares(1).mul(&x1);
        let x6 = x3.squares(3).mul(&x3);
        let x12 = x6.squares(6).mul(&x6);
        let x15 = x12.squares(3).mul(&x3);
        let x30 = x15.squares(15).mul(&x15);
        let x31 = x30.squares(1).mul(&x1);
        let x32 = x31.squares(1).mul(&x1);
        let x64 = x32.squares(32).mul(&x32);
        let x128 = x64.squares(64).mul(&x64);
        // bits from the top: 31 ones, one zero, 128 ones, 31 zeros, a one, 62 zeros
        let y = x31.squares(129).mul(&x128);
        let y = y.squares(32).mul(&x1);
        let root = y.squares(62);
        (root.square() == *self).then_some(root)
    }

    /// 1/a, and 0 for 0: a^(p-2).
    pub fn invert(&self) -> Fe {
        let mut exponent = P;
        exponent[0] -= 2;
        let mut out = Fe::ONE;
        for limb in exponent.iter().rev() {
            for bit in (0..64).rev() {
                out = out.square();
                if limb >> bit & 1 == 1 {
                    out = out.mul(self);
                }
            }
        }
        out
    }
}

/// Octets, most significant first, to limbs, least first.
pub fn limbs(bytes: &[u8; 32]) -> [u64; 4] {
    let mut out = [0; 4];
    for (limb, chunk) in out.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*chunk);
    }
    out
}

/// Limbs, least first, to octets, most significant first.
pub fn bytes(limbs: &[u64; 4]) -> [u8; 32] {
    let mut out = [0; 32];
    for (chunk, limb) in out.as_chunks_mut::<8>().0.iter_mut().zip(limbs.iter().rev()) {
        *chunk = limb.to_be_bytes();
    }
    out
}

/// a < b.
pub fn less(a: &[u64; 4], b: &[u64; 4]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn element() -> impl Strategy<Value = Fe> {
        any::<[u8; 32]>().prop_map(|mut octets| {
            octets[0] &= 0x7f; // less than p
            Fe::from_bytes(&octets).unwrap_or(Fe::ONE)
        })
    }

    proptest! {
        #[test]
        fn is_a_field(a in element(), b in element(), c in element()) {
            prop_assert_eq!(a.mul(&b), b.mul(&a));
            prop_assert_eq!(a.mul(&b.add(&c)), a.mul(&b).add(&a.mul(&c)));
            prop_assert_eq!(a.sub(&b).add(&b), a);
            prop_assert_eq!(a.square(), a.mul(&a));
            prop_assert_eq!(a.neg().add(&a), Fe::ZERO);
            if !a.is_zero() {
                prop_assert_eq!(a.mul(&a.invert()), Fe::ONE);
            }
        }
        #[test]
        fn roots(a in element()) {
            let root = a.square().sqrt();
            prop_assert!(root == Some(a) || root == Some(a.neg()));
            // -1 is no square, as p = 3 modulo 4
            prop_assert!(a.is_zero() || a.square().neg().sqrt().is_none());
        }
        #[test]
        fn octets_and_back(octets: [u8; 32]) {
            match Fe::from_bytes(&octets) {
                Some(a) => prop_assert_eq!(a.to_bytes(), octets),
                None => prop_assert!(!less(&limbs(&octets), &P)),
            }
        }
    }

    #[test]
    fn the_prime_is_not_an_element() {
        assert_eq!(Fe::from_bytes(&bytes(&P)), None);
        let mut last = P;
        last[0] -= 1;
        assert_eq!(Fe::from_bytes(&bytes(&last)).map(|a| a.add(&Fe::ONE)), Some(Fe::ZERO));
    }
}

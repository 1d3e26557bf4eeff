//! Numbers modulo the prime of SM2's curve, p = 2^256 - 2^224 - 2^96 + 2^64 - 1 (GB/T 32918.5), in
//! Montgomery's form with R = 2^256.
//!
//! As p = -1 modulo 2^64, a step of the reduction adds m*p for the lowest limb m itself, and a
//! multiple of p is made by shifts. Elements are any numbers below 2^256, not below p: p is taken off
//! where a carry says so, which saves a comparison each time; equality and octets look at the least
//! form. Time varies with what is worked on, but for `mul`, `square`, `half`, `invert`, `plus`, `minus` and
//! `gather`: where a number is not public, these alone are used.

/// An element, in Montgomery's form: any number below 2^256 that is the element modulo p.
#[derive(Clone, Copy, Debug)]
pub struct Fe([u64; 4]);

/// p, least limb first.
pub const P: [u64; 4] =
    [0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

/// R modulo p: one.
const ONE: [u64; 4] = [1, 0x0000_0000_ffff_ffff, 0, 0x0000_0001_0000_0000];

/// R^2 modulo p.
const R2: [u64; 4] =
    [0x0000_0002_0000_0003, 0x0000_0002_ffff_ffff, 0x0000_0001_0000_0001, 0x0000_0004_0000_0002];

// as `carrying_add` and `borrowing_sub` of `u64`, which constants may not use yet
#[inline(always)]
const fn adc(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (r, over) = a.overflowing_add(b);
    let (r, again) = r.overflowing_add(carry as u64);
    (r, over | again)
}
#[inline(always)]
const fn sbb(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (r, under) = a.overflowing_sub(b);
    let (r, again) = r.overflowing_sub(borrow as u64);
    (r, under | again)
}

/// The sum modulo 2^256, and whether it is larger.
#[inline(always)]
const fn sum(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let (r0, c) = adc(a[0], b[0], false);
    let (r1, c) = adc(a[1], b[1], c);
    let (r2, c) = adc(a[2], b[2], c);
    let (r3, c) = adc(a[3], b[3], c);
    ([r0, r1, r2, r3], c)
}

/// The difference modulo 2^256, and whether it is below 0.
#[inline(always)]
const fn difference(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let (r0, w) = sbb(a[0], b[0], false);
    let (r1, w) = sbb(a[1], b[1], w);
    let (r2, w) = sbb(a[2], b[2], w);
    let (r3, w) = sbb(a[3], b[3], w);
    ([r0, r1, r2, r3], w)
}

/// p if `wanted`, else 0.
#[inline(always)]
const fn p_if(wanted: bool) -> [u64; 4] {
    let mask = (wanted as u64).wrapping_neg();
    [mask, P[1] & mask, mask, P[3] & mask]
}

/// A sum of less than 2^257, `carry` being its top bit, as an element.
#[inline(always)]
const fn below(r: [u64; 4], carry: bool) -> Fe {
    let (r, borrow) = difference(&r, &p_if(carry));
    if carry && !borrow {
        return Fe(difference(&r, &P).0); // once in 2^32 times: p is near to 2^256
    }
    Fe(r)
}

/// One step of Montgomery's reduction: (r + r[0] * p) / 2^64, which is less than 2^256.
#[inline(always)]
const fn step(r: [u64; 4]) -> [u64; 4] {
    let m = r[0];
    // m * p = m * 2^256 - m * 2^224 - m * 2^96 + m * 2^64 - m
    let (more, _) = sum(&[r[1], r[2], r[3], m], &[m, 0, 0, 0]);
    let (low, high) = (m << 32, m >> 32);
    difference(&more, &[low, high, low, high]).0
}

/// The product of eight limbs divided by R, modulo p.
#[inline(always)]
const fn reduce(t: [u64; 8]) -> Fe {
    // at most p, as the four limbs and the multiple of p that is added are below R and R * p
    let low = step(step(step(step([t[0], t[1], t[2], t[3]]))));
    let (r, carry) = sum(&low, &[t[4], t[5], t[6], t[7]]);
    // less than R + p: after p is taken off for a carry it is an element
    Fe(difference(&r, &p_if(carry)).0)
}

/// Three limbs, to which products are added column by column.
#[derive(Clone, Copy)]
struct Column(u64, u64, u64);

impl Column {
    #[inline(always)]
    const fn add(self, a: u64, b: u64) -> Column {
        let product = a as u128 * b as u128;
        let (c0, c) = adc(self.0, product as u64, false);
        let (c1, c) = adc(self.1, (product >> 64) as u64, c);
        Column(c0, c1, self.2.wrapping_add(c as u64))
    }
    /// The lowest limb, and the column that follows.
    #[inline(always)]
    const fn next(self) -> (u64, Column) {
        (self.0, Column(self.1, self.2, 0))
    }
}

#[inline(always)]
const fn squared(a: u64) -> (u64, u64) {
    let square = a as u128 * a as u128;
    (square as u64, (square >> 64) as u64)
}

impl PartialEq for Fe {
    fn eq(&self, o: &Fe) -> bool {
        self.least() == o.least()
    }
}
impl Eq for Fe {}

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
        reduce([a, b, c, d, 0, 0, 0, 0]).least()
    }
    pub fn to_bytes(self) -> [u8; 32] {
        bytes(&self.to_limbs())
    }
    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 4] || self.0 == P
    }
    /// Limbs of the form below p.
    const fn least(&self) -> [u64; 4] {
        let (r, borrow) = difference(&self.0, &P);
        if borrow { self.0 } else { r }
    }
    /// True if the number itself is odd.
    pub fn is_odd(&self) -> bool {
        self.to_limbs()[0] & 1 == 1
    }

    #[inline(always)]
    pub const fn add(&self, o: &Fe) -> Fe {
        let (r, carry) = sum(&self.0, &o.0);
        below(r, carry)
    }
    #[inline(always)]
    pub const fn double(&self) -> Fe {
        self.add(self)
    }
    #[inline(always)]
    pub const fn sub(&self, o: &Fe) -> Fe {
        let (r, borrow) = difference(&self.0, &o.0);
        let (r, carry) = sum(&r, &p_if(borrow));
        if borrow && !carry {
            return Fe(sum(&r, &P).0); // as rare as in `below`
        }
        Fe(r)
    }
    /// As `add`, without a branch.
    #[inline(always)]
    pub const fn plus(&self, o: &Fe) -> Fe {
        let (r, carry) = sum(&self.0, &o.0);
        let (r, borrow) = difference(&r, &p_if(carry));
        Fe(difference(&r, &p_if(carry & !borrow)).0)
    }
    /// As `sub`, without a branch.
    #[inline(always)]
    pub const fn minus(&self, o: &Fe) -> Fe {
        let (r, borrow) = difference(&self.0, &o.0);
        let (r, carry) = sum(&r, &p_if(borrow));
        Fe(sum(&r, &p_if(borrow & !carry)).0)
    }
    /// Sets the bits of `o` that are in `mask`, which is all or none.
    #[inline(always)]
    pub fn gather(&mut self, o: &Fe, mask: u64) {
        for (a, b) in self.0.iter_mut().zip(o.0) {
            *a |= b & mask;
        }
    }
    pub const fn neg(&self) -> Fe {
        Fe::ZERO.sub(self)
    }
    /// Half of it: of itself or of itself plus p, whichever is even.
    #[inline(always)]
    pub const fn half(&self) -> Fe {
        let ([a, b, c, d], carry) = sum(&self.0, &p_if(self.0[0] & 1 == 1));
        Fe([a >> 1 | b << 63, b >> 1 | c << 63, c >> 1 | d << 63, d >> 1 | (carry as u64) << 63])
    }

    #[inline(always)]
    pub const fn mul(&self, o: &Fe) -> Fe {
        let (a, b) = (&self.0, &o.0);
        let (t0, c) = Column(0, 0, 0).add(a[0], b[0]).next();
        let (t1, c) = c.add(a[0], b[1]).add(a[1], b[0]).next();
        let (t2, c) = c.add(a[0], b[2]).add(a[1], b[1]).add(a[2], b[0]).next();
        let (t3, c) = c.add(a[0], b[3]).add(a[1], b[2]).add(a[2], b[1]).add(a[3], b[0]).next();
        let (t4, c) = c.add(a[1], b[3]).add(a[2], b[2]).add(a[3], b[1]).next();
        let (t5, c) = c.add(a[2], b[3]).add(a[3], b[2]).next();
        let (t6, c) = c.add(a[3], b[3]).next();
        reduce([t0, t1, t2, t3, t4, t5, t6, c.0])
    }
    #[inline(always)]
    pub const fn square(&self) -> Fe {
        let a = &self.0;
        // products of different limbs, once
        let (t1, c) = Column(0, 0, 0).add(a[0], a[1]).next();
        let (t2, c) = c.add(a[0], a[2]).next();
        let (t3, c) = c.add(a[0], a[3]).add(a[1], a[2]).next();
        let (t4, c) = c.add(a[1], a[3]).next();
        let (t5, c) = c.add(a[2], a[3]).next();
        let t6 = c.0;
        // doubled
        let t7 = t6 >> 63;
        let t6 = t6 << 1 | t5 >> 63;
        let t5 = t5 << 1 | t4 >> 63;
        let t4 = t4 << 1 | t3 >> 63;
        let t3 = t3 << 1 | t2 >> 63;
        let t2 = t2 << 1 | t1 >> 63;
        let t1 = t1 << 1;
        // and the squares
        let [s0, s1, s2, s3] = [squared(a[0]), squared(a[1]), squared(a[2]), squared(a[3])];
        let (t1, c) = adc(t1, s0.1, false);
        let (t2, c) = adc(t2, s1.0, c);
        let (t3, c) = adc(t3, s1.1, c);
        let (t4, c) = adc(t4, s2.0, c);
        let (t5, c) = adc(t5, s2.1, c);
        let (t6, c) = adc(t6, s3.0, c);
        let (t7, _) = adc(t7, s3.1, c);
        reduce([s0.0, t1, t2, t3, t4, t5, t6, t7])
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

    /// Any form: random, or limbs at an end, so that carries go far and p is taken off twice.
    fn element() -> impl Strategy<Value = Fe> {
        let limb = prop_oneof![Just(0), Just(u64::MAX), Just(P[1]), Just(P[3]), Just(1u64 << 32), 0u64..4];
        prop_oneof![any::<[u64; 4]>(), [limb.clone(), limb.clone(), limb.clone(), limb]].prop_map(Fe)
    }

    /// a * b modulo p, bit by bit, by sums that know nothing of carries.
    fn slow(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let twice = |x: [u64; 4]| plain_sum(x, x);
        let mut out = [0; 4];
        for i in (0..256).rev() {
            out = twice(out);
            if b[i / 64] >> (i % 64) & 1 == 1 {
                out = plain_sum(out, *a);
            }
        }
        out
    }
    /// Of two numbers below p, as one below p.
    fn plain_sum(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
        let mut out = [0; 4];
        let mut carry = 0u128;
        for i in 0..4 {
            carry += u128::from(a[i]) + u128::from(b[i]);
            out[i] = carry as u64;
            carry >>= 64;
        }
        if carry == 0 && less(&out, &P) {
            return out;
        }
        let mut borrow = 0i128;
        for i in 0..4 {
            borrow += i128::from(out[i]) - i128::from(P[i]);
            out[i] = borrow as u64;
            borrow >>= 64;
        }
        out
    }

    proptest! {
        #[test]
        fn is_a_field(a in element(), b in element(), c in element()) {
            prop_assert_eq!(a.mul(&b), b.mul(&a));
            prop_assert_eq!(a.mul(&b.add(&c)), a.mul(&b).add(&a.mul(&c)));
            prop_assert_eq!(a.sub(&b).add(&b), a);
            prop_assert_eq!(a.square(), a.mul(&a));
            prop_assert_eq!(a.neg().add(&a), Fe::ZERO);
            prop_assert_eq!(a.half().double(), a);
            prop_assert_eq!(a.double(), a.add(&a));
            if !a.is_zero() {
                prop_assert_eq!(a.mul(&a.invert()), Fe::ONE);
            }
        }
        #[test]
        fn agrees_with_sums_bit_by_bit(a in element(), b in element()) {
            let (x, y) = (a.to_limbs(), b.to_limbs());
            prop_assert_eq!(a.mul(&b).to_limbs(), slow(&x, &y));
            prop_assert_eq!(a.square().to_limbs(), slow(&x, &x));
            prop_assert_eq!(a.add(&b).to_limbs(), plain_sum(x, y));
            prop_assert_eq!(plain_sum(a.sub(&b).to_limbs(), y), x);
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

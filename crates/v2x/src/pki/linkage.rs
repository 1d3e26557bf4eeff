//! A linkage authority: pre-linkage values of a chain, readable by the pseudonym CA alone.

use super::Result;
use super::sealed::seal_shared;
use crate::Profile;
use crate::coer::Value;
use crate::linkage::{Seed, next_seed, pre_linkage_value, seed_after};

/// A chain of an authority: its seed in period `first`.
#[derive(Clone, Debug)]
pub struct Chain {
    pub authority: [u8; 2],
    pub first: u16,
    pub seed: Seed,
}

/// A key that a linkage authority and the pseudonym CA share, and its name.
#[derive(Clone, Debug)]
pub struct Shared {
    pub key: [u8; 16],
    pub id: [u8; 8],
}

/// EncryptedLinkage for certificates 1 to `count` of each of `periods` periods from `from` on, which is the
/// chain's first or later. None: `from` is before the chain.
pub fn encrypted_values(
    profile: Profile,
    chain: &Chain,
    shared: &Shared,
    from: u16,
    periods: u16,
    count: u8,
) -> Result<Option<Vec<Vec<Value>>>> {
    let Some(skipped) = from.checked_sub(chain.first) else { return Ok(None) };
    let cipher = profile.cipher();
    let mut seed = seed_after(cipher, chain.authority, &chain.seed, skipped);
    let mut out = Vec::with_capacity(usize::from(periods));
    for _ in 0..periods {
        let one = |j: u8| {
            let value = pre_linkage_value(cipher, chain.authority, &seed, u32::from(j));
            Ok(Value::record([
                ("version", Value::int(1)),
                ("laId", Value::octets(&chain.authority)),
                ("enc-lv", seal_shared(profile, &shared.key, &shared.id, &value)?),
            ]))
        };
        out.push((1..=count).map(one).collect::<Result<Vec<_>>>()?);
        seed = next_seed(cipher, chain.authority, &seed);
    }
    Ok(Some(out))
}

//! Whom a receiver trusts: roots that a list names, and authorities below them.

use super::claims::{Claims, Granted, Group};
use super::verdict::Reason;
use crate::Profile;
use crate::sign::{Verifier, profile_of, verify_certificate};
use crate::view::{CertificateView, Indicator};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A certificate that may issue others, whose chain to a listed root was verified.
#[derive(Debug)]
pub struct Authority {
    pub claims: Claims,
    pub verifier: Verifier,
    /// First moment (Time64) at which a list it hangs on has run out.
    pub until: u64,
    groups: Vec<Group>,
    /// None: it is a root.
    pub above: Option<Arc<Authority>>,
}

impl Authority {
    /// It and those above it, up to the root.
    pub fn chain(&self) -> impl Iterator<Item = &Authority> {
        std::iter::successors(Some(self), |one| one.above.as_deref())
    }

    /// Whether all of the chain may have issued a certificate with these claims.
    pub fn permits(&self, claims: &Claims) -> Result<(), String> {
        for (above, authority) in self.chain().enumerate() {
            let may = |granted: &&Granted| {
                !authority.groups.iter().any(|group| group.permits(granted, above as i128 + 1))
            };
            if let Some(granted) = claims.granted.iter().find(may) {
                return Err(format!(
                    "its issuer {} may not grant aid {}",
                    hex(&authority.claims.id8),
                    granted.aid
                ));
            }
            if let (Some(inner), Some(outer)) = (&claims.region, &authority.claims.region)
                && !inner.can_be_within(outer)
            {
                return Err(format!("its region is not within that of {}", hex(&authority.claims.id8)));
            }
        }
        Ok(())
    }
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02x}")).collect()
}

/// Authorities above an end entity.
const DEPTH: usize = 6;
/// Certificates and octets of them that are kept to look for issuers and signers in.
const POOL: usize = 200_000;
const POOL_OCTETS: usize = 128 << 20;

/// See the module.
#[derive(Debug, Default)]
pub struct Trust {
    pool: HashMap<[u8; 8], Box<[u8]>>,
    octets: usize,
    /// Until when (Time64) a list names a root; certificates of a domain's list in the same way.
    roots: HashMap<[u8; 8], u64>,
    listed: HashMap<[u8; 8], u64>,
    authorities: HashMap<[u8; 8], Arc<Authority>>,
    /// Certificates of the pool that are none.
    refused: HashSet<[u8; 8]>,
    /// Certificates for which there was no room.
    pub dropped: u64,
}

impl Trust {
    /// Takes a certificate into the pool. Its name, if it is one.
    pub fn add(&mut self, octets: &[u8]) -> Option<[u8; 8]> {
        let id = CertificateView::parse(octets, Profile::Ydt3957).ok()?.hash()?.id8();
        if self.pool.contains_key(&id) {
            return Some(id);
        }
        if self.pool.len() >= POOL || self.octets + octets.len() > POOL_OCTETS {
            self.dropped += 1;
            return None;
        }
        self.octets += octets.len();
        self.pool.insert(id, octets.into());
        self.refused.clear();
        Some(id)
    }

    /// Takes a root of a list: it is trusted until then.
    pub fn add_root(&mut self, octets: &[u8], until: u64) -> Option<[u8; 8]> {
        let id = self.add(octets)?;
        let known = self.roots.entry(id).or_insert(until);
        *known = until.max(*known);
        self.authorities.clear();
        Some(id)
    }

    /// Takes an authority of a domain's list.
    pub fn add_listed(&mut self, octets: &[u8], until: u64) -> Option<[u8; 8]> {
        let id = self.add(octets)?;
        let known = self.listed.entry(id).or_insert(until);
        *known = until.max(*known);
        self.authorities.clear();
        Some(id)
    }

    pub fn certificate(&self, id: &[u8; 8]) -> Option<&[u8]> {
        self.pool.get(id).map(|octets| &octets[..])
    }
    pub fn roots(&self) -> usize {
        self.roots.len()
    }
    pub fn is_root(&self, id: &[u8; 8]) -> bool {
        self.roots.contains_key(id)
    }

    /// An authority by the name of its certificate, if its chain holds.
    pub fn authority(&mut self, id: &[u8; 8]) -> Option<Arc<Authority>> {
        self.find(id, DEPTH)
    }

    fn find(&mut self, id: &[u8; 8], depth: usize) -> Option<Arc<Authority>> {
        if let Some(known) = self.authorities.get(id) {
            return Some(Arc::clone(known));
        }
        if depth == 0 || self.refused.contains(id) || !self.pool.contains_key(id) {
            return None;
        }
        match self.make(id, depth) {
            Some(made) => {
                let made = Arc::new(made);
                self.authorities.insert(*id, Arc::clone(&made));
                Some(made)
            }
            None => {
                self.refused.insert(*id);
                None
            }
        }
    }

    fn make(&mut self, id: &[u8; 8], depth: usize) -> Option<Authority> {
        let octets = self.pool.get(id)?.clone();
        let view = CertificateView::parse(&octets, Profile::Ydt3957).ok()?;
        let Indicator::Key(key) = view.indicator else { return None };
        let profile = profile_of(key.curve);
        let claims = Claims::of(&view).ok()?;
        let groups = Group::read(&view, profile)?;
        let verifier = Verifier::of(profile, &view).ok()?;
        let (above, mut until) = match claims.issuer {
            None => {
                let until = *self.roots.get(id)?;
                verify_certificate(profile, &view, None).ok()?;
                (None, until)
            }
            Some(issuer) => {
                let above = self.find(&issuer, depth - 1)?;
                if above.claims.hash != claims.issuer_hash {
                    return None;
                }
                verify_certificate(profile, &view, Some(&above.verifier)).ok()?;
                let until = above.until;
                (Some(above), until)
            }
        };
        if let Some(listed) = self.listed.get(id) {
            until = until.min(*listed);
        }
        Some(Authority { claims, verifier, until, groups, above })
    }
}

/// Whether everything above a certificate is in force at a moment.
pub fn in_force(authority: &Authority, at: u64) -> Result<(), Reason> {
    if at >= authority.until {
        return Err(Reason::ListExpired);
    }
    authority.chain().try_for_each(|one| one.claims.timely(at))
}

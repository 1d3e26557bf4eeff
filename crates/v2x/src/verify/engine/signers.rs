//! Who signs: certificates that are known, that come with a message, or that are given for themselves.

use super::checks::unfit;
use super::{Case, Engine, P, Refusal, Signer, refuse};
use crate::sign::{Verifier, profile_of, verify_certificate};
use crate::verify::claims::Claims;
use crate::verify::region::Region;
use crate::verify::trust::{Authority, hex, in_force};
use crate::verify::verdict::{Outcome, Reason};
use crate::view::{CertificateView, Indicator, Issuer};
use std::sync::Arc;

impl Engine {
    /// The signer of a digest: verified before, or in the pool.
    pub(super) fn known(&mut self, id: &[u8; 8]) -> Result<Arc<Signer>, Refusal> {
        if let Some(signer) = self.signers.get(id) {
            return Ok(Arc::clone(signer));
        }
        let Some(octets) = self.trust.certificate(id).map(Box::<[u8]>::from) else {
            return refuse(Reason::UnknownSigner, "its certificate is not known");
        };
        let Ok(view) = CertificateView::parse(&octets, P) else {
            return refuse(Reason::Malformed, "its certificate cannot be read");
        };
        let (claims, issuer) = self.claims(&view)?;
        self.admit(&view, claims, issuer)
    }

    /// What a certificate says, and who issued it.
    fn claims(&mut self, view: &CertificateView<'_>) -> Result<(Claims, Arc<Authority>), Refusal> {
        if view.kind != 0 || !matches!(view.indicator, Indicator::Key(_)) {
            return refuse(Reason::Malformed, "its certificate is not an explicit one");
        }
        let claims = Claims::of(view).map_err(|(reason, detail)| (reason, detail.to_owned()))?;
        // a root that signs for itself is its own issuer
        let issuer = claims.issuer.unwrap_or(claims.id8);
        let Some(authority) = self.trust.authority(&issuer) else {
            return refuse(Reason::UntrustedChain, format!("its issuer {} is not trusted", hex(&issuer)));
        };
        if claims.issuer_hash != authority.claims.hash {
            return refuse(
                Reason::UntrustedChain,
                "it names its issuer by a hash function that is not the issuer's",
            );
        }
        Ok((claims, authority))
    }

    /// Verifies a certificate and keeps its holder.
    fn admit(
        &mut self,
        view: &CertificateView<'_>,
        claims: Claims,
        issuer: Arc<Authority>,
    ) -> Result<Arc<Signer>, Refusal> {
        if claims.issuer.is_some()
            && let Err(detail) = issuer.permits(&claims)
        {
            return refuse(Reason::UntrustedChain, detail);
        }
        let Some(curve) = view.curve() else {
            return refuse(Reason::Malformed, "its certificate has no key");
        };
        self.counts.certificates_verified += 1;
        let above = claims.issuer.map(|_| &issuer.verifier);
        if verify_certificate(profile_of(curve), view, above).is_err() {
            return refuse(Reason::BadSignature, "the signature of its certificate does not hold");
        }
        let verifier = match Verifier::of(profile_of(curve), view) {
            Ok(verifier) => verifier,
            Err(error) => return refuse(Reason::Malformed, error.to_string()),
        };
        let signer = Arc::new(Signer { claims, verifier, issuer });
        self.signers.insert(signer.claims.id8, Arc::clone(&signer));
        Ok(signer)
    }

    /// A message whose certificate came with it and is new: what is cheap is looked at first.
    pub(super) fn by_new(
        &mut self,
        case: &mut Case<'_, '_>,
        chain: &[CertificateView<'_>],
    ) -> Result<(), Refusal> {
        for above in &chain[1..] {
            self.learn(above);
        }
        let own = &chain[0];
        let (claims, issuer) = self.claims(own)?;
        self.cheap(case, &claims, &issuer, false)?;
        let signer = self.admit(own, claims, issuer)?;
        if self.revoked.holds(&signer.claims) {
            return refuse(Reason::Revoked, "its certificate is revoked");
        }
        self.signature(case, &signer)
    }

    /// An authority that came with a message is kept if its chain holds.
    fn learn(&mut self, view: &CertificateView<'_>) {
        let known = view.hash().is_none_or(|hash| self.trust.certificate(&hash.id8()).is_some());
        let Issuer::Digest(_, issuer) = view.issuer else { return };
        if known || view.issue_permissions.is_none() {
            return;
        }
        let Some(above) = self.trust.authority(&issuer) else { return };
        self.counts.certificates_verified += 1;
        let profile = view.curve().map_or(P, profile_of);
        if verify_certificate(profile, view, Some(&above.verifier)).is_ok() {
            self.trust.add(view.octets);
        }
    }

    /// A message of a signer that is known.
    pub(super) fn by(&mut self, case: &mut Case<'_, '_>, signer: Arc<Signer>) -> Result<(), Refusal> {
        self.cheap(case, &signer.claims, &signer.issuer, true)?;
        self.signature(case, &signer)
    }

    /// Judges a certificate that is given for itself.
    pub fn judge_certificate(&mut self, octets: &[u8], at: u64) -> Outcome {
        let mut outcome = Outcome::new("certificate");
        let view = match CertificateView::parse(octets, P) {
            Ok(view) => view,
            Err(error) => return outcome.because(Reason::Malformed, error),
        };
        outcome.hashed_id8 = view.hash().map(|hash| hash.id8());
        if let Issuer::Digest(_, issuer) = view.issuer {
            outcome.signer = Some(issuer);
        }
        outcome.aid = view.permissions().next().map(|p| p.psid);
        match self.certificate(&view, at) {
            Ok(()) => outcome,
            Err((reason, detail)) => outcome.because(reason, detail),
        }
    }

    fn certificate(&mut self, view: &CertificateView<'_>, at: u64) -> Result<(), Refusal> {
        let (claims, issuer) = self.claims(view)?;
        if let Err(reason) = in_force(&issuer, at) {
            return refuse(reason, unfit(reason));
        }
        if let Err(reason) = claims.timely(at) {
            return refuse(reason, "");
        }
        if self.revoked.names(&claims) || self.revoked.holds_chain(&issuer) {
            return refuse(Reason::Revoked, "it or one above it is revoked");
        }
        let outside = |region: &Region| self.settings.position.is_some_and(|p| !region.contains(p));
        if claims.region.as_ref().is_some_and(outside) {
            return refuse(Reason::OutOfRegion, "the receiver is outside its region");
        }
        if view.issue_permissions.is_some() {
            // an authority: its own chain was verified to find it, or is now
            let above = claims.issuer.map(|_| &issuer.verifier);
            let profile = view.curve().map_or(P, profile_of);
            self.counts.certificates_verified += 1;
            return verify_certificate(profile, view, above)
                .map_err(|e| (Reason::BadSignature, e.to_string()));
        }
        let signer = self.admit(view, claims, issuer)?;
        if self.revoked.holds(&signer.claims) { refuse(Reason::Revoked, "it is revoked") } else { Ok(()) }
    }
}

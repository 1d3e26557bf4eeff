//! The checks of one message, cheapest first, its signature near the end.

use super::{Case, Engine, Refusal, Signer, refuse};
use crate::link;
use crate::verify::aid::Aid;
use crate::verify::claims::{Claims, Granted};
use crate::verify::content::{Facts, implausible};
use crate::verify::region::Place;
use crate::verify::replay::Mark;
use crate::verify::trust::{Authority, in_force};
use crate::verify::verdict::Reason;

impl Engine {
    /// All that needs no signature. What is wrong with the message's time is said only if nothing is wrong
    /// with its signer. Linkage values of a period are made for certificates that were verified alone (`known`).
    pub(super) fn cheap(
        &mut self,
        case: &mut Case<'_, '_>,
        claims: &Claims,
        issuer: &Authority,
        known: bool,
    ) -> Result<(), Refusal> {
        let header = &case.signed.header;
        let generated = header.generation_time.unwrap_or(case.received);
        let aid = self.settings.aids.get(header.psid);
        let late = freshness(case, aid);
        // an old message is also judged by what holds now: that its signer's time is over says more
        let at = if matches!(late, Err((Reason::Stale, _))) { case.received } else { generated };
        if case.received >= issuer.until {
            return refuse(Reason::ListExpired, unfit(Reason::ListExpired));
        }
        if let Err(reason) = claims.timely(generated).and_then(|()| claims.timely(at)) {
            return refuse(reason, "its certificate");
        }
        if let Err(reason) = in_force(issuer, at) {
            return refuse(reason, unfit(reason));
        }
        if known && self.revoked.holds(claims) || self.revoked.holds_chain(issuer) {
            return refuse(Reason::Revoked, "its certificate or one above it is revoked");
        }
        if self.revoked.names(claims) {
            return refuse(Reason::Revoked, "its certificate is revoked");
        }
        let place = header.location.and_then(|(latitude, longitude, _)| Place::known(latitude, longitude));
        // without a place of its own a message is judged by where it is received
        let sent = place.or(self.settings.position);
        let regions = std::iter::once(claims).chain(issuer.chain().map(|one| &one.claims));
        if let Some(place) = sent
            && regions.filter_map(|c| c.region.as_ref()).any(|region| !region.contains(place))
        {
            return refuse(Reason::OutOfRegion, "it was sent outside its certificate's region");
        }
        let Some(aid) = aid else {
            return refuse(Reason::AidUnknown, format!("aid {} is not in the table", header.psid));
        };
        let Some(granted) = claims.permission(aid.number) else {
            return refuse(
                Reason::AidNotPermitted,
                format!("its certificate has no permission for aid {}", aid.number),
            );
        };
        case.outcome.facts = self.content(case, aid, granted)?;
        if let (Some(facts), None) = (&case.outcome.facts, sent)
            && let Some(place) = facts.place()
            && claims.region.as_ref().is_some_and(|region| !region.contains(place))
        {
            return refuse(Reason::OutOfRegion, "its place is outside its certificate's region");
        }
        late
    }

    /// Reads the payload: whether the aid covers it, and the SSP.
    fn content(
        &self,
        case: &mut Case<'_, '_>,
        aid: &Aid,
        granted: &Granted,
    ) -> Result<Option<Facts>, Refusal> {
        let Some(payload) = case.signed.payload else {
            return if case.signed.external.is_some() || case.signed.data.is_some() {
                Ok(None)
            } else {
                refuse(Reason::Malformed, "has no payload")
            };
        };
        let payload = link::geonetworking::payload(payload).unwrap_or(payload);
        let received = self.settings.clock.posix(case.received) as f64 / 1e6;
        let Some(facts) = (self.settings.reader)(aid.grammar, payload, received) else {
            return if self.settings.strict && !aid.kinds.is_empty() {
                refuse(Reason::Malformed, format!("its payload is none of aid {}", aid.number))
            } else {
                Ok(None)
            };
        };
        case.outcome.kind = facts.kind;
        if !aid.kinds.is_empty() && !aid.kinds.iter().any(|kind| kind == facts.kind) {
            return refuse(
                Reason::AidNotPermitted,
                format!("aid {} does not cover a {}", aid.number, facts.kind),
            );
        }
        match self.settings.aids.lacking(facts.kind, &facts.events, granted.ssp.as_deref()) {
            Some(event) => refuse(Reason::SspInsufficient, format!("its SSP does not permit {event}")),
            None => Ok(Some(facts)),
        }
    }

    /// The signature, whether it came before, and what cannot be.
    pub(super) fn signature(&mut self, case: &mut Case<'_, '_>, signer: &Signer) -> Result<(), Refusal> {
        let signed = case.signed;
        let curve = signer.verifier.key().curve();
        if signed.hash != curve.hash() {
            return refuse(Reason::Malformed, format!("its hash function does not go with {}", curve.name()));
        }
        let Some(tbs) = signed.canonical_to_be_signed() else {
            return refuse(Reason::Malformed, "has a point that is not on its curve");
        };
        let digest = signer.verifier.digest(&tbs);
        let mut mark: Mark = [0; 16];
        mark.copy_from_slice(&digest.octets()[..16]);
        let second = signed.header.generation_time.unwrap_or(case.received) / 1_000_000;
        if self.seen.has(second, &mark) {
            return refuse(Reason::Replayed, "");
        }
        if self.seen.forgotten(second) {
            return refuse(Reason::Stale, "so old a message can no longer be told from a replay");
        }
        self.counts.signatures_verified += 1;
        if signer.verifier.key().verify(digest.octets(), &signed.signature).is_err() {
            return refuse(Reason::BadSignature, "");
        }
        self.seen.add(second, mark);
        let Some(facts) = &case.outcome.facts else { return Ok(()) };
        let header = signed.header.location.and_then(|(y, x, _)| Place::known(y, x));
        let time = signed.header.generation_time.map(|t| self.settings.clock.posix(t) as f64 / 1e6);
        match implausible(facts, header, self.settings.position, time) {
            Some(detail) => refuse(Reason::Implausible, detail),
            None => Ok(()),
        }
    }
}

/// What is not in force.
pub(super) fn unfit(reason: Reason) -> &'static str {
    if reason == Reason::ListExpired {
        "the list of its root has run out"
    } else {
        "its issuer's certificate"
    }
}

/// Whether a message's times are those of one that is sent now.
fn freshness(case: &Case<'_, '_>, aid: Option<&Aid>) -> Result<(), Refusal> {
    let header = &case.signed.header;
    let Some(aid) = aid else { return Ok(()) };
    let now = case.received;
    match header.generation_time {
        Some(generated) if generated > now.saturating_add(aid.future) => {
            return refuse(Reason::Future, format!("{:.1} s ahead", (generated - now) as f64 / 1e6));
        }
        Some(generated) if aid.past.is_some_and(|past| now.saturating_sub(generated) > past) => {
            return refuse(Reason::Stale, format!("{:.1} s old", (now - generated) as f64 / 1e6));
        }
        None if aid.past.is_some() => return refuse(Reason::Stale, "does not say when it was made"),
        _ => {}
    }
    match header.expiry_time {
        Some(expiry) if expiry < now => refuse(Reason::Stale, "it says that its time is over"),
        _ => Ok(()),
    }
}

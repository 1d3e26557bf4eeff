//! The checks, cheapest first, and everything between messages that has to be kept: bounded, and counted
//! where it is not kept.

use super::aid::{Aid, Aids};
use super::claims::{Claims, Granted};
use super::content::{Facts, Reader, implausible, unread};
use super::lru::Lru;
use super::region::Place;
use super::replay::{Mark, Window};
use super::revoked::Revoked;
use super::trust::{Authority, Trust, in_force};
use super::verdict::{Outcome, Reason, Verdict};
use super::waiting::{Room, Waiting};
use crate::Profile;
use crate::link;
use crate::sign::{Verifier, profile_of, verify_certificate};
use crate::time::Clock;
use crate::view::{CertificateView, Content, DataView, Indicator, SignedView, SignerView};
use std::sync::Arc;

/// Profile whose rules read both: what differs is not in certificates and signed messages.
const P: Profile = Profile::Ydt3957;

/// What is kept, and what is asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Certificates of end entities: about half a kilobyte each.
    pub signers: usize,
    /// Messages that a replay is looked for in: about 40 octets each.
    pub replays: usize,
    pub room: Room,
    /// Where the receiver is.
    pub position: Option<Place>,
    pub aids: Aids,
    pub reader: Reader,
    pub clock: Clock,
    /// Refuse a payload that is not of its aid's grammar. Else it is taken, and said to be `data`.
    pub strict: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            signers: 16_384,
            replays: 1 << 18,
            room: Room::default(),
            position: None,
            aids: Aids::default(),
            reader: unread,
            clock: Clock::default(),
            strict: false,
        }
    }
}

/// What was done, and what was not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub messages: u64,
    pub certificates_verified: u64,
    pub signatures_verified: u64,
    pub signers: u64,
    pub signers_dropped: u64,
    pub replays_dropped: u64,
    pub waiting: u64,
    pub waiting_octets: u64,
    pub waiting_dropped: u64,
    pub waiting_expired: u64,
    pub certificates_dropped: u64,
}

/// An end entity whose certificate was verified.
#[derive(Debug)]
struct Signer {
    claims: Claims,
    verifier: Verifier,
    issuer: Arc<Authority>,
    /// The answer of a generation of revocations.
    revoked: (u64, bool),
}

/// See the module.
pub struct Engine {
    pub trust: Trust,
    pub revoked: Revoked,
    settings: Settings,
    signers: Lru<[u8; 8], Arc<Signer>>,
    seen: Window,
    waiting: Waiting,
    counts: Counts,
    /// Greatest moment of receipt so far.
    now: u64,
    /// How old a message may be under any aid, microseconds.
    longest: u64,
}

/// A message on its way through the checks.
struct Case<'m, 'a> {
    signed: &'m SignedView<'a>,
    received: u64,
    outcome: Outcome,
}

/// Refused: why, and what more there is to say.
type Refusal = (Reason, String);
fn refuse<T>(reason: Reason, detail: impl Into<String>) -> Result<T, Refusal> {
    Err((reason, detail.into()))
}

impl Engine {
    pub fn new(settings: Settings) -> Engine {
        Engine {
            trust: Trust::default(),
            revoked: Revoked::default(),
            signers: Lru::new(settings.signers),
            seen: Window::new(settings.replays),
            waiting: Waiting::new(settings.room),
            counts: Counts::default(),
            now: 0,
            longest: settings.aids.longest(),
            settings,
        }
    }

    pub fn counts(&self) -> Counts {
        Counts {
            signers: self.signers.len() as u64,
            signers_dropped: self.signers.dropped,
            replays_dropped: self.seen.dropped,
            waiting: self.waiting.len() as u64,
            waiting_octets: self.waiting.octets() as u64,
            waiting_dropped: self.waiting.dropped,
            waiting_expired: self.waiting.expired,
            certificates_dropped: self.trust.dropped,
            ..self.counts
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a signer's certificate was verified already.
    pub fn knows(&self, id: &[u8; 8]) -> bool {
        self.signers.contains(id)
    }

    /// Judges a message that was received at a moment (Time64). `token` is the caller's name for it. What is
    /// decided is added to `out`: this message, unless it waits, and those that waited for its certificate or
    /// may wait no longer, which come with [`Verdict::Wait`].
    pub fn receive(&mut self, token: u64, octets: &[u8], received: u64, out: &mut Vec<(u64, Outcome)>) {
        self.pass(received, out);
        let outcome = self.judge(octets, received);
        let (signer, verdict) = (outcome.signer, outcome.verdict);
        match (verdict, signer) {
            (Verdict::Wait, Some(id)) => {
                let mut left = Vec::new();
                self.waiting.add(id, token, octets, received, &mut left);
                self.give_up(left, out);
            }
            _ => out.push((token, outcome)),
        }
        // its certificate may have been what others waited for
        if let Some(id) = signer.filter(|id| !self.waiting.is_empty() && self.signers.contains(id)) {
            for message in self.waiting.release(&id) {
                out.push((message.token, self.judge(&message.octets, message.received)));
            }
        }
    }

    /// Lets time pass: what waited too long is decided.
    pub fn pass(&mut self, now: u64, out: &mut Vec<(u64, Outcome)>) {
        if now <= self.now {
            return;
        }
        let second = now / 1_000_000;
        if second > self.now / 1_000_000 {
            self.seen.pass(now.saturating_sub(self.longest) / 1_000_000);
        }
        self.now = now;
        let mut left = Vec::new();
        self.waiting.expire(now, &mut left);
        self.give_up(left, out);
    }

    /// Decides everything that still waits.
    pub fn finish(&mut self, out: &mut Vec<(u64, Outcome)>) {
        let mut left = Vec::new();
        self.waiting.expire(u64::MAX, &mut left);
        self.give_up(left, out);
    }

    fn give_up(&self, left: Vec<super::waiting::Left>, out: &mut Vec<(u64, Outcome)>) {
        for (token, octets) in left {
            // what is known of it is read again: it was kept as octets
            let mut outcome = match DataView::parse(&octets, P).map(|view| view.content) {
                Ok(Content::Signed(signed)) => about(&signed),
                _ => Outcome::new("data"),
            };
            (outcome.verdict, outcome.reason) = (Verdict::Wait, Reason::UnknownSigner);
            out.push((token, outcome));
        }
    }

    /// Judges a message without keeping it where it has to wait.
    pub fn judge(&mut self, octets: &[u8], received: u64) -> Outcome {
        self.counts.messages += 1;
        let view = match DataView::parse(octets, P) {
            Ok(view) => view,
            Err(error) => return Outcome::new("data").because(Reason::Malformed, error),
        };
        let signed = match &view.content {
            Content::Signed(signed) => signed,
            Content::Encrypted(_) => {
                return Outcome::new("encrypted").because(Reason::Malformed, "is not signed");
            }
            Content::Unsecured(_) => {
                return Outcome::new("unsigned").because(Reason::Malformed, "is not signed");
            }
            _ => return Outcome::new("data").because(Reason::Malformed, "is not signed"),
        };
        let mut case = Case { signed, received, outcome: about(signed) };
        match self.check(&mut case) {
            Ok(()) => case.outcome,
            Err((Reason::UnknownSigner, detail)) if matches!(signed.signer, SignerView::Digest(_)) => {
                case.outcome.detail = detail;
                (case.outcome.verdict, case.outcome.reason) = (Verdict::Wait, Reason::UnknownSigner);
                case.outcome
            }
            Err((reason, detail)) => case.outcome.because(reason, detail),
        }
    }

    fn check(&mut self, case: &mut Case<'_, '_>) -> Result<(), Refusal> {
        match &case.signed.signer {
            SignerView::Digest(id) => {
                let signer = self.known(id)?;
                self.by(case, signer)
            }
            SignerView::Certificates(chain) => {
                let Some(own) = chain.first() else { return refuse(Reason::Malformed, "has no certificate") };
                let Some(digest) = own.hash() else {
                    return refuse(Reason::Malformed, "its certificate has a point that is not on its curve");
                };
                let id = digest.id8();
                case.outcome.signer = Some(id);
                case.outcome.hashed_id8 = Some(id);
                let known = self.signers.get(&id).filter(|known| known.claims.digest == digest).cloned();
                match known {
                    Some(signer) => self.by(case, signer),
                    None => self.by_new(case, chain),
                }
            }
            SignerView::Own => refuse(Reason::Malformed, "is signed by a key that no certificate names"),
            SignerView::X509(_) => refuse(Reason::UnknownSigner, "is signed with an X.509 certificate"),
            SignerView::Other(_) => refuse(Reason::Malformed, "names its signer in a way that is not known"),
        }
    }

    /// The signer of a digest: verified before, or in the pool.
    fn known(&mut self, id: &[u8; 8]) -> Result<Arc<Signer>, Refusal> {
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
            return refuse(
                Reason::UntrustedChain,
                format!("its issuer {} is not trusted", super::trust::hex(&issuer)),
            );
        };
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
        let revoked = (self.revoked.generation, self.revoked.holds(&claims));
        let signer = Arc::new(Signer { claims, verifier, issuer, revoked });
        self.signers.insert(signer.claims.id8, Arc::clone(&signer));
        Ok(signer)
    }

    /// A message whose certificate came with it and is new: what is cheap is looked at first.
    fn by_new(&mut self, case: &mut Case<'_, '_>, chain: &[CertificateView<'_>]) -> Result<(), Refusal> {
        for above in &chain[1..] {
            self.learn(above);
        }
        let own = &chain[0];
        let (claims, issuer) = self.claims(own)?;
        let late = self.cheap(case, &claims, &issuer, None)?;
        late?;
        let signer = self.admit(own, claims, issuer)?;
        if signer.revoked.1 {
            return refuse(Reason::Revoked, "its certificate is revoked");
        }
        self.signature(case, &signer)
    }

    /// An authority that came with a message is kept if its chain holds.
    fn learn(&mut self, view: &CertificateView<'_>) {
        let known = view.hash().is_none_or(|hash| self.trust.certificate(&hash.id8()).is_some());
        let crate::view::Issuer::Digest(_, issuer) = view.issuer else { return };
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
    fn by(&mut self, case: &mut Case<'_, '_>, signer: Arc<Signer>) -> Result<(), Refusal> {
        let revoked = if signer.revoked.0 == self.revoked.generation {
            signer.revoked.1
        } else {
            self.revoked.holds(&signer.claims)
        };
        let late = self.cheap(case, &signer.claims, &signer.issuer, Some(revoked))?;
        late?;
        self.signature(case, &signer)
    }

    /// All that needs no signature. The inner result is what is wrong with the message's time, which is said
    /// only if nothing is wrong with its signer.
    fn cheap(
        &mut self,
        case: &mut Case<'_, '_>,
        claims: &Claims,
        issuer: &Authority,
        revoked: Option<bool>,
    ) -> Result<Result<(), Refusal>, Refusal> {
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
        if revoked == Some(true) || self.revoked.holds_chain(issuer) {
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
        Ok(late)
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
    fn signature(&mut self, case: &mut Case<'_, '_>, signer: &Signer) -> Result<(), Refusal> {
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

    /// Judges a certificate that is given for itself.
    pub fn judge_certificate(&mut self, octets: &[u8], at: u64) -> Outcome {
        let mut outcome = Outcome::new("certificate");
        let view = match CertificateView::parse(octets, P) {
            Ok(view) => view,
            Err(error) => return outcome.because(Reason::Malformed, error),
        };
        outcome.hashed_id8 = view.hash().map(|hash| hash.id8());
        if let crate::view::Issuer::Digest(_, issuer) = view.issuer {
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
        let outside =
            |region: &super::region::Region| self.settings.position.is_some_and(|p| !region.contains(p));
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
        if signer.revoked.1 { refuse(Reason::Revoked, "it is revoked") } else { Ok(()) }
    }
}

/// What is not in force.
fn unfit(reason: Reason) -> &'static str {
    if reason == Reason::ListExpired {
        "the list of its root has run out"
    } else {
        "its issuer's certificate"
    }
}

/// What a message says of itself.
fn about(signed: &SignedView<'_>) -> Outcome {
    let mut outcome = Outcome::new("data");
    outcome.aid = Some(signed.header.psid);
    outcome.generation_time = signed.header.generation_time;
    match &signed.signer {
        SignerView::Digest(id) => {
            outcome.signer = Some(*id);
            outcome.hashed_id8 = Some(*id);
            outcome.ask = id.last_chunk().copied();
        }
        SignerView::Certificates(chain) => {
            outcome.signer = chain.first().and_then(CertificateView::hash).map(|hash| hash.id8());
            outcome.hashed_id8 = outcome.signer;
        }
        _ => {}
    }
    outcome
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

//! The checks, cheapest first, and everything between messages that has to be kept: bounded, and counted
//! where it is not kept.

mod checks;
mod signers;

use super::aid::Aids;
use super::claims::Claims;
use super::content::{Reader, unread};
use super::lru::Lru;
use super::region::Place;
use super::replay::Window;
use super::revoked::Revoked;
use super::trust::{Authority, Trust};
use super::verdict::{Outcome, Reason, Verdict};
use super::waiting::{Room, Waiting};
use crate::Profile;
use crate::sign::Verifier;
use crate::time::Clock;
use crate::view::{CertificateView, Content, DataView, SignedView, SignerView};
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

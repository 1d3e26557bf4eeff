//! What verification says of a message.

/// Whether a message is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    Reject,
    /// Its signer's certificate is not known yet.
    Wait,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Accept => "accept",
            Verdict::Reject => "reject",
            Verdict::Wait => "wait",
        }
    }
}

/// Why. The names are those of the command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    Ok,
    Malformed,
    UnknownSigner,
    UntrustedChain,
    ListExpired,
    Expired,
    NotYetValid,
    Revoked,
    OutOfRegion,
    AidNotPermitted,
    AidUnknown,
    SspInsufficient,
    BadSignature,
    Stale,
    Future,
    Replayed,
    Implausible,
}

impl Reason {
    pub const ALL: [Reason; 17] = [
        Reason::Ok,
        Reason::Malformed,
        Reason::UnknownSigner,
        Reason::UntrustedChain,
        Reason::ListExpired,
        Reason::Expired,
        Reason::NotYetValid,
        Reason::Revoked,
        Reason::OutOfRegion,
        Reason::AidNotPermitted,
        Reason::AidUnknown,
        Reason::SspInsufficient,
        Reason::BadSignature,
        Reason::Stale,
        Reason::Future,
        Reason::Replayed,
        Reason::Implausible,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Reason::Ok => "ok",
            Reason::Malformed => "malformed",
            Reason::UnknownSigner => "unknown-signer",
            Reason::UntrustedChain => "untrusted-chain",
            Reason::ListExpired => "list-expired",
            Reason::Expired => "expired",
            Reason::NotYetValid => "not-yet-valid",
            Reason::Revoked => "revoked",
            Reason::OutOfRegion => "out-of-region",
            Reason::AidNotPermitted => "aid-not-permitted",
            Reason::AidUnknown => "aid-unknown",
            Reason::SspInsufficient => "ssp-insufficient",
            Reason::BadSignature => "bad-signature",
            Reason::Stale => "stale",
            Reason::Future => "future",
            Reason::Replayed => "replayed",
            Reason::Implausible => "implausible",
        }
    }
}

/// What is known of a message or a certificate after it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub verdict: Verdict,
    pub reason: Reason,
    /// What the reason rests on, where there is more to say.
    pub detail: String,
    /// Kind of the payload, or `data` where it was not read; `certificate`, `encrypted`, `unsigned`.
    pub kind: &'static str,
    pub aid: Option<u64>,
    /// HashedId8 of the signer's certificate; of a certificate, of its issuer's.
    pub signer: Option<[u8; 8]>,
    /// HashedId8 of the certificate itself; of a message, the same as `signer`.
    pub hashed_id8: Option<[u8; 8]>,
    /// Time64: microseconds of TAI since 2004-01-01 UTC.
    pub generation_time: Option<u64>,
    /// HashedId3 of the certificate that a station would ask its neighbours for (IEEE 1609.2, 8: peer-to-peer
    /// certificate distribution).
    pub ask: Option<[u8; 3]>,
    pub facts: Option<super::content::Facts>,
}

impl Outcome {
    pub(super) fn new(kind: &'static str) -> Outcome {
        Outcome {
            verdict: Verdict::Accept,
            reason: Reason::Ok,
            detail: String::new(),
            kind,
            aid: None,
            signer: None,
            hashed_id8: None,
            generation_time: None,
            ask: None,
            facts: None,
        }
    }
    pub(super) fn reject(mut self, reason: Reason) -> Outcome {
        (self.verdict, self.reason) = (Verdict::Reject, reason);
        self
    }
    pub(super) fn because(mut self, reason: Reason, detail: impl std::fmt::Display) -> Outcome {
        self.detail = detail.to_string();
        self.reject(reason)
    }
}

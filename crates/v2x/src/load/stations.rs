//! A domain with stations whose keys follow from a seed.

use crate::Profile;
use crate::build::{Attach, BuildError, Signer, certificate, signed, unsecured, verification_key};
use crate::coer::{Limits, Value, decode};
use crate::hash::Hash;
use crate::key::SecretKey;
use crate::types::data::CERTIFICATE;
use crate::view::Curve;

/// Octets of a root, an authority below it, and the authority's key.
pub struct Domain {
    pub profile: Profile,
    pub root: Vec<u8>,
    pub authority: Vec<u8>,
    key: SecretKey,
    seed: u64,
    start: u32,
}

/// Who signs messages.
pub struct Station {
    pub certificate: Vec<u8>,
    key: SecretKey,
}

/// What stations of the load may sign: BSM.
pub fn aid(profile: Profile) -> u64 {
    if profile == Profile::Ydt3957 { 111 } else { 32 }
}

fn curve(profile: Profile) -> Curve {
    if profile == Profile::Ydt3957 { Curve::Sm2 } else { Curve::P256 }
}

/// A key that follows from a seed and a number: for measuring and tests alone.
fn key(profile: Profile, seed: u64, number: u64) -> Result<SecretKey, BuildError> {
    let octets = Hash::Sha256.of(&[b"load", &seed.to_be_bytes(), &number.to_be_bytes()]);
    Ok(SecretKey::from_bytes(curve(profile), octets.octets())?)
}

fn tbs(name: Value, start: u32, hours: u16, key: &SecretKey, more: Vec<(&'static str, Value)>) -> Value {
    let validity = Value::record([
        ("start", Value::int(start)),
        ("duration", Value::choice("hours", Value::int(hours))),
    ]);
    let mut fields = vec![
        ("id", name),
        ("cracaId", Value::octets(&[0; 3])),
        ("crlSeries", Value::int(0)),
        ("validityPeriod", validity),
    ];
    fields.extend(more);
    fields.push(("verifyKeyIndicator", Value::choice("verificationKey", verification_key(&key.public()))));
    Value::Record(crate::coer::Record { fields, additions: None })
}

/// May issue every permission so many certificates below.
fn issues(least: i32, more: i32) -> (&'static str, Value) {
    let group = Value::record([
        ("subjectPermissions", Value::choice("all", Value::Null)),
        ("minChainLength", Value::int(least)),
        ("chainLengthRange", Value::int(more)),
    ]);
    ("certIssuePermissions", Value::List(vec![group]))
}

impl Domain {
    /// `start` is a Time32 from which on everything is valid, for 10,000 hours.
    pub fn new(profile: Profile, seed: u64, start: u32) -> Result<Domain, BuildError> {
        let (root_key, key) = (key(profile, seed, 0)?, key(profile, seed, 1)?);
        let name = |text: &str| Value::choice("name", Value::Text(text.into()));
        let top = tbs(name("root"), start, 10_000, &root_key, vec![issues(1, -1)]);
        let root = certificate(profile, top, Signer { key: &root_key, certificate: None })?;
        let below = tbs(name("authority"), start, 10_000, &key, vec![issues(1, 0)]);
        let authority = certificate(profile, below, Signer { key: &root_key, certificate: Some(&root) })?;
        Ok(Domain { profile, root, authority, key, seed, start })
    }

    /// A station that may sign BSM; `more` is added to its certificate or taken instead of what is there.
    pub fn station_with(
        &self,
        number: u64,
        more: Vec<(&'static str, Value)>,
        hours: u16,
        start: Option<u32>,
    ) -> Result<Station, BuildError> {
        let key = key(self.profile, self.seed, number + 2)?;
        let tbs = tbs(Value::choice("none", Value::Null), start.unwrap_or(self.start), hours, &key, more);
        let signer = Signer { key: &self.key, certificate: Some(&self.authority) };
        Ok(Station { certificate: certificate(self.profile, tbs, signer)?, key })
    }

    pub fn station(&self, number: u64) -> Result<Station, BuildError> {
        self.station_with(number, vec![permissions(&[(aid(self.profile), None)])], 10_000, None)
    }

    /// A signed message. `generated` is a Time64.
    pub fn message(
        &self,
        station: &Station,
        payload: &[u8],
        generated: u64,
        attach: Attach,
    ) -> Result<Vec<u8>, BuildError> {
        self.message_with(station, payload, aid(self.profile), Some(generated), vec![], attach)
    }

    pub fn message_with(
        &self,
        station: &Station,
        payload: &[u8],
        aid: u64,
        generated: Option<u64>,
        more: Vec<(&'static str, Value)>,
        attach: Attach,
    ) -> Result<Vec<u8>, BuildError> {
        let mut fields = vec![("psid", Value::int(aid))];
        fields.extend(generated.map(|time| ("generationTime", Value::int(time))));
        fields.extend(more);
        let header = Value::Record(crate::coer::Record { fields, additions: None });
        let signer = Signer { key: &station.key, certificate: Some(&station.certificate) };
        signed(self.profile, &unsecured(self.profile, payload)?, header, signer, attach)
    }

    /// The certificate of a station, issued anew with another name.
    pub fn relabelled(&self, station: &Station, id: Value) -> Result<Vec<u8>, BuildError> {
        let mut value = decode(&station.certificate, &CERTIFICATE, self.profile, Limits::MESSAGE)?;
        let mut tbs = value.get_mut("toBeSigned").cloned().unwrap_or(Value::Null);
        if let Some(old) = tbs.get_mut("id") {
            *old = id;
        }
        certificate(self.profile, tbs, self.signer())
    }

    /// Who signs lists of this domain: its authority.
    pub fn signer(&self) -> Signer<'_> {
        Signer { key: &self.key, certificate: Some(&self.authority) }
    }
}

/// appPermissions of aids with their SSPs.
pub fn permissions(all: &[(u64, Option<&[u8]>)]) -> (&'static str, Value) {
    let one = |(aid, ssp): &(u64, Option<&[u8]>)| {
        let mut fields = vec![("psid", Value::int(*aid))];
        fields.extend(ssp.map(|s| ("ssp", Value::choice("opaque", Value::octets(s)))));
        Value::Record(crate::coer::Record { fields, additions: None })
    };
    ("appPermissions", Value::List(all.iter().map(one).collect()))
}

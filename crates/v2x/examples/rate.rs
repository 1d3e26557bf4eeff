//! Rates of one core: `cargo run --release -p sentinel-v2x --example rate [SECONDS]`.
//!
//! Messages of 200 octets of payload by a known certificate, as they come over the air: found and hashed,
//! then verified too. `openssl speed ecdsap256` beside it says what the machine does.

use sentinel_v2x::Profile::{self, Ieee1609, Ydt3957};
use sentinel_v2x::build::{Attach, BuildError, Signer, certificate, signed, unsecured, verification_key};
use sentinel_v2x::coer::Value;
use sentinel_v2x::key::SecretKey;
use sentinel_v2x::sign::Verifier;
use sentinel_v2x::view::{CertificateView, Content, Curve, DataView};
use std::time::{Duration, Instant};

fn main() -> Result<(), BuildError> {
    let seconds = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(2.0);
    let span = Duration::from_secs_f64(seconds);
    for (name, profile, curve) in [("sm2", Ydt3957, Curve::Sm2), ("p256", Ieee1609, Curve::P256)] {
        let (certificate, messages) = made(profile, curve)?;
        let view = CertificateView::parse(&certificate, profile)?;
        let verifier = Verifier::of(profile, &view)?;
        let read = rate(span, &messages, |octets| {
            DataView::parse(octets, profile).is_ok_and(|view| match view.content {
                Content::Signed(signed) => verifier.digest(signed.to_be_signed).octets().len() == 32,
                _ => false,
            })
        });
        let verified = rate(span, &messages, |octets| {
            DataView::parse(octets, profile).is_ok_and(|view| match view.content {
                Content::Signed(signed) => verifier.verify(signed.to_be_signed, &signed.signature).is_ok(),
                _ => false,
            })
        });
        println!("{name}: {read:.0} messages/s found and hashed, {verified:.0} messages/s verified");
    }
    Ok(())
}

/// A certificate and messages of its holder.
fn made(profile: Profile, curve: Curve) -> Result<(Vec<u8>, Vec<Vec<u8>>), BuildError> {
    let key = SecretKey::generate(curve)?;
    let tbs = Value::record([
        ("id", Value::choice("none", Value::Null)),
        ("cracaId", Value::octets(&[0; 3])),
        ("crlSeries", Value::int(0)),
        (
            "validityPeriod",
            Value::record([("start", Value::int(7)), ("duration", Value::choice("hours", Value::int(168)))]),
        ),
        ("appPermissions", Value::List(vec![Value::record([("psid", Value::int(111))])])),
        ("verifyKeyIndicator", Value::choice("verificationKey", verification_key(&key.public()))),
    ]);
    let octets = certificate(profile, tbs, Signer { key: &key, certificate: None })?;
    let messages = (0..64u8).map(|i| {
        let header = Value::record([("psid", Value::int(111)), ("generationTime", Value::int(i))]);
        let signer = Signer { key: &key, certificate: Some(&octets) };
        signed(profile, &unsecured(profile, &[i; 200])?, header, signer, Attach::Digest)
    });
    let messages = messages.collect::<Result<_, BuildError>>()?;
    Ok((octets, messages))
}

/// How often a second a step is done. Each has to be right.
fn rate(span: Duration, messages: &[Vec<u8>], step: impl Fn(&[u8]) -> bool) -> f64 {
    let start = Instant::now();
    let mut n = 0;
    while start.elapsed() < span {
        assert!(messages.iter().all(|octets| step(octets)), "a message was not taken");
        n += messages.len();
    }
    n as f64 / start.elapsed().as_secs_f64()
}

//! How many messages a core verifies, and how long each waits from the moment it was to arrive.

use super::stations::{Domain, Station};
use crate::Profile;
use crate::build::{Attach, BuildError};
use crate::verify::{Budget, Counts, Engine, Intake, Outcome, Settings, Verdict};
use crate::view::{CertificateView, Content, DataView};
use std::time::{Duration, Instant};

/// What traffic is verified.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Two hundred stations that are known.
    Known,
    /// A certificate in each message that was never seen.
    Fresh,
    /// Known stations, and beside them `rate` messages a second of `count` new signers in turn.
    Flood { rate: u32, count: u32 },
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    pub profile: Profile,
    pub mode: Mode,
    pub seconds: f64,
    /// Messages a second of known stations, by the clock. None: as many as can be verified.
    pub rate: Option<u32>,
    pub seed: u64,
    /// Time64 at which the traffic begins.
    pub start: u64,
    /// What stations send in turn.
    pub payloads: Vec<Vec<u8>>,
}

/// Cars around one station (white paper's full crossing).
const STATIONS: u64 = 200;
/// Messages between looks at the yardsticks: a fifth of a second.
const SLICE: usize = 2048;

/// Work done in a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slice {
    pub count: u64,
    pub seconds: f64,
}

impl Slice {
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.count as f64 / self.seconds } else { 0.0 }
    }
    pub fn add(&mut self, other: Slice) {
        self.count += other.count;
        self.seconds += other.seconds;
    }
}

/// Quantiles in seconds.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    all: Vec<f32>,
    sorted: bool,
}

impl Latency {
    fn add(&mut self, seconds: f64) {
        self.all.push(seconds as f32);
        self.sorted = false;
    }
    pub fn len(&self) -> usize {
        self.all.len()
    }
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
    /// The value that a share of all does not pass; 0 of none.
    pub fn quantile(&mut self, share: f64) -> f64 {
        if !self.sorted {
            self.all.sort_by(f32::total_cmp);
            self.sorted = true;
        }
        let at = (share * self.all.len() as f64).ceil() as usize;
        self.all.get(at.saturating_sub(1)).map_or(0.0, |v| f64::from(*v))
    }
}

/// What came out.
#[derive(Debug, Default)]
pub struct Report {
    /// Messages verified in full, and the time that took.
    pub verified: Slice,
    /// Signatures alone, of the same messages.
    pub bare: Slice,
    /// By the clock: the time in which there was something to do.
    pub busy: Slice,
    /// Of known stations, from the moment of arrival.
    pub latency: Latency,
    /// Of new signers.
    pub new: Latency,
    pub counts: Counts,
    /// Messages that left the queues unseen: of known stations, of new signers.
    pub dropped: [u64; 2],
    /// Messages that were not accepted: 0, or something is wrong.
    pub refused: u64,
    /// Octets of the traffic that was made for it.
    pub traffic: usize,
}

type Result<T> = std::result::Result<T, BuildError>;

fn engine(plan: &Plan, domain: &Domain, settings: Settings) -> Engine {
    let mut engine = Engine::new(settings);
    engine.trust.add_root(&domain.root, u64::MAX);
    engine.trust.add(&domain.authority);
    let _ = plan;
    engine
}

/// Runs a plan. `yardstick` is called between slices: someone else's work, its count and time.
pub fn run(plan: &Plan, settings: Settings, mut yardstick: impl FnMut()) -> Result<Report> {
    let domain = Domain::new(plan.profile, plan.seed, (plan.start / 1_000_000) as u32 - 3600)?;
    let mut engine = engine(plan, &domain, settings);
    match (plan.mode, plan.rate) {
        (Mode::Flood { rate, count }, known) => {
            open_loop(plan, &domain, &mut engine, known.unwrap_or(2000), Some((rate, count)))
        }
        (_, Some(rate)) => open_loop(plan, &domain, &mut engine, rate, None),
        (mode, None) => closed_loop(plan, &domain, &mut engine, mode == Mode::Fresh, &mut yardstick),
    }
}

fn payload(plan: &Plan, n: u64) -> &[u8] {
    plan.payloads.get(n as usize % plan.payloads.len().max(1)).map_or(&[], Vec::as_slice)
}

/// As many as can be verified: slices of messages, of bare signatures, of the yardstick in turn.
fn closed_loop(
    plan: &Plan,
    domain: &Domain,
    engine: &mut Engine,
    fresh: bool,
    yardstick: &mut impl FnMut(),
) -> Result<Report> {
    let mut report = Report::default();
    let stations: Vec<Station> = (0..STATIONS).map(|n| domain.station(n)).collect::<Result<_>>()?;
    let mut out: Vec<(u64, Outcome)> = Vec::new();
    for (n, station) in (0..).zip(&stations) {
        let first = domain.message(station, payload(plan, n), plan.start + n, Attach::Certificate)?;
        engine.receive(n, &first, plan.start, &mut out);
    }
    out.clear();
    let mut made = STATIONS;
    while report.verified.seconds < plan.seconds {
        // a message every 100 us, as their times say
        let mut messages = Vec::with_capacity(SLICE);
        for _ in 0..SLICE {
            made += 1;
            let time = plan.start + made * 100;
            let new;
            let (station, attach) = if fresh {
                new = domain.station(made + STATIONS)?;
                (&new, Attach::Certificate)
            } else {
                (&stations[(made % STATIONS) as usize], Attach::Digest)
            };
            messages.push((time, domain.message(station, payload(plan, made), time, attach)?));
        }
        let started = Instant::now();
        for (time, message) in &messages {
            engine.receive(*time, message, *time, &mut out);
        }
        report.verified.add(Slice { count: SLICE as u64, seconds: started.elapsed().as_secs_f64() });
        report.refused += SLICE as u64 - accepted(&out);
        out.clear();
        report.bare.add(bare(&messages[..SLICE / 4], &stations[0]));
        yardstick();
    }
    report.counts = engine.counts();
    Ok(report)
}

fn accepted(out: &[(u64, Outcome)]) -> u64 {
    out.iter().filter(|(_, outcome)| outcome.verdict == Verdict::Accept).count() as u64
}

/// Verification of the signatures alone. They are all taken for those of one station: what is computed is
/// the same, whether they hold or not.
fn bare(messages: &[(u64, Vec<u8>)], station: &Station) -> Slice {
    let profile = Profile::Ydt3957;
    let views: Vec<DataView<'_>> =
        messages.iter().filter_map(|(_, m)| DataView::parse(m, profile).ok()).collect();
    let Ok(certificate) = CertificateView::parse(&station.certificate, profile) else {
        return Slice::default();
    };
    let curve = certificate.curve().unwrap_or(crate::view::Curve::Sm2);
    let Ok(verifier) = crate::sign::Verifier::of(crate::sign::profile_of(curve), &certificate) else {
        return Slice::default();
    };
    let cases: Vec<_> = views
        .iter()
        .filter_map(|view| match &view.content {
            Content::Signed(signed) => Some((verifier.digest(signed.to_be_signed), &signed.signature)),
            _ => None,
        })
        .collect();
    let started = Instant::now();
    for (digest, signature) in &cases {
        std::hint::black_box(verifier.key().verify(digest.octets(), signature).is_ok());
    }
    Slice { count: cases.len() as u64, seconds: started.elapsed().as_secs_f64() }
}

/// A message and when it is to arrive (microseconds from the start).
struct Arrival {
    at: u64,
    known: bool,
    octets: Box<[u8]>,
}

/// A number that follows from a seed: SplitMix64.
struct Numbers(u64);
impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// Time to the next event of a rate (a second), microseconds.
    fn wait(&mut self, rate: u32) -> u64 {
        let part = ((self.next() >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
        (-part.ln() * 1e6 / f64::from(rate.max(1))) as u64
    }
}

/// All messages of the run, in the order of their arrival, made before it.
fn arrivals(
    plan: &Plan,
    domain: &Domain,
    stations: &[Station],
    known: u32,
    flood: Option<(u32, u32)>,
) -> Result<Vec<Arrival>> {
    let mut numbers = Numbers(plan.seed);
    let end = (plan.seconds * 1e6) as u64;
    let mut all = Vec::new();
    let (mut at, mut n) = (0, 0);
    loop {
        at += numbers.wait(known);
        if at >= end {
            break;
        }
        n += 1;
        let station = &stations[(n % stations.len() as u64) as usize];
        // a whole certificate once a second of ten messages
        let attach =
            if (n / stations.len() as u64).is_multiple_of(10) { Attach::Certificate } else { Attach::Digest };
        let octets = domain.message(station, payload(plan, n), plan.start + at, attach)?.into();
        all.push(Arrival { at, known: true, octets });
    }
    if let Some((rate, count)) = flood {
        let wanted = (f64::from(rate) * plan.seconds * 1.1) as u64;
        let signers: Vec<Station> = (0..u64::from(count).min(wanted))
            .map(|n| domain.station(1_000_000 + n))
            .collect::<Result<_>>()?;
        let (mut at, mut n) = (0, 0usize);
        loop {
            at += numbers.wait(rate);
            if at >= end || signers.is_empty() {
                break;
            }
            n += 1;
            let station = &signers[n % signers.len()];
            let octets = domain
                .message(station, payload(plan, n as u64), plan.start + at, Attach::Certificate)?
                .into();
            all.push(Arrival { at, known: false, octets });
        }
    }
    all.sort_by_key(|arrival| arrival.at);
    Ok(all)
}

/// Messages arrive when their time comes, whether the last one is done or not.
fn open_loop(
    plan: &Plan,
    domain: &Domain,
    engine: &mut Engine,
    known: u32,
    flood: Option<(u32, u32)>,
) -> Result<Report> {
    let mut report = Report::default();
    let stations: Vec<Station> = (0..STATIONS).map(|n| domain.station(n)).collect::<Result<_>>()?;
    let all = arrivals(plan, domain, &stations, known, flood)?;
    report.traffic = all.iter().map(|a| a.octets.len() + size_of::<Arrival>()).sum();
    let mut out = Vec::new();
    for (n, station) in (0..).zip(&stations) {
        let first = domain.message(station, payload(plan, n), plan.start - 1000 + n, Attach::Certificate)?;
        engine.receive(n, &first, plan.start, &mut out);
    }
    out.clear();
    let sample: Vec<(u64, Vec<u8>)> = all.iter().take(SLICE / 4).map(|a| (a.at, a.octets.to_vec())).collect();
    report.bare = bare(&sample, &stations[0]);
    let mut intake: Intake<usize> = Intake::new(Budget::default());
    let started = Instant::now();
    let mut next = 0;
    let mut busy = 0.0;
    loop {
        let now = started.elapsed().as_micros() as u64;
        while let Some(arrival) = all.get(next).filter(|a| a.at <= now) {
            match engine.rank(&arrival.octets) {
                Some(rank) => drop(intake.push(rank, next)),
                None => report.refused += 1,
            }
            next += 1;
        }
        match intake.pop(plan.start + now) {
            Some(n) => {
                let arrival = &all[n];
                let begun = Instant::now();
                engine.receive(n as u64, &arrival.octets, plan.start + arrival.at, &mut out);
                busy += begun.elapsed().as_secs_f64();
                let late = started.elapsed().as_secs_f64() - arrival.at as f64 / 1e6;
                if arrival.known {
                    report.latency.add(late)
                } else {
                    report.new.add(late)
                }
                report.verified.count += 1;
                report.refused += out.len() as u64 - accepted(&out);
                out.clear();
            }
            None if next >= all.len() && intake.is_empty() => break,
            None => {
                let until = all.get(next).map_or(now + 1000, |a| a.at);
                if until > now + 200 {
                    std::thread::sleep(Duration::from_micros((until - now - 100).min(1000)));
                }
            }
        }
    }
    report.verified.seconds = started.elapsed().as_secs_f64();
    report.busy = Slice { count: report.verified.count, seconds: busy };
    report.dropped = intake.dropped;
    report.counts = engine.counts();
    Ok(report)
}

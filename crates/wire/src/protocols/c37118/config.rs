//! Configuration frames 1, 2 (clause 6.4) and 3 (6.5): the PMUs of a stream.

use crate::bytes::{Reader, text};

/// PMUs of one frame that are read.
const MAX_PMUS: usize = 256;

/// One PMU of a stream.
#[derive(Debug, PartialEq)]
pub struct Pmu {
    pub station: String,
    /// Latitude and longitude in degrees, where they are given.
    pub place: Option<String>,
    /// CFGCNT: how often its configuration was changed.
    pub changes: u16,
}

#[derive(Debug, PartialEq)]
pub struct Config {
    pub pmus: Vec<Pmu>,
}

/// Reads the body behind the common head. A frame that is one part of a longer configuration 3 gives
/// the PMUs in it that are whole.
pub fn read(body: &[u8], third: bool) -> Option<Config> {
    let mut r = Reader::new(body);
    let continued = if third { r.be16()? } else { 0 };
    r.skip(4)?;
    let count = usize::from(r.be16()?);
    let mut pmus = Vec::new();
    for _ in 0..count.min(MAX_PMUS) {
        match if third { third_pmu(&mut r) } else { pmu(&mut r) } {
            Some(pmu) => pmus.push(pmu),
            // 0: the only frame of its configuration
            None if continued != 0 => break,
            None => return None,
        }
    }
    Some(Config { pmus })
}

fn pmu(r: &mut Reader<'_>) -> Option<Pmu> {
    let station = text(r.take(16)?);
    r.skip(4)?;
    let (phasors, analogs, digitals) = channels(r)?;
    r.skip(16 * (phasors + analogs + 16 * digitals) + 4 * (phasors + analogs + digitals))?;
    r.skip(2)?;
    Some(Pmu { station, place: None, changes: r.be16()? })
}

fn third_pmu(r: &mut Reader<'_>) -> Option<Pmu> {
    let station = name(r)?;
    // IDCODE, G_PMU_ID, FORMAT
    r.skip(2 + 16 + 2)?;
    let (phasors, analogs, digitals) = channels(r)?;
    for _ in 0..phasors + analogs + 16 * digitals {
        name(r)?;
    }
    r.skip(12 * phasors + 8 * analogs + 4 * digitals)?;
    let (latitude, longitude) = (r.be_f32()?, r.be_f32()?);
    // elevation, service class, window, group delay, nominal frequency
    r.skip(4 + 1 + 4 + 4 + 2)?;
    // infinity stands for "not known"
    let known = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    let place = known.then(|| format!("{latitude},{longitude}"));
    Some(Pmu { station, place, changes: r.be16()? })
}

fn channels(r: &mut Reader<'_>) -> Option<(usize, usize, usize)> {
    let mut next = || r.be16().map(usize::from);
    Some((next()?, next()?, next()?))
}

/// A name behind its length.
fn name(r: &mut Reader<'_>) -> Option<String> {
    let n = usize::from(r.u8()?);
    r.take(n).map(text)
}

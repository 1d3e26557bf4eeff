//! Sampled values: SavPdu and its ASDUs.
//!
//! Source: IEC 61850-9-2, clause 8.5.2; the fixed data set of the UCA implementation guideline ("9-2 LE").

use crate::bytes::Reader;
use crate::model::Val;
use crate::protocols::ber::{self, Ber, Tlv};

/// Tag of SavPdu.
const SAV_PDU: u32 = 0x60;
/// ASDUs of one frame that are looked at; the standard's profiles have 1 to 8.
pub const MAX_ASDUS: usize = 16;
/// Octets of the fixed data set: four currents and four voltages, each with its quality.
const FIXED_DATA_SET: usize = 64;

/// One ASDU.
#[derive(Clone, Copy, Debug)]
pub struct Asdu<'a> {
    pub sv_id: &'a [u8],
    pub dat_set: Option<&'a [u8]>,
    /// Counts the samples of a second, or of all time.
    pub smp_cnt: u16,
    pub conf_rev: u32,
    /// 0 not synchronized, 1 by a local clock, 2 by a global one, above by the number of the clock.
    pub smp_synch: u8,
    pub smp_rate: Option<u16>,
    pub samples: &'a [u8],
}

fn number(tlv: Tlv<'_>) -> Option<u64> {
    ber::uint(tlv.body)
}

fn small(tlv: Tlv<'_>) -> Option<u16> {
    number(tlv).and_then(|v| u16::try_from(v).ok())
}

impl<'a> Asdu<'a> {
    fn read(whole: Tlv<'a>) -> Option<Asdu<'a>> {
        let mut ber = whole.inner();
        let sv_id = ber.expect(0x80)?.body;
        let dat_set = ber.expect(0x81).map(|t| t.body);
        let smp_cnt = small(ber.expect(0x82)?)?;
        let conf_rev = u32::try_from(number(ber.expect(0x83)?)?).ok()?;
        // time of the data
        ber.expect(0x84);
        let smp_synch = u8::try_from(number(ber.expect(0x85)?)?).ok()?;
        let smp_rate = ber.expect(0x86).and_then(small);
        let samples = ber.expect(0x87)?.body;
        Some(Asdu { sv_id, dat_set, smp_cnt, conf_rev, smp_synch, smp_rate, samples })
    }

    /// Instantaneous values of the fixed data set, in its scaled units (1 mA, 10 mV).
    pub fn values(&self) -> Vec<Val> {
        if self.samples.len() != FIXED_DATA_SET {
            return Vec::new();
        }
        let mut r = Reader::new(self.samples);
        let mut out = Vec::with_capacity(8);
        while let (Some(value), Some(_quality)) = (r.be_i32(), r.be32()) {
            out.push(Val::from(value));
        }
        out
    }
}

/// ASDUs of the APDU at the start of `apdu`, in their order; none are left out.
pub fn asdus(apdu: &[u8]) -> Option<Vec<Asdu<'_>>> {
    let whole = Ber::new(apdu).next().filter(|t| t.tag == SAV_PDU)?;
    let mut ber = whole.inner();
    let count = usize::try_from(number(ber.expect(0x80)?)?).ok()?;
    // security, of any kind
    ber.expect(0x81).or_else(|| ber.expect(0xa1));
    let list = ber.expect(0xa2)?;
    let found: Option<Vec<Asdu<'_>>> =
        list.inner().take(MAX_ASDUS).map(|t| (t.tag == ber::SEQUENCE).then_some(t).and_then(Asdu::read)).collect();
    found.filter(|f| !f.is_empty() && f.len() == count.min(MAX_ASDUS))
}

//! GOOSE frames and PDUs: the Ethernet head, the routable session in UDP, IECGoosePdu.
//!
//! Sources: IEC 61850-8-1, annex C (head) and clause 18 (IECGoosePdu); IEC 61850-90-5 (session of
//! routable GOOSE and sampled values; tags compared with those Wireshark's dissector names).

use crate::bytes::Reader;
use crate::protocols::ber::{self, Ber, Tlv};
use crate::protocols::iec61850::{UtcTime, utc_time};

/// Tag of IECGoosePdu.
pub const GOOSE_PDU: u32 = 0x61;
/// Session identifier of routable GOOSE and of routable sampled values.
pub const SPDU_GOOSE: u8 = 0xa1;
pub const SPDU_SV: u8 = 0xa2;

/// The eight octets in front of the APDU on Ethernet, or what stands for them in a routable session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    pub appid: u16,
    /// The simulation bit of the frame (Reserved 1, bit 15), beside the one in the PDU.
    pub simulated: bool,
}

/// Reads the head of an Ethernet payload; gives the APDU with what follows it up to the length.
/// The length counts the eight octets of the head; Ethernet's filler is behind it.
pub fn ethernet(data: &[u8]) -> Option<(Head, &[u8])> {
    let mut r = Reader::new(data);
    let (appid, length, reserved) = (r.be16()?, usize::from(r.be16()?), r.be16()?);
    r.skip(2)?;
    let apdu = r.take(length.checked_sub(8)?)?;
    Some((Head { appid, simulated: reserved & 0x8000 != 0 }, apdu))
}

/// Reads a routable session in a UDP datagram: its APDUs, each with its head. `spdu` is which kind is
/// looked for. `None` if it is not such a session; no APDUs if they are encrypted.
pub fn routable(data: &[u8], spdu: u8) -> Option<Vec<(Head, &[u8])>> {
    let mut r = Reader::new(data);
    // connectionless transport: a unit data TPDU (ITU-T X.234), its parameters of no interest
    let (li, code) = (usize::from(r.u8()?), r.u8()?);
    if code != 0x40 {
        return None;
    }
    r.skip(li.checked_sub(1)?)?;
    let (id, length) = (r.u8()?, usize::from(r.u8()?));
    let session = r.position();
    let (common, inner) = (r.u8()?, usize::from(r.u8()?));
    if id != spdu || common != 0x80 || inner + 2 != length && inner != length {
        return None;
    }
    // SPDU length and number, version, times and id of the key
    r.skip(4 + 4 + 2 + 4 + 2 + 4)?;
    let vector = usize::from(r.u8()?);
    r.skip(vector)?;
    if r.position() < session {
        return None;
    }
    let payload = usize::try_from(r.be32()?).ok()?;
    let mut r = Reader::new(r.rest().get(..payload.min(r.left()))?);
    let mut found = Vec::new();
    while found.len() < 16
        && let (Some(tag), Some(simulation), Some(appid), Some(length)) = (r.u8(), r.u8(), r.be16(), r.be16())
    {
        let Some(apdu) = r.take(length.into()) else { break };
        if tag == spdu & 0x0f | 0x80 {
            found.push((Head { appid, simulated: simulation != 0 }, apdu));
        }
    }
    Some(found)
}

/// One IECGoosePdu.
#[derive(Clone, Copy, Debug)]
pub struct Pdu<'a> {
    pub gocb_ref: &'a [u8],
    /// Milliseconds until the next message must have come.
    pub time_allowed_to_live: u32,
    pub dat_set: &'a [u8],
    pub go_id: Option<&'a [u8]>,
    /// When the state became what it is.
    pub t: Option<UtcTime>,
    pub st_num: u32,
    pub sq_num: u32,
    pub simulation: bool,
    pub conf_rev: u32,
    pub nds_com: bool,
    pub num_dat_set_entries: u32,
    /// The values, each a Data.
    pub all_data: &'a [u8],
}

fn number(tlv: Tlv<'_>) -> Option<u32> {
    ber::uint(tlv.body).and_then(|v| u32::try_from(v).ok())
}

impl<'a> Pdu<'a> {
    /// Reads the PDU at the start of an APDU.
    pub fn read(apdu: &'a [u8]) -> Option<Pdu<'a>> {
        let whole = Ber::new(apdu).next().filter(|t| t.tag == GOOSE_PDU)?;
        let mut ber = whole.inner();
        let gocb_ref = ber.expect(0x80)?.body;
        let time_allowed_to_live = number(ber.expect(0x81)?)?;
        let dat_set = ber.expect(0x82)?.body;
        let go_id = ber.expect(0x83).map(|t| t.body);
        let t = utc_time(ber.expect(0x84)?.body);
        let (st_num, sq_num) = (number(ber.expect(0x85)?)?, number(ber.expect(0x86)?)?);
        let truth = |t: Tlv<'_>| t.body.iter().any(|b| *b != 0);
        // the default is false; edition 1 calls it test
        let simulation = ber.expect(0x87).is_some_and(truth);
        let conf_rev = number(ber.expect(0x88)?)?;
        let nds_com = ber.expect(0x89).is_some_and(truth);
        let num_dat_set_entries = number(ber.expect(0x8a)?)?;
        let all_data = ber.expect(0xab)?.body;
        Some(Pdu {
            gocb_ref,
            time_allowed_to_live,
            dat_set,
            go_id,
            t,
            st_num,
            sq_num,
            simulation,
            conf_rev,
            nds_com,
            num_dat_set_entries,
            all_data,
        })
    }

    /// Values there are, which may differ from how many the PDU says there are.
    pub fn entries(&self) -> usize {
        Ber::new(self.all_data).count()
    }
}

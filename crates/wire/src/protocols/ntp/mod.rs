//! Network Time Protocol (RFC 5905): servers by stratum and reference, what control and private
//! messages say and change, signed answers of domain controllers.

mod control;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use std::net::Ipv4Addr;

pub static SPEC: Spec = Spec {
    name: "ntp",
    title: "Network Time Protocol",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[123],
    ethertypes: &[],
    rank: 79,
    identify,
    open: || Box::<Ntp>::default(),
    pdus: false,
    facts: &["ntp_stratum", "ntp_refid", "os", "ntp_daemon"],
    credentials: &["hash"],
    operations: &["read_variables", "write_variables", "configure", "save_config", "monlist", "private_request"],
    source: "RFC 5905, 9327 (control messages); ntpd's ntp_request.h (private messages); MS-SNTP; hashcat mode 31300",
    level: 5,
    proofs: &["zeek/ntp", "ndpi/pcap/NTPv3.pcap"],
};

/// Seconds between 1900 and 1970.
const UNIX: u64 = 2_208_988_800;
/// A server's clock may be wrong by so much and it still is one, in seconds: ten years.
const FAR: u64 = 10 * 365 * 86_400;

struct Head {
    version: u8,
    mode: u8,
    stratum: u8,
    refid: [u8; 4],
}

fn head(data: &[u8]) -> Option<Head> {
    let mut r = Reader::new(data);
    let flags = r.u8()?;
    let stratum = r.u8()?;
    let (poll, precision) = (r.u8()? as i8, r.u8()? as i8);
    r.skip(8)?;
    let refid = r.take(4)?.try_into().ok()?;
    let (version, mode) = (flags >> 3 & 7, flags & 7);
    let fits = (1..=4).contains(&version)
        && (1..=5).contains(&mode)
        && stratum <= 16
        && (-6..=24).contains(&poll)
        && (-64..=6).contains(&precision);
    fits.then_some(Head { version, mode, stratum, refid })
}

/// Octets of a message: the fixed part, extension fields, perhaps an authenticator.
fn fits(size: usize) -> bool {
    size == 48 || size >= 52 && size.is_multiple_of(4) && size <= 1024
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(&flags) = data.first() else { return Verdict::No };
    match flags & 7 {
        6 | 7 if hint.port(123) => control::identify(hint, data),
        1..=5 if fits(data.len()) => {
            let Some(h) = head(data) else { return Verdict::No };
            let role = match h.mode {
                3 => Role::Client,
                4 | 5 => Role::Server,
                _ => Role::Unknown,
            };
            if hint.port(123) {
                return Verdict::Strong(role);
            }
            // elsewhere only what has a time in it that can be
            let transmit = data.get(40..44).map_or(0, |b| b.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)));
            let sound = h.mode >= 3 && data.len() == 48 && (UNIX + 30 * 365 * 86_400..UNIX + 60 * 365 * 86_400 + FAR).contains(&transmit);
            if sound { Verdict::Weak(role) } else { Verdict::No }
        }
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Ntp {
    control: control::Control,
    told: Option<(u8, [u8; 4])>,
    /// A request with a key's number and an empty authenticator: asks a domain controller to sign.
    signs: Option<u32>,
}

impl Probe for Ntp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let flags = data.first().copied().ok_or(Malformed)?;
        match flags & 7 {
            6 => return self.control.message(cx, data),
            7 => return self.control.private(cx, data),
            _ => {}
        }
        let h = head(data).filter(|_| data.len() >= 48).ok_or(Malformed)?;
        match h.mode {
            3 => {
                cx.sender_is(Side::Client);
                self.request(data);
            }
            4 | 5 => {
                cx.sender_is(Side::Server);
                self.serves(cx, &h);
                self.signed(cx, data);
            }
            _ => self.serves(cx, &h),
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.control.end(cx);
    }
}

impl Ntp {
    fn request(&mut self, data: &[u8]) {
        let Some([a, b, c, d, mac @ ..]) = data.get(48..68).filter(|_| data.len() == 68) else { return };
        self.signs = mac.iter().all(|b| *b == 0).then(|| u32::from_le_bytes([*a, *b, *c, *d]) & 0x7fff_ffff);
    }

    /// An answer signed with the NT hash of the account that asked (MS-SNTP 3.2.5.1).
    fn signed(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        let (Some(rid), Some(salt), Some(mac)) = (self.signs, data.get(..48), data.get(52..68)) else { return };
        if data.len() != 68 || mac.iter().all(|b| *b == 0) {
            return;
        }
        self.signs = None;
        let line = format!("$sntp-ms${}${}", hex(mac), hex(salt));
        let rid = rid.to_string();
        cx.credential(Cred::new(CredKind::Hash).username(&rid).secret(&line).hashcat(31300, &line).detail("account", "RID"));
    }

    fn serves(&mut self, cx: &mut Cx<'_>, h: &Head) {
        let this = (h.stratum, h.refid);
        if h.mode < 4 && h.stratum == 0 || self.told == Some(this) {
            return;
        }
        let side = cx.from();
        let first = self.told.replace(this);
        if side == Side::Server {
            cx.service_info("version", h.version.to_string());
        }
        if (1..=15).contains(&h.stratum) {
            cx.fact(side, "ntp_stratum", itoa::Buffer::new().format(h.stratum), "stratum");
        }
        let refid = reference(h);
        if !refid.is_empty() {
            cx.fact(side, "ntp_refid", &refid, "refid");
        }
        if cx.wants_events() {
            let mut f = vec![
                ("ntp.version", Val::from(h.version)),
                ("ntp.mode", Val::from(h.mode)),
                ("ntp.stratum", Val::from(h.stratum)),
            ];
            if !refid.is_empty() {
                f.push(("ntp.reference", Val::from(refid)));
            }
            // a server that has another source than before: its time may be another too
            let changed = first.is_some();
            cx.event(if changed { "source_change" } else { "time" }, if changed { "change" } else { "info" }, f);
        }
    }
}

/// The reference: four letters for a clock or a kiss code, an address otherwise (RFC 5905, 7.3).
fn reference(h: &Head) -> String {
    match h.stratum {
        0 | 1 => {
            let text = crate::bytes::text(&h.refid);
            if text.chars().all(|c| c.is_ascii_graphic()) { text } else { String::new() }
        }
        2..=15 if h.refid != [0; 4] => Ipv4Addr::from(h.refid).to_string(),
        _ => String::new(),
    }
}

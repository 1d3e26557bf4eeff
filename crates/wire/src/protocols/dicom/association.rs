//! Association PDUs (PS3.8, 9.3) and the user information in them (PS3.7, annex D.3).
//!
//! Makers by the root of the implementation class UID, as their conformance statements give it.

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::Side;

/// Items of one PDU that are read.
const MAX_ITEMS: usize = 512;

pub struct Identity {
    /// 1 user, 2 user and passcode, 3 Kerberos ticket, 4 SAML assertion, 5 JWT.
    pub kind: u8,
    pub name: Option<String>,
    pub secret: Option<String>,
}

#[derive(Default)]
pub struct Association {
    pub called: String,
    pub calling: String,
    class: Option<String>,
    version: Option<String>,
    pub identity: Option<Identity>,
}

fn plain(data: &[u8]) -> Option<String> {
    let text = crate::bytes::text(data);
    (!text.is_empty() && text.chars().all(|c| !c.is_control())).then_some(text)
}

impl Association {
    /// Reads the contents of an A-ASSOCIATE request or acceptance.
    pub fn read(body: &[u8]) -> Option<Association> {
        let mut r = Reader::new(body);
        r.skip(4)?;
        let (called, calling) = (plain(r.take(16)?)?, plain(r.take(16)?)?);
        r.skip(32)?;
        let mut out = Association { called, calling, ..Association::default() };
        let mut count = 0;
        while let Some(kind) = r.u8() {
            r.skip(1)?;
            let length = usize::from(r.be16()?);
            let item = r.take(length)?;
            if kind == 0x50 {
                out.user(item)?;
            }
            count += 1;
            if count > MAX_ITEMS {
                return None;
            }
        }
        Some(out)
    }

    fn user(&mut self, items: &[u8]) -> Option<()> {
        let mut r = Reader::new(items);
        while let Some(kind) = r.u8() {
            r.skip(1)?;
            let length = usize::from(r.be16()?);
            let item = r.take(length)?;
            match kind {
                0x52 => self.class = plain(item),
                0x55 => self.version = plain(item),
                0x58 => self.identity = identity(item),
                _ => {}
            }
        }
        Some(())
    }
}

fn identity(item: &[u8]) -> Option<Identity> {
    let mut r = Reader::new(item);
    let kind = r.u8()?;
    r.skip(1)?;
    let primary = usize::from(r.be16()?);
    let primary = r.take(primary)?;
    let secondary = usize::from(r.be16()?);
    let secondary = r.take(secondary)?;
    Some(match kind {
        1 | 2 => Identity { kind, name: plain(primary), secret: plain(secondary) },
        4 | 5 => Identity { kind, name: None, secret: plain(primary.get(..512).unwrap_or(primary)) },
        _ => Identity { kind, name: None, secret: Some(hex(primary.get(..256).unwrap_or(primary))) },
    })
}

/// What a side's software says of itself.
pub fn implementation(cx: &mut Cx<'_>, side: Side, a: &Association) {
    if let Some(version) = &a.version {
        cx.fact(side, "product", version, "implementation version name");
    }
    if let Some(class) = &a.class {
        cx.fact(side, "implementation", class, "implementation class UID");
        if let Some(maker) = maker(class) {
            cx.fact(side, "vendor", maker, "implementation class UID");
        }
    }
}

/// Makers of devices only: toolkits (DCMTK, dcm4che) say nothing of the device.
fn maker(class: &str) -> Option<&'static str> {
    const ROOTS: &[(&str, &str)] = &[
        ("1.2.840.113619.", "GE Healthcare"),
        ("1.3.12.2.1107.", "Siemens Healthineers"),
        ("1.3.46.670589.", "Philips"),
        ("1.2.392.200036.9116.", "Canon Medical Systems"),
        ("1.2.392.200036.9125.", "Fujifilm"),
        ("1.2.840.113564.", "Carestream Health"),
        ("1.2.840.113681.", "Hologic"),
        ("1.3.51.", "Agfa HealthCare"),
    ];
    ROOTS.iter().find(|(root, _)| class.starts_with(root)).map(|(_, maker)| *maker)
}

/// Why an association was rejected (PS3.8, table 9-21).
pub fn reason_name(source: u8, reason: u8) -> &'static str {
    match (source, reason) {
        (1, 2) => "application_context_not_supported",
        (1, 3) => "calling_ae_title_not_recognized",
        (1, 7) => "called_ae_title_not_recognized",
        (2, 2) => "protocol_version_not_supported",
        (3, 1) => "temporary_congestion",
        (3, 2) => "local_limit_exceeded",
        _ => "no_reason_given",
    }
}

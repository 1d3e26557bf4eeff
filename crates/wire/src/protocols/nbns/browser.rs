//! The NetBIOS datagram service (RFC 1002, 4.4) and the host announcements of the browser protocol
//! (MS-BRWS, 2.2) that Windows and Samba send in it.

use super::name;
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::Val;
use std::net::{IpAddr, Ipv4Addr};

/// Head of a datagram up to its source name.
const HEAD: usize = 14;

/// True if `data` is a datagram of the service: message type, lengths and both encoded names.
pub fn is_datagram(data: &[u8]) -> bool {
    matches!(data.first(), Some(0x10..=0x12))
        && data.get(1).is_some_and(|flags| flags & 0xf0 == 0)
        && data.get(12..14) == Some(&[0, 0])
        && encoded(data, HEAD).is_some()
        && encoded(data, HEAD + 34).is_some()
}

/// The encoded name at `at`, if it has no scope.
fn encoded(data: &[u8], at: usize) -> Option<name::NetbiosName> {
    let field = data.get(at..at.checked_add(34)?)?;
    match field {
        [0x20, label @ .., 0] => name::decode(label),
        _ => None,
    }
}

/// Takes what a datagram tells of its sender.
pub fn datagram(cx: &mut Cx<'_>, data: &[u8]) -> Option<()> {
    let source = encoded(data, HEAD)?;
    let &[a, b, c, d] = data.get(4..8)? else { return None };
    let side = cx.from();
    // the source address is the sender's own unless a distribution server passed it on
    let host = cx.host_ip(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))?;
    let own = host == cx.end(side).host;
    if own && source.is_plain() && matches!(source.suffix, 0x00 | 0x20) {
        cx.fact(side, "hostname", &source.text, "nbds.source_name");
    }
    let smb = data.get(HEAD + 68..)?;
    let announcement = browse(smb).and_then(Announcement::read);
    if let Some(a) = announcement.as_ref().filter(|_| own) {
        a.learn(cx);
    }
    if cx.wants_pdus() {
        let target = encoded(data, HEAD + 34)?;
        let mut f = vec![
            ("nbns.source_name", Val::from(source.text)),
            ("nbns.name", Val::from(target.text)),
            ("nbns.suffix", Val::from(target.suffix)),
        ];
        if let Some(a) = announcement {
            f.push(("nbns.browser.command", Val::from(a.command)));
            f.push(("nbns.browser.server", Val::from(a.server)));
        }
        cx.pdu("datagram", f);
    }
    Some(())
}

/// Data of an SMB transaction to the mailslot `\MAILSLOT\BROWSE` (MS-CIFS, 2.2.4.33.1).
fn browse(smb: &[u8]) -> Option<&[u8]> {
    if smb.get(..5)? != b"\xffSMB\x25" {
        return None;
    }
    let count = usize::from(u16::from_le_bytes([*smb.get(55)?, *smb.get(56)?]));
    let offset = usize::from(u16::from_le_bytes([*smb.get(57)?, *smb.get(58)?]));
    let name = smb.get(69..)?;
    if !name.get(..17)?.eq_ignore_ascii_case(b"\\MAILSLOT\\BROWSE\0") {
        return None;
    }
    smb.get(offset..offset.checked_add(count)?)
}

struct Announcement {
    command: u8,
    server: String,
    major: u8,
    minor: u8,
    kind: u32,
    comment: String,
}

impl Announcement {
    /// HostAnnouncement (1), DomainAnnouncement (12) or LocalMasterAnnouncement (15).
    fn read(data: &[u8]) -> Option<Announcement> {
        let mut r = Reader::new(data);
        let command = r.u8().filter(|c| matches!(c, 1 | 12 | 15))?;
        r.skip(5)?;
        let server = text(r.take(16)?);
        let (major, minor, kind) = (r.u8()?, r.u8()?, r.le32()?);
        r.skip(4)?;
        Some(Announcement { command, server, major, minor, kind, comment: text(r.rest()) })
    }

    fn learn(&self, cx: &mut Cx<'_>) {
        let side = cx.from();
        if self.command == 12 {
            return cx.fact(side, "domain", &self.server, "browser.machine_group");
        }
        cx.fact(side, "hostname", &self.server, "browser.server_name");
        cx.fact(side, "os_version", &format!("{}.{}", self.major, self.minor), "browser.os_version");
        cx.fact(side, "description", &self.comment, "browser.comment");
        // SV_TYPE bits (MS-BRWS, 2.2.3 with MS-SRVS, 2.2.2.7)
        if self.kind & 0x18 != 0 {
            cx.fact(side, "role", "domain-controller", "browser.server_type");
        } else if self.kind & 0x8000 != 0 {
            cx.fact(side, "role", "server", "browser.server_type");
        } else if self.kind & 0x1000 != 0 && self.kind & 0x800 == 0 {
            cx.fact(side, "role", "workstation", "browser.server_type");
        }
    }
}

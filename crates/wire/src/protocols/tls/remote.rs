//! Remote-access programs by the names in a handshake: those that no one else has.
//!
//! Their sessions are TLS (or QUIC) from end to end; what tells them is the name of the maker's own
//! servers, or of the certificates that their programs make for themselves.

use crate::cx::Cx;

/// Domains of the relays that programs log on to, and the name of the program.
const DOMAINS: &[(&str, &str)] = &[
    ("net.anydesk.com", "anydesk"),
    ("relays.net.anydesk.com", "anydesk"),
    ("router.teamviewer.com", "teamviewer"),
    ("master.teamviewer.com", "teamviewer"),
    ("ping.teamviewer.com", "teamviewer"),
    ("sl-rc.oray.com", "sunlogin"),
    ("slapi.oray.net", "sunlogin"),
    ("client-api.oray.net", "sunlogin"),
    ("sunlogin.oray.com", "sunlogin"),
    ("authds.todesk.com", "todesk"),
    ("todesk.com", "todesk"),
];
/// Common names of certificates that programs make for themselves.
const CERTIFICATES: &[(&str, &str)] = &[("AnyDesk Client", "anydesk"), ("AnyNet Relay", "anydesk"), ("AnyNet Root CA", "anydesk")];

/// The program that asks for this name. A maker's web site is no sign of it.
fn by_name(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("www.") || lower.starts_with("dl.") || lower.starts_with("download.") {
        return None;
    }
    // numbered routers: router7.teamviewer.com
    if let Some(host) = lower.strip_suffix(".teamviewer.com") {
        let word = host.trim_end_matches(|c: char| c.is_ascii_digit());
        return matches!(word, "router" | "master" | "ping" | "server").then_some("teamviewer");
    }
    let ends = |domain: &str| lower.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    let found = DOMAINS.iter().find(|(d, _)| lower == *d && *d != "todesk.com" || ends(d));
    found.map(|(_, program)| *program)
}

/// The client asks for a server by name.
pub fn named(cx: &mut Cx<'_>, name: &str) {
    if let Some(program) = by_name(name) {
        cx.also(program);
    }
}

/// A certificate with this common name was shown.
pub fn certified(cx: &mut Cx<'_>, common_name: &str) {
    if let Some((_, program)) = CERTIFICATES.iter().find(|(n, _)| *n == common_name) {
        cx.also(program);
    }
}

#[cfg(test)]
mod tests {
    use super::by_name;

    #[test]
    fn knows_relays_and_no_web_sites() {
        for (name, program) in [
            ("relay-ab12.net.anydesk.com", "anydesk"),
            ("boot.net.anydesk.com", "anydesk"),
            ("router12.teamviewer.com", "teamviewer"),
            ("authds.todesk.com", "todesk"),
        ] {
            assert_eq!(by_name(name), Some(program), "{name}");
        }
        for name in ["anydesk.com", "www.teamviewer.com", "todesk.com", "xnet.anydesk.com.evil", "fakerouter1.teamviewer.com", "notnet.anydesk.com"] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }
}

//! Identity inside the free text a device describes itself with: SNMP `sysDescr` (RFC 3418) and the
//! LLDP system description (IEEE 802.1AB, 8.5.7), which most agents fill with the same words.
//!
//! Only forms that makers use consistently are taken apart; any other text says nothing here.

use crate::model::Mac;

/// Text of a field: control characters and line ends become single blanks.
pub fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Gives each thing the description `text` says (one line, see [`line`]) as (fact name, value).
pub fn about(text: &str, put: &mut dyn FnMut(&'static str, &str)) {
    let _ = siemens(text, put)
        || cisco(text, put)
        || hirschmann(text, put)
        || system(text, put)
        || router_os(text, put)
        || procurve(text, put)
        || jet_direct(text, put)
        || computer(text, put)
        || plain(text, put);
}

/// True for a Siemens order number (MLFB), blank after its first four characters or not.
pub fn is_order_number(text: &str) -> bool {
    let b: Vec<u8> = text.bytes().filter(|b| *b != b' ').collect();
    b.len() >= 13
        && b.len() <= 18
        && b.first().is_some_and(u8::is_ascii_digit)
        && b.get(1..3).is_some_and(|p| p.iter().all(u8::is_ascii_uppercase))
        && b.get(7) == Some(&b'-')
        && b.get(13).is_none_or(|c| *c == b'-')
        && b.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-')
}

/// `Siemens, SIMATIC NET, CP 343-1, 6GK7 343-1EX30-0XE0, HW: 3, FW: V2.3.2, VPL6060018`
fn siemens(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    if !text.starts_with("Siemens") && !text.starts_with("SIEMENS") {
        return false;
    }
    put("vendor", "Siemens");
    let mut parts = text.split(',').map(str::trim);
    let mut before = "";
    let mut firmware_seen = false;
    for part in parts.by_ref() {
        if let Some(v) = part.strip_prefix("HW:") {
            put("hardware", unversioned(v));
        } else if let Some(v) = part.strip_prefix("FW:") {
            put("firmware", unversioned(v));
            firmware_seen = true;
        } else if is_order_number(part) {
            put("model", part);
            if !before.is_empty() && !before.starts_with("Siemens") {
                put("product", before);
            }
        } else if firmware_seen && part.len() >= 6 && part.bytes().any(|b| b.is_ascii_digit()) {
            put("serial", part);
            break;
        }
        before = part;
    }
    if let Some(rest) = text.strip_prefix("Siemens AG ").filter(|_| !text.contains(',')) {
        put("product", rest);
    }
    true
}

/// `Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE5, RELEASE …`
fn cisco(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    let os = if text.contains("IOS-XE") || text.contains("IOS XE") {
        "Cisco IOS XE"
    } else if text.starts_with("Cisco IOS Software")
        || text.starts_with("Cisco Internetwork Operating System")
    {
        "Cisco IOS"
    } else if text.contains("NX-OS") {
        "Cisco NX-OS"
    } else if text.starts_with("Cisco Adaptive Security Appliance") {
        "Cisco ASA"
    } else {
        return false;
    };
    put("vendor", "Cisco");
    put("os", os);
    if let Some(version) = after(text, "Version ") {
        put("firmware", version);
    }
    true
}

/// `Hirschmann MAR - SW: L2P-09.0.00`
fn hirschmann(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    let Some((product, firmware)) = text.strip_prefix("Hirschmann ").and_then(|t| t.split_once(" - SW: "))
    else {
        return false;
    };
    put("vendor", "Hirschmann");
    put("product", product);
    put("firmware", word(firmware));
    true
}

/// Texts of general operating systems, most of them `uname -a`.
fn system(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    if let Some((_, software)) = text.split_once("Software: Windows ") {
        let version = software.strip_prefix("2000 ").unwrap_or(software);
        let version = version.strip_prefix("Version ").unwrap_or(version);
        let end = version.find([')', ',']).unwrap_or(version.len());
        let plain = version.get(..end).unwrap_or_default().replace('(', "");
        put("os", &format!("Windows {}", plain.trim()));
        return true;
    }
    if let Some(rest) = text.strip_prefix("VMware ESXi ") {
        put("vendor", "VMware");
        put("os", &format!("VMware ESXi {}", word(rest)));
        return true;
    }
    let mut words = text.split(' ');
    let (Some(name), Some(_host), Some(release)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    if !matches!(
        name,
        "Linux" | "Darwin" | "FreeBSD" | "OpenBSD" | "NetBSD" | "SunOS" | "AIX" | "HP-UX" | "QNX"
    ) || !release.starts_with(|c: char| c.is_ascii_digit())
    {
        return false;
    }
    put("os", &format!("{name} {release}"));
    true
}

/// `RouterOS RB750Gr3` (MikroTik), `Juniper Networks, Inc. ex2200-24t … kernel JUNOS 12.3R6.6 …`
fn router_os(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    if let Some(model) = text.strip_prefix("RouterOS ") {
        put("vendor", "MikroTik");
        put("os", "RouterOS");
        put("model", model);
        return true;
    }
    let Some(rest) = text.strip_prefix("Juniper Networks, Inc. ") else { return false };
    put("vendor", "Juniper Networks");
    put("model", word(rest));
    if let Some(version) = after(text, "JUNOS ") {
        put("os", &format!("Junos {}", version.trim_start_matches('[')));
    }
    true
}

/// `ProCurve J8762A Switch 2600-8-PWR, revision H.08.89, ROM H.08.5X`, with or without `HP `.
fn procurve(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    let rest = text.strip_prefix("Hewlett-Packard Company ").unwrap_or(text);
    let rest = rest.strip_prefix("HP ").unwrap_or(rest);
    let rest = rest.strip_prefix("ProCurve ").unwrap_or(rest);
    let number = word(rest);
    let is_number = number.len() == 6
        && number.starts_with('J')
        && number.get(1..5).is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit()));
    if !is_number || !text.contains("revision ") {
        return false;
    }
    put("vendor", "Hewlett-Packard");
    put("model", number);
    let product = rest.get(number.len()..).unwrap_or_default().split(',').next().unwrap_or_default();
    put("product", product);
    if let Some(version) = after(text, "revision ") {
        put("firmware", version);
    }
    true
}

/// `HP ETHERNET MULTI-ENVIRONMENT,SN:CN12345678,FN:…,SVCID:…,PID:HP LaserJet …`
fn jet_direct(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    if !text.starts_with("HP ETHERNET MULTI-ENVIRONMENT") {
        return false;
    }
    put("vendor", "Hewlett-Packard");
    put("role", "printer");
    for part in text.split(',') {
        if let Some(v) = part.strip_prefix("SN:") {
            put("serial", v);
        } else if let Some(v) = part.strip_prefix("PID:") {
            put("product", v);
        }
    }
    true
}

/// `Dell Inc. OptiPlex 990,01,G22XB2S`: maker and model, version, serial of a computer, as the
/// PROFINET stack for Windows writes it.
fn computer(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    let parts: Vec<&str> = text.split(',').collect();
    let [product, _, serial] = parts[..] else { return false };
    for (prefix, vendor) in [
        ("Dell Inc. ", "Dell"),
        ("LENOVO ", "Lenovo"),
        ("Hewlett-Packard ", "Hewlett-Packard"),
        ("HP ", "HP"),
        ("SIEMENS AG ", "Siemens"),
    ] {
        if let Some(product) = product.strip_prefix(prefix) {
            put("vendor", vendor);
            put("product", product);
            let serial = word(serial.trim());
            if serial.len() >= 5 && serial.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                put("serial", serial);
            }
            return true;
        }
    }
    false
}

/// Maker by its first words, firmware by the word `version`.
fn plain(text: &str, put: &mut dyn FnMut(&'static str, &str)) -> bool {
    const MAKERS: &[(&str, &str)] = &[
        ("Allen-Bradley", "Rockwell Automation"),
        ("Rockwell Automation", "Rockwell Automation"),
        ("WAGO", "WAGO"),
        ("MOXA", "Moxa"),
        ("Moxa", "Moxa"),
        ("Hirschmann", "Hirschmann"),
        ("Phoenix Contact", "Phoenix Contact"),
        ("PHOENIX CONTACT", "Phoenix Contact"),
        ("Schneider Electric", "Schneider Electric"),
        ("Lantronix", "Lantronix"),
        ("APC ", "APC"),
        ("AXIS", "Axis Communications"),
        ("Brother", "Brother"),
        ("KONICA MINOLTA", "Konica Minolta"),
        ("RICOH", "Ricoh"),
        ("Xerox", "Xerox"),
        ("Canon", "Canon"),
        ("EPSON", "Epson"),
        ("Lexmark", "Lexmark"),
        ("Westermo", "Westermo"),
        ("Huawei", "Huawei"),
        ("H3C", "H3C"),
    ];
    if let Some((_, vendor)) = MAKERS.iter().find(|(prefix, _)| text.starts_with(prefix)) {
        put("vendor", vendor);
        if *vendor == "Rockwell Automation"
            && let Some(model) = text.split(' ').find(|w| is_catalogue_number(w))
        {
            put("model", model);
        }
    }
    for mark in ["Version ", "version ", "Firmware ", "firmware ", "FW:", " v", " V"] {
        if let Some(version) = after(text, mark)
            && version.starts_with(|c: char| c.is_ascii_digit() || c == 'V' || c == 'v')
            && version.contains('.')
        {
            put("firmware", version);
            break;
        }
    }
    true
}

/// `1756-EN2T/D`, `1769-L32E`: four digits, a hyphen, letters and digits.
fn is_catalogue_number(word: &str) -> bool {
    let Some((series, rest)) = word.split_once('-') else { return false };
    series.len() == 4 && series.bytes().all(|b| b.is_ascii_digit()) && rest.len() >= 2
}

fn unversioned(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("Version ").unwrap_or(text)
}

/// The first word, up to a blank or comma.
fn word(text: &str) -> &str {
    text.split([' ', ',', ';']).next().unwrap_or_default()
}

/// The word behind `mark`.
fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.split_once(mark).map(|(_, rest)| word(rest.trim_start())).filter(|w| !w.is_empty())
}

/// A hardware address in any of its usual spellings.
pub fn mac(text: &str) -> Option<Mac> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    if digits.len() != 12 || !digits.is_ascii() {
        return None;
    }
    let mut out = [0u8; 6];
    for (slot, pair) in out.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Mac(out)).filter(|m| m.is_device())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(text: &str) -> String {
        let mut out = Vec::new();
        about(text, &mut |name, value| out.push(format!("{name}={}", value.trim())));
        out.join("|")
    }

    #[test]
    fn texts_of_makers() {
        assert_eq!(
            said("Siemens, SIMATIC S7, CPU-1200, 6ES7 212-1AE40-0XB0, HW: 1, FW: V.4.2.1, S C-E0X12345"),
            "vendor=Siemens|model=6ES7 212-1AE40-0XB0|product=CPU-1200|hardware=1|firmware=V.4.2.1|serial=S C-E0X12345"
        );
        assert_eq!(
            said(
                "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE5, RELEASE SOFTWARE"
            ),
            "vendor=Cisco|os=Cisco IOS|firmware=12.2(55)SE5"
        );
        assert_eq!(
            said("Hirschmann MAR - SW: L2P-09.0.00"),
            "vendor=Hirschmann|product=MAR|firmware=L2P-09.0.00"
        );
        assert_eq!(said("Linux gw 2.6.39.3 #4 Mon armv5tejl"), "os=Linux 2.6.39.3");
        assert_eq!(
            said("Hardware: x86 Family 6 - Software: Windows Version 6.1 (Build 7601 Multiprocessor Free)"),
            "os=Windows 6.1 Build 7601 Multiprocessor Free"
        );
        assert_eq!(
            said("ProCurve J8762A Switch 2600-8-PWR, revision H.08.89, ROM H.08.5X (/sw/x)"),
            "vendor=Hewlett-Packard|model=J8762A|product=Switch 2600-8-PWR|firmware=H.08.89"
        );
        assert_eq!(
            said("Dell Inc. OptiPlex 990,01,ABC12DE + HMI"),
            "vendor=Dell|product=OptiPlex 990|serial=ABC12DE"
        );
        assert_eq!(said("Some box - Version 7.4e.1 (Build 5)"), "firmware=7.4e.1");
        assert_eq!(said("nothing known"), "");
    }

    #[test]
    fn control_characters_become_blanks() {
        assert_eq!(line(b"Cisco\r\nCopyright \0x"), "Cisco Copyright x");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}", head in 0usize..6) {
            let head = ["Siemens, ", "Juniper Networks, Inc. ", "HP J", "Dell Inc. ", "RouterOS ", "Software: Windows "][head];
            about(&format!("{head}{text}"), &mut |_, _| {});
            about(&text, &mut |_, _| {});
        }
    }
}

//! Keys of service TXT records (RFC 6763, 6), and what instance names and service types tell.

use super::say;
use crate::cx::Cx;
use crate::model::HostAddr;
use crate::obs::{BindKind, HostId};
use crate::protocols::sysdescr::mac;

/// One `key=value` of the TXT record of a service of type `service`.
pub fn entry(cx: &mut Cx<'_>, host: HostId, own: bool, service: &str, entry: &[u8]) {
    let Some(eq) = memchr::memchr(b'=', entry) else { return };
    let (Some(key), Some(value)) = (entry.get(..eq), entry.get(eq + 1..)) else { return };
    let key = String::from_utf8_lossy(key).to_ascii_lowercase();
    let value = String::from_utf8_lossy(value);
    let value = value.trim();
    if value.is_empty() || value.len() > 200 {
        return;
    }
    let (name, field): (&'static str, &'static str) = match (key.as_str(), service) {
        ("md", _) => ("model", "mdns.txt.md"),
        ("am", _) => ("model", "mdns.txt.am"),
        ("rpmd", _) => ("model", "mdns.txt.rpMd"),
        ("model" | "modelid" | "modelname" | "model_name", _) => ("model", "mdns.txt.model"),
        ("ty", _) => ("product", "mdns.txt.ty"),
        ("product", _) => {
            // Bonjour printing writes the PostScript product in brackets
            let bare = value.trim_start_matches('(').trim_end_matches(')');
            return say(cx, host, own, "product", bare, "mdns.txt.product");
        }
        ("usb_mdl" | "mdl", _) => ("product", "mdns.txt.usb_MDL"),
        ("usb_mfg" | "mfg", _) => ("vendor", "mdns.txt.usb_MFG"),
        ("manufacturer" | "mf" | "mfr" | "vendor" | "vendorname", _) => ("vendor", "mdns.txt.manufacturer"),
        ("fn" | "friendly_name" | "friendlyname" | "devicename", _) => ("name", "mdns.txt.fn"),
        ("note", "_ipp._tcp" | "_ipps._tcp" | "_printer._tcp" | "_pdl-datastream._tcp" | "_uscan._tcp") => {
            ("location", "mdns.txt.note")
        }
        ("location", _) => ("location", "mdns.txt.location"),
        ("serial" | "serialnumber" | "serialnum" | "sn" | "serialno", _) => ("serial", "mdns.txt.serial"),
        ("fw" | "fwver" | "firmware" | "fw_version" | "firmware_version" | "swver" | "swversion", _) => {
            ("firmware", "mdns.txt.fw")
        }
        ("srcvers", "_airplay._tcp") => ("airplay_version", "mdns.txt.srcvers"),
        ("fv", "_raop._tcp" | "_airplay._tcp") => ("firmware", "mdns.txt.fv"),
        ("version", "_esphomelib._tcp") => ("firmware", "mdns.txt.version"),
        ("ver", "_shelly._tcp" | "_http._tcp") => ("firmware", "mdns.txt.ver"),
        ("app", "_shelly._tcp") => ("product", "mdns.txt.app"),
        ("board", "_esphomelib._tcp") => ("hardware", "mdns.txt.board"),
        ("project_name", _) => ("product", "mdns.txt.project_name"),
        ("osvers", _) => ("os_version", "mdns.txt.osvers"),
        ("osxvers", _) => ("os_version", "mdns.txt.osxvers"),
        ("uuid", _) => ("id:uuid", "mdns.txt.UUID"),
        ("bridgeid", "_hue._tcp") => ("id:hue-bridge", "mdns.txt.bridgeid"),
        ("id", "_hap._tcp" | "_hap._udp") => ("id:hap", "mdns.txt.id"),
        ("ci", "_hap._tcp" | "_hap._udp") => {
            if let Some(role) = hap_role(value) {
                say(cx, host, own, "role", role, "mdns.txt.ci");
            }
            return;
        }
        ("deviceid" | "mac" | "macaddress" | "mac_address", _) => return hardware(cx, host, own, value),
        _ => return,
    };
    say(cx, host, own, name, value, field);
}

/// An announced hardware address: the device's, if it speaks for itself.
fn hardware(cx: &mut Cx<'_>, host: HostId, own: bool, value: &str) {
    let (Some(mac), HostAddr::Ip(ip)) = (mac(value), cx.end(cx.from()).addr) else { return };
    if own && host == cx.end(cx.from()).host {
        cx.bind(mac, ip, BindKind::Declared);
    }
}

/// What the name of an instance tells.
pub fn instance(cx: &mut Cx<'_>, host: HostId, own: bool, service: &str, label: String) {
    if let Some(role) = service_role(service) {
        say(cx, host, own, "role", role, "mdns.service");
    }
    match service {
        "_workstation._tcp" => {
            // `host [aa:bb:cc:dd:ee:ff]`
            if let Some((name, rest)) = label.split_once(" [") {
                say(cx, host, own, "hostname", name, "mdns.instance");
                hardware(cx, host, own, rest.trim_end_matches(']'));
            }
        }
        "_raop._tcp" => {
            // `AABBCCDDEEFF@Name`
            if let Some((address, name)) = label.split_once('@') {
                say(cx, host, own, "name", name, "mdns.instance");
                hardware(cx, host, own, address);
            }
        }
        "_apple-mobdev2._tcp" => {
            if let Some((address, _)) = label.split_once('@') {
                hardware(cx, host, own, address);
            }
        }
        "_airplay._tcp" | "_ipp._tcp" | "_ipps._tcp" | "_printer._tcp" | "_pdl-datastream._tcp"
        | "_uscan._tcp" | "_hap._tcp" | "_smb._tcp" | "_afpovertcp._tcp" | "_rfb._tcp" | "_device-info._tcp"
        | "_axis-video._tcp" | "_hue._tcp" | "_sonos._tcp" | "_opcua-tcp._tcp" | "_shelly._tcp"
        | "_esphomelib._tcp" | "_ssh._tcp" | "_sftp-ssh._tcp" | "_http._tcp" => {
            say(cx, host, own, "name", &label, "mdns.instance");
        }
        _ => {}
    }
}

/// Asset type a service type stands for, where only one offers it.
fn service_role(service: &str) -> Option<&'static str> {
    Some(match service {
        "_ipp._tcp" | "_ipps._tcp" | "_printer._tcp" | "_pdl-datastream._tcp" | "_uscan._tcp"
        | "_uscans._tcp" | "_scanner._tcp" => "printer",
        "_axis-video._tcp" | "_onvif._tcp" => "camera",
        "_hue._tcp" | "_home-assistant._tcp" => "home-hub",
        "_androidtvremote2._tcp" | "_viziocast._tcp" => "tv",
        "_shelly._tcp" | "_esphomelib._tcp" | "_miio._udp" => "iot",
        _ => return None,
    })
}

/// Accessory categories of the HomeKit Accessory Protocol (table of `ci` values).
fn hap_role(ci: &str) -> Option<&'static str> {
    Some(match ci {
        "2" => "home-hub",
        "7" => "smart-plug",
        "10" => "sensor",
        "17" | "18" => "camera",
        "31" => "tv",
        "33" => "router",
        "1" | "3" | "4" | "5" | "6" | "8" | "9" | "11" | "12" | "13" | "14" => "iot",
        _ => return None,
    })
}

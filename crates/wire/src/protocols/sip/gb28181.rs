//! GB/T 28181: video surveillance over SIP. Its 20-digit codes, the XML of its messages (MANSCDP) and
//! the sessions that fetch pictures.
//!
//! Sources: GB/T 28181-2016 and -2022, annexes A (commands), D/E (codes), F/G (sessions).

use crate::model::Action;
use crate::protocols::http::xml::leaves;

/// Longest value kept, in characters; channels of one catalog message that are read.
const MAX_VALUE: usize = 128;
const MAX_ITEMS: usize = 64;

/// True for a code: 20 digits (centre 8, industry 2, type 3, network 1, number 6).
pub fn is_code(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Asset type by the digits 11 to 13.
pub fn role(code: &str) -> Option<&'static str> {
    Some(match code.get(10..13)? {
        "111" | "112" | "113" | "114" | "115" | "118" | "130" => "nvr",
        "131" | "132" | "121" => "camera",
        "200" | "201" | "202" | "203" | "204" | "205" | "206" | "207" | "208" | "209" => "server",
        _ => return None,
    })
}

/// What a MANSCDP body says.
#[derive(Debug, Default, PartialEq)]
pub struct Body {
    /// `Query`, `Control`, `Notify` or `Response`.
    pub root: String,
    pub command: String,
    pub serial: String,
    pub device: String,
    pub result: String,
    /// Other leaves outside lists.
    pub values: Vec<(String, String)>,
    pub items: Vec<Item>,
}

/// A device or channel of a catalog.
#[derive(Debug, Default, PartialEq)]
pub struct Item {
    pub code: String,
    pub name: String,
    pub vendor: String,
    pub model: String,
    pub address: String,
    pub status: String,
}

/// Reads a body; `None` for other XML.
pub fn read(body: &[u8]) -> Option<Body> {
    // GB 2312 texts lose their Chinese here; names that do are left out
    let text = String::from_utf8_lossy(body);
    let root = ["Query", "Control", "Notify", "Response"]
        .into_iter()
        .find(|root| text.contains(&format!("<{root}>")) || text.contains(&format!("<{root} ")))?;
    let mut found = Body { root: root.to_owned(), ..Body::default() };
    let outside = match (text.find("<Item"), text.rfind("</Item>")) {
        (Some(start), Some(end)) if start < end => {
            for piece in text.get(start..end)?.split("<Item").skip(1).take(MAX_ITEMS) {
                found.items.push(item(&format!("<Item{piece}")));
            }
            format!("{}{}", text.get(..start)?, text.get(end..)?)
        }
        _ => text.into_owned(),
    };
    for leaf in leaves(&outside).take(64) {
        let value: String = leaf.text().chars().take(MAX_VALUE).collect();
        match leaf.name {
            "CmdType" => found.command = value,
            "SN" => found.serial = value,
            "DeviceID" if found.device.is_empty() => found.device = value,
            "Result" => found.result = value,
            name => found.values.push((name.to_owned(), value)),
        }
    }
    (!found.command.is_empty()).then_some(found)
}

fn item(text: &str) -> Item {
    let mut item = Item::default();
    for leaf in leaves(text).take(48) {
        let value: String = leaf.text().chars().take(MAX_VALUE).collect();
        if value.contains('\u{fffd}') {
            continue;
        }
        match leaf.name {
            "DeviceID" => item.code = value,
            "Name" => item.name = value,
            "Manufacturer" => item.vendor = value,
            "Model" => item.model = value,
            "IPAddress" => item.address = value,
            "Status" => item.status = value,
            _ => {}
        }
    }
    item
}

/// What a control, configuration or query does.
#[derive(Debug, PartialEq)]
pub struct Deed {
    pub action: Action,
    pub name: &'static str,
    /// Its own words for what is done (`SetGuard`, the PTZ bytes in hexadecimal …).
    pub value: String,
    /// A `Response` follows the answer of SIP, which tells how it went (annex A.2.6).
    pub confirmed: bool,
}

impl Body {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn deed(&self) -> Option<Deed> {
        let deed = |action, name, value: &str, confirmed| {
            Some(Deed { action, name, value: value.to_owned(), confirmed })
        };
        if self.root == "Query" {
            return deed(Action::Read, query(&self.command), "", false);
        }
        if self.root != "Control" {
            return None;
        }
        if self.command == "DeviceConfig" {
            let value = self.get("Name").or(self.get("HeartBeatInterval")).unwrap_or_default();
            let snapshot = self.get("SnapNum").is_some();
            let name = if snapshot { "snapshot_config" } else { "device_config" };
            return deed(Action::Configure, name, value, true);
        }
        for (element, name, confirmed) in [
            ("TeleBoot", "tele_boot", false),
            ("PTZCmd", "ptz_cmd", false),
            ("RecordCmd", "record_cmd", true),
            ("GuardCmd", "guard_cmd", true),
            ("AlarmCmd", "alarm_cmd", true),
            ("FormatSDCard", "format_sd_card", true),
            ("TargetTrack", "target_track", true),
            ("IFrameCmd", "iframe_cmd", false),
            ("IFameCmd", "iframe_cmd", false),
        ] {
            let Some(value) = self.get(element) else { continue };
            let action = match (name, value) {
                ("tele_boot", _) => Action::Restart,
                ("record_cmd", "StopRecord") => Action::Stop,
                ("record_cmd", _) => Action::Start,
                ("guard_cmd", _) => Action::Configure,
                ("alarm_cmd" | "format_sd_card", _) => Action::Clear,
                ("iframe_cmd", _) => Action::Other,
                _ => Action::Write,
            };
            return deed(action, name, value, confirmed);
        }
        if let Some(url) = self.get("FileURL") {
            return deed(Action::Firmware, "device_upgrade", url, true);
        }
        if self.get("ResetTime").is_some() || self.get("PresetIndex").is_some() {
            return deed(Action::Configure, "home_position", "", true);
        }
        if self.get("LengthX").is_some() || self.get("Pan").is_some() {
            return deed(Action::Write, "drag_zoom", "", false);
        }
        deed(Action::Other, "device_control", "", true)
    }
}

fn query(command: &str) -> &'static str {
    match command {
        "Catalog" => "catalog_query",
        "DeviceInfo" => "device_info_query",
        "DeviceStatus" => "device_status_query",
        "RecordInfo" => "record_info_query",
        "ConfigDownload" => "config_download_query",
        "PresetQuery" => "preset_query",
        "MobilePosition" => "mobile_position_query",
        "Alarm" => "alarm_query",
        _ => "query",
    }
}

/// The session an INVITE opens (`s=` of its SDP): pictures now, from a store, or a file.
pub fn session(sdp: &str) -> Option<(Action, &'static str)> {
    let line = |key: &str| sdp.lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
    // the SSRC line is this standard's own
    line("y=")?;
    Some(match line("s=")? {
        "Play" => (Action::Read, "play"),
        "Playback" => (Action::FileRead, "playback"),
        "Download" => (Action::FileRead, "download"),
        "Talk" => (Action::Write, "talk"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_commands_and_catalogs() {
        let boot = b"<?xml version=\"1.0\"?><Control><CmdType>DeviceControl</CmdType><SN>11</SN>\
            <DeviceID>34020000001320000001</DeviceID><TeleBoot>Boot</TeleBoot></Control>";
        let body = read(boot).unwrap();
        assert_eq!((body.serial.as_str(), role(&body.device)), ("11", Some("camera")));
        assert_eq!(body.deed().map(|d| (d.action, d.name)), Some((Action::Restart, "tele_boot")));
        let catalog = b"<Response><CmdType>Catalog</CmdType><SN>2</SN><DeviceID>34020000001180000001</DeviceID>\
            <SumNum>1</SumNum><DeviceList Num=\"1\"><Item><DeviceID>34020000001310000001</DeviceID>\
            <Name>Gate</Name><Manufacturer>Hikvision</Manufacturer></Item></DeviceList></Response>";
        let body = read(catalog).unwrap();
        assert_eq!(body.device, "34020000001180000001");
        assert_eq!((body.items.len(), body.items[0].name.as_str()), (1, "Gate"));
        assert_eq!(session("v=0\r\ns=Playback\r\ny=0100000001\r\n"), Some((Action::FileRead, "playback")));
        assert_eq!(session("v=0\r\ns=Play\r\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String) {
            read(text.as_bytes());
            read(format!("<Control><CmdType>x</CmdType><Item>{text}</Item>").as_bytes());
            session(&text);
        }
    }
}

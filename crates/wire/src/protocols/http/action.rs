//! Requests that change a device: uploads, firmware, reboots, the calls of ONVIF, ISAPI, UPnP and
//! TR-069, WebDAV-like methods.

use super::text::{cut, unescape};
use super::xml;
use crate::model::Action;
use crate::protocols::files::is_firmware;

/// An operation that a request asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    pub action: Action,
    pub name: String,
    /// The protocol in HTTP it belongs to.
    pub protocol: Option<&'static str>,
    pub target: String,
}

impl Deed {
    fn new(action: Action, name: &str, protocol: Option<&'static str>, target: &str) -> Deed {
        Deed { action, name: cut(name, 64).to_owned(), protocol, target: cut(target, 256).to_owned() }
    }
}

/// SOAP calls that change something or ask who one is. ONVIF Core and PTZ, UPnP IGD, TR-069.
const CALLS: &[(&str, Action)] = &[
    ("SystemReboot", Action::Restart),
    ("Reboot", Action::Restart),
    ("SetSystemFactoryDefault", Action::FactoryReset),
    ("FactoryReset", Action::FactoryReset),
    ("SetSystemDateAndTime", Action::SetTime),
    ("SetNTP", Action::SetTime),
    ("UpgradeSystemFirmware", Action::Firmware),
    ("StartFirmwareUpgrade", Action::Firmware),
    ("StartSystemRestore", Action::Configure),
    ("RestoreSystem", Action::Configure),
    ("Download", Action::Firmware),
    ("SetHostname", Action::SetName),
    ("SetNetworkInterfaces", Action::SetAddress),
    ("SetNetworkDefaultGateway", Action::SetAddress),
    ("SetDNS", Action::Configure),
    ("SetNetworkProtocols", Action::Configure),
    ("CreateUsers", Action::Configure),
    ("SetUser", Action::Configure),
    ("DeleteUsers", Action::Configure),
    ("SetScopes", Action::Configure),
    ("SetParameterValues", Action::Configure),
    ("AddObject", Action::Configure),
    ("DeleteObject", Action::Configure),
    ("AddPortMapping", Action::Configure),
    ("AddAnyPortMapping", Action::Configure),
    ("DeletePortMapping", Action::Configure),
    ("ForceTermination", Action::Configure),
    ("SetVideoEncoderConfiguration", Action::Configure),
    ("SetImagingSettings", Action::Configure),
    ("AbsoluteMove", Action::Write),
    ("RelativeMove", Action::Write),
    ("ContinuousMove", Action::Write),
    ("GotoPreset", Action::Write),
    ("SetRelayOutputState", Action::Write),
    ("SetBinaryState", Action::Write),
    ("GetDeviceInformation", Action::Identify),
    ("GetSystemDateAndTime", Action::Read),
    ("GetCapabilities", Action::Identify),
    ("GetServices", Action::Identify),
    ("GetScopes", Action::Identify),
    ("GetUsers", Action::Read),
    ("Inform", Action::Identify),
];

/// The protocol a SOAP text or its target belongs to.
pub fn soap_protocol(target: &str, text: &str) -> Option<&'static str> {
    if target.starts_with("/onvif/") || text.contains("www.onvif.org/ver") {
        Some("onvif")
    } else if text.contains("urn:dslforum-org:cwmp") {
        Some("tr069")
    } else if text.contains("urn:schemas-upnp-org:service") || text.contains("urn:Belkin:service") {
        Some("upnp")
    } else {
        None
    }
}

/// What a SOAP request asks for.
pub fn soap(target: &str, text: &str) -> Option<Deed> {
    let call = xml::soap_call(text)?;
    let protocol = soap_protocol(target, text)?;
    let action = CALLS.iter().find(|(name, _)| *name == call).map(|(_, action)| *action);
    let action = match action {
        Some(action) => action,
        None if call.starts_with("Get") => Action::Read,
        None if call.starts_with("Set") || call.starts_with("Create") || call.starts_with("Delete") => {
            Action::Configure
        }
        None => return None,
    };
    Some(Deed::new(action, &snake(call), Some(protocol), target))
}

/// `SystemReboot` as `system_reboot`, `SetNTP` as `set_ntp`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut lower = false;
    for c in name.chars().take(64) {
        if c.is_ascii_uppercase() && lower {
            out.push('_');
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// What method and target of a request ask for.
pub fn request(method: &str, target: &str, media: &str) -> Option<Deed> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => path,
    };
    let writes = matches!(method, "PUT" | "POST" | "PATCH");
    if path.starts_with("/ISAPI/") || path.starts_with("/PSIA/") {
        return isapi(method, path);
    }
    if let Some(at) = path.find("/VIID/") {
        return viid(method, path.get(at + 6..).unwrap_or_default(), path);
    }
    if path.starts_with("/LAPI/") {
        return lapi(method, path);
    }
    if method == "POST"
        && let Some(deed) = charging(path)
    {
        return Some(deed);
    }
    if writes && is_firmware(path) {
        return Some(Deed::new(Action::Firmware, "firmware_upload", None, path));
    }
    let page = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let stem = page.split('.').next().unwrap_or_default();
    let upgrades = ["upgrade", "firmware", "fwupdate", "fw_update", "fwupgrade", "updatefirmware", "sysupgrade"];
    let body = media == "multipart/form-data" || media == "application/octet-stream";
    if writes && body && upgrades.iter().any(|w| stem.contains(w)) {
        return Some(Deed::new(Action::Firmware, "firmware_upload", None, path));
    }
    if path.contains(".cgi") || path.starts_with("/cgi-bin/") {
        return cgi(path, query);
    }
    match method {
        "PUT" => Some(Deed::new(Action::FileWrite, "put", None, path)),
        "DELETE" => Some(Deed::new(Action::FileDelete, "delete", None, path)),
        "MOVE" | "COPY" | "MKCOL" => {
            Some(Deed::new(Action::FileWrite, &method.to_ascii_lowercase(), None, path))
        }
        _ => None,
    }
}

/// Hikvision's resources: `PUT` changes, the last part of the path says what.
fn isapi(method: &str, path: &str) -> Option<Deed> {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let deed = |action| Some(Deed::new(action, &snake(last), Some("isapi"), path));
    if method == "GET" {
        return match last {
            "deviceInfo" | "capabilities" => deed(Action::Identify),
            _ => deed(Action::Read),
        };
    }
    match last {
        "reboot" => deed(Action::Restart),
        "factoryReset" => deed(Action::FactoryReset),
        "updateFirmware" => deed(Action::Firmware),
        "time" | "localTime" => deed(Action::SetTime),
        "ipAddress" => deed(Action::SetAddress),
        "continuous" | "momentary" | "absolute" | "relative" | "goto" => deed(Action::Write),
        _ if matches!(method, "PUT" | "POST" | "DELETE") => deed(Action::Configure),
        _ => None,
    }
}

/// Resources of a video and image library (GA/T 1400.4, 5 and annex B): who reports to whom. The data
/// that is handed over is no order.
fn viid(method: &str, resource: &str, path: &str) -> Option<Deed> {
    let deed = |action, name: &str| Some(Deed::new(action, name, Some("ga1400"), path));
    let first = resource.trim_end_matches('/');
    let changes = matches!(method, "POST" | "PUT" | "DELETE");
    match first {
        "System/Register" => deed(Action::Authenticate, "register"),
        "System/UnRegister" => deed(Action::Authenticate, "unregister"),
        "System/Keepalive" | "System/KeepAlive" => None,
        "System/Time" if method == "GET" => deed(Action::Read, "time"),
        _ if changes && first.starts_with("Subscribe") && !first.starts_with("SubscribeNotifications") => {
            deed(Action::Subscribe, if method == "DELETE" { "delete_subscription" } else { "subscribe" })
        }
        _ if changes && first.starts_with("Dispositions") => deed(Action::Configure, "disposition"),
        _ if changes && (first.starts_with("APEs") || first.starts_with("APSs")) => {
            deed(Action::Configure, "set_devices")
        }
        _ => None,
    }
}

/// Calls between the platforms of charging operators (T/CEC 102.4-2016, 6 and annex A). Their data is
/// enciphered; the name of the call is not.
fn charging(path: &str) -> Option<Deed> {
    let (action, name) = match path.trim_end_matches('/').rsplit('/').next()? {
        "query_token" => (Action::Authenticate, "query_token"),
        "query_equip_auth" => (Action::Authenticate, "query_equip_auth"),
        "query_start_charge" => (Action::Start, "query_start_charge"),
        "query_stop_charge" => (Action::Stop, "query_stop_charge"),
        _ => return None,
    };
    Some(Deed::new(action, name, Some("tcec102"), path))
}

/// Uniview's resources.
fn lapi(method: &str, path: &str) -> Option<Deed> {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let deed = |action| Some(Deed::new(action, &snake(last), None, path));
    match (method, last) {
        ("GET", "DeviceInfo" | "DeviceBasicInfo") => deed(Action::Identify),
        ("GET", _) => None,
        (_, "Reboot") => deed(Action::Restart),
        (_, "FactoryReset" | "Reset" | "Restore") => deed(Action::FactoryReset),
        (_, "Upgrade" | "Update") => deed(Action::Firmware),
        (_, "Time" | "NTP") => deed(Action::SetTime),
        (_, "PTZCtrl") => deed(Action::Write),
        ("PUT" | "POST" | "DELETE", _) => deed(Action::Configure),
        _ => None,
    }
}

/// CGI interfaces of Axis, Dahua and their like.
fn cgi(path: &str, query: &str) -> Option<Deed> {
    let page = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let value = |key: &str| query.split('&').filter_map(|p| p.split_once('=')).find(|(k, _)| *k == key);
    let asked = value("action").or(value("cmd")).map(|(_, v)| unescape(v).to_ascii_lowercase());
    let asked = asked.as_deref().unwrap_or_default();
    let deed = |action, name: &str| Some(Deed::new(action, name, None, path));
    match page.as_str() {
        "reboot.cgi" | "restart.cgi" => return deed(Action::Restart, "reboot"),
        "factorydefault.cgi" | "hardfactorydefault.cgi" | "restore_factory.cgi" => {
            return deed(Action::FactoryReset, "factory_default");
        }
        "firmwareupgrade.cgi" | "upgrade_firmware.cgi" => return deed(Action::Firmware, "firmware_upload"),
        _ => {}
    }
    match asked {
        "reboot" => deed(Action::Restart, "reboot"),
        "factorydefault" | "restoredefault" => deed(Action::FactoryReset, "factory_default"),
        "setconfig" if page == "configmanager.cgi" => deed(Action::Configure, "set_config"),
        "getdeviceinfo" | "getsysteminfo" | "getdevicetype" | "getserialno" | "getsoftwareversion" => {
            deed(Action::Identify, cut(asked, 40))
        }
        _ => None,
    }
}

/// A file in a multipart upload: firmware or another.
pub fn upload(target: &str, body: &[u8]) -> Option<Deed> {
    let text = String::from_utf8_lossy(body.get(..body.len().min(8192)).unwrap_or_default());
    let (_, rest) = text.split_once("filename=\"")?;
    let (name, _) = rest.split_once('"')?;
    if name.is_empty() {
        return None;
    }
    if is_firmware(name) {
        return Some(Deed::new(Action::Firmware, "firmware_upload", None, name));
    }
    let path = target.split('?').next().unwrap_or(target);
    Some(Deed::new(Action::FileWrite, "upload", None, &format!("{path} {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(deed: Option<Deed>) -> Option<(String, Action)> {
        deed.map(|d| (d.name, d.action))
    }

    #[test]
    fn knows_what_requests_change() {
        let case = |m, t, media| shown(request(m, t, media)).map(|(n, a)| (n, a.name()));
        let is = |n: &str, a| Some((n.to_owned(), a));
        assert_eq!(case("PUT", "/ISAPI/System/updateFirmware", ""), is("update_firmware", "firmware"));
        assert_eq!(case("PUT", "/ISAPI/System/reboot", ""), is("reboot", "restart"));
        assert_eq!(case("POST", "/up/router.bin", ""), is("firmware_upload", "firmware"));
        assert_eq!(case("POST", "/cgi/upgrade.asp", "multipart/form-data"), is("firmware_upload", "firmware"));
        assert_eq!(case("GET", "/cgi-bin/magicBox.cgi?action=reboot", ""), is("reboot", "restart"));
        assert_eq!(case("GET", "/download/router.bin", ""), None);
        assert_eq!(case("POST", "/login", ""), None);
        assert_eq!(case("POST", "/VIID/System/Register", ""), is("register", "authenticate"));
        assert_eq!(case("POST", "/VIID/Subscribes", ""), is("subscribe", "subscribe"));
        assert_eq!(case("POST", "/VIID/Faces", ""), None);
        assert_eq!(case("PUT", "/LAPI/V1.0/System/Reboot", ""), is("reboot", "restart"));
    }

    #[test]
    fn knows_calls() {
        let text = "<s:Envelope xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\"><s:Body><tds:SetNTP/></s:Body>";
        let deed = soap("/onvif/device_service", text).expect("a call");
        assert_eq!((deed.name.as_str(), deed.action, deed.protocol), ("set_ntp", Action::SetTime, Some("onvif")));
        assert_eq!(soap("/other", "<Envelope><Body><Reboot/></Body></Envelope>"), None);
    }
}

//! Dahua's JSON calls, the same in DHIP and in DVRIP: log-in, what is asked of the device, what it says of itself.
//!
//! A call is `{"id":…,"method":"magicBox.reboot","params":…,"session":…}`, its answer has the same id and
//! `result`. The log-in has two rounds: the first is refused with realm and random, the second carries
//! MD5(user:random:MD5(user:realm:password)), both in upper case.

use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::pending::Pending;
use crate::protocols::http::device::mac;
use crate::protocols::json;

/// A call without an answer for so many microseconds gets none.
pub const TIMEOUT: Micros = 60_000_000;
/// Members of one JSON text looked at.
const MAX_MEMBERS: usize = 512;
/// Longest text kept of a name or a value.
const MAX_TEXT: usize = 256;

/// Calls that change something or ask who one is.
const CALLS: &[(&str, &str, Action)] = &[
    ("global.logout", "logout", Action::Authenticate),
    ("global.setCurrentTime", "set_current_time", Action::SetTime),
    ("magicBox.reboot", "reboot", Action::Restart),
    ("magicBox.shutdown", "shutdown", Action::Stop),
    ("magicBox.resetSystem", "reset_system", Action::FactoryReset),
    ("magicBox.resetSystemEx", "reset_system", Action::FactoryReset),
    ("magicBox.upgrade", "upgrade", Action::Firmware),
    ("magicBox.startUpgrader", "upgrade", Action::Firmware),
    ("upgrader.start", "upgrade", Action::Firmware),
    ("upgrader.upgrade", "upgrade", Action::Firmware),
    ("upgrader.startDownload", "upgrade", Action::Firmware),
    ("configManager.setConfig", "set_config", Action::Configure),
    ("configManager.deleteConfig", "delete_config", Action::Configure),
    ("configManager.restore", "restore_config", Action::FactoryReset),
    ("configManager.restoreExcept", "restore_config", Action::FactoryReset),
    ("userManager.addUser", "add_user", Action::Configure),
    ("userManager.deleteUser", "delete_user", Action::Configure),
    ("userManager.modifyUser", "modify_user", Action::Configure),
    ("userManager.modifyPassword", "modify_password", Action::Configure),
    ("security.setPassword", "modify_password", Action::Configure),
    ("ptz.start", "ptz_start", Action::Write),
    ("ptz.stop", "ptz_stop", Action::Write),
    ("accessControl.openDoor", "open_door", Action::Force),
    ("accessControl.closeDoor", "close_door", Action::Force),
    ("alarm.setOut", "set_alarm_output", Action::Force),
    ("console.runCmd", "run_command", Action::Other),
    ("log.clear", "clear_log", Action::Clear),
    ("storage.formatPatition", "format_storage", Action::Clear),
    ("DHDiscover.search", "discover", Action::Discover),
    ("DHDiscover.setConfig", "set_config", Action::Configure),
    ("DHDiscover.modifyIP", "modify_address", Action::SetAddress),
    ("magicBox.getDeviceType", "get_device_type", Action::Identify),
    ("magicBox.getDeviceClass", "get_device_class", Action::Identify),
    ("magicBox.getSerialNo", "get_serial_number", Action::Identify),
    ("magicBox.getSoftwareVersion", "get_software_version", Action::Identify),
    ("magicBox.getHardwareVersion", "get_hardware_version", Action::Identify),
    ("magicBox.getMachineName", "get_machine_name", Action::Identify),
    ("magicBox.getVendor", "get_vendor", Action::Identify),
    ("magicBox.getSystemInfo", "get_system_info", Action::Identify),
];

pub const OPERATIONS: &[&str] = &[
    "login",
    "logout",
    "set_current_time",
    "reboot",
    "shutdown",
    "reset_system",
    "upgrade",
    "set_config",
    "delete_config",
    "restore_config",
    "add_user",
    "delete_user",
    "modify_user",
    "modify_password",
    "ptz_start",
    "ptz_stop",
    "open_door",
    "close_door",
    "set_alarm_output",
    "run_command",
    "clear_log",
    "format_storage",
    "discover",
    "modify_address",
    "get_device_type",
    "get_device_class",
    "get_serial_number",
    "get_software_version",
    "get_hardware_version",
    "get_machine_name",
    "get_vendor",
    "get_system_info",
];
pub const FACTS: &[&str] =
    &["vendor", "model", "serial", "firmware", "hardware", "name", "role", "device_class", "initialised"];

/// Members of an answer and the facts they are, by what was asked. Empty: a device's announcement.
const ANSWERS: &[(&str, &str, &str)] = &[
    ("get_device_type", "type", "model"),
    ("get_device_class", "type", "device_class"),
    ("get_serial_number", "sn", "serial"),
    ("get_software_version", "Version", "firmware"),
    ("get_hardware_version", "version", "hardware"),
    ("get_machine_name", "name", "name"),
    ("get_vendor", "Vendor", "vendor"),
    ("get_system_info", "deviceType", "model"),
    ("get_system_info", "serialNumber", "serial"),
    ("get_system_info", "hardwareVersion", "hardware"),
    ("", "DeviceType", "model"),
    ("", "DeviceClass", "device_class"),
    ("", "SerialNo", "serial"),
    ("", "Version", "firmware"),
    ("", "Vendor", "vendor"),
    ("", "MachineName", "name"),
];

/// A call that waits.
struct Asked {
    name: &'static str,
    action: Action,
    target: Option<String>,
    login: Option<Login>,
    stamp: Stamp,
}

/// A second round of a log-in.
#[derive(Clone)]
pub struct Login {
    pub user: String,
    pub line: String,
}

/// One flow's calls, and the challenge it was given.
#[derive(Default)]
pub struct Rpc {
    open: Pending<String, Asked, 32>,
    answered: bool,
    pub realm: String,
    pub random: String,
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((at, _)) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// user:realm:random:response, of which a guess of the password can be tried.
fn line(user: &str, realm: &str, random: &str, response: &str) -> String {
    format!("{user}:{realm}:{random}:{response}")
}

/// The two hashes of a log-in are 32 hex digits each.
fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The kind of device that its class says: IPC, NVR, …
fn role(class: &str) -> Option<&'static str> {
    let class = class.to_ascii_uppercase();
    let starts = |words: &[&str]| words.iter().any(|w| class.starts_with(w));
    if starts(&["NVR", "DVR", "HCVR", "XVR", "EVS", "NVS"]) {
        Some("nvr")
    } else if starts(&["IPC", "SD", "TPC", "ITC"]) {
        Some("camera")
    } else {
        None
    }
}

pub fn tell_login(cx: &mut Cx<'_>, login: &Login, outcome: LoginOutcome, sent: Stamp) {
    let cred = Cred::new(CredKind::Hash).username(&login.user).secret(&login.line).outcome(outcome).sent(sent);
    cx.credential(cred.detail("scheme", "dahua-md5"));
}

impl Rpc {
    /// A JSON text. `announces`: it may be a device's announcement.
    pub fn text(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        let mut members = Vec::new();
        for (depth, name, value) in json::members(data).take(MAX_MEMBERS) {
            members.push((depth, name, cut(value)));
        }
        let top = |name: &str| members.iter().find(|(d, n, _)| *d == 1 && n == name).map(|(_, _, v)| v.as_str());
        let deep = |name: &str| members.iter().find(|(d, n, _)| *d > 1 && n == name).map(|(_, _, v)| v.as_str());
        let id = top("id").unwrap_or_default().to_owned();
        match top("method") {
            Some("client.notifyDevInfo") => {
                cx.sender_is(Side::Server);
                self.learn(cx, "", &members);
                if let Some(init) = deep("Init") {
                    cx.fact(Side::Server, "initialised", init, "deviceInfo.Init");
                }
                if let (Some(mac), HostAddr::Ip(ip)) = (top("mac").and_then(mac), cx.end(Side::Server).addr) {
                    cx.bind(mac, ip, BindKind::Declared);
                }
                self.answered = true;
                if let Some((_, asked)) = self.open.take_if(|_, a| a.action == Action::Discover) {
                    self.report(cx, &asked, Outcome::Accepted, None);
                }
            }
            Some(method) if top("result").is_none() && !method.starts_with("client.") => {
                cx.sender_is(Side::Client);
                self.call(cx, id, method, &deep);
            }
            _ if top("result").is_some() || top("error").is_some() || deep("code").is_some() => {
                cx.sender_is(Side::Server);
                self.answer(cx, &id, &members, top("result"), &deep);
            }
            _ => {}
        }
    }

    fn call<'m>(&mut self, cx: &mut Cx<'_>, id: String, method: &str, deep: &dyn Fn(&str) -> Option<&'m str>) {
        let stamp = cx.at();
        let asked = if method == "global.login" {
            let (user, secret) = (deep("userName").unwrap_or_default(), deep("password").unwrap_or_default());
            if secret.is_empty() {
                return self.wait(cx, id, Asked { name: "challenge", action: Action::Authenticate, target: None, login: None, stamp });
            }
            let login = self.login(user, secret);
            Asked { name: "login", action: Action::Authenticate, target: None, login, stamp }
        } else {
            let Some((_, name, action)) = CALLS.iter().find(|(m, _, _)| *m == method) else { return };
            let target = deep("name").or(deep("command")).filter(|t| !t.is_empty()).map(str::to_owned);
            Asked { name, action: *action, target, login: None, stamp }
        };
        self.wait(cx, id, asked);
    }

    fn wait(&mut self, cx: &mut Cx<'_>, id: String, asked: Asked) {
        if let Some((_, old)) = self.open.push(id, asked) {
            self.unanswered(cx, &old);
        }
    }

    /// The response to the challenge that was given, each of which serves once. Without it (it was lost)
    /// no password can be tried.
    pub fn login(&mut self, user: &str, response: &str) -> Option<Login> {
        let (realm, random) = (std::mem::take(&mut self.realm), std::mem::take(&mut self.random));
        let whole = is_md5(response) && !random.is_empty();
        whole.then(|| Login { user: user.to_owned(), line: line(user, &realm, &random, response) })
    }

    fn answer<'m>(
        &mut self,
        cx: &mut Cx<'_>,
        id: &str,
        members: &[(usize, String, String)],
        result: Option<&str>,
        deep: &dyn Fn(&str) -> Option<&'m str>,
    ) {
        self.answered = true;
        let Some(asked) = self.open.take(&id.to_owned()) else { return };
        let good = result.is_some_and(|r| r != "false" && r != "null");
        if asked.name == "challenge" {
            // the first round: it is refused with the challenge
            self.realm = deep("realm").unwrap_or_default().to_owned();
            self.random = deep("random").unwrap_or_default().to_owned();
            return;
        }
        let code = deep("code").and_then(|c| c.parse::<i64>().ok());
        let message = deep("message").unwrap_or("refused");
        if good {
            self.report(cx, &asked, Outcome::Accepted, None);
            self.learn(cx, asked.name, members);
        } else {
            self.report(cx, &asked, Outcome::Refused, code.map(|c| (c, message)));
        }
    }

    fn learn(&self, cx: &mut Cx<'_>, asked: &str, members: &[(usize, String, String)]) {
        for (name, member, fact) in ANSWERS {
            let found = members.iter().find(|(d, n, v)| *d > 1 && n == member && !v.is_empty() && v != "null");
            let Some((_, _, value)) = found.filter(|_| *name == asked) else { continue };
            cx.fact(Side::Server, fact, value, if asked.is_empty() { "deviceInfo" } else { "magicBox" });
            if *fact == "device_class"
                && let Some(role) = role(value)
            {
                cx.fact(Side::Server, "role", role, "DeviceClass");
            }
        }
    }

    fn report(&self, cx: &mut Cx<'_>, asked: &Asked, outcome: Outcome, error: Option<(i64, &str)>) {
        if let Some(login) = &asked.login {
            let how = LoginOutcome::from(outcome);
            tell_login(cx, login, how, asked.stamp);
        }
        let mut op = Op::new(asked.action, asked.name).outcome(outcome).asked(asked.stamp);
        if let Some(target) = &asked.target {
            op = op.target(target);
        }
        if let Some((code, name)) = error {
            op = op.exception(code, name);
        }
        if asked.action == Action::Other {
            op = op.category(Category::Control);
        }
        if !matches!(asked.action, Action::Identify | Action::Discover | Action::Authenticate) {
            op = op.notable();
        }
        cx.op(op);
    }

    fn unanswered(&self, cx: &mut Cx<'_>, asked: &Asked) {
        if asked.name == "challenge" {
            return;
        }
        let outcome = if self.answered { Outcome::NoAnswer } else { Outcome::Unknown };
        self.report(cx, asked, outcome, None);
    }

    pub fn expire(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, old)) = self.open.take_if(|_, a| now - a.stamp.time > TIMEOUT) {
            self.unanswered(cx, &old);
        }
    }

    pub fn close(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<(String, Asked)> = self.open.drain().collect();
        for (_, asked) in open {
            self.unanswered(cx, &asked);
        }
    }
}

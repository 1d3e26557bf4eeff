//! Vocabulary shared by every probe: endpoints, operations, credentials, outcomes.
//!
//! The words are those of `docs/reference/data-model.md`; their text forms are what tools see.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// Microseconds since 1970-01-01 UTC, packet time.
pub type Micros = i64;

/// A 48-bit IEEE hardware address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// True for broadcast and multicast: such an address names no device.
    pub fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }
    /// True for the all-zero placeholder.
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }
    /// True for one that may name a device.
    pub fn is_device(self) -> bool {
        !self.is_group() && !self.is_zero()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let b = self.0;
        write!(f, "{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4], b[5])
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Address of a host: an IP address, or a hardware address where a layer-2 protocol has no other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum HostAddr {
    Ip(IpAddr),
    Mac(Mac),
}

impl From<IpAddr> for HostAddr {
    fn from(ip: IpAddr) -> HostAddr {
        HostAddr::Ip(ip)
    }
}
impl From<Mac> for HostAddr {
    fn from(mac: Mac) -> HostAddr {
        HostAddr::Mac(mac)
    }
}

impl fmt::Display for HostAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostAddr::Ip(a) => a.fmt(f),
            HostAddr::Mac(m) => m.fmt(f),
        }
    }
}

/// What carries a conversation. `L2` is everything directly on Ethernet (no IP).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Transport {
    Tcp,
    Udp,
    Icmp,
    L2,
    Other,
}

impl Transport {
    pub fn name(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Icmp => "icmp",
            Transport::L2 => "ethernet",
            Transport::Other => "ip",
        }
    }
}

/// The two ends of a conversation, by role.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Side {
    Client,
    Server,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        pub enum $name { $($variant),+ }
        impl $name {
            /// Every value, in declared order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The word tools see.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
            /// The value of a word, if it is one.
            pub fn from_name(word: &str) -> Option<$name> {
                match word { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// What an operation does, the same words for all protocols.
    Action {
        Read = "read", Write = "write", Force = "force", Start = "start", Stop = "stop",
        Restart = "restart", ChangeMode = "change-mode", Download = "download", Upload = "upload",
        Firmware = "firmware", SetTime = "set-time", SetAddress = "set-address",
        SetName = "set-name", FactoryReset = "factory-reset", FileRead = "file-read",
        FileWrite = "file-write", FileDelete = "file-delete", Authenticate = "authenticate",
        Lock = "lock", Unlock = "unlock", Discover = "discover", Identify = "identify",
        Diagnose = "diagnose", Subscribe = "subscribe", Clear = "clear",
        DisconnectLoad = "disconnect-load", ReconnectLoad = "reconnect-load",
        Configure = "configure", Inject = "inject", Other = "other",
    }
}

words! {
    /// Why one would care about an operation.
    Category {
        Monitor = "monitor", Control = "control", Engineering = "engineering",
        Administration = "administration", Discovery = "discovery",
    }
}

words! {
    /// How an operation ended.
    Outcome {
        Accepted = "accepted", Refused = "refused", NoAnswer = "no-answer", Unknown = "unknown",
    }
}

words! {
    /// How a log-in ended.
    LoginOutcome { Success = "success", Failure = "failure", Unknown = "unknown" }
}

impl From<Outcome> for LoginOutcome {
    /// What becomes of an operation says whether the secret in it was right.
    fn from(outcome: Outcome) -> LoginOutcome {
        match outcome {
            Outcome::Accepted => LoginOutcome::Success,
            Outcome::Refused => LoginOutcome::Failure,
            Outcome::NoAnswer | Outcome::Unknown => LoginOutcome::Unknown,
        }
    }
}

words! {
    /// What kind of secret a credential holds.
    CredKind {
        Password = "password", Hash = "hash", Community = "community", Token = "token",
        Key = "key", Psk = "psk", Ticket = "ticket", PrivateKey = "private-key", Pin = "pin",
        AuthCode = "auth-code", User = "user",
    }
}

impl Action {
    /// The category an action belongs to unless its probe says otherwise.
    pub fn category(self) -> Category {
        use Action::*;
        match self {
            Read | Subscribe | Diagnose | Other => Category::Monitor,
            Write | Force | Start | Stop | Restart | ChangeMode | DisconnectLoad | ReconnectLoad | Inject => {
                Category::Control
            }
            Download | Upload | Firmware => Category::Engineering,
            SetTime | SetAddress | SetName | FactoryReset | FileRead | FileWrite | FileDelete
            | Authenticate | Lock | Unlock | Clear | Configure => Category::Administration,
            Discover | Identify => Category::Discovery,
        }
    }
}

/// One value of a detail or of an event field.
#[derive(Clone, PartialEq, Debug)]
pub enum Val {
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(Box<str>),
    Static(&'static str),
    List(Box<[Val]>),
}

impl From<&str> for Val {
    fn from(s: &str) -> Val {
        Val::Str(s.into())
    }
}
impl From<String> for Val {
    fn from(s: String) -> Val {
        Val::Str(s.into_boxed_str())
    }
}
impl From<bool> for Val {
    fn from(b: bool) -> Val {
        Val::Bool(b)
    }
}
impl From<f64> for Val {
    fn from(v: f64) -> Val {
        Val::Float(v)
    }
}
impl From<f32> for Val {
    fn from(v: f32) -> Val {
        Val::Float(f64::from(v))
    }
}
macro_rules! val_int {
    ($($t:ty),+) => { $(impl From<$t> for Val { fn from(v: $t) -> Val { Val::Int(v as i64) } })+ };
}
val_int!(u8, u16, u32, u64, usize, i8, i16, i32, i64);
impl From<Vec<Val>> for Val {
    fn from(v: Vec<Val>) -> Val {
        Val::List(v.into_boxed_slice())
    }
}

/// A finished operation: a request and, where one was seen, its answer.
///
/// Made with [`Op::new`] and the chained setters, given to `Cx::op`.
#[derive(Clone, Debug)]
pub struct Op<'a> {
    /// Protocol it belongs to, if not the probe's own (UMAS inside Modbus).
    pub protocol: Option<&'static str>,
    pub action: Action,
    pub category: Category,
    /// The standard's own term in snake_case.
    pub name: &'a str,
    /// Function, service or type code, as a number.
    pub code: Option<i64>,
    /// Unit id, station, common address, AMS port …, as text.
    pub unit: Option<&'a str>,
    pub outcome: Outcome,
    /// First address touched and how many, in the protocol's own numbering.
    pub address: Option<(i64, i64)>,
    /// Address space ("coils", "holding_registers", "db1" …).
    pub space: Option<&'a str>,
    /// Name of what was touched where the protocol names things (tag, object, path).
    pub target: Option<&'a str>,
    pub value: Option<Val>,
    /// Exception or error answer: its code and the standard's name for it.
    pub exception: Option<(i64, &'a str)>,
    /// More for `detail`, kept for the first example of its key only.
    pub detail: Vec<(&'static str, Val)>,
    /// Further fields of its event, by their names in the field table.
    pub fields: Vec<(&'static str, Val)>,
    /// When and where it was asked; `None` means with the data being fed now.
    pub asked: Option<Stamp>,
    /// Roles differ from the flow's (a server-initiated report): who acts.
    pub by: Side,
    /// It changes state or is otherwise worth an event of its own, whatever its category.
    pub notable: bool,
}

impl<'a> Op<'a> {
    /// An operation of the flow's client with an unknown outcome.
    pub fn new(action: Action, name: &'a str) -> Op<'a> {
        Op {
            protocol: None,
            action,
            category: action.category(),
            name,
            code: None,
            unit: None,
            outcome: Outcome::Unknown,
            address: None,
            space: None,
            target: None,
            value: None,
            exception: None,
            detail: Vec::new(),
            fields: Vec::new(),
            asked: None,
            by: Side::Client,
            notable: false,
        }
    }
    pub fn protocol(mut self, protocol: &'static str) -> Self {
        self.protocol = Some(protocol);
        self
    }
    pub fn category(mut self, category: Category) -> Self {
        self.category = category;
        self
    }
    pub fn code(mut self, code: impl Into<i64>) -> Self {
        self.code = Some(code.into());
        self
    }
    pub fn unit(mut self, unit: &'a str) -> Self {
        self.unit = Some(unit);
        self
    }
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
    pub fn address(mut self, start: impl Into<i64>, count: impl Into<i64>) -> Self {
        self.address = Some((start.into(), count.into()));
        self
    }
    pub fn space(mut self, space: &'a str) -> Self {
        self.space = Some(space);
        self
    }
    pub fn target(mut self, target: &'a str) -> Self {
        self.target = Some(target);
        self
    }
    pub fn value(mut self, value: impl Into<Val>) -> Self {
        self.value = Some(value.into());
        self
    }
    pub fn exception(mut self, code: impl Into<i64>, name: &'a str) -> Self {
        self.exception = Some((code.into(), name));
        self
    }
    pub fn detail(mut self, key: &'static str, value: impl Into<Val>) -> Self {
        self.detail.push((key, value.into()));
        self
    }
    pub fn fields(mut self, fields: Vec<(&'static str, Val)>) -> Self {
        self.fields = fields;
        self
    }
    pub fn asked(mut self, asked: Stamp) -> Self {
        self.asked = Some(asked);
        self
    }
    pub fn by(mut self, side: Side) -> Self {
        self.by = side;
        self
    }
    pub fn notable(mut self) -> Self {
        self.notable = true;
        self
    }
}

/// Where and when something stood in the capture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Stamp {
    pub time: Micros,
    /// 1-based number of the frame in its source.
    pub frame: u64,
    /// Index of the source within the run.
    pub source: u32,
}

/// A secret, or the name of one who logged in, seen on the wire.
#[derive(Clone, Debug)]
pub struct Cred<'a> {
    /// Protocol it belongs to, if not the probe's own (NTLM inside HTTP).
    pub protocol: Option<&'static str>,
    pub kind: CredKind,
    pub username: Option<&'a str>,
    /// The secret as it was on the wire (a password, a community, the whole hash line for hashes).
    pub secret: Option<&'a str>,
    /// hashcat mode and line, for kinds that are cracked offline.
    pub hashcat: Option<(u32, &'a str)>,
    pub outcome: LoginOutcome,
    /// It crossed the wire readable (or encoded reversibly).
    pub cleartext: bool,
    /// When the secret was sent; `None` means with the data being fed now.
    pub sent: Option<Stamp>,
    /// Realm, database, engine id, domain …: shown beside the name.
    pub detail: Vec<(&'static str, Val)>,
}

impl<'a> Cred<'a> {
    pub fn new(kind: CredKind) -> Cred<'a> {
        Cred {
            protocol: None,
            kind,
            username: None,
            secret: None,
            hashcat: None,
            outcome: LoginOutcome::Unknown,
            cleartext: false,
            sent: None,
            detail: Vec::new(),
        }
    }
    pub fn protocol(mut self, protocol: &'static str) -> Self {
        self.protocol = Some(protocol);
        self
    }
    pub fn username(mut self, username: &'a str) -> Self {
        self.username = Some(username);
        self
    }
    pub fn secret(mut self, secret: &'a str) -> Self {
        self.secret = Some(secret);
        self
    }
    pub fn hashcat(mut self, mode: u32, line: &'a str) -> Self {
        self.hashcat = Some((mode, line));
        self
    }
    pub fn outcome(mut self, outcome: LoginOutcome) -> Self {
        self.outcome = outcome;
        self
    }
    pub fn cleartext(mut self) -> Self {
        self.cleartext = true;
        self
    }
    pub fn sent(mut self, sent: Stamp) -> Self {
        self.sent = Some(sent);
        self
    }
    pub fn detail(mut self, key: &'static str, value: impl Into<Val>) -> Self {
        self.detail.push((key, value.into()));
        self
    }
}

//! Options of a DHCP message (RFC 2132), from all the places they may stand in.

/// Options of one message looked at.
const MAX_OPTIONS: usize = 256;

pub const SUBNET_MASK: u8 = 1;
pub const ROUTER: u8 = 3;
pub const DNS: u8 = 6;
pub const HOST_NAME: u8 = 12;
pub const DOMAIN: u8 = 15;
pub const VENDOR_SPECIFIC: u8 = 43;
pub const REQUESTED: u8 = 50;
pub const LEASE_TIME: u8 = 51;
const OVERLOAD: u8 = 52;
pub const MESSAGE_TYPE: u8 = 53;
pub const SERVER_ID: u8 = 54;
pub const PARAMETERS: u8 = 55;
pub const MESSAGE: u8 = 56;
pub const RENEWAL: u8 = 58;
pub const REBINDING: u8 = 59;
pub const VENDOR_CLASS: u8 = 60;
pub const CLIENT_ID: u8 = 61;
pub const TFTP_SERVER: u8 = 66;
pub const BOOT_FILE: u8 = 67;
pub const USER_CLASS: u8 = 77;
pub const FQDN: u8 = 81;
pub const RELAY_AGENT: u8 = 82;
pub const UUID: u8 = 97;
pub const VENDOR_ENTERPRISE_CLASS: u8 = 124;
pub const VENDOR_ENTERPRISE: u8 = 125;

/// Options in order, each with its pieces (RFC 3396) still apart.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    fields: [&'a [u8]; 3],
}

impl<'a> Options<'a> {
    /// Those of the options field, and of `file` and `sname` if option 52 says that they hold some
    /// (RFC 2131, 4.1: in this order).
    pub fn new(options: &'a [u8], file: &'a [u8], sname: &'a [u8]) -> Options<'a> {
        let overload = walk(options).find(|(code, _)| *code == OVERLOAD).and_then(|(_, v)| v.first().copied());
        let overload = overload.unwrap_or(0);
        let file = if overload & 1 != 0 { file } else { &[] };
        let sname = if overload & 2 != 0 { sname } else { &[] };
        Options { fields: [options, file, sname] }
    }
    pub fn iter(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        self.fields.into_iter().flat_map(walk).take(MAX_OPTIONS)
    }
    /// The first piece of an option.
    pub fn get(&self, code: u8) -> Option<&'a [u8]> {
        self.iter().find(|(c, _)| *c == code).map(|(_, v)| v)
    }
    /// All pieces of an option, put together.
    pub fn whole(&self, code: u8) -> Vec<u8> {
        self.iter().filter(|(c, _)| *c == code).flat_map(|(_, v)| v.iter().copied()).collect()
    }
    pub fn u32(&self, code: u8) -> Option<u32> {
        self.get(code)?.first_chunk::<4>().map(|b| u32::from_be_bytes(*b))
    }
}

/// (code, value) pairs of one field up to the end option; padding is passed over.
fn walk(data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = data;
    std::iter::from_fn(move || {
        loop {
            let (&code, tail) = rest.split_first()?;
            match code {
                0 => rest = tail,
                255 => return None,
                _ => {
                    let (&len, tail) = tail.split_first()?;
                    let value = tail.get(..usize::from(len))?;
                    rest = tail.get(usize::from(len)..)?;
                    return Some((code, value));
                }
            }
        }
    })
}

/// Options inside an option: code, length, value, without padding (options 43, 82, 125).
pub fn inner(data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (&[code, len], tail) = rest.split_first_chunk::<2>()?;
        let value = tail.get(..usize::from(len))?;
        rest = tail.get(usize::from(len)..)?;
        Some((code, value))
    })
    .take(MAX_OPTIONS)
}

/// Name of a message type (option 53; RFC 2132, 9.6 and its successors).
pub fn message_name(kind: u8) -> &'static str {
    match kind {
        1 => "discover",
        2 => "offer",
        3 => "request",
        4 => "decline",
        5 => "ack",
        6 => "nak",
        7 => "release",
        8 => "inform",
        9 => "forcerenew",
        10 => "leasequery",
        11 => "leaseunassigned",
        12 => "leaseunknown",
        13 => "leaseactive",
        _ => "other",
    }
}

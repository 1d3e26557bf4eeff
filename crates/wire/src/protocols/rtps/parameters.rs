//! Parameter lists of discovery (DDSI-RTPS 9.4.2.11, 9.6.3), and vendors by number.

use crate::bytes::{Reader, text};

/// Parameters and properties of one list that are read.
const MAX_PARAMETERS: usize = 128;

pub struct List<'a> {
    little: bool,
    body: &'a [u8],
}

/// Passes an inline parameter list by.
pub fn skip(r: &mut Reader<'_>, little: bool) -> Option<()> {
    for _ in 0..MAX_PARAMETERS {
        let (id, length) = if little { (r.le16()?, r.le16()?) } else { (r.be16()?, r.be16()?) };
        if id & 0x3FFF == 1 {
            return Some(());
        }
        r.skip(usize::from(length))?;
    }
    None
}

impl<'a> List<'a> {
    /// Reads the encapsulation: only parameter lists, big or little endian.
    pub fn read(data: &'a [u8]) -> Option<List<'a>> {
        let mut r = Reader::new(data);
        let little = match r.be16()? {
            2 => false,
            3 => true,
            _ => return None,
        };
        r.skip(2)?;
        Some(List { little, body: r.rest() })
    }

    fn each(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let (mut r, little) = (Reader::new(self.body), self.little);
        std::iter::from_fn(move || {
            let (id, length) = if little { (r.le16()?, r.le16()?) } else { (r.be16()?, r.be16()?) };
            (id & 0x3FFF != 1).then_some(())?;
            Some((id, r.take(usize::from(length))?))
        })
        .take(MAX_PARAMETERS)
    }
    fn find(&self, wanted: u16) -> Option<&'a [u8]> {
        self.each().find(|(id, _)| *id == wanted).map(|(_, value)| value)
    }
    fn word(&self, r: &mut Reader<'_>) -> Option<u32> {
        if self.little { r.le32() } else { r.be32() }
    }
    /// A CDR string: length with its final zero, octets, padding.
    fn string(&self, r: &mut Reader<'a>) -> Option<String> {
        let length = self.word(r)? as usize;
        let value = text(r.take(length)?);
        r.skip((4 - length % 4) % 4);
        let fits = !value.is_empty() && value.len() <= 256 && value.chars().all(|c| !c.is_control());
        Some(if fits { value } else { String::new() })
    }
    fn named(&self, id: u16) -> Option<String> {
        let mut r = Reader::new(self.find(id)?);
        self.string(&mut r).filter(|s| !s.is_empty())
    }

    pub fn topic(&self) -> Option<String> {
        let topic = self.named(0x0005)?;
        Some(match self.named(0x0007) {
            Some(kind) => format!("{topic} ({kind})"),
            None => topic,
        })
    }
    pub fn entity(&self) -> Option<String> {
        self.named(0x0062)
    }
    pub fn domain(&self) -> Option<u32> {
        let mut r = Reader::new(self.find(0x000F)?);
        self.word(&mut r).filter(|d| *d <= 232)
    }
    pub fn secured(&self) -> bool {
        self.each().any(|(id, _)| id == 0x1001)
    }
    /// The host's name among the properties, under the names that products use.
    pub fn hostname(&self) -> Option<String> {
        let mut r = Reader::new(self.find(0x0059)?);
        let count = self.word(&mut r)?;
        for _ in 0..count.min(MAX_PARAMETERS as u32) {
            let (name, value) = (self.string(&mut r)?, self.string(&mut r)?);
            if matches!(name.as_str(), "dds.sys_info.hostname" | "__Hostname" | "HOSTNAME" | "hostname") {
                return Some(value).filter(|v| !v.is_empty());
            }
        }
        None
    }
}

/// OMG's list of vendor identifiers.
pub fn vendor(id: u16) -> Option<&'static str> {
    Some(match id {
        0x0101 => "RTI Connext DDS",
        0x0102 => "ADLINK OpenSplice DDS",
        0x0103 => "OCI OpenDDS",
        0x0104 => "MilSoft",
        0x0105 => "Kongsberg InterCOM DDS",
        0x0106 => "TwinOaks CoreDX DDS",
        0x0109 => "RTI Connext DDS Micro",
        0x010A => "ADLINK Vortex Cafe",
        0x010D => "ADLINK Vortex Lite",
        0x010F => "eProsima Fast DDS",
        0x0110 => "Eclipse Cyclone DDS",
        0x0111 => "GurumNetworks GurumDDS",
        0x0112 => "RustDDS",
        0x0113 => "ZRDDS",
        0x0114 => "Dust DDS",
        _ => return None,
    })
}

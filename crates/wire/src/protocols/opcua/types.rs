//! The built-in types of OPC UA in their binary encoding.
//!
//! Source: OPC 10000-6, section 5.2. Everything is little-endian. Nesting is bounded as section
//! 5.1.2 asks of decoders, lengths by what is there; texts are cut when they are kept.

use crate::bytes::{Reader, hex};
use crate::model::Val;

/// Nested variants, data values and diagnostics followed.
const MAX_DEPTH: u8 = 16;
/// Elements of an array shown.
const MAX_SHOWN: usize = 16;
/// Characters of a text kept.
const MAX_TEXT: usize = 512;
/// Bytes of a byte string shown.
const MAX_OCTETS: usize = 64;

/// A cursor over encoded values. Every read is an `Option`.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a> {
    pub r: Reader<'a>,
}

/// Identifier of a node (5.2.2.9).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeId {
    pub namespace: u16,
    pub id: Id,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Id {
    Number(u32),
    Text(Box<str>),
    Guid(Box<str>),
    Opaque(Box<str>),
}

impl NodeId {
    /// The number, if it is a node of the standard's own namespace.
    pub fn standard(&self) -> Option<u32> {
        match self.id {
            Id::Number(n) if self.namespace == 0 => Some(n),
            _ => None,
        }
    }
    pub fn is_null(&self) -> bool {
        self.standard() == Some(0)
    }
}

impl std::fmt::Display for NodeId {
    /// The text form of OPC 10000-6, 5.1.12: `ns=2;s=Boiler.Setpoint`, `i=2256`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace != 0 {
            write!(f, "ns={};", self.namespace)?;
        }
        match &self.id {
            Id::Number(n) => write!(f, "i={n}"),
            Id::Text(s) => write!(f, "s={s}"),
            Id::Guid(s) => write!(f, "g={s}"),
            Id::Opaque(s) => write!(f, "b={s}"),
        }
    }
}

/// A structure with the identifier of its encoding (5.2.2.15); `body` is empty if it is XML or none.
#[derive(Clone, Debug)]
pub struct Extension<'a> {
    pub kind: NodeId,
    pub body: &'a [u8],
}

/// What a variant holds: a value to show, and the structure if it is one.
#[derive(Clone, Debug, Default)]
pub struct Variant<'a> {
    pub value: Option<Val>,
    pub extension: Option<Extension<'a>>,
}

/// Value, status and times of one attribute (5.2.2.17).
#[derive(Clone, Debug, Default)]
pub struct DataValue<'a> {
    pub variant: Variant<'a>,
    /// Good if absent.
    pub status: u32,
}

/// Text of wire bytes, cut to what is kept.
pub fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

impl<'a> Decoder<'a> {
    pub fn new(data: &'a [u8]) -> Decoder<'a> {
        Decoder { r: Reader::new(data) }
    }
    pub fn boolean(&mut self) -> Option<bool> {
        self.r.u8().map(|b| b != 0)
    }
    pub fn u32(&mut self) -> Option<u32> {
        self.r.le32()
    }
    pub fn double(&mut self) -> Option<f64> {
        self.r.le_f64()
    }
    /// String or ByteString: a length, -1 for null.
    pub fn octets(&mut self) -> Option<Option<&'a [u8]>> {
        let length = self.r.le_i32()?;
        if length < 0 {
            return Some(None);
        }
        self.r.take(usize::try_from(length).ok()?).map(Some)
    }
    /// A text; empty for null.
    pub fn text(&mut self) -> Option<String> {
        Some(self.octets()?.map(shown).unwrap_or_default())
    }
    /// Number of elements of an array, 0 for null; refused if they cannot all be there.
    pub fn count(&mut self) -> Option<usize> {
        let n = self.r.le_i32()?;
        let n = usize::try_from(n.max(0)).ok()?;
        (n <= self.r.left()).then_some(n)
    }
    /// Passes over an array, each element by `one`.
    pub fn each(&mut self, mut one: impl FnMut(&mut Self) -> Option<()>) -> Option<usize> {
        let n = self.count()?;
        for _ in 0..n {
            one(self)?;
        }
        Some(n)
    }
    /// Texts of an array, at most 16.
    pub fn texts(&mut self) -> Option<Vec<String>> {
        let mut out = Vec::new();
        self.each(|d| {
            let text = d.text()?;
            if out.len() < MAX_SHOWN {
                out.push(text);
            }
            Some(())
        })?;
        Some(out)
    }
    fn guid(&mut self) -> Option<String> {
        let (a, b, c) = (self.r.le32()?, self.r.le16()?, self.r.le16()?);
        let rest = hex(self.r.take(8)?);
        let (d, e) = rest.split_at_checked(4)?;
        Some(format!("{a:08x}-{b:04x}-{c:04x}-{d}-{e}"))
    }
    fn node(&mut self, encoding: u8) -> Option<NodeId> {
        let number = |namespace, n| NodeId { namespace, id: Id::Number(n) };
        Some(match encoding & 0x3f {
            0 => number(0, self.r.u8()?.into()),
            1 => {
                let namespace = self.r.u8()?.into();
                number(namespace, self.r.le16()?.into())
            }
            2 => {
                let namespace = self.r.le16()?;
                number(namespace, self.r.le32()?)
            }
            3 => {
                let namespace = self.r.le16()?;
                NodeId { namespace, id: Id::Text(self.text()?.into()) }
            }
            4 => {
                let namespace = self.r.le16()?;
                NodeId { namespace, id: Id::Guid(self.guid()?.into()) }
            }
            5 => {
                let namespace = self.r.le16()?;
                let bytes = self.octets()?.unwrap_or_default();
                let bytes = bytes.get(..bytes.len().min(MAX_OCTETS)).unwrap_or_default();
                NodeId { namespace, id: Id::Opaque(hex(bytes).into()) }
            }
            _ => return None,
        })
    }
    pub fn node_id(&mut self) -> Option<NodeId> {
        let encoding = self.r.u8()?;
        if encoding & 0xc0 != 0 {
            return None;
        }
        self.node(encoding)
    }
    /// ExpandedNodeId: the namespace may be spelled out, the server may be another.
    pub fn expanded(&mut self) -> Option<NodeId> {
        let encoding = self.r.u8()?;
        let node = self.node(encoding)?;
        if encoding & 0x80 != 0 {
            self.octets()?;
        }
        if encoding & 0x40 != 0 {
            self.r.skip(4)?;
        }
        Some(node)
    }
    /// QualifiedName: namespace and name.
    pub fn qualified(&mut self) -> Option<(u16, String)> {
        Some((self.r.le16()?, self.text()?))
    }
    /// Text of a LocalizedText.
    pub fn localized(&mut self) -> Option<String> {
        let mask = self.r.u8()?;
        if mask & 1 != 0 {
            self.octets()?;
        }
        if mask & 2 != 0 { self.text() } else { Some(String::new()) }
    }
    pub fn extension(&mut self) -> Option<Extension<'a>> {
        let kind = self.node_id()?;
        let body = match self.r.u8()? {
            0 => &[],
            1 => self.octets()?.unwrap_or_default(),
            2 => {
                self.octets()?;
                &[]
            }
            _ => return None,
        };
        Some(Extension { kind, body })
    }
    pub fn diagnostic(&mut self) -> Option<()> {
        self.diagnostic_at(0)
    }
    fn diagnostic_at(&mut self, depth: u8) -> Option<()> {
        let mask = self.r.u8()?;
        for bit in [0x01, 0x02, 0x04, 0x08] {
            if mask & bit != 0 {
                self.r.skip(4)?;
            }
        }
        if mask & 0x10 != 0 {
            self.octets()?;
        }
        if mask & 0x20 != 0 {
            self.r.skip(4)?;
        }
        if mask & 0x40 != 0 {
            if depth >= MAX_DEPTH {
                return None;
            }
            self.diagnostic_at(depth + 1)?;
        }
        Some(())
    }
    pub fn data_value(&mut self) -> Option<DataValue<'a>> {
        self.data_value_at(0)
    }
    fn data_value_at(&mut self, depth: u8) -> Option<DataValue<'a>> {
        let mask = self.r.u8()?;
        let mut out = DataValue::default();
        if mask & 0x01 != 0 {
            out.variant = self.variant_at(depth)?;
        }
        if mask & 0x02 != 0 {
            out.status = self.u32()?;
        }
        // source and server time, each with its picoseconds
        for (bit, size) in [(0x04, 8), (0x10, 2), (0x08, 8), (0x20, 2)] {
            if mask & bit != 0 {
                self.r.skip(size)?;
            }
        }
        Some(out)
    }
    pub fn variant(&mut self) -> Option<Variant<'a>> {
        self.variant_at(0)
    }
    fn variant_at(&mut self, depth: u8) -> Option<Variant<'a>> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let mask = self.r.u8()?;
        let kind = mask & 0x3f;
        if mask & 0x80 == 0 {
            return if kind == 0 { Some(Variant::default()) } else { self.scalar(kind, depth) };
        }
        let mut values = Vec::new();
        let mut extension = None;
        self.each(|d| {
            let one = d.scalar(kind, depth)?;
            if values.len() < MAX_SHOWN {
                values.extend(one.value);
            }
            extension = extension.take().or(one.extension);
            Some(())
        })?;
        if mask & 0x40 != 0 {
            self.each(|d| d.r.skip(4))?;
        }
        let value = (!values.is_empty()).then(|| Val::from(values));
        Some(Variant { value, extension })
    }
    /// One value of a built-in type (table 1 of OPC 10000-6).
    fn scalar(&mut self, kind: u8, depth: u8) -> Option<Variant<'a>> {
        let value = match kind {
            1 => Val::Bool(self.boolean()?),
            2 => Val::from(self.r.u8()? as i8),
            3 => Val::from(self.r.u8()?),
            4 => Val::from(self.r.le_i16()?),
            5 => Val::from(self.r.le16()?),
            6 => Val::from(self.r.le_i32()?),
            7 | 19 => Val::from(self.r.le32()?),
            8 => Val::from(self.r.le64()? as i64),
            9 => match self.r.le64()? {
                n if n > i64::MAX as u64 => Val::from(n.to_string()),
                n => Val::from(n),
            },
            10 => Val::from(self.r.le_f32()?),
            11 => Val::from(self.double()?),
            12 | 16 => Val::from(self.text()?),
            13 => Val::from(time(self.r.le64()? as i64)),
            14 => Val::from(self.guid()?),
            15 => {
                let bytes = self.octets()?.unwrap_or_default();
                Val::from(hex(bytes.get(..bytes.len().min(MAX_OCTETS)).unwrap_or_default()))
            }
            17 => Val::from(self.node_id()?.to_string()),
            18 => Val::from(self.expanded()?.to_string()),
            20 => Val::from(self.qualified()?.1),
            21 => Val::from(self.localized()?),
            22 => {
                let extension = self.extension()?;
                let value = Some(Val::from(extension.kind.to_string()));
                return Some(Variant { value, extension: Some(extension) });
            }
            23 => return Some(self.data_value_at(depth + 1)?.variant),
            24 => return self.variant_at(depth + 1),
            25 => {
                self.diagnostic_at(depth)?;
                return Some(Variant::default());
            }
            _ => return None,
        };
        Some(Variant { value: Some(value), extension: None })
    }
}

/// A DateTime (5.2.2.5): 100 ns since 1601-01-01 UTC, as RFC 3339; empty if it says none.
pub fn time(ticks: i64) -> String {
    /// Microseconds from 1601 to 1970.
    const EPOCH: i64 = 11_644_473_600_000_000;
    if ticks <= 0 || ticks == i64::MAX {
        return String::new();
    }
    let mut out = Vec::new();
    crate::json::time(&mut out, ticks / 10 - EPOCH);
    String::from_utf8_lossy(&out).trim_matches('"').to_owned()
}

//! How a type is written down: tables made when the program is compiled.

/// A type of ASN.1, as far as the standards here use them.
#[derive(Debug)]
pub enum Type {
    Null,
    Bool,
    /// Both bounds are known.
    Int(i128, i128),
    /// From 0 on.
    Unsigned,
    /// Without bounds.
    Signed,
    /// Least and most octets: as many as they are when both are the same. A bit string of a fixed size that
    /// fills its octets is the same.
    Octets(usize, usize),
    /// Text in UTF-8, least and most octets.
    Text(usize, usize),
    /// Text in ASCII.
    Ascii(usize),
    /// Names in their order, then those after the extension marker, if there is one.
    Names(&'static [&'static str], Option<&'static [&'static str]>),
    /// Components, then additions, if there is an extension marker.
    Record(&'static [Field], Option<&'static [Field]>),
    /// Least elements, and the type of each.
    List(usize, &'static Type),
    /// Alternatives by their tags, then those after the extension marker, if there is one.
    Choice(&'static [Alternative], Option<&'static [Alternative]>),
    /// Octets that contain a value of a type, and nothing else.
    Inside(&'static Type),
    /// What differs: IEEE 1609.2's, then YD/T 3957's.
    Differs(&'static Type, &'static Type),
}

#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: &'static Type,
    pub optional: bool,
}

#[derive(Debug)]
pub struct Alternative {
    pub name: &'static str,
    pub kind: &'static Type,
}

pub const fn must(name: &'static str, kind: &'static Type) -> Field {
    Field { name, kind, optional: false }
}
pub const fn opt(name: &'static str, kind: &'static Type) -> Field {
    Field { name, kind, optional: true }
}
pub const fn alt(name: &'static str, kind: &'static Type) -> Alternative {
    Alternative { name, kind }
}

/// How a bounded number is encoded: octets, and whether it has a sign (X.696, 10.2 and 10.3).
pub(crate) fn width(low: i128, high: i128) -> (usize, bool) {
    let fits = |bits: u32| low >= -(1 << (bits - 1)) && high < 1 << (bits - 1);
    let size = |fits: &dyn Fn(u32) -> bool| [8, 16, 32].into_iter().find(|b| fits(*b)).unwrap_or(64) / 8;
    if low >= 0 { (size(&|bits| high < 1 << bits) as usize, false) } else { (size(&fits) as usize, true) }
}

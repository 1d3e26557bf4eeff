//! Link types by number and name.

use std::fmt;

/// A link-layer header type as capture files number them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LinkType(pub u16);

/// Number and name a line. Source: link-layer header types, tcpdump.org.
const NAMES: &str = include_str!("linktypes.tsv");

impl LinkType {
    pub const NULL: LinkType = LinkType(0);
    pub const ETHERNET: LinkType = LinkType(1);
    pub const RAW: LinkType = LinkType(101);

    /// The registered name (without `LINKTYPE_`), in lower case, if the number is known.
    pub fn name(self) -> Option<&'static str> {
        NAMES
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find_map(|(number, name)| (number.parse() == Ok(self.0)).then_some(name))
    }
}

impl fmt::Display for LinkType {
    /// The name, or `linktype-` and the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "linktype-{}", self.0),
        }
    }
}

//! Kinds of interfaces (ARPHRD numbers, linux/if_arp.h) as link types of capture files.

/// How frames of an interface begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// Link-layer header type as capture files number them (tcpdump.org).
    pub number: u16,
    /// The kernel takes its own header off, which differs from driver to driver; a Linux cooked header is
    /// put in front instead.
    pub cooked: bool,
    /// Every frame is seen twice, going out and coming in: those going out are left out.
    pub doubled: bool,
}

/// Octets of a Linux cooked header, version 1 (LINKTYPE_LINUX_SLL).
pub const COOKED: usize = 16;

/// `None`: frames of such an interface are not understood.
pub fn of_hardware(arphrd: u16) -> Option<Link> {
    let plain = |number| Some(Link { number, cooked: false, doubled: false });
    match arphrd {
        // ARPHRD_ETHER
        1 => plain(1),
        // ARPHRD_LOOPBACK: Ethernet frames with addresses of zeros.
        772 => Some(Link { number: 1, cooked: false, doubled: true }),
        // ARPHRD_NONE (tun, WireGuard), ARPHRD_RAWIP: an IP packet.
        65534 | 519 => plain(101),
        801 => plain(105),
        802 => plain(119),
        803 => plain(127),
        // PPP; TUNNEL, TUNNEL6, SIT, IPGRE, IP6GRE: with a header in one direction only, or none.
        512 | 768 | 769 | 776 | 778 | 823 => Some(Link { number: 113, cooked: true, doubled: false }),
        _ => None,
    }
}

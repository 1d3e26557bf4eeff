//! Packets of a network interface, out of a ring of memory that is shared with the kernel.
//!
//! [`Port`] is one interface: an AF_PACKET socket with a TPACKET_V3 ring (packet(7), the kernel's
//! packet_mmap document). The kernel fills a block with packets and hands it over when it is full or
//! [`RETIRE_MS`] old; it is read in place and handed back. What finds no room is dropped and counted by
//! the kernel. Nothing is ever sent.
//!
//! Opening needs CAP_NET_RAW and nothing else; afterwards [`drop_privileges`] gives everything back.
//! Linux only. All `unsafe` is in `sys`.

mod block;
mod error;
mod link;
mod port;
mod privileges;
mod sys;

pub use block::Frame;
pub use error::Error;
pub use link::Link;
pub use port::{Counters, MAX_LATE_MS, Port, RETIRE_MS, Settings, State, wait};
pub use privileges::{drop_privileges, small_pages};

/// One instruction of classic BPF (the kernel's `struct sock_filter`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Insn {
    pub code: u16,
    /// Instructions passed over if a test holds, and if not.
    pub jt: u8,
    pub jf: u8,
    pub k: u32,
}

/// Instructions of the longest program the kernel takes (BPF_MAXINSNS).
pub const MAX_INSNS: usize = 4096;

/// The program that takes up to `len` octets of every packet; with 0, no packet at all.
pub fn accept(len: u32) -> Insn {
    // BPF_RET | BPF_K
    Insn { code: 0x06, jt: 0, jf: 0, k: len }
}

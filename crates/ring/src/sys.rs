//! Calls of the system: all `unsafe` of the project is here.
//!
//! Constants and layouts: linux/if_packet.h, linux/filter.h, linux/capability.h, netdevice(7).

#![allow(unsafe_code)]

use crate::Insn;
use crate::block::{STATUS_AT, STATUS_USER};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// Octets of an interface's name with the zero behind it (IFNAMSIZ).
pub const NAME: usize = 16;

fn done(code: libc::c_int) -> io::Result<libc::c_int> {
    if code < 0 { Err(io::Error::last_os_error()) } else { Ok(code) }
}

/// A packet socket that takes nothing yet: it has no protocol and is bound to no interface.
pub fn packet_socket(cooked: bool) -> io::Result<OwnedFd> {
    let kind = if cooked { libc::SOCK_DGRAM } else { libc::SOCK_RAW } | libc::SOCK_CLOEXEC;
    // SAFETY: socket(2) takes numbers only.
    let fd = done(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
    // SAFETY: the descriptor is new and owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// setsockopt(2) with an option given as octets in the layout the kernel wants.
pub fn set(fd: &OwnedFd, level: i32, option: i32, value: &[u8]) -> io::Result<()> {
    let len = value.len() as libc::socklen_t;
    // SAFETY: the kernel reads `len` octets at the pointer, which `value` has.
    done(unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, value.as_ptr().cast(), len) })?;
    Ok(())
}

/// getsockopt(2) of an option of `N` words of 32 bits.
pub fn get<const N: usize>(fd: &OwnedFd, level: i32, option: i32) -> io::Result<[u32; N]> {
    let mut words = [0u32; N];
    let mut len = size_of_val(&words) as libc::socklen_t;
    let to = words.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most `len` octets at the pointer, which `words` has, and `len` itself.
    done(unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, to, &mut len) })?;
    Ok(words)
}

/// Puts a filter on a socket in place of the one before, at once for all packets to come.
pub fn attach(fd: &OwnedFd, program: &[Insn]) -> io::Result<()> {
    let code = |i: &Insn| libc::sock_filter { code: i.code, jt: i.jt, jf: i.jf, k: i.k };
    let mut program: Vec<libc::sock_filter> = program.iter().map(code).collect();
    let len = u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let fprog = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    let size = size_of_val(&fprog) as libc::socklen_t;
    let from = (&raw const fprog).cast();
    // SAFETY: the kernel reads a sock_fprog and the `len` instructions it points to; both outlive the call.
    let code =
        unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, from, size) };
    done(code).map(drop)
}

/// Binds a packet socket to an interface and all protocols (ETH_P_ALL).
pub fn bind(fd: &OwnedFd, index: i32) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: index,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let size = size_of_val(&address) as libc::socklen_t;
    // SAFETY: the kernel reads a sockaddr_ll of the size given.
    done(unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), size) })?;
    Ok(())
}

/// Asks for a number of an interface by ioctl(2) (netdevice(7)): the first four octets of the answer.
pub fn ask(fd: RawFd, request: u32, name: &[u8; NAME]) -> io::Result<[u8; 4]> {
    // struct ifreq: the name, then a union of 24 octets at most
    #[repr(C, align(8))]
    struct Request([u8; 40]);
    let mut all = Request([0; 40]);
    all.0[..NAME].copy_from_slice(name);
    // SAFETY: these requests read and write a struct ifreq, which is not larger and not more aligned.
    done(unsafe { libc::ioctl(fd, request as libc::Ioctl, (&raw mut all).cast::<libc::c_void>()) })?;
    Ok(*all.0[NAME..].first_chunk().unwrap_or(&[0; 4]))
}

/// Names of the interfaces there are, as far as the system tells.
pub fn interfaces() -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: takes nothing; gives an array that ends with an index of 0, or nothing.
    let first = unsafe { libc::if_nameindex() };
    let mut at = first;
    while !at.is_null() {
        // SAFETY: `at` is not behind the entry that ends the array.
        let entry = unsafe { at.read() };
        if entry.if_index == 0 || entry.if_name.is_null() {
            break;
        }
        // SAFETY: the name is a string that ends with a zero and lives until the array is freed.
        let name = unsafe { std::ffi::CStr::from_ptr(entry.if_name) };
        names.push(name.to_string_lossy().into_owned());
        // SAFETY: there is an entry behind each but the last.
        at = unsafe { at.add(1) };
    }
    if !first.is_null() {
        // SAFETY: it came from if_nameindex and is freed once.
        unsafe { libc::if_freenameindex(first) };
    }
    names
}

/// Waits until one of the descriptors can be read or has an error, at most so long. Which have an error.
pub fn poll(fds: &[RawFd], ms: i32) -> io::Result<Vec<bool>> {
    let entry = |fd: &RawFd| libc::pollfd { fd: *fd, events: libc::POLLIN, revents: 0 };
    let mut fds: Vec<libc::pollfd> = fds.iter().map(entry).collect();
    // SAFETY: the kernel reads and writes as many entries as there are.
    done(unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, ms) })?;
    Ok(fds.iter().map(|p| p.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0).collect())
}

/// The ring of a socket: `blocks` blocks of `size` octets, shared with the kernel.
pub struct Map {
    base: NonNull<u8>,
    size: usize,
    blocks: usize,
}

// SAFETY: the mapping belongs to this value alone on our side, whichever thread has it.
unsafe impl Send for Map {}

impl Map {
    /// Maps the ring that was asked for by PACKET_RX_RING with the same numbers.
    pub fn new(fd: &OwnedFd, size: usize, blocks: usize) -> io::Result<Map> {
        let len = size.checked_mul(blocks).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping at a place the kernel chooses touches no memory of ours.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, fd.as_raw_fd(), 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(at.cast()).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOMEM))?;
        Ok(Map { base, size, blocks })
    }

    /// The status word of block `n`, which the kernel changes beside us.
    fn status(&self, n: usize) -> &AtomicU32 {
        let at = (n % self.blocks) * self.size + STATUS_AT;
        // SAFETY: the word lies in the mapping, as blocks are pages; pages are aligned for it.
        let word = unsafe { self.base.as_ptr().add(at) };
        // SAFETY: both sides only ever access it as a whole word while the mapping lives, which `self` outlives
        // not; the kernel pairs its write with a barrier.
        unsafe { AtomicU32::from_ptr(word.cast()) }
    }

    /// True if block `n` is the reader's.
    pub fn ready(&self, n: usize) -> bool {
        self.status(n).load(Ordering::Acquire) & STATUS_USER != 0
    }

    /// The octets of block `n`, if it is the reader's.
    pub fn block(&self, n: usize) -> Option<&[u8]> {
        if !self.ready(n) {
            return None;
        }
        // SAFETY: the block lies in the mapping.
        let at = unsafe { self.base.as_ptr().add((n % self.blocks) * self.size) };
        // SAFETY: the kernel does not write to a block with STATUS_USER until it is handed back, which needs
        // `&mut self` and so that this slice is gone.
        Some(unsafe { std::slice::from_raw_parts(at, self.size) })
    }

    /// Hands block `n` back to the kernel.
    pub fn give_back(&mut self, n: usize) {
        self.status(n).store(0, Ordering::Release);
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and no slice of it is left.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.size * self.blocks) };
    }
}

/// Takes every capability from the calling thread, for good.
pub fn drop_capabilities() -> io::Result<()> {
    // struct __user_cap_header_struct (version 3, this thread), two of struct __user_cap_data_struct
    const VERSION_3: u32 = 0x2008_0522;
    let header = [VERSION_3, 0];
    let nothing = [0u32; 6];
    // SAFETY: prctl(2) with numbers only.
    done(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    let clear = libc::PR_CAP_AMBIENT_CLEAR_ALL;
    // SAFETY: prctl(2) with numbers only. A kernel without ambient capabilities has none to clear.
    let _ = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, clear, 0, 0, 0) };
    // SAFETY: the kernel reads a header and, for version 3, two structures of three words.
    let code = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), nothing.as_ptr()) };
    if code < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Becomes another user, with its group alone, for good and in every thread.
pub fn become_user(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: an empty list is read at no pointer.
    done(unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: takes numbers only.
    done(unsafe { libc::setresgid(gid, gid, gid) })?;
    // SAFETY: takes numbers only.
    done(unsafe { libc::setresuid(uid, uid, uid) })?;
    Ok(())
}

/// Has the kernel give this process pages of the usual size only; huge ones it has stay.
pub fn small_pages() -> io::Result<()> {
    // SAFETY: prctl(2) with numbers only.
    done(unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) }).map(drop)
}

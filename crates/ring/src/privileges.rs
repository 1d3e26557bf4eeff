//! Giving privileges back once all interfaces are open.

use crate::sys;
use std::io;

/// Gives up every capability of the process for good and forbids to gain new ones (PR_SET_NO_NEW_PRIVS),
/// after becoming `user` (user and group number) if one is given. Capturing goes on: packet sockets that
/// are open need no privilege, not even to be bound to an interface anew.
///
/// Capabilities belong to threads: it is refused while there is more than one, as the others would keep
/// theirs. The error is one line.
pub fn drop_privileges(user: Option<(u32, u32)>) -> Result<(), String> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(format!(
            "privileges cannot be dropped: {threads} threads run already and would keep theirs; \
             drop them before threads are started"
        ));
    }
    if let Some((uid, gid)) = user {
        sys::become_user(uid, gid).map_err(|why| wrong(&format!("becoming user {uid}"), &why))?;
    }
    sys::drop_capabilities().map_err(|why| wrong("capset", &why))
}

/// Has the kernel give this process no huge pages from now on. It joins pages of 4 KiB into pages of 2 MiB in
/// its own time, also where nearly all of them are free: a process that lives for months is then many times
/// as large as what it uses (PR_SET_THP_DISABLE, prctl(2)). False where the kernel knows no such thing.
pub fn small_pages() -> bool {
    sys::small_pages().is_ok()
}

fn wrong(what: &str, why: &io::Error) -> String {
    format!("privileges cannot be dropped: {what} failed: {why}")
}

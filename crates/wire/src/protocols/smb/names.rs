//! Names of SMB: dialects, status codes.
//!
//! Sources: MS-SMB2, sections 2.2.3 and 2.2.4 (dialects); MS-ERREF, section 2.3 (NTSTATUS);
//! MS-CIFS, section 2.2.2.4 (older codes).

/// Name of an SMB2 dialect.
pub fn dialect(revision: u16) -> Option<&'static str> {
    Some(match revision {
        0x0202 => "2.0.2",
        0x0210 => "2.1",
        0x0300 => "3.0",
        0x0302 => "3.0.2",
        0x0311 => "3.1.1",
        // 0x02ff asks to negotiate again
        _ => return None,
    })
}

pub const SUCCESS: u32 = 0;
pub const PENDING: u32 = 0x0000_0103;
pub const MORE_PROCESSING: u32 = 0xc000_0016;

/// Severity bits say error; an answer cut to a small buffer is none.
pub fn is_error(status: u32) -> bool {
    status >= 0xc000_0000
}

/// NTSTATUS of an older error class and code (MS-CIFS 2.2.2.4).
pub fn older(class: u8, code: u16) -> u32 {
    match (class, code) {
        (0, _) => SUCCESS,
        (1, 2) => 0xc000_000f,
        (1, 3) => 0xc000_003a,
        (1, 5) | (2, 4) => 0xc000_0022,
        (2, 2) => 0xc000_006d,
        (2, 6) => 0xc000_00cc,
        _ => 0xc000_0001,
    }
}

/// The file that was looked for is not there: a question, not a refusal.
pub fn is_absent(status: u32) -> bool {
    matches!(status, 0xc000_0034 | 0xc000_003a | 0xc000_000f | 0xc000_0225)
}

/// Name of a status.
pub fn status(code: u32) -> &'static str {
    match code {
        0 => "STATUS_SUCCESS",
        0x0000_0103 => "STATUS_PENDING",
        0x8000_0005 => "STATUS_BUFFER_OVERFLOW",
        0x8000_0006 => "STATUS_NO_MORE_FILES",
        0xc000_0001 => "STATUS_UNSUCCESSFUL",
        0xc000_0002 => "STATUS_NOT_IMPLEMENTED",
        0xc000_0003 => "STATUS_INVALID_INFO_CLASS",
        0xc000_0008 => "STATUS_INVALID_HANDLE",
        0xc000_000d => "STATUS_INVALID_PARAMETER",
        0xc000_000f => "STATUS_NO_SUCH_FILE",
        0xc000_0010 => "STATUS_INVALID_DEVICE_REQUEST",
        0xc000_0011 => "STATUS_END_OF_FILE",
        0xc000_0016 => "STATUS_MORE_PROCESSING_REQUIRED",
        0xc000_0022 => "STATUS_ACCESS_DENIED",
        0xc000_0033 => "STATUS_OBJECT_NAME_INVALID",
        0xc000_0034 => "STATUS_OBJECT_NAME_NOT_FOUND",
        0xc000_0035 => "STATUS_OBJECT_NAME_COLLISION",
        0xc000_003a => "STATUS_OBJECT_PATH_NOT_FOUND",
        0xc000_0043 => "STATUS_SHARING_VIOLATION",
        0xc000_0054 => "STATUS_FILE_LOCK_CONFLICT",
        0xc000_0056 => "STATUS_DELETE_PENDING",
        0xc000_005e => "STATUS_NO_LOGON_SERVERS",
        0xc000_0061 => "STATUS_PRIVILEGE_NOT_HELD",
        0xc000_0064 => "STATUS_NO_SUCH_USER",
        0xc000_006a => "STATUS_WRONG_PASSWORD",
        0xc000_006d => "STATUS_LOGON_FAILURE",
        0xc000_006e => "STATUS_ACCOUNT_RESTRICTION",
        0xc000_006f => "STATUS_INVALID_LOGON_HOURS",
        0xc000_0070 => "STATUS_INVALID_WORKSTATION",
        0xc000_0071 => "STATUS_PASSWORD_EXPIRED",
        0xc000_0072 => "STATUS_ACCOUNT_DISABLED",
        0xc000_009a => "STATUS_INSUFFICIENT_RESOURCES",
        0xc000_00ac => "STATUS_PIPE_NOT_AVAILABLE",
        0xc000_00ba => "STATUS_FILE_IS_A_DIRECTORY",
        0xc000_00bb => "STATUS_NOT_SUPPORTED",
        0xc000_00c9 => "STATUS_NETWORK_NAME_DELETED",
        0xc000_00cc => "STATUS_BAD_NETWORK_NAME",
        0xc000_00d0 => "STATUS_REQUEST_NOT_ACCEPTED",
        0xc000_0103 => "STATUS_NOT_A_DIRECTORY",
        0xc000_0120 => "STATUS_CANCELLED",
        0xc000_0121 => "STATUS_CANNOT_DELETE",
        0xc000_0128 => "STATUS_FILE_CLOSED",
        0xc000_0133 => "STATUS_TIME_DIFFERENCE_AT_DC",
        0xc000_015b => "STATUS_LOGON_TYPE_NOT_GRANTED",
        0xc000_0193 => "STATUS_ACCOUNT_EXPIRED",
        0xc000_0203 => "STATUS_USER_SESSION_DELETED",
        0xc000_0224 => "STATUS_PASSWORD_MUST_CHANGE",
        0xc000_0225 => "STATUS_NOT_FOUND",
        0xc000_0234 => "STATUS_ACCOUNT_LOCKED_OUT",
        0xc000_0257 => "STATUS_PATH_NOT_COVERED",
        0xc000_035c => "STATUS_NETWORK_SESSION_EXPIRED",
        _ => "unknown",
    }
}

/// True for a share that gives the system's own disks: ADMIN$, C$.
pub fn is_admin_share(share: &str) -> bool {
    let mut name = share.chars();
    share.eq_ignore_ascii_case("ADMIN$")
        || (name.next().is_some_and(|c| c.is_ascii_alphabetic()) && name.as_str() == "$")
}

/// UTF-16 text of the wire, at most 512 characters, without what ends it.
pub fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|b| match b {
        &[a, b] => u16::from_le_bytes([a, b]),
        _ => 0,
    });
    let text = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}'));
    text.take_while(|c| *c != '\0').filter(|c| !c.is_control()).take(512).collect()
}

/// Text in the client's code page: what is not ASCII is shown as it can be.
pub fn oem(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    text.chars().filter(|c| !c.is_control()).take(512).collect()
}

//! The commands of IMAP, and their arguments.

use crate::model::Action;
use crate::protocols::lines::verbs;

verbs! {
    /// A command (RFC 3501, 9051, and the extensions servers have).
    Verb:
    Append "APPEND", Authenticate "AUTHENTICATE", Capability "CAPABILITY", Check "CHECK", Close "CLOSE",
    Compress "COMPRESS", Copy "COPY", Create "CREATE", Delete "DELETE", DeleteAcl "DELETEACL",
    Enable "ENABLE", Examine "EXAMINE", Expunge "EXPUNGE", Fetch "FETCH", GetAcl "GETACL",
    GetMetadata "GETMETADATA", GetQuota "GETQUOTA", GetQuotaRoot "GETQUOTAROOT", Id "ID", Idle "IDLE",
    List "LIST", Login "LOGIN", Logout "LOGOUT", Lsub "LSUB", Move "MOVE", MyRights "MYRIGHTS",
    Namespace "NAMESPACE", Noop "NOOP", Rename "RENAME", Search "SEARCH", Select "SELECT", SetAcl "SETACL",
    SetMetadata "SETMETADATA", SetQuota "SETQUOTA", Sort "SORT", StartTls "STARTTLS", Status "STATUS",
    Store "STORE", Subscribe "SUBSCRIBE", Thread "THREAD", Uid "UID", Unselect "UNSELECT",
    Unsubscribe "UNSUBSCRIBE", Xlist "XLIST",
}

impl Verb {
    /// What it does to a mailbox, as an operation.
    pub fn operation(self) -> Option<(Action, &'static str)> {
        Some(match self {
            Verb::Fetch => (Action::Read, "fetch"),
            Verb::Append => (Action::FileWrite, "append"),
            Verb::Copy => (Action::FileWrite, "copy"),
            Verb::Move => (Action::FileWrite, "move"),
            Verb::Store => (Action::FileWrite, "store"),
            Verb::Create => (Action::FileWrite, "create"),
            Verb::Rename => (Action::FileWrite, "rename"),
            Verb::Delete => (Action::FileDelete, "delete"),
            Verb::Expunge => (Action::FileDelete, "expunge"),
            Verb::SetAcl => (Action::Configure, "set_acl"),
            Verb::DeleteAcl => (Action::Configure, "delete_acl"),
            Verb::SetMetadata => (Action::Configure, "set_metadata"),
            Verb::SetQuota => (Action::Configure, "set_quota"),
            _ => return None,
        })
    }

    /// Its arguments are secret.
    pub fn hides(self) -> bool {
        matches!(self, Verb::Login | Verb::Authenticate)
    }

    /// No other protocol has this command behind a tag.
    pub fn only_imap(self, arguments: &[u8]) -> bool {
        match self {
            Verb::Capability | Verb::StartTls | Verb::Namespace => arguments.is_empty(),
            Verb::Id => arguments == b"NIL" || arguments == b"nil" || arguments.starts_with(b"("),
            Verb::Login => arguments.contains(&b' '),
            Verb::Authenticate | Verb::Select | Verb::Examine | Verb::Lsub => !arguments.is_empty(),
            Verb::Uid => arguments.contains(&b' '),
            _ => false,
        }
    }
}

/// One argument; for lists the text with its parentheses.
pub type Argument = String;

/// Most arguments of a command that are kept, and the longest, in characters.
const MAX_ARGUMENTS: usize = 24;
const MAX_ARGUMENT: usize = 512;

/// Adds the arguments of a line: atoms, quoted texts, lists taken apart (RFC 9051, 4).
pub fn arguments(line: &[u8], into: &mut Vec<Argument>) {
    let text = String::from_utf8_lossy(line);
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if into.len() >= MAX_ARGUMENTS {
            return;
        }
        match c {
            ' ' | '(' | ')' => {
                chars.next();
            }
            '"' => {
                chars.next();
                let mut value = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => value.extend(chars.next()),
                        c => value.push(c),
                    }
                }
                push(&value, into);
            }
            _ => {
                let mut value = String::new();
                while let Some(&c) = chars.peek() {
                    if matches!(c, ' ' | '(' | ')') {
                        break;
                    }
                    value.push(c);
                    chars.next();
                }
                push(&value, into);
            }
        }
    }
}

/// Adds one argument.
pub fn push(value: &str, into: &mut Vec<Argument>) {
    if into.len() < MAX_ARGUMENTS {
        into.push(value.chars().filter(|c| !c.is_control()).take(MAX_ARGUMENT).collect());
    }
}

/// The size of the literal a line announces at its end, and the line before it (`{12}`, `{12+}`, `~{12}`).
pub fn literal(line: &[u8]) -> Option<(u64, &[u8])> {
    let open = line.strip_suffix(b"}")?;
    let at = memchr::memrchr(b'{', open)?;
    let digits = open.get(at + 1..)?;
    let digits = digits.strip_suffix(b"+").or(digits.strip_suffix(b"-")).unwrap_or(digits);
    if digits.is_empty() || digits.len() > 12 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let before = line.get(..at)?;
    Some((size, before.strip_suffix(b"~").unwrap_or(before)))
}

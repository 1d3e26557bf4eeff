//! The commands of POP3.

use crate::model::Action;
use crate::protocols::lines::verbs;

verbs! {
    /// A command (RFC 1939; RFC 2449, 2595, 5034, 6856).
    Verb:
    Apop "APOP", Auth "AUTH", Capa "CAPA", Dele "DELE", Lang "LANG", Last "LAST", List "LIST", Noop "NOOP",
    Pass "PASS", Quit "QUIT", Retr "RETR", Rset "RSET", Stat "STAT", Stls "STLS", Top "TOP", Uidl "UIDL",
    User "USER", Utf8 "UTF8", Xtnd "XTND",
}

impl Verb {
    /// A good answer has lines behind it, up to one with a single dot.
    pub fn has_lines(self, argument: &str) -> bool {
        match self {
            Verb::Capa | Verb::Retr | Verb::Top => true,
            Verb::List | Verb::Uidl | Verb::Auth | Verb::Lang => argument.is_empty(),
            _ => false,
        }
    }

    /// Its argument is a secret.
    pub fn hides(self) -> bool {
        matches!(self, Verb::Pass | Verb::Apop | Verb::Auth)
    }

    /// What it does to a mailbox, as an operation.
    pub fn operation(self) -> Option<(Action, &'static str)> {
        match self {
            Verb::Retr => Some((Action::Read, "retrieve")),
            Verb::Dele => Some((Action::FileDelete, "delete")),
            Verb::Rset => Some((Action::Clear, "reset")),
            _ => None,
        }
    }

    /// No other protocol has this command with such an argument.
    pub fn only_pop(self, argument: &[u8]) -> bool {
        match self {
            Verb::Capa | Verb::Stls => argument.is_empty(),
            Verb::Uidl => argument.iter().all(u8::is_ascii_digit),
            Verb::Apop => {
                let digest = argument.rsplit(|b| *b == b' ').next().unwrap_or_default();
                argument.len() > 33 && digest.len() == 32 && digest.iter().all(u8::is_ascii_hexdigit)
            }
            _ => false,
        }
    }

    /// The argument has the shape this command wants.
    pub fn fits(self, argument: &[u8]) -> bool {
        match self {
            Verb::User => !argument.is_empty() && !argument.contains(&b' '),
            Verb::Pass => !argument.is_empty(),
            Verb::Capa | Verb::Stls | Verb::Stat | Verb::Noop | Verb::Quit | Verb::Rset | Verb::Last => {
                argument.is_empty()
            }
            Verb::Dele | Verb::Retr => !argument.is_empty() && argument.iter().all(u8::is_ascii_digit),
            Verb::List | Verb::Uidl => argument.iter().all(u8::is_ascii_digit),
            _ => true,
        }
    }
}

/// The stamp an APOP digest is made with: `<…@…>` (RFC 1939, section 7).
pub fn stamp(text: &str) -> Option<&str> {
    let start = text.find('<')?;
    let end = text.get(start..)?.find('>')? + start;
    text.get(start..=end).filter(|s| s.contains('@') && !s.contains(' '))
}

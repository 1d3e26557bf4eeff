//! The commands of SMTP.

use crate::protocols::lines::verbs;

verbs! {
    /// A command (RFC 5321, 3030, 3207, 4954, LMTP of 2033; X-ANONYMOUSTLS of Exchange).
    Verb:
    AnonymousTls "X-ANONYMOUSTLS", Auth "AUTH", Bdat "BDAT", Data "DATA", Ehlo "EHLO", Etrn "ETRN",
    Expn "EXPN", Helo "HELO", Help "HELP", Lhlo "LHLO", Mail "MAIL", Noop "NOOP", Quit "QUIT", Rcpt "RCPT",
    Rset "RSET", Saml "SAML", Send "SEND", StartTls "STARTTLS", Turn "TURN", Vrfy "VRFY",
    Xclient "XCLIENT", Message ".",
}

impl Verb {
    /// No other protocol has this command with such an argument.
    pub fn only_smtp(self, argument: &[u8]) -> bool {
        let starts = |with: &[u8]| {
            argument.len() > with.len()
                && argument.get(..with.len()).is_some_and(|a| a.eq_ignore_ascii_case(with))
        };
        match self {
            Verb::Ehlo | Verb::Helo | Verb::Lhlo => {
                !argument.is_empty() && argument.len() < 256 && argument.iter().all(u8::is_ascii_graphic)
            }
            Verb::Mail => starts(b"from:"),
            Verb::Rcpt => starts(b"to:"),
            Verb::AnonymousTls => argument.is_empty(),
            _ => false,
        }
    }

    /// It greets: the session begins anew.
    pub fn greets(self) -> bool {
        matches!(self, Verb::Ehlo | Verb::Helo | Verb::Lhlo)
    }
}

/// The address in `FROM:<a@b> SIZE=…`, `TO:<c@d>`.
pub fn path(argument: &str) -> &str {
    let rest = argument.split_once(':').map_or(argument, |(_, rest)| rest).trim_start();
    match rest.strip_prefix('<') {
        Some(inner) => inner.split('>').next().unwrap_or(inner),
        None => rest.split_whitespace().next().unwrap_or_default(),
    }
}

/// Code of a reply line and whether it is the last (RFC 5321, 4.2).
pub fn reply(line: &[u8]) -> Option<(u16, bool)> {
    let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else { return None };
    let code = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
    match rest.first() {
        None | Some(b' ') => Some((code, true)),
        Some(b'-') => Some((code, false)),
        Some(_) => None,
    }
}

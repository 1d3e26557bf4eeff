//! The commands of FTP, and what greetings say of their servers.

use crate::model::Action;
use crate::protocols::files;

macro_rules! verbs {
    ($($variant:ident $text:literal),* $(,)?) => {
        /// A command. Those of RFC 959 and its extensions that servers in use know.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Verb { $($variant),* }
        impl Verb {
            const ALL: &'static [(Verb, &'static str)] = &[$((Verb::$variant, $text)),*];
            /// The command as it stands on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Verb::$variant => $text),* }
            }
        }
    };
}

verbs! {
    Abor "ABOR", Acct "ACCT", Adat "ADAT", Allo "ALLO", Appe "APPE", Auth "AUTH", Ccc "CCC", Cdup "CDUP",
    Clnt "CLNT", Cwd "CWD", Dele "DELE", Eprt "EPRT", Epsv "EPSV", Feat "FEAT", Help "HELP", Host "HOST",
    Lang "LANG", List "LIST", Mdtm "MDTM", Mfmt "MFMT", Mkd "MKD", Mlsd "MLSD", Mlst "MLST", Mode "MODE",
    Nlst "NLST", Noop "NOOP", Opts "OPTS", Pass "PASS", Pasv "PASV", Pbsz "PBSZ", Port "PORT", Prot "PROT",
    Pwd "PWD", Quit "QUIT", Rein "REIN", Rest "REST", Retr "RETR", Rmd "RMD", Rnfr "RNFR", Rnto "RNTO",
    Site "SITE", Size "SIZE", Smnt "SMNT", Stat "STAT", Stor "STOR", Stou "STOU", Stru "STRU", Syst "SYST",
    Type "TYPE", User "USER", Xcrc "XCRC", Xcup "XCUP", Xcwd "XCWD", Xmkd "XMKD", Xpwd "XPWD", Xrmd "XRMD",
}

impl Verb {
    /// The command spelt so, whatever its case.
    pub fn find(word: &[u8]) -> Option<Verb> {
        Verb::ALL.iter().find(|(_, text)| text.as_bytes().eq_ignore_ascii_case(word)).map(|(verb, _)| *verb)
    }

    /// What it does to a file, as an operation; `None` for the others.
    pub fn operation(self, argument: &str) -> Option<(Action, &'static str)> {
        let store = |name| {
            let action = if files::is_firmware(argument) { Action::Firmware } else { Action::FileWrite };
            Some((action, name))
        };
        match self {
            Verb::Retr => Some((Action::FileRead, "retrieve")),
            Verb::Stor => store("store"),
            Verb::Stou => store("store_unique"),
            Verb::Appe => store("append"),
            Verb::Dele => Some((Action::FileDelete, "delete")),
            Verb::Rnto => Some((Action::FileWrite, "rename_to")),
            Verb::Mkd | Verb::Xmkd => Some((Action::FileWrite, "make_directory")),
            Verb::Rmd | Verb::Xrmd => Some((Action::FileDelete, "remove_directory")),
            Verb::List | Verb::Nlst | Verb::Mlsd => Some((Action::Read, "list")),
            Verb::Site => {
                let word = argument.split(' ').next().unwrap_or_default().to_ascii_uppercase();
                match word.as_str() {
                    "REBOOT" | "RESET" => Some((Action::Restart, "site_parameters")),
                    "HELP" | "IDLE" | "" => None,
                    _ => Some((Action::Configure, "site_parameters")),
                }
            }
            _ => None,
        }
    }

    /// Its argument is a secret.
    pub fn hides(self) -> bool {
        matches!(self, Verb::Pass | Verb::Acct | Verb::Adat)
    }

    /// No other protocol has this command with such an argument.
    pub fn only_ftp(self, argument: &[u8]) -> bool {
        match self {
            Verb::Pasv | Verb::Syst => argument.is_empty(),
            Verb::Epsv => argument.is_empty() || argument.iter().all(u8::is_ascii_alphanumeric),
            Verb::Port => {
                let parts = argument.split(|b| *b == b',');
                parts.clone().count() == 6
                    && parts
                        .clone()
                        .all(|p| (1..=3).contains(&p.len()) && p.iter().all(u8::is_ascii_digit))
            }
            Verb::Eprt => argument.first().is_some_and(u8::is_ascii_punctuation),
            Verb::Type => matches!(argument, b"A" | b"I" | b"E" | b"A N" | b"L8" | b"L 8" | b"a" | b"i"),
            Verb::Auth => [&b"TLS"[..], b"SSL", b"TLS-C", b"TLS-P", b"GSSAPI"]
                .iter()
                .any(|m| argument.eq_ignore_ascii_case(m)),
            Verb::Pbsz => argument == b"0",
            _ => false,
        }
    }

    /// The argument has the shape this command wants.
    pub fn fits(self, argument: &[u8]) -> bool {
        match self {
            // IRC's USER has four arguments
            Verb::User => !argument.is_empty() && !argument.contains(&b' '),
            Verb::Pass | Verb::Abor | Verb::Help | Verb::List | Verb::Nlst | Verb::Mlsd | Verb::Stou => true,
            Verb::Pwd | Verb::Xpwd | Verb::Quit | Verb::Noop | Verb::Feat | Verb::Cdup | Verb::Rein => {
                argument.is_empty()
            }
            _ => !argument.is_empty(),
        }
    }
}

/// What a greeting says.
#[derive(Default, Debug, PartialEq)]
pub struct Greeting<'a> {
    /// Product and version (empty if not said).
    pub product: Option<(&'a str, &'a str)>,
    pub os: Option<String>,
    pub host: Option<&'a str>,
}

/// Servers by a word of their greeting, and the name to show.
const SERVERS: &[(&str, &str)] = &[
    ("vsFTPd", "vsFTPd"),
    ("ProFTPD", "ProFTPD"),
    ("Pure-FTPd", "Pure-FTPd"),
    ("FileZilla Server", "FileZilla Server"),
    ("Microsoft FTP Service", "Microsoft FTP Service"),
    ("NetBSD-ftpd", "NetBSD-ftpd"),
    ("Serv-U", "Serv-U"),
    ("wu-", "wu-ftpd"),
    ("pyftpdlib", "pyftpdlib"),
    ("Xlight", "Xlight"),
    ("GNU inetutils", "GNU inetutils"),
    ("bftpd", "bftpd"),
    ("CrushFTP", "CrushFTP"),
    ("mod_ftp", "mod_ftp"),
    ("VxWorks", "VxWorks FTP"),
    ("QNX", "QNX ftpd"),
    ("Nucleus", "Nucleus FTP"),
    ("eCos", "eCos FTP"),
];

/// Reads a greeting.
pub fn product(text: &str) -> Greeting<'_> {
    let mut found = Greeting::default();
    for (word, name) in SERVERS {
        let Some((before, after)) = text.split_once(word) else { continue };
        let version = version_in(after);
        found.product = Some((name, version));
        match *name {
            "VxWorks FTP" => found.os = Some(os("VxWorks", version)),
            "QNX ftpd" => found.os = Some(os("QNX", version)),
            "Microsoft FTP Service" => found.os = Some("Windows".to_owned()),
            _ => {}
        }
        found.host = host(before);
        return found;
    }
    found.host = host(text);
    found
}

fn os(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name} {version}") }
}

/// The first thing after a product's name, if it is a version.
fn version_in(after: &str) -> &str {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let after = after.trim_start_matches([' ', '/', '(', '-', 'v', 'V', ':', ',']);
    let after = after.strip_prefix("Version ").or(after.strip_prefix("ersion ")).unwrap_or(after);
    let end = after.find(|c: char| !is_word(c)).unwrap_or(after.len());
    let word = after.get(..end).unwrap_or_default().trim_end_matches('.');
    if word.starts_with(|c: char| c.is_ascii_digit()) && word.len() > 1 { word } else { "" }
}

/// "NAME FTP server …": the name, if it looks like one.
fn host(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next()?, words.next()?);
    let named = second.eq_ignore_ascii_case("ftp") && first.contains('.');
    let shape = first.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && first.chars().any(|c| c.is_ascii_alphabetic());
    (named && shape).then_some(first)
}

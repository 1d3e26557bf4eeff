//! SCRAM as it crosses the wire (RFC 5802, 7677), for every protocol that carries it.
//!
//! The exchange shows neither StoredKey nor ServerKey, which hashcat's modes for SCRAM (24100, 24200,
//! 28600) want, so there is no line for those. All that a password can be tried against is in the
//! line given here: `$scram-sha-256$user*iterations*salt*authmessage*proof`, the message in Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Longest message kept.
const MAX: usize = 1024;

/// One exchange.
#[derive(Debug, Default)]
pub struct Scram {
    /// `sha-1`, `sha-256`.
    hash: String,
    pub user: String,
    first: String,
    server: String,
    last: String,
    proof: String,
}

fn text(message: &[u8]) -> Option<&str> {
    std::str::from_utf8(message).ok().filter(|m| m.len() <= MAX && !m.chars().any(char::is_control))
}

fn attribute<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

impl Scram {
    /// The client's first message under a mechanism such as `SCRAM-SHA-256-PLUS`.
    pub fn first(mechanism: &str, message: &[u8]) -> Option<Scram> {
        let hash = mechanism.strip_prefix("SCRAM-")?.trim_end_matches("-PLUS").to_ascii_lowercase();
        let message = text(message)?;
        let bare = message.splitn(3, ',').nth(2)?;
        let user = attribute(bare, "n")?.replace("=2C", ",").replace("=3D", "=");
        attribute(bare, "r")?;
        Some(Scram { hash, user, first: bare.to_owned(), ..Scram::default() })
    }
    /// The server's first message.
    pub fn server(&mut self, message: &[u8]) {
        if let Some(m) = text(message).filter(|m| attribute(m, "s").is_some() && attribute(m, "i").is_some())
        {
            m.clone_into(&mut self.server);
        }
    }
    /// The client's final message.
    pub fn last(&mut self, message: &[u8]) {
        if let Some((last, proof)) = text(message).and_then(|m| m.rsplit_once(",p=")) {
            last.clone_into(&mut self.last);
            proof.clone_into(&mut self.proof);
        }
    }
    /// The line, once the exchange is whole.
    pub fn line(&self) -> Option<String> {
        let (salt, rounds) = (attribute(&self.server, "s")?, attribute(&self.server, "i")?);
        if self.proof.is_empty() {
            return None;
        }
        let message = STANDARD.encode(format!("{},{},{}", self.first, self.server, self.last));
        Some(format!("$scram-{}${}*{rounds}*{salt}*{message}*{}", self.hash, self.user, self.proof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677, section 3.
    #[test]
    fn the_example_of_the_standard() {
        let mut s =
            Scram::first("SCRAM-SHA-256", b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").expect("a first message");
        assert_eq!(s.line(), None);
        s.server(b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        s.last(b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let line = s.line().expect("a whole exchange");
        assert!(line.starts_with("$scram-sha-256$user*4096*W22ZaJ0SNY7soEsUEjb6gQ==*"));
        assert!(line.ends_with("*dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
    }
}

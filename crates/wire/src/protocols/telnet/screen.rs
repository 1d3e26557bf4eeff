//! What stands on a terminal's current line, and what is typed there.

/// Longest line kept, in characters.
const MAX_LINE: usize = 512;

/// The server's output, line by line, without escape sequences.
#[derive(Default, Debug)]
pub struct Screen {
    line: String,
    escape: Escape,
}

#[derive(Default, Debug, PartialEq)]
enum Escape {
    #[default]
    None,
    Start,
    /// Control sequence (ECMA-48): ends at 0x40-0x7e.
    Csi,
    /// Operating system command: ends at BEL or ESC \.
    Osc,
    OscEnd,
    /// One more byte (character set selection).
    One,
}

impl Screen {
    /// Takes output; gives the lines it completed.
    pub fn feed(&mut self, data: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for c in String::from_utf8_lossy(data).chars() {
            match self.escape {
                Escape::None => {}
                Escape::Start => {
                    self.escape = match c {
                        '[' => Escape::Csi,
                        ']' | 'P' | '^' | '_' => Escape::Osc,
                        '(' | ')' | '#' | '%' => Escape::One,
                        _ => Escape::None,
                    };
                    continue;
                }
                Escape::Csi => {
                    if ('\u{40}'..='\u{7e}').contains(&c) {
                        self.escape = Escape::None;
                        // a cursor that moves to another place begins another piece of text
                        if matches!(c, 'H' | 'f' | 'J') {
                            self.complete(&mut lines);
                        }
                    }
                    continue;
                }
                Escape::Osc => {
                    self.escape = match c {
                        '\u{7}' => Escape::None,
                        '\u{1b}' => Escape::OscEnd,
                        _ => Escape::Osc,
                    };
                    continue;
                }
                Escape::OscEnd | Escape::One => {
                    self.escape = Escape::None;
                    continue;
                }
            }
            match c {
                '\u{1b}' => self.escape = Escape::Start,
                '\n' | '\r' => self.complete(&mut lines),
                '\u{8}' | '\u{7f}' => {
                    self.line.pop();
                }
                '\t' => self.line.push(' '),
                c if c.is_control() => {}
                c if self.line.len() < MAX_LINE => self.line.push(c),
                _ => {}
            }
        }
        lines
    }

    fn complete(&mut self, lines: &mut Vec<String>) {
        let line = std::mem::take(&mut self.line);
        if !line.trim().is_empty() {
            lines.push(line.trim().to_owned());
        }
    }

    /// The line the cursor stands on.
    pub fn current(&self) -> &str {
        &self.line
    }

    pub fn clear(&mut self) {
        self.line.clear();
        self.escape = Escape::None;
    }
}

/// What the user types: one line being edited.
#[derive(Default, Debug)]
pub struct Keyboard {
    line: String,
    /// The last byte was a CR: a NUL or LF behind it belongs to it.
    cr: bool,
    escape: Escape,
}

impl Keyboard {
    /// Takes typed bytes; gives the lines that Enter completed. `None` in the list is one that was
    /// given up (Ctrl-C, Ctrl-D).
    pub fn feed(&mut self, data: &[u8]) -> Vec<Option<String>> {
        let mut lines = Vec::new();
        for c in String::from_utf8_lossy(data).chars() {
            let cr = std::mem::take(&mut self.cr);
            match self.escape {
                Escape::None => {}
                // arrow and function keys: ESC [ … letter, ESC O letter
                Escape::Start => {
                    self.escape = match c {
                        '[' => Escape::Csi,
                        'O' => Escape::One,
                        _ => Escape::None,
                    };
                    continue;
                }
                Escape::Csi if ('\u{40}'..='\u{7e}').contains(&c) => {
                    self.escape = Escape::None;
                    continue;
                }
                Escape::Csi => continue,
                _ => {
                    self.escape = Escape::None;
                    continue;
                }
            }
            match c {
                '\0' | '\n' if cr => {}
                '\r' | '\n' => {
                    self.cr = c == '\r';
                    lines.push(Some(std::mem::take(&mut self.line)));
                }
                '\u{8}' | '\u{7f}' => {
                    self.line.pop();
                }
                '\u{15}' => self.line.clear(),
                '\u{17}' => {
                    let kept = self.line.trim_end().rfind(' ').map_or(0, |at| at + 1);
                    self.line.truncate(kept);
                }
                '\u{3}' | '\u{4}' => {
                    self.line.clear();
                    lines.push(None);
                }
                '\u{1b}' => self.escape = Escape::Start,
                c if c.is_control() => {}
                c if self.line.len() < MAX_LINE => self.line.push(c),
                _ => {}
            }
        }
        lines
    }

    /// True if something is typed that Enter has not completed.
    pub fn is_typing(&self) -> bool {
        !self.line.is_empty()
    }

    pub fn clear(&mut self) {
        *self = Keyboard::default();
    }
}

/// What a line that waits for input asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prompt {
    User,
    Password,
    /// A command shell waits.
    Shell,
}

const USER: &[&str] = &[
    "login", "username", "user name", "user", "user id", "userid", "login name", "login as", "account", "用户名",
    "utilisateur", "benutzer", "benutzername", "usuario",
];
const PASSWORD: &[&str] = &[
    "password", "passwd", "passcode", "passwort", "mot de passe", "contraseña", "enable secret", "pass", "密码",
    "口令",
];

/// Judges the line the cursor stands on.
pub fn prompt(line: &str) -> Option<Prompt> {
    let text = line.trim_end();
    let last = text.chars().next_back()?;
    if matches!(last, ':' | '>' | '：') {
        let body = text.trim_end_matches([':', '>', '：', ' ']);
        // before ">" only the bare word: a shell's prompt may end in any
        let ends = |words: &[&str]| match last {
            '>' => words.iter().any(|w| body.trim().eq_ignore_ascii_case(w)),
            _ => tail(body, words),
        };
        if ends(PASSWORD) || (last == ':' && asked_user(text).is_some()) {
            return Some(Prompt::Password);
        }
        if ends(USER) {
            return Some(Prompt::User);
        }
    }
    let short = text.chars().count() <= 120;
    (short && matches!(last, '$' | '#' | '>' | '%')).then_some(Prompt::Shell)
}

/// "[sudo] password for NAME:", "NAME's password:": the name.
pub fn asked_user(line: &str) -> Option<String> {
    let body = line.trim().strip_suffix(':')?;
    let body = body.strip_prefix("[sudo] ").unwrap_or(body);
    let name = match body.get(..13) {
        Some(head) if head.eq_ignore_ascii_case("password for ") => body.get(13..)?,
        _ => body.strip_suffix("'s password").or(body.strip_suffix("'s Password"))?,
    };
    let shape = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '\\'));
    (!name.is_empty() && shape).then(|| name.to_owned())
}

/// True if `body` ends in one of `words`, as a word, in any case, and is short enough for a prompt.
fn tail(body: &str, words: &[&str]) -> bool {
    let lower = body.trim_end().to_lowercase();
    if lower.chars().count() > 80 {
        return false;
    }
    words.iter().any(|word| {
        lower.strip_suffix(word).is_some_and(|before| {
            !word.is_ascii() || before.chars().next_back().is_none_or(|c| !c.is_alphanumeric())
        })
    })
}

/// A log-in failed, by what the server says of it.
pub fn refuses(line: &str) -> bool {
    let lower = line.to_lowercase();
    [
        "incorrect",
        "login failed",
        "log in failed",
        "logon failed",
        "authentication fail",
        "authorization failed",
        "access denied",
        "permission denied",
        "not authorized",
        "bad password",
        "bad secrets",
        "wrong password",
        "wrong user",
        "invalid password",
        "invalid user",
        "invalid login",
        "login invalid",
        "user or password",
        "username or password",
        "user name or password",
        "login error",
        "password error",
        "logon failure",
        "unknown user",
        "too many",
        "account locked",
        "密码错误",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// A log-in succeeded, by what the server says after it.
pub fn welcomes(line: &str) -> bool {
    let lower = line.to_lowercase();
    ["last login", "last successful login", "welcome", "logged in", "login successful", "successfully", "busybox v"]
        .iter()
        .any(|word| lower.contains(word))
}

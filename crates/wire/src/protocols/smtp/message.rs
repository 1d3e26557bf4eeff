//! What is kept of a message: its envelope, and of its header who, what and by which program.

use crate::protocols::lines::clean;

/// Recipients kept of one message.
const MAX_RECIPIENTS: usize = 16;
/// Longest field kept, in characters, and header lines read.
const MAX_FIELD: usize = 256;
const MAX_LINES: usize = 200;

/// Sender and receivers as told to the server.
#[derive(Default, Clone, Debug)]
pub struct Envelope {
    pub from: Option<String>,
    pub to: Vec<String>,
}

impl Envelope {
    pub fn add(&mut self, to: &str) {
        if self.to.len() < MAX_RECIPIENTS {
            self.to.push(to.to_owned());
        }
    }
    /// The server does not take this receiver.
    pub fn refuse(&mut self, to: &str) {
        if let Some(at) = self.to.iter().position(|t| t == to) {
            self.to.remove(at);
        }
    }
}

/// Fields of a header (RFC 5322).
#[derive(Default, Clone, Debug)]
pub struct Header {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub message_id: String,
    /// `X-Mailer` or `User-Agent`.
    pub agent: String,
    lines: usize,
    /// Which field a folded line goes on with.
    last: Option<Field>,
    /// The blank line behind it was seen.
    pub over: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Field {
    From,
    To,
    Subject,
    MessageId,
    Agent,
}

impl Header {
    /// Takes a line of the message.
    pub fn line(&mut self, line: &[u8]) {
        self.lines += 1;
        if line.is_empty() || self.lines > MAX_LINES {
            self.over = true;
            return;
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some(field) = self.last {
                let text = clean(line, MAX_FIELD);
                let value = self.field(field);
                if value.chars().count() + text.chars().count() < MAX_FIELD {
                    value.push(' ');
                    value.push_str(&text);
                }
            }
            return;
        }
        self.last = None;
        let Some(colon) = line.iter().take(64).position(|b| *b == b':') else { return };
        let (name, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
        let field = match name.to_ascii_lowercase().as_slice() {
            b"from" => Field::From,
            b"to" => Field::To,
            b"subject" => Field::Subject,
            b"message-id" => Field::MessageId,
            b"x-mailer" | b"user-agent" => Field::Agent,
            _ => return,
        };
        let value = clean(value, MAX_FIELD);
        let kept = self.field(field);
        if kept.is_empty() {
            *kept = value;
            self.last = Some(field);
        }
    }

    fn field(&mut self, field: Field) -> &mut String {
        match field {
            Field::From => &mut self.from,
            Field::To => &mut self.to,
            Field::Subject => &mut self.subject,
            Field::MessageId => &mut self.message_id,
            Field::Agent => &mut self.agent,
        }
    }
}

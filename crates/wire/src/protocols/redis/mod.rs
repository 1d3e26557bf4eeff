//! Redis' serialization protocol: log-ins, commands that change something, what INFO says.
//!
//! Commands are arrays of strings or plain lines, answered in order. Values are passed over; of a
//! command its first words are kept, of an answer its first line and the text of INFO.

mod commands;
mod resp;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use resp::{Element, Found};

pub static SPEC: Spec = Spec {
    name: "redis",
    title: "Redis",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[6379, 6380, 26379],
    ethertypes: &[],
    rank: 74,
    identify: resp::identify,
    open: || Box::<Redis>::default(),
    pdus: false,
    facts: &["os", "client", "id:redis-run", "redis_role"],
    credentials: &["password"],
    operations: &[
        "set", "del", "config_set", "flushall", "flushdb", "slaveof", "replicaof", "eval", "script_load", "module_load",
        "shutdown", "save", "bgsave", "debug", "acl_setuser", "migrate", "monitor", "keys",
    ],
    source: "Redis protocol specification (RESP 2 and 3), command reference",
    level: 5,
    proofs: &["zeek/redis"],
};

/// Commands that wait for their answer; pipelines are longer, the oldest then give way.
const MAX_OPEN: usize = 256;
/// Words of a command kept, and octets of each.
const MAX_WORDS: usize = 8;
const MAX_WORD: usize = 256;
/// Octets of a bulk string that are looked at; longer ones are passed over.
const MAX_TEXT: usize = 8192;
/// Elements of one message: a length beyond is a mistake.
const MAX_ELEMENTS: i64 = 1 << 24;

#[derive(Debug)]
struct Command {
    words: Vec<String>,
    asked: Stamp,
}

/// A message being read in one direction.
#[derive(Default)]
struct Half {
    /// Elements still to come.
    left: u64,
    words: Vec<String>,
    /// First line of an answer: its type and text.
    first: Option<(u8, String)>,
    /// It is pushed, no answer (RESP 3).
    pushed: bool,
    /// Bytes were lost: wait for the begin of a message.
    lost: bool,
}

#[derive(Default)]
struct Redis {
    open: Pending<(), Command, MAX_OPEN>,
    halves: [Half; 2],
    /// The server sends on its own (MONITOR, SUBSCRIBE): answers are not told from that.
    streaming: bool,
    /// Answers were lost, so that none is told to a command before all are done.
    unsure: bool,
}

impl Probe for Redis {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let from = cx.from();
        let dir = usize::from(from == Side::Server);
        let Some(half) = self.halves.get_mut(dir) else { return Step::Done };
        if half.lost {
            let good = match from {
                Side::Client => matches!(resp::command(data), resp::Looks::Sure),
                Side::Server => data.first().is_some_and(|b| b"+-:*$".contains(b)) && data.ends_with(b"\r\n"),
            };
            if !good {
                return Step::Used(data.len());
            }
            half.lost = false;
        }
        let (element, used) = match resp::element(data, half.left == 0 && from == Side::Client) {
            Found::Element(e, used) => (e, used),
            Found::Short if data.len() > MAX_TEXT => return Step::Bad,
            Found::Short => return Step::Need,
            Found::Bad => {
                *half = Half::default();
                return Step::Bad;
            }
        };
        if half.left == 0 {
            *half = Half { left: 1, ..Half::default() };
        }
        match element {
            Element::Bulk(n) => {
                let whole = used + n + 2;
                if data.len() < whole && n <= MAX_TEXT {
                    return Step::Need;
                }
                let text = data.get(used..whole.min(data.len())).unwrap_or_default();
                let text = text.get(..n.min(text.len())).unwrap_or_default();
                half.take(b'$', text, from);
                let skip = whole.saturating_sub(data.len());
                half.left -= 1;
                if half.left == 0 {
                    self.message(cx, from);
                }
                return if skip > 0 { Step::Skip(skip as u64) } else { Step::Used(whole) };
            }
            Element::Many(kind, n) => {
                half.pushed |= kind == b'>';
                if half.first.is_none() {
                    half.first = Some((kind, String::new()));
                }
                // attributes stand before the answer they belong to
                half.left += n;
                if kind != b'|' {
                    half.left -= 1;
                }
            }
            Element::Line(kind, line) => {
                half.take(kind, line, from);
                half.left -= 1;
            }
            Element::Inline(words) => {
                half.words = words;
                half.left = 0;
            }
        }
        if half.left > MAX_ELEMENTS as u64 {
            *half = Half::default();
            return Step::Bad;
        }
        if half.left == 0 {
            self.message(cx, from);
        }
        Step::Used(used)
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        let dir = usize::from(from == Side::Server);
        if let Some(half) = self.halves.get_mut(dir) {
            *half = Half { lost: true, ..Half::default() };
        }
        self.unsure = true;
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Command> = self.open.drain().map(|(_, c)| c).collect();
        for c in open {
            commands::report(cx, &c.words, c.asked, None);
        }
    }
}

impl Half {
    fn take(&mut self, kind: u8, bytes: &[u8], from: Side) {
        let most = if from == Side::Client { MAX_WORD } else { MAX_TEXT };
        let text = || String::from_utf8_lossy(bytes.get(..bytes.len().min(most)).unwrap_or_default()).into_owned();
        match from {
            Side::Client if self.words.len() < MAX_WORDS => self.words.push(text()),
            Side::Server if self.first.is_none() => self.first = Some((kind, text())),
            // of a list: the begin, in which HELLO says who it is
            Side::Server if self.words.len() < MAX_WORDS => self.words.push(text()),
            _ => {}
        }
    }
}

impl Redis {
    /// A message is whole.
    fn message(&mut self, cx: &mut Cx<'_>, from: Side) {
        let dir = usize::from(from == Side::Server);
        let Some(half) = self.halves.get_mut(dir) else { return };
        let half = std::mem::take(half);
        if from == Side::Client {
            if half.words.is_empty() {
                return;
            }
            let command = Command { words: half.words, asked: cx.at() };
            self.streaming |= commands::streams(&command.words);
            if let Some((_, old)) = self.open.push((), command) {
                commands::report(cx, &old.words, old.asked, None);
            }
            return;
        }
        if half.pushed {
            return;
        }
        let answer = half.first.unwrap_or((b'*', String::new()));
        if self.unsure {
            // who goes on has had the answers before: the last command sent is meant
            self.unsure = false;
            while self.open.len() > 1 {
                if let Some((_, old)) = self.open.take_if(|_, _| true) {
                    commands::report(cx, &old.words, old.asked, None);
                }
            }
        }
        match self.open.take_if(|_, _| true) {
            Some((_, c)) => {
                commands::report(cx, &c.words, c.asked, Some((answer.0, &answer.1)));
                commands::learn(cx, &c.words, &answer.1, &half.words);
            }
            None if !self.streaming && answer.0 == b'-' && answer.1.starts_with("DENIED") => {
                cx.service_info("protected_mode", true);
            }
            None => {}
        }
    }
}

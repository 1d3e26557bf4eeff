//! Telnet commands within the data (RFC 854, 855): takes them out, keeps what options say.

/// Interpret As Command.
pub const IAC: u8 = 255;
const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const DONT: u8 = 254;

/// Longest subnegotiation kept, in bytes.
const MAX_SUB: usize = 4096;

pub const TERMINAL_TYPE: u8 = 24;
pub const X_DISPLAY: u8 = 35;
pub const AUTHENTICATION: u8 = 37;
pub const NEW_ENVIRON: u8 = 39;

/// One thing found in the data of a direction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// Bytes for the terminal (an escaped 255 undone).
    Data(Vec<u8>),
    /// WILL, WONT, DO, DONT with their option.
    Negotiate(u8, u8),
    /// A whole subnegotiation: option and parameters.
    Sub(u8, Vec<u8>),
    /// Any other command (Break, Interrupt Process, Go Ahead …).
    Command(u8),
}

#[derive(Default, Debug)]
enum State {
    #[default]
    Data,
    Iac,
    Option(u8),
    Sub,
    SubIac,
}

/// The option machine of one direction; keeps its state over segments.
#[derive(Default, Debug)]
pub struct Machine {
    state: State,
    sub: Vec<u8>,
    /// Negotiations and subnegotiations seen.
    pub commands: u32,
}

impl Machine {
    /// Takes all of `data`.
    pub fn feed(&mut self, data: &[u8]) -> Vec<Item> {
        let mut items = Vec::new();
        let mut text = Vec::new();
        for &byte in data {
            match self.state {
                State::Data if byte == IAC => self.state = State::Iac,
                State::Data => text.push(byte),
                State::Iac => {
                    self.state = State::Data;
                    match byte {
                        IAC => text.push(IAC),
                        SB => {
                            self.sub.clear();
                            self.state = State::Sub;
                        }
                        WILL..=DONT => self.state = State::Option(byte),
                        command => push(&mut items, &mut text, Item::Command(command)),
                    }
                }
                State::Option(verb) => {
                    self.commands = self.commands.saturating_add(1);
                    self.state = State::Data;
                    push(&mut items, &mut text, Item::Negotiate(verb, byte));
                }
                State::Sub if byte == IAC => self.state = State::SubIac,
                State::Sub => {
                    if self.sub.len() < MAX_SUB {
                        self.sub.push(byte);
                    }
                }
                State::SubIac if byte == SE => {
                    self.state = State::Data;
                    self.commands = self.commands.saturating_add(1);
                    let sub = std::mem::take(&mut self.sub);
                    if let Some((option, parameters)) = sub.split_first() {
                        push(&mut items, &mut text, Item::Sub(*option, parameters.to_vec()));
                    }
                }
                State::SubIac => {
                    self.state = State::Sub;
                    if self.sub.len() < MAX_SUB {
                        self.sub.push(byte);
                    }
                }
            }
        }
        if !text.is_empty() {
            items.push(Item::Data(text));
        }
        items
    }

    /// Bytes were lost: what follows is taken as data.
    pub fn reset(&mut self) {
        self.state = State::Data;
        self.sub.clear();
    }
}

fn push(items: &mut Vec<Item>, text: &mut Vec<u8>, item: Item) {
    if !text.is_empty() {
        items.push(Item::Data(std::mem::take(text)));
    }
    items.push(item);
}

/// True for options that are assigned (RFC 855 registry) or in wide use.
pub fn known_option(option: u8) -> bool {
    matches!(option, 0..=49 | 69 | 70 | 85..=93 | 138..=140 | 200..=201 | 255)
}

/// How many whole, known negotiations stand at the start of `data`, and whether what follows could
/// be the rest of one.
pub fn leading(data: &[u8]) -> (u32, bool) {
    let (mut rest, mut count) = (data, 0);
    loop {
        match rest {
            [] | [IAC] | [IAC, WILL..=DONT] => return (count, true),
            [IAC, WILL..=DONT, option, tail @ ..] if known_option(*option) => {
                count += 1;
                rest = tail;
            }
            [IAC, SB] => return (count, true),
            [IAC, SB, option, tail @ ..] if known_option(*option) => {
                match memchr::memmem::find(tail, &[IAC, SE]) {
                    Some(end) => {
                        count += 2;
                        rest = tail.get(end + 2..).unwrap_or_default();
                    }
                    None => return (count, tail.len() < 512),
                }
            }
            [IAC, WILL..=DONT | SB, ..] => return (0, false),
            _ => return (count, false),
        }
    }
}

/// Variables of a NEW-ENVIRON IS or INFO (RFC 1572): name and value.
pub fn environment(parameters: &[u8]) -> Vec<(String, String)> {
    let Some((0 | 2, rest)) = parameters.split_first() else { return Vec::new() };
    let mut found: Vec<(String, String)> = Vec::new();
    let (mut value, mut escaped) = (false, false);
    for &byte in rest {
        match byte {
            0 | 3 if !escaped => {
                if found.len() >= 32 {
                    break;
                }
                found.push(Default::default());
                value = false;
            }
            1 if !escaped => value = true,
            2 if !escaped => escaped = true,
            _ => {
                escaped = false;
                let Some(last) = found.last_mut() else { continue };
                let text = if value { &mut last.1 } else { &mut last.0 };
                if text.len() < 256 && (b' '..0x7f).contains(&byte) {
                    text.push(char::from(byte));
                }
            }
        }
    }
    found
}

//! Blocks: their file names in downloads and uploads, and program invocation services.
//!
//! Layout as in snap7: a name is one byte of kind (`_`, `$`), two digits of block type, five of
//! number, and the file system (`P` passive, `A` active, `B` both).

use crate::bytes::Reader;

/// A block as a job names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The name as on the wire.
    pub file: String,
    pub kind: &'static str,
    pub number: String,
    pub file_system: char,
}

impl Block {
    /// Reads the nine characters of a name.
    pub fn read(name: &[u8]) -> Option<Block> {
        let file = std::str::from_utf8(name).ok().filter(|n| n.is_ascii() && n.len() == 9)?;
        Block::of(file.get(1..)?, file)
    }

    /// Reads the eight characters behind the first.
    fn of(tail: &str, file: &str) -> Option<Block> {
        let kind = block_type(tail.get(..2)?)?;
        let number = tail.get(2..7)?.to_owned();
        Some(Block { file: file.to_owned(), kind, number, file_system: tail.chars().nth(7)? })
    }

    /// As an engineer writes it: `DB1`.
    pub fn text(&self) -> String {
        match self.number.parse::<u32>() {
            Ok(n) => format!("{}{n}", self.kind),
            Err(_) => format!("{}{}", self.kind, self.number),
        }
    }
}

fn block_type(code: &str) -> Option<&'static str> {
    Some(match code {
        "08" => "OB",
        "09" => "CMOD",
        "0A" => "DB",
        "0B" => "SDB",
        "0C" => "FC",
        "0D" => "SFC",
        "0E" => "FB",
        "0F" => "SFB",
        _ => return None,
    })
}

/// Parts of the parameters of a transfer job or its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    pub status: u8,
    pub session: Option<u32>,
    pub block: Option<Block>,
    /// Bytes the block takes in load memory, as told.
    pub length: Option<u32>,
}

/// Parameters of functions 1A to 1F. `answer`: of an acknowledgement.
pub fn transfer(parameter: &[u8], answer: bool) -> Option<Transfer> {
    let mut r = Reader::new(parameter);
    let code = r.u8()?;
    let mut out = Transfer { status: r.u8().unwrap_or(0), ..Transfer::default() };
    if answer && code != super::functions::START_UPLOAD {
        return Some(out);
    }
    let _ = r.skip(2);
    out.session = r.be32();
    let mut counted = || {
        let n = r.u8()?;
        r.take(n.into())
    };
    let first = counted();
    let digits = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
    if answer {
        out.length = first.and_then(digits);
    } else {
        out.block = first.and_then(Block::read);
        // "1", six digits of load memory, six of code
        out.length = counted().and_then(|t| t.get(1..7)).and_then(digits);
    }
    Some(out)
}

/// A program invocation service: its name, its argument, and the blocks the argument names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation<'a> {
    pub name: &'a str,
    pub argument: &'a [u8],
}

/// Parameters of functions 28 and 29.
pub fn invocation(parameter: &[u8]) -> Option<Invocation<'_>> {
    let mut r = Reader::new(parameter);
    let code = r.u8()?;
    let argument = if code == super::functions::PI_SERVICE {
        r.skip(7)?;
        let n = r.be16()?;
        r.take(n.into())?
    } else {
        r.skip(5)?;
        &[]
    };
    let n = r.u8()?;
    Some(Invocation { name: std::str::from_utf8(r.take(n.into())?).ok()?, argument })
}

/// Service by which one logs in at a numerical control; its second text is the password.
const LOGIN: &str = "_N_LOGIN_";

impl Invocation<'_> {
    /// The password of a log-in.
    pub fn password(&self) -> Option<String> {
        if self.name != LOGIN {
            return None;
        }
        let mut r = Reader::new(self.argument);
        let mut counted = || {
            let n = usize::from(r.u8()?);
            let text = r.take(n)?;
            if n % 2 == 0 {
                // texts begin at even places
                let _ = r.skip(1);
            }
            Some(text)
        };
        counted()?;
        let password = crate::bytes::text(counted()?);
        (!password.is_empty()).then_some(password)
    }

    /// The argument for people: block names, or its printable text. None of a log-in's.
    pub fn argument_text(&self) -> Option<String> {
        if self.name == LOGIN {
            return None;
        }
        if matches!(self.name, "_INSE" | "_INS2" | "_DELE") {
            let names = self.argument.get(2..)?;
            let blocks = names.chunks_exact(8).take(16).filter_map(|name| {
                let name = std::str::from_utf8(name).ok().filter(|n| n.is_ascii())?;
                Some(Block::of(name, name)?.text())
            });
            let list: Vec<String> = blocks.collect();
            return (!list.is_empty()).then(|| list.join(","));
        }
        let text = crate::bytes::text(self.argument);
        (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
    }
}

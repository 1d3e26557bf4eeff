//! The tokens at the begin of a server's answer (MS-TDS 2.2.7).

use super::login::utf16;
use crate::bytes::Reader;

#[derive(Debug, PartialEq)]
pub enum Token {
    /// Number, text, and the server's own name.
    Error(i64, String, String),
    /// Name of the program and its version: major, minor, build.
    LoginAck(String, (u8, u8, u16)),
    Sspi(Vec<u8>),
    /// An information: the server's own name.
    Info(String),
    /// The end of a statement; true if it failed.
    Done(bool),
}

const MAX_TOKENS: usize = 64;

/// Tokens with a length of their own, up to the first that has none.
pub fn read(body: &[u8]) -> Vec<Token> {
    let mut out = Vec::new();
    let mut r = Reader::new(body);
    while out.len() < MAX_TOKENS {
        let Some(token) = next(&mut r) else { break };
        out.extend(token);
    }
    out
}

fn next(r: &mut Reader<'_>) -> Option<Option<Token>> {
    let kind = r.u8()?;
    match kind {
        0xaa | 0xab | 0xad | 0xe3 | 0xed | 0xa9 | 0xa4 | 0xa5 => {
            let n = usize::from(r.le16()?);
            let value = r.take(n)?;
            Some(match kind {
                0xaa | 0xab => message(kind, value),
                0xad => ack(value),
                0xed => Some(Token::Sspi(value.to_vec())),
                _ => None,
            })
        }
        0xfd..=0xff => {
            let status = r.le16()?;
            // the row count has four octets before version 7.2
            r.skip(2)?;
            r.skip(8.min(r.left()))?;
            Some(Some(Token::Done(status & 2 != 0)))
        }
        0x79 => r.skip(4).map(|()| None),
        _ => None,
    }
}

fn message(kind: u8, value: &[u8]) -> Option<Token> {
    let mut r = Reader::new(value);
    let number = i64::from(r.le_i32()?);
    r.skip(2)?;
    let n = usize::from(r.le16()?) * 2;
    let text = utf16(r.take(n)?);
    let n = usize::from(r.u8()?) * 2;
    let server = utf16(r.take(n)?);
    Some(if kind == 0xaa { Token::Error(number, text, server) } else { Token::Info(server) })
}

fn ack(value: &[u8]) -> Option<Token> {
    let mut r = Reader::new(value);
    r.skip(5)?;
    let n = usize::from(r.u8()?) * 2;
    let name = utf16(r.take(n)?);
    let (major, minor) = (r.u8()?, r.u8()?);
    Some(Token::LoginAck(name, (major, minor, r.be16()?)))
}

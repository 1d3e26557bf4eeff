//! Fields of AMQP: strings and tables of 0-9-1, the type system of 1.0 as far as log-ins need it.

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::Side;

/// Entries of one table that are looked at, and how deep tables in tables are.
const MAX_ENTRIES: usize = 64;
const MAX_DEPTH: u8 = 6;

pub fn short(r: &mut Reader<'_>) -> Option<String> {
    let n = usize::from(r.u8()?);
    r.take(n).map(text)
}

pub fn long<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let n = r.be32()? as usize;
    r.take(n)
}

/// One value of a table: the text if it is one, empty for others (0-9-1, 4.2.5.5 with RabbitMQ's errata).
fn value<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let width = match r.u8()? {
        b'S' | b'x' => return long(r),
        b'F' | b'A' => return long(r).map(|_| &[][..]),
        b't' | b'b' | b'B' => 1,
        b's' | b'u' | b'U' => 2,
        b'I' | b'i' | b'f' => 4,
        b'l' | b'L' | b'd' | b'T' => 8,
        b'D' => 5,
        b'V' => 0,
        _ => return None,
    };
    r.skip(width)?;
    Some(&[])
}

/// Calls `put` with name and text of each entry.
fn entries(data: &[u8], mut put: impl FnMut(&str, &str)) {
    let mut r = Reader::new(data);
    for _ in 0..MAX_ENTRIES {
        let (Some(name), Some(found)) = (short(&mut r), value(&mut r)) else { return };
        let found = text(found);
        if !found.is_empty() {
            put(&name, &found);
        }
    }
}

/// Server properties of Connection.Start.
pub fn server(cx: &mut Cx<'_>, r: &mut Reader<'_>) {
    let Some(table) = long(r) else { return cx.malformed() };
    let (mut product, mut version) = (String::new(), String::new());
    entries(table, |name, found| match name {
        "product" => product = found.to_owned(),
        "version" => version = found.to_owned(),
        "platform" => cx.fact(Side::Server, "platform", found, "connection.start.platform"),
        "cluster_name" => cx.fact(Side::Server, "name", found, "connection.start.cluster_name"),
        _ => {}
    });
    if !product.is_empty() {
        cx.fact(Side::Server, "broker", format!("{product} {version}").trim(), "connection.start");
        cx.service_info("product", product);
    }
    if !version.is_empty() {
        cx.service_info("version", version);
    }
}

/// Client properties of Connection.StartOk.
pub fn client(cx: &mut Cx<'_>, r: &mut Reader<'_>) {
    let Some(table) = long(r) else { return cx.malformed() };
    let (mut product, mut version) = (String::new(), String::new());
    entries(table, |name, found| match name {
        "product" => product = found.to_owned(),
        "version" => version = found.to_owned(),
        "platform" => cx.fact(Side::Client, "client_platform", found, "connection.start_ok.platform"),
        "connection_name" => cx.fact(Side::Client, "name", found, "connection.start_ok.connection_name"),
        _ => {}
    });
    if !product.is_empty() {
        cx.fact(Side::Client, "client_product", format!("{product} {version}").trim(), "connection.start_ok");
    }
}

/// LOGIN and PASSWORD of RabbitMQ's own mechanism.
pub fn amqplain(data: &[u8]) -> (Option<String>, Option<String>) {
    let (mut user, mut secret) = (None, None);
    entries(data, |name, found| match name {
        "LOGIN" => user = Some(found.to_owned()),
        "PASSWORD" => secret = Some(found.to_owned()),
        _ => {}
    });
    (user, secret)
}

/// Descriptor and fields of a performative of 1.0; fields that are no octets or text are skipped.
pub fn performative(data: &[u8]) -> Option<(u64, Vec<Option<&[u8]>>)> {
    let mut r = Reader::new(data);
    if r.u8()? != 0 {
        return None;
    }
    let code = match r.u8()? {
        0x53 => u64::from(r.u8()?),
        0x80 => r.be64()?,
        _ => return None,
    };
    let count = match r.u8()? {
        0x45 => 0,
        0xC0 => {
            r.skip(1)?;
            usize::from(r.u8()?)
        }
        0xD0 => {
            r.skip(4)?;
            r.be32()? as usize
        }
        _ => return None,
    };
    let mut list = Vec::new();
    for _ in 0..count.min(MAX_ENTRIES) {
        match item(&mut r, 0) {
            Some(found) => list.push(found),
            None => break,
        }
    }
    Some((code, list))
}

/// One value (1.0, 1.6): its octets if it is text, symbol, binary or a small number.
fn item<'a>(r: &mut Reader<'a>, depth: u8) -> Option<Option<&'a [u8]>> {
    let code = r.u8()?;
    if code == 0 {
        if depth >= MAX_DEPTH {
            return None;
        }
        item(r, depth + 1)?;
        return item(r, depth + 1);
    }
    match code >> 4 {
        4 => Some(None),
        5 => r.take(1).map(Some),
        6 => r.take(2).map(Some),
        7 => r.take(4).map(Some),
        8 => r.take(8).map(Some),
        9 => r.take(16).map(|_| None),
        0xA => {
            let n = usize::from(r.u8()?);
            r.take(n).map(Some)
        }
        0xB => long(r).map(Some),
        0xC | 0xE => {
            let n = usize::from(r.u8()?);
            r.take(n).map(|_| None)
        }
        0xD | 0xF => long(r).map(|_| None),
        _ => None,
    }
}

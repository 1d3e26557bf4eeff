//! What controllers and tools say of themselves in the texts of their objects.
//!
//! Order number, serial number and firmware stand in texts such as `1;6ES7 214-1HE30-0XB0 ;V2.2` (the
//! session's version) and `6ES7 214-1HE30-0XB0 SZVB…` (identification of the hardware).

use crate::cx::Cx;
use crate::model::Side;

/// Texts shorter than this are not looked at.
const MIN_TEXT: usize = 8;

/// Texts of a controller's answer.
pub fn server(cx: &mut Cx<'_>, body: &[u8]) {
    for run in runs(body) {
        let Some((order, rest)) = order_number(run) else { continue };
        let side = Side::Server;
        cx.fact(side, "model", order, "ServerSession.version");
        cx.fact(side, "vendor", "Siemens", "ServerSession.version");
        if order.starts_with("6ES7 2") || order.starts_with("6ES7 5") {
            cx.fact(side, "role", "plc", "ServerSession.version");
        }
        let rest = rest.trim_start();
        if let Some(serial) = rest.split_whitespace().next().filter(|s| is_serial(s)) {
            cx.fact(side, "serial", serial, "identification");
        }
        let version = rest.strip_prefix(';').map(str::trim_start).and_then(firmware);
        if let Some(version) = version {
            cx.fact(side, "firmware", version, "ServerSession.version");
        }
    }
}

/// Texts of the request that opens a session: the tool, its computer.
pub fn client(cx: &mut Cx<'_>, body: &[u8]) {
    for run in runs(body) {
        if let Some((order, _)) = order_number(run) {
            cx.fact(Side::Client, "model", order, "ServerSession.client");
            cx.fact(Side::Client, "vendor", "Siemens", "ServerSession.client");
        }
    }
}

/// Runs of printable ASCII.
fn runs(body: &[u8]) -> impl Iterator<Item = &str> {
    body.split(|b| !(b' '..=b'~').contains(b))
        .filter(|run| run.len() >= MIN_TEXT)
        .filter_map(|run| std::str::from_utf8(run).ok())
}

/// Order number (MLFB) in a text, as `6ES7 214-1HE30-0XB0`, and what is behind it.
fn order_number(run: &str) -> Option<(&str, &str)> {
    /// 9 stands for a digit, A for a letter or digit, all else for itself.
    const FORM: &[u8] = b"6AA9 999-9AA99-9AA9";
    let begin = run.as_bytes().windows(FORM.len()).position(|w| {
        w.iter().zip(FORM).all(|(b, form)| match form {
            b'9' => b.is_ascii_digit(),
            b'A' => b.is_ascii_digit() || b.is_ascii_uppercase(),
            other => b == other,
        })
    })?;
    Some((run.get(begin..begin + FORM.len())?, run.get(begin + FORM.len()..)?))
}

fn is_serial(text: &str) -> bool {
    (8..=20).contains(&text.len())
        && text.starts_with('S')
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

/// `V4.1` and the like at the start of a text.
fn firmware(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'V')).unwrap_or(text.len());
    let version = text.get(..end)?;
    (version.len() >= 4 && version.starts_with('V') && version.contains('.')).then_some(version)
}

//! Small text tools: cutting, percent decoding, base64, quoted parameters.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
static STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// `text`, at most `max` bytes of it, cut between characters.
pub fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Bytes of a base64 text, padding or not.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    if text.len() > 64 * 1024 {
        return None;
    }
    STANDARD.decode(text.trim()).ok()
}

/// Text without control characters, or nothing.
pub fn printable(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    if text.chars().any(char::is_control) {
        return None;
    }
    Some(text.into_owned())
}

/// Undoes `application/x-www-form-urlencoded` (WHATWG URL, 5.1); broken escapes stay as they are.
pub fn unescape(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let escaped = if byte == b'%' { bytes.get(at..at + 2).and_then(hex_pair) } else { None };
        match (byte, escaped) {
            (_, Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let [a, b] = pair else { return None };
    let digit = |d: u8| char::from(d).to_digit(16);
    Some((digit(*a)? << 4 | digit(*b)?) as u8)
}

/// `key=value` parameters separated by commas, values perhaps quoted (RFC 9110, 11.2).
pub fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while found.len() < 32 {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let Some((key, after)) = rest.split_once('=') else { break };
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut value = String::new();
                let mut chars = quoted.char_indices();
                let mut end = quoted.len();
                while let Some((at, c)) = chars.next() {
                    match c {
                        '"' => {
                            end = at + 1;
                            break;
                        }
                        '\\' => value.extend(chars.next().map(|(_, c)| c)),
                        c => value.push(c),
                    }
                }
                (value, quoted.get(end..).unwrap_or_default())
            }
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after.get(..end).unwrap_or_default().trim().to_owned(), after.get(end..).unwrap_or_default())
            }
        };
        found.push((key.trim().to_ascii_lowercase(), value));
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoes_escapes() {
        assert_eq!(unescape("a%20b+c%zz%4"), "a b c%zz%4");
        assert_eq!(cut("aé", 2), "a");
    }

    #[test]
    fn reads_quoted_and_bare_parameters() {
        let found = parameters(r#"realm="a, \"b\"", nonce=xyz, qop="auth,auth-int",stale=true"#);
        let want = [("realm", "a, \"b\""), ("nonce", "xyz"), ("qop", "auth,auth-int"), ("stale", "true")];
        assert_eq!(found, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, max in 0usize..40) {
            cut(&text, max);
            unescape(&text);
            parameters(&text);
        }
    }
}

//! PEM (RFC 7468): written with lines of 64 characters, read where it is written so.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const LINE: usize = 64;

/// One block.
pub fn encode(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::with_capacity(text.len() + text.len() / LINE + 2 * label.len() + 40);
    out.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        out.extend([line, "\n"]);
        rest = after;
    }
    out.extend(["-----END ", label, "-----\n"]);
    out
}

/// The octets of a text that is one block with this label and lines, and no more; `None` for any other, which
/// `sentinel.ca.files.unpem` reads or refuses.
pub fn decode(label: &str, text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("-----BEGIN ")?.strip_prefix(label)?.strip_prefix("-----\n")?;
    let text = text.strip_suffix('\n').unwrap_or(text).strip_suffix("-----")?.strip_suffix(label)?;
    let text = text.strip_suffix("\n-----END ")?;
    let mut joined = Vec::with_capacity(text.len());
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.len() > LINE || (lines.peek().is_some() && line.len() != LINE) {
            return None;
        }
        joined.extend_from_slice(line.as_bytes());
    }
    STANDARD.decode(joined).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LABEL: &str = "CERTIFICATE REQUEST";

    proptest! {
        #[test]
        fn what_is_written_is_read(der in proptest::collection::vec(any::<u8>(), 1..400)) {
            let text = encode(LABEL, &der);
            prop_assert!(text.lines().all(|line| line.len() <= LINE));
            prop_assert_eq!(decode(LABEL, &text), Some(der.clone()));
            prop_assert_eq!(decode(LABEL, text.trim_end()), Some(der));
            prop_assert_eq!(decode("CERTIFICATE", &text), None);
        }
        #[test]
        fn what_is_read_is_written_so(text in "-----BEGIN A-----\n[A-Za-z0-9+/=\n ]{0,140}\n-----END A-----\n{0,2}") {
            if let Some(der) = decode("A", &text) {
                let again = encode("A", &der);
                prop_assert_eq!(again.trim_end(), text.trim_end());
            }
        }
    }

    #[test]
    fn other_forms_are_left() {
        let text = encode(LABEL, &[7; 60]);
        for other in [
            text.replace('\n', "\r\n"),
            format!(" {text}"),
            format!("{text}\n"),
            format!("{text}{text}"),
            text.replacen("Bwc", "Bw\nc", 1),
            text.replacen("Bwc", "B c", 1),
            text.replacen("-----END", "=-----END", 1),
            String::new(),
        ] {
            assert_eq!(decode(LABEL, &other), None, "{other}");
        }
    }
}

//! Which regular expressions a rule may have.
//!
//! The engine here runs in linear time whatever the expression. Rules are also converted to other
//! engines, which backtrack: an expression on which those need exponential time is refused, and so
//! is one whose automaton grows past a bound.

use regex_syntax::hir::{Hir, HirKind};

/// Bytes the automaton of one expression may take.
pub const MAX_SIZE: usize = 10 << 20;

/// Checks one expression; the reason is one line.
pub fn check(text: &str) -> Result<(), String> {
    let hir = match regex_syntax::ParserBuilder::new().build().parse(text) {
        Ok(hir) => hir,
        Err(error) => {
            let error = error.to_string();
            let last = error.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("cannot be read");
            let last = last.trim().trim_start_matches("error: ");
            return Err(format!("regular expression '{}': {last}", short(text)));
        }
    };
    if explodes(&hir) {
        return Err(format!(
            "regular expression '{}': a repetition of what is repeated itself takes backtracking engines exponential time",
            short(text)
        ));
    }
    match regex::RegexBuilder::new(text).size_limit(MAX_SIZE).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => Err(format!(
            "regular expression '{}': its automaton is larger than {MAX_SIZE} bytes",
            short(text)
        )),
        Err(_) => Err(format!("regular expression '{}': cannot be compiled", short(text))),
    }
}

fn short(text: &str) -> String {
    let mut out: String = text.chars().take(60).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// Whether an unbounded repetition stands around something that can be split in several ways: all of
/// it is one unbounded repetition, with nothing beside it that has to be there.
fn explodes(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(r) => (r.max.is_none() && ambiguous(&r.sub)) || explodes(&r.sub),
        HirKind::Capture(c) => explodes(&c.sub),
        HirKind::Concat(list) | HirKind::Alternation(list) => list.iter().any(explodes),
        _ => false,
    }
}

fn ambiguous(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(r) => r.max.is_none() || ambiguous(&r.sub),
        HirKind::Capture(c) => ambiguous(&c.sub),
        HirKind::Alternation(list) => list.iter().any(ambiguous),
        HirKind::Concat(list) => {
            let needed = list.iter().filter(|h| h.properties().minimum_len() != Some(0)).count();
            match needed {
                0 => list.iter().any(ambiguous),
                1 => list.iter().any(|h| h.properties().minimum_len() != Some(0) && ambiguous(h)),
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_for_others_is_refused() {
        for text in ["(a+)+$", "^(a*)*b", "(?:[a-z]+)*!", "((x+)|y)+z", r"(\s*\w+\s*)+;"] {
            assert!(check(text).is_err_and(|why| why.contains("exponential")), "{text}");
        }
    }

    #[test]
    fn what_is_delimited_is_fine() {
        for text in [r"(\\[a-z]+)+", "(?:ab+c)*", ".*a.*b", r"^\d{1,3}(\.\d{1,3}){3}$", "a|b+"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn broken_and_oversized_ones_are_one_line() {
        for text in ["a(", "(?<n", "(?=a)b", "((a{1000}){1000}){10}"] {
            let why = check(text).unwrap_err();
            assert!(!why.contains('\n'), "{why}");
        }
    }
}

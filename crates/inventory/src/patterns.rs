//! Many regular expressions looked for in one pass, as banner knowledge is written: in an order, the
//! first that fits wins.
//!
//! The expressions come from files made for Ruby's engine. Here they run in linear time whatever the
//! text; what that engine cannot say (look-around, back references, atomic groups) is refused by name.

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use std::sync::OnceLock;

/// Bytes the automaton of one expression may take, and that of all together.
const MAX_ONE: usize = 4 << 20;
const MAX_ALL: usize = 256 << 20;
/// Bytes of states kept while a text is looked at.
const MAX_STATES: usize = 16 << 20;

/// One expression, compiled when it is first needed.
struct One {
    /// Its number as it was given.
    number: usize,
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

/// See the module.
pub struct Patterns {
    set: RegexSet,
    each: Vec<One>,
}

/// An expression that cannot be used: its number and one line why.
pub type Refused = (usize, String);

/// The expression in the syntax of this engine. `^` and `$` stand at lines, as in Ruby.
fn translated(text: &str, fold: bool, dot_all: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str(match (fold, dot_all) {
        (true, true) => "(?ims)",
        (true, false) => "(?im)",
        (false, true) => "(?ms)",
        (false, false) => "(?m)",
    });
    let mut chars = text.chars();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                // the end before a last line end; values here have none
                Some('Z') => out.push_str(r"\z"),
                Some('h') => out.push_str(if class { "0-9a-fA-F" } else { "[0-9a-fA-F]" }),
                Some(e @ ('<' | '>' | '"' | '\'' | ' ' | '!' | '@' | ',' | ';' | ':' | '=' | '_')) => {
                    out.push(e);
                }
                Some(e) => {
                    out.push('\\');
                    out.push(e);
                }
                None => out.push_str(r"\\"),
            },
            '[' if class => out.push_str(r"\["),
            '[' => {
                class = true;
                out.push('[');
                // `]` in the first place, behind `^` too, is itself
                let rest = chars.as_str();
                let (not, rest) = match rest.strip_prefix('^') {
                    Some(rest) => (true, rest),
                    None => (false, rest),
                };
                if not {
                    out.push('^');
                    chars.next();
                }
                if rest.starts_with(']') {
                    out.push_str(r"\]");
                    chars.next();
                }
            }
            ']' => {
                class = false;
                out.push(']');
            }
            c => out.push(c),
        }
    }
    out
}

fn built(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(MAX_ONE).dfa_size_limit(MAX_STATES).build()
}

impl Patterns {
    /// From (expression, whether case is of no matter, whether `.` is a line end too), with those refused.
    pub fn new<'a>(given: impl IntoIterator<Item = (&'a str, bool, bool)>) -> (Patterns, Vec<Refused>) {
        let mut refused = Vec::new();
        let mut each = Vec::new();
        for (number, (text, fold, dot_all)) in given.into_iter().enumerate() {
            let plain = translated(text, fold, dot_all);
            // octets first: classes of characters of all scripts make automata a hundred times larger
            let octets = format!("(?-u){plain}");
            let usable = match text.is_ascii().then(|| built(&octets)) {
                Some(Ok(_)) => Ok(octets),
                _ => built(&plain).map(|_| plain),
            };
            match usable {
                Ok(text) => each.push(One { number, text, compiled: OnceLock::new() }),
                Err(error) => refused.push((number, reason(&error))),
            }
        }
        // one automaton of all, where that is too large of none: what fits is then asked one by one
        let set = |each: &[One]| {
            RegexSetBuilder::new(each.iter().map(|o| o.text.as_str()))
                .size_limit(MAX_ALL)
                .dfa_size_limit(MAX_STATES)
                .build()
        };
        let set = match set(&each) {
            Ok(set) => set,
            Err(error) => {
                refused.extend(each.drain(..).map(|o| (o.number, reason(&error))));
                RegexSet::empty()
            }
        };
        (Patterns { set, each }, refused)
    }

    /// Expressions in use.
    pub fn len(&self) -> usize {
        self.each.len()
    }
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Number of the first expression, in the order given, that is found in the text, with its groups
    /// (the first is all that was matched).
    pub fn first(&self, text: &str) -> Option<(usize, Vec<Option<String>>)> {
        let hits = self.set.matches(text.as_bytes());
        for place in hits.iter() {
            let Some(one) = self.each.get(place) else { continue };
            let regex = one.compiled.get_or_init(|| built(&one.text).ok());
            if let Some(found) = regex.as_ref().and_then(|r| r.captures(text.as_bytes())) {
                let group = |g: Option<regex::bytes::Match<'_>>| {
                    g.map(|m| String::from_utf8_lossy(m.as_bytes()).into_owned())
                };
                return Some((one.number, found.iter().map(group).collect()));
            }
        }
        None
    }
}

fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "its automaton is too large".into(),
        other => {
            let text = other.to_string();
            let last = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("cannot be read");
            last.trim().trim_start_matches("error: ").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(list: &[&str]) -> (Patterns, Vec<Refused>) {
        Patterns::new(list.iter().map(|p| (*p, false, false)))
    }

    #[test]
    fn the_first_in_order_wins() {
        let (p, refused) = of(&["^OpenSSH_([\\d.]+) Ubuntu", "^OpenSSH_([\\d.]+)", "^Open"]);
        assert!(refused.is_empty());
        let groups = |t| p.first(t).map(|(n, g)| (n, g[1..].iter().flatten().cloned().collect::<Vec<_>>()));
        assert_eq!(groups("OpenSSH_9.6 Ubuntu-3"), Some((0, vec!["9.6".into()])));
        assert_eq!(groups("OpenSSH_9.6"), Some((1, vec!["9.6".into()])));
        assert_eq!(groups("OpenVPN"), Some((2, vec![])));
        assert_eq!(groups("Dropbear"), None);
    }

    #[test]
    fn what_ruby_says_otherwise() {
        let (p, refused) = of(&[r"^a[]x]\/b\Z", r"\A[[]\h+$", "(?i)KÖLN", r"^x(\w*)? v(\d+)\_\<"]);
        assert_eq!(refused, []);
        assert_eq!(p.first("a]/b").map(|f| f.0), Some(0));
        assert_eq!(p.first("[0fA").map(|f| f.0), Some(1));
        assert_eq!(p.first("in Köln").map(|f| f.0), Some(2));
        assert_eq!(
            p.first("x v2_<").map(|f| f.1),
            Some(vec![Some("x v2_<".into()), Some("".into()), Some("2".into())])
        );
    }

    #[test]
    fn what_it_cannot_say_is_refused_by_number() {
        let (p, refused) = of(&["^a(?!b)", "^c", r"(.)\1", "^(?>d)"]);
        assert_eq!(refused.iter().map(|r| r.0).collect::<Vec<_>>(), [0, 2, 3]);
        assert!(refused.iter().all(|r| !r.1.is_empty() && !r.1.contains('\n')), "{refused:?}");
        assert_eq!(p.first("c").map(|f| f.0), Some(1));
        assert_eq!(p.len(), 1);
    }

    #[test]
    fn flags() {
        let (p, _) = Patterns::new([("^ab", true, false), ("x.y", false, true)]);
        assert_eq!(p.first("AB").map(|f| f.0), Some(0));
        assert_eq!(p.first("x\ny").map(|f| f.0), Some(1));
    }

    #[test]
    fn five_hundred_are_one_pass() {
        let list: Vec<String> = (0..500).map(|n| format!(r"^Device{n}/([\d.]+) \((.*)\)$")).collect();
        let (p, refused) = Patterns::new(list.iter().map(|t| (t.as_str(), true, false)));
        assert!(refused.is_empty());
        let started = std::time::Instant::now();
        for n in 0..500 {
            let text = format!("device{n}/1.{n} (x)");
            assert_eq!(p.first(&text).map(|f| f.0), Some(n));
        }
        assert!(started.elapsed().as_secs() < 60);
    }

    proptest! {
        #[test]
        fn any_expression_and_any_text(list in proptest::collection::vec(".{0,20}", 0..6), text in ".{0,60}") {
            let (p, refused) = Patterns::new(list.iter().map(|t| (t.as_str(), false, true)));
            prop_assert_eq!(p.len() + refused.len(), list.len());
            let _ = p.first(&text);
        }
    }
}

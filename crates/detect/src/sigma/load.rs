//! Rule files to rules: every document on its own, so that what is wrong with one is told with its
//! file and line and the rest of the pack still runs.

use super::check;
use rsigma_parser::{FilterRule, SigmaCollection, SigmaRule, parse_sigma_yaml};

/// Bytes a rule file may have; a larger one is refused unread.
pub const MAX_FILE: usize = 8 << 20;

/// A rule that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    pub file: String,
    /// 1-based line at which its document begins; 0 where the file as a whole is refused.
    pub line: u32,
    /// One line for a person.
    pub reason: String,
}

/// Where a document stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: u32,
    /// Hash of the document: another one means that its definition changed.
    pub text: u64,
}

impl Place {
    pub fn refuse(&self, reason: impl Into<String>) -> Refusal {
        let reason: String = reason.into();
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        Refusal { file: self.file.clone(), line: self.line, reason }
    }
}

/// A correlation as it stands in its file: the part `correlate` reads it itself.
#[derive(Clone, Debug)]
pub struct CorrelationDoc {
    pub place: Place,
    /// The document with the global parts of its file put in.
    pub yaml: String,
}

/// What rule files hold.
#[derive(Default)]
pub struct Loaded {
    pub rules: Vec<(Place, SigmaRule)>,
    pub filters: Vec<(Place, FilterRule)>,
    pub correlations: Vec<CorrelationDoc>,
    pub refused: Vec<Refusal>,
}

/// One document of a file.
struct Document<'a> {
    line: u32,
    text: &'a str,
}

/// The documents of a YAML stream: `---` in the first column begins one, wherever it stands.
fn documents(text: &str) -> Vec<Document<'_>> {
    let mut out = Vec::new();
    let (mut start, mut at, mut line, mut first) = (0, 0, 0u32, 1u32);
    for piece in text.split_inclusive('\n') {
        line = line.saturating_add(1);
        let mark =
            piece.strip_prefix("---").is_some_and(|r| r.is_empty() || r.starts_with(char::is_whitespace));
        if mark && at > start {
            out.push(Document { line: first, text: text.get(start..at).unwrap_or_default() });
            (start, first) = (at, line);
        }
        at += piece.len();
    }
    out.push(Document { line: first, text: text.get(start..).unwrap_or_default() });
    out.retain(|d| d.text.lines().any(written));
    for d in &mut out {
        let blank = d.text.lines().take_while(|l| !written(l)).count();
        d.line = d.line.saturating_add(u32::try_from(blank).unwrap_or(0));
    }
    out
}

/// Whether a line says anything: no comment, no document mark, not blank.
fn written(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && line != "---" && line != "..."
}

/// The value of a plain top-level key.
fn key<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|l| l.strip_prefix(name)?.trim_start().strip_prefix(':').map(str::trim))
}

/// Reads one file.
pub fn read(file: &str, bytes: &[u8], out: &mut Loaded) {
    let whole = Place { file: file.to_owned(), ..Place::default() };
    if bytes.len() > MAX_FILE {
        let why = format!("the file has {} bytes; a rule file may have {MAX_FILE}", bytes.len());
        return out.refused.push(whole.refuse(why));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return out.refused.push(whole.refuse("the file is not UTF-8 text"));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut global, mut previous) = (None::<&str>, None::<&str>);
    for document in documents(text) {
        let mut place = Place { file: file.to_owned(), line: document.line, text: 0 };
        match key(document.text, "action") {
            Some("global") => {
                global = Some(document.text);
                continue;
            }
            Some("reset") => {
                global = None;
                continue;
            }
            Some("repeat") => {
                let yaml = joined(&[global, previous, Some(document.text)]);
                place.text = hash(&yaml);
                read_one(&place, &yaml, true, out);
            }
            _ if key(document.text, "correlation").is_some() => {
                let yaml = beside(global, document.text);
                place.text = hash(&yaml);
                out.correlations.push(CorrelationDoc { place, yaml });
            }
            _ => {
                previous = Some(document.text);
                let yaml = joined(&[global, previous]);
                place.text = hash(&yaml);
                read_one(&place, &yaml, false, out);
            }
        }
    }
}

fn joined(parts: &[Option<&str>]) -> String {
    let mut out = String::new();
    for part in parts.iter().flatten() {
        if !out.is_empty() {
            out.push_str(if out.ends_with('\n') { "---\n" } else { "\n---\n" });
        }
        out.push_str(part.strip_prefix("---").unwrap_or(part));
    }
    out
}

/// A correlation with the global parts of its file: keys of both, one mapping.
fn beside(global: Option<&str>, document: &str) -> String {
    let own = document.strip_prefix("---").unwrap_or(document);
    let Some(global) = global else { return own.to_owned() };
    let global = global.strip_prefix("---").unwrap_or(global);
    let kept = global.lines().filter(|l| !l.starts_with("action"));
    kept.chain(own.lines()).map(|l| format!("{l}\n")).collect()
}

fn hash(text: &str) -> u64 {
    let mut h = siphasher::sip::SipHasher13::new_with_keys(0, 1);
    std::hash::Hash::hash(text, &mut h);
    std::hash::Hasher::finish(&h)
}

/// Reads one document, which stands last in `yaml`; `repeat`: the one before it is in there too.
fn read_one(place: &Place, yaml: &str, repeat: bool, out: &mut Loaded) {
    let mut found = match parse_sigma_yaml(yaml) {
        Ok(found) => found,
        Err(error) => return out.refused.push(place.refuse(error.to_string())),
    };
    if repeat {
        // the document that is repeated was read in its own place
        keep_last(&mut found);
    }
    if let Some(error) = found.errors.first() {
        return out.refused.push(place.refuse(said(error, place.line)));
    }
    for rule in found.rules {
        match check::rule(&rule) {
            Ok(()) => out.rules.push((place.clone(), rule)),
            Err(reason) => out.refused.push(place.refuse(reason)),
        }
    }
    for filter in found.filters {
        match check::detections(&filter.detection) {
            Ok(()) => out.filters.push((place.clone(), filter)),
            Err(reason) => out.refused.push(place.refuse(reason)),
        }
    }
}

fn keep_last(found: &mut SigmaCollection) {
    let rules = found.rules.len().saturating_sub(1);
    found.rules.drain(..rules);
    let filters = found.filters.len().saturating_sub(1);
    found.filters.drain(..filters);
}

/// A parser's message; its line is that within the document.
fn said(error: &str, line: u32) -> String {
    let Some((head, rest)) = error.rsplit_once(" at line ") else { return error.to_owned() };
    let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    match number.parse::<u32>() {
        Ok(n) => format!("{head} at line {}{tail}", n.saturating_add(line).saturating_sub(1)),
        Err(_) => error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "title: A\nlogsource: {category: dns}\ndetection:\n  s: {query: x}\n  condition: s\n";

    fn loaded(text: &str) -> Loaded {
        let mut out = Loaded::default();
        read("f.yml", text.as_bytes(), &mut out);
        out
    }

    #[test]
    fn documents_and_their_lines() {
        let text = format!("# head\n---\n{RULE}---\n\n{}", RULE.replace("title: A", "title: B"));
        let got = loaded(&text);
        assert!(got.refused.is_empty(), "{:?}", got.refused);
        let at: Vec<_> = got.rules.iter().map(|(p, r)| (p.line, r.title.as_str())).collect();
        assert_eq!(at, [(3, "A"), (10, "B")]);
    }

    #[test]
    fn one_bad_document_leaves_the_others() {
        let text = format!("{RULE}---\ntitle: [\n---\n{}", RULE.replace("title: A", "title: C"));
        let got = loaded(&text);
        assert_eq!(got.rules.len(), 2);
        assert_eq!((got.refused.len(), got.refused[0].line), (1, 7));
        assert!(!got.refused[0].reason.contains('\n'));
    }

    #[test]
    fn global_parts_go_into_the_documents_behind_them() {
        let text = "action: global\ntitle: G\nlogsource: {category: dns}\nlevel: high\n---\ndetection:\n  s: {query: x}\n  condition: s\n---\naction: repeat\ntitle: R\n---\naction: reset\n---\ntitle: no detection\n";
        let got = loaded(text);
        let titles: Vec<_> = got.rules.iter().map(|(_, r)| r.title.as_str()).collect();
        assert_eq!(titles, ["G", "R"]);
        assert_eq!(got.refused.len(), 1);
        assert!(got.refused[0].reason.contains("detection"));
    }

    #[test]
    fn correlations_are_left_to_their_own_part() {
        let got = loaded(&format!("{RULE}---\ntitle: many\ncorrelation:\n  type: event_count\n"));
        assert_eq!((got.rules.len(), got.correlations.len()), (1, 1));
        assert_eq!(got.correlations[0].place.line, 7);
    }

    #[test]
    fn what_is_no_text_or_too_large_is_refused_unread() {
        let mut out = Loaded::default();
        read("f.yml", b"\xff\xfe", &mut out);
        read("g.yml", &vec![b' '; MAX_FILE + 1], &mut out);
        assert_eq!(out.refused.len(), 2);
        assert!(out.refused.iter().all(|r| r.line == 0));
    }
}

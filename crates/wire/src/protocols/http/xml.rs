//! Leaf elements of an XML text (name and character data), without a tree: device descriptions
//! and SOAP messages, perhaps cut off.

/// An element that holds text only.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// Local name, without prefix.
    pub name: &'a str,
    /// Everything between `<` and `>` of the start tag.
    pub tag: &'a str,
    raw: &'a str,
}

impl Leaf<'_> {
    /// The text, trimmed, entities undone.
    pub fn text(&self) -> String {
        entities(self.raw.trim())
    }
}

/// Undoes the five entities of XML.
pub fn entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut out = text.to_owned();
    for (entity, c) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")]
    {
        out = out.replace(entity, c);
    }
    out
}

fn local(tag: &str) -> &str {
    let end = tag.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(tag.len());
    let name = tag.get(..end).unwrap_or_default();
    name.rsplit(':').next().unwrap_or(name)
}

/// The leaves in order.
pub fn leaves(text: &str) -> impl Iterator<Item = Leaf<'_>> {
    // pieces after each "<": a start tag with text, and the end tag of the same name right behind
    let mut pieces = text.split('<').skip(1).peekable();
    std::iter::from_fn(move || {
        loop {
            let piece = pieces.next()?;
            let Some((tag, raw)) = piece.split_once('>') else { continue };
            if tag.starts_with(['/', '?', '!']) || tag.ends_with('/') {
                continue;
            }
            let name = local(tag);
            let closed = pieces.peek().and_then(|next| next.strip_prefix('/')).map(|end| {
                let end = end.split('>').next().unwrap_or_default().trim();
                end.rsplit(':').next() == Some(name)
            });
            if closed == Some(true) && !raw.trim().is_empty() {
                return Some(Leaf { name, tag, raw });
            }
        }
    })
}

/// Local name of the first element inside the SOAP body.
pub fn soap_call(text: &str) -> Option<&str> {
    let mut inside = false;
    for piece in text.split('<').skip(1) {
        let tag = piece.split('>').next()?;
        if tag.starts_with(['/', '?', '!']) {
            continue;
        }
        let name = local(tag);
        if inside {
            return Some(name);
        }
        inside = name == "Body";
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_leaves_with_local_names() {
        let text = "<?xml?><a:x xmlns:a='u'><b>1 &amp; 2</b><c/><d><a:e k=\"v\"> z </a:e></d><f></f><g>cut";
        let found: Vec<_> = leaves(text).map(|l| format!("{}={}", l.name, l.text())).collect();
        assert_eq!(found, ["b=1 & 2", "e=z"]);
    }

    #[test]
    fn finds_the_call() {
        let text = "<s:Envelope><s:Header><x/></s:Header><s:Body a='b'><tds:SystemReboot/></s:Body></s:Envelope>";
        assert_eq!(soap_call(text), Some("SystemReboot"));
        assert_eq!(soap_call("<a/>"), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String) {
            leaves(&text).count();
            soap_call(&text);
        }
    }
}

//! Scalars of a JSON text (RFC 8259) without building a tree: for payloads in which only a few
//! names matter, and which may be cut off.

/// Deepest nesting followed.
const MAX_DEPTH: usize = 32;

/// Iterates over the members of all objects that hold a string, number or literal:
/// (depth of the object from 1, name, value as text). Ends at the first thing that is not JSON.
pub struct Members<'a> {
    data: &'a [u8],
    at: usize,
    /// Open brackets: true for an object.
    open: Vec<bool>,
    name: Option<String>,
}

/// The scalar members of `data`; nothing if it does not begin with an object or array.
pub fn members(data: &[u8]) -> Members<'_> {
    Members { data, at: 0, open: Vec::new(), name: None }
}

/// The first member called `name`, at any depth.
pub fn first(data: &[u8], name: &str) -> Option<String> {
    members(data).find(|(_, n, _)| n == name).map(|(_, _, value)| value)
}

impl Iterator for Members<'_> {
    type Item = (usize, String, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let byte = *self.data.get(self.at)?;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b':' => self.at += 1,
                b',' => {
                    self.name = None;
                    self.at += 1;
                }
                b'{' | b'[' => {
                    if self.open.len() >= MAX_DEPTH {
                        return None;
                    }
                    self.open.push(byte == b'{');
                    self.name = None;
                    self.at += 1;
                }
                b'}' | b']' => {
                    self.open.pop()?;
                    self.name = None;
                    self.at += 1;
                }
                _ => {
                    let object = *self.open.last()?;
                    let value = if byte == b'"' { self.string()? } else { self.literal()? };
                    if !object {
                        continue;
                    }
                    match self.name.take() {
                        Some(name) => return Some((self.open.len(), name, value)),
                        None if byte == b'"' => self.name = Some(value),
                        None => return None,
                    }
                }
            }
        }
    }
}

impl Members<'_> {
    fn string(&mut self) -> Option<String> {
        let mut out = Vec::new();
        self.at += 1;
        loop {
            let byte = *self.data.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return Some(String::from_utf8_lossy(&out).into_owned()),
                b'\\' => {
                    let escape = *self.data.get(self.at)?;
                    self.at += 1;
                    match escape {
                        b'n' => out.push(b'\n'),
                        b't' => out.push(b'\t'),
                        b'r' => out.push(b'\r'),
                        b'b' | b'f' => out.push(b' '),
                        b'u' => {
                            let c = char::from_u32(self.unit()?).unwrap_or('\u{fffd}');
                            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        other => out.push(other),
                    }
                }
                _ => out.push(byte),
            }
        }
    }

    /// `XXXX`, and a second escape where the first is half of a surrogate pair.
    fn unit(&mut self) -> Option<u32> {
        let high = self.hex()?;
        let pair = (0xd800..0xdc00).contains(&high) && self.data.get(self.at..)?.starts_with(b"\\u");
        if !pair {
            return Some(high);
        }
        self.at += 2;
        let low = self.hex()?;
        Some(0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.data.get(self.at..self.at.checked_add(4)?)?;
        self.at += 4;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    /// A number, `true`, `false` or `null`.
    fn literal(&mut self) -> Option<String> {
        let rest = self.data.get(self.at..)?;
        let is_literal = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        let len = rest.iter().position(|b| !is_literal(b))?;
        if len == 0 {
            return None;
        }
        self.at += len;
        Some(String::from_utf8_lossy(rest.get(..len)?).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_nested_members() {
        let text = br#"{"a":"x\"y","list":[1,"z",{"b":-1.5}],"o":{"c":true,"d":"\u00e9\ud83d\ude00"}}"#;
        let found: Vec<_> = members(text).map(|(d, n, v)| format!("{d} {n}={v}")).collect();
        assert_eq!(found, ["1 a=x\"y", "3 b=-1.5", "2 c=true", "2 d=é😀"]);
    }

    #[test]
    fn gives_what_stands_before_a_cut() {
        assert_eq!(first(br#"{"mf":"Acme","mdl":"Mo"#, "mf").as_deref(), Some("Acme"));
        assert_eq!(first(br#"{"mf":"Acme","mdl":"Mo"#, "mdl"), None);
        assert_eq!(members(b"no json").count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            members(&data).count();
        }
    }
}

//! Writing JSON by hand, into one buffer: texts escaped, times as RFC 3339 with microseconds.

use crate::model::Micros;

/// What stands behind the backslash for an octet that cannot stand as it is; `u` begins `\u00XX`, 0 is none.
const ESCAPE: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 0x20 {
        table[b] = b'u';
        b += 1;
    }
    table[0x7f] = b'u';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table[b'\n' as usize] = b'n';
    table[b'\r' as usize] = b'r';
    table[b'\t' as usize] = b't';
    table
};

/// Appends `s` as a JSON string.
pub fn string(out: &mut Vec<u8>, s: &str) {
    out.push(b'"');
    let mut rest = s.as_bytes();
    while let Some(at) = rest.iter().position(|&b| ESCAPE[usize::from(b)] != 0) {
        let (plain, odd) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((&b, after)) = odd.split_first() else { break };
        let mark = ESCAPE[usize::from(b)];
        out.extend_from_slice(&[b'\\', mark]);
        if mark == b'u' {
            out.extend_from_slice(&[b'0', b'0', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends 32 lower-case hexadecimal digits.
pub fn hex128(out: &mut Vec<u8>, v: u128) {
    for b in v.to_be_bytes() {
        out.extend_from_slice(&[HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
    }
}

/// Appends an integer.
pub fn int(out: &mut Vec<u8>, v: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes());
}

/// Appends a number; what JSON cannot hold (NaN, infinities) becomes null.
pub fn float(out: &mut Vec<u8>, v: f64) {
    if v.is_finite() {
        out.extend_from_slice(format!("{v:?}").as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Appends a time as a JSON string, `"2023-11-14T22:13:20.000000Z"`.
pub fn time(out: &mut Vec<u8>, t: Micros) {
    out.push(b'"');
    plain_time(out, t);
    out.push(b'"');
}

/// Appends a time without quotes. Years outside 0000-9999 are held at the bound.
pub fn plain_time(out: &mut Vec<u8>, t: Micros) {
    const LOW: Micros = -62_167_219_200_000_000;
    const HIGH: Micros = 253_402_300_799_999_999;
    let t = t.clamp(LOW, HIGH);
    let (days, rest) = (t.div_euclid(86_400_000_000), t.rem_euclid(86_400_000_000));
    // days since 0000-03-01, by eras of 400 years (proleptic Gregorian calendar)
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (secs, micros) = (rest / 1_000_000, rest % 1_000_000);
    let parts = [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (secs / 3600, 2, b':'),
        (secs / 60 % 60, 2, b':'),
        (secs % 60, 2, b'.'),
        (micros, 6, b'Z'),
    ];
    for (v, width, mark) in parts {
        let mut digits = [b'0'; 6];
        let mut v = v;
        for d in digits[..width].iter_mut().rev() {
            *d = b'0' + (v % 10) as u8;
            v /= 10;
        }
        out.extend_from_slice(&digits[..width]);
        out.push(mark);
    }
}

/// Comma-separated members of one object or array.
pub struct List<'a> {
    pub out: &'a mut Vec<u8>,
    first: bool,
    close: u8,
}

impl<'a> List<'a> {
    pub fn object(out: &'a mut Vec<u8>) -> List<'a> {
        out.push(b'{');
        List { out, first: true, close: b'}' }
    }
    pub fn array(out: &'a mut Vec<u8>) -> List<'a> {
        out.push(b'[');
        List { out, first: true, close: b']' }
    }
    /// Starts the next element of an array.
    pub fn item(&mut self) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.out
    }
    /// Starts the next member of an object. Keys are plain ASCII.
    pub fn key(&mut self, key: &str) -> &mut Vec<u8> {
        let out = self.item();
        string(out, key);
        out.push(b':');
        out
    }
    pub fn str(&mut self, key: &str, value: &str) {
        let out = self.key(key);
        string(out, value);
    }
    pub fn int(&mut self, key: &str, value: impl itoa::Integer) {
        let out = self.key(key);
        int(out, value);
    }
    pub fn time(&mut self, key: &str, value: Micros) {
        let out = self.key(key);
        time(out, value);
    }
    pub fn bool(&mut self, key: &str, value: bool) {
        let out = self.key(key);
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }
    /// Closes the object or array.
    pub fn end(self) {
        self.out.push(self.close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(t: Micros) -> String {
        let mut out = Vec::new();
        plain_time(&mut out, t);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times() {
        assert_eq!(shown(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(shown(1_700_000_000_123_456), "2023-11-14T22:13:20.123456Z");
        assert_eq!(shown(951_782_400_000_000), "2000-02-29T00:00:00.000000Z");
        assert_eq!(shown(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(shown(Micros::MAX), "9999-12-31T23:59:59.999999Z");
        assert_eq!(shown(Micros::MIN), "0000-01-01T00:00:00.000000Z");
    }

    #[test]
    fn texts_are_escaped() {
        let mut out = Vec::new();
        string(&mut out, "a\"b\\\n\u{1}\u{7f}é");
        assert_eq!(out, "\"a\\\"b\\\\\\n\\u0001\\u007fé\"".as_bytes());
    }
}

//! Random values of every structure, and what is left of them when octets are changed.
//!
//! SENTINEL_CASES sets how many values of each structure are made (by default 40), and how many changes each
//! is put through in all (10,000 and more are asked for before a release).

use sentinel_v2x::Profile::{self, Ieee1609, Ydt3957};
use sentinel_v2x::coer::{
    Additions, Alternative, Cursor, Field, Limits, Record, Type, Value, decode, encode, skip,
};
use sentinel_v2x::types::NAMED;
use sentinel_v2x::view::{CertificateView, Content, DataView};

/// Numbers without a pattern (xorshift64*), the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }
    fn octets(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }
    fn length(&mut self, least: usize, most: usize) -> usize {
        let long = if self.below(8) == 0 { 300 } else { 12 };
        least + self.below(most.saturating_sub(least).min(long) + 1)
    }
}

/// A value of a type. From `depth` on lists are empty and what may be missing is.
fn value(n: &mut Numbers, kind: &'static Type, profile: Profile, depth: usize) -> Value {
    match kind {
        Type::Null => Value::Null,
        Type::Bool => Value::Bool(n.below(2) == 1),
        Type::Int(low, high) => Value::Int(match n.below(4) {
            0 => *low,
            1 => *high,
            _ => low + i128::from(n.next()) % (high - low + 1),
        }),
        Type::Unsigned => Value::int(n.next() >> n.below(64)),
        Type::Signed => Value::int(n.next() as i64 >> n.below(64)),
        Type::Octets(least, most) => {
            let length = n.length(*least, *most);
            Value::Octets(n.octets(length))
        }
        Type::Text(least, most) => {
            let length = n.length(*least, *most);
            Value::Text("车é.v".chars().cycle().take(length / 3).collect())
        }
        Type::Ascii(most) => Value::Text("a".repeat(n.length(0, *most))),
        Type::Names(root, more) => {
            let known = root.len() + more.map_or(0, <[_]>::len);
            match more {
                Some(_) if n.below(8) == 0 => Value::Unknown((known + n.below(128 - known)) as u8, None),
                _ => Value::Name(root.iter().chain(more.unwrap_or_default()).nth(n.below(known)).unwrap()),
            }
        }
        Type::Record(root, more) => Value::Record(record(n, root, *more, profile, depth)),
        Type::List(least, of) => {
            let most = if depth == 0 { *least } else { least + n.below(4) };
            Value::List((0..most).map(|_| value(n, of, profile, depth.saturating_sub(1))).collect())
        }
        Type::Choice(root, more) => {
            let known = root.len() + more.map_or(0, <[_]>::len);
            if more.is_some() && n.below(12) == 0 {
                let length = n.length(0, 200);
                return Value::Unknown((known + n.below(63 - known)) as u8, Some(n.octets(length)));
            }
            // some alternatives have no values; the first of a message leads not round in a circle
            let pick = if depth == 0 { 0 } else { n.below(known) };
            let all = || root.iter().chain(more.unwrap_or_default());
            let valued = |one: &&Alternative| !matches!(one.kind, Type::Names([], None));
            let one = all().nth(pick).filter(valued).or_else(|| all().find(valued)).unwrap();
            Value::choice(one.name, value(n, one.kind, profile, depth.saturating_sub(1)))
        }
        Type::Inside(of) => value(n, of, profile, depth),
        Type::Differs(ieee, ydt) => value(n, if profile == Ieee1609 { ieee } else { ydt }, profile, depth),
    }
}

fn record(
    n: &mut Numbers,
    root: &'static [Field],
    more: Option<&'static [Field]>,
    profile: Profile,
    depth: usize,
) -> Record {
    let mut out = Record::default();
    for (i, field) in root.iter().chain(more.unwrap_or_default()).enumerate() {
        let often = if i < root.len() { 2 } else { 6 };
        if !field.optional || depth > 0 && n.below(often) == 0 {
            out.fields.push((field.name, value(n, field.kind, profile, depth.saturating_sub(1))));
        }
    }
    if let Some(more) = more
        && n.below(6) == 0
    {
        let (bits, length) = (more.len() + 1 + n.below(10), n.length(0, 200));
        let other = vec![(more.len() + n.below(bits - more.len()), n.octets(length))];
        out.additions = Some(Additions { bits, other });
    }
    out
}

fn cases() -> usize {
    std::env::var("SENTINEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(40)
}

fn change(n: &mut Numbers, octets: &[u8]) -> Vec<u8> {
    let mut changed = octets.to_vec();
    for _ in 0..1 + n.below(3) {
        let at = n.below(changed.len());
        match n.below(6) {
            0 => changed.truncate(at),
            1 => changed.insert(at, n.next() as u8),
            2 if !changed.is_empty() => drop(changed.remove(at)),
            3 if !changed.is_empty() => changed[at] = [0, 0x7f, 0x80, 0x81, 0xff][n.below(5)],
            4 if !changed.is_empty() => changed[at] ^= 1 << n.below(8),
            _ => {
                let piece = changed[at.min(changed.len())..].to_vec();
                changed.extend_from_slice(&piece[..piece.len().min(64)]);
            }
        }
    }
    changed
}

#[test]
fn what_is_written_is_read_and_written_again() {
    let mut n = Numbers(0x5e47_1e1d);
    for profile in [Ieee1609, Ydt3957] {
        for (name, kind) in NAMED {
            for _ in 0..cases() {
                let depth = 4 + n.below(12);
                let made = value(&mut n, kind, profile, depth);
                let octets = encode(&made, kind, profile).unwrap_or_else(|e| panic!("{name}: {e}: {made:?}"));
                let read =
                    decode(&octets, kind, profile, Limits::LIST).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(read, made, "{name}");
                let mut cursor = Cursor::new(&octets);
                skip(&mut cursor, kind, profile).unwrap();
                cursor.finish().unwrap();
            }
        }
    }
}

#[test]
fn what_was_changed_is_refused_or_written_the_same() {
    let mut n = Numbers(0x00c4_a96e);
    let (mut taken, mut refused) = (0, 0);
    for profile in [Ieee1609, Ydt3957] {
        for (name, kind) in NAMED {
            for _ in 0..cases() {
                let depth = 4 + n.below(12);
                let made = value(&mut n, kind, profile, depth);
                let octets = encode(&made, kind, profile).unwrap();
                for _ in 0..10 {
                    let changed = change(&mut n, &octets);
                    let mut cursor = Cursor::new(&changed);
                    let passed = skip(&mut cursor, kind, profile).is_ok() && cursor.finish().is_ok();
                    match decode(&changed, kind, profile, Limits::LIST) {
                        Ok(read) => {
                            assert!(passed, "{name}");
                            assert_eq!(encode(&read, kind, profile).unwrap(), changed, "{name}");
                            taken += 1;
                        }
                        Err(_) => {
                            assert!(!passed, "{name}");
                            refused += 1;
                        }
                    }
                    views(name, &changed, profile, passed);
                }
            }
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} {refused}");
}

/// The reader of parts takes nothing that the other refuses.
fn views(name: &str, octets: &[u8], profile: Profile, sound: bool) {
    match name {
        "Certificate" => {
            if let Ok(view) = CertificateView::parse(octets, profile) {
                assert!(sound, "{octets:x?}");
                assert!(view.permissions().count() <= octets.len());
                // the hash, in its canonical form, is made of what is a certificate itself
                if let Some(canonical) = view.canonical() {
                    let again = CertificateView::parse(&canonical, profile).unwrap();
                    assert_eq!(again.hash(), view.hash());
                }
            }
        }
        "Data" => {
            if let Ok(view) = DataView::parse(octets, profile) {
                assert!(sound, "{octets:x?}");
                if let Content::Signed(signed) = view.content {
                    signed.canonical_to_be_signed();
                }
            }
        }
        _ => {}
    }
}

#[test]
fn small_inputs_take_little_memory() {
    // lists of the smallest elements, and nested structures: what is read has no more values than octets
    let mut n = Numbers(7);
    let (_, kind) = NAMED.iter().find(|(name, _)| *name == "CrlContents").unwrap();
    for _ in 0..cases() * 20 {
        let length = n.below(400);
        let mut octets = vec![1, 0, 1];
        octets.extend(n.octets(length));
        if let Ok(read) = decode(&octets, kind, Ieee1609, Limits::MESSAGE) {
            assert!(count(&read) <= 2 * octets.len());
        }
    }
    // a count that the octets do not hold
    let mut octets = vec![1, 0, 1];
    octets.extend([0; 16]);
    octets.extend([0, 0x80, 0, 0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]);
    assert!(decode(&octets, kind, Ieee1609, Limits::LIST).is_err());
    // more values than a message may have
    let mut many = encode(&empty_crl(70_000), kind, Ieee1609).unwrap();
    assert!(decode(&many, kind, Ieee1609, Limits::LIST).is_ok());
    assert!(decode(&many, kind, Ieee1609, Limits::MESSAGE).is_err());
    many.truncate(many.len() - 1);
    assert!(decode(&many, kind, Ieee1609, Limits::LIST).is_err());
}

fn empty_crl(entries: usize) -> Value {
    let entry = Value::record([("id", Value::octets(&[1; 10])), ("expiry", Value::int(5))]);
    let list = Value::List(vec![entry; entries]);
    Value::record([
        ("version", Value::int(1)),
        ("crlSeries", Value::int(1)),
        ("crlCraca", Value::octets(&[0; 8])),
        ("issueDate", Value::int(1)),
        ("nextCrl", Value::int(2)),
        ("priorityInfo", Value::record([])),
        (
            "typeSpecific",
            Value::choice("fullHashCrl", Value::record([("crlSerial", Value::int(1)), ("entries", list)])),
        ),
    ])
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Record(record) => record.fields.iter().map(|(_, v)| count(v)).sum(),
        Value::List(list) => list.iter().map(count).sum(),
        Value::Choice(_, inner) => count(inner),
        _ => 0,
    }
}

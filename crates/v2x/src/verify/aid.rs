//! What an application identifier covers, and what needs a permission within it: two tables of data.

use std::collections::HashMap;

/// Which grammar payloads are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// T/CSAE 53 day 1.
    Day1,
    /// ETSI: CAM or DENM, within a GeoNetworking packet or without.
    Etsi,
    /// Payloads are not read.
    None,
}

/// An application identifier.
#[derive(Clone, Debug)]
pub struct Aid {
    pub number: u64,
    pub name: String,
    pub grammar: Grammar,
    /// Kinds of payload that may be sent under it; none: any.
    pub kinds: Vec<String>,
    /// Microseconds that a message may be old; None: any age.
    pub past: Option<u64>,
    /// Microseconds that it may be ahead of the receiver's clock.
    pub future: u64,
    /// 0 urgent, 1 beacon, 2 other.
    pub class: u8,
}

/// A permission within an aid.
#[derive(Clone, Debug)]
pub struct Need {
    kind: String,
    bit: usize,
    event: String,
    /// Held without an SSP too.
    free: bool,
}

impl Need {
    fn covers(&self, kind: &str, event: &str) -> bool {
        self.kind == kind
            && match self.event.strip_suffix('*') {
                Some(start) => event.starts_with(start),
                None => self.event == event,
            }
    }
}

/// Both tables.
#[derive(Clone, Debug)]
pub struct Aids {
    by_number: HashMap<u64, Aid>,
    needs: Vec<Need>,
}

impl Default for Aids {
    fn default() -> Aids {
        let mut aids = Aids { by_number: HashMap::new(), needs: Vec::new() };
        let built_in = aids.read(include_str!("../../data/aid.tsv"));
        debug_assert!(built_in.is_ok(), "{built_in:?}");
        aids.needs = needs(include_str!("../../data/ssp.tsv"));
        aids
    }
}

/// Columns of a table's lines, without its comments.
pub(super) fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|(n, line)| (n + 1, line.split('\t').collect()))
}

impl Aids {
    /// Adds a table in the form of `data/aid.tsv`; what it says of an aid wins. An error names the line.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        for (line, columns) in rows(text) {
            let aid = aid(&columns).ok_or_else(|| {
                format!(
                    "line {line} is not: aid, name, grammar, kinds, past s, future s, class, source (by tabs)"
                )
            })?;
            self.by_number.insert(aid.number, aid);
        }
        Ok(())
    }

    pub fn get(&self, number: u64) -> Option<&Aid> {
        self.by_number.get(&number)
    }

    /// Microseconds that the most patient aid allows a message to be old.
    pub fn longest(&self) -> u64 {
        self.by_number.values().filter_map(|aid| aid.past).max().unwrap_or(0)
    }

    /// The first event of a payload that an SSP does not permit.
    pub fn lacking<'e>(&self, kind: &str, events: &'e [String], ssp: Option<&[u8]>) -> Option<&'e str> {
        let held = |bit: usize| {
            let bits = ssp.filter(|s| s.first() == Some(&1)).unwrap_or_default();
            bits.get(1 + bit / 8).is_some_and(|octet| octet >> (7 - bit % 8) & 1 == 1)
        };
        // an SSP of no octets is none
        let none = ssp.is_none_or(<[u8]>::is_empty);
        let allowed = |event: &str| match self.needs.iter().find(|need| need.covers(kind, event)) {
            Some(need) => (none && need.free) || held(need.bit),
            None => true,
        };
        events.iter().find(|event| !allowed(event)).map(String::as_str)
    }
}

fn aid(columns: &[&str]) -> Option<Aid> {
    let [number, name, grammar, kinds, past, future, class, source] = columns else { return None };
    let past: u64 = past.parse().ok()?;
    let future: u64 = future.parse().ok()?;
    if source.is_empty() {
        return None;
    }
    Some(Aid {
        number: number.parse().ok()?,
        name: (*name).to_owned(),
        grammar: match *grammar {
            "day1" => Grammar::Day1,
            "etsi" => Grammar::Etsi,
            "-" => Grammar::None,
            _ => return None,
        },
        kinds: if *kinds == "-" { Vec::new() } else { kinds.split(' ').map(str::to_owned).collect() },
        past: (past > 0).then(|| past.checked_mul(1_000_000)).flatten(),
        future: future.checked_mul(1_000_000)?,
        class: class.parse().ok().filter(|c| *c <= 2)?,
    })
}

fn needs(text: &str) -> Vec<Need> {
    let need = |columns: &[&str]| match columns {
        [kind, bit, event, free, _] => Some(Need {
            kind: (*kind).to_owned(),
            bit: bit.parse().ok()?,
            event: (*event).to_owned(),
            free: *free == "yes",
        }),
        _ => None,
    };
    rows(text).filter_map(|(_, columns)| need(&columns)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_read() {
        let aids = Aids::default();
        assert_eq!(aids.by_number.len(), rows(include_str!("../../data/aid.tsv")).count());
        assert_eq!(aids.needs.len(), rows(include_str!("../../data/ssp.tsv")).count());
        assert!(rows(include_str!("../../data/ssp.tsv")).all(|(_, columns)| !columns[4].is_empty()));
        assert_eq!(aids.get(111).map(|a| a.kinds.join(" ")), Some("bsm".into()));
    }

    #[test]
    fn an_own_table_wins_and_a_wrong_line_is_named() {
        let mut aids = Aids::default();
        aids.read("111\tmine\t-\t-\t7\t1\t0\tours\n").unwrap();
        assert_eq!(aids.get(111).map(|a| (a.past, a.class)), Some((Some(7_000_000), 0)));
        assert!(aids.read("# a comment\n5\tname\n").unwrap_err().starts_with("line 2 "));
        assert!(aids.read("5\tname\t-\t-\t1\t1\t0\t\n").is_err(), "without a source");
    }

    #[test]
    fn an_ssp_permits_what_its_bits_say() {
        let aids = Aids::default();
        let events = ["braking".to_owned(), "siren".to_owned()];
        assert_eq!(aids.lacking("bsm", &events, None), Some("siren"));
        assert_eq!(aids.lacking("bsm", &events, Some(&[1, 0])), Some("siren"));
        assert_eq!(aids.lacking("bsm", &events, Some(&[2, 0x80])), Some("siren"), "another version");
        assert_eq!(aids.lacking("bsm", &events, Some(&[1, 0x80])), None);
        assert_eq!(aids.lacking("bsm", &events[..1], None), None);
        let sign = ["sign-12".to_owned()];
        assert_eq!(aids.lacking("rsi", &sign, None), None, "held without an SSP");
        assert_eq!(aids.lacking("rsi", &sign, Some(&[1, 0])), Some("sign-12"), "an SSP says all there is");
    }
}

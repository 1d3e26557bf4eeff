//! What `User-Agent` and `Server` say of phones and cameras.

/// A maker by the beginning of the text, lower case; true where `MODEL FIRMWARE` follow the maker.
const MAKERS: &[(&str, &str, bool)] = &[
    ("yealink", "Yealink", true),
    ("grandstream", "Grandstream", true),
    ("fanvil", "Fanvil", true),
    ("htek", "Htek", true),
    ("polycom", "Polycom", false),
    ("poly", "Poly", false),
    ("cisco", "Cisco", false),
    ("snom", "Snom", false),
    ("avaya", "Avaya", false),
    ("mitel", "Mitel", false),
    ("aastra", "Aastra", false),
    ("panasonic", "Panasonic", false),
    ("gigaset", "Gigaset", false),
    ("linksys", "Linksys", false),
    ("axis", "Axis", false),
    ("hikvision", "Hikvision", false),
    ("dahua", "Dahua", false),
    ("huawei", "Huawei", false),
    ("2n ", "2N", false),
];

/// Maker, model and firmware.
#[derive(Default, Debug, PartialEq)]
pub struct Agent<'a> {
    pub vendor: Option<&'static str>,
    pub model: Option<&'a str>,
    pub firmware: Option<&'a str>,
}

pub fn read(text: &str) -> Agent<'_> {
    let lower = text.to_ascii_lowercase();
    let Some((start, vendor, parts)) = MAKERS.iter().find(|(start, _, _)| lower.starts_with(start)) else {
        return Agent::default();
    };
    let mut agent = Agent { vendor: Some(vendor), ..Agent::default() };
    if *parts {
        let mut words = text.get(start.len()..).unwrap_or_default().split_whitespace();
        agent.model = words.next();
        agent.firmware = words.next().filter(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    }
    agent
}

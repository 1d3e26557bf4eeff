//! Requests that OpenSSL made, as they are and with every octet changed, and octets that are none.

use proptest::prelude::*;
use sentinel_x509::{ATTRIBUTES, Algorithm, Request};

/// `openssl req -new -subj "/CN=plc-7/O=Works, Ltd" -addext "subjectAltName=DNS:plc-7.plant"`, with each kind of key.
const P256: &str = "3082010a3081b00201003025310e300c06035504030c05706c632d3731133011060355040a0c0a576f726b732c204c74 \
    643059301306072a8648ce3d020106082a8648ce3d03010703420004a38c1d69d07a7af019a313c8535b0c6cae851881 \
    67a3eea98f8c9b8a4c1d1727aadf1c3a32decacbf97380976120ef8f665d2836147f351455cd3491be16af0ba0293027 \
    06092a864886f70d01090e311a301830160603551d11040f300d820b706c632d372e706c616e74300a06082a8648ce3d \
    040302034900304602210087c721ca92f9f324a32e6fe8a46ddf6d188729085e5e1ce27e5e56c5bbc431380221009d5b \
    8e9d387bbeccd0b17989f2acd0541d32c72bf7bcdeb19357620b753e9b82";
const SM2: &str = "308201093081b00201003025310e300c06035504030c05706c632d3731133011060355040a0c0a576f726b732c204c74 \
    643059301306072a8648ce3d020106082a811ccf5501822d0342000408c2a661764d9dcb25e715d45394d8ea4b11c210 \
    3f07b8b1aac5e9c42faaa342231130ccf3e4b0ec4047324668b5bd62202d79eec58b44b36b69ec8576479cd8a0293027 \
    06092a864886f70d01090e311a301830160603551d11040f300d820b706c632d372e706c616e74300a06082a811ccf55 \
    0183750348003045022100f7cb42bc9748cd6d4332c68f9e39d4ea551d6445af2f22ad2b1a1ad944b7097a02207f4b1a \
    94b36a147c2520f56a24e362a10d450be37240b43be1ed816eab99b5d1";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

#[test]
fn what_openssl_asks_for() {
    for (text, key) in [(P256, Algorithm::P256), (SM2, Algorithm::Sm2)] {
        let der = hex(text);
        let request = Request::read(&der).unwrap();
        assert!(request.proven());
        assert_eq!(request.key, key);
        assert_eq!(request.point.len(), 65);
        assert_eq!(request.subject.text(), "CN=plc-7,O=Works\\, Ltd");
        let parts: Vec<_> =
            request.subject.parts.iter().map(|(place, value)| (ATTRIBUTES[*place].name, *value)).collect();
        assert_eq!(parts, [("CN", "plc-7"), ("O", "Works, Ltd")]);
        assert_eq!(request.extensions, [(&[0x55, 0x1d, 0x11][..], &b"\x30\x0d\x82\x0bplc-7.plant"[..])]);
    }
}

#[test]
fn nothing_changed_is_proven() {
    for text in [P256, SM2] {
        let der = hex(text);
        for place in 0..der.len() {
            for bit in 0..8 {
                let mut changed = der.clone();
                changed[place] ^= 1 << bit;
                assert!(!Request::read(&changed).is_some_and(|request| request.proven()), "{place}, {bit}");
            }
        }
        for cut in 0..der.len() {
            assert!(Request::read(&der[..cut]).is_none());
        }
    }
}

proptest! {
    #[test]
    fn any_octets_may_come(octets: Vec<u8>, place: prop::sample::Index, more in proptest::collection::vec(any::<u8>(), 1..8)) {
        prop_assert!(Request::read(&octets).is_none());
        for text in [P256, SM2] {
            let mut der = hex(text);
            let at = place.index(der.len());
            der.splice(at..at, more.iter().copied());
            prop_assert!(!Request::read(&der).is_some_and(|request| request.proven()));
        }
    }
}

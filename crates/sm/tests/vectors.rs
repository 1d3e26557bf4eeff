//! The cases of the evaluation data: `../shared/vectors/sm2`, or the folder `SENTINEL_VECTORS`.

use sentinel_sm::{Affine, PublicKey, Signature};
use std::path::PathBuf;

fn hex(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    for (o, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *o = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    }
    out
}

#[test]
fn cases_that_libraries_get_wrong() {
    let folder = std::env::var_os("SENTINEL_VECTORS")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"));
    let Ok(text) = std::fs::read_to_string(folder.join("sm2/signatures.txt")) else {
        assert!(std::env::var_os("SENTINEL_REQUIRE_ALL").is_none(), "no vectors in {}", folder.display());
        return;
    };
    let mut count = 0;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap();
        let mut next = || hex(words.next().unwrap());
        let (x, y, e, r, s) = (next(), next(), next(), next(), next());
        let valid = words.next().unwrap() == "1";
        let held =
            Affine::new(&x, &y).is_ok_and(|p| PublicKey(p).verify_digest(&e, &Signature { r, s }).is_ok());
        assert_eq!(held, valid, "{name}");
        count += 1;
    }
    assert!(count >= 27);
}

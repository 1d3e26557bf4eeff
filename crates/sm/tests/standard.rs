//! Examples of the standards: GB/T 32918.5 (annex A, C), 32905 (annex A), 32907 (annex A), RFC 8998 (A.2).

use sentinel_sm::sm3::{Digest, Sm3};
use sentinel_sm::sm4::{Key, Sm4Error, Way};
use sentinel_sm::{Ciphertext, DEFAULT_ID, PublicKey, SecretError, SecretKey, Signature, digest, za};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}
fn hex32(text: &str) -> [u8; 32] {
    hex(text).try_into().unwrap()
}
fn key() -> SecretKey {
    SecretKey::from_bytes(&hex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")).unwrap()
}

const X: &str = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020";
const Y: &str = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";

#[test]
fn key_pair() {
    let public = key().public().0;
    assert_eq!((public.x(), public.y()), (hex32(X), hex32(Y)));
    assert_eq!(PublicKey::from_sec1(&public.compressed()).unwrap().0, public);
    assert_eq!(PublicKey::from_sec1(&public.uncompressed()).unwrap().0, public);
}

#[test]
fn signature() {
    let secret = key();
    let public = secret.public();
    assert_eq!(
        za(DEFAULT_ID, public).unwrap(),
        hex32("b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3")
    );
    let e = digest(DEFAULT_ID, public, b"message digest").unwrap();
    assert_eq!(e, hex32("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"));
    let signature = Signature {
        r: hex32("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"),
        s: hex32("b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"),
    };
    assert_eq!(public.verify(DEFAULT_ID, b"message digest", &signature), Ok(()));
    assert!(public.verify(b"another", b"message digest", &signature).is_err());
    assert_eq!(Signature::from_der(&signature.to_der()), Ok(signature));
    assert_eq!(Signature::from_raw(&signature.to_raw()), Ok(signature));
    let own = secret.sign(DEFAULT_ID, b"message digest").unwrap();
    assert_eq!(public.verify(DEFAULT_ID, b"message digest", &own), Ok(()));
    assert_ne!(own, secret.sign(DEFAULT_ID, b"message digest").unwrap(), "nonces have fresh octets in them");
}

#[test]
fn many_signatures() {
    let secret = key();
    let messages: Vec<Vec<u8>> = (0..70).map(|n| vec![7; n]).collect();
    let shown: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let signatures = secret.sign_many(DEFAULT_ID, &shown).unwrap();
    for (message, signature) in shown.iter().zip(&signatures) {
        assert_eq!(secret.public().verify(DEFAULT_ID, message, signature), Ok(()));
    }
    let mut nonces: Vec<_> = secret.sign_digests(&[[9; 32]; 70]).unwrap().iter().map(|one| one.r).collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 70, "each has a nonce of its own");
    assert!(secret.sign_many(DEFAULT_ID, &[]).unwrap().is_empty());
    assert!(secret.sign_many(&[0; 8192], &[b"id too long"]).is_err());
}

#[test]
fn encryption() {
    let raw = hex("04
        04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73
        e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0
        59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766
        21886ca989ca9c7d58087307ca93092d651efa");
    let text = Ciphertext::from_raw(&raw).unwrap();
    assert_eq!(key().decrypt(&text).unwrap().as_slice(), b"encryption standard");
    assert_eq!(text.to_raw(), raw);
    assert_eq!(Ciphertext::from_der(&text.to_der()).unwrap(), text);
    let own = key().public().encrypt(b"encryption standard").unwrap();
    assert_eq!(key().decrypt(&own).unwrap().as_slice(), b"encryption standard");
    for at in 1..raw.len() {
        let mut bad = raw.clone();
        bad[at] ^= 1;
        let outcome = Ciphertext::from_raw(&bad).and_then(|text| key().decrypt(&text));
        assert!(outcome.is_err(), "octet {at}");
    }
    assert_eq!(key().public().encrypt(b""), Err(SecretError::Empty));
}

#[test]
fn private_keys_out_of_range() {
    let n = hex("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");
    let mut less = n.clone();
    assert!(SecretKey::from_bytes(&n).is_err());
    less[31] -= 1;
    assert!(SecretKey::from_bytes(&less).is_err(), "n - 1 cannot sign");
    less[31] -= 1;
    let last = SecretKey::from_bytes(&less).unwrap();
    let signature = last.sign(b"", b"").unwrap();
    assert_eq!(last.public().verify(b"", b"", &signature), Ok(()));
    for bad in [&[0; 32][..], &[1; 31], &[1; 33], &[0xff; 32], &[]] {
        assert_eq!(SecretKey::from_bytes(bad).err(), Some(SecretError::Range));
    }
}

#[test]
fn sm3() {
    let abc = Sm3::digest(b"abc");
    assert_eq!(abc[..], hex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"));
    let long = Sm3::digest(b"abcd".repeat(16));
    assert_eq!(long[..], hex("debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"));
}

#[test]
fn sm4() {
    let octets: [u8; 16] = hex("0123456789abcdeffedcba9876543210").try_into().unwrap();
    let key = Key::new(&octets);
    let mut text = octets;
    key.ecb(&mut text, Way::Encrypt).unwrap();
    assert_eq!(text[..], hex("681edf34d206965e86b3e94f536e4246"));
    for _ in 1..1_000_000 {
        key.ecb(&mut text, Way::Encrypt).unwrap();
    }
    assert_eq!(text[..], hex("595298c7c6fd271f0402f804c33d3f66"));
    for _ in 0..1000 {
        key.ecb(&mut text, Way::Decrypt).unwrap();
    }
    for _ in 0..1000 {
        key.ecb(&mut text, Way::Encrypt).unwrap();
    }
    assert_eq!(text[..], hex("595298c7c6fd271f0402f804c33d3f66"));
    assert_eq!(key.ecb(&mut [0; 17], Way::Encrypt), Err(Sm4Error::Length(17)));
}

#[test]
fn sm4_ccm() {
    let key = Key::new(&hex("0123456789abcdeffedcba9876543210").try_into().unwrap());
    let nonce = hex("00001234567800000000abcd").try_into().unwrap();
    let additional = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let text: Vec<u8> =
        [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0xee, 0xaa].iter().flat_map(|o| [*o; 8]).collect();
    let sealed = key.ccm_seal(&nonce, &text, &additional).unwrap();
    assert_eq!(
        sealed,
        hex("48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094
             fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b
             16842d4fa186f56ab33256971fa110f4")
    );
    assert_eq!(key.ccm_open(&nonce, &sealed, &additional).unwrap(), text);
    for at in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[at] ^= 0x80;
        assert_eq!(key.ccm_open(&nonce, &bad, &additional), Err(Sm4Error::Tag), "octet {at}");
    }
    assert_eq!(key.ccm_open(&nonce, &sealed, b""), Err(Sm4Error::Tag));
    assert_eq!(key.ccm_open(&nonce, &sealed[..15], &additional), Err(Sm4Error::Tag));
}

//! CAMP's vectors of the SCMS primitives.

mod shared;

use sentinel_v2x::butterfly::{Purpose, expand_public, expand_secret, expansion};
use sentinel_v2x::cipher::{Cipher, Wrapped, ecdh, ecies, kdf2, mac1, open, seal, unwrap};
use sentinel_v2x::implicit;
use sentinel_v2x::key::{SecretKey, VerifyKey};
use sentinel_v2x::linkage::{encrypted_index, linkage_value, next_seed, pre_linkage_value};
use sentinel_v2x::view::Curve::P256;
use shared::{hex, vectors};

/// Numbers of a file: those that follow `name = 0x`, in their order.
fn named(text: &str, name: &str) -> Vec<Vec<u8>> {
    text.lines()
        .filter_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix("= "))
        .map(|value| hex(value.trim().trim_start_matches("0x").trim_matches('"')))
        .collect()
}

/// Numbers that stand on the line after one that begins with `title`.
fn after(text: &str, title: &str) -> Vec<Vec<u8>> {
    let lines: Vec<&str> = text.lines().collect();
    lines.windows(2).filter(|w| w[0].starts_with(title)).map(|w| hex(w[1].trim_start_matches("0x"))).collect()
}

fn array<const N: usize>(octets: &[u8]) -> [u8; N] {
    octets.try_into().unwrap()
}

fn key(x: &[u8], y: &[u8]) -> VerifyKey {
    VerifyKey::from_sec1(P256, &[&[4], x, y].concat()).unwrap()
}

fn read(name: &str) -> Option<String> {
    Some(std::fs::read_to_string(vectors()?.join("camp").join(name)).unwrap())
}

fn secret(octets: &[u8]) -> SecretKey {
    SecretKey::from_bytes(P256, octets).unwrap()
}

#[test]
fn aes_ccm() {
    let Some(text) = read("aesccm.txt") else { return };
    let (k, n, p) = (named(&text, "K"), named(&text, "N"), named(&text, "P"));
    let c = named(&text, "C_T");
    assert!(k.len() >= 3 && k.len() == c.len() && p.len() == c.len());
    for i in 0..k.len() {
        let (k, n) = (array(&k[i]), array(&n[i]));
        assert_eq!(seal(Cipher::Aes, &k, &n, &p[i]).unwrap(), c[i]);
        assert_eq!(open(Cipher::Aes, &k, &n, &c[i]).unwrap(), p[i]);
        let mut changed = c[i].clone();
        changed[0] ^= 1;
        assert!(open(Cipher::Aes, &k, &n, &changed).is_err());
    }
}

#[test]
fn kdf2_and_mac1() {
    let Some(text) = read("kdf.txt") else { return };
    let (ss, kdp) = (named(&text, "ss"), named(&text, "kdp"));
    // two vectors have no parameter and none has its result in the file: what it must be is ANSI X9.63's
    let expected = [
        "443024c3dae66b95e6f5670601558f71",
        "b6295162a7804f5667ba9070f82fa522",
        "c498af77161cc59f2962b9a713e2b215152d139766ce34a776df11866a69bf2e",
    ];
    assert!(ss.len() >= 4 && kdp.len() == ss.len());
    for i in 0..3 {
        let want = hex(expected[i]);
        assert_eq!(kdf2(&ss[i], &kdp[i], want.len()).to_vec(), want, "{i}");
    }
    assert_eq!(kdf2(&ss[3], &kdp[3], 128).len(), 128);

    let text = read("mac1.txt").unwrap();
    let (k, m, t) = (named(&text, "K"), named(&text, "M"), named(&text, "T"));
    assert!(k.len() >= 4 && k.len() == t.len() && m.len() == t.len());
    for i in 0..k.len() {
        assert_eq!(mac1(&k[i], &m[i])[..], t[i][..]);
    }
}

#[test]
fn ecdh_and_ecies() {
    let Some(text) = read("ecdh.txt") else { return };
    let (a, x, y, z) = (named(&text, "a"), named(&text, "Bx"), named(&text, "By"), named(&text, "Z"));
    assert!(a.len() >= 10 && a.len() == z.len());
    for i in 0..a.len() {
        assert_eq!(ecdh(&secret(&a[i]), &key(&x[i], &y[i])).unwrap()[..], z[i][..]);
    }
    let text = read("ecies.txt").unwrap();
    let get = |name| named(&text, name);
    let (v, k, r) = (get("v"), get("k"), get("r"));
    // in the file the key stands in P1's place; these are the digests that the vectors were made with
    let digests = [
        "A6B7B52554B4203F7E3ACFDB3A3ED8674EE086CE5906A7CAC2F8A398306D3BE9",
        "05BED5F867B89F30FE5552DF414B65B9DD4073FC385D14921C641A145AA12051",
    ];
    let p1 = [0, 0, 1, 1].map(|n: usize| hex(digests[n]));
    let (rx, ry, vx, vy, c, t) = (get("Rx"), get("Ry"), get("Vx"), get("Vy"), get("C"), get("T"));
    assert!(v.len() == 4 && t.len() == 4 && ry.len() == 4);
    for i in 0..v.len() {
        let VerifyKey::P256(recipient) = key(&rx[i], &ry[i]) else { unreachable!() };
        let SecretKey::P256(ephemeral) = secret(&v[i]) else { unreachable!() };
        let made = ecies(ephemeral.as_nonzero_scalar(), &recipient, &array(&k[i]), &p1[i]);
        let point = array(&key(&vx[i], &vy[i]).compressed());
        assert_eq!(made, Wrapped { point, key: array(&c[i]), tag: t[i].clone() });
        assert_eq!(unwrap(&secret(&r[i]), &made, &p1[i]).unwrap()[..], k[i][..]);
        assert!(unwrap(&secret(&r[i]), &made, b"another").is_err());
    }
}

#[test]
fn butterfly() {
    let Some(text) = read("bfkeyexp.txt") else { return };
    let i = u32::from_be_bytes(array(&after(&text, "i (32 bits)")[0]));
    let j = u32::from_be_bytes(array(&after(&text, "j (in range")[0]));
    let pair = |title: &str| {
        let line = text.lines().skip_while(|line| !line.starts_with(title)).nth(1).unwrap();
        let (x, y) = line.split_once(',').unwrap();
        let number = |t: &str| {
            let digits =
                t.trim().trim_matches(['[', ']', 'L']).trim_end_matches('L').trim_start_matches("0x");
            hex(&format!("{digits:0>64}"))
        };
        key(&number(x), &number(y))
    };
    let expanded: Vec<Vec<u8>> = [after(&text, "a + f_k(x_cert)"), after(&text, "h + f_k(x_enc)")].concat();
    let cases = [
        (Purpose::Signing, "ck: AES", "a: Signing", "A: Signing", "A + f_k(x_cert)"),
        (Purpose::Encryption, "ek: AES", "h: Signing", "H: Signing", "H + f_k(x_enc)"),
    ];
    for (n, (purpose, k, seed, public, result)) in cases.into_iter().enumerate() {
        let k = array(&after(&text, k)[0]);
        assert_eq!(expansion(Cipher::Aes, &k, purpose, i, j)[..], after(&text, "f_k^{int}(x)")[n][..]);
        let seed = secret(&after(&text, seed)[0]);
        assert_eq!(seed.public(), pair(public));
        let made = expand_secret(&seed, &k, purpose, i, j).unwrap();
        assert_eq!(made.to_bytes()[..], expanded[n][..]);
        assert_eq!(expand_public(&seed.public(), &k, purpose, i, j).unwrap(), pair(result));
        assert_eq!(made.public(), pair(result));
    }
}

#[test]
fn linkage_values() {
    for (file, seeds) in [("lv.txt", ["ls1(0)", "ls2(0)"]), ("glv.txt", ["gs1(0)", "gs2(0)"])] {
        let Some(text) = read(file) else { return };
        let group = file == "glv.txt";
        let la = [array(&after(&text, "LA1 ID")[0]), array(&after(&text, "LA2 ID")[0])];
        let mut current = seeds.map(|name| array::<16>(&after(&text, name)[0]));
        let js = after(&text, if group { "j (32 bits)" } else { "j (in range" });
        assert_eq!(js.len(), 2);
        for (i, j) in js.iter().enumerate() {
            let j = u32::from_be_bytes(array(j));
            if i > 0 {
                let next = [0, 1].map(|n| next_seed(Cipher::Aes, la[n], &current[n]));
                for n in 0..2 {
                    let name = seeds[n].replace("(0)", "(1)");
                    assert_eq!(next[n][..], after(&text, &name)[0][..], "{name}");
                }
                current = next;
            }
            let parts = [0, 1].map(|n| pre_linkage_value(Cipher::Aes, la[n], &current[n], j));
            let prefix = if group { "g" } else { "" };
            for (n, part) in parts.iter().enumerate() {
                let title = format!("{prefix}plv{}({i},j) =", n + 1);
                assert_eq!(part[..], after(&text, &title)[0][..], "{title}");
            }
            let title = format!("{prefix}lv({i},j) =");
            assert_eq!(linkage_value(&parts[0], &parts[1])[..], after(&text, &title)[0][..], "{title}");
            if group {
                let k = u32::from_be_bytes(array(&after(&text, "k: group chain")[0]));
                let ik = array(&after(&text, "ik: indices key")[0]);
                let index = &after(&text, "ei(j,k): Encrypted")[i];
                assert_eq!(encrypted_index(Cipher::Aes, &ik, j, k)[..], index[..]);
            }
        }
    }
}

#[test]
fn implicit_certificates() {
    let Some(text) = read("implicit.txt") else { return };
    let get = |name| named(&text, name);
    let (ku, rux, ruy, dca, qcax, qcay) =
        (get("kU"), get("RUx"), get("RUy"), get("dCA"), get("QCAx"), get("QCAy"));
    let (k, pux, puy, cert, r) = (get("k"), get("PUx"), get("PUy"), get("CertU"), get("r"));
    let (du, qux, quy) = (get("dU"), get("QUx"), get("QUy"));
    assert!(ku.len() >= 2 && quy.len() == ku.len() && cert.len() == ku.len());
    for i in 0..ku.len() {
        let (request, ca, ephemeral) = (secret(&ku[i]), secret(&dca[i]), secret(&k[i]));
        assert_eq!(request.public(), key(&rux[i], &ruy[i]));
        assert_eq!(ca.public(), key(&qcax[i], &qcay[i]));
        let point = implicit::reconstruction_point(&request.public(), &ephemeral).unwrap();
        assert_eq!(point, key(&pux[i], &puy[i]));
        // in these vectors one digest of what is signed and the point stands for IEEE 1609.2's
        let digest = array(sentinel_v2x::hash::Hash::Sha256.of(&[&cert[i]]).octets());
        let number = implicit::reconstruction_number(&digest, &ca, &ephemeral).unwrap();
        assert_eq!(number[..], r[i][..]);
        let made = implicit::secret(&digest, &request, &number).unwrap();
        assert_eq!(made.to_bytes()[..], du[i][..]);
        let public = implicit::public(&digest, &point, &ca.public()).unwrap();
        assert_eq!(public, key(&qux[i], &quy[i]));
        assert_eq!(made.public(), public);
    }
}

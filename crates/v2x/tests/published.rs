//! Certificates and lists that were published: YD/T 3957's roots and signing example, the European trust list.

mod shared;

use sentinel_v2x::Profile::{self, Ieee1609, Ydt3957};
use sentinel_v2x::coer::{Limits, Value, Why, decode, encode};
use sentinel_v2x::key::{CryptoError, SecretKey, VerifyKey};
use sentinel_v2x::sign::{Verifier, verify_certificate};
use sentinel_v2x::types::named;
use sentinel_v2x::view::{CertificateView, Content, Curve, DataView, SignerView};
use shared::{field, hex, vectors};

/// Reads, writes, and compares the octets.
fn again(octets: &[u8], name: &str, profile: Profile) -> Value {
    let kind = named(name).unwrap();
    let value = decode(octets, kind, profile, Limits::LIST).unwrap();
    assert_eq!(encode(&value, kind, profile).unwrap(), octets, "{name}");
    value
}

#[test]
fn roots_of_yd_t_3957_are_signed_by_themselves() {
    let Some(folder) = vectors() else { return };
    let text = std::fs::read_to_string(folder.join("ydt3957/vectors.json")).unwrap();
    let caict = hex(&field(&text, "caict_trcla_root_certificate", "hex"));
    let head = hex(&field(&text, "trcl_head_with_catarc_root", "hex"));
    for (octets, id) in [(&caict[..], Some("0b2c85a0f3b2622c")), (&head[24..24 + 231], None)] {
        again(octets, "Certificate", Ydt3957);
        let view = CertificateView::parse(octets, Ydt3957).unwrap();
        assert_eq!(view.curve(), Some(Curve::Sm2));
        verify_certificate(Ydt3957, &view, None).unwrap();
        if let Some(id) = id {
            assert_eq!(view.hash().unwrap().id8().to_vec(), hex(id));
        }
        // a changed octet of what is signed
        let mut changed = octets.to_vec();
        changed[20] ^= 1;
        let view = CertificateView::parse(&changed, Ydt3957).unwrap();
        assert_eq!(verify_certificate(Ydt3957, &view, None), Err(CryptoError::Signature));
        // IEEE 1609.2 has no public rule for SM2
        let view = CertificateView::parse(octets, Ieee1609).unwrap();
        assert_eq!(verify_certificate(Ieee1609, &view, None), Err(CryptoError::Profile(Curve::Sm2)));
    }
}

#[test]
fn the_signing_example_of_yd_t_3957_holds() {
    let Some(folder) = vectors() else { return };
    let text = std::fs::read_to_string(folder.join("ydt3957/vectors.json")).unwrap();
    let part = |name: &str| hex(&field(&text, "sm2_message_example", name));
    let secret = SecretKey::from_bytes(Curve::Sm2, &part("d")).unwrap();
    let sec1 = [&[4][..], &part("public_x"), &part("public_y")].concat();
    let key = VerifyKey::from_sec1(Curve::Sm2, &sec1).unwrap();
    assert_eq!(secret.public(), key);
    let VerifyKey::Sm2(sm2) = &key else { unreachable!() };
    assert_eq!(sentinel_sm::za(&part("certificate_hash"), sm2).unwrap().to_vec(), part("ZA"));
    let signature = [part("r"), part("s")].concat();
    let signature = sentinel_sm::Signature::from_raw(&signature).unwrap();
    sm2.verify_digest(&part("e").try_into().unwrap(), &signature).unwrap();
}

#[test]
fn the_european_trust_list_is_signed_by_its_manager() {
    let Some(folder) = vectors() else { return };
    let tlm = std::fs::read(folder.join("its/tlm.oer")).unwrap();
    let ectl = std::fs::read(folder.join("its/ectl.oer")).unwrap();
    again(&tlm, "Certificate", Ieee1609);
    let manager = CertificateView::parse(&tlm, Ieee1609).unwrap();
    assert_eq!(manager.curve(), Some(Curve::BrainpoolP384));
    assert_eq!(manager.hash().unwrap().id8().to_vec(), hex("E7A4B2B045E7ACF9"));
    verify_certificate(Ieee1609, &manager, None).unwrap();

    again(&ectl, "Data", Ieee1609);
    let view = DataView::parse(&ectl, Ieee1609).unwrap();
    let Content::Signed(signed) = &view.content else { panic!("is not signed") };
    let SignerView::Certificates(chain) = &signed.signer else { panic!("has no certificate") };
    assert_eq!(chain.len(), 1);
    assert_eq!(chain[0].octets, tlm);
    let verifier = Verifier::of(Ieee1609, &manager).unwrap();
    let tbs = signed.canonical_to_be_signed().unwrap();
    verifier.verify(&tbs, &signed.signature).unwrap();
    let mut changed = tbs.to_vec();
    changed[50] ^= 1;
    assert_eq!(verifier.verify(&changed, &signed.signature), Err(CryptoError::Signature));

    let list = again(signed.payload.unwrap(), "EtsiList", Ieee1609);
    let (name, list) = list.get("content").unwrap().as_choice().unwrap();
    assert_eq!(name, "certificateTrustListTlm");
    let commands = list.get("ctlCommands").unwrap().as_list().unwrap();
    assert_eq!(commands.len(), 5);
    let mut roots = 0;
    for command in commands {
        let (_, entry) = command.as_choice().unwrap();
        if let Some(("rca", entry)) = entry.as_choice() {
            let kind = named("Certificate").unwrap();
            let octets = encode(entry.get("selfsignedRootCa").unwrap(), kind, Ieee1609).unwrap();
            let root = CertificateView::parse(&octets, Ieee1609).unwrap();
            verify_certificate(Ieee1609, &root, None).unwrap();
            roots += 1;
        }
    }
    assert_eq!(roots, 2);
}

#[test]
fn hostile_nesting_is_refused() {
    let Some(folder) = vectors() else { return };
    for name in [
        "recursive_depth_150.oer",
        "recursive_depth_150.coer",
        "CE4CF6C19BFED720_with_recursion_depth150.oer",
    ] {
        let octets = std::fs::read(folder.join("its").join(name)).unwrap();
        for profile in [Ieee1609, Ydt3957] {
            let error = decode(&octets, named("Data").unwrap(), profile, Limits::LIST).unwrap_err();
            assert!(DataView::parse(&octets, profile).is_err(), "{name}");
            if name.starts_with("CE") {
                assert_eq!(error.why, Why::Limit);
            }
        }
    }
}

"""Certificates and messages of vehicles, as Python makes and reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel._native import (
    V2xKey,
    v2x_blind,
    v2x_certificate,
    v2x_decode,
    v2x_encode,
    v2x_encrypt,
    v2x_expand,
    v2x_hash,
    v2x_linkage,
    v2x_message,
    v2x_posix,
    v2x_pre_linkage,
    v2x_seed,
    v2x_time32,
    v2x_time64,
    v2x_unsecured,
    v2x_verify,
    v2x_verify_certificate,
    v2x_verify_structure,
)

PROFILES = ["1609.2", "ydt3957"]
NAMES = {
    "1609.2": ("ecdsaNistP256", "eciesNistP256", "aes128Ccm"),
    "ydt3957": ("ecsigSm2", "ecencSm2", "sm4Ccm"),
}
START = 0x2B000000


def point(public: bytes) -> tuple[str, bytes]:
    return ("compressed-y-1" if public[0] == 3 else "compressed-y-0", public[1:])


def to_be_signed(profile: str, public: bytes, **more: Any) -> dict[str, Any]:
    return {
        "id": ("name", "sentinel"),
        "cracaId": bytes(3),
        "crlSeries": 0,
        "validityPeriod": {"start": START, "duration": ("hours", 168)},
        "verifyKeyIndicator": ("verificationKey", (NAMES[profile][0], point(public))),
        **more,
    }


def encryption_key(profile: str, public: bytes) -> dict[str, Any]:
    _, name, cipher = NAMES[profile]
    return {"supportedSymmAlg": cipher, "publicKey": (name, point(public))}


def root_of(profile: str) -> tuple[V2xKey, bytes]:
    key = V2xKey.generate(profile)
    issue = [{"subjectPermissions": ("all", None), "minChainLength": 2, "eeType": b"\xc0"}]
    return key, key.certificate(to_be_signed(profile, key.public(), certIssuePermissions=issue))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_chain_and_a_message(profile: str) -> None:
    root, root_certificate = root_of(profile)
    assert v2x_verify_certificate(profile, root_certificate) is None
    station = V2xKey.generate(profile)
    parts = to_be_signed(
        profile,
        station.public(),
        region=(
            "circularRegion",
            {"center": {"latitude": 399000000, "longitude": 1164000000}, "radius": 900},
        ),
        appPermissions=[{"psid": 111}, {"psid": 36, "ssp": ("bitmapSsp", b"\x01\xff")}],
        encryptionKey=encryption_key(profile, station.public()),
    )
    certificate = root.certificate(parts, root_certificate)
    assert v2x_verify_certificate(profile, certificate, root_certificate) is None
    assert v2x_verify_certificate(profile, certificate, root.certificate(parts)) == (
        "the signature is not of this key over these octets"
    )
    view = v2x_certificate(profile, certificate)
    assert view["issuer"] == v2x_certificate(profile, root_certificate)["id8"]
    assert view["psids"] == [111, 36]
    assert (view["start"], view["seconds"]) == (START, 168 * 3600)
    assert view["public"] == view["encryption_public"] == station.public()
    assert view["hash"] == v2x_hash(profile, certificate)
    value = v2x_decode(profile, "Certificate", certificate)
    assert value["toBeSigned"] == parts
    assert v2x_encode(profile, "Certificate", value) == certificate

    header = {"psid": 111, "generationTime": v2x_time64(1_700_000_000.5)}
    for attach in (False, True):
        message = station.message(v2x_unsecured(profile, b"payload"), header, certificate, attach=attach)
        assert v2x_verify(profile, message, certificate) is None
        seen = v2x_message(profile, message)
        assert (seen["kind"], seen["payload"], seen["psid"]) == ("signed", b"payload", 111)
        assert seen["signer"] == view["id8"]
        assert seen["certificates"] == ([certificate] if attach else [])
        assert v2x_posix(seen["generation_time"]) == 1_700_000_000.5
        changed = message.replace(b"payload", b"paYload")
        assert (
            v2x_verify(profile, changed, certificate) == "the signature is not of this key over these octets"
        )


@pytest.mark.parametrize("profile", PROFILES)
def test_lists_and_requests_are_signed(profile: str) -> None:
    root, certificate = root_of(profile)
    manager, manager_certificate = root_of(profile)
    name = {"1609.2": "sha256AndDigest", "ydt3957": "sm3AndDigest"}[profile]
    issuer = (name, v2x_certificate(profile, manager_certificate)["id8"])
    parts = {
        "version": 1,
        "issuer": issuer,
        "series": 1,
        "issueDate": START,
        "nextRootCtl": START + 86400,
        "pkiCtlInfoList": [{"rootCertificate": v2x_decode(profile, "Certificate", certificate)}],
    }
    signed = manager.root_list(parts, manager_certificate)
    assert v2x_verify_structure(profile, "RootCtl", signed, manager_certificate)["toBeSignedRootCtl"] == parts
    with pytest.raises(ValueError, match="is not of this key"):
        v2x_verify_structure(profile, "RootCtl", signed, certificate)

    vehicle = V2xKey.generate(profile)
    pdu = {
        "version": 1,
        "content": (
            "eca-ee",
            (
                "eeEcaCertRequest",
                {
                    "version": 1,
                    "generationTime": START,
                    "type": "explicit",
                    "tbsCert": to_be_signed(profile, vehicle.public(), certRequestPermissions=[]),
                },
            ),
        ),
    }
    seen = v2x_message(profile, vehicle.request(pdu))
    assert seen["kind"] == "request"
    opened = v2x_verify_structure(profile, "SignedCertificateRequest", seen["payload"])
    assert opened["tbsRequest"] == pdu
    seen = v2x_message(profile, root.request(pdu))
    with pytest.raises(ValueError, match="is not of this key"):
        v2x_verify_structure(profile, "SignedCertificateRequest", seen["payload"])


@pytest.mark.parametrize("profile", PROFILES)
def test_only_recipients_read_a_message(profile: str) -> None:
    one, other = V2xKey.generate(profile), V2xKey.generate(profile)
    parts = to_be_signed(profile, one.public(), encryptionKey=encryption_key(profile, one.public()))
    view = v2x_certificate(profile, one.certificate(parts))
    plain = b"to be read" * 30
    recipients = [(view["id8"], one.public(), view["hash"]), (b"", other.public(), b"")]
    message = v2x_encrypt(profile, plain, recipients)
    assert v2x_message(profile, message)["kind"] == "encrypted"
    assert one.decrypt(message, view["id8"], view["hash"]) == plain
    assert other.decrypt(message) == plain
    with pytest.raises(ValueError, match="not encrypted for this recipient"):
        V2xKey.generate(profile).decrypt(message)
    with pytest.raises(ValueError, match="is not for this key"):
        other.decrypt(message, view["id8"], view["hash"])
    with pytest.raises(ValueError, match="was changed"):
        other.decrypt(message[:-1] + bytes([message[-1] ^ 1]))
    # YD/T 3957 has the digest in front of the key
    value = v2x_decode(profile, "Data", message)["content"][1]["recipients"][0][1]["encKey"][1]
    order = ["v", "c", "t"] if profile == "1609.2" else ["v", "t", "c"]
    assert list(value) == order


@pytest.mark.parametrize("profile", PROFILES)
def test_butterfly_keys_meet(profile: str) -> None:
    seed, key, number = V2xKey.generate(profile), bytes(range(16)), bytes(31) + b"\x07"
    seen = set()
    for encryption in (False, True):
        for i, j in [(0, 0), (7, 19), (0xFFFFFFFF, 1)]:
            public = v2x_expand(profile, seed.public(), key, i, j, encryption=encryption)
            secret = seed.expand(key, i, j, encryption=encryption)
            assert secret.public() == public
            assert secret.blind(number).public() == v2x_blind(profile, public, number) != public
            seen.add(public)
    assert len(seen) == 6


@pytest.mark.parametrize("profile", PROFILES)
def test_seeds_revoke_forward_only(profile: str) -> None:
    seeds = [(b"\x00\x01", bytes(16)), (b"\x00\x02", bytes(range(16)))]

    def value(period: int, j: int) -> bytes:
        parts = [v2x_pre_linkage(profile, la, v2x_seed(profile, la, seed, period), j) for la, seed in seeds]
        return v2x_linkage(*parts)

    later = [v2x_seed(profile, la, seed, 5) for la, seed in seeds]
    for j in range(1, 21):
        parts = [
            v2x_pre_linkage(profile, la, v2x_seed(profile, la, seed, 2), j)
            for (la, _), seed in zip(seeds, later, strict=True)
        ]
        assert v2x_linkage(*parts) == value(7, j)
    assert len({value(i, j) for i in range(5) for j in range(1, 21)}) == 100


def test_time_counts_leap_seconds() -> None:
    posix = 1_600_999_485.0  # 2020-09-25T02:04:45Z
    assert v2x_time32(posix) - v2x_time32(posix, utc=True) == 5
    assert v2x_posix(v2x_time64(posix)) == v2x_posix(v2x_time64(posix, utc=True), utc=True) == posix


def test_what_is_wrong_is_named() -> None:
    key = V2xKey.generate("ydt3957")
    assert repr(key) == "<V2xKey>"
    with pytest.raises(ValueError, match=r"no profile .x."):
        V2xKey.generate("x")
    with pytest.raises(ValueError, match=r"no structure .Nothing."):
        v2x_encode("1609.2", "Nothing", {})
    parts = to_be_signed("ydt3957", key.public())
    cases: list[tuple[dict[str, Any], str]] = [
        ({"crlSeries": 70000}, "crlSeries: is out of range"),
        ({"crlSeries": "1"}, "crlSeries: a whole number is wanted"),
        ({"cracaId": b"1"}, "cracaId: is out of range"),
        ({"surprise": 1}, "another component is wanted"),
        ({"id": ("nothing", None)}, "another choice is wanted"),
        ({"validityPeriod": {"start": 1}}, "validityPeriod.duration: is missing"),
    ]
    for wrong, text in cases:
        with pytest.raises(ValueError, match=text):
            v2x_encode("ydt3957", "ToBeSignedCertificate", {**parts, **wrong})
    with pytest.raises(ValueError, match="octet"):
        v2x_decode("ydt3957", "Certificate", b"\x80\x03\x00")


def test_published_certificates(corpus: Path) -> None:
    folder = corpus.parent / "vectors"
    octets = json.loads((folder / "ydt3957/vectors.json").read_text())["caict_trcla_root_certificate"]
    root = bytes.fromhex(octets["hex"])
    assert v2x_verify_certificate("ydt3957", root) is None
    assert "not public" in (v2x_verify_certificate("1609.2", root) or "")
    manager = (folder / "its/tlm.oer").read_bytes()
    assert v2x_verify("1609.2", (folder / "its/ectl.oer").read_bytes(), manager) is None

"""sentinel/ca/keys: every kind of key signs, is verified by OpenSSL, and survives its file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel import _native
from sentinel.ca import files
from sentinel.ca.keys import PublicKey, generate, pkcs8
from sentinel.ca.keys.algorithms import ALGORITHMS, SM2_ID
from sentinel.ca.keys.contract import sign_all
from sentinel.ca.keys.files import key_pem, read_key, write_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.keys.software import SoftwareKey, from_pkcs8
from sentinel.ca.x509 import der
from sentinel.errors import UserError
from tests.ca.oracles.openssl import DISTID, OpenSsl

KEYS = {name: generate(name) for name in ALGORITHMS if name != "rsa4096"}
DIGESTS = {"sm2": "sm3", "p256": "sha256", "p384": "sha384", "ed25519": "", "rsa3072": "sha256"}
MESSAGE = b"what is signed"
SHIPPED_N = pkcs8._N
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
ROOT = pow(B, (PRIME + 1) // 4, PRIME)
"""(0, ROOT) is on P-256; (PRIME, ROOT) is the same point written in a way that is refused."""


def identifier(algorithm: str) -> str | None:
    """The distinguishing identifier that OpenSSL is told; other algorithms refuse one."""
    return DISTID if algorithm == "sm2" else None


@pytest.mark.parametrize("name", KEYS)
def test_a_signature_is_verified_here_and_by_openssl(name: str, openssl: OpenSsl) -> None:
    key = KEYS[name]
    signature = key.sign(MESSAGE)
    public = PublicKey(key.spki())
    assert public.algorithm == name
    assert public.verify(key.signature_algorithm(), MESSAGE, signature)
    openssl.signature(key.spki(), MESSAGE, signature, digest=DIGESTS[name])


@pytest.mark.parametrize("name", KEYS)
def test_other_octets_keys_and_algorithms_are_no_signature(name: str) -> None:
    key = KEYS[name]
    signature, mark = key.sign(MESSAGE), key.signature_algorithm()
    public = PublicKey(key.spki())
    assert not public.verify(mark, MESSAGE + b".", signature)
    for at in range(len(signature)):
        changed = signature[:at] + bytes((signature[at] ^ 1,)) + signature[at + 1 :]
        assert not public.verify(mark, MESSAGE, changed)
    assert not PublicKey(generate(name).spki()).verify(mark, MESSAGE, signature)
    for other, marked in ((o, ALGORITHMS[o].signature) for o in KEYS):
        assert public.verify(marked, MESSAGE, signature) == (marked == mark), other


def test_null_parameters_of_sm2_are_taken() -> None:
    key = KEYS["sm2"]
    mark = der.sequence(der.oid("1.2.156.10197.1.501"), der.null())
    assert PublicKey(key.spki()).verify(mark, MESSAGE, key.sign(MESSAGE))


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("passphrase", [None, b"a passphrase, \xc3\xa9ncrypted"])
def test_a_key_file_is_read_back_and_by_openssl(
    name: str,
    passphrase: bytes | None,
    tmp_path: Path,
    openssl: OpenSsl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pkcs8, "_N", SHIPPED_N)
    path = tmp_path / "key.pem"
    write_key(path, KEYS[name], passphrase)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = read_key(path, passphrase)
    assert found.pkcs8() == KEYS[name].pkcs8()
    assert found.spki() == KEYS[name].spki()
    secret = openssl.write("pass", passphrase or b"none")
    said = openssl.run("pkey", "-in", path, "-passin", f"file:{secret}", "-pubout")
    assert files.unpem(said.encode(), "PUBLIC KEY") == [("PUBLIC KEY", KEYS[name].spki())]


@pytest.mark.parametrize(
    "options", [[], ["-scrypt"], ["-v2", "aes128"], ["-v2prf", "hmacWithSHA512"], ["-iter", "100000"]]
)
@pytest.mark.parametrize("name", ["sm2", "p256"])
def test_key_files_of_openssl_are_read(
    name: str, options: list[str], tmp_path: Path, openssl: OpenSsl
) -> None:
    plain = openssl.write("plain.pem", key_pem(KEYS[name], None))
    sealed = tmp_path / "sealed.pem"
    openssl.run("pkcs8", "-topk8", "-in", plain, "-out", sealed, "-passout", "pass:secret words", *options)
    assert read_key(sealed, b"secret words").spki() == KEYS[name].spki()
    with pytest.raises(UserError, match=r"sealed\.pem: private key: the passphrase is wrong"):
        read_key(sealed, b"other words")
    with pytest.raises(UserError, match="is encrypted; give its passphrase"):
        read_key(sealed, None)


def test_an_sm4_key_file_is_read_back() -> None:
    info = KEYS["sm2"].pkcs8()
    sealed = pkcs8.encrypt(info, b"words", cipher=pkcs8.SM4)
    assert der.oid(pkcs8.SM4) in sealed
    assert pkcs8.decrypt(sealed, b"words") == info


def test_openssl_opens_a_key_file_under_sm4(openssl: OpenSsl, tmp_path: Path) -> None:
    path = tmp_path / "own.pem"
    write_key(path, KEYS["p256"], b"words", "sm4")
    (tmp_path / "words").write_bytes(b"words\n")
    said = openssl.run("pkey", "-in", path, "-passin", f"file:{tmp_path / 'words'}", "-noout", "-text_pub")
    assert "prime256v1" in said
    assert "sm4-cbc" in openssl.run("asn1parse", "-in", path)


def test_a_file_cannot_ask_for_any_amount_of_work() -> None:
    sealed = pkcs8.encrypt(KEYS["p256"].pkcs8(), b"words")
    asked = sealed.replace(der.integer(pkcs8._N) + der.integer(8), der.integer(1 << 29) + der.integer(8))
    assert asked != sealed
    whole = der.sequence(asked[4:])
    with pytest.raises(UserError, match=r"scrypt with N=|no encrypted PKCS#8"):
        pkcs8.decrypt(whole, b"words")


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_octets_are_refused_in_one_line(data: bytes) -> None:
    for read in (PublicKey, from_pkcs8, lambda octets: pkcs8.decrypt(octets, b"words")):
        with pytest.raises(UserError) as refused:
            read(data)
        assert "\n" not in refused.value.message


@pytest.mark.parametrize("name", ["sm2", "p256"])
@given(data=st.data())
@settings(max_examples=100)
def test_a_changed_key_is_refused_or_another_key(name: str, data: st.DataObject) -> None:
    spki = bytearray(KEYS[name].spki())
    at = data.draw(st.integers(0, len(spki) - 1))
    spki[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(UserError):
        PublicKey(bytes(spki))


@pytest.mark.parametrize("name", KEYS)
def test_many_signatures_at_once(name: str) -> None:
    key = KEYS[name]
    messages = [MESSAGE[:size] for size in range(len(MESSAGE))]
    public, signatures = PublicKey(key.spki()), sign_all(key, messages)
    assert len(signatures) == len(messages)
    for message, signature in zip(messages, signatures, strict=True):
        assert public.verify(key.signature_algorithm(), message, signature)
    assert sign_all(key, []) == []


@settings(max_examples=200)
@given(x=st.integers(0, 2**256 - 1), flip=st.integers(0, 520), size=st.integers(60, 70))
def test_points_of_p256_are_those_of_another_library(x: int, flip: int, size: int) -> None:
    point = bytearray(PublicKey(KEYS["p256"].spki()).octets)
    if flip < 8 * len(point):
        point[flip // 8] ^= 1 << flip % 8
    for octets in (bytes(point), bytes(point)[:size], b"\x04" + x.to_bytes(32, "big") + bytes(point[33:])):
        spki = der.sequence(ALGORITHMS["p256"].key, der.bits(octets))
        try:
            load_der_public_key(spki)
            good = True
        except ValueError:
            good = False
        try:
            assert PublicKey(spki).algorithm == "p256"
            taken = True
        except UserError:
            taken = False
        assert taken == good


@pytest.mark.parametrize(
    "point", [bytes(64), b"\xff" * 64, PRIME.to_bytes(32, "big") + ROOT.to_bytes(32, "big")]
)
def test_no_points_of_p256(point: bytes) -> None:
    with pytest.raises(UserError, match="no point of P-256"):
        PublicKey(der.sequence(ALGORITHMS["p256"].key, der.bits(b"\x04" + point)))


def test_p256_with_a_longer_digest_and_compressed_is_verified() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(MESSAGE, ec.ECDSA(hashes.SHA512()))
    whole = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    short = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    sha512 = der.sequence(der.oid("1.2.840.10045.4.3.4"))
    for spki in (whole, der.sequence(ALGORITHMS["p256"].key, der.bits(short))):
        public = PublicKey(spki)
        assert public.verify(sha512, MESSAGE, signature)
        assert not public.verify(ALGORITHMS["p256"].signature, MESSAGE, signature)


def test_compressed_keys_of_sm2_are_taken() -> None:
    key = KEYS["sm2"]
    point = PublicKey(key.spki()).octets
    spki = der.sequence(ALGORITHMS["sm2"].key, der.bits(_native.sm2_compress(point)))
    assert PublicKey(spki).verify(key.signature_algorithm(), MESSAGE, key.sign(MESSAGE))


def test_the_native_module_signs_under_the_standard_identifier() -> None:
    key = KEYS["sm2"]
    assert _native.sm2_verify(PublicKey(key.spki()).octets, SM2_ID, MESSAGE, key.sign(MESSAGE))
    assert not _native.sm2_verify(PublicKey(key.spki()).octets, b"other", MESSAGE, key.sign(MESSAGE))


def test_a_file_is_never_written_over_by_mistake(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    key: SoftwareKey = KEYS["p256"]
    write_key(path, key, None)
    before = path.read_bytes()
    with pytest.raises(UserError, match="is there already"):
        write_key(path, KEYS["sm2"], None)
    assert path.read_bytes() == before
    write_key(path, KEYS["sm2"], None, force=True)
    assert path.read_bytes() != before
    assert [left.name for left in tmp_path.iterdir()] == ["key.pem"]


CASES: dict[str, tuple[str, dict[str, bytes | None]]] = {
    "one line": ("open sesame\n", {"root": b"open sesame", "key": b"open sesame"}),
    "one line with a colon": ("note: open sesame\n", {"root": b"note: open sesame"}),
    "named": ("root: one two\nissuing: three\n", {"root": b"one two", "issuing": b"three", "key": None}),
    "one named": ("root: one two\n", {"root": b"one two", "issuing": None}),
}


@pytest.mark.parametrize("case", CASES)
def test_passphrase_files(case: str, tmp_path: Path) -> None:
    text, expected = CASES[case]
    path = tmp_path / "passphrases"
    path.write_text(text, encoding="utf-8")
    found = Passphrases.from_file(path, frozenset({"root", "issuing", "key"}))
    assert {name: found.get(name) for name in expected} == expected
    assert "sesame" not in repr(found)


@pytest.mark.parametrize("text", ["", "\n", "one\ntwo\n", "root: one\ntwo\n"])
def test_other_passphrase_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "passphrases"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="one line with the passphrase") as refused:
        Passphrases.from_file(path, frozenset({"root"}))
    assert "two" not in refused.value.message


def test_a_new_key_wants_a_passphrase_of_some_length() -> None:
    with pytest.raises(UserError, match="no passphrase"):
        Passphrases().fresh("root")
    with pytest.raises(UserError, match="3 octets; 4 or more"):
        Passphrases("abc").fresh("root")

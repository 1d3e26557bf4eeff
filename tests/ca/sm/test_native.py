"""SM2, SM3 and SM4 as Python has them: against `cryptography` where it has them, and what is refused."""

from __future__ import annotations

import threading

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from sentinel import _native

ID = b"1234567812345678"
BLOCK = st.binary(min_size=16, max_size=16)
NONCE = st.binary(min_size=12, max_size=12)


def theirs(key: bytes, mode: modes.Mode, text: bytes) -> bytes:
    encryptor = Cipher[modes.Mode](algorithms.SM4(key), mode).encryptor()  # type: ignore[misc]
    return encryptor.update(text) + encryptor.finalize()


@given(st.lists(st.binary(max_size=200)))
def test_sm3(pieces: list[bytes]) -> None:
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"".join(pieces))
    expected = digest.finalize()
    assert _native.sm3(b"".join(pieces)) == expected
    ours = _native.Sm3(b"")
    for piece in pieces:
        ours.update(piece)
    other = ours.copy()
    other.update(b"more")
    assert ours.digest() == expected
    assert other.digest() == _native.sm3(b"".join(pieces) + b"more")


@given(BLOCK, BLOCK, st.binary(max_size=200))
def test_sm4(key: bytes, start: bytes, text: bytes) -> None:
    blocks = text[: len(text) // 16 * 16]
    assert _native.sm4_ecb(key, blocks) == theirs(key, modes.ECB(), blocks)
    assert _native.sm4_cbc(key, start, blocks) == theirs(key, modes.CBC(start), blocks)
    assert _native.sm4_ctr(key, start, text) == theirs(key, modes.CTR(start), text)
    assert _native.sm4_ecb(key, _native.sm4_ecb(key, blocks), decrypt=True) == blocks
    assert _native.sm4_cbc(key, start, _native.sm4_cbc(key, start, blocks), decrypt=True) == blocks
    assert _native.sm4_ctr(key, start, _native.sm4_ctr(key, start, text)) == text
    assert _native.sm4_ctr(key, b"\xff" * 16, text) == theirs(key, modes.CTR(b"\xff" * 16), text)


def ccm(key: bytes, nonce: bytes, text: bytes, additional: bytes) -> bytes:
    """CCM put together from RFC 3610, section 2, with L = 3 and M = 16, over another's SM4."""

    def padded(octets: bytes) -> bytes:
        return octets + bytes(-len(octets) % 16)

    first = bytes([64 * bool(additional) + 8 * 7 + 2]) + nonce + len(text).to_bytes(3)
    head = len(additional).to_bytes(2) + additional if additional else b""
    mac = theirs(key, modes.CBC(bytes(16)), first + padded(head) + padded(text))[-16:]
    stream = theirs(key, modes.CTR(b"\2" + nonce + bytes(3)), bytes(16) + text)
    return stream[16:] + bytes(a ^ b for a, b in zip(mac, stream[:16], strict=True))


@given(BLOCK, NONCE, st.binary(max_size=100), st.binary(max_size=300), st.integers(min_value=0))
def test_sm4_ccm(key: bytes, nonce: bytes, text: bytes, additional: bytes, flip: int) -> None:
    sealed = _native.sm4_ccm_seal(key, nonce, text, additional)
    assert sealed == ccm(key, nonce, text, additional)
    assert _native.sm4_ccm_open(key, nonce, sealed, additional) == text
    at, bit = flip % len(sealed), flip % 8
    bad = sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :]
    with pytest.raises(ValueError, match="was changed"):
        _native.sm4_ccm_open(key, nonce, bad, additional)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_a_signature_holds_for_its_key_id_and_message_only(id: bytes, message: bytes) -> None:
    key, other = _native.Sm2Key.generate(), _native.Sm2Key.generate()
    public = key.public()
    signature = key.sign(id, message)
    assert _native.sm2_verify(public, id, message, signature)
    assert _native.sm2_verify(_native.sm2_compress(public), id, message, signature)
    assert not _native.sm2_verify(other.public(), id, message, signature)
    assert not _native.sm2_verify(public, id + b"\0", message, signature)
    assert not _native.sm2_verify(public, id, message + b"\0", signature)
    e = _native.sm2_digest(public, id, message)
    raw = _native.sm2_signature_raw(signature)
    assert _native.sm2_verify_digest(public, e, raw)
    assert _native.sm2_signature_der(raw) == signature


def test_functions_are_the_methods() -> None:
    secret = _native.sm2_generate()
    public = _native.sm2_public(secret)
    assert len(secret) == 32
    assert _native.Sm2Key(secret).public() == public
    assert _native.Sm2Key(secret).secret() == secret
    assert _native.sm2_verify(public, ID, b"x", _native.sm2_sign(secret, ID, b"x"))
    assert _native.sm2_verify_digest(public, bytes(32), _native.sm2_sign_digest(secret, bytes(32)))
    for der in (False, True):
        assert (
            _native.sm2_decrypt(secret, _native.sm2_encrypt(public, b"x" * 40, der=der), der=der) == b"x" * 40
        )
    assert _native.sm2_decompress(_native.sm2_compress(public)) == public
    assert secret.hex() not in repr(_native.Sm2Key(secret))


def test_what_is_refused_is_said_in_one_line() -> None:
    key = _native.Sm2Key.generate()
    public = key.public()
    off = public[:-1] + bytes([public[-1] ^ 1])
    for call, what in (
        (lambda: _native.Sm2Key(bytes(32)), "32 octets of a number from 1 to n - 2"),
        (lambda: _native.sm2_sign(b"short", ID, b""), "32 octets of a number"),
        (lambda: _native.sm2_verify(off, ID, b"", b""), "the public key is not on SM2's curve"),
        (lambda: _native.sm2_compress(b"\6" + public[1:]), "the public key is no point"),
        (lambda: _native.sm2_compress(b"\2" + b"\xff" * 32), "not less than the curve's prime"),
        (lambda: key.sign_digest(bytes(31)), "the digest has 31 octets instead of 32"),
        (lambda: key.sign(bytes(8192), b""), "longer than 8191 octets"),
        (lambda: key.decrypt(public), "is no SM2 ciphertext"),
        (lambda: _native.sm2_encrypt(public, b""), "an empty message"),
        (lambda: _native.sm4_ecb(bytes(15), b""), "an SM4 key has 15 octets instead of 16"),
        (lambda: _native.sm4_ecb(bytes(16), bytes(17)), "17 octets are not whole blocks"),
        (lambda: _native.sm4_ccm_seal(bytes(16), bytes(11), b""), "the nonce has 11 octets"),
    ):
        with pytest.raises(ValueError, match=what) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert not _native.sm2_verify(public, bytes(8192), b"", key.sign(ID, b""))


def test_a_batch_says_the_same_on_any_number_of_threads() -> None:
    key = _native.Sm2Key.generate()
    public, e = key.public(), bytes(range(32))
    good = (public, e, key.sign_digest(e))
    bad = (public, bytes(32), key.sign_digest(e))
    off = (public[:-1] + bytes([public[-1] ^ 1]), e, good[2])
    cases = [good, bad, _packed(good), off] * 25
    expected = [True, False, True, False] * 25
    for threads in (0, 1, 2, 3, 7, 1000):
        assert _native.sm2_verify_many(cases, threads) == expected
    assert _native.sm2_verify_many([], 4) == []
    with pytest.raises(ValueError, match="the digest has 3 octets"):
        _native.sm2_verify_many([(public, b"abc", good[2])])


def _packed(case: tuple[bytes, bytes, bytes]) -> tuple[bytes, bytes, bytes]:
    return (_native.sm2_compress(case[0]), *case[1:])


def test_the_interpreter_goes_on_beside_a_batch() -> None:
    key = _native.Sm2Key.generate()
    e = bytes(32)
    cases = [(key.public(), e, key.sign_digest(e))] * 3_000
    done = threading.Event()

    def work() -> None:
        assert all(_native.sm2_verify_many(cases))
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    turns = 0
    while not done.is_set():
        turns += 1
    thread.join()
    assert turns > 1000  # with the lock held it would be a few at most

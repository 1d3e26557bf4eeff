"""Readers of JWS and JWK: what is written is read back exactly, anything else is refused and never a fault."""

from __future__ import annotations

import functools
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import example, given
from hypothesis import strategies as st
from josepy.jwk import JWKEC, JWKRSA

from sentinel.ca.serve.acme import jwk, jws
from sentinel.ca.serve.acme.problems import AcmeError

KINDS = ("ES256", "RS256", "EdDSA")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
B64 = st.binary(max_size=80).map(jwk.written)
ODDLY = st.one_of(B64, st.text(max_size=12), JSON)
"""A value where base64url belongs."""


@functools.cache
def keys(kind: str) -> tuple[Any, ...]:
    """A few keys of a kind; making RSA takes long."""
    if kind == "RS256":
        return tuple(rsa.generate_private_key(65537, size) for size in (2048, 2056))
    made = [
        ec.generate_private_key(ec.SECP256R1()) if kind == "ES256" else ed25519.Ed25519PrivateKey.generate()
        for _ in range(8)
    ]
    return tuple(made)


def shown(key: Any) -> dict[str, Any]:
    """The public key as another implementation writes it."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": jwk.written(key.public_key().public_bytes_raw())}
    kind = JWKRSA if isinstance(key, rsa.RSAPrivateKey) else JWKEC
    out: dict[str, Any] = kind(key=key.public_key()).to_json()
    return out


def signature(key: Any, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return bytes(key.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        parts = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return b"".join(part.to_bytes(32, "big") for part in parts)
    return bytes(key.sign(message))


def flat(header: Any, payload: bytes, key: Any) -> dict[str, str]:
    protected, body = jwk.written(json.dumps(header).encode()), jwk.written(payload)
    made = signature(key, f"{protected}.{body}".encode())
    return {"protected": protected, "payload": body, "signature": jwk.written(made)}


def refused(error: AcmeError) -> bool:
    """Whether a refusal is the client's fault and says something."""
    return 400 <= error.status < 500 and bool(error.message) and error.message.isprintable()


def outcome(read: Callable[..., Any], *given: Any) -> Any:
    """What a reader gives, or its refusal."""
    try:
        return read(*given)
    except AcmeError as error:
        return error


@given(st.binary())
def test_octets_come_back(data: bytes) -> None:
    text = jwk.written(data)
    assert jwk.octets(text, "x") == data
    assert "=" not in text


@given(st.text() | st.text("ABab01-_", max_size=9) | JSON)
@example("AB")
@example("AA==")
@example("AA\n")
def test_one_way_to_write_octets(text: Any) -> None:
    """What is read is written so again, letter by letter."""
    data = outcome(jwk.octets, text, "x")
    assert refused(data) if isinstance(data, AcmeError) else jwk.written(data) == text


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_keys_come_back(kind: str, data: st.DataObject) -> None:
    """In any order and with other members: the same key, in the one form a thumbprint is made of."""
    key = data.draw(st.sampled_from(keys(kind)))
    known = shown(key)
    more = data.draw(st.dictionaries(st.text(max_size=5).filter(lambda name: name != "d"), JSON, max_size=3))
    members = data.draw(st.permutations(list({**more, **known}.items())))
    found = jwk.read(dict(members))
    assert (found.algorithm, found.key) == (kind, key.public_key())
    assert json.loads(found.text) == {name: known[name] for name in found_members(known)}
    again = jwk.read(json.loads(found.text))
    assert (again.text, again.spki()) == (found.text, found.spki())
    with pytest.raises(AcmeError, match="private key"):
        jwk.read({**dict(members), "d": "AAAA"})


def found_members(known: dict[str, Any]) -> list[str]:
    return [name for name in ("crv", "e", "kty", "n", "x", "y") if name in known]


@pytest.mark.parametrize("kind", KINDS[:2])
def test_thumbprints_are_those_of_others(kind: str) -> None:
    for key in keys(kind):
        other = JWKRSA if kind == "RS256" else JWKEC
        expected = jwk.written(other(key=key.public_key()).thumbprint())
        assert jwk.read(shown(key)).thumbprint() == expected


def test_the_thumbprint_of_the_standard() -> None:
    """RFC 8037, A.3."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert jwk.read(key).thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@given(
    st.fixed_dictionaries(
        {"kty": st.sampled_from(["EC", "RSA", "OKP"]) | JSON},
        optional={
            "crv": st.sampled_from(["P-256", "Ed25519", "P-384"]) | JSON,
            **dict.fromkeys(
                ("x", "y", "n", "e", "d", "k"), ODDLY | st.binary(min_size=32, max_size=32).map(jwk.written)
            ),
        },
    )
    | JSON
)
def test_what_is_no_key(found: Any) -> None:
    key = outcome(jwk.read, found)
    assert refused(key) if isinstance(key, AcmeError) else jwk.read(json.loads(key.text)).text == key.text


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), payload=st.binary(max_size=200), url=st.text(max_size=30), nonce=st.text(max_size=20))
def test_signed_requests_come_back(
    kind: str, data: st.DataObject, payload: bytes, url: str, nonce: str
) -> None:
    """Each part as it was written; with one letter changed in any part nothing holds any more."""
    key, other = data.draw(st.lists(st.sampled_from(keys(kind)), min_size=2, max_size=2, unique=True))
    by: dict[str, Any] = {"kid": "https://x/acme/account/1"}
    if data.draw(st.booleans()):
        by = {"jwk": shown(key)}
    whole = flat({"alg": kind, "url": url, "nonce": nonce, **by}, payload, key)
    public = jwk.read(shown(key))
    for given_as in (json.dumps(whole).encode(), whole):
        found = jws.read(given_as)
        assert (found.algorithm, found.url, found.nonce, found.payload) == (kind, url, nonce, payload)
        assert (found.kid, found.key) == (by.get("kid"), public if "jwk" in by else None)
        found.check(public)
        with pytest.raises(AcmeError, match="does not hold"):
            found.check(jwk.read(shown(other)))
    part = data.draw(st.sampled_from([name for name, text in whole.items() if text]))
    at = data.draw(st.integers(0, len(whole[part]) - 1))
    letter = data.draw(st.sampled_from("AZaz09-_=.").filter(lambda one: one != whole[part][at]))
    changed = {**whole, part: whole[part][:at] + letter + whole[part][at + 1 :]}
    with pytest.raises(AcmeError) as caught:
        jws.read(json.dumps(changed).encode()).check(public)
    assert refused(caught.value)


@given(
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(
        st.sampled_from(["protected", "payload", "signature", "header"]), ODDLY, min_size=2
    ).map(lambda value: json.dumps(value).encode())
)
@example(b"[" * 100_000)
@example(b'{"protected":' * 50_000)
@example(b'{"protected": "\\ud800", "payload": "", "signature": ""}')
def test_what_is_no_jws(data: bytes) -> None:
    with pytest.raises(AcmeError) as caught:
        jws.read(data)
    assert refused(caught.value)


@given(
    st.dictionaries(
        st.sampled_from(["alg", "url", "nonce", "kid", "jwk", "crit", "b64", "x"]),
        JSON | st.sampled_from([*KINDS, "none", "HS256"]),
        min_size=1,
    ),
    st.binary(max_size=20),
)
def test_any_header(header: dict[str, Any], payload: bytes) -> None:
    """Read or refused; nothing holds under a key that did not sign it."""
    key = keys("EdDSA")[0]
    whole = flat(header, payload, key)
    whole["signature"] = jwk.written(bytes(64))
    found = outcome(jws.read, json.dumps(whole).encode())
    if not isinstance(found, AcmeError):
        assert (found.kid is None) != (found.key is None)
        found = outcome(found.check, jwk.read(shown(key)))
    assert isinstance(found, AcmeError)
    assert refused(found)


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=64), st.binary(max_size=40))
def test_macs(secret: bytes, other: bytes, payload: bytes) -> None:
    header = {"alg": "HS256", "kid": "1", "url": "u"}
    protected, body = jwk.written(json.dumps(header).encode()), jwk.written(payload)
    made = hmac.digest(secret, f"{protected}.{body}".encode(), "sha256")
    found = jws.read({"protected": protected, "payload": body, "signature": jwk.written(made)})
    assert found.check_mac(secret)
    same = secret.ljust(64, b"\0") == other.ljust(64, b"\0")  # HMAC pads keys so (RFC 2104, 2)
    assert found.check_mac(other) == same
    wrong = jws.read({"protected": protected, "payload": body, "signature": jwk.written(made[:-1])})
    assert not wrong.check_mac(secret)

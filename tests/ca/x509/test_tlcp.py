"""TLCP pairs: two certificates for one subject, and the encryption key that only the signing key opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel import _native
from sentinel.ca.authority import Authority
from sentinel.ca.keys import generate
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.keys.software import Sm2Key
from sentinel.ca.x509 import certificate, der, envelope, extensions, names, request
from sentinel.ca.x509.order import Issued, Order
from sentinel.errors import UserError
from tests.ca.conftest import PASSPHRASE
from tests.ca.oracles.programs import Oracle

SUBJECT = names.parse("CN=gateway.plant,O=Works")


def _issued(ca: Callable[[str], Path], key: Sm2Key) -> tuple[Issued, list[certificate.Certificate]]:
    with Authority.open(ca("sm2"), Passphrases(PASSPHRASE)) as authority:
        order = Order("tlcp", request=request.make(key, SUBJECT))
        [issued] = authority.issuer().issue([order])
        assert isinstance(issued, Issued), issued
        assert issued.pair_der is not None
        rows = [authority.register.certificate(serial) for serial in (issued.serial, issued.pair_serial)]
        assert rows[0] is not None
        assert rows[1] is not None
        assert rows[0].pair_id is not None
        assert rows[0].pair_id == rows[1].pair_id
        assert [row.serial for row in authority.register.pair(rows[0].pair_id)] == [
            issued.serial,
            issued.pair_serial,
        ]
    return issued, [certificate.read(issued.der), certificate.read(issued.pair_der)]


def test_a_pair_shares_all_but_key_serial_and_use(ca: Callable[[str], Path]) -> None:
    key = generate("sm2")
    assert isinstance(key, Sm2Key)
    _, (sign, encrypt) = _issued(ca, key)
    assert sign.subject == encrypt.subject == SUBJECT
    assert (sign.not_before, sign.not_after) == (encrypt.not_before, encrypt.not_after)
    assert sign.alt_names() == encrypt.alt_names()
    assert sign.spki == key.spki() != encrypt.spki
    assert sign.serial != encrypt.serial
    assert sign.extensions[extensions.KEY_USE] == der.named_bits(0, 1)
    assert encrypt.extensions[extensions.KEY_USE] == der.named_bits(2, 3, 4)
    for one in (sign, encrypt):
        assert extensions.CONSTRAINTS not in one.extensions


def test_the_envelope_opens_to_the_encryption_key(ca: Callable[[str], Path]) -> None:
    key = generate("sm2")
    assert isinstance(key, Sm2Key)
    issued, (_, encrypt) = _issued(ca, key)
    assert issued.enveloped is not None
    public, secret = envelope.unseal(issued.enveloped, _native.Sm2Key(key.secret))
    assert public == encrypt.key.octets
    assert _native.Sm2Key(secret).public() == public
    other = generate("sm2")
    assert isinstance(other, Sm2Key)
    with pytest.raises(UserError, match="enveloped key"):
        envelope.unseal(issued.enveloped, _native.Sm2Key(other.secret))


def test_the_envelope_is_opened_by_code_of_others(
    ca: Callable[[str], Path], gmsm: Oracle, bouncycastle: Oracle
) -> None:
    """By gmsm and Bouncy Castle, which know nothing of sentinel: SM2Cipher by SM2, the key under SM4-ECB."""
    key = generate("sm2")
    assert isinstance(key, Sm2Key)
    issued, _ = _issued(ca, key)
    assert issued.enveloped is not None
    assert issued.pair_der is not None
    found = envelope.unseal(issued.enveloped, _native.Sm2Key(key.secret))[1]
    for judge in (gmsm, bouncycastle):
        said = judge.ask("envelope", key.secret, issued.enveloped, issued.pair_der)
        assert found.hex() in said


def test_a_changed_envelope_is_refused() -> None:
    holder, other = _native.Sm2Key.generate(), _native.Sm2Key.generate()
    data = envelope.seal(holder.public(), other.public(), other.secret())
    assert envelope.unseal(data, holder) == (other.public(), other.secret())
    for at in range(len(data)):
        changed = data[:at] + bytes((data[at] ^ 4,)) + data[at + 1 :]
        with pytest.raises(UserError) as refused:
            envelope.unseal(changed, holder)
        assert "\n" not in refused.value.message


def test_the_form_without_the_mode_is_taken() -> None:
    holder, other = _native.Sm2Key.generate(), _native.Sm2Key.generate()
    outer = der.Reader(envelope.seal(holder.public(), other.public(), other.secret())).enter()
    outer.raw()
    rest = b"".join(outer.raw() for _ in range(3))
    short = der.sequence(der.sequence(der.oid(envelope.SM4)), rest)
    assert envelope.unseal(short, holder) == (other.public(), other.secret())


def test_whole_chains_of_a_pair_are_valid_to_others(
    ca: Callable[[str], Path], gmsm: Oracle, bouncycastle: Oracle
) -> None:
    key = generate("sm2")
    assert isinstance(key, Sm2Key)
    issued, (sign, _) = _issued(ca, key)
    with Authority.open(ca("sm2"), readonly=True) as authority:
        issuing, root = (one.der for one in authority.chain())
    at = sign.not_before.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert issued.pair_der is not None
    for judge in (gmsm, bouncycastle):
        for leaf in (issued.der, issued.pair_der):
            judge.ask("chain", at, root, issuing, leaf)
            changed = bytearray(leaf)
            changed[-1] ^= 1
            assert judge.refuses("chain", at, root, issuing, bytes(changed))

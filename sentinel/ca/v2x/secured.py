"""Secured data: octets signed or encrypted, and read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sentinel import _native
from sentinel.ca.v2x import certificate
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.suite import Suite
from sentinel.errors import UserError


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed data that was read. `signer` is the HashedId8 of who signed, in hexadecimal; `certificates` what
    came with it, the signer's own first; `time` Time64, None if it does not say."""

    octets: bytes
    payload: bytes
    aid: int
    time: int | None
    signer: str
    certificates: tuple[Certificate, ...]


def sign(
    payload: bytes,
    key: _native.V2xKey,
    signer: Certificate,
    suite: Suite,
    *,
    aid: int,
    time: int | None,
    attach: bool = False,
) -> bytes:
    """Data that is signed. The signer is named by its digest, or its certificate is attached. `time` is
    Time64, None to say none."""
    header: dict[str, Any] = {"psid": aid}
    if time is not None:
        header["generationTime"] = time
    inner = _native.v2x_unsecured(suite.name, payload)
    return key.message(inner, header, signer.octets, attach=attach)


def read(octets: bytes, suite: Suite, what: object = "message") -> Signed:
    """What was signed. Nothing is verified: see `verify`."""
    try:
        found = _native.v2x_message(suite.name, octets)
    except ValueError as error:
        raise UserError(f"{what}: is no message of {suite.name}: {error}") from None
    if found["kind"] != "signed":
        raise UserError(f"{what}: is {found['kind']}, and not signed")
    if found["payload"] is None or found["signer"] is None:
        raise UserError(f"{what}: signed plain data is taken, by who has a certificate")
    chain = tuple(certificate.read(one, suite, f"{what}: certificate") for one in found["certificates"])
    return Signed(
        octets, found["payload"], found["psid"], found["generation_time"], found["signer"].hex(), chain
    )


def verify(found: Signed, signer: Certificate, suite: Suite, what: object = "message") -> bytes:
    """The payload. `UserError` unless it is signed by the holder of a certificate, who may do that for the
    application it names."""
    if found.signer != signer.id8:
        raise UserError(f"{what}: is signed by {found.signer}, not by {signer.id8}")
    if found.aid not in signer.aids:
        raise UserError(f"{what}: {signer.id8} may not sign for application {found.aid}")
    wrong = _native.v2x_verify(suite.name, found.octets, signer.octets)
    if wrong is not None:
        raise UserError(f"{what}: {wrong}")
    return found.payload


def opened(octets: bytes, signer: Certificate, suite: Suite, what: object = "message") -> bytes:
    """The payload of what a role sent, signed with its certificate."""
    return verify(read(octets, suite, what), signer, suite, what)


def seal(payload: bytes, recipient: Certificate, suite: Suite) -> bytes:
    """Data that only the holder of a certificate can read."""
    key = recipient.encryption
    if key is None:
        raise UserError(f"certificate {recipient.id8}: has no key to encrypt to")
    return _native.v2x_encrypt(suite.name, payload, [(recipient.digest[-8:], key, recipient.digest)])


def unseal(octets: bytes, key: _native.V2xKey, recipient: Certificate, what: object = "message") -> bytes:
    """What was encrypted for a certificate."""
    try:
        return key.decrypt(octets, recipient.digest[-8:], recipient.digest)
    except ValueError as error:
        raise UserError(f"{what}: {error}") from None

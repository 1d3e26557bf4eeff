"""Structures to octets and back. A record is a dict, a choice a pair of its name and value."""

from __future__ import annotations

from typing import Any

from sentinel import _native
from sentinel.ca.v2x.suite import Suite
from sentinel.errors import UserError


def encode(name: str, value: Any, suite: Suite) -> bytes:
    """Octets of a structure. A value that is not of its type is a fault of the program: `ValueError`."""
    return _native.v2x_encode(suite.name, name, value)


def decode(name: str, octets: bytes, suite: Suite, what: object = "") -> Any:
    """The value of a structure. `UserError` names `what` for octets that are none."""
    try:
        return _native.v2x_decode(suite.name, name, octets)
    except ValueError as error:
        raise UserError(f"{what or name}: is no {name} of {suite.name}: {error}") from None


def point(compressed: bytes) -> tuple[str, bytes]:
    """A point from 02 or 03 and x."""
    return (f"compressed-y-{compressed[0] & 1}", compressed[1:])


def compressed(point: tuple[str, Any]) -> bytes:
    """02 or 03 and x of a point; `UserError` for one that is written in another form."""
    form, octets = point
    if form not in ("compressed-y-0", "compressed-y-1"):
        raise UserError(f"public key: written as {form}; compressed ones are taken")
    return bytes([2 + int(form[-1])]) + bytes(octets)


def verify_key(compressed: bytes, suite: Suite) -> tuple[str, Any]:
    """PublicVerificationKey."""
    return (suite.verify, point(compressed))


def encryption_key(compressed: bytes, suite: Suite) -> dict[str, Any]:
    """PublicEncryptionKey."""
    return {"supportedSymmAlg": suite.symmetric, "publicKey": (suite.encrypt, point(compressed))}


def many(pdus: list[bytes]) -> bytes:
    """PDUs one after the other, each with its length in 4 octets: how a batch is sent."""
    return b"".join(len(pdu).to_bytes(4) + pdu for pdu in pdus)


def each(octets: bytes, most: int) -> list[bytes]:
    """PDUs of a batch. `UserError` for more than `most`, or one that is cut short."""
    out: list[bytes] = []
    at = 0
    while at < len(octets):
        end = at + 4 + int.from_bytes(octets[at : at + 4])
        if at + 4 > len(octets) or end > len(octets):
            raise UserError("batch: is cut short")
        if len(out) == most:
            raise UserError(f"batch: more than {most:,} requests")
        out.append(octets[at + 4 : end])
        at = end
    return out

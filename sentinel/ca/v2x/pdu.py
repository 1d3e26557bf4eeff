"""What roles and stations send each other (IEEE 1609.2.1; YD/T 3957, ScmsPdu), and signed requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sentinel import _native
from sentinel.ca.v2x import certificate, codec
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.suite import Suite
from sentinel.errors import UserError


def wrap(interface: str, message: str, value: Any, suite: Suite) -> bytes:
    """A message of an interface: `wrap("eca-ee", "eeEcaCertRequest", ...)`."""
    return codec.encode("ScmsPdu", {"version": 1, "content": (interface, (message, value))}, suite)


def unwrap(octets: bytes, message: str, suite: Suite) -> Any:
    """The value of a message. `UserError` where it is another one."""
    _, (found, value) = codec.decode("ScmsPdu", octets, suite, message)["content"]
    if found != message:
        raise UserError(f"{message}: is expected, this is {found}")
    return value


def name(octets: bytes, suite: Suite) -> str:
    """Which message it is."""
    interface, value = codec.decode("ScmsPdu", octets, suite, "message")["content"]
    return str(value[0]) if isinstance(value, tuple) else str(interface)


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose signature holds. `signer` is the certificate it came with, None if it is signed with
    the key in it; `hash8` names it in answers."""

    tbs: bytes
    signer: Certificate | None
    hash8: bytes


def request(tbs: bytes, key: _native.V2xKey, signer: Certificate | None, suite: Suite) -> bytes:
    """Data with a request that is signed, with the key in it where `signer` is None."""
    return key.request(codec.decode("ScmsPdu", tbs, suite), signer.octets if signer else None)


def read(octets: bytes, suite: Suite) -> Request:
    """A signed request. `UserError` unless its signature holds: that of the certificate it came with, about
    which nothing is said, or of the key in it."""
    kind, inner = codec.decode("Data", octets, suite, "request")["content"]
    if kind != "signedCertificateRequest":
        raise UserError(f"request: holds {kind}, and no signed request")
    value = codec.decode("SignedCertificateRequest", inner, suite, "request")
    named, by = value["signer"]
    signer = None
    if named == "certificate" and len(by) == 1:
        signer = certificate.read(codec.encode("Certificate", by[0], suite), suite, "request: certificate")
    elif named != "self":
        raise UserError(f"request: its signer is a {named}; one certificate, or its own key, is taken")
    try:
        _native.v2x_verify_structure(
            suite.name, "SignedCertificateRequest", inner, signer.octets if signer else None
        )
    except ValueError as error:
        raise UserError(f"request: {error}") from None
    tbs = codec.encode("ScmsPdu", value["tbsRequest"], suite)
    return Request(tbs, signer, suite.digest(tbs)[-8:])

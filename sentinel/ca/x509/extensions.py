"""Extensions of certificates (RFC 5280, 4.2): each function gives the DER of one whole Extension."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from sentinel.ca.x509 import altnames, der
from sentinel.errors import UserError

KEY_USAGE = {
    "digitalSignature": 0,
    "nonRepudiation": 1,
    "keyEncipherment": 2,
    "dataEncipherment": 3,
    "keyAgreement": 4,
    "keyCertSign": 5,
    "cRLSign": 6,
    "encipherOnly": 7,
    "decipherOnly": 8,
}
"""Bits of keyUsage (4.2.1.3)."""

PURPOSES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
    "cmcRA": "1.3.6.1.5.5.7.3.28",
}
"""Purposes of extendedKeyUsage by name; any other is given by its object identifier."""

SUBJECT_KEY, KEY_USE, ALT_NAME, CONSTRAINTS = "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19"
NAME_CONSTRAINTS, CRL_POINTS, POLICIES, AUTHORITY_KEY = "2.5.29.30", "2.5.29.31", "2.5.29.32", "2.5.29.35"
PURPOSE, FRESHEST_CRL, AUTHORITY_ACCESS = "2.5.29.37", "2.5.29.46", "1.3.6.1.5.5.7.1.1"
OCSP_NOCHECK = "1.3.6.1.5.5.7.48.1.5"
MODBUS_ROLE = "1.3.6.1.4.1.50316.802.1"
"""Role of a Modbus/TCP Security client, UTF8String (Modbus/TCP Security, R-23 and 8.4)."""


def extension(number: str, value: bytes, *, critical: bool = False) -> bytes:
    """Extension; `critical` stands only where it is true (DEFAULT FALSE)."""
    flag = der.boolean(True) if critical else b""
    return der.sequence(der.oid(number), flag, der.octets(value))


def key_usage(uses: Iterable[str]) -> bytes:
    return extension(KEY_USE, der.named_bits(*(KEY_USAGE[use] for use in uses)), critical=True)


def extended_key_usage(purposes: Sequence[str], *, critical: bool = False) -> bytes:
    numbers = (der.oid(PURPOSES.get(purpose, purpose)) for purpose in purposes)
    return extension(PURPOSE, der.sequence(*numbers), critical=critical)


def authority_constraints(path_length: int | None) -> bytes:
    """basicConstraints of a CA."""
    length = b"" if path_length is None else der.integer(path_length)
    return extension(CONSTRAINTS, der.sequence(der.boolean(True), length), critical=True)


def subject_key(identifier: bytes) -> bytes:
    return extension(SUBJECT_KEY, der.octets(identifier))


def authority_key(identifier: bytes) -> bytes:
    return extension(AUTHORITY_KEY, der.sequence(der.implicit(0, identifier)))


def alt_names(names: tuple[altnames.AltName, ...], *, critical: bool = False) -> bytes:
    """subjectAltName, critical where the subject is empty (4.2.1.6)."""
    return extension(ALT_NAME, altnames.encode(names), critical=critical)


def crl_points(url: str) -> bytes:
    return extension(CRL_POINTS, _points(url))


def freshest_crl(url: str) -> bytes:
    return extension(FRESHEST_CRL, _points(url))


def _points(url: str) -> bytes:
    full = der.explicit(0, der.explicit(0, der.implicit(6, url.encode("ascii"))))
    return der.sequence(der.sequence(full))


def authority_access(*, ocsp: str | None, issuer: str | None) -> bytes:
    """Where the issuer answers OCSP, and where its certificate lies (4.2.2.1)."""
    parts = []
    for number, url in (("1.3.6.1.5.5.7.48.1", ocsp), ("1.3.6.1.5.5.7.48.2", issuer)):
        if url is not None:
            parts.append(der.sequence(der.oid(number), der.implicit(6, url.encode("ascii"))))
    return extension(AUTHORITY_ACCESS, der.sequence(*parts))


def policies(numbers: Sequence[str]) -> bytes:
    return extension(POLICIES, der.sequence(*(der.sequence(der.oid(number)) for number in numbers)))


def ocsp_nocheck() -> bytes:
    """The responder's certificate is not asked about while it lasts (RFC 6960, 4.2.2.2.1)."""
    return extension(OCSP_NOCHECK, der.null())


def modbus_role(role: str) -> bytes:
    return extension(MODBUS_ROLE, der.utf8(role))


def name_constraints(permitted: Sequence[str], excluded: Sequence[str]) -> bytes:
    """nameConstraints (4.2.1.10) from `dns:plant.example`, `ip:10.0.0.0/8`, `uri:plant.example`,
    `email:plant.example`; critical, as a CA's must be."""
    parts = []
    for number, given in ((0, permitted), (1, excluded)):
        if given:
            parts.append(der.explicit(number, *(der.sequence(_subtree(text)) for text in given)))
    return extension(NAME_CONSTRAINTS, der.sequence(*parts), critical=True)


def _subtree(given: str) -> bytes:
    kind, _, value = given.partition(":")
    if kind == "ip":
        try:
            network = ipaddress.ip_network(value)
        except ValueError:
            raise UserError(f"name constraint {given}: no network; write ip:10.0.0.0/8", 2) from None
        return der.implicit(7, network.network_address.packed + network.netmask.packed)
    number = {"email": 1, "dns": 2, "uri": 6}.get(kind)
    if number is None or not value or not value.isascii() or not value.isprintable():
        raise UserError(f"name constraint {given}: write dns:plant.example or ip:10.0.0.0/8", 2)
    return der.implicit(number, value.lower().encode("ascii"))

"""What is asked of the issuer, and what comes of it."""

from __future__ import annotations

import msgspec

from sentinel.ca.x509 import altnames, names
from sentinel.errors import UserError


class RefusedError(UserError):
    """Why a certificate is not issued."""


class Order(msgspec.Struct, frozen=True):
    """One certificate, or one pair where the profile says so.

    Either `request` (PKCS#10, DER; its signature proves the key) or `key` (SubjectPublicKeyInfo, DER, of
    a key whose holder is known: one the CA made, or that of the certificate renewed). What is given
    beside a request takes the place of what the request says.
    """

    profile: str
    request: bytes | None = None
    key: bytes | None = None
    subject: names.Name | None = None
    alt_names: tuple[altnames.AltName, ...] | None = None
    days: int | None = None
    serial_number: str | None = None
    """Of the device, for profiles that want one."""
    hardware_type: str | None = None
    role: str | None = None
    pair_key: bytes | None = None
    """Encryption key of a pair, where a pair is renewed with its keys; made anew otherwise."""
    renews: tuple[str, ...] = ()
    """Serial numbers that this takes the place of: of the same profile and subject; their key may stand in
    it again."""
    asset: str = ""
    who: str = ""
    source: str = ""
    why: str = ""


class Issued(msgspec.Struct, frozen=True):
    """A certificate that stands in the register: DER and serial number (40 hexadecimal digits).

    Of a pair `der` signs; `pair_der` is the certificate that is encrypted to, `enveloped` its private key
    in an SM2EnvelopedKey for the signing key, None where the holder has it already. `notes` is what the
    issuer set otherwise than it was asked.
    """

    serial: str
    der: bytes
    pair_serial: str = ""
    pair_der: bytes | None = None
    enveloped: bytes | None = None
    notes: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """An order that was refused, in one line."""

    reason: str

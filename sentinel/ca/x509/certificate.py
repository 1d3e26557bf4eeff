"""Certificates (RFC 5280, 4.1): put together from encoded parts, and read strictly."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from sentinel.ca.x509 import altnames, der, extensions, names
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.ca.keys import PublicKey, Signer

LABEL = "CERTIFICATE"
_VERSION_3 = der.explicit(0, der.integer(2))
MOST_EXTENSIONS = 64


def new_serial() -> bytes:
    """Serial number: 20 octets of which 158 bits are random, the first bit 0 and the second 1, so that it
    is positive and always of 20 octets (RFC 5280, 4.1.2.2)."""
    return new_serials(1)[0]


def new_serials(count: int) -> list[bytes]:
    """So many serial numbers, their random bits drawn together."""
    drawn = secrets.token_bytes(20 * count)
    return [bytes((drawn[at] & 0x3F | 0x40,)) + drawn[at + 1 : at + 20] for at in range(0, len(drawn), 20)]


def to_be_signed(
    serial: bytes,
    algorithm: bytes,
    issuer: bytes,
    validity: bytes,
    subject: bytes,
    spki: bytes,
    *extension: bytes,
) -> bytes:
    """TBSCertificate of version 3. `serial` is the contents of its INTEGER, the rest are whole values."""
    return der.sequence(
        _VERSION_3,
        der.tlv(der.INTEGER, serial),
        algorithm,
        issuer,
        validity,
        subject,
        spki,
        der.explicit(3, der.sequence(*extension)),
    )


def signed(tbs: bytes, signer: Signer) -> bytes:
    """The signed structure over `tbs`: certificate, CRL or request alike."""
    return der.sequence(tbs, signer.signature_algorithm(), der.bits(signer.sign(tbs)))


@dataclass(frozen=True)
class Certificate:
    """A certificate as it stands. `extensions` are the values by object identifier, `critical` those marked
    so; `subject` and `issuer` keep their octets beside the names."""

    der: bytes
    tbs: bytes
    serial: int
    algorithm: bytes
    issuer_der: bytes
    not_before: datetime
    not_after: datetime
    subject_der: bytes
    spki: bytes
    extensions: dict[str, bytes]
    critical: frozenset[str]
    signature: bytes

    @cached_property
    def subject(self) -> names.Name:
        return names.decode(self.subject_der)

    @cached_property
    def issuer(self) -> names.Name:
        return names.decode(self.issuer_der)

    @cached_property
    def key(self) -> PublicKey:
        from sentinel.ca.keys import PublicKey  # what only looks at names and ends needs no cryptography

        return PublicKey(self.spki)

    @property
    def serial_text(self) -> str:
        """The serial number as the register has it: hexadecimal, small letters, at least 40 digits."""
        return f"{self.serial:040x}"

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def alt_names(self) -> tuple[altnames.AltName, ...]:
        value = self.extensions.get(extensions.ALT_NAME)
        return () if value is None else altnames.decode(value)

    @cached_property
    def authority(self) -> tuple[bool, int | None]:
        """Whether it is a CA's, and its path length if one is set."""
        value = self.extensions.get(extensions.CONSTRAINTS)
        if value is None:
            return False, None
        inner = der.Reader(value).enter()
        is_ca = inner.boolean() if inner.peek() == der.BOOLEAN else False
        length = inner.integer() if inner.peek() == der.INTEGER else None
        inner.end()
        return is_ca, length

    @cached_property
    def subject_key(self) -> bytes:
        """Its key identifier, or the one it would have."""
        value = self.extensions.get(extensions.SUBJECT_KEY)
        return der.Reader(value).read(der.OCTET_STRING) if value is not None else self.key.identifier()

    def signed_by(self, key: PublicKey) -> bool:
        """Whether its signature was made with `key`."""
        return key.verify(self.algorithm, self.tbs, self.signature)


def read(data: bytes) -> Certificate:
    """Read a certificate of version 3. `UserError` says what is wrong; no signature is looked at."""
    try:
        outer = der.Reader(data)
        whole = outer.enter()
        outer.end()
        tbs = whole.raw(der.SEQUENCE)
        algorithm = whole.raw(der.SEQUENCE)
        signature = whole.bits()
        whole.end()
        info = der.Reader(tbs).enter()
        if info.peek() != 0xA0 or info.raw() != _VERSION_3:
            raise UserError("certificate: not of version 3")
        serial = info.integer()
        if info.raw(der.SEQUENCE) != algorithm:
            raise UserError("certificate: says two signature algorithms")
        issuer = info.raw(der.SEQUENCE)
        validity = info.enter()
        not_before, not_after = validity.time(), validity.time()
        validity.end()
        subject, spki = info.raw(der.SEQUENCE), info.raw(der.SEQUENCE)
        for tag in (0x81, 0x82):
            if info.peek() == tag:
                info.raw()
        found: dict[str, bytes] = {}
        critical = set()
        if info.peek() is not None:
            wrapped = info.enter(0xA3)
            info.end()
            each = wrapped.enter()
            wrapped.end()
            while each.peek() is not None:
                one = each.enter()
                number = one.oid()
                if one.peek() == der.BOOLEAN and one.boolean():
                    critical.add(number)
                value = one.read(der.OCTET_STRING)
                one.end()
                if number in found or len(found) == MOST_EXTENSIONS:
                    raise UserError(f"certificate: extension {number} twice, or more than {MOST_EXTENSIONS}")
                found[number] = value
    except der.DerError as error:
        raise UserError(f"certificate: no X.509 in DER: {error}") from None
    return Certificate(
        data,
        tbs,
        serial,
        algorithm,
        issuer,
        not_before,
        not_after,
        subject,
        spki,
        found,
        frozenset(critical),
        signature,
    )

"""Certificate requests (PKCS#10, RFC 2986): made with our keys, read strictly, and their proof."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sentinel import _native
from sentinel.ca.keys import PublicKey, Signer
from sentinel.ca.x509 import altnames, der, extensions, names
from sentinel.errors import UserError

EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
MOST_EXTENSIONS = 32

LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
"""What a PEM block with a request is called (RFC 7468, 7)."""


class Request(msgspec.Struct, frozen=True):
    """What a request asks for. `extensions` are the values by object identifier, `signed` the octets that
    `signature` covers. That it is proven is asked with `proven`."""

    subject: names.Name
    key: PublicKey
    extensions: dict[str, bytes]
    signed: bytes
    algorithm: bytes
    signature: bytes
    plain: tuple[bytes, str] | None = None
    """The subject in DER and in text, of a request that `plain` has read, and proven."""

    def proven(self) -> bool:
        """Whether the request is signed with the key it names (proof of possession)."""
        return self.plain is not None or self.key.verify(self.algorithm, self.signed, self.signature)

    def alt_names(self) -> tuple[altnames.AltName, ...]:
        value = self.extensions.get(extensions.ALT_NAME)
        return () if value is None else altnames.decode(value)


def make(signer: Signer, subject: names.Name, alt: tuple[altnames.AltName, ...] = ()) -> bytes:
    """A request, DER, signed with the key it is for."""
    attributes = b""
    if alt:
        wanted = der.sequence(extensions.alt_names(alt, critical=not subject))
        attributes = der.sequence(der.oid(EXTENSION_REQUEST), der.set_of(wanted))
    name = names.encode(subject) if subject else der.sequence()
    info = der.sequence(der.integer(0), name, signer.spki(), der.explicit(0, attributes))
    return der.sequence(info, signer.signature_algorithm(), der.bits(signer.sign(info)))


def read(data: bytes) -> Request:
    """Read a request. `UserError` says what is wrong; the signature is not looked at."""
    try:
        outer = der.Reader(data)
        request = outer.enter()
        outer.end()
        signed = request.raw(der.SEQUENCE)
        algorithm = request.raw(der.SEQUENCE)
        signature = request.bits()
        request.end()
        info = der.Reader(signed).enter()
        version = info.integer()
        if version != 0:
            raise UserError(f"request: version {version}; 0 is the only one (RFC 2986)")
        subject = names.decode(info.raw(der.SEQUENCE))
        key = PublicKey(info.raw(der.SEQUENCE))
        asked = _attributes(info.enter(0xA0)) if info.peek() == 0xA0 else {}
        info.end()
    except der.DerError as error:
        raise UserError(f"request: no PKCS#10 in DER: {error}") from None
    except UserError as error:
        raise UserError(
            error.message if error.message.startswith("request") else f"request: {error}"
        ) from None
    return Request(subject, key, asked, signed, algorithm, signature)


def plain(requests: Sequence[bytes]) -> list[Request | None]:
    """Requests in the form in which devices send most of them, read and proven together: a key of SM2 or on
    P-256, signed with its own algorithm. None for one of another form, and one that is not proven: `read`
    and `Request.proven` say what it is."""
    out: list[Request | None] = []
    for one in _native.plain_requests(requests):
        if one is None:
            out.append(None)
            continue
        (subject, encoded, text), key, asked, signature = one
        found = {der.dotted(number): value for number, value in asked}
        out.append(Request(subject, PublicKey.known(*key), found, *signature, (encoded, text)))
    return out


def _attributes(attributes: der.Reader) -> dict[str, bytes]:
    """Extensions asked for; other attributes (challenge password, names of templates) are passed over."""
    out: dict[str, bytes] = {}
    found = False
    while attributes.peek() is not None:
        attribute = attributes.enter()
        number, values = attribute.oid(), attribute.enter(der.SET)
        attribute.end()
        if number != EXTENSION_REQUEST:
            continue
        if found:
            raise UserError("request: extensions are asked for twice")
        found = True
        wanted = values.enter()
        values.end()
        while wanted.peek() is not None:
            one = wanted.enter()
            name = one.oid()
            if one.peek() == der.BOOLEAN:
                one.boolean()
            value = one.read(der.OCTET_STRING)
            one.end()
            if name in out:
                raise UserError(f"request: extension {name} twice")
            if len(out) == MOST_EXTENSIONS:
                raise UserError(f"request: more than {MOST_EXTENSIONS} extensions")
            out[name] = value
    return out

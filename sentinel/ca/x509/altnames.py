"""Subject alternative names (RFC 5280, 4.2.1.6): from `kind:value` and DER, to both.

Kinds: dns, ip, uri, email, and hw, the hardware module name of a device (RFC 4108, 5): `hw:OID:SERIAL`.
"""

from __future__ import annotations

import re
import socket
from typing import TypeAlias
from urllib.parse import urlsplit

from sentinel.ca.x509 import der
from sentinel.errors import UserError

AltName: TypeAlias = tuple[str, str]
"""Kind and value."""

KINDS = ("dns", "ip", "uri", "email", "hw")
MOST_NAMES = 100
"""Alternative names of one certificate."""

HARDWARE_MODULE_NAME = "1.3.6.1.5.5.7.8.4"
_MOST_TEXT = 2048
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_URI = re.compile(r"[!-~]+", re.ASCII)


def parse(given: str) -> AltName:
    """A name from `kind:value`."""
    kind, found, value = given.partition(":")
    if not found or kind not in KINDS:
        raise UserError(f"--san {given}: write dns:X, ip:X, uri:X, email:X or hw:OID:SERIAL", 2)
    return checked((kind, value.strip()))


def checked(name: AltName) -> AltName:
    """The name in its usual form (short addresses, small letters); `UserError` if it is none."""
    kind, value = name
    if not value or len(value) > _MOST_TEXT:
        raise UserError(f"name {kind}: {len(value)} characters; 1 to {_MOST_TEXT} are taken")
    if kind == "dns":
        return kind, _host(value)
    if kind == "ip":
        packed = _packed(value)
        if packed is None:
            raise UserError(f"name ip:{value}: no address of IPv4 or IPv6")
        return kind, _address(packed)
    if kind == "uri":
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if (
            _URI.fullmatch(value) is None
            or _SCHEME.fullmatch(parts.scheme) is None
            or not (parts.netloc or parts.path)
        ):
            raise UserError(f"name uri:{value}: no absolute URI of ASCII characters (RFC 3986)")
    elif kind == "email":
        if _EMAIL.fullmatch(value) is None:
            raise UserError(f"name email:{value}: no address of ASCII characters")
    elif kind == "hw":
        number, _, serial = value.partition(":")
        try:
            der.oid(number)
        except ValueError:
            raise UserError(f"name hw:{value}: write hw:OID:SERIAL") from None
        if not serial or not serial.isprintable():
            raise UserError(f"name hw:{value}: the serial number is missing or cannot be shown")
    else:
        raise UserError(f"name of kind {kind}: one of {', '.join(KINDS)} is taken")
    return name


def _host(value: str) -> str:
    labels = value.lower().split(".")
    whole = labels[1:] if labels[0] == "*" else labels
    if len(value) > 253 or not whole or not all(_LABEL.fullmatch(label) for label in whole):
        raise UserError(f"name dns:{value}: no host name (letters, digits and hyphens, RFC 1034)")
    return ".".join(labels)


def host_or_address(value: str) -> AltName | None:
    """The alternative name that a common name stands for, if it is an address or a host name."""
    packed = _packed(value)
    if packed is not None:
        return "ip", _address(packed)
    try:
        return "dns", _host(value)
    except UserError:
        return None


def _packed(address: str) -> bytes | None:
    """Octets of an address, None if it is none: `ipaddress` takes ten times as long."""
    if not address.isascii() or "\0" in address:
        return None
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except OSError:
        return None


def _address(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def encode(names: tuple[AltName, ...]) -> bytes:
    """GeneralNames, DER."""
    return der.sequence(*map(_encoded, names))


def _encoded(name: AltName) -> bytes:
    kind, value = name
    if kind == "dns":
        return der.implicit(2, value.encode("ascii"))
    if kind == "ip":
        return der.implicit(7, _packed(value) or b"")
    if kind == "uri":
        return der.implicit(6, value.encode("ascii"))
    if kind == "email":
        return der.implicit(1, value.encode("ascii"))
    number, _, serial = value.partition(":")
    module = der.sequence(der.oid(number), der.octets(serial.encode()))
    return der.explicit(0, der.oid(HARDWARE_MODULE_NAME), der.explicit(0, module))


def decode(data: bytes) -> tuple[AltName, ...]:
    """Names from GeneralNames. `UserError` for a kind that is not taken, or a value that is none."""
    out: list[AltName] = []
    try:
        outer = der.Reader(data)
        inner = outer.enter()
        outer.end()
        while (tag := inner.peek()) is not None:
            if len(out) == MOST_NAMES:
                raise UserError(f"alternative names: more than {MOST_NAMES}")
            out.append(checked(_decoded(tag, inner)))
    except ValueError as error:
        raise UserError(f"alternative names: {error}") from None
    return tuple(out)


def _decoded(tag: int, values: der.Reader) -> AltName:
    if tag == 0x82:
        return "dns", values.read().decode("ascii")
    if tag == 0x87:
        packed = values.read()
        if len(packed) not in (4, 16):
            raise UserError(f"alternative names: address of {len(packed)} octets")
        return "ip", _address(packed)
    if tag == 0x86:
        return "uri", values.read().decode("ascii")
    if tag == 0x81:
        return "email", values.read().decode("ascii")
    if tag != 0xA0:
        raise UserError(f"alternative names: kind [{tag & 0x1F}]; {', '.join(KINDS)} are taken")
    other = values.enter(0xA0)
    number = other.oid()
    if number != HARDWARE_MODULE_NAME:
        raise UserError(f"alternative names: other name {number}; hardware module names alone are taken")
    wrapped = other.enter(0xA0)
    other.end()
    module = wrapped.enter()
    wrapped.end()
    kind, serial = module.oid(), module.read(der.OCTET_STRING).decode()
    module.end()
    return "hw", f"{kind}:{serial}"


def text(name: AltName) -> str:
    return f"{name[0]}:{name[1]}"

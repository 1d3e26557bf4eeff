"""Distinguished names (RFC 5280, 4.1.2.4): from text and DER, to both.

A name is a tuple of (attribute, value), in the order of the encoding, one value in each relative
name. Attributes and their bounds are those of RFC 5280, Appendix A.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

from sentinel.ca.x509 import der
from sentinel.errors import UserError

Name: TypeAlias = tuple[tuple[str, str], ...]

MOST_PARTS = 16
"""Attributes of one name."""

_ATTRIBUTES: dict[str, tuple[str, int]] = {
    "CN": ("2.5.4.3", 64),
    "serialNumber": ("2.5.4.5", 64),
    "C": ("2.5.4.6", 2),
    "L": ("2.5.4.7", 128),
    "ST": ("2.5.4.8", 128),
    "STREET": ("2.5.4.9", 128),
    "O": ("2.5.4.10", 64),
    "OU": ("2.5.4.11", 64),
    "title": ("2.5.4.12", 64),
    "organizationIdentifier": ("2.5.4.97", 64),
    "DC": ("0.9.2342.19200300.100.1.25", 63),
    "UID": ("0.9.2342.19200300.100.1.1", 256),
    "emailAddress": ("1.2.840.113549.1.9.1", 255),
}
"""Object identifier and greatest length, in characters."""

ATTRIBUTES = tuple(_ATTRIBUTES)
_BY_OID = {number: name for name, (number, _) in _ATTRIBUTES.items()}
_BY_CASE = {name.lower(): name for name in _ATTRIBUTES}

_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*", re.ASCII)
_SPECIAL = str.maketrans({special: f"\\{special}" for special in ',+"\\<>;'})
_PAIR = re.compile(r"\s*([A-Za-z]{1,32})\s*=((?:[^\\,]|\\.)*)(?:,|$)", re.DOTALL)
_TEXT = {
    der.UTF8: "utf-8",
    der.PRINTABLE: "ascii",
    der.IA5: "ascii",
    0x14: "latin-1",  # TeletexString, as old software writes it
    0x1E: "utf-16-be",  # BMPString
}


def parse(text: str) -> Name:
    """A name from what a person writes: `CN=plc-7,O=Plant` (RFC 4514, read from left to right as it
    stands), or a common name alone."""
    if re.match(r"\s*[A-Za-z]{1,32}\s*=", text) is None:
        return checked((("CN", text.strip()),))
    parts, at = [], 0
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            raise UserError(f"name {text!r}: unreadable from character {at}; write CN=plc-7,O=Plant", 2)
        attribute = _BY_CASE.get(found[1].lower())
        if attribute is None:
            raise UserError(f"name {text!r}: attribute {found[1]}; one of {', '.join(ATTRIBUTES)}", 2)
        parts.append((attribute, re.sub(r"\\(.)", r"\1", found[2], flags=re.DOTALL).strip()))
        at = found.end()
    return checked(tuple(parts))


def checked(name: Name) -> Name:
    """The name, if each value is within its bounds and can be shown; `UserError` otherwise."""
    if not name or len(name) > MOST_PARTS:
        raise UserError(f"name: {len(name)} attributes; 1 to {MOST_PARTS} are taken")
    for attribute, value in name:
        most = _ATTRIBUTES[attribute][1]
        if not value or len(value) > most:
            raise UserError(f"name: {attribute} of {len(value)} characters; 1 to {most} are taken")
        if not value.isprintable():
            raise UserError(f"name: {attribute} {value!r} has characters that cannot be shown")
        if attribute in ("serialNumber", "C") and _PRINTABLE.fullmatch(value) is None:
            raise UserError(f"name: {attribute} {value!r}: letters, digits and '()+,-./:=? alone")
        if attribute in ("DC", "emailAddress") and not value.isascii():
            raise UserError(f"name: {attribute} {value!r}: ASCII alone (IA5String)")
        if attribute == "C" and not (len(value) == 2 and value.isalpha() and value.isupper()):
            raise UserError(f"name: C {value!r}: two capital letters (ISO 3166)")
    return name


@lru_cache(maxsize=4096)
def encode(name: Name) -> bytes:
    """DER. Country and serial number are PrintableString, what is ASCII by its definition IA5String, the
    rest UTF8String, whatever form a request had."""
    out = []
    for attribute, value in name:
        if attribute in ("C", "serialNumber"):
            text = der.printable(value)
        elif attribute in ("DC", "emailAddress"):
            text = der.ia5(value)
        else:
            text = der.utf8(value)
        out.append(der.tlv(der.SET, der.sequence(der.oid(_ATTRIBUTES[attribute][0]), text)))
    return der.sequence(*out)


@lru_cache(maxsize=4096)
def decode(data: bytes) -> Name:
    """A name from DER. An empty one is `()`. `UserError` names what is not taken: several values in one
    relative name, an unknown attribute or kind of text. Bounds are checked by `checked`."""
    try:
        outer = der.Reader(data)
        inner = outer.enter()
        outer.end()
        parts = []
        while inner.peek() is not None:
            relative = inner.enter(der.SET)
            pair = relative.enter()
            relative.end()
            number, tag = pair.oid(), pair.peek()
            text = pair.read()
            pair.end()
            if number not in _BY_OID:
                raise UserError(f"name: attribute {number}; one of {', '.join(ATTRIBUTES)} is taken")
            if tag not in _TEXT:
                raise UserError(f"name: {_BY_OID[number]} is no text (tag {tag})")
            parts.append((_BY_OID[number], text.decode(_TEXT[tag])))
            if len(parts) > MOST_PARTS:
                raise UserError(f"name: more than {MOST_PARTS} attributes")
    except ValueError as error:
        raise UserError(f"name: {error}") from None
    return tuple(parts)


@lru_cache(maxsize=4096)
def text(name: Name) -> str:
    """The name on one line, in the order of its encoding: `CN=plc-7,O=Plant`; `parse` reads it back."""
    return ",".join(f"{attribute}={_escaped(value)}" for attribute, value in name)


def _escaped(value: str) -> str:
    out = value.translate(_SPECIAL)
    return f"\\{out}" if out.startswith(("#", " ")) else out


def common_name(name: Name) -> str:
    """The first common name, "" if there is none."""
    return next((value for attribute, value in name if attribute == "CN"), "")

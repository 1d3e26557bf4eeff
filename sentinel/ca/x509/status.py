"""What CRLs and OCSP responses share: the reasons of a revocation, and lists of extensions."""

from __future__ import annotations

from sentinel.ca.x509 import der

REASONS = {
    "unspecified": 0,
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "removeFromCRL": 8,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}
"""CRLReason by name (RFC 5280, 5.3.1)."""

NAMES = {number: name for name, number in REASONS.items()}

MOST_EXTENSIONS = 32
"""Extensions of one list, one entry, one request."""


def read_extensions(each: der.Reader) -> tuple[dict[str, bytes], frozenset[str]]:
    """The members of an Extensions: the values by object identifier, and the critical ones among them.

    `DerError` for one that stands twice, a flag that says its default, or more than MOST_EXTENSIONS.
    """
    found: dict[str, bytes] = {}
    critical = set()
    while each.peek() is not None:
        one = each.enter()
        number = one.oid()
        if one.peek() == der.BOOLEAN:
            if not one.boolean():
                raise der.DerError(f"extension {number}: `critical` says its default")
            critical.add(number)
        value = one.read(der.OCTET_STRING)
        one.end()
        if number in found or len(found) == MOST_EXTENSIONS:
            raise der.DerError(f"extension {number} twice, or more than {MOST_EXTENSIONS}")
        found[number] = value
    if not found:
        raise der.DerError("a list of extensions without any")
    return found, frozenset(critical)


def whole_integer(value: bytes) -> int:
    """An INTEGER, 0 or greater, and nothing after it."""
    reader = der.Reader(value)
    number = reader.integer()
    reader.end()
    if number < 0:
        raise der.DerError(f"number {number} below 0")
    return number


def whole_reason(value: bytes) -> str:
    """A CRLReason and nothing after it."""
    reader = der.Reader(value)
    octets = reader.read(der.ENUMERATED)
    reader.end()
    number = octets[0] if len(octets) == 1 else -1
    if number not in NAMES:
        raise der.DerError(f"reason {octets.hex()}: none of CRLReason")
    return NAMES[number]

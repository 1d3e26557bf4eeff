"""Name constraints (RFC 5280, 4.2.1.10): which names the certificates below a CA may have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from sentinel.ca.x509 import der, extensions, match
from sentinel.ca.x509.certificate import Certificate

_PLAIN = der.sequence()


class ConstraintError(ValueError):
    """A name that a CA above does not allow, or a constraint that cannot be applied."""


@dataclass(frozen=True, slots=True)
class Constraints:
    """Subtrees of one CA, tag and contents of each base."""

    permitted: tuple[tuple[int, bytes], ...]
    excluded: tuple[tuple[int, bytes], ...]

    def check(self, certificate: Certificate) -> None:
        """Refuse a certificate with a name outside; `ConstraintError` says which."""
        for tag, name in names_of(certificate):
            allowed = [base for kind, base in self.permitted if kind == tag]
            if allowed and not any(within(tag, name, base) for base in allowed):
                raise ConstraintError(f"{_shown(tag, name)} is not within what is permitted")
            if any(within(tag, name, base) for kind, base in self.excluded if kind == tag):
                raise ConstraintError(f"{_shown(tag, name)} is excluded")


def read(value: bytes) -> Constraints:
    """The value of a nameConstraints extension. `DerError` for a subtree with a distance."""
    outer = der.Reader(value)
    inner = outer.enter()
    outer.end()
    permitted = tuple(_subtrees(inner.enter(0xA0))) if inner.peek() == 0xA0 else ()
    excluded = tuple(_subtrees(inner.enter(0xA1))) if inner.peek() == 0xA1 else ()
    inner.end()
    return Constraints(permitted, excluded)


def _subtrees(each: der.Reader) -> Iterator[tuple[int, bytes]]:
    count = 0
    while each.peek() is not None:
        one = each.enter()
        yield match.general_name(one)
        one.end()
        count += 1
        if count > match.MOST_NAMES:
            raise der.DerError(f"more than {match.MOST_NAMES} subtrees")


def names_of(certificate: Certificate) -> list[tuple[int, bytes]]:
    """Names that constraints are about: the subject, alternative names, and the mail addresses of the
    subject where there are no alternative names."""
    found: list[tuple[int, bytes]] = []
    if certificate.subject_der != _PLAIN:
        found.append((match.DIRECTORY, certificate.subject_der))
    value = certificate.extensions.get(extensions.ALT_NAME)
    if value is not None:
        found += match.general_names(value)
    else:
        found += [(match.EMAIL, text) for text in match.email_addresses(certificate.subject_der)]
    return found


def within(tag: int, name: bytes, base: bytes) -> bool:
    """Whether a general name lies in the subtree of a base of the same kind. `ConstraintError` for a kind
    that cannot be compared."""
    if tag == match.DIRECTORY:
        root = match.canonical(base)
        return match.canonical(name)[: len(root)] == root
    if tag == match.IP:
        return _address_within(name, base)
    if tag not in (match.EMAIL, match.DNS, match.URI):
        raise ConstraintError(f"names of kind {tag:#04x} cannot be compared")
    try:
        text, of = name.decode("ascii"), base.decode("ascii")
    except UnicodeDecodeError:
        raise ConstraintError(f"{name!r} or {base!r} is not ASCII") from None
    if tag == match.EMAIL:
        return _mailbox_within(text, of)
    if tag == match.DNS:
        return _host_below(text, of)
    return _host_is(_host(text), of)


def _address_within(name: bytes, base: bytes) -> bool:
    if len(base) not in (8, 32):
        raise ConstraintError(f"{base.hex()} is no network")
    half = len(base) // 2
    if len(name) != half:
        return False
    return all(a & mask == net & mask for a, net, mask in zip(name, base[:half], base[half:], strict=True))


def _host_below(host: str, base: str) -> bool:
    """Labels may be added in front (dNSName)."""
    host, base = host.lower().rstrip("."), base.lower()
    return not base or host == base or host.endswith(base if base.startswith(".") else f".{base}")


def _host_is(host: str, base: str) -> bool:
    """One host, or with a dot in front all below it (uniformResourceIdentifier, rfc822Name)."""
    host, base = host.lower(), base.lower()
    return host.endswith(base) if base.startswith(".") else host == base


def _mailbox_within(address: str, base: str) -> bool:
    local, at, host = address.rpartition("@")
    if not at or not local:
        raise ConstraintError(f"{address!r} is no mailbox")
    if "@" in base:
        base_local, _, base_host = base.rpartition("@")
        return local == base_local and host.lower() == base_host.lower()
    return _host_is(host, base)


def _host(uri: str) -> str:
    try:
        host = urlsplit(uri).hostname
    except ValueError:
        host = None
    if not host or ":" in host or host.replace(".", "").isdigit():
        raise ConstraintError(f"{uri!r} has no host name, which constraints are about")
    return host


def _shown(tag: int, name: bytes) -> str:
    if tag in (match.EMAIL, match.DNS, match.URI):
        return repr(name.decode("latin-1"))
    return "the subject" if tag == match.DIRECTORY else name.hex()

"""What is checked of an order before anything is signed. Each refusal is one line with its reason."""

from __future__ import annotations

from datetime import datetime, timedelta

from sentinel.ca.keys import PublicKey
from sentinel.ca.x509 import altnames, der, extensions, names
from sentinel.ca.x509.order import Order, RefusedError
from sentinel.ca.x509.profiles import Profile
from sentinel.ca.x509.request import Request

_AUTHORITY_USES = {5: "keyCertSign", 6: "cRLSign"}
_RSA_MOST_BITS = 8192
_PASSED_OVER = frozenset({extensions.SUBJECT_KEY})
"""Extensions a request may name without effect: the CA sets them."""

_SMALL_PRIMES = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
"""Primes of which a modulus made by the faulty chip generator of CVE-2017-15361 is a power of 65537."""


def _powers(prime: int) -> frozenset[int]:
    out, value = set(), 1
    while value not in out:
        out.add(value)
        value = value * 65537 % prime
    return frozenset(out)


_ROCA = tuple((prime, _powers(prime)) for prime in _ROCA_PRIMES)


def key(profile: Profile, found: PublicKey) -> None:
    """The kind and strength of a key."""
    kind = "rsa" if found.rsa is not None else found.algorithm
    if kind not in profile.algorithms:
        raise RefusedError(
            f"key: {found.algorithm}; profile {profile.name} takes {', '.join(profile.algorithms)}"
        )
    if found.rsa is None:
        return
    modulus, exponent = found.rsa
    bits = modulus.bit_length()
    if not profile.rsa_bits <= bits <= _RSA_MOST_BITS:
        raise RefusedError(
            f"key: RSA of {bits} bits; profile {profile.name} takes {profile.rsa_bits} to {_RSA_MOST_BITS}"
        )
    if exponent < 65537 or exponent % 2 == 0 or exponent.bit_length() > 256:
        raise RefusedError(
            f"key: RSA exponent {exponent}; an odd one from 65537 on is taken (FIPS 186-5, 5.4)"
        )
    if any(modulus % prime == 0 for prime in (2, *_SMALL_PRIMES)):
        raise RefusedError("key: RSA modulus with a small factor")
    if all(modulus % prime in powers for prime, powers in _ROCA):
        raise RefusedError(
            "key: RSA of the weak chip generator (CVE-2017-15361); make it with other software"
        )


def asked(profile: Profile, order: Order, request: Request) -> None:
    """The extensions that a request asks for: alternative names are taken, what the profile gives may be
    named, and whatever else would be lost in silence is refused."""
    for number, value in request.extensions.items():
        try:
            if number == extensions.CONSTRAINTS:
                inner = der.Reader(value).enter()
                if inner.peek() == der.BOOLEAN and inner.boolean():
                    raise RefusedError("request: asks to be a CA; those are made by `ca init` alone")
            elif number == extensions.KEY_USE:
                contents = der.Reader(value).read(der.BIT_STRING)
                for bit, use in _AUTHORITY_USES.items():
                    if len(contents) > 1 and contents[1] & 0x80 >> bit:
                        raise RefusedError(f"request: asks for keyUsage {use}, which is a CA's")
            elif number == extensions.PURPOSE:
                _purposes(profile, value)
            elif number == extensions.MODBUS_ROLE:
                role = der.Reader(value).read(der.UTF8).decode()
                if role != order.role:
                    raise RefusedError(
                        f"request: asks for role {role!r}; the operator gives roles, with --role"
                    )
            elif number != extensions.ALT_NAME and number not in _PASSED_OVER:
                raise RefusedError(f"request: extension {number} is not in profile {profile.name}")
        except ValueError as error:
            raise RefusedError(f"request: extension {number}: {error}") from None


def _purposes(profile: Profile, value: bytes) -> None:
    given = {extensions.PURPOSES.get(purpose, purpose) for purpose in profile.purposes}
    wanted = der.Reader(value).enter()
    while wanted.peek() is not None:
        number = wanted.oid()
        if number not in given:
            name = next((name for name, known in extensions.PURPOSES.items() if known == number), number)
            raise RefusedError(
                f"request: asks for purpose {name}, which profile {profile.name} does not give"
            )


def subject(profile: Profile, name: names.Name) -> names.Name:
    """The subject's attributes, each within its bounds."""
    rules, present = profile.subject, [attribute for attribute, _ in name]
    for attribute in rules.required:
        if attribute not in present:
            raise RefusedError(f"subject: no {attribute}, which profile {profile.name} requires")
    for found in present:
        if found not in rules.allowed:
            raise RefusedError(
                f"subject: {found} is not in profile {profile.name} ({', '.join(rules.allowed)})"
            )
    if present.count("CN") > 1 or present.count("serialNumber") > 1:
        raise RefusedError("subject: more than one common name or serial number")
    return names.checked(name)


def alt_names(
    profile: Profile, given: tuple[altnames.AltName, ...], name: names.Name
) -> tuple[altnames.AltName, ...]:
    """The alternative names, with what the common name adds, each once."""
    rules = profile.alt_names
    if rules.from_common_name:
        own = altnames.host_or_address(names.common_name(name))
        if own is not None and own not in given:
            given = (*given, own)
    found = tuple(dict.fromkeys(given))
    if len(found) > altnames.MOST_NAMES:
        raise RefusedError(f"alternative names: {len(found)}, more than {altnames.MOST_NAMES}")
    kinds = [kind for kind, _ in found]
    for kind, value in found:
        if kind not in rules.allowed:
            allowed = ", ".join(rules.allowed) or "none"
            raise RefusedError(f"alternative name {kind}:{value}: profile {profile.name} takes {allowed}")
        if kind == "dns" and value.startswith("*.") and not rules.wildcards:
            raise RefusedError(f"alternative name dns:{value}: profile {profile.name} takes no wildcards")
    if rules.required and not set(rules.required) & set(kinds):
        wanted = " or ".join(f"{kind}:X" for kind in rules.required)
        raise RefusedError(f"alternative names: profile {profile.name} requires one; give --san {wanted}")
    if rules.one_uri and kinds.count("uri") != 1:
        raise RefusedError(f"alternative names: {kinds.count('uri')} URIs; profile {profile.name} takes one")
    return found


def end(profile: Profile, days: int | None, now: datetime, latest: datetime) -> tuple[datetime, str]:
    """The end of a certificate that begins `now`, and a note if it is cut to the issuer's end.

    An end that was asked for is given or refused; the profile's own is cut to `latest`. A profile
    without an end gives 99991231235959Z, which outlasts its issuer by design (IEEE 802.1AR, 8.7).
    """
    wanted = profile.days if days is None else days
    if wanted == "never":
        return der.NEVER, ""
    if wanted < 1:
        raise RefusedError(f"validity: {wanted} days; 1 or more are taken")
    if profile.most_days != "never" and wanted > profile.most_days:
        raise RefusedError(
            f"validity: {wanted} days; profile {profile.name} gives {profile.most_days} at the most"
        )
    if now >= latest:
        raise RefusedError(f"validity: the issuing CA ended at {latest:%Y-%m-%dT%H:%M:%SZ}")
    try:
        until = now + timedelta(days=wanted)
    except OverflowError:
        raise RefusedError(f"validity: {wanted} days end after the year 9999") from None
    if until <= latest:
        return until, ""
    if days is not None:
        left = (latest - now).days
        raise RefusedError(
            f"validity: {days} days, but the issuing CA ends in {left}; give --days {left} or less"
        )
    return latest, f"ends with the issuing CA, at {latest:%Y-%m-%dT%H:%M:%SZ}"

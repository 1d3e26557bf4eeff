"""OCSP (RFC 6960, RFC 9654): requests and responses, written and read strictly."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from urllib.parse import unquote

from sentinel import _native
from sentinel.ca.x509 import der
from sentinel.ca.x509.status import REASONS, read_extensions, whole_reason
from sentinel.errors import UserError

BASIC, NONCE = "1.3.6.1.5.5.7.48.1.1", "1.3.6.1.5.5.7.48.1.2"
MOST_OCTETS = 65536
"""Size of a request."""
MOST_ASKED = 64
"""Certificates asked about in one request."""
NONCE_OCTETS = range(1, 129)
"""Size of a nonce; a request with another is malformed (RFC 9654, 2.1)."""

DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "1.3.14.3.2.26": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
    "1.2.156.10197.1.401": lambda data: _native.sm3(data),
}
"""Digests that may identify an issuer in a CertID: SHA-1, SHA-256, SM3."""

SHA1, SHA256, SM3 = DIGESTS
State: TypeAlias = Literal["good", "revoked", "unknown"]

ERRORS = {"malformedRequest": 1, "internalError": 2, "tryLater": 3, "sigRequired": 5, "unauthorized": 6}
"""OCSPResponseStatus of a response without an answer (4.2.1)."""

_GOOD, _UNKNOWN = der.implicit(0, b""), der.implicit(2, b"")


@dataclass(frozen=True, slots=True)
class CertId:
    """Which certificate is asked about. `der` is kept, as the answer repeats it octet by octet."""

    der: bytes
    digest: str
    name_hash: bytes
    key_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. A signature on it is not looked at; nobody is refused."""

    asked: tuple[CertId, ...]
    nonce: bytes | None = None


@dataclass(frozen=True, slots=True)
class Single:
    """What is said of one certificate; `at` and `reason` of a revoked one."""

    about: CertId
    state: State
    this_update: datetime
    next_update: datetime | None
    at: datetime | None = None
    reason: str = "unspecified"


@dataclass(frozen=True, slots=True)
class Basic:
    """A response of type basic as it stands. `responder` is the whole ResponderID."""

    tbs: bytes
    responder: bytes
    produced: datetime
    singles: tuple[Single, ...]
    nonce: bytes | None
    algorithm: bytes
    signature: bytes
    certificates: tuple[bytes, ...]


def cert_id(digest: str, issuer_name: bytes, issuer_key: bytes, serial: int) -> bytes:
    """CertID. `issuer_name` is the DER of the issuer's name, `issuer_key` the octets its BIT STRING holds."""
    sum_of = DIGESTS[digest]
    algorithm = der.sequence(der.oid(digest), der.null())
    return der.sequence(
        algorithm, der.octets(sum_of(issuer_name)), der.octets(sum_of(issuer_key)), der.integer(serial)
    )


def _nonce(value: bytes) -> bytes:
    extension = der.sequence(der.oid(NONCE), der.octets(der.octets(value)))
    return der.sequence(extension)


def encode_request(asked: Sequence[bytes], nonce: bytes | None = None) -> bytes:
    """OCSPRequest, not signed, about these CertIDs."""
    each = der.sequence(*(der.sequence(one) for one in asked))
    return der.sequence(der.sequence(each, b"" if nonce is None else der.explicit(2, _nonce(nonce))))


def decode_request(data: bytes) -> Request:
    """Read an OCSPRequest. `UserError` for what is malformed: not DER, nothing or too much asked, a nonce
    of a wrong size, a critical extension we do not know."""
    try:
        if len(data) > MOST_OCTETS:
            raise der.DerError(f"{len(data)} octets; at most {MOST_OCTETS} are read")
        return _request(data)
    except der.DerError as error:
        raise UserError(f"OCSP request: malformed: {error}") from None


def _request(data: bytes) -> Request:
    outer = der.Reader(data)
    whole = outer.enter()
    outer.end()
    tbs = whole.enter()
    if whole.peek() == 0xA0:
        der.check(whole.raw())
    whole.end()
    if tbs.peek() == 0xA0:
        raise der.DerError("a version other than 1, or the default said")
    if tbs.peek() == 0xA1:
        der.check(tbs.raw())
    asked = []
    each = tbs.enter()
    while each.peek() is not None:
        one = each.enter()
        asked.append(_cert_id(one.raw(der.SEQUENCE)))
        if one.peek() is not None:
            _refuse_critical(_wrapped_extensions(one, 0xA0)[1])
        one.end()
        if len(asked) > MOST_ASKED:
            raise der.DerError(f"more than {MOST_ASKED} certificates asked about")
    if not asked:
        raise der.DerError("nothing is asked")
    nonce = None
    if tbs.peek() is not None:
        found, critical = _wrapped_extensions(tbs, 0xA2)
        _refuse_critical(critical - {NONCE})
        nonce = _whole_nonce(found)
    tbs.end()
    return Request(tuple(asked), nonce)


def _refuse_critical(numbers: frozenset[str]) -> None:
    if numbers:
        raise der.DerError(f"critical extension {', '.join(sorted(numbers))} is not known")


def _wrapped_extensions(around: der.Reader, tag: int) -> tuple[dict[str, bytes], frozenset[str]]:
    wrapped = around.enter(tag)
    found = read_extensions(wrapped.enter())
    wrapped.end()
    return found


def _whole_nonce(found: dict[str, bytes]) -> bytes | None:
    if NONCE not in found:
        return None
    reader = der.Reader(found[NONCE])
    value = reader.read(der.OCTET_STRING)
    reader.end()
    if len(value) not in NONCE_OCTETS:
        raise der.DerError(f"nonce of {len(value)} octets; 1 to 128 are taken (RFC 9654)")
    return value


def _cert_id(raw: bytes) -> CertId:
    inner = der.Reader(raw).enter()
    algorithm = inner.enter()
    digest = algorithm.oid()
    if algorithm.peek() is not None and algorithm.raw() != der.null():
        raise der.DerError(f"digest {digest} with parameters")
    algorithm.end()
    name_hash, key_hash = inner.read(der.OCTET_STRING), inner.read(der.OCTET_STRING)
    serial = inner.integer()
    inner.end()
    return CertId(raw, digest, name_hash, key_hash, serial)


def from_url(path: str) -> bytes:
    """The request in what follows the responder's URL in a GET (RFC 6960, A.1): base64, escaped."""
    try:
        return base64.b64decode(unquote(path).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise UserError("OCSP request: malformed: no base64 in the URL") from None


def error(name: str) -> bytes:
    """OCSPResponse without an answer; it is not signed. `name` is one of ERRORS."""
    return der.sequence(der.enumerated(ERRORS[name]))


def encode_single(single: Single) -> bytes:
    """SingleResponse."""
    if single.state == "revoked":
        assert single.at is not None
        number = REASONS[single.reason]
        reason = der.explicit(0, der.enumerated(number)) if number else b""
        status = der.explicit(1, der.generalized_time(single.at), reason)
    else:
        status = _GOOD if single.state == "good" else _UNKNOWN
    next_update = b""
    if single.next_update is not None:
        next_update = der.explicit(0, der.generalized_time(single.next_update))
    return der.sequence(single.about.der, status, der.generalized_time(single.this_update), next_update)


def responder_by_key(octets: bytes) -> bytes:
    """ResponderID by the SHA-1 of the responder's key, of the octets its BIT STRING holds (4.2.1)."""
    return der.explicit(2, der.octets(DIGESTS[SHA1](octets)))


def to_be_signed(
    responder: bytes, produced: datetime, singles: Sequence[Single], nonce: bytes | None
) -> bytes:
    """ResponseData."""
    return der.sequence(
        responder,
        der.generalized_time(produced),
        der.sequence(*map(encode_single, singles)),
        b"" if nonce is None else der.explicit(1, _nonce(nonce)),
    )


def encode_response(tbs: bytes, algorithm: bytes, signature: bytes, certificates: Sequence[bytes]) -> bytes:
    """OCSPResponse of type basic; `certificates` are those of a delegated responder."""
    given = der.explicit(0, der.sequence(*certificates)) if certificates else b""
    basic = der.sequence(tbs, algorithm, der.bits(signature), given)
    return der.sequence(der.enumerated(0), der.explicit(0, der.sequence(der.oid(BASIC), der.octets(basic))))


def decode_response(data: bytes) -> Basic:
    """Read an OCSPResponse with an answer. `UserError` says what is wrong, or that it has none; no
    signature is looked at."""
    try:
        return _response(data)
    except der.DerError as error:
        raise UserError(f"OCSP response: malformed: {error}") from None


def _response(data: bytes) -> Basic:
    outer = der.Reader(data)
    whole = outer.enter()
    outer.end()
    status = whole.read(der.ENUMERATED)
    if status != b"\x00":
        names = {number: name for name, number in ERRORS.items()}
        raise der.DerError(f"no answer: {names.get(int.from_bytes(status, 'big'), status.hex())}")
    wrapped = whole.enter(0xA0)
    whole.end()
    typed = wrapped.enter()
    wrapped.end()
    if typed.oid() != BASIC:
        raise der.DerError("not of type basic")
    inside = der.Reader(typed.read(der.OCTET_STRING))
    typed.end()
    basic = inside.enter()
    inside.end()
    tbs, algorithm, signature = basic.raw(der.SEQUENCE), basic.raw(der.SEQUENCE), basic.bits()
    certificates = []
    if basic.peek() is not None:
        around = basic.enter(0xA0)
        each = around.enter()
        around.end()
        while each.peek() is not None:
            certificates.append(each.raw(der.SEQUENCE))
    basic.end()
    info = der.Reader(tbs).enter()
    if info.peek() not in (0xA1, 0xA2):
        raise der.DerError("no responder")
    responder, produced = info.raw(), _moment(info)
    answers = info.enter()
    singles = []
    while answers.peek() is not None:
        singles.append(_single(answers.enter()))
    nonce = None
    if info.peek() is not None:
        found, critical = _wrapped_extensions(info, 0xA1)
        _refuse_critical(critical - {NONCE})
        nonce = _whole_nonce(found)
    info.end()
    return Basic(tbs, responder, produced, tuple(singles), nonce, algorithm, signature, tuple(certificates))


def _moment(reader: der.Reader) -> datetime:
    if reader.peek() != der.GENERALIZED_TIME:
        raise der.DerError("no GeneralizedTime where one is due")
    return reader.time()


def _single(one: der.Reader) -> Single:
    about = _cert_id(one.raw(der.SEQUENCE))
    state: State
    at, reason = None, "unspecified"
    tag = one.peek()
    if tag == 0xA1:
        state, revoked = "revoked", one.enter(0xA1)
        at = _moment(revoked)
        if revoked.peek() is not None:
            wrapped = revoked.enter(0xA0)
            reason = whole_reason(wrapped.raw())
            wrapped.end()
        revoked.end()
    elif tag in (0x80, 0x82) and one.raw() in (_GOOD, _UNKNOWN):
        state = "good" if tag == 0x80 else "unknown"
    else:
        raise der.DerError("no status of a certificate")
    this_update, next_update = _moment(one), None
    if one.peek() == 0xA0:
        wrapped = one.enter(0xA0)
        next_update = _moment(wrapped)
        wrapped.end()
    if one.peek() is not None:
        _refuse_critical(_wrapped_extensions(one, 0xA1)[1])
    one.end()
    return Single(about, state, this_update, next_update, at, reason)

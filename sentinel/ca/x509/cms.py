"""CMS SignedData (RFC 5652, 5): certificates alone as EST gives them out, and a request that is signed.

GM/T 0010 writes the same structures with object identifiers of its own for SM2; both are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sentinel import _native
from sentinel.ca.keys import PublicKey, Signer
from sentinel.ca.keys.algorithms import RSA, SM2_WITH_SM3
from sentinel.ca.x509 import certificate, der
from sentinel.errors import UserError

DATA, SIGNED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
DATA_GM, SIGNED_GM = "1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2"
SM2_SIGN = "1.2.156.10197.1.301.1"
"""SM2 signatures as GM/T 0010 marks them."""
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"

SM3 = "1.2.156.10197.1.401"
DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
    "2.16.840.1.101.3.4.2.2": lambda data: hashlib.sha384(data).digest(),
    "2.16.840.1.101.3.4.2.3": lambda data: hashlib.sha512(data).digest(),
    SM3: lambda data: _native.sm3(data),
}
_OF = {"sm2": SM3, "p384": "2.16.840.1.101.3.4.2.2", "ed25519": "2.16.840.1.101.3.4.2.3"}
_RSA_WITH = {
    "2.16.840.1.101.3.4.2.1": "1.2.840.113549.1.1.11",
    "2.16.840.1.101.3.4.2.2": "1.2.840.113549.1.1.12",
    "2.16.840.1.101.3.4.2.3": "1.2.840.113549.1.1.13",
}
MOST_CERTIFICATES = 16


def certificates_only(certificates: Iterable[bytes]) -> bytes:
    """SignedData without content and signers: how certificates are sent (RFC 7030, 4.1.3)."""
    inner = der.sequence(
        der.integer(1),
        der.set_of(),
        der.sequence(der.oid(DATA)),
        der.explicit(0, *certificates),
        der.set_of(),
    )
    return der.sequence(der.oid(SIGNED), der.explicit(0, inner))


def sign(content: bytes, signer: Signer, own: certificate.Certificate) -> bytes:
    """SignedData over `content` with signed attributes and the signer's certificate."""
    digest = _OF.get(signer.algorithm, "2.16.840.1.101.3.4.2.1")
    attributes = der.set_of(
        der.sequence(der.oid(CONTENT_TYPE), der.set_of(der.oid(DATA))),
        der.sequence(der.oid(MESSAGE_DIGEST), der.set_of(der.octets(DIGESTS[digest](content)))),
    )
    info = der.sequence(
        der.integer(1),
        der.sequence(own.issuer_der, der.integer(own.serial)),
        der.sequence(der.oid(digest)),
        b"\xa0" + attributes[1:],
        signer.signature_algorithm(),
        der.octets(signer.sign(attributes)),
    )
    inner = der.sequence(
        der.integer(1),
        der.set_of(der.sequence(der.oid(digest))),
        der.sequence(der.oid(DATA), der.explicit(0, der.octets(content))),
        der.explicit(0, own.der),
        der.set_of(info),
    )
    return der.sequence(der.oid(SIGNED), der.explicit(0, inner))


@dataclass(frozen=True, slots=True)
class Signed:
    """Content with one signature, not yet looked at. `covered` is what `signature` is over."""

    content: bytes
    certificates: tuple[bytes, ...]
    sid: bytes
    algorithm: bytes
    covered: bytes
    signature: bytes

    def signer(self) -> certificate.Certificate:
        """The certificate among those sent that the signer names. `UserError` if it is not there."""
        for data in self.certificates:
            found = certificate.read(data)
            named = der.sequence(found.issuer_der, der.integer(found.serial))
            if self.sid in (named, der.implicit(0, found.subject_key)):
                return found
        raise UserError("signed request: the signer's certificate is not in it")

    def holds(self, key: PublicKey) -> bool:
        """Whether the signature was made with `key`."""
        return key.verify(self.algorithm, self.covered, self.signature)


def read(data: bytes) -> Signed:
    """Read SignedData with content and one signer. `UserError` says what is wrong; a digest that does not
    agree with the content is one, the signature itself is not looked at."""
    try:
        return _read(data)
    except der.DerError as error:
        raise UserError(f"signed request: no CMS SignedData in DER: {error}") from None


def certificates(data: bytes) -> list[bytes]:
    """The certificates of SignedData, DER."""
    try:
        return _certificates(_opened(data)[2])
    except der.DerError as error:
        raise UserError(f"no CMS SignedData in DER: {error}") from None


def _opened(data: bytes) -> tuple[str, der.Reader, der.Reader]:
    """Type and reader of the content, and a reader at the certificates."""
    whole = der.Reader(data)
    outer = whole.enter()
    whole.end()
    kind = outer.oid()
    if kind not in (SIGNED, SIGNED_GM):
        raise UserError(f"signed request: content {kind}; SignedData ({SIGNED}) is taken")
    wrapped = outer.enter(0xA0)
    outer.end()
    inner = wrapped.enter()
    wrapped.end()
    if inner.integer() not in (1, 3):
        raise UserError("signed request: SignedData of an unknown version")
    inner.raw(der.SET)
    content = inner.enter()
    return content.oid(), content, inner


def _certificates(inner: der.Reader) -> list[bytes]:
    found: list[bytes] = []
    if inner.peek() == 0xA0:
        each = inner.enter(0xA0)
        while each.peek() is not None:
            found.append(each.raw(der.SEQUENCE))
            if len(found) > MOST_CERTIFICATES:
                raise UserError(f"signed request: more than {MOST_CERTIFICATES} certificates")
    if inner.peek() == 0xA1:
        inner.raw()
    return found


def _read(data: bytes) -> Signed:
    kind, content, inner = _opened(data)
    if kind not in (DATA, DATA_GM) or content.peek() != 0xA0:
        raise UserError("signed request: holds no data; the request is to be in it (not detached)")
    wrapped = content.enter(0xA0)
    content.end()
    octets = wrapped.read(der.OCTET_STRING)
    wrapped.end()
    sent = _certificates(inner)
    signers = inner.enter(der.SET)
    inner.end()
    info = signers.enter()
    if signers.peek() is not None:
        raise UserError("signed request: several signers; one is taken")
    if info.integer() not in (1, 3):
        raise UserError("signed request: a signer of an unknown version")
    sid = info.raw()
    digest = info.enter().oid()
    covered = octets
    if info.peek() == 0xA0:
        attributes = info.raw(0xA0)
        covered = b"\x31" + attributes[1:]
        _agree(attributes, kind, digest, octets)
    algorithm = _algorithm(info.raw(der.SEQUENCE), digest)
    signature = info.read(der.OCTET_STRING)
    return Signed(octets, tuple(sent), sid, algorithm, covered, signature)


def _agree(attributes: bytes, kind: str, digest: str, content: bytes) -> None:
    """Signed attributes name the type of the content and its digest (RFC 5652, 5.3, 11.1, 11.2)."""
    found: dict[str, bytes] = {}
    each = der.Reader(attributes).enter(0xA0)
    while each.peek() is not None:
        one = each.enter()
        number = one.oid()
        if number in found:
            raise UserError(f"signed request: attribute {number} twice")
        found[number] = one.read(der.SET)
        one.end()
    if digest not in DIGESTS:
        raise UserError(f"signed request: digest {digest}; SHA-256, SHA-384, SHA-512 or SM3 are taken")
    if found.get(CONTENT_TYPE) != der.oid(kind):
        raise UserError("signed request: its attributes name another type of content")
    if found.get(MESSAGE_DIGEST) != der.octets(DIGESTS[digest](content)):
        raise UserError("signed request: the digest is not that of the content")


def _algorithm(given: bytes, digest: str) -> bytes:
    """The signature's algorithm as certificates mark it: CMS names RSA, and GM/T 0010 SM2, without digest."""
    number = der.Reader(given).enter().oid()
    if number == RSA and digest in _RSA_WITH:
        return der.sequence(der.oid(_RSA_WITH[digest]), der.null())
    if number == SM2_SIGN:
        return der.sequence(der.oid(SM2_WITH_SM3))
    return given

"""Signed heads of the audit: size, root and time, signed by a key that is not the CA's."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING

import msgspec

from sentinel.ca.audit.tree import MOST
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.ca.keys import Signer

_HEX = re.compile(r"[0-9a-f]{64}").fullmatch
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z").fullmatch
_ORIGIN = re.compile(r"[0-9a-f]{32}").fullmatch


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the audit was at a moment. `origin` is the register it is of, `root` hexadecimal, `key` the
    SubjectPublicKeyInfo of the key that signed and `algorithm` that of the signature, both DER in base64."""

    origin: str
    size: int
    root: str
    digest: str
    time: str
    key: str
    algorithm: str
    signature: str = ""

    def signed(self) -> bytes:
        """What the signature is over: a line each, ended by a newline."""
        lines = ("sentinel audit head 1", self.origin, self.size, self.root, self.digest, self.time, self.key)
        return "".join(f"{line}\n" for line in lines).encode()

    def key_sha256(self) -> str:
        """SHA-256 of the key that signed, hexadecimal."""
        return hashlib.sha256(base64.b64decode(self.key)).hexdigest()

    def genuine(self) -> bool:
        """Whether the signature is that of the key it names. Whose key that is, is another question."""
        from sentinel.ca.keys import PublicKey

        try:
            key = PublicKey(base64.b64decode(self.key, validate=True))
            algorithm = base64.b64decode(self.algorithm, validate=True)
            signature = base64.b64decode(self.signature, validate=True)
            return key.verify(algorithm, self.signed(), signature)
        except (UserError, ValueError):
            return False

    def json(self) -> str:
        """It as one line of JSON."""
        return msgspec.json.encode(self).decode()


def sign(signer: Signer, *, origin: str, size: int, root: bytes, digest: str, time: str) -> Head:
    """A head, signed."""
    head = Head(
        origin=origin,
        size=size,
        root=root.hex(),
        digest=digest,
        time=time,
        key=text(signer.spki()),
        algorithm=text(signer.signature_algorithm()),
    )
    return msgspec.structs.replace(head, signature=text(signer.sign(head.signed())))


def parse(data: bytes | str, name: object) -> Head:
    """Read a head. Raises `UserError` with `name` for what is none; its signature is not looked at."""
    try:
        head = msgspec.json.decode(data, type=Head)
        for part in (head.key, head.algorithm, head.signature):
            base64.b64decode(part, validate=True)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError) as error:
        raise UserError(f"{name}: no head of an audit: {error}") from None
    if not (_HEX(head.root) and _TIME(head.time) and _ORIGIN(head.origin) and 0 <= head.size <= MOST):
        raise UserError(f"{name}: no head of an audit: size, root, time or origin is malformed")
    return head


def text(data: bytes) -> str:
    """DER as it stands in a head."""
    return base64.b64encode(data).decode()

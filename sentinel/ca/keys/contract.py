"""What the CA asks of a key that signs, wherever it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


class Signer(Protocol):
    """A private key that signs. A failure of the device behind it is a `UserError`, and nothing is signed."""

    @property
    def algorithm(self) -> str:
        """One of `sentinel.ca.keys.algorithms.ALGORITHMS`."""

    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    def signature_algorithm(self) -> bytes:
        """AlgorithmIdentifier of its signatures, DER."""

    def sign(self, tbs: bytes) -> bytes:
        """Signature over `tbs`: the octets that the BIT STRING of a certificate holds."""


@runtime_checkable
class ManySigner(Protocol):
    """A signer to which many signatures at once are cheaper."""

    def sign_many(self, tbs: Sequence[bytes]) -> list[bytes]:
        """`Signer.sign` of each."""


def sign_all(signer: Signer, tbs: Sequence[bytes]) -> list[bytes]:
    """Signatures over each of `tbs`. A `UserError` tells of the first that failed."""
    if isinstance(signer, ManySigner):
        return signer.sign_many(tbs)
    return [signer.sign(each) for each in tbs]

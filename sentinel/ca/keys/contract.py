"""What the CA asks of a key that signs, wherever it is kept."""

from __future__ import annotations

from typing import Protocol


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

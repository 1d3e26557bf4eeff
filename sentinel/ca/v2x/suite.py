"""What a profile is made of: names of its algorithms in the structures, and application ids of the PKI."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from sentinel import _native
from sentinel.errors import UserError

Name = Literal["ydt3957", "1609.2"]


@dataclass(frozen=True, slots=True)
class Suite:
    """A profile's algorithms, as the structures name them."""

    name: Name
    algorithm: str
    """Of keys, as `sentinel.ca.keys` names it."""
    hash: str
    issuer: str
    """Choice of IssuerIdentifier for a digest of the issuer."""
    verify: str
    encrypt: str
    symmetric: str
    expansion: str
    """Choice of the key of an expansion function."""
    management: int
    """Application id of what roles of the PKI send: 35 of IEEE 1609.2.1, 3627 of YD/T 3957."""
    crl: int
    """Application id of lists of revocations: 256 of IEEE 1609.2, 3628 of YD/T 3957."""
    bsm: int
    """Application id of pseudonyms unless another is asked for. 32 is J2945/1's; 111 is an assumption, see
    docs/concepts/v2x-pki.md."""

    def digest(self, data: bytes) -> bytes:
        """32 octets."""
        return _native.sm3(data) if self.hash == "sm3" else hashlib.sha256(data).digest()


SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite(
            name="ydt3957",
            algorithm="sm2",
            hash="sm3",
            issuer="sm3AndDigest",
            verify="ecsigSm2",
            encrypt="ecencSm2",
            symmetric="sm4Ccm",
            expansion="sm4",
            management=3627,
            crl=3628,
            bsm=111,
        ),
        Suite(
            name="1609.2",
            algorithm="p256",
            hash="sha256",
            issuer="sha256AndDigest",
            verify="ecdsaNistP256",
            encrypt="eciesNistP256",
            symmetric="aes128Ccm",
            expansion="aes128",
            management=35,
            crl=256,
            bsm=32,
        ),
    )
}


def suite(name: str) -> Suite:
    """A profile's suite. `UserError` if there is none."""
    try:
        return SUITES[name]
    except KeyError:
        raise UserError(f"profile {name[:40]}: one of {', '.join(SUITES)}", 2) from None

"""Keys: what signs, what verifies, and the files and tokens that hold them."""

from __future__ import annotations

from sentinel.ca.keys.contract import Signer
from sentinel.ca.keys.public import PublicKey
from sentinel.ca.keys.software import SoftwareKey, generate

__all__ = ["PublicKey", "Signer", "SoftwareKey", "generate"]

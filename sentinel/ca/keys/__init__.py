"""Keys: what signs, what verifies, and the files and tokens that hold them.

What needs `cryptography` is imported when it is first used: commands that only look need none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sentinel.ca.keys.contract import Signer

if TYPE_CHECKING:
    from sentinel.ca.keys.public import PublicKey
    from sentinel.ca.keys.software import SoftwareKey, generate

__all__ = ["PublicKey", "Signer", "SoftwareKey", "generate"]

_PLACES = {"PublicKey": "public", "SoftwareKey": "software", "generate": "software"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)

"""The CA's own keys, without unlocking one: what `ca keys` shows."""

from __future__ import annotations

import stat

from sentinel.ca.authority import URI, Authority
from sentinel.ca.keys.files import is_sealed
from sentinel.errors import UserError


def inventory(authority: Authority) -> list[dict[str, str | None]]:
    """Each key: `name`, `algorithm` (of those with a certificate), `place`, and `state`: sealed, open,
    exposed (others can read it), damaged, away, or token."""
    out: list[dict[str, str | None]] = []
    named = set()
    for member in authority.charter.members:
        algorithm = authority.certificate(member.role).key.algorithm
        named.add(member.key)
        out.append(
            {
                "name": member.role,
                "algorithm": algorithm,
                "state": "token" if member.key.startswith(URI) else _state(authority, member.key),
                "place": member.key,
            }
        )
    for path in sorted((authority.folder / "keys").glob("*.pem")):
        place = f"keys/{path.name}"
        if place not in named:
            out.append(
                {"name": path.stem, "algorithm": None, "state": _state(authority, place), "place": place}
            )
    return out


def _state(authority: Authority, place: str) -> str:
    path = authority.folder / place
    if not path.is_file():
        return "away"
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return "exposed"
    try:
        return "sealed" if is_sealed(path) else "open"
    except UserError:
        return "damaged"

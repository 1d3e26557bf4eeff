"""What profiles mean: identity, type, level and exposures, once per distinct profile."""

from pathlib import Path

import msgspec

from sentinel.inventory import banners, exposures, identity, roles, systems
from sentinel.inventory.profile import Meaning, Profile

_REMEMBERED = 16384  # profiles whose meaning is kept

_profiles = msgspec.json.Decoder(list[msgspec.Raw])
_profile = msgspec.json.Decoder(Profile)
_encode = msgspec.json.Encoder().encode
_seen: dict[tuple[bytes, str | None, Path | None], bytes] = {}


def describe(profile: Profile, until: str | None = None, known: Path | None = None) -> Meaning:
    """The meaning of one profile. `until`: time of the last packet, RFC 3339, for certificates; `known`:
    folder with a user's banner knowledge."""
    meaning = Meaning(roles=[], systems=[], exposures=[], services={}, because={}, conflicts={})
    found = identity.gather(profile, banners.load(known))
    systems.fill(meaning, profile, found)
    identity.fill(meaning, profile, found)
    roles.fill(meaning, profile, found)
    exposures.fill(meaning, profile, until)
    return meaning


def describe_all(profiles: bytes, until: str | None = None, known: Path | None = None) -> bytes:
    """Meanings of a JSON array of profiles, as a JSON array in the same order.

    Raises `msgspec.DecodeError` (a `ValueError`) for bytes that are no such array.
    """
    out: list[msgspec.Raw] = []
    for raw in _profiles.decode(profiles):
        # A meaning hangs on the time only where a certificate does.
        text = bytes(raw)
        key = (text, until if b'"tls.not_' in text else None, known)
        meaning = _seen.get(key)
        if meaning is None:
            meaning = _encode(describe(_profile.decode(text), until, known))
            if len(_seen) >= _REMEMBERED:
                _seen.clear()
            _seen[key] = meaning
        out.append(msgspec.Raw(meaning))
    return _encode(out)


def forget() -> None:
    """Drops what is remembered, as for measuring."""
    _seen.clear()

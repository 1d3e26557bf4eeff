"""What profiles mean: identity, type, level and exposures, once per distinct profile."""

import msgspec

from sentinel.inventory import exposures, identity, roles
from sentinel.inventory.profile import Meaning, Profile

_REMEMBERED = 16384  # profiles whose meaning is kept

_profiles = msgspec.json.Decoder(list[msgspec.Raw])
_profile = msgspec.json.Decoder(Profile)
_encode = msgspec.json.Encoder().encode
_seen: dict[tuple[bytes, str | None], bytes] = {}


def describe(profile: Profile, until: str | None = None) -> Meaning:
    """The meaning of one profile. `until`: time of the last packet, RFC 3339, for certificates."""
    meaning = Meaning(roles=[], exposures=[], because={}, conflicts={})
    found = identity.gather(profile)
    identity.fill(meaning, found)
    roles.fill(meaning, profile, found)
    exposures.fill(meaning, profile, until)
    return meaning


def describe_all(profiles: bytes, until: str | None = None) -> bytes:
    """Meanings of a JSON array of profiles, as a JSON array in the same order.

    Raises `msgspec.DecodeError` (a `ValueError`) for bytes that are no such array.
    """
    out: list[msgspec.Raw] = []
    for raw in _profiles.decode(profiles):
        # A meaning hangs on the time only where a certificate does.
        text = bytes(raw)
        key = (text, until if b'"tls.not_' in text else None)
        known = _seen.get(key)
        if known is None:
            known = _encode(describe(_profile.decode(text), until))
            if len(_seen) >= _REMEMBERED:
                _seen.clear()
            _seen[key] = known
        out.append(msgspec.Raw(known))
    return _encode(out)


def forget() -> None:
    """Drops what is remembered, as for measuring."""
    _seen.clear()

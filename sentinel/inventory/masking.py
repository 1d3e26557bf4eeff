"""Showing a secret without giving it away.

A masked secret keeps its first character at most, and never its length: the dots are always five. Hash
lines keep what names the scheme and the user; their responses are masked. Masking is what a report, a store
and a log see unless a person asked for the secrets themselves.
"""

import re

DOTS = "•••••"
_SHORTEST_SHOWN = 4  # a secret below this length shows nothing: one of three characters is a third of it
_HEX_RUN = re.compile(r"[0-9A-Fa-f]{8,}")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
# Words of a hash line that name its scheme, not its secret.
_SCHEMES = re.compile(r"^\$?[A-Za-z][\w+.-]{0,24}$")


def secret(text: str) -> str:
    """`admin123` is `a•••••`, `abc` is `•••••`."""
    first = text[:1]
    if len(text) < _SHORTEST_SHOWN or not first.isprintable() or first.isspace() or text == first * len(text):
        return DOTS
    return first + DOTS


def hash_line(line: str, username: str | None) -> str:
    """A hashcat line with its responses and digests masked; scheme, user and realm stay readable.

    Lines are split at `$`, `*` and `:`; a part that is a run of hex digits or base64 is masked, and so is
    the last part whatever it is, since that is where most schemes keep the response.
    """
    parts = re.split(r"([$*:])", line)
    names = {(username or "").lower()} - {""}
    last = max((i for i, part in enumerate(parts) if part not in ("", "$", "*", ":")), default=-1)
    for i, part in enumerate(parts):
        if part in ("", "$", "*", ":") or (part.lower() in names and i != last):
            continue
        if i == last or _HEX_RUN.fullmatch(part) or _is_material(part):
            parts[i] = DOTS
    return "".join(parts)


def _is_material(part: str) -> bool:
    """True for what looks like digest, challenge or key material and is no word of the scheme."""
    if _SCHEMES.match(part) and not any(c.isdigit() for c in part):
        return False
    return bool(_HEX_RUN.fullmatch(part) or _BASE64_RUN.fullmatch(part))

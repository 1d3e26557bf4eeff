"""Times as text and as numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def text(posix: int | None) -> str | None:
    """RFC 3339 of microseconds since 1970 UTC; None of None and of what no calendar has."""
    if posix is None:
        return None
    try:
        return (_EPOCH + posix * _MICROSECOND).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        return None


def microseconds(at: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND

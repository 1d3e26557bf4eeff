"""Time32 and Time64: seconds and microseconds of TAI since 2004-01-01 00:00 UTC (IEEE 1609.2, 6.3.19).

Whether YD/T 3957 counts the leap seconds is unconfirmed: a domain says so (`time` of its roles).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from sentinel import _native

Scale = Literal["tai", "utc"]

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY


def time64(at: datetime, scale: Scale = "tai") -> int:
    """Microseconds since 2004 at a moment."""
    return _native.v2x_time64(at.timestamp(), utc=scale == "utc")


def time32(at: datetime, scale: Scale = "tai") -> int:
    """Whole seconds since 2004 at a moment."""
    return _native.v2x_time32(at.timestamp(), utc=scale == "utc")


def moment(time: int, scale: Scale = "tai") -> datetime:
    """The moment of a Time32."""
    return datetime.fromtimestamp(_native.v2x_posix(time * 1_000_000, utc=scale == "utc"), UTC)


def week(time: int) -> int:
    """The period i that a Time32 is in: whole weeks since 2004. It fits 16 bits for a thousand years."""
    return time // WEEK


def hour(at: datetime) -> datetime:
    """The hour a moment is in."""
    return at.replace(minute=0, second=0, microsecond=0)


def text(at: datetime) -> str:
    """RFC 3339 in seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

"""Spans of time, for people."""

from __future__ import annotations

from datetime import datetime

from sentinel.report.listing import moment


def ago(time: str, now: datetime) -> str:
    """How long ago a time (RFC 3339) was."""
    try:
        return span(max(0.0, (now - datetime.fromisoformat(time)).total_seconds()))
    except ValueError:
        return moment(time)


def span(seconds: float) -> str:
    """A span of time in its two largest units."""
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, last = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (last, "s")]
    said = [f"{number} {unit}" for number, unit in parts if number][:2]
    return " ".join(said) or "0 s"

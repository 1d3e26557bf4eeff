"""Text of documents made fit for lines that others read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sentinel.collector.forward.message import Document
from sentinel.export.text import plain


def texts(value: Any) -> list[str]:
    """A field's values as one-line texts; none for what is absent."""
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [] if value is None or isinstance(value, dict) else [plain(value)]


def joined(value: Any, mark: str = ", ") -> str:
    """A field's values on one line."""
    return mark.join(texts(value))


def milliseconds(time: Any) -> int | None:
    """Milliseconds since 1970 UTC of a time as documents have it."""
    if not isinstance(time, str):
        return None
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)


def clipped(text: str, octets: int) -> str:
    """Text of at most so many octets of UTF-8, cut between two characters."""
    raw = text.encode()
    return text if len(raw) <= octets else raw[: max(0, octets)].decode(errors="ignore")


def told(kind: str, document: Document) -> str:
    """What happened in one sentence."""
    if kind == "chain":
        state = "" if document.get("state") == "open" else f" ({joined(document.get('state'))})"
        count = document.get("alert_count", 0)
        return (
            f"{joined(document.get('title') or document.get('id'))}: {count} alerts, "
            f"score {document.get('score', 0)}{state}"
        )
    return joined(document.get("event.reason") or document.get("rule.name"))

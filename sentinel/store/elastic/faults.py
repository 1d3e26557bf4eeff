"""What an Elasticsearch says when something is wrong, as one line for a person.

Faults that pass are `StoreAwayError`. `SetUpError` is one of them while a daemon runs (a certificate may
be renewed, a right given back), and a plain `UserError` at the start: `Client.check` turns it into one.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from sentinel.errors import StoreAwayError, UserError


class SetUpError(StoreAwayError):
    """The server does not let us in, or is not who we want: certificate, password, right."""


class AnswerError(UserError):
    """The server refuses a request as such. `kind` is the type it gives the error, `reason` its words."""

    def __init__(self, message: str, status: int, kind: str, reason: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.reason = status, kind, reason


class NoAnswerError(StoreAwayError):
    """The server was silent for as long as a request may take. It is not asked again at once."""


class TooManyError(StoreAwayError):
    """The server has too much to do (429): the same may succeed a moment later."""


PASSING = frozenset((408, 429, 500, 502, 503, 504))
"""Answers that another try may change."""

_GRANTED = re.compile(r"granted by the (\w+) privileges \[([^\]]*)\]")
_INDICES = re.compile(r"on indices \[([^\]]*)\]")
_USER = re.compile(r"(?:user|API key id) \[([^\]]*)\]")


def of(url: str, request: str, status: int, body: bytes, user: str | None, *, key: bool = False) -> UserError:
    """The error for an answer that is none of success. `key`: an API key was shown."""
    kind, reason = _said(body)
    at = f"{url}: {request}"
    if status == 401:
        who = "no user or API key was given (https://user@host, elastic.password)"
        if user:
            who = f"user {user} and its password (elastic.password)"
        elif key:
            who = "the API key of elastic.api_key is unknown, expired or withdrawn"
        return SetUpError(f"{url}: not let in: {who}")
    if status == 403 and kind == "security_exception":
        return SetUpError(f"{url}: {_lacking(reason, user)}")
    if kind == "cluster_block_exception":
        return StoreAwayError(f"{at}: blocked: {reason}")
    if "maximum" in reason and "shards" in reason and kind == "validation_exception":
        return StoreAwayError(f"{at}: no room for another index: {reason}")
    if status == 429:
        return TooManyError(f"{at}: too much to do: {reason or 'no reason given'}")
    if status in PASSING:
        return StoreAwayError(f"{at}: cannot just now ({status}): {reason or 'no reason given'}")
    return AnswerError(f"{at}: refused ({status}): {reason or kind}", status, kind, reason)


def _said(body: bytes) -> tuple[str, str]:
    """Type and reason of an error, on one line and not too long."""
    try:
        error: Any = msgspec.json.decode(body).get("error", "")
    except (msgspec.DecodeError, AttributeError):
        return "", one_line(body[:300].decode("utf-8", "replace"))
    if isinstance(error, str):
        return "", one_line(error)
    reason = str(error.get("reason") or "")
    causes = [c for c in error.get("root_cause") or () if isinstance(c, dict)]
    if causes and causes[0].get("reason"):
        reason = str(causes[0]["reason"])
    return str(error.get("type") or ""), one_line(reason)


def reason_of(error: Any) -> str:
    """Words for the error of one item of a bulk request, with its innermost cause."""
    if not isinstance(error, dict):
        return one_line(str(error))
    words = str(error.get("reason") or error.get("type") or "refused")
    cause = error.get("caused_by")
    while isinstance(cause, dict) and isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
    if isinstance(cause, dict) and cause.get("reason"):
        words += f" ({cause['reason']})"
    return one_line(words)


def one_line(text: str, most: int = 300) -> str:
    """Text without line ends and other control characters, cut where it is too long."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _lacking(reason: str, user: str | None) -> str:
    who, on, granted = _USER.search(reason), _INDICES.search(reason), _GRANTED.search(reason)
    line = f"user {who[1] if who else user} lacks a privilege"
    if on:
        line += f" on {on[1]}"
    if granted:
        line += f": one of the {granted[1]} privileges {granted[2].replace(',', ', ')}"
    return line if granted else f"{line}: {reason}"

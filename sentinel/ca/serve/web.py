"""Requests and replies, as handlers see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias
from urllib.parse import unquote

import msgspec

from sentinel.errors import StoreAwayError, UserError

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain; charset=utf-8"

Fields: TypeAlias = list[tuple[str, str]]


class Request(Protocol):
    """`_native.HttpRequest`, and what tests put in its place."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def peer(self) -> str: ...
    @property
    def tls(self) -> bool: ...
    @property
    def certificate(self) -> bytes | None: ...
    def header(self, name: str) -> str: ...
    def answer(self, status: int, headers: Fields, body: bytes) -> bool: ...


class Reply(msgspec.Struct, frozen=True):
    """A response. `headers` besides the content type, which is left out where there is no body."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def give(self, request: Request) -> bool:
        """Answer a request; False if its client is gone."""
        kind = [("content-type", self.content_type)] if self.content_type else []
        return request.answer(self.status, [*kind, ("cache-control", "no-store"), *self.headers], self.body)


Handler: TypeAlias = Callable[[Sequence[Request]], None]
"""Answers each of a group of requests."""


class RefusedError(UserError):
    """A request that is refused, with its HTTP status."""

    def __init__(self, status: int, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


def status_of(error: UserError) -> int:
    """The status that an error means where none was given: the input is wrong, or the disk is."""
    if isinstance(error, RefusedError):
        return error.status
    return 503 if isinstance(error, StoreAwayError) else 422


def refusal(error: UserError, *, problem: bool = True) -> Reply:
    """An error as a problem document (RFC 9457), or as a line of text."""
    status = status_of(error)
    headers = error.headers if isinstance(error, RefusedError) else ()
    if status == 503:
        headers = (*headers, ("retry-after", "5"))
    if not problem:
        return Reply(status, f"{error.message}\n".encode(), TEXT, headers)
    document = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": error.message}
    return Reply(status, msgspec.json.encode(document), PROBLEM, headers)


def told(error: Exception) -> str:
    """What a decoder says of its input, as a line of bounded length: it repeats names that stand there."""
    return "".join(one if one.isprintable() else "?" for one in str(error)[:200])


def json(value: Any, status: int = 200, *headers: tuple[str, str]) -> Reply:
    return Reply(status, msgspec.json.encode(value), JSON, headers)


def segments(path: str, prefix: str) -> list[str]:
    """Parts of a path after its prefix, decoded. `RefusedError` for what is no text in UTF-8."""
    try:
        return [unquote(part, errors="strict") for part in path[len(prefix) :].split("/")]
    except UnicodeDecodeError:
        raise RefusedError(400, "the path is no UTF-8") from None


def parameters(query: str, known: Sequence[str]) -> dict[str, str]:
    """Parameters of a query. `RefusedError` names one that is unknown or given twice."""
    out: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        try:
            value = unquote(value.replace("+", " "), errors="strict")
        except UnicodeDecodeError:
            raise RefusedError(400, f"parameter {name[:40]}: no UTF-8") from None
        if name not in known:
            raise RefusedError(400, f"parameter {name[:40]!r}: not known; {', '.join(known) or 'none'} are")
        if name in out:
            raise RefusedError(400, f"parameter {name}: given twice")
        out[name] = value
    return out


def number(text: str, name: str, low: int, high: int) -> int:
    """A parameter that is a number within bounds."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise RefusedError(400, f"{name} {text[:40]!r}: a number from {low} to {high:,}")
    return int(text)

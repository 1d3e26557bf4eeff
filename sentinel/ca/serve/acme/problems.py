"""Refusals as ACME clients know them (RFC 8555, 6.7)."""

from __future__ import annotations

from typing import Any

import msgspec

from sentinel.ca.serve.web import PROBLEM, RefusedError, Reply, status_of
from sentinel.errors import UserError

URN = "urn:ietf:params:acme:error:"


class AcmeError(RefusedError):
    """A refusal with its type: the word after `URN`."""

    def __init__(
        self, status: int, kind: str, message: str, *headers: tuple[str, str], **more: object
    ) -> None:
        super().__init__(status, message, *headers)
        self.kind = kind
        self.more = more
        """Further members of the problem document."""


def malformed(message: str) -> AcmeError:
    return AcmeError(400, "malformed", message)


def unauthorized(message: str) -> AcmeError:
    return AcmeError(403, "unauthorized", message)


def document(error: AcmeError) -> dict[str, Any]:
    """The problem document of an error, which an order or a challenge keeps too."""
    return {"type": URN + error.kind, "status": error.status, "detail": error.message, **error.more}


def refusal(error: UserError, kind: str = "malformed") -> Reply:
    """Any error as a problem document; `kind` is for one that has no type of its own."""
    status = status_of(error)
    if not isinstance(error, AcmeError):
        headers = error.headers if isinstance(error, RefusedError) else ()
        if status == 422:
            status = 400
        error = AcmeError(status, "serverInternal" if status >= 500 else kind, error.message, *headers)
    headers = error.headers
    if status == 503:
        headers = (*headers, ("retry-after", "5"))
    return Reply(status, msgspec.json.encode(document(error)), PROBLEM, headers)

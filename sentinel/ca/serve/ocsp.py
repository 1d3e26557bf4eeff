"""`/ocsp`: answers of the responder, put into the server's cache where they may be given again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from sentinel import _native
from sentinel.ca.ocsp import Responder, Response
from sentinel.ca.serve.web import Fields, RefusedError, Request, refusal
from sentinel.ca.x509 import ocsp
from sentinel.errors import UserError

_KIND = ("content-type", "application/ocsp-response")
_MALFORMED = ocsp.error("malformedRequest")


@dataclass(slots=True)
class Ocsp:
    """Answers OCSP by GET and POST; of a GET the body is what its path encodes."""

    server: _native.HttpServer
    responder: Responder
    _version: tuple[int, ...] = field(default=())

    def __call__(self, requests: Sequence[Request]) -> None:
        for one in requests:
            age = self.server.status_age
            found = self.responder.respond(one.body)
            if found.der == _MALFORMED:
                refusal(RefusedError(400, f"no OCSP request: {found.fault}"), problem=False).give(one)
                continue
            headers = _headers(found)
            one.answer(200, headers, found.der)
            until = found.cacheable_until
            if until is not None and until > datetime.now(UTC):
                self.server.put_status(one.body, found.der, headers, int(until.timestamp()), age)

    def watch(self) -> None:
        """Forget what was answered when a state has changed, by whatever process. `UserError` if the register
        cannot be read; then nothing is known to hold, and all is forgotten too."""
        try:
            version = self.responder.version()
        except UserError:
            self.forget()
            raise
        if version != self._version:
            self._version = version
            self.forget()

    def forget(self) -> None:
        self.server.clear_status()


def _headers(found: Response) -> Fields:
    """Header fields of an answer (RFC 5019, 6.2): good until the time it may be kept."""
    until = found.cacheable_until
    if until is None or found.this_update is None:
        return [_KIND, ("cache-control", "no-store")]
    return [
        _KIND,
        ("last-modified", format_datetime(found.this_update, usegmt=True)),
        ("expires", format_datetime(until, usegmt=True)),
        ("cache-control", "public, no-transform, must-revalidate"),
    ]

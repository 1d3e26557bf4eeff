"""`/crl/`: revocation lists and CA certificates as documents; lists are made when they are due."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sentinel import _native
from sentinel.ca.authority import Authority
from sentinel.ca.crl import due, place, publish
from sentinel.ca.revocation import Actor
from sentinel.ca.x509 import crl

LOOK = 60.0
"""Seconds between two looks whether a list is due, if nothing was revoked."""
_ACTOR = Actor("serve", "serve", "due")


@dataclass(slots=True)
class Lists:
    """The CA's lists, kept up to date in its folder and in the server. The root's are made by `ca crl` when
    its key is there, and served from the folder."""

    server: _native.HttpServer
    authority: Authority
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _changed: int = -2
    _next: float = 0.0

    def watch(self) -> None:
        """Make what is due and serve what is new in the folder."""
        now = datetime.now(UTC)
        role = self.authority.charter.member("issuing").role
        changed = self.authority.register.generation()
        if changed != self._changed or now.timestamp() >= self._next:
            self._changed, self._next = changed, now.timestamp() + LOOK
            wanted = due(self.authority, role, now)
            if wanted:
                publish(self.authority, role, _ACTOR, delta=wanted == "delta")
        for member in self.authority.charter.members:
            for delta in (False, True):
                self._serve(place(self.authority.folder, member.role, delta=delta))

    def _serve(self, path: Path) -> None:
        try:
            found = path.stat()
        except FileNotFoundError:
            return
        if self._seen.get(path) == (found.st_mtime_ns, found.st_ino):
            return
        data = path.read_bytes()
        read = crl.read(data)
        self.server.put_document(
            f"/crl/{path.name}",
            data,
            "application/pkix-crl",
            _etag(data),
            int(read.this_update.timestamp()),
            int(read.next_update.timestamp()),
        )
        self._seen[path] = found.st_mtime_ns, found.st_ino

    def certificates(self) -> None:
        """Serve the CA's certificates, where their AIA points to (RFC 5280, 4.2.2.1: DER)."""
        for member in self.authority.charter.members:
            found = self.authority.certificate(member.role)
            self.server.put_document(
                f"/crl/{member.role}.cer",
                found.der,
                "application/pkix-cert",
                _etag(found.der),
                int(found.not_before.timestamp()),
                int(found.not_after.timestamp()),
            )


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'

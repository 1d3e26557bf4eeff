"""Heads told elsewhere: a folder on another machine, a syslog receiver. What stands there shows a register
that was rolled back, or written anew."""

from __future__ import annotations

import logging
import re
import socket
from pathlib import Path

from sentinel.ca import files
from sentinel.ca.audit.heads import Head
from sentinel.config.sections import CaSettings
from sentinel.errors import UserError

KEPT = 1_000
"""Heads that stay in a folder, the newest."""

_NAME = re.compile(r"head-(\d{12})\.json").fullmatch
_FACILITY_NOTICE = 13 * 8 + 5
"""Log audit, notice (RFC 5424, 6.2.1)."""

log = logging.getLogger("sentinel.ca.audit")


class Publisher:
    """Tells a head whenever `every` more entries are under it. A receiver that is away is told of in the
    log and holds nothing up."""

    def __init__(self, every: int, folder: Path | None = None, syslog: tuple[str, int] | None = None) -> None:
        self._every, self._folder, self._syslog = every, folder, syslog
        self._last = self._known()
        self.lost = 0
        """Heads that could not be told."""

    @classmethod
    def configured(cls, settings: CaSettings) -> Publisher | None:
        """As the settings say; None if heads are told nowhere."""
        to = None
        if settings.heads_syslog is not None:
            host, found, port = settings.heads_syslog.rpartition(":")
            if not found or not host or not port.isdecimal() or not 0 < int(port) < 65_536:
                raise UserError(f"ca.heads_syslog {settings.heads_syslog}: write host:port")
            to = host.strip("[]"), int(port)
        if settings.heads is None and to is None:
            return None
        return cls(settings.heads_every, settings.heads, to)

    def __call__(self, head: Head) -> None:
        """A new head was signed."""
        if head.size // self._every > self._last // self._every:
            self.tell(head)

    def tell(self, head: Head) -> None:
        """Tell a head now."""
        self._last = head.size
        try:
            if self._folder is not None:
                path = self._folder / f"head-{head.size:012}.json"
                files.write(path, head.json().encode() + b"\n", force=True)
                for old in sorted(p for p in self._folder.iterdir() if _NAME(p.name))[:-KEPT]:
                    old.unlink(missing_ok=True)
            if self._syslog is not None:
                line = f"<{_FACILITY_NOTICE}>1 {head.time} - sentinel-ca - head - {head.json()}"
                kind, *_, address = socket.getaddrinfo(*self._syslog, type=socket.SOCK_DGRAM)[0]
                with socket.socket(kind, socket.SOCK_DGRAM) as to:
                    to.sendto(line.encode(), address)
        except (UserError, OSError) as error:
            self.lost += 1
            log.warning("a head of the audit over %d entries could not be told: %s", head.size, error)

    def _known(self) -> int:
        """Entries under the newest head in the folder."""
        try:
            found = [_NAME(path.name) for path in self._folder.iterdir()] if self._folder else []
        except OSError:
            return 0
        return max((int(name[1]) for name in found if name), default=0)

"""What systemd is told: that we are ready, what we do, that we are alive, that we stop.

The protocol of sd_notify(3): datagrams of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names, a
path or, with `@` in front, a name of Linux's abstract namespace. Without the variable nothing is sent.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

LONGEST = 1000
"""Characters of a status line."""


class Notify:
    """Speaks to the service manager. No method raises: `fault` holds what went wrong last."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.fault: str | None = None
        self._to = _address(environ.get("NOTIFY_SOCKET", ""))
        self._every = _watchdog(environ)
        if self._to is None and environ.get("NOTIFY_SOCKET"):
            self.fault = f"NOTIFY_SOCKET={environ['NOTIFY_SOCKET']}: is neither a path nor @name"

    def __bool__(self) -> bool:
        """Whether somebody listens."""
        return self._to is not None

    @property
    def watchdog_seconds(self) -> float | None:
        """Seconds within which `alive` must be called again and again (call it twice as often); None
        where nobody waits for it."""
        return self._every

    def ready(self, status: str = "") -> bool:
        """All that was asked for is started, or a reload is over."""
        return self._send("READY=1", *_status(status))

    def status(self, text: str) -> bool:
        """What is being done, one line, as `systemctl status` shows it."""
        return self._send(*_status(text))

    def alive(self) -> bool:
        """The main loop still turns."""
        return self._send("WATCHDOG=1")

    def trouble(self) -> bool:
        """The watchdog is to act at once: we cannot go on and cannot end."""
        return self._send("WATCHDOG=trigger")

    def reloading(self) -> bool:
        """A reload begins; `ready` must follow. Carries the time of the monotonic clock (µs), by which
        the manager tells this reload from earlier ones."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        return self._send("RELOADING=1", f"MONOTONIC_USEC={now}")

    def longer(self, seconds: float) -> bool:
        """Start, stop or reload takes so many seconds more."""
        return self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def stopping(self, status: str = "") -> bool:
        """The end has begun."""
        return self._send("STOPPING=1", *_status(status))

    def _send(self, *lines: str) -> bool:
        """True if it was handed over."""
        if self._to is None or not lines:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                # a manager that does not read must not hold us up
                out.settimeout(1.0)
                out.connect(self._to)
                out.send("\n".join(lines).encode("utf-8", "replace"))
        except OSError as error:
            self.fault = f"NOTIFY_SOCKET: {error.strerror or error}"
            return False
        return True


def _address(named: str) -> str | None:
    if named.startswith("@") and len(named) > 1:
        return "\0" + named[1:]
    return named if named.startswith("/") else None


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """`WATCHDOG_USEC`, if `WATCHDOG_PID` is ours or not set: sd_watchdog_enabled(3)."""
    pid, every = environ.get("WATCHDOG_PID", ""), environ.get("WATCHDOG_USEC", "")
    if pid and pid != str(os.getpid()):
        return None
    return int(every) / 1e6 if every.isascii() and every.isdigit() and int(every) else None


def _status(text: str) -> list[str]:
    line = " ".join(text.split())[:LONGEST]
    return [f"STATUS={line}"] if line else []

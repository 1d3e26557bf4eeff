"""Who looked at secrets: one JSON line each, in `audit.log` of the state folder, appended and synced."""

from __future__ import annotations

import getpass
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentinel.errors import UserError


def record(folder: Path, action: str, **what: Any) -> None:
    """Append a line. Raises `UserError` if it cannot be written: then nothing may be shown either."""
    line = {
        "@timestamp": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "event.action": action,
        "user.name": _user(),
        "process.pid": os.getpid(),
        **what,
    }
    path = folder / "audit.log"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(fd, "ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; secrets are not shown without an audit line") from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())

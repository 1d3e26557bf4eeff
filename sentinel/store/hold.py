"""A file that one process holds at a time; its number stands in it, for those who find it held."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class HeldError(Exception):
    """Another process holds the file. `holder` is its number, or `another` where that is not known."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class Hold:
    """A held file (0600, made if it is not there). It is let go by `release`, or with the process."""

    def __init__(self, path: Path) -> None:
        """Take it. Raises `HeldError` if another process has it, `OSError` if it cannot be opened."""
        self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException as error:
            text = _named(self._fd)
            os.close(self._fd)
            self._fd = None
            if isinstance(error, BlockingIOError):
                raise HeldError(text) from None
            raise
        with suppress(OSError):  # it is held all the same where the disk is full
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let it go, if it is held."""
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                os.ftruncate(fd, 0)
            os.close(fd)


def holder(path: Path) -> str | None:
    """The process that holds a file, as `HeldError` names it; None if nobody does."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(fd)
    finally:
        os.close(fd)
    return None


def _named(fd: int) -> str:
    return os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "another"

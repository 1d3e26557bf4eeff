"""The daemon's state on disk: one file, replaced as a whole, the one before it kept.

A checkpoint holds the state of every stage at the same place of the stream: where logs were read to, the
open flows, the windows of the rules with the events they hold back, the chains, what was learned and
observed. What comes after it is read again or, on the wire, gone; writing an event twice keeps it once.

Form: 8 octets of magic, the SHA-256 of the rest, then msgpack of `Checkpoint`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from sentinel.errors import UserError
from sentinel.model.disk import sync_folder
from sentinel.store.hold import HeldError, Hold, holder

MAGIC = b"SENTINL1"
NAME = "checkpoint"
OLD = "checkpoint.old"


class Checkpoint(msgspec.Struct, kw_only=True):
    """State of all stages. Octets are each stage's own form, with a version of their own; empty: none."""

    site: str
    sensor: str
    time: str
    """When it was taken, RFC 3339."""
    number: int = 0
    flows: bytes = b""
    positions: bytes = b""
    rules: bytes = b""
    baseline: bytes = b""
    chains: bytes = b""
    observations: bytes = b""
    ledger: list[tuple[str, str]] = []
    key: bytes = b""
    """Key of the keyed hash of secrets, as the store has it: to go on while the store is away."""


class StateFolder:
    """The folder of the daemon's state (0700), held by one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Hold | None = None

    def acquire(self) -> None:
        """Make the folder and take its lock. Raises `UserError` if another daemon has it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = Hold(self.path / "lock")
        except HeldError as error:
            raise UserError(
                f"{self.path}: process {error.holder} collects here; stop it, or name another folder "
                "(collect.state)"
            ) from None
        except OSError as error:
            raise UserError(
                f"{error.filename or self.path}: {error.strerror}; name a folder this user may write "
                "(collect.state)"
            ) from None

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def holder(self) -> int | None:
        """The process that collects here, 0 where its number is not known, or None."""
        text = holder(self.path / "lock")
        return None if text is None else int(text) if text.isdigit() else 0

    def save(self, checkpoint: Checkpoint) -> int:
        """Write a checkpoint; it is there after a power cut once this returned. Returns its octets.

        Raises `OSError`; then the checkpoint before it still stands.
        """
        body = msgspec.msgpack.encode(checkpoint)
        part = self.path / f"{NAME}.part"
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(MAGIC + hashlib.sha256(body).digest())
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        name = self.path / NAME
        if name.exists():
            name.replace(self.path / OLD)
        part.replace(name)
        sync_folder(self.path)
        return len(body)

    def load(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest checkpoint that can be read, and one line for each that cannot."""
        wrong: list[str] = []
        for name in (NAME, OLD):
            path = self.path / name
            try:
                return _read(path), wrong
            except FileNotFoundError:
                continue
            except OSError as error:
                raise UserError(f"{path}: {error.strerror}") from None
            except ValueError as error:
                wrong.append(f"{path}: {error}")
        return None, wrong


def _read(path: Path) -> Checkpoint:
    raw = path.read_bytes()
    magic, digest, body = raw[:8], raw[8:40], raw[40:]
    if magic != MAGIC:
        raise ValueError("is no checkpoint of this version; what was in progress starts anew")
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("is damaged; the one before it is taken")
    try:
        return msgspec.msgpack.decode(body, type=Checkpoint)
    except msgspec.DecodeError as error:
        raise ValueError(f"cannot be read: {error}") from None

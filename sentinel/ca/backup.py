"""A CA in one file while it runs, brought back from it, and the proof that it can be.

The file is an uncompressed tar of the CA's folder (POSIX.1-2001), its register as it was at one moment,
with `manifest.json` at the front: size and SHA-256 of every member. Keys stay encrypted as they are.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from sentinel.ca import charter, files
from sentinel.ca.audit import heads
from sentinel.ca.audit import key as audit_key
from sentinel.ca.audit.verify import Report, verify
from sentinel.ca.authority import REGISTER
from sentinel.ca.register import now
from sentinel.ca.register.faults import told
from sentinel.errors import UserError
from sentinel.model import database
from sentinel.model.disk import sync_folder

VERSION = 1
MANIFEST = "manifest.json"
WAITING = "ca.toml.restored"
"""Name of the charter while the restoring of a CA waits for approval: until then it is none."""

FOLDERS = ("keys", "profiles", "public", "audit")
MEMBERS_MOST = 10_000
MANIFEST_MOST = 1 << 22
_NAME = re.compile(r"(?:(?:keys|profiles|public|audit)/)?[A-Za-z0-9][A-Za-z0-9._-]{0,120}").fullmatch
_CHUNK = 1 << 20


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds. `head` is the newest head of the audit in it."""

    version: int
    time: str
    members: tuple[Member, ...]
    head: heads.Head | None = None


def back_up(folder: Path, out: Path, *, force: bool = False) -> Manifest:
    """Write a backup of a CA, 0600; others may go on writing to its register meanwhile."""
    charter.load(folder)
    files.free(out, force=force)
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    snapshot = part.with_suffix(".register")
    try:
        head = _snapshot(folder / REGISTER, snapshot)
        names = [charter.FILE]
        for each in FOLDERS:
            names += sorted(f"{each}/{path.name}" for path in folder.glob(f"{each}/*") if path.is_file())
        wrong = [name for name in names if not _NAME(name)]
        if wrong:
            raise UserError(f"{folder / wrong[0]}: not a name a backup can hold; rename it or take it away")
        sources = {REGISTER: snapshot, **{name: folder / name for name in names}}
        members = tuple(Member(name, path.stat().st_size, _sha256(path)) for name, path in sources.items())
        manifest = Manifest(VERSION, now(), members, head)
        _write(part, manifest, sources)
        if force:
            part.replace(out)
        else:
            out.hardlink_to(part)
        sync_folder(out.parent)
    except FileExistsError:
        raise UserError(f"{out}: is there already; name another file, or replace it with --force") from None
    except OSError as error:
        raise UserError(f"{error.filename or out}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
        snapshot.unlink(missing_ok=True)
    return manifest


def _snapshot(register: Path, to: Path) -> heads.Head | None:
    """A copy of the register at one moment, and its newest head."""
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        told(register),
        closing(sqlite3.connect(database.read_only(register), uri=True, timeout=database.WAIT)) as db,
        closing(sqlite3.connect(to)) as copy,
    ):
        db.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        row = copy.execute("SELECT head FROM head ORDER BY size DESC LIMIT 1").fetchone()
    return None if row is None else heads.parse(row[0], register)


def _write(part: Path, manifest: Manifest, sources: dict[str, Path]) -> None:
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            data = msgspec.json.encode(manifest)
            tar.addfile(_info(MANIFEST, len(data)), io.BytesIO(data))
            for member in manifest.members:
                with sources[member.name].open("rb") as source:
                    tar.addfile(_info(member.name, member.size), source)
        file.flush()
        os.fsync(file.fileno())


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def unpack(file: Path, to: Path) -> Manifest:
    """Bring back what a backup holds into a folder that is not there. `UserError` names what is wrong with
    the backup; then nothing is left of it."""
    if to.exists():
        raise UserError(f"{to}: is there already; a CA is restored into a new folder")
    part = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(mode=0o700)
        for each in FOLDERS:
            (part / each).mkdir(mode=0o700)
        manifest = _unpack(file, part)
        found = charter.load(part)  # before it is one
        (part / charter.FILE).rename(part / WAITING)
        for member in found.members:
            if member.key.startswith("keys/") and not _NAME(member.key):
                raise UserError(f"{file}: {member.key[:80]}: no name of a key")
        sync_folder(part)
        part.rename(to)
        sync_folder(to.parent)
    except (tarfile.TarError, EOFError) as error:
        raise UserError(f"{file}: no backup of a CA, or cut short: {error}") from None
    except OSError as error:
        raise UserError(f"{error.filename or file}: {error.strerror}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def manifest(file: Path) -> Manifest:
    """What a backup says it holds."""
    try:
        with tarfile.open(file, "r:") as tar:
            return _manifest(file, tar)
    except (tarfile.TarError, EOFError) as error:
        raise UserError(f"{file}: no backup of a CA, or cut short: {error}") from None
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}") from None


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > MANIFEST_MOST:
        raise UserError(f"{file}: no backup of a CA: it does not begin with {MANIFEST}")
    data = tar.extractfile(first)
    assert data is not None
    try:
        found = msgspec.json.decode(data.read(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: {MANIFEST}: {error}") from None
    if found.version != VERSION:
        raise UserError(f"{file}: of version {found.version}; this program reads {VERSION}")
    if len(found.members) > MEMBERS_MOST or len({m.name for m in found.members}) != len(found.members):
        raise UserError(f"{file}: {MANIFEST}: too many files, or one twice")
    return found


def _unpack(file: Path, part: Path) -> Manifest:
    with tarfile.open(file, "r:") as tar:
        manifest = _manifest(file, tar)
        left = {member.name: member for member in manifest.members}
        while (info := tar.next()) is not None:
            member = left.pop(info.name, None)
            if member is None or not info.isreg() or not _NAME(info.name) or info.size != member.size:
                raise UserError(f"{file}: {info.name[:80]!r} is not as {MANIFEST} says")
            source = tar.extractfile(info)
            assert source is not None
            digest = hashlib.sha256()
            handle = os.open(part / info.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _mode(info.name))
            with os.fdopen(handle, "wb") as target:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            if digest.hexdigest() != member.sha256:
                raise UserError(f"{file}: {info.name} was changed; {MANIFEST} has another SHA-256")
    if left:
        raise UserError(f"{file}: {min(left)} is missing")
    return manifest


def _mode(name: str) -> int:
    """What is secret is for its owner alone."""
    return 0o600 if name == REGISTER or name.startswith("keys/") else 0o644


def check(folder: Path, manifest: Manifest) -> Report:
    """The audit of a CA that was unpacked, against the head in its backup. `UserError` if it is not whole."""
    kept = () if manifest.head is None else (manifest.head,)
    report = verify(folder / REGISTER, key=audit_key.public(folder), kept=kept)
    if not report.ok:
        first = report.bad[0]
        raise UserError(
            f"backup: its audit is not whole: entry {first.index}: {first.kind}, {report.faults:,} faults"
        )
    return report


def release(folder: Path) -> None:
    """Make a CA of what was unpacked and approved."""
    (folder / WAITING).rename(folder / charter.FILE)
    sync_folder(folder)


@contextmanager
def drilled(file: Path, beside: Path) -> Iterator[tuple[Path, Manifest, Report]]:
    """A backup brought back for a moment, in a folder below `beside` that is gone afterwards."""
    at = beside / f".drill.{secrets.token_hex(4)}"
    try:
        manifest = unpack(file, at)
        report = check(at, manifest)
        release(at)
        yield at, manifest, report
    finally:
        shutil.rmtree(at, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

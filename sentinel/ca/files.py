"""Files of the CA: written whole or not at all, never over another by mistake, and read within bounds."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from pathlib import Path

from sentinel.errors import UserError
from sentinel.model.disk import sync_folder

MOST = 1 << 20
"""Octets of a certificate, request or key that are read from one file."""

_PEM = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]{1,40})-----[ \t]*\r?\n([A-Za-z0-9+/=\r\n \t]*)-----END \1-----", re.ASCII
)


def write(path: Path, data: bytes, *, secret: bool = False, force: bool = False) -> None:
    """Write a file: 0600 if it is secret, 0644 otherwise, on the disk when this returns.

    A file that is there is refused unless `force`; where it is replaced, it is whole at every moment.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if force:
                part.replace(path)
            else:
                path.hardlink_to(part)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)
    except FileExistsError:
        raise UserError(f"{path}: is there already; name another file, or replace it with --force") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None


def free(path: Path, *, force: bool = False) -> None:
    """Refuse a file that `write` would refuse, before work is done for it."""
    if not force and (path.exists() or path.is_symlink()):
        raise UserError(f"{path}: is there already; name another file, or replace it with --force")
    if not path.parent.is_dir():
        raise UserError(f"{path}: its folder {path.parent} is not there")


def read(path: Path) -> bytes:
    """A file's octets, `MOST` at the most."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    if len(data) > MOST:
        raise UserError(f"{path}: larger than {MOST >> 20} MiB; it is no certificate, request or key")
    return data


def pem(label: str, data: bytes) -> bytes:
    """PEM (RFC 7468): lines of 64 characters."""
    text = base64.b64encode(data)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"\n".join((f"-----BEGIN {label}-----".encode(), *lines, f"-----END {label}-----".encode(), b""))


def unpem(data: bytes, *labels: str, name: object = "input") -> list[tuple[str, bytes]]:
    """(label, DER) of each PEM block with one of `labels`, in order. Data without PEM is taken as DER:
    one block with the first label. `UserError` with `name` if there is neither."""
    if data[:1] == b"\x30":
        return [(labels[0], data)]
    out = []
    for found in _PEM.finditer(data):
        label = found[1].decode()
        if label in labels:
            try:
                out.append((label, base64.b64decode(b"".join(found[2].split()), validate=True)))
            except binascii.Error:
                raise UserError(f"{name}: {label}: no base64") from None
    if not out:
        raise UserError(f"{name}: holds no {' or '.join(labels)}, in PEM or DER")
    return out

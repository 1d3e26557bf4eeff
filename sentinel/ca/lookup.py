"""Which certificate a person means: by serial number, by file, or by role."""

from __future__ import annotations

import re
from pathlib import Path

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.register import Certificate as Row
from sentinel.ca.x509 import certificate
from sentinel.errors import UserError

ROLES = ("root", "issuing")
_SERIAL = re.compile(r"(?:0x)?([0-9A-Fa-f]{1,40}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+)")


def lookup(authority: Authority, which: str) -> tuple[Row, certificate.Certificate]:
    """The register's row and the certificate. `UserError` if the register has none like it."""
    found = None
    if which in ROLES:
        found = authority.certificate(which)
    elif _SERIAL.fullmatch(which) is None or Path(which).is_file():
        path = Path(which)
        [(_, data), *_] = files.unpem(files.read(path), certificate.LABEL, name=path)
        found = certificate.read(data)
    if found is not None:
        row = authority.register.by_fingerprint(found.sha256)
        if row is None:
            raise UserError(f"{which}: certificate {found.serial_text} is not of this CA")
        return row, found
    match = _SERIAL.fullmatch(which)
    assert match is not None
    serial = match[1].replace(":", "").lower().zfill(40)
    row = authority.register.certificate(serial)
    encoded = authority.register.encoded(serial)
    if row is None or encoded is None:
        raise UserError(f"serial {which}: this CA has no such certificate; `ca search` finds by name or part")
    return row, certificate.read(encoded)

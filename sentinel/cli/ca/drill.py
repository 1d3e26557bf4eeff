"""`sentinel ca drill`: proof that a backup restores."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.ca.common import passphrases, show_json
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.ca.authority import Authority


def drill(
    file: Annotated[Path, typer.Argument(help="What `sentinel ca backup` wrote.")],
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Restore a backup into a folder of its own beside it, check everything, and take it away again: files,
    audit, certificates, and with passphrases that every key opens and belongs to its certificate."""
    from sentinel.ca.authority import Authority
    from sentinel.ca.backup import drilled
    from sentinel.ca.x509 import certificate

    words = None if passphrase_file is None else passphrases(passphrase_file)
    with (
        drilled(file, file.resolve().parent) as (at, manifest, report),
        Authority.open(at, words, readonly=True) as authority,
    ):
        count = 0
        for row in authority.register.list():
            data = authority.register.encoded(row.serial)
            if data is None or certificate.read(data).serial_text != row.serial:
                raise UserError(f"{file}: certificate {row.serial} cannot be read")
            count += 1
        opened = [_opens(authority, member.role) for member in authority.charter.members] if words else []
    keys = [name for name in opened if name]
    if format is Form.JSON:
        facts = {"certificates": count, "entries": report.entries, "root": report.root, "keys": keys}
        show_json({"ok": True, "time": manifest.time, **facts})
        return
    tried = ", ".join(keys) or "none is in it" if words else "not tried (--passphrase-file)"
    sys.stdout.write(
        f"{file}: restores as of {manifest.time}: {count:,} certificates, {report.entries:,} entries of the "
        f"audit, root {report.root}; keys opened: {tried}\n"
    )


def _opens(authority: Authority, role: str) -> str | None:
    """The key of a role signs, and its certificate verifies it. None if it is not in the backup."""
    from sentinel.ca.keys import PublicKey

    member = authority.charter.member(role)
    if member.key.startswith("keys/") and not (authority.folder / member.key).is_file():
        return None
    signer = authority.signer(role)
    signature = signer.sign(b"drill")
    if not PublicKey(signer.spki()).verify(signer.signature_algorithm(), b"drill", signature):
        raise UserError(f"{member.key}: what it signs cannot be verified")
    return role

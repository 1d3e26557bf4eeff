"""`sentinel ca restore`: a CA from its backup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import SOURCE, OperatorOption, WhyOption, passphrases, show_json, warn, who
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption


def restore(
    file: Annotated[Path, typer.Argument(help="What `sentinel ca backup` wrote.")],
    dir: Annotated[Path, typer.Option("--dir", help="New folder for the CA.")],
    operator: OperatorOption = None,
    why: WhyOption = "",
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Bring a CA back from a backup into a new folder, once its files and its audit are found whole. Where
    the policy asks for approvals, the folder is a CA only when they are given."""
    from sentinel.ca import backup, charter
    from sentinel.ca.approvals import demand, take
    from sentinel.ca.audit import key as audit_key
    from sentinel.ca.authority import REGISTER
    from sentinel.ca.register import Register
    from sentinel.cli.ca.pending import pending

    asks, waiting = who(operator), dir / backup.WAITING
    if waiting.is_file():
        manifest = backup.manifest(file)
    else:
        manifest = backup.unpack(file, dir)
        backup.check(dir, manifest)
    found = charter.load(dir, backup.WAITING)
    words = passphrases(passphrase_file)
    with Register.open(dir / REGISTER) as register:
        register.unlock = lambda: audit_key.unlock(dir, words)
        newest = manifest.head.size if manifest.head is not None else 0
        arguments = {"backup": manifest.time, "entries": newest, "origin": register.origin}
        needed = found.policy.needed("restore")
        with pending():
            request = demand(register, "restore", arguments, needed=needed, who=asks, source=SOURCE)
        with register.transaction() as change:
            approvals = take(change, request)
            change.audit(
                "restore",
                who=asks,
                source=SOURCE,
                why=why,
                subject=file.name,
                details=arguments,
                approvals=approvals,
            )
    backup.release(dir)
    warn(f"what the CA did after {manifest.time} is not in it: compare with a head that was kept elsewhere")
    if format is Form.JSON:
        show_json({"dir": str(dir), "time": manifest.time, "entries": newest})
    else:
        sys.stdout.write(f"{dir}: restored as of {manifest.time}\n")

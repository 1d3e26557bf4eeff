"""Options that the commands of `sentinel ca` share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from sentinel.errors import UserError

DirOption = Annotated[
    Path | None,
    typer.Option("--dir", help="The CA's folder. [default: `ca.dir` of the settings, SENTINEL_CA__DIR]"),
]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="File with the keys' passphrase on one line, or a `name: passphrase` line for each key with its "
        "own. Without it the terminal is asked.",
    ),
]


class KeyCipher(StrEnum):
    """What encrypts key files, in CBC."""

    AES256 = "aes256"
    SM4 = "sm4"


KeyCipherOption = Annotated[KeyCipher, typer.Option("--key-cipher", help="What encrypts new key files.")]


class Form(StrEnum):
    """How the outcome is shown."""

    TABLE = "table"
    JSON = "json"


FormOption = Annotated[Form, typer.Option("--format", help="How the outcome is shown.")]


def folder(given: Path | None, section: Literal["ca", "v2x"] = "ca") -> Path:
    """The folder of the CA, or of the PKI for vehicles, that a command was given or the settings name."""
    if given is not None:
        return given
    from sentinel.config import load

    settings = load().settings
    found = settings.ca.dir if section == "ca" else settings.v2x.dir
    if found is None:
        what = "CA" if section == "ca" else "PKI"
        raise UserError(
            f"no {what}: name its folder with --dir, `{section}.dir` in the settings, or "
            f"SENTINEL_{section.upper()}__DIR"
        )
    return found

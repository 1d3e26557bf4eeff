"""What the commands of `sentinel v2x` that act for roles and stations share."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.ca.keys.passphrases import Passphrases
    from sentinel.ca.v2x.domain import Domain


class Profile(StrEnum):
    """Standards whose algorithms are used."""

    YDT3957 = "ydt3957"
    IEEE1609 = "1609.2"


DirOption = Annotated[
    Path | None,
    typer.Option("--dir", help="The PKI's folder. [default: `v2x.dir` of the settings, SENTINEL_V2X__DIR]"),
]
StationOption = Annotated[Path, typer.Option("--station", help="The station's folder (`v2x enrol --out`).")]


def folder(given: Path | None) -> Path:
    """The PKI's folder that a command was given, or that the settings say."""
    if given is not None:
        return given
    from sentinel.config import load

    found = load().settings.v2x.dir
    if found is None:
        raise UserError("no PKI: name its folder with --dir, `v2x.dir` in the settings, or SENTINEL_V2X__DIR")
    return found


def passphrases(file: Path | None) -> Passphrases:
    """Passphrases from a file, or from the terminal when one is there."""
    from sentinel.ca.keys.passphrases import Passphrases
    from sentinel.ca.v2x.role import KEYS
    from sentinel.cli.ca.common import asked

    if file is not None:
        return Passphrases.from_file(file, KEYS)
    return Passphrases(ask=asked if sys.stdin.isatty() else None)


def opened(dir: Path | None, passphrase_file: Path | None = None, *, readonly: bool = False) -> Domain:
    """The PKI that a command was given; use it in a `with`."""
    from sentinel.ca.v2x.domain import Domain

    return Domain(folder(dir), None if readonly else passphrases(passphrase_file), readonly=readonly)

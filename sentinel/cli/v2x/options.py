"""What the commands of `sentinel v2x` that act for roles and stations share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.ca.options import folder

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


def passphrases(file: Path | None) -> Passphrases:
    """Passphrases of the roles, from a file, or from the terminal when one is there."""
    from sentinel.ca.v2x.role import KEYS
    from sentinel.cli.ca import common

    return common.passphrases(file, KEYS)


def opened(dir: Path | None, passphrase_file: Path | None = None, *, readonly: bool = False) -> Domain:
    """The PKI that a command was given; use it in a `with`."""
    from sentinel.ca.v2x.domain import Domain

    return Domain(folder(dir, "v2x"), None if readonly else passphrases(passphrase_file), readonly=readonly)

"""Capture files as a person names them: files, folders, `-` for standard input."""

from __future__ import annotations

from pathlib import Path

from sentinel.errors import UserError

SUFFIXES = (
    ".pcap",
    ".pcapng",
    ".cap",
    ".pcap.gz",
    ".pcapng.gz",
    ".cap.gz",
    ".pcap.zst",
    ".pcapng.zst",
    ".cap.zst",
)
"""Endings by which captures are found in a folder. A file that is named is read whatever its name."""


def expand(names: list[str]) -> list[str]:
    """The capture files that `names` stand for, each once, folders searched to any depth in name order.

    Raises `UserError` for a name that is not there and for a folder without captures.
    """
    found: dict[str, None] = {}
    for name in names:
        if name == "-":
            found[name] = None
            continue
        path = Path(name)
        if path.is_dir():
            inside = sorted(
                str(p) for p in path.rglob("*") if p.is_file() and p.name.lower().endswith(SUFFIXES)
            )
            if not inside:
                raise UserError(
                    f"{name}: no captures in this folder (looked for {', '.join(SUFFIXES[:3])}, .gz, .zst)"
                )
            found.update(dict.fromkeys(inside))
        elif path.exists():
            found[name] = None
        else:
            raise UserError(f"{name}: no such file or folder")
    return list(found)

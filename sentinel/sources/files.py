"""Captures and logs as a person names them: files, folders, `-` for standard input."""

from __future__ import annotations

from pathlib import Path

from sentinel.errors import UserError

CAPTURES = (".pcap", ".pcapng", ".cap")
"""Endings by which captures are found in a folder, before `.gz` or `.zst`. A file that is named is read
whatever its name."""

LOGS = (".log", ".json", ".ndjson", ".jsonl")
"""Endings of what may be a log of Zeek or Suricata; its content decides."""

SQUEEZED = ("", ".gz", ".zst")


def expand(names: list[str]) -> list[str]:
    """The captures and logs that `names` stand for, each once, folders searched to any depth in name order.

    Raises `UserError` for a name that is not there and for a folder in which there is none.
    """
    found: dict[str, None] = {}
    for name in names:
        if name == "-":
            found[name] = None
            continue
        path = Path(name)
        if path.is_dir():
            inside = sorted(str(p) for p in path.rglob("*") if p.is_file() and _looks_right(p))
            if not inside:
                raise UserError(
                    f"{name}: no captures and no logs of Zeek or Suricata in this folder "
                    f"(looked for {', '.join(CAPTURES + LOGS)}, .gz, .zst)"
                )
            found.update(dict.fromkeys(inside))
        elif path.exists():
            found[name] = None
        else:
            raise UserError(f"{name}: no such file or folder")
    return list(found)


def _looks_right(path: Path) -> bool:
    """Whether a file found in a folder is read: captures by name, logs by what they hold too."""
    from sentinel._native import recognise_log

    name = path.name.lower()
    if name.endswith(tuple(end + more for end in CAPTURES for more in SQUEEZED)):
        return True
    logs = tuple(end + more for end in LOGS for more in SQUEEZED)
    return name.endswith(logs) and recognise_log(path) in ("zeek", "eve")

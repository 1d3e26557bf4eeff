"""Puts sentinel/fields.toml in order: sorted, one line a field, lines for the same field made one.

Two branches that each add a line for a field leave two behind. Their `by` is joined and the field is
secret if either says so; the first line's help stays. Different types are for a person to decide.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parent.parent / "sentinel" / "fields.toml"


def ordered(text: str) -> str:
    """The table in order. Raises `ValueError` that names the line which cannot be read or joined."""
    table: dict[str, dict[str, Any]] = {}
    comments: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            comments.append(line)
            continue
        try:
            read = tomllib.loads(line)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"line {number}: {error}") from None
        for name, entry in read.items():
            known = table.setdefault(name, {**entry, "by": []})
            if known["type"] != entry["type"]:
                raise ValueError(f"line {number}: {name} is {entry['type']} here and {known['type']} before")
            known["by"] = sorted({*known["by"], *entry["by"]})
            known["secret"] = known.get("secret", False) or entry.get("secret", False)
    return "\n".join([*comments, *(_line(name, table[name]) for name in sorted(table))]) + "\n"


def _line(name: str, entry: dict[str, Any]) -> str:
    def quoted(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    secret = ", secret = true" if entry["secret"] else ""
    return (
        f"{quoted(name)} = {{ type = {quoted(entry['type'])}, help = {quoted(entry['help'])}, "
        f"by = {quoted(entry['by'])}{secret} }}"
    )


def main() -> int:
    try:
        TABLE.write_text(ordered(TABLE.read_text(encoding="utf-8")), encoding="utf-8")
    except ValueError as error:
        sys.stderr.write(f"{TABLE.name}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Reading the knowledge tables that ship as data files.

Two forms: `.tsv` for flat tables (tab-separated, first line the column names, `#` begins a comment line),
`.toml` for entries with examples. Each table is read when first asked for and kept.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def text(name: str) -> str:
    """Content of a data file of this package."""
    return files(__package__).joinpath("data", *name.split("/")).read_text(encoding="utf-8")


def lines(name: str) -> list[str]:
    """Lines of a data file without comments and blank lines."""
    return [line for line in text(name).splitlines() if line and line[0] != "#"]


def rows(name: str) -> list[list[str]]:
    """Rows of a `.tsv` table; a row that is short of columns gets empty ones."""
    head, *body = lines(name)
    width = head.count("\t") + 1
    out = []
    for line in body:
        cells = line.split("\t")
        cells.extend([""] * (width - len(cells)))
        out.append(cells)
    return out


def toml(name: str) -> dict[str, Any]:
    """A `.toml` data file."""
    return tomllib.loads(text(name))


@cache
def numbered(name: str) -> dict[int, str]:
    """A table of two columns, number and name: registered vendor ids and the like."""
    return {int(row[0]): row[1] for row in rows(name)}

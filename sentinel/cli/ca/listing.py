"""Rows of the register on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from typing import TYPE_CHECKING

from sentinel.cli.ca.common import show_json
from sentinel.cli.ca.options import Form

if TYPE_CHECKING:
    from sentinel.ca.register import Certificate

LEAST = 24
"""Characters of a column that is to be read without breaking words."""
STYLES = {"revoked": "red", "held": "yellow", "expired": "dim"}


def tell_rows(rows: Sequence[Certificate], form: Form) -> None:
    """Certificates as a JSON list, or as a table."""
    if form is Form.JSON:
        show_json([row.document() for row in rows])
        return
    tell_table(
        ("serial", "subject", "profile", "state", "until"),
        (
            (
                c.serial,
                c.subject,
                c.profile,
                f"{c.state} ({c.reason})" if c.reason else c.state,
                c.not_after[:10],
            )
            for c in rows
        ),
        [STYLES.get(c.state, "") for c in rows],
        wide=1,
    )


def tell_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    styles: Sequence[str] = (),
    wide: int | None = None,
) -> None:
    """A table without lines. What cannot be shown is escaped. Where a line of the terminal leaves the column
    `wide` less than `LEAST`, it stands under the first one."""
    from rich.table import Table
    from rich.text import Text

    from sentinel.cli.records import show
    from sentinel.report.table import safe

    cells = [[safe(cell, 200) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="dim")
    first = max([len(columns[0]), *(len(row[0]) for row in cells)]) if wide is not None else 0
    under = wide if wide is not None and _left(columns, cells, wide) < LEAST else None
    for number, column in enumerate(columns):
        if under is None:
            table.add_column(column, overflow="fold", no_wrap=number == 0)
        elif number == 0:
            table.add_column(f"{column}, {columns[under]}", overflow="fold", min_width=first, max_width=first)
        elif number != under:
            table.add_column(column, overflow="fold")
    for number, row in enumerate(cells):
        if under is not None:
            row[0] = Text("\n").join((row[0], row.pop(under)))
        table.add_row(*row, style=styles[number] if number < len(styles) else "")
    show(table)


def _left(columns: Sequence[str], cells: Sequence[Sequence[Sized]], wide: int) -> int:
    """Characters that the other columns leave on a line of the terminal for one of them."""
    from rich.console import Console

    others = [
        max([len(column), *(len(row[number]) for row in cells)]) + 1
        for number, column in enumerate(columns)
        if number != wide
    ]
    return Console().width - sum(others)

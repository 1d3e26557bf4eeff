"""Rows of the register on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sentinel.cli.ca.common import show_json
from sentinel.cli.ca.options import Form

if TYPE_CHECKING:
    from sentinel.ca.register import Certificate

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
    )


def tell_table(columns: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[str] = ()) -> None:
    """A table without lines. What cannot be shown is escaped."""
    from rich.table import Table

    from sentinel.cli.records import show
    from sentinel.report.table import safe

    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else ""
        table.add_row(*(safe(cell, 200) for cell in row), style=style)
    show(table)

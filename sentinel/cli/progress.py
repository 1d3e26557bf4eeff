"""Progress on a terminal: how much of the input is read, the rate, the time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentinel.pipeline import Progress


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """Give a function to call with each `Progress`. Draws on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None, rate="")

        def show(p: Progress) -> None:
            spent = bar.tasks[0].elapsed or 1e-6
            rate = f"{p.packets:,} packets, {p.packets / spent:,.0f}/s"
            bar.update(task, total=p.total, completed=p.read, rate=rate)

        yield show

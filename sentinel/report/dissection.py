"""A dissected frame as lines on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from sentinel.report.table import safe

if TYPE_CHECKING:
    from sentinel.sources.tshark import Node

LONGEST = 300
"""Characters of a line."""


def page(layers: Sequence[Node], title: str = "") -> Group:
    """Layers and their fields, indented; a layer's own line is bold. `title` goes before them."""
    out: list[Text] = [Text(""), safe(title, LONGEST), Text("")] if title else []
    for layer in layers:
        for depth, shown in layer.lines():
            line = Text("    " * depth).append(safe(shown, LONGEST))
            if depth == 0:
                line.stylize("bold")
            out.append(line)
    return Group(*out)

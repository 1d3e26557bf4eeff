"""Comparing with a peer's log: its rows, ours made alike, and the differences that were judged.

A baseline is a Zeek log. Rows are compared as tables of texts; `None` is "not set". What is equal is
paired first; of the rest, rows that agree in the key columns are compared field by field, and what is
left over is a missing row (the peer has it alone) or an extra one (we have it alone).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tests.corpus.reading import Scanned

Row = dict[str, str | None]

WHOLE = "(row)"
"""Name of the field where a whole row is missing or extra."""

FAVOUR = 0.03
"""Share of a baseline's rows above which judgements in our favour need a second tool as witness."""


class Right(Enum):
    """Who is right where a peer and we differ."""

    OURS = "ours"
    PEER = "peer"
    BOTH = "both"
    """No contradiction: one of the two says more."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `frame` is 0 for a row that only the peer has."""

    frame: int
    field: str
    theirs: str | None
    ours: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A difference that was looked at: who is right, the bytes that say so, and why.

    `witness` is a display filter of tshark that holds for the frame if our reading is right.
    """

    difference: Difference
    right: Right
    octets: str
    why: str
    witness: str | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """One baseline: the log, the capture it was made of, and how our records become its rows."""

    path: str
    trace: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    ours: Callable[[Scanned], list[tuple[int, Row]]]
    """(frame, row) of everything we say that this log would hold."""
    theirs: Callable[[Row], bool] = lambda _: True
    """Which of the peer's rows are compared."""
    fields: tuple[str, ...] = ()
    """Names of the log's fields, where it does not say them itself."""
    judged: tuple[Judged, ...] = ()

    @property
    def name(self) -> str:
        """Short name: test and log."""
        path = Path(self.path)
        return f"{path.parts[0]}/{path.parent.name.removeprefix('analyzer.')}/{path.stem}"


@dataclass(slots=True)
class Compared:
    """What came of it. `agreed` counts rows that are equal in every field."""

    agreed: int = 0
    missing: int = 0
    extra: int = 0
    differences: list[Difference] = field(default_factory=list)


def read_log(path: Path, fields: Sequence[str] = ()) -> list[Row]:
    """Rows of a Zeek log in tab-separated form."""
    names, rows = list(fields), []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#fields\t"):
            names = line.split("\t")[1:]
        elif line and not line.startswith("#"):
            values = line.split("\t")
            if len(values) != len(names):
                raise ValueError(f"{path.name}: {len(values)} values for {len(names)} fields")
            rows.append({name: None if v == "-" else v for name, v in zip(names, values, strict=True)})
    return rows


def compare(theirs: list[Row], ours: list[tuple[int, Row]], log: Log) -> Compared:
    """Pair the rows of both and list every difference."""

    def texts(row: Row) -> tuple[str | None, ...]:
        return tuple(row[column] for column in log.columns)

    open_theirs = Counter(texts(row) for row in theirs)
    result, open_ours = Compared(), []
    for number, row in ours:
        if open_theirs[texts(row)] > 0:
            open_theirs[texts(row)] -= 1
            result.agreed += 1
        else:
            open_ours.append((number, row))

    waiting: dict[tuple[str | None, ...], list[Row]] = defaultdict(list)
    for row in theirs:
        if open_theirs[texts(row)] > 0:
            open_theirs[texts(row)] -= 1
            waiting[tuple(row[column] for column in log.key)].append(row)
    for number, row in open_ours:
        alike = waiting[tuple(row[column] for column in log.key)]
        if alike:
            other = alike.pop(0)
            result.differences += [
                Difference(number, column, other[column], row[column])
                for column in log.columns
                if other[column] != row[column]
            ]
        else:
            result.extra += 1
            result.differences.append(Difference(number, WHOLE, None, _line(row, log)))
    for rest in waiting.values():
        result.missing += len(rest)
        result.differences += [Difference(0, WHOLE, _line(row, log), None) for row in rest]
    return result


def _line(row: Row, log: Log) -> str:
    return " ".join(row[column] or "-" for column in log.columns)

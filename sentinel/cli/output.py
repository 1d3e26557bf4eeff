"""Where the outcome of a scan goes, in which form."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from sentinel import __version__
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel._native import EventBatch, Inventory
    from sentinel.pipeline import Result
    from sentinel.report.document import Document

SHOWN = {"asset": 200, "conversation": 200, "credential": 200, "operation": 400, "alert": 10_000, "chain": 50}
"""Records a table or page is given at most; totals say how many there are."""

PAGE = {
    "asset": 2000,
    "conversation": 5000,
    "credential": 2000,
    "operation": 5000,
    "alert": 5000,
    "chain": 200,
}

PLURAL = {
    "asset": "assets",
    "conversation": "conversations",
    "credential": "credentials",
    "operation": "operations",
}
SEVERITIES = ("low", "medium", "high", "critical")


class Output:
    """Writes a scan's records to a file or standard output. A file appears whole or not at all."""

    def __init__(self, form: str, path: Path | None, *, reveal: bool = False) -> None:
        self._form = form
        self._path = path
        self._reveal = reveal
        self._part: Path | None = None
        self._to: IO[bytes] = sys.stdout.buffer

    def __enter__(self) -> Self:
        if (
            self._path is not None
            and self._form != "csv"
            and self._path.exists()
            and not self._path.is_file()
        ):
            # a device or a pipe takes what comes; put another file in its place and it would be gone
            self._to = self._path.open("wb")
        elif self._path is not None and self._form != "csv":
            self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
            try:
                self._to = self._part.open("wb")
            except OSError as error:
                raise UserError(f"{self._path}: cannot be written: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._part is not None and self._path is not None:
            self._to.close()
            if kind is None:
                self._part.replace(self._path)
            else:
                self._part.unlink(missing_ok=True)
        else:
            self._to.flush()
            if self._to is not sys.stdout.buffer:
                self._to.close()

    def events(self, batch: EventBatch) -> None:
        """Write events as they come (ndjson)."""
        self._to.write(batch.ndjson(tag=True, reveal=self._reveal))

    def finish(self, result: Result) -> None:
        """Write the outcome."""
        getattr(self, f"_{self._form}")(result)

    def _json(self, result: Result) -> None:
        inventory, write = result.inventory, self._to.write
        head = {"version": __version__, "sources": result.sources}
        write(json.dumps(head, ensure_ascii=False)[:-1].encode())
        for kind, name in PLURAL.items():
            write(f', "{name}": ['.encode())
            inventory.write(kind, write, b",\n", False)
            write(b"]")
        limits, errors = _counters(result)
        write(b', "alerts": [' + b",\n".join(result.alerts) + b"]")
        write(b', "chains": [' + b",\n".join(result.chains) + b"]")
        write(b', "limits": ' + limits + b', "parse_errors": ' + errors + b"}\n")

    def _ndjson(self, result: Result) -> None:
        for source in result.sources:
            self._to.write(json.dumps({"record": "source", **source}, ensure_ascii=False).encode() + b"\n")
        for kind in PLURAL:
            if result.inventory.write(kind, self._to.write, b"\n", True):
                self._to.write(b"\n")
        for alert in result.alerts:
            self._to.write(b'{"record":"alert",' + alert[1:] + b"\n")
        for chain in result.chains:
            self._to.write(b'{"record":"chain",' + chain[1:] + b"\n")

    def _table(self, result: Result) -> None:
        from rich.console import Console

        from sentinel.report.table import render

        if self._path is None:
            render(document(result, SHOWN), Console())
        else:
            text = io.StringIO()
            render(document(result, SHOWN), Console(file=text, width=120))
            self._to.write(text.getvalue().encode())

    def _html(self, result: Result) -> None:
        from sentinel.report.html import render

        self._to.write(render(document(result, PAGE)).encode())

    def _csv(self, result: Result) -> None:
        from sentinel.export.csv import write_folder, write_records

        records = {kind: result.inventory.records(kind) for kind in PLURAL}
        if self._path is None:
            write_records("asset", map(json.loads, records["asset"]), sys.stdout)
        else:
            write_folder(self._path, {kind: map(json.loads, docs) for kind, docs in records.items()})

    def worst(self, result: Result) -> int:
        """Place in `SEVERITIES` of the most severe exposure or alert, -1 if there is none."""
        worst = -1
        for doc in result.inventory.records("asset", 1):
            for exposure in json.loads(doc)["exposures"]:
                if exposure["severity"] in SEVERITIES:
                    worst = max(worst, SEVERITIES.index(exposure["severity"]))
        for alert in result.alerts:
            worst = max(worst, json.loads(alert)["event.severity"] - 2)
        return worst


def _counters(result: Result) -> tuple[bytes, bytes]:
    """`limits`, with what was counted of evidence, and `parse_errors`: JSON."""
    limits, errors = result.inventory.counters()
    kept = {name: n for name, n in result.counted.items() if name.startswith("evidence_")}
    if kept:
        limits = json.dumps({**json.loads(limits), **kept}).encode()
    return limits, errors


def document(result: Result, most: dict[str, int]) -> Document:
    """The part of the outcome that a person reads: the most interesting records, and totals."""
    from sentinel.report.document import Document

    inventory = result.inventory
    limits, errors = (json.loads(part) for part in _counters(result))
    return Document(
        version=__version__,
        sources=result.sources,
        **{name: _records(inventory, kind, most[kind]) for kind, name in PLURAL.items()},
        alerts=[json.loads(alert) for alert in result.alerts[: most["alert"]]],
        chains=[json.loads(chain) for chain in result.chains[: most["chain"]]],
        limits=limits,
        parse_errors=errors,
        totals={**dict(inventory.totals()), "alerts": len(result.alerts), "chains": len(result.chains)},
    )


def _records(inventory: Inventory, kind: str, most: int) -> list[dict[str, Any]]:
    return [json.loads(doc) for doc in inventory.records(kind, most)]

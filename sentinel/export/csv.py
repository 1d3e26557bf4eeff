"""Records as CSV (RFC 4180): one file per kind, a header line, one record a line.

What a cell holds several of is joined by "; ". A text that a spreadsheet would take for a formula gets
a leading apostrophe, since names, models and users come from whoever was captured.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from sentinel.errors import UserError
from sentinel.export.text import Record, counts, plain, service

Cell = str | int | float | None

FILES = {
    "asset": "assets.csv",
    "conversation": "conversations.csv",
    "credential": "credentials.csv",
    "operation": "operations.csv",
}
"""The file of each kind in a folder."""

FORMULA = tuple("=+-@\t\r＝＋－＠")
"""How a text begins that spreadsheets compute; the wide forms are the ones of East Asian editions."""


def write_records(kind: str, records: Iterable[Record], out: TextIO) -> None:
    """Write records of one kind ("asset", "conversation", "credential", "operation"), header first."""
    columns = COLUMNS[kind]
    writer = csv.writer(out)
    writer.writerow(columns)
    for record in records:
        writer.writerow([safe(cell(record)) for cell in columns.values()])


def write_folder(folder: Path, records: dict[str, Iterable[Record]]) -> None:
    """Write one file per kind into `folder`, made if it is not there. A file appears whole or not at all."""
    part = folder / f".{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind, found in records.items():
            with part.open("w", encoding="utf-8", newline="") as out:
                write_records(kind, found, out)
            part.replace(folder / FILES[kind])
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from None
    finally:
        if folder.is_dir():
            part.unlink(missing_ok=True)


def safe(value: Cell) -> str | int | float:
    """A cell that no spreadsheet computes and no line end breaks; numbers stay numbers."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if value.lstrip(" ").startswith(FORMULA) else text


def _joined(values: Iterable[object] | None) -> str:
    return "; ".join(str(value) for value in values or ())


def _key(name: str) -> Callable[[Record], Cell]:
    return lambda record: record.get(name)


def _list(name: str) -> Callable[[Record], Cell]:
    return lambda record: _joined(record.get(name))


def _counters(name: str) -> Callable[[Record], Cell]:
    return lambda record: counts(record.get(name) or {})


def _json(name: str) -> Callable[[Record], Cell]:
    return lambda record: json.dumps(record[name], ensure_ascii=False) if record.get(name) else None


def _end(side: str, *names: str) -> dict[str, Callable[[Record], Cell]]:
    def cell(name: str) -> Callable[[Record], Cell]:
        return lambda record: (record.get(side) or {}).get(name)

    return {f"{side}_{name}": cell(name) for name in names}


def _keys(*names: str) -> dict[str, Callable[[Record], Cell]]:
    return {name: _key(name) for name in names}


def _exposures(record: Record) -> str:
    return _joined(dict.fromkeys(f"{e['kind']} ({e['severity']})" for e in record.get("exposures") or ()))


COLUMNS: dict[str, dict[str, Callable[[Record], Cell]]] = {
    "asset": {
        **_keys("id"),
        "ip": _list("ip"),
        "mac": _list("mac"),
        "hostnames": _list("hostnames"),
        "other": lambda record: _joined(f"{o['kind']} {o['value']}" for o in record.get("other") or ()),
        **_keys("site", "name", "type", "level", "vendor", "product", "model", "firmware", "hardware"),
        **_keys("serial", "os", "location"),
        "services": lambda record: _joined(map(service, record.get("services") or ())),
        "clients": _list("clients"),
        "exposures": _exposures,
        "aliases": _list("aliases"),
        **_keys("first", "last", "packets", "bytes"),
    },
    "conversation": {
        **_end("client", "ip", "mac", "asset"),
        **_end("server", "ip", "mac", "asset"),
        **_keys("protocol", "transport", "port", "packets", "bytes"),
        "operations": _counters("operations"),
        "logins": _counters("logins"),
        **_keys("first", "last"),
    },
    "credential": {
        **_keys("time", "protocol", "kind"),
        **_end("server", "ip", "port", "mac", "asset"),
        **_end("client", "ip", "mac", "asset"),
        **_keys("username", "secret", "password", "secret_id", "outcome"),
        "weaknesses": _list("weaknesses"),
        "hashcat_mode": lambda record: (record.get("hashcat") or {}).get("mode"),
        "hashcat_line": lambda record: (record.get("hashcat") or {}).get("line"),
        **_keys("count", "source", "frame"),
    },
    "operation": {
        **_keys("first", "last", "protocol", "action", "category", "name", "code"),
        **_end("client", "ip", "mac", "asset"),
        **_end("server", "ip", "port", "mac", "asset"),
        **_keys("outcome", "count"),
        "detail": _json("detail"),
        **_keys("source", "frame"),
    },
}
"""The columns of each kind, in order, with what stands in them."""

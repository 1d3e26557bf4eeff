"""Bulk issuing: one certificate for each line of a CSV file.

The first line names the columns: `name` (common name, or CN=...,O=...), and as wanted `serial` (of the
device), `san` (dns:X ip:X, with spaces between), `days`, `role`, `hardware_type`, `asset`, `csr` (a request's
file, beside the CSV file), `file` (name of the certificate's file without its ending).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sentinel.ca import files
from sentinel.ca.x509 import altnames, names, request
from sentinel.ca.x509.order import Order
from sentinel.errors import UserError

COLUMNS = ("name", "serial", "san", "days", "role", "hardware_type", "asset", "csr", "file")
MOST_LINE = 64 * 1024
"""Characters of one field."""
BATCH = 64
"""Orders that go through the issuer, and onto the disk, together."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be ordered: its number in the file, the order, the base name of its files."""

    number: int
    order: Order
    base: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that cannot."""

    number: int
    reason: str


def lines(path: Path, profile: str, who: str, source: str) -> Iterator[Line | Fault]:
    """The lines of a CSV file in order. `UserError` if the file cannot be read or its columns are wrong;
    a wrong line is a `Fault` and the rest goes on."""
    csv.field_size_limit(MOST_LINE)
    seen: dict[str, int] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _columns(path, reader.fieldnames)
            for row in reader:
                number = reader.line_num
                try:
                    line = _line(path, number, row, profile, who, source)
                    before = seen.setdefault(line.base.lower(), number)
                    if before != number:
                        raise UserError(f"file {line.base}: line {before} has it too; name another in `file`")
                    yield line
                except UserError as error:
                    yield Fault(number, error.message)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: no text in UTF-8") from None
    except csv.Error as error:
        raise UserError(f"{path}: no CSV: {error}") from None


def count(path: Path) -> int:
    """Lines of a file, about: for a progress bar."""
    with path.open("rb") as file:
        return max(sum(1 for _ in file) - 1, 0)


def _columns(path: Path, found: object) -> None:
    if not isinstance(found, list) or not ("name" in found or "csr" in found):
        raise UserError(f"{path}: its first line must name the columns: {', '.join(COLUMNS)}")
    for column in found:
        if column not in COLUMNS or found.count(column) > 1:
            raise UserError(f"{path}: column {column!r}; each of {', '.join(COLUMNS)} once, at the most")


def _line(path: Path, number: int, row: dict[str, str], profile: str, who: str, source: str) -> Line:
    if None in row or None in row.values():
        raise UserError("not as many fields as columns")
    given = {key: value.strip() for key, value in row.items() if value.strip()}
    days = given.get("days")
    if days is not None and re.fullmatch(r"[0-9]{1,6}", days) is None:
        raise UserError(f"days {days!r}: no number")
    asked = None
    if "csr" in given:
        asked = files.unpem(files.read(path.parent / given["csr"]), *request.LABELS, name=given["csr"])[0][1]
    subject = names.parse(given["name"]) if "name" in given else None
    if subject is None and asked is None:
        raise UserError("neither a name nor a request")
    order = Order(
        profile,
        request=asked,
        subject=subject,
        alt_names=tuple(map(altnames.parse, given["san"].split())) if "san" in given else None,
        days=None if days is None else int(days),
        serial_number=given.get("serial"),
        hardware_type=given.get("hardware_type"),
        role=given.get("role"),
        asset=given.get("asset", ""),
        who=who,
        source=source,
    )
    common = names.common_name(subject or ())
    base = given.get("file") or given.get("serial") or common or Path(given.get("csr", "")).stem
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", base).lstrip(".-")[:100]
    if not safe:
        raise UserError(f"file {base!r}: no name for a file in it; give one in `file`")
    return Line(number, order, safe)

"""Credentials in the captures of the credslayer folder: every one that was labelled, and no more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.reading import Record, frame, scanned, surplus, table

pytestmark = pytest.mark.corpus

JUDGED = {"credslayer/mysql2.pcap": (4, "5d4521723c755838", "3c757838", "3c755838")}
"""Labels that are wrong: capture -> frame, bytes in it (the salt), part of the label, what it must be."""

Row = tuple[str, str, str, str, int, str]


def _labelled(row: dict[str, str]) -> Row:
    return (
        row["protocol"],
        row["kind"],
        row["username"],
        row["secret"],
        int(row["frame"]),
        row["outcome"],
    )


def _judged(capture: str, row: Row) -> Row:
    """The label, with what the capture shows to be wrong in it put right."""
    if capture not in JUDGED:
        return row
    _, _, wrong, right = JUDGED[capture]
    return (*row[:3], row[3].replace(wrong, right), *row[4:])


def _found(record: Record) -> Row:
    return (
        record["protocol"],
        record["kind"],
        record.get("username") or "",
        record.get("secret") or "",
        record["frame"],
        record["outcome"],
    )


def test_credentials(corpus: Path) -> None:
    labels = table(corpus / "credslayer" / "credentials.csv")
    captures = sorted((corpus / "credslayer").glob("*.pcap*"))
    assert len(captures) > 15
    wanted: list[tuple[str, Row]] = []
    found: list[tuple[str, Row]] = []
    for path in captures:
        capture = f"credslayer/{path.name}"
        rows = labels.get(capture, [])
        wanted += [(capture, _judged(capture, _labelled(row))) for row in rows]
        found += [(capture, _found(record)) for record in scanned(path).credentials]
    missing = surplus(Counter(wanted), Counter(found))
    extra = surplus(Counter(found), Counter(wanted))
    assert (missing, extra) == ([], [])
    assert len(wanted) >= 26


def test_judged_by_their_bytes(corpus: Path) -> None:
    for capture, (number, octets, _, right) in JUDGED.items():
        assert bytes.fromhex(octets) in frame(corpus / capture, number)
        assert right in octets

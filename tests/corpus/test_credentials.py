"""Credentials in the captures of the credslayer folder: every one that was labelled, and no more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.reading import Record, scanned, surplus, table

pytestmark = pytest.mark.corpus

LATER = {"mysql", "postgresql"}
"""Protocols in that table that no probe reads yet."""

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
        rows = [row for row in labels.get(capture, []) if row["protocol"] not in LATER]
        wanted += [(capture, _labelled(row)) for row in rows]
        found += [(capture, _found(record)) for record in scanned(path).credentials]
    missing = surplus(Counter(wanted), Counter(found))
    extra = surplus(Counter(found), Counter(wanted))
    assert (missing, extra) == ([], [])
    assert len(wanted) >= 26


def test_later_rows_are_those_of_protocols_without_a_probe(corpus: Path) -> None:
    from sentinel.probes.catalogue import all_probes

    probes = {probe.name for probe in all_probes()}
    later = [
        (capture, row["protocol"])
        for capture, rows in table(corpus / "credslayer" / "credentials.csv").items()
        for row in rows
        if row["protocol"] in LATER
    ]
    assert later
    assert not LATER & probes, "a probe came: its rows are due"

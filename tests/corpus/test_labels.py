"""No capture is given an industrial protocol that it does not hold, and those it holds are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.errors import UserError
from sentinel.probes.catalogue import all_probes
from tests.corpus.reading import frame, scanned, table

pytestmark = pytest.mark.corpus

FOLDERS = "ndpi zeek suricata-verify arkime ja4 credslayer".split()

WITHIN = {"umas": "modbus", "cip": "enip", "pccc": "enip"}
"""Protocols without a probe of their own name -> the one whose probe gives them."""

JUDGED: dict[tuple[str, str], tuple[int, str, str]] = {}
"""(capture, protocol we name beyond the table) -> frame, bytes in it, why it is there."""

UNFOUND: dict[tuple[str, str], tuple[int, str, str]] = {}
"""(capture, protocol in the table we do not name) -> frame, bytes in it, why it is not said."""


def _industrial() -> set[str]:
    """Names of the industrial protocols that are read."""
    names = {probe.name for probe in all_probes() if probe.industrial}
    return names | {inner for inner, outer in WITHIN.items() if outer in names}


def test_labels(corpus: Path) -> None:
    industrial = _industrial()
    assert len(industrial) > 10
    listed = {c: set(rows[0]["protocols"].split()) for c, rows in table(corpus / "industrial.csv").items()}
    captures = sorted(
        path
        for folder in FOLDERS
        for path in (corpus / folder).rglob("*")
        if path.suffix in {".pcap", ".pcapng", ".cap"}
    )
    assert len(captures) > 800
    beyond: set[tuple[str, str]] = set()
    unfound: set[tuple[str, str]] = set()
    for path in captures:
        capture = path.relative_to(corpus).as_posix()
        try:
            said = scanned(path, events="all").protocols() & industrial
        except UserError:  # no packet can be read of it
            said = set()
        truth = listed.get(capture, set()) & industrial
        beyond.update((capture, protocol) for protocol in said - truth)
        unfound.update((capture, protocol) for protocol in truth - said)
    assert (beyond, unfound) == (set(JUDGED), set(UNFOUND))


def test_judged_by_their_bytes(corpus: Path) -> None:
    for (capture, _), (number, octets, why) in {**JUDGED, **UNFOUND}.items():
        assert bytes.fromhex(octets) in frame(corpus / capture, number)
        assert why

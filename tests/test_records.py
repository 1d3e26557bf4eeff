"""What a scan writes is what the data model says: every record of every kind reads as its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sentinel import pipeline
from sentinel.model import RECORDS

# One folder of captures with many kinds of records each.
FOLDERS = ("ics-security-tools/ModbusTCP", "ics-security-tools/s7", "credslayer", "zeek", "ndpi")


@pytest.mark.corpus
@pytest.mark.parametrize("folder", FOLDERS)
def test_records_read_as_their_types(corpus: Path, folder: str) -> None:
    from sentinel.sources.files import expand

    found = pipeline.scan(expand([str(corpus / folder)]), pipeline.Options())
    pipeline.derive(found.inventory, [])
    for source in found.sources:
        msgspec.convert(source, type=RECORDS["source"])
    counts: dict[str, int] = {}
    for kind in pipeline.RECORDS:
        for line in found.inventory.records(kind):
            record: Any = msgspec.json.decode(line, type=RECORDS[kind])
            assert record is not None
            counts[kind] = counts.get(kind, 0) + 1
    assert counts["asset"] > 0
    assert counts["conversation"] > 0

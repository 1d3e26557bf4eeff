"""Operations done to controllers, against those that were labelled by tshark and by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.reading import address, frame, scanned, table

pytestmark = pytest.mark.corpus

PROTOCOLS = set(
    "modbus umas s7comm s7comm-plus enip cip pccc dnp3 iec104 mms bacnet profinet-dcp ads fox opcua c37118".split()
)

REQUIRED = 0.95

Operation = tuple[str, str, str, str, str]
"""(capture, protocol, action, client, server)"""

MISSES: dict[Operation, tuple[int, str, str]] = {
    ("ics-security-tools/dnp3/file_list_directory.pcap", "dnp3", "read", "192.168.1.2", "192.168.1.1"): (
        13,
        "01 46 05 5b",
        "READ (function 1) of g70v5 (46 05), the transport object of an open file: so IEEE 1815 reads a file "
        "block by block, and it is given as file-read, as all other such reads in this folder are labelled",
    ),
    (
        "ics-security-tools/s7/S7-1511_db6w0_HMI.pcap",
        "s7comm-plus",
        "read",
        "192.168.25.147",
        "192.168.25.139",
    ): (
        12,
        "c0 a8 19 92 c0 a8 19 8b",
        "the GetVarSubStreamed of this capture comes from 192.168.25.146 (92), which is its only client, and is "
        "given with it; the table has the address of another capture's client",
    ),
}
"""Operation -> frame, bytes in it, why we say otherwise."""


def test_operations(corpus: Path) -> None:
    labelled = {
        (row["capture"], row["protocol"], row["action"], row["client"], row["server"])
        for rows in table(corpus / "ics-security-tools" / "operations.csv").values()
        for row in rows
        if row["protocol"] in PROTOCOLS
    }
    found = {
        (capture, o["protocol"], o["action"], address(o["client"]), address(o["server"]))
        for capture in sorted({key[0] for key in labelled})
        for o in scanned(corpus / capture).operations
    }
    missed = labelled - found
    assert len(labelled) > 200, "the table of labels is not whole"
    assert missed == MISSES.keys(), "each miss stands in MISSES, and nothing else"
    assert len(missed) <= (1 - REQUIRED) * len(labelled)


@pytest.mark.parametrize("miss", MISSES, ids=lambda miss: Path(miss[0]).stem)
def test_misses_are_explained_by_their_bytes(miss: Operation, corpus: Path) -> None:
    number, octets, why = MISSES[miss]
    assert bytes.fromhex(octets) in frame(corpus / miss[0], number)
    assert why

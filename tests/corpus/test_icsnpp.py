"""Events against the baselines of the icsnpp plug-ins of Zeek: rows and fields equal, or judged."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.corpus import (
    icsnpp_bacnet,
    icsnpp_enip,
    icsnpp_hartip,
    icsnpp_modbus,
    icsnpp_opcua,
    icsnpp_s7comm,
)
from tests.corpus.comparing import FAVOUR, Judged, Log, Right, compare, read_log
from tests.corpus.reading import Scanned, frame, scanned

pytestmark = pytest.mark.corpus

LOGS = (
    *icsnpp_modbus.LOGS,
    *icsnpp_s7comm.LOGS,
    *icsnpp_enip.LOGS,
    *icsnpp_bacnet.LOGS,
    *icsnpp_opcua.LOGS,
    *icsnpp_hartip.LOGS,
)

WITHOUT_TRACE = {
    "icsnpp-enip/tests/baseline/analyzer.basic",
    "icsnpp-s7comm/tests/baseline/analyzer.snap7",
    "icsnpp-bacnet/testing/baseline/analyzer.services",
    "icsnpp-bacnet/testing/baseline/analyzer.error-reject-abort",
    *icsnpp_opcua.WITHOUT_TRACE,
    *icsnpp_hartip.WITHOUT_TRACE,
}
"""Baselines whose captures are not in the corpus: nothing to compare."""

NOT_OF_THE_PLUGIN = {"conn.log"}
"""Zeek's own log of connections: compared by packets."""

each = pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
judgements = pytest.mark.parametrize(
    ("log", "judged"),
    [(log, judged) for log in LOGS for judged in log.judged],
    ids=lambda part: part.name if isinstance(part, Log) else f"frame {part.difference.frame}",
)


WIDER = {"sentinel.flow", "sentinel.scan", "sentinel.nat", "sentinel.anomaly"}
"""Events that are of no protocol's PDU, so in no log of a protocol."""


@cache
def _scanned(capture: Path) -> Scanned:
    found = scanned(capture, events="all")
    return replace(found, events=[e for e in found.events if e["event.dataset"] not in WIDER])


@each
def test_rows_and_fields(log: Log, corpus: Path) -> None:
    theirs = [row for row in read_log(corpus / log.path, log.fields) if log.theirs(row)]
    assert theirs, "an empty baseline says nothing"
    result = compare(theirs, log.ours(_scanned(corpus / log.trace)), log)
    counts = f"{result.agreed} agreed, {result.missing} missing, {result.extra} extra of {len(theirs)}"
    expected = Counter(judged.difference for judged in log.judged)
    found = Counter(result.differences)
    assert list((found - expected).elements()) == [], f"not judged ({counts})"
    assert list((expected - found).elements()) == [], f"judged, but no difference ({counts})"

    in_favour = [judged for judged in log.judged if judged.right is Right.OURS]
    if len(in_favour) > FAVOUR * len(theirs):
        assert all(judged.witness for judged in in_favour), "so many in our favour need a witness"


@judgements
def test_judgements_quote_their_frame(log: Log, judged: Judged, corpus: Path) -> None:
    assert judged.why
    assert judged.difference.frame > 0
    assert bytes.fromhex(judged.octets) in frame(corpus / log.trace, judged.difference.frame)


@judgements
@pytest.mark.tshark
def test_witness(log: Log, judged: Judged, corpus: Path, tshark: str) -> None:
    if judged.witness is None:
        return
    wanted = f"frame.number == {judged.difference.frame} && {judged.witness}"
    command = [tshark, "-r", str(corpus / log.trace), "-Y", wanted, "-T", "fields", "-e", "frame.number"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.split() == [str(judged.difference.frame)]


@pytest.mark.parametrize(
    ("baseline", "trace"),
    sorted({(Path(log.path).parent.as_posix(), log.trace) for log in LOGS}),
    ids=lambda path: Path(path).name,
)
def test_connections(baseline: str, trace: str, corpus: Path) -> None:
    """Packets between two addresses, by transport. Which end is the client is not Zeek's to say for UDP."""
    path = corpus / baseline / "conn.log"
    # the logs of HART-IP have no header and no counts
    if not path.is_file() or "#fields" not in path.read_text(encoding="utf-8"):
        return
    theirs: Counter[tuple[frozenset[str | None], str | None]] = Counter()
    for row in read_log(path):
        ends = frozenset((row["id.orig_h"], row["id.resp_h"]))
        theirs[ends, row["proto"]] += int(row["orig_pkts"] or 0) + int(row["resp_pkts"] or 0)
    ours: Counter[tuple[frozenset[str | None], str | None]] = Counter()
    for talk in _scanned(corpus / trace).conversations:
        ends = frozenset((talk["client"].get("ip"), talk["server"].get("ip")))
        ours[ends, talk["transport"]] += talk["packets"]
    assert ours == theirs


def test_every_baseline_is_compared_or_named(corpus: Path) -> None:
    compared = {log.path for log in LOGS} | icsnpp_opcua.INNER | icsnpp_hartip.VALUES
    for plugin in sorted({Path(log.path).parts[0] for log in LOGS}):
        for path in sorted((corpus / plugin).rglob("baseline/*/*.log")):
            folder = path.parent.relative_to(corpus).as_posix()
            if folder in WITHOUT_TRACE or path.name in NOT_OF_THE_PLUGIN:
                continue
            assert path.relative_to(corpus).as_posix() in compared

"""GOOSE and MMS of the captures, message by message, against tshark's reading of them."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.reading import Record, scanned

pytestmark = pytest.mark.corpus

FOLDER = Path("ics-security-tools/IEC61850")

Row = tuple[str, ...]


def _captures(corpus: Path) -> list[Path]:
    found = sorted((corpus / FOLDER).rglob("*.pcap"))
    assert len(found) > 10
    return found


def _tshark(tshark: str, capture: Path, wanted: str, *names: str) -> Counter[Row]:
    command = [tshark, "-r", str(capture), "-Y", wanted, "-T", "fields", "-e", "frame.number"]
    for name in names:
        command += ["-e", name]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return Counter(tuple(line.split("\t")) for line in ran.stdout.splitlines())


def _text(event: Record, *names: str) -> Row:
    return tuple(str(int(v)) if isinstance(v := event.get(n, ""), bool) else str(v) for n in names)


GOOSE = {
    "goose.gocbRef": "goose.gocb_ref",
    "goose.timeAllowedtoLive": "goose.time_allowed_to_live",
    "goose.datSet": "goose.dat_set",
    "goose.goID": "goose.go_id",
    "goose.stNum": "goose.st_num",
    "goose.sqNum": "goose.sq_num",
    "goose.simulation": "goose.simulation",
    "goose.confRev": "goose.conf_rev",
    "goose.ndsCom": "goose.nds_com",
    "goose.numDatSetEntries": "goose.num_dat_set_entries",
}
"""Field of tshark -> ours."""


@pytest.mark.tshark
def test_goose_messages(corpus: Path, tshark: str) -> None:
    total = 0
    for capture in _captures(corpus):
        ours = Counter(
            _text(event, "sentinel.frame", *GOOSE.values())
            for event in scanned(capture, events="all").events
            if event["event.action"] == "publish"
        )
        assert ours == _tshark(tshark, capture, "goose", *GOOSE), capture.name
        total += ours.total()
    assert total == 9


def _services(event: Record) -> Row:
    """Frame, invoke id, service of a request, of a response, of what is not confirmed."""
    code = str(event.get("ot.function.code", ""))
    kind = event["mms.pdu"]
    return (
        str(event["sentinel.frame"]),
        str(event.get("mms.invoke_id", "")),
        code if kind == "confirmed_request" else "",
        code if kind == "confirmed_response" else "",
        "0" if event.get("mms.service") == "information_report" else "",
    )


@pytest.mark.tshark
def test_mms_services(corpus: Path, tshark: str) -> None:
    """Each confirmed request and response, and each report: of its frame, number and service."""
    total = 0
    for capture in _captures(corpus):
        events = scanned(capture, events="all").events
        ours = Counter(
            _services(e) for e in events if e["event.dataset"] == "sentinel.mms" and "mms.pdu" in e
        )
        fields = ("mms.invokeID", "mms.confirmedServiceRequest", "mms.confirmedServiceResponse")
        theirs = _tshark(tshark, capture, "mms", *fields, "mms.unconfirmedService")

        def told(rows: Counter[Row]) -> Counter[Row]:
            return Counter({row: n for row, n in rows.items() if any(row[2:])})

        assert told(ours) == told(theirs), capture.name
        total += told(ours).total()
    assert total > 160


def test_identities(corpus: Path) -> None:
    centre = scanned(corpus / FOLDER / "8d7c7db0-9804-012b-b2a6-0016cb8cea27.pcap")
    for address in ("10.101.1.2", "10.101.1.3"):
        asset = centre.asset(address)
        # the maker by its name today
        assert (asset["vendor"], asset["model"], asset["firmware"]) == ("Alstom", "e-terracomm", "2.3.1")
        assert asset["type"] == "scada-server", "control centres speak ICCP, no device of a substation"
    relay = scanned(corpus / FOLDER / "piccolo.pcap").asset("10.10.0.30")
    assert (relay["vendor"], relay["model"], relay["firmware"]) == ("INFO TECH", "S61850 for PC", "0.0.1")
    publisher = scanned(corpus / FOLDER / "GOOSE/GOOSE.pcap").asset("00:a0:f4:08:2f:77")
    assert (publisher["vendor"], publisher["name"], publisher["type"]) == ("GE", "GEDeviceF650", "ied")
    assert {"kind": "iec61850", "value": "GEDeviceF650"} in publisher["other"]


def test_an_orderly_publisher_is_no_anomaly(corpus: Path) -> None:
    """Its state number began anew, with a newer time: the device was started again."""
    events = scanned(corpus / FOLDER / "GOOSE/GOOSE.pcap", events="notable").events
    assert [e["event.action"] for e in events] == ["new_publisher", "restart"]
    assert not any("goose.anomaly" in e for e in events)

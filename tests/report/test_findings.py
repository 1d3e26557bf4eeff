"""What to look at first: the gravest first, in sentences a person understands."""

from __future__ import annotations

from sentinel.report.document import Document
from sentinel.report.findings import Finding, Names, address, findings, interesting
from tests.report.plants import asset, credential, operation, plant


def texts(document: Document) -> list[str]:
    return [finding.text for finding in findings(document, 40)]


def found(document: Document, part: str) -> Finding:
    (finding,) = [f for f in findings(document, 40) if part in f.text]
    return finding


def test_the_gravest_first() -> None:
    ranks = [finding.rank for finding in findings(plant())]
    assert ranks == sorted(ranks, reverse=True)
    assert findings(plant())[0].severity == "critical"


def test_a_stop_names_who_whom_and_the_frame() -> None:
    stop = found(plant(), "stopped")
    assert stop.text.startswith("10.1.2.66")
    assert stop.text.endswith("stopped 10.1.1.10 (Siemens 6ES7 315-2EH14-0AB0)")
    assert stop.evidence == "frame 7380 of plant.pcap"
    assert stop.assets == ("a-00000000000a", "a-000000000001")


def test_what_was_refused_weighs_less() -> None:
    one, two = asset(1, "10.0.0.1", None, None), asset(2, "10.0.0.2", "plc", 1.0)
    stop = operation(one, two, "s7comm", "stop", "plc_stop", "control", outcome="refused")
    only = found(Document(assets=[one, two], operations=[stop]), "stopped")
    assert only.severity == "high"
    assert only.text == "10.0.0.1 stopped 10.0.0.2 (plc) (refused)"


def test_one_download_of_three_operations_is_one() -> None:
    one, two = asset(1, "10.0.0.1", None, None), asset(2, "10.0.0.2", "plc", 1.0)
    steps = [
        operation(one, two, "s7comm", "download", name, "engineering")
        for name in ("request_download", "download_block", "download_ended")
    ]
    text = "10.0.0.1 downloaded a program to 10.0.0.2 (plc)"
    assert texts(Document(assets=[one, two], operations=steps)) == [text]
    steps[1]["count"] = 4
    assert texts(Document(assets=[one, two], operations=steps)) == [f"{text}, 4 times"]


def test_a_default_password_that_worked() -> None:
    default = found(plant(), "default password")
    assert default.severity == "critical"
    assert (
        default.text
        == "10.1.4.8 (Hikvision DS-2CD2032-I) over http: default password, user admin and it worked"
    )
    assert "over snmp: default community and it worked" in found(plant(), "community").text


def test_guessing_is_told_once() -> None:
    one, two = asset(1, "10.0.0.1", None, None), asset(2, "10.0.0.2", "camera", None)
    tries = [credential(one, two, "ftp", f"user{n}", "failure", "cleartext") for n in range(5)]
    only = found(Document(assets=[one, two], credentials=tries), "failed")
    assert (only.severity, only.text) == (
        "high",
        "10.0.0.1 failed to log in 5 times at 10.0.0.2 (camera) over ftp",
    )


def test_equal_exposures_are_one_finding() -> None:
    document = plant()
    for one in document.assets:
        one["exposures"] = [{"kind": "weak-tls", "severity": "medium", "title": "TLS 1.0", "evidence": []}]
    weak = found(document, "TLS 1.0")
    assert weak.text.endswith("and 8 more")
    assert len(weak.assets) == 11


def test_names() -> None:
    assets = [asset(1, "10.0.0.1", "plc", 1.0, aliases=["a-old"]), asset(2, "10.0.0.2", None, None)]
    names = Names(assets)
    assert names.of({"ip": "10.0.0.1", "asset": "a-old"}) == "10.0.0.1 (plc)"
    assert names.of({"mac": "02:00:00:00:00:09", "asset": None}) == "02:00:00:00:00:09"
    assert names.asset(assets[1]) == "10.0.0.2"
    assert address(asset(3, None, None, None)) == "02:00:5e:00:00:03"


def test_interesting_assets_first() -> None:
    weak = [{"kind": "weak-tls", "severity": "medium", "title": "TLS 1.0", "evidence": []}]
    assets = [
        asset(1, "10.0.0.1", None, None),
        asset(2, "10.0.0.2", "printer", 4.0),
        asset(3, "10.0.0.3", "plc", 1.0),
        asset(4, "10.0.0.4", None, None, exposures=weak),
        asset(5, "10.0.0.5", "drive", 0.0),
    ]
    assert [a["ip"][0][-1] for a in interesting(assets)] == ["4", "3", "5", "2", "1"]


def test_nothing_found() -> None:
    assert findings(Document()) == []

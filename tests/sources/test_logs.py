"""Zeek logs and EVE through the whole scan: crafted lines in, documents out."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel._native import Logs, recognise_log
from tests.conftest import ROOT, Ran

HEAD = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{}\n#fields\t{}\n#types\t{}\n"

CONN = HEAD.format(
    "conn",
    "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tconn_state",
    "time\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tcount\tcount\tstring",
) + (
    "1700000000.5\tC1\t10.0.0.9\t40000\t10.0.0.2\t502\ttcp\tmodbus\t4.5\t5\t500\t4\t400\tSF\n"
    "1700000001.0\tC2\t10.0.0.9\t40001\t10.0.0.3\t21\ttcp\tftp\t1.0\t3\t300\t3\t300\tSF\n"
)
MODBUS = (
    HEAD.format(
        "modbus_detailed",
        "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttid\tunit\tfunc\taddress\tquantity\trequest_values\tmatched",
        "time\tstring\taddr\tport\taddr\tport\tcount\tcount\tstring\tcount\tcount\tvector[count]\tbool",
    )
    + "1700000002.25\tC1\t10.0.0.9\t40000\t10.0.0.2\t502\t1\t4\tWRITE_SINGLE_REGISTER\t9\t1\t77\tT\n"
)
FTP = (
    HEAD.format(
        "ftp",
        "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tuser\tpassword\tcommand",
        "time\tstring\taddr\tport\taddr\tport\tstring\tstring\tstring",
    )
    + "1700000001.5\tC2\t10.0.0.9\t40001\t10.0.0.3\t21\toperator\tswordfish9\tRETR\n"
)


def alert(**more: Any) -> str:
    event: dict[str, Any] = {
        "timestamp": "2023-11-14T22:13:23.000000+0000",
        "event_type": "alert",
        "src_ip": "10.0.0.9",
        "src_port": 40000,
        "dest_ip": "10.0.0.2",
        "dest_port": 502,
        "proto": "TCP",
        "alert": {"gid": 1, "signature_id": 7, "signature": "XY SCAN probe", "category": "c", "severity": 2},
    }
    return json.dumps({**event, **more}) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conn.00:00:00-01:00:00.log.gz").write_bytes(gzip.compress(CONN.encode()))
    (tmp_path / "modbus_detailed.log").write_text(MODBUS)
    (tmp_path / "ftp.log").write_text(FTP)
    (tmp_path / "eve.json").write_text(alert())
    (tmp_path / "stderr.log").write_text("listening on eth0\n")
    return tmp_path


def documents(ran: Ran, record: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in ran.out.splitlines()]
    return [line for line in lines if line["record"] == record]


def test_a_folder_of_logs(cli: Callable[..., Ran], folder: Path) -> None:
    ran = cli("scan", folder, "--format", "ndjson", "--events", "notable")
    assert (ran.code, ran.err) == (0, "")
    kinds = {Path(s["name"]).name: s["kind"] for s in documents(ran, "source")}
    assert kinds == {
        "conn.00:00:00-01:00:00.log.gz": "zeek", "modbus_detailed.log": "zeek", "ftp.log": "zeek", "eve.json": "eve",
    }  # fmt: skip
    events = documents(ran, "event")
    assert [e["event.dataset"] for e in events] == [
        "zeek.ftp", "zeek.conn", "zeek.modbus_detailed", "suricata.alert", "zeek.conn",
    ]  # fmt: skip
    write = events[2]
    assert (write["ot.action"], write["ot.function.code"], write["ot.unit"]) == ("write", 6, "4")
    assert (write["func"], write["id.resp_p"], write["ot.value"]) == ("WRITE_SINGLE_REGISTER", 502, 77.0)
    ids = {e["network.community_id"] for e in events if e.get("destination.port") == 502}
    assert len(ids) == 1, "one connection, told by three logs"
    assert events[4]["@timestamp"] == "2023-11-14T22:13:25.000000Z"
    assert events[4]["event.start"] == "2023-11-14T22:13:20.500000Z"
    assert "swordfish9" not in ran.out


def test_what_logs_tell_is_inventory(cli: Callable[..., Ran], folder: Path) -> None:
    found = json.loads(cli("scan", folder, "--format", "json").out)
    assert {ip for a in found["assets"] for ip in a["ip"]} == {"10.0.0.2", "10.0.0.3", "10.0.0.9"}
    modbus = next(c for c in found["conversations"] if c["protocol"] == "modbus")
    assert (modbus["packets"], modbus["bytes"], modbus["operations"]) == (9, 900, {"write": 1})
    operation = found["operations"][0]
    assert (operation["name"], operation["outcome"]) == ("write_single_register", "accepted")
    credential = found["credentials"][0]
    assert (credential["protocol"], credential["username"], "cleartext" in credential["weaknesses"]) == (
        "ftp", "operator", True,
    )  # fmt: skip
    foreign = found["alerts"][0]
    assert (foreign["rule.id"], foreign["event.severity"]) == ("suricata:1:7", 3)
    assert foreign["threat.tactic.id"] == ["TA0007"]
    assert foreign["sentinel.evidence"] == [foreign["event.id"]]


def test_json_logs_say_the_same_as_tsv(cli: Callable[..., Ran], tmp_path: Path) -> None:
    line = {
        "ts": 1700000002.25, "uid": "C1", "id.orig_h": "10.0.0.9", "id.orig_p": 40000, "id.resp_h": "10.0.0.2",
        "id.resp_p": 502, "tid": 1, "unit": 4, "func": "WRITE_SINGLE_REGISTER", "address": 9, "quantity": 1,
        "request_values": [77], "matched": True,
    }  # fmt: skip
    (tmp_path / "modbus_detailed.log").write_text(json.dumps(line) + "\n")
    (tmp_path / "b.log").write_text(MODBUS)
    ran = cli("scan", tmp_path, "--format", "ndjson", "--events", "all")
    one, other = documents(ran, "event")
    for event in (one, other):
        del event["event.id"], event["sentinel.frame"], event["sentinel.source"]
    assert one == other


def test_captures_and_logs_are_one_stream(cli: Callable[..., Ran], folder: Path) -> None:
    from tests.sources.craft import modbus_capture

    capture = folder / "span.pcap"
    modbus_capture(capture, 1_700_000_003)
    there = cli("scan", capture, folder / "eve.json", folder / "ftp.log", "-f", "ndjson", "--events", "all")
    back = cli("scan", folder / "ftp.log", folder / "eve.json", capture, "-f", "ndjson", "--events", "all")
    events = documents(there, "event")
    assert events == documents(back, "event")
    times = [e["@timestamp"] for e in events]
    assert times == sorted(times)
    assert {e["event.dataset"].split(".")[0] for e in events} == {"sentinel", "suricata", "zeek"}


def test_bad_lines_are_counted_and_named(cli: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    path.write_text(alert() + "{broken\n" + alert(timestamp="yesterday") + alert(flow_id=2))
    ran = cli("scan", path, "--format", "json")
    assert ran.code == 0
    assert f"{path}:2: 2 lines could not be read, this one first: JSON" in ran.err
    found = json.loads(ran.out)
    assert (found["sources"][0]["records"], len(found["alerts"])) == (2, 2)
    assert found["limits"]["log_lines"] == 2


def test_what_is_no_log_is_one_line(cli: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"a": 1}\n')
    ran = cli("scan", path)
    assert (ran.code, ran.out) == (2, "") or ran.code == 1
    assert "is no log of Zeek" in ran.err
    assert len(ran.err.splitlines()) == 1
    (tmp_path / "x").mkdir()
    assert "no captures and no logs" in cli("scan", tmp_path / "x").err


def test_standard_input() -> None:
    for text in (alert(), CONN):
        done = subprocess.run(
            [sys.executable, "-m", "sentinel", "scan", "-", "--format", "json"],
            input=text, capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        assert json.loads(done.stdout)["sources"][0]["records"] in (1, 2)


def test_a_store_knows_a_log_again(cli: Callable[..., Ran], folder: Path, tmp_path: Path) -> None:
    store = f"sqlite://{tmp_path / 'store'}"
    assert cli("scan", folder / "eve.json", folder / "ftp.log", "--store", store).code == 0
    again = cli("scan", folder / "eve.json", "--store", store)
    assert "is in the store already" in again.err


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["timestamp", "event_type", "src_ip", "dest_ip", "proto", "alert", "dns", "vlan", "ftp"]
            ),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
                lambda inner: (
                    st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
                ),
                max_leaves=8,
            ),
        ),
        max_size=5,
    )
)
def test_any_json_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("eve") / "eve.json"
    path.write_text(alert() + "".join(json.dumps(line) + "\n" for line in lines))
    logs = Logs([path])
    while not logs.step(1.0):
        pass
    batch = logs.events()
    logs.finish()
    source = json.loads(logs.sources()[0])
    assert 1 <= len(batch) == source["records"] <= 1 + len(lines)
    assert len(batch.ndjson().splitlines()) == len(batch)


def test_recognised_by_content(tmp_path: Path) -> None:
    def of(content: str | bytes) -> str:
        path = tmp_path / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return recognise_log(path)

    assert of(CONN) == "zeek"
    assert of(gzip.compress(alert().encode())) == "eve"
    assert of('{"a": 1}') == "text"
    assert of(b"\xd4\xc3\xb2\xa1\x02\x00") == "other"
    assert of("plain words") == "other"
    assert recognise_log(tmp_path / "absent") == "other"

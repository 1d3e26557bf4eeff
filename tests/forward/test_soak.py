"""Thousands of alerts to every kind of receiver, all of which fail now and then: everything is accounted for."""

from __future__ import annotations

import random
import socket
import threading
from pathlib import Path

from sentinel.collector.forward.journal import SLACK
from tests.forward.conftest import alert
from tests.forward.parsers import parse_syslog
from tests.forward.receivers import Script, endpoint, streams, until
from tests.forward.test_lines import balance, forwarding

COUNT = 3000


def test_sent_and_dropped_are_what_was_offered(tmp_path: Path) -> None:
    generator = random.Random(5)
    answers = [204] * 12 + [500, 503, 429, 408]
    script = Script(judge=lambda _: generator.choice(answers))
    narrow = Script(judge=lambda _: 500)
    with (
        streams() as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        endpoint(script) as port,
        endpoint(narrow) as narrow_port,
    ):
        datagrams.bind(("127.0.0.1", 0))
        heard: set[str] = set()
        listener = threading.Thread(target=_hear, args=(datagrams, heard))
        listener.start()
        with forwarding(
            tmp_path,
            {"kind": "syslog", "url": f"tcp://127.0.0.1:{server.port}", "name": "tcp"},
            {"kind": "cef", "url": f"udp://127.0.0.1:{datagrams.getsockname()[1]}", "name": "udp"},
            {"kind": "webhook", "url": f"http://127.0.0.1:{port}/", "name": "hook", "retries": 100},
            {
                "kind": "webhook",
                "url": f"http://127.0.0.1:{narrow_port}/",
                "name": "narrow",
                "retries": 0,
                "queue": 200,
            },
            {"kind": "stix", "url": f"file://{tmp_path}/out", "name": "stix", "files": 20},
        ) as (forwarders, _):
            for start in range(0, COUNT, 150):
                server.after = generator.randrange(1, 100)
                forwarders.alerts([alert(n) for n in range(start, start + 150)])
            until(lambda: all(one["waiting"] == 0 for one in forwarders.counters().values()), 120)
            counted = forwarders.counters()
        datagrams.sendto(b"", datagrams.getsockname())
        listener.join()
        told = {int(parse_syslog(text).data["event.id"][0], 16) for text in server.messages}
    for name, one in counted.items():
        assert one["offered"] == COUNT, name
        assert balance(one) == 0, name
        assert one["dropped"] == one["dropped_full"] + one["dropped_refused"] + one["dropped_tried"]
        # what is done with does not stay on the disk
        assert one["journal_bytes"] <= SLACK, name
    assert counted["tcp"]["sent"] == COUNT
    assert counted["tcp"]["failures"] > 0
    assert told == set(range(COUNT))
    assert counted["tcp"]["again"] > 0
    assert (
        0 < len(heard) <= counted["udp"]["sent"]
    )  # what a full buffer of the receiver drops, nobody knows of
    assert counted["hook"]["sent"] == COUNT == len(set(script.accepted()))
    assert counted["hook"]["failures"] > 0
    assert counted["narrow"]["sent"] == 0 == len(narrow.accepted())
    assert counted["narrow"]["dropped_full"] > 0
    assert counted["narrow"]["dropped_tried"] > 0
    assert counted["stix"]["sent"] == COUNT
    assert len(list((tmp_path / "out").iterdir())) == 20


def _hear(at: socket.socket, into: set[str]) -> None:
    while text := at.recv(65536):
        into.add(text.decode().partition("externalId=")[2][:32])

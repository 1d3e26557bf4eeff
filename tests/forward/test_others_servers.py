"""Receivers that others wrote: rsyslog over UDP, TCP and TLS, and OpenSSL's server."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.forward.conftest import alert, chain
from tests.forward.parsers import parse_cef
from tests.forward.receivers import Certificates, until
from tests.forward.test_lines import forwarding

CONFIG = """
global(workDirectory="{folder}" maxMessageSize="64k" preserveFQDN="on"
       defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{ca}"
       defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{certificate}")
module(load="imudp")
module(load="imtcp")
template(name="line" type="list" option.jsonf="on") {{
  property(outname="priority" name="pri" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="program" name="app-name" format="jsonf")
  property(outname="kind" name="msgid" format="jsonf")
  property(outname="time" name="timestamp" format="jsonf" dateFormat="rfc3339")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}}
ruleset(name="all") {{ action(type="omfile" file="{folder}/out" template="line" asyncWriting="off" flushOnTXEnd="on") }}
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="all")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{folder}/tcp" ruleset="all")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{folder}/tls" ruleset="all"
      streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
"""


class Rsyslog:
    """A running rsyslogd: its ports by name, and what it wrote."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self.folder, self.ports = folder, ports

    def lines(self) -> list[dict[str, Any]]:
        out = self.folder / "out"
        text = out.read_text(encoding="utf-8") if out.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]


@contextmanager
def rsyslog(program: str, folder: Path, pems: Certificates) -> Iterator[Rsyslog]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        udp = free.getsockname()[1]
    config = folder / "rsyslog.conf"
    config.write_text(CONFIG.format(folder=folder, udp=udp, ca=pems.ca, certificate=pems.server))
    running = subprocess.Popen(
        [program, "-n", "-f", str(config), "-i", str(folder / "pid")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:

        def ports() -> dict[str, int] | None:
            assert running.poll() is None, running.stdout and running.stdout.read()
            files = {name: folder / name for name in ("tcp", "tls")}
            if not all(path.exists() and path.read_text().strip() for path in files.values()):
                return None
            return {"udp": udp} | {name: int(path.read_text()) for name, path in files.items()}

        yield Rsyslog(folder, until(ports))
    finally:
        running.kill()
        running.communicate()


@pytest.mark.parametrize("scheme", ["udp", "tcp", "tls"])
def test_rsyslog_reads_it(rsyslogd: str, tmp_path: Path, pems: Certificates, scheme: str) -> None:
    tls = {"ca": pems.ca, "certificate": pems.client, "key": pems.key} if scheme == "tls" else {}
    with rsyslog(rsyslogd, tmp_path, pems) as server:
        url = f"{scheme}://localhost:{server.ports[scheme]}"
        with forwarding(
            tmp_path,
            {"kind": "syslog", "url": url, "name": "a", "chains": True, **tls},
            {"kind": "cef", "url": url, "name": "b", **tls},
        ) as (forwarders, _):
            forwarders.alerts([alert(1), alert(2, event__reason='"违规外联" [x]\\\n', user__name='a"]\\b')])
            forwarders.chains([chain("c-1", 3)])
            lines = until(lambda: found if len(found := server.lines()) >= 5 else None)
    plain = [line for line in lines if "CEF:" not in line["text"]]
    first, second, grown = sorted(plain, key=lambda line: (line["kind"], "number 1." not in line["text"]))
    assert (first["priority"], first["host"], first["program"]) == (str(16 * 8 + 3), "sensor-1", "sentinel")
    assert first["time"] == "2026-03-02T07:00:01.000250Z"
    assert f'event.id="{1:032x}"' in first["data"]
    assert 'user.name="a\\"\\]\\\\b"' in second["data"]
    assert second["text"].lstrip("\ufeff ") == '"违规外联" [x]\\\ufffd'
    assert (grown["kind"], 'alert_count="3"' in grown["data"]) == ("chain", True)
    told = [parse_cef(line["text"].lstrip()) for line in lines if "CEF:" in line["text"]]
    assert {one.fields["externalId"] for one in told} == {f"{n:032x}" for n in (1, 2)}


def test_openssl_takes_it(tmp_path: Path, pems: Certificates, openssl: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    out = tmp_path / "out"
    with out.open("wb") as file:
        running = subprocess.Popen(
            [openssl, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(pems.server), "-CAfile", str(pems.ca),
             "-Verify", "1", "-verify_return_error", "-quiet", "-tls1_3"],
            stdin=subprocess.PIPE, stdout=file, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            one = {
                "kind": "syslog",
                "url": f"tls://127.0.0.1:{port}",
                "ca": pems.ca,
                "certificate": pems.client,
            }
            with forwarding(tmp_path, one | {"key": pems.key, "name": "x"}) as (forwarders, _):
                forwarders.alerts([alert(1), alert(2)])
                until(lambda: out.read_bytes().count(b"number ") == 2)
                until(lambda: forwarders.counters()["x"]["sent"] == 2)
        finally:
            running.kill()
            running.communicate()
    text = out.read_bytes()
    length, _, rest = text.partition(b" ")
    assert rest[: int(length)].endswith(b"number 1.")

"""Kills while pseudonyms are issued: none is lost, and none is made twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random

from sentinel.ca.audit.verify import verify
from sentinel.ca.v2x import clock
from sentinel.ca.v2x.station import Station
from sentinel.ca.v2x.transport import Transport
from tests.ca.v2x import made

KILLS = int(os.environ.get("SENTINEL_KILLS", "10"))
STATIONS, COUNT = 3, 2


class Told:
    """A transport that tells before and after each PDU, so that a process can be ended at any of them."""

    def __init__(self, inner: Transport, tell: int) -> None:
        self.inner, self.tell = inner, tell

    def send(self, to: str, pdu: bytes) -> bytes:
        os.write(self.tell, b".")
        answer = self.inner.send(to, pdu)
        os.write(self.tell, b".")
        return answer


def fetch(folder: Path, stations: list[Path], weeks: int, tell: int | None = None) -> None:
    """Every station fetches its pseudonyms, twice: at first the others were still missing."""
    with made.opened(folder) as pki:
        if tell is not None:
            inner = pki.transport
            pki.transport = Told(inner, tell)  # type: ignore[assignment]
        for path in [*stations, *stations]:
            at = Station.open(path)
            at.pseudonyms(pki.transport, [{"psid": pki.suite.bsm}], weeks=weeks, per_week=COUNT)


def killed(folder: Path, stations: list[Path], weeks: int, after: int) -> bool:
    """Fetch in a process of its own, which is ended after so many PDUs were told; whether it was."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(told)
            fetch(folder, stations, weeks, tell)
        finally:
            os._exit(0)
    os.close(tell)
    seen = 0
    while seen < after and (got := os.read(told, after - seen)):
        seen += len(got)
    os.kill(child, signal.SIGKILL)
    os.close(told)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def waiting(folder: Path) -> int:
    """Requests that the registration authority still mixes."""
    with made.opened(folder) as pki:
        sql = "SELECT count(*) FROM v2x_request WHERE answer IS NULL"
        [(number,)] = pki.role("ra").register.query(sql)
    return int(number)


def test_kills(tmp_path: Path) -> None:
    random = Random(20261130)
    folder = made.domain(tmp_path / "domain", "ydt3957", fill=False, shuffle=STATIONS)
    stations = [tmp_path / f"obu-{n}" for n in range(STATIONS)]
    with made.opened(folder) as pki:
        for n, path in enumerate(stations):
            made.station(pki, path, f"V-{n}")
    ended = 0
    for kill in range(KILLS):
        # another week each time: something is left to be done
        ended += killed(folder, stations, kill + 1, random.randint(1, 24))
    assert ended > KILLS // 2
    fetch(folder, stations, KILLS)
    # downloads of many weeks are in parts, so that the last ones may wait for vehicles to be mixed with
    others: list[Path] = []
    while waiting(folder):
        others.append(tmp_path / f"other-{len(others)}")
        with made.opened(folder) as pki:
            made.station(pki, others[-1], f"O-{len(others)}")
        fetch(folder, others, 1)
    assert len(others) < STATIONS
    fetch(folder, stations, KILLS)
    for role in ("ra", "aca", "la1", "la2"):
        report = verify(folder / role / "register.db")
        assert report.ok, (role, report.bad[:3])
    with made.opened(folder) as pki:
        ra, aca = pki.role("ra").register, pki.role("aca").register
        asked = {hash for (hash,) in ra.query("SELECT hash FROM v2x_request")}
        answered = ra.query("SELECT hash FROM v2x_request WHERE answer IS NOT NULL")
        given = aca.query("SELECT request, serial FROM v2x_pseudonym")
        assert len(asked) == len(answered) == STATIONS * COUNT * KILLS + len(others) * COUNT
        assert {request for request, _ in given} == asked
        issued = [row.serial for row in aca.list(profile="pseudonym")]
        assert len(issued) == len(given)
        assert set(issued) == {serial.hex() for _, serial in given}
        held = []
        for path in stations:
            at = Station.open(path)
            found = at.certificates()
            weeks = [one.tbs["id"][1]["iCert"] for one in found]
            this = clock.week(at.now())
            assert sorted(weeks) == [week for week in range(this, this + KILLS) for _ in range(COUNT)]
            held += [one.serial for one in found]
        held += [one.serial for path in others for one in Station.open(path).certificates()]
        assert sorted(held) == sorted(issued)

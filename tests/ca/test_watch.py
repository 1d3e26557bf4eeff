"""What ends soon is said: by every command, and each day by a server that runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sentinel.ca import founding, watch
from sentinel.ca.authority import Authority
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.serve.ending import AGAIN, Ending
from tests.conftest import Ran

Cli = Callable[..., Ran]


@pytest.fixture(scope="module")
def soon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA whose issuing certificate lasts 40 days, and its root 400."""
    folder = tmp_path_factory.mktemp("soon") / "ca"
    plan = founding.Plan("Plant", "p256", days=400, issuing_days=40, who="tests")
    founding.found(folder, plan, Passphrases("words"))
    return folder


@pytest.mark.parametrize(
    ("days", "named"),
    [(None, ["issuing"]), (41, ["issuing"]), (39, []), (0, []), (401, ["issuing", "root"])],
)
def test_every_command_says_it(
    cli: Cli, soon: Path, monkeypatch: pytest.MonkeyPatch, days: int | None, named: list[str]
) -> None:
    if days is not None:
        monkeypatch.setenv("SENTINEL_CA__WARN_DAYS", str(days))
    for command in (["list"], ["search", "Plant"], ["show", "root"], ["requests"]):
        done = cli("ca", *command, "--dir", soon)
        assert done.code == 0, done.err
        lines = done.err.splitlines()
        assert [line.split()[2] for line in lines] == named, command
        assert all(" certificate ends in " in line for line in lines)
    if named:
        assert lines[0].startswith("sentinel: the issuing certificate ends in 39 days (")


def test_what_has_ended_is_said(soon: Path) -> None:
    with Authority.open(soon, readonly=True) as authority:
        end = authority.certificate("issuing").not_after
        [line] = watch.ends(authority, 90, end + timedelta(seconds=1))
        assert line.startswith("the issuing certificate has ended (")
        assert not list(watch.ends(authority, 1, end - timedelta(days=1)))
        assert list(watch.ends(authority, 1, end - timedelta(hours=23)))


def test_a_server_says_it_each_day(soon: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "sentinel.ca.serve")
    with Authority.open(soon, readonly=True) as authority:
        begin = authority.certificate("issuing").not_before
        now = [begin]
        ending = Ending(authority, 38, lambda: now[0])
        for hours, said in ((0, 0), (23, 0), (24, 0), (47, 0), (48, 0), (72, 1), (95, 1), (96, 2)):
            now[0] = begin + timedelta(hours=hours)
            ending()
            assert len(caplog.records) == said, hours
    assert timedelta(days=1) == AGAIN
    assert all("issuing certificate ends in 3" in record.message for record in caplog.records)

"""`sentinel store export`, `import` and `expire`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.store import open_store
from sentinel.store.load import load
from tests.conftest import Ran
from tests.store.conformance import ASSETS, NONE, alert, chain, encoded, event, ids, lines

Cli = Callable[..., Ran]
SCRAPS = [
    b"\n",
    b"{",
    b'{"record": "event", ',
    b'"event.id": "1"}',
    b"[]",
    b'{"record": "source"}\n',
    b"\xff",
    b"\x00",
]
DAYS = ("2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with a few of everything."""
    url = f"sqlite://{tmp_path / 'one'}"
    store = open_store(url, create=True)
    with store.writer() as writer:
        writer.append_events(lines(event(n, DAYS[n % 2], event_reason="Größe") for n in range(6)))
        writer.append_alerts(encoded(alert(n, DAYS[n % 2]) for n in range(4)))
        writer.put_chains(encoded([chain("c-1", 5.0)]))
        writer.commit([], b"", set(), [], {**NONE, "asset": encoded(ASSETS)}, {})
    store.acknowledge(f"{1:032x}", DAYS[1], "ana", "seen to")
    return url


def test_what_is_exported_is_imported(cli: Cli, url: str, tmp_path: Path) -> None:
    file, second = tmp_path / "all.ndjson", f"sqlite://{tmp_path / 'two'}"
    assert cli("store", "export", "--output", file, "--store", url) == Ran(0, "", "")
    ran = cli("store", "import", file, "--store", second)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "6 events, 4 alerts, 1 chains, 4 assets read, 10 events and alerts new\n"
    assert "0 events and alerts new" in cli("store", "import", file, "--store", second).out
    one, two = open_store(url), open_store(second)
    assert list(one.search()) == list(two.search())
    assert list(one.alerts()) == list(two.alerts())
    assert list(one.chains()) == list(two.chains())
    assert list(one.documents("asset")) == list(two.documents("asset"))
    assert two.verify() == []
    again = cli("store", "export", "--store", second)
    assert again.out == file.read_text(encoding="utf-8")


def test_part_of_it_is_exported(cli: Cli, url: str) -> None:
    ran = cli("store", "export", "--kind", "event", "--where", "@timestamp >= 2026-01-02", "--store", url)
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert {d["record"] for d in found} == {"event"}
    assert ids(found) == [f"{n:032x}" for n in (1, 3, 5)]


def test_bad_lines_are_told_with_their_number(cli: Cli, tmp_path: Path) -> None:
    file, url = tmp_path / "bad.ndjson", f"sqlite://{tmp_path / 'store'}"
    bad = ["{", "[1]", '{"record": "cat"}', '{"record": "event", "event.id": "1"}', '{"record": "asset"}',
           '{"record": "chain", "id": "c"}', '{"record": "operation", "protocol": "modbus"}']  # fmt: skip
    file.write_bytes(
        lines([event(1)]) + "\n".join(bad).encode() + b"\n\n" + lines([{"record": "alert", **alert(2)}])
    )
    ran = cli("store", "import", file, "--store", url)
    assert ran.code == 1
    assert ran.out == "1 events, 1 alerts read, 2 events and alerts new, 1 other records left out\n"
    told = ran.err.splitlines()
    assert [line.split(": ")[2] for line in told[:-1]] == [f"line {n}" for n in (2, 3, 4, 5, 6, 7)]
    assert told[-1] == f"sentinel: {file}: 6 lines could not be kept"
    assert "no such" in cli("store", "import", tmp_path / "none", "--store", url).err.lower()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(SCRAPS), max_size=8).map(b"".join)))
def test_any_bytes_are_read_or_told(tmp_path: Path, data: bytes) -> None:
    store = open_store(f"sqlite://{tmp_path / 'store'}", create=True)
    loaded = load(store, io.BytesIO(data))
    told = sum(loaded.read.values()) + loaded.lost + loaded.left_out
    assert told == sum(bool(line.strip()) for line in data.split(b"\n"))


def test_expire_by_time_and_size(cli: Cli, url: str) -> None:
    assert cli("store", "expire", "--store", url).code == 2
    for wrong in (("--before", "2026-13-01"), ("--before", "soon"), ("--bytes", "much")):
        ran = cli("store", "expire", *wrong, "--store", url)
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert wrong[1] in ran.err
    assert cli("store", "expire", "--bytes", "1G", "--store", url).out == "0 days of events deleted\n"
    out = "1 day of events deleted: 2026-01-01 to 2026-01-01\n"
    assert cli("store", "expire", "--bytes", "1k", "--store", url).out == out
    assert len(list(open_store(url).alerts())) == 4
    assert (
        cli("store", "expire", "--before", "2026-01-02T12", "--store", url).out
        == "0 days of events deleted\n"
    )
    assert len(list(open_store(url).alerts())) == 2

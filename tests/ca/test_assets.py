"""Certificates of an asset of the monitor: by its names, and by what it shows on the wire."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel.cli.certificates import of_asset, presented, words
from tests.ca.conftest import PASSPHRASE
from tests.conftest import Ran


def asset(**changed: Any) -> dict[str, Any]:
    """An asset as `assets show --format json` has it, as far as it matters here."""
    bare: dict[str, Any] = {
        "id": "asset-7", "aliases": [], "mac": ["00:1b:1b:00:00:07"], "ip": ["10.0.0.7"], "hostnames": [],
        "services": [], "serial": None,
    }  # fmt: skip
    return {**bare, **changed}


@pytest.fixture
def known(
    cli: Callable[..., Ran], ca: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Two certificates of a CA that the settings name: subject to SHA-256."""
    import json

    monkeypatch.setenv("SENTINEL_CA__DIR", str(ca("p256")))
    words = tmp_path / "words"
    words.write_text(PASSPHRASE)
    out = {}
    for name, more in (("pump.plant.example", ("--asset", "asset-7")), ("other.plant.example", ())):
        ran = cli(
            "ca", "issue", "--profile", "tls-server", "--name", name, *more, "--format", "json",
            "--out", str(tmp_path / f"{name}.pem"), "--passphrase-file", str(words),
        )  # fmt: skip
        assert ran.code == 0, ran.err
        out[name] = json.loads(ran.out)["sha256"]
    return out


def test_by_name_and_by_what_is_shown(known: dict[str, str]) -> None:
    [one] = of_asset(asset()) or []
    assert (one["sha256"], one["presented"]) == (known["pump.plant.example"], [])
    shows = {"transport": "tcp", "port": 443, "tls": {"sha256": known["other.plant.example"]}}
    both = {c["sha256"]: c["presented"] for c in of_asset(asset(services=[shows])) or []}
    assert both == {known["pump.plant.example"]: [], known["other.plant.example"]: ["tcp/443"]}
    assert of_asset(asset(id="asset-8")) == []
    [named] = of_asset(asset(id="asset-8", hostnames=["PUMP.plant.example"])) or []
    assert named["sha256"] == known["pump.plant.example"]


def test_nothing_is_asked_without_a_ca(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTINEL_CA__DIR", raising=False)
    assert of_asset(asset()) is None


def test_addresses_that_pass_to_others_are_no_words() -> None:
    assert "10.0.0.7" not in words(asset())
    assert presented(asset(services=[{"transport": "udp", "tls": {"sha256": ["AA", "bb"]}}])) == {
        "aa": ["udp"], "bb": ["udp"],
    }  # fmt: skip

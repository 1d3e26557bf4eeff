"""The forged scenes: every message is refused for the reason that its label says, and the true ones pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel.errors import UserError
from sentinel.v2x.scene.forged.payloads import FORGERIES
from sentinel.v2x.scene.forged.variants import HONEST
from tests.v2x.test_verify import lines, run

VARIANTS = {
    "honest": "ok",
    "wrong-signer": "untrusted-chain",
    "no-aid": "aid-not-permitted",
    "other-aid": "aid-not-permitted",
    "expired": "expired",
    "revoked": "revoked",
    "out-of-region": "out-of-region",
    "implausible": "implausible",
    "replayed": "replayed",
    "replayed-late": "stale",
}
CASES = [*((name, "ydt3957") for name in FORGERIES), ("forged-emergency", "1609.2")]


def verdicts(*arguments: object) -> list[tuple[str, str]]:
    code, found = lines(*arguments)
    assert code == 3
    return [(line["verdict"], line["reason"]) for line in found]


@pytest.mark.parametrize(("name", "profile"), CASES)
def test_each_is_refused_for_the_right_reason(name: str, profile: str, tmp_path: Path) -> None:
    out = tmp_path / "scene"
    assert run("scene", name, "--seed", 7, "--profile", profile, "--out", out).exit_code == 0
    made = json.loads((out / "scene.json").read_text(encoding="utf-8"))
    labels: list[dict[str, Any]] = [
        json.loads(line) for line in (out / "labels.ndjson").read_text(encoding="utf-8").splitlines()
    ]
    expected = VARIANTS | ({"no-ssp": "ssp-insufficient"} if FORGERIES[name].ssp else {})
    assert {label["variant"]: label["reason"] for label in labels} == expected
    assert sum(label["verdict"] == "accept" for label in labels) == HONEST
    right = [(label["verdict"], label["reason"]) for label in labels]
    place = f"{made['latitude']},{made['longitude']}"
    told = ["--trust", out / "trust.oer", "--crl", out / "crl.oer", "--position", place]
    assert verdicts(out / "messages", *told, "--at", made["at"]) == right
    assert verdicts(out / "air.pcap", *told) == right
    # without the list of revocations that one message passes, and no other
    fewer = [part for part in told if part not in ("--crl", out / "crl.oer")]
    missed = [
        label["variant"]
        for label, now, before in zip(labels, verdicts(out / "air.pcap", *fewer), right, strict=True)
        if now != before
    ]
    assert missed == ["revoked"]


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is not empty"):
        run("scene", "forged-spat", "--seed", 1, "--out", tmp_path)

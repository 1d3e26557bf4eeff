"""What a probe says shows it: the captures it names hold its protocol, and without one there is a scene."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest

from sentinel.errors import UserError
from sentinel.probes.catalogue import Probe, all_probes
from tests.corpus.files import captures
from tests.corpus.reading import scanned
from tests.probes import scenes
from tests.probes.test_scenes import SCENES

PROBES = all_probes()
BEFORE_SCENES = {"cdp", "mdns", "ndp", "sv"}
"""Shown by the demo plant and tests of their own, without a scene."""


@pytest.mark.corpus
@pytest.mark.parametrize("probe", [p for p in PROBES if p.proofs], ids=lambda p: p.name)
def test_proofs_hold_the_protocol(probe: Probe, corpus: Path) -> None:
    for proof in probe.proofs:
        path = corpus / proof
        assert path.exists(), proof
        files = sorted(captures(path), key=lambda p: p.stat().st_size) if path.is_dir() else [path]
        assert any(_holds(file, probe.name) for file in files), f"{proof} has no {probe.name}"


def _holds(capture: Path, protocol: str) -> bool:
    try:
        return protocol in scanned(capture, events="all", guess=False).protocols()
    except UserError:  # nothing can be read of it
        return False


def test_what_no_capture_shows_has_a_scene() -> None:
    shown = {s.protocol for s in SCENES} | {inner for s in SCENES for inner in s.inner}
    shown |= {m.name.replace("_", "-") for m in pkgutil.iter_modules(scenes.__path__)}
    missing = {p.name for p in PROBES if not p.proofs} - shown - BEFORE_SCENES
    assert not missing

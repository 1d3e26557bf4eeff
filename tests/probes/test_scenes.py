"""Every crafted scene: whole, in pieces, out of order, midstream, on a foreign port, with loss and damage."""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path
from random import Random

import pytest

from tests.corpus.reading import Record, Scanned, scanned
from tests.probes import scenes
from tests.probes.scene import Scene, Segment, capture, packets

CASES = int(os.environ.get("SENTINEL_CASES", "120"))
"""Damaged flows of each scene."""

SCENES: list[Scene] = [
    scene
    for module in sorted(m.name for m in pkgutil.iter_modules(scenes.__path__))
    for scene in importlib.import_module(f"{scenes.__name__}.{module}").SCENES
]


Told = tuple[set[tuple[str, str, str]], list[tuple[str, str, str]], list[tuple[str, str, str, str]]]


def _id(scene: Scene) -> str:
    return f"{scene.protocol}-{scene.name or scene.transport}"


every = pytest.mark.parametrize("scene", SCENES, ids=_id)
streams = pytest.mark.parametrize("scene", [s for s in SCENES if s.transport == "tcp"], ids=_id)


def play(tmp_path: Path, scene: Scene, segments: list[Segment], **how: object) -> Scanned:
    path = capture(tmp_path / "scene.pcap", packets(scene, segments, **how), scene.link)  # type: ignore[arg-type]
    return scanned(path, events="all", guess=False)


def _side(asset: Record) -> str:
    ends = {*asset["ip"], *asset["mac"]}
    return "client" if any(e.endswith((".0.1", ":01")) for e in ends) else "server"


def told(scene: Scene, seen: Scanned) -> Told:
    """Facts, operations and credentials of the scene's protocols, as a scene writes them."""
    names = {scene.protocol, *scene.inner}
    facts = {
        (_side(a), f["name"], str(f["value"]))
        for a in seen.assets
        for f in a["facts"]
        if f["protocol"] in names
    }
    operations = sorted(
        (o["name"], o["action"], o["outcome"]) for o in seen.operations if o["protocol"] in names
    )
    credentials = sorted(
        (c["kind"], c.get("username") or "", c.get("hash") or c.get("secret") or "", c["outcome"])
        for c in seen.credentials
        if c["protocol"] in names
    )
    return facts, operations, credentials


def wanted(scene: Scene) -> Told:
    return set(scene.facts), sorted(set(scene.operations)), sorted(scene.credentials)


@every
def test_it_is_read(scene: Scene, tmp_path: Path) -> None:
    seen = play(tmp_path, scene, scene.segments())
    assert scene.protocol in seen.protocols()
    facts, operations, credentials = told(scene, seen)
    assert (facts, sorted(set(operations)), credentials) == wanted(scene)
    missing = set(scene.events) - {e.get("event.action") for e in seen.events}
    assert not missing, f"events that are not there: {missing}"


@pytest.mark.parametrize("scene", [s for s in SCENES if s.any_port and s.transport != "l2"], ids=_id)
def test_on_a_foreign_port(scene: Scene, tmp_path: Path) -> None:
    seen = play(tmp_path, scene, scene.segments(), port=27_183)
    facts, operations, credentials = told(scene, seen)
    assert (facts, sorted(set(operations)), credentials) == wanted(scene)


@streams
@pytest.mark.parametrize("size", [1, 3, 7])
def test_in_pieces(scene: Scene, size: int, tmp_path: Path) -> None:
    facts, operations, credentials = told(scene, play(tmp_path, scene, scene.segments(size)))
    assert (facts, sorted(set(operations)), credentials) == wanted(scene)


@streams
def test_out_of_order(scene: Scene, tmp_path: Path) -> None:
    """Two pieces of the same side change places."""
    pieces = scene.segments(32)
    for n in range(0, len(pieces) - 1, 2):
        if pieces[n][0] == pieces[n + 1][0]:
            pieces[n], pieces[n + 1] = pieces[n + 1], pieces[n]
    facts, operations, credentials = told(scene, play(tmp_path, scene, pieces))
    assert (facts, sorted(set(operations)), credentials) == wanted(scene)


@streams
def test_without_its_handshake(scene: Scene, tmp_path: Path) -> None:
    facts, operations, credentials = told(scene, play(tmp_path, scene, scene.segments(), handshake=False))
    assert (facts, sorted(set(operations)), credentials) == wanted(scene)


@every
def test_with_loss(scene: Scene, tmp_path: Path) -> None:
    """Any one segment is missing: nothing is said that was not sent (outcomes may be unknown)."""
    pieces = scene.segments()
    for n in range(min(len(pieces), 24)):
        facts, operations, credentials = told(scene, play(tmp_path, scene, pieces[:n] + pieces[n + 1 :]))
        assert {f[1:] for f in facts} <= {f[1:] for f in scene.facts}
        assert {o[:2] for o in operations} <= {o[:2] for o in scene.operations}
        secrets = {c[2] for c in scene.credentials} | {""}
        assert {c[2] for c in credentials} <= secrets


@every
def test_damaged(scene: Scene, tmp_path: Path) -> None:
    """Bytes changed, cut, doubled: the scan ends well, and no probe is found at fault."""
    random = Random(f"{scene.protocol} {scene.name}")
    frames = [
        frame
        for flow in range(CASES)
        for frame in packets(scene, [_damage(random, s) for s in scene.segments()], flow=flow)
    ]
    assert scanned(capture(tmp_path / "damaged.pcap", frames, scene.link)).assets


def _damage(random: Random, segment: Segment) -> Segment:
    side, offset, data = segment
    if random.random() < 0.5 or not data:
        return segment
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(len(out)) if out else 0
        match random.randrange(5):
            case 0 if out:
                out[at] ^= 1 << random.randrange(8)
            case 1 if out:
                out[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                del out[at:]
            case 3:
                out[at:at] = random.randbytes(random.choice((1, 2, 4)))
            case _:
                out[at:at] = out[at : at + random.choice((1, 2, 8, 64))]
    return side, offset, bytes(out)

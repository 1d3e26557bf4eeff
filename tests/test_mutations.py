"""A thousand damaged captures: no crash, no hang, one line for each error."""

from __future__ import annotations

import faulthandler
import json
import os
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

import pytest

from sentinel import pipeline
from sentinel.errors import UserError
from tests.conftest import ROOT, Ran
from tests.corpus.files import MAGIC, captures, records

MUTATED = 1000
BY_COMMAND_LINE = 30
HANG_SECONDS = 240
"""All threads are dumped and the run ends if one test takes this long: a hang, not slowness."""

EDGES = (0, 1, 15, 16, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Values put into length fields."""


@pytest.fixture(autouse=True)
def _watchdog() -> Iterator[None]:
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Whole captures: pieces of the demo plant's, and small ones of the corpus where it is."""
    from sentinel.demo.plant import build

    plant = tmp_path_factory.mktemp("plant") / "plant.pcap"
    build(plant)
    data = plant.read_bytes()
    frames = records(data)
    assert frames is not None
    pieces = [data[:24] + b"".join(frames[at : at + 120]) for at in range(0, len(frames), 240)]
    corpus = Path(os.environ.get("SENTINEL_CORPUS") or ROOT.parent / "shared" / "captures")
    small = (
        [path for path in captures(corpus) if 200 < path.stat().st_size < 40_000] if corpus.is_dir() else []
    )
    others = [path.read_bytes() for path in Random(7).sample(small, min(len(small), 150))]
    return [*pieces, *others, as_pcapng(pieces[0])]


def as_pcapng(data: bytes) -> bytes:
    """A pcap file as pcapng: a section, an interface with microseconds, a packet block for each record."""
    order = MAGIC[data[:4]]
    blocks = [(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)), (1, struct.pack("<HHI", 1, 0, 0))]
    for record in records(data) or []:
        seconds, micros, size, wire = struct.unpack_from(order + "IIII", record)
        time = seconds * 1_000_000 + micros
        body = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, size, wire) + record[16:]
        blocks.append((6, body + bytes(-len(body) % 4)))
    return b"".join(
        struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
        for kind, body in blocks
    )


def mutate(random: Random, seed: bytes) -> bytes:
    """One damage or several of those that happen to captures, or that somebody does to them."""
    data = bytearray(seed)
    for _ in range(random.choice((1, 1, 2, 5))):
        random.choice(DAMAGES)(random, data)
    return bytes(data)


def flip_bits(random: Random, data: bytearray) -> None:
    for _ in range(random.choice((1, 8, 64))):
        if data:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def truncate(random: Random, data: bytearray) -> None:
    del data[random.randrange(len(data) + 1) :]


def cut_out(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data) + 1)
    del data[at : at + random.randrange(1, 200)]


def put_edge(random: Random, data: bytearray, at: int | None = None, width: int | None = None) -> None:
    width = width or random.choice((1, 2, 4))
    if len(data) < width:
        return
    at = random.randrange(len(data) - width + 1) if at is None else at
    edge = random.choice(EDGES) & ((1 << 8 * width) - 1)
    data[at : at + width] = edge.to_bytes(width, random.choice(("little", "big")))


def break_length(random: Random, data: bytearray) -> None:
    """Put an edge into the length of a record (pcap) or of a block (pcapng)."""
    frames = records(bytes(data))
    if frames:
        number = random.randrange(len(frames))
        put_edge(random, data, 24 + sum(map(len, frames[:number])) + random.choice((8, 12)), 4)
    elif data[:4] == b"\x0a\x0d\x0d\x0a":
        places = [0]
        while places[-1] + 8 <= len(data):
            size = struct.unpack_from("<I", data, places[-1] + 4)[0]
            if not 12 <= size <= len(data):
                break
            places.append(places[-1] + size)
        put_edge(random, data, min(random.choice(places) + 4, max(len(data) - 4, 0)), 4)


def break_headers(random: Random, data: bytearray) -> None:
    """Put an edge among the first bytes of a packet, where its headers are."""
    frames = records(bytes(data))
    if frames:
        number = random.randrange(len(frames))
        at = 24 + sum(map(len, frames[:number])) + 16 + random.randrange(80)
        put_edge(random, data, min(at, len(data) - 4))


def reorder(random: Random, data: bytearray) -> None:
    """Swap, repeat or leave out packets."""
    frames = records(bytes(data))
    if not frames:
        return
    for _ in range(random.choice((1, 10, 50))):
        a, b = random.randrange(len(frames)), random.randrange(len(frames))
        match random.randrange(3):
            case 0:
                frames[a], frames[b] = frames[b], frames[a]
            case 1:
                frames.insert(a, frames[b])
            case _ if len(frames) > 1:
                del frames[a]
    data[24:] = b"".join(frames)


def swap_pieces(random: Random, data: bytearray) -> None:
    """Exchange two stretches of equal length, wherever they lie."""
    size = random.randrange(1, 128)
    if len(data) > 2 * size:
        a, b = random.randrange(len(data) - size), random.randrange(len(data) - size)
        data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


DAMAGES: tuple[Callable[[Random, bytearray], None], ...] = (
    flip_bits,
    truncate,
    cut_out,
    put_edge,
    break_length,
    break_headers,
    reorder,
    swap_pieces,
)


def test_a_thousand_mutated_captures(
    seeds: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentinel import _native

    native = _native.Scan
    random = Random(20260112)
    path = tmp_path / "mutated.cap"
    packets = told = 0
    refused: list[str] = []
    for number in range(MUTATED):
        path.write_bytes(mutate(random, random.choice(seeds)))
        monkeypatch.setattr(_native, "Scan", partial(native, batch=random.choice((1, 7, 4096))))
        options = pipeline.Options(events="all", workers=1 + number % 2)
        try:
            result = pipeline.scan([str(path)], options, on_events=lambda batch: _lines(batch.ndjson()))
        except UserError as error:
            refused.append(error.message)
            continue
        pipeline.derive(result.inventory, [], None, result.until)
        for kind in pipeline.RECORDS:
            for document in result.inventory.records(kind):
                json.loads(document)
        assert all(_one_line(line, path) for line in result.errors)
        told += bool(result.errors) or any(s["cut"] or s["warnings"] for s in result.sources)
        packets += sum(source["packets"] for source in result.sources)
    assert packets > 10_000
    assert len(refused) > 10
    assert all(_one_line(line, path) for line in refused)
    assert told > 50


def _lines(events: bytes) -> None:
    for line in events.splitlines():
        json.loads(line)


def _one_line(text: str, path: Path) -> bool:
    return text.isprintable() and str(path) in text


def test_by_the_command_line(seeds: list[bytes], cli: Callable[..., Ran], tmp_path: Path) -> None:
    random = Random(20260113)
    path = tmp_path / "mutated.cap"
    codes = set()
    for _ in range(BY_COMMAND_LINE):
        path.write_bytes(mutate(random, random.choice(seeds)))
        ran = cli("scan", path, "--format", random.choice(("json", "ndjson", "table")))
        codes.add(ran.code)
        assert ran.code in (0, 1), ran.err
        lines = ran.err.splitlines()
        assert len(lines) == ran.code, ran.err
        assert all(line.startswith(f"sentinel: {path}: ") for line in lines), ran.err
    assert codes == {0, 1}

"""A scene on the disk.

`observations.ndjson` holds the received messages in the order of their arrival, `labels.ndjson` a line for
each with what is true of it, `site.json` what the receiver knows of its place, `scene.json` how it was made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from sentinel.errors import UserError
from sentinel.v2x.messages import Observation
from sentinel.v2x.scene.make import Label
from sentinel.v2x.site import Site

LINE = 65_536
"""Longest line that is read, octets."""

OBSERVATIONS, LABELS, SITE, SCENE = "observations.ndjson", "labels.ndjson", "site.json", "scene.json"

UNKNOWN = ("acceleration", "yaw_rate", "accuracy", "speed", "heading", "latitude", "longitude")
"""Numbers that may be unknown: `null` in JSON, `nan` here."""


class Row(msgspec.Struct, frozen=True):
    """An observation as it stands in its file."""

    received: float
    generated: float
    kind: str
    station: str
    signer: str
    counter: int
    latitude: float | None
    longitude: float | None
    speed: float | None
    heading: float | None
    acceleration: float | None
    yaw_rate: float | None
    accuracy: float | None
    length: float
    width: float
    events: list[str]


class Truth(msgspec.Struct, frozen=True):
    """A label as it stands in its file: `message` is the line of the observation, from 0."""

    message: int
    station: str
    vehicle: str
    attack: str
    attacker: str


class Scene(msgspec.Struct, frozen=True):
    """How a scene was made. `attackers` names each attacking vehicle's attack."""

    name: str
    seed: int
    seconds: float
    share: float
    attackers: dict[str, str]
    messages: int
    stations: int
    vehicles: int
    noise: str


def observation(row: Row) -> Observation:
    """The observation of a row."""
    values = {name: getattr(row, name) for name in Row.__struct_fields__}
    for name in UNKNOWN:
        if values[name] is None:
            values[name] = math.nan
    values["events"] = frozenset(row.events)
    return Observation(**values)


def _lines(path: Path, kind: type[Any]) -> Iterator[Any]:
    decode = msgspec.json.Decoder(kind).decode
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE + 1):
            number += 1
            try:
                if len(line) > LINE:
                    raise ValueError(f"longer than {LINE} octets")
                yield decode(line)
            except (msgspec.MsgspecError, ValueError) as error:
                raise UserError(f"{path}: line {number}: {error}") from None


def observations(path: Path) -> Iterator[Observation]:
    """Observations of a file, one at a time."""
    return (observation(row) for row in _lines(path, Row))


def labelled(folder: Path) -> Iterator[tuple[Observation, Label]]:
    """Messages of a scene with what is true of them."""
    if not (folder / OBSERVATIONS).is_file():
        raise UserError(f"{folder}: no scene is there; `sentinel v2x scene` makes one")
    truths = _lines(folder / LABELS, Truth)
    for number, heard in enumerate(observations(folder / OBSERVATIONS)):
        truth = next(truths, None)
        if truth is None or truth.message != number:
            raise UserError(f"{folder / LABELS}: has no label of message {number}")
        yield heard, Label(truth.station, truth.vehicle, truth.attack, truth.attacker)


class Writer:
    """Writes the messages of a scene with their labels."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(f"{folder}: is not empty; name a new folder")
        self._folder = folder

    def write(self, messages: Iterable[tuple[Observation, Label]], site: Site) -> tuple[int, int, int]:
        """Write all; the numbers of messages, stations and vehicles."""
        encode, number = msgspec.json.encode, 0
        stations, vehicles = set(), set()
        with (self._folder / OBSERVATIONS).open("wb") as heard, (self._folder / LABELS).open("wb") as truths:
            for observed, label in messages:
                heard.write(encode(observed) + b"\n")
                truth = Truth(number, label.station, label.vehicle, label.attack, label.attacker)
                truths.write(encode(truth) + b"\n")
                stations.add(label.station)
                vehicles.add(label.vehicle)
                number += 1
        site.save(self._folder / SITE)
        return number, len(stations), len(vehicles)

    def finish(self, scene: Scene) -> None:
        """Write how it was made; a folder without is not whole."""
        (self._folder / SCENE).write_bytes(msgspec.json.format(msgspec.json.encode(scene), indent=2) + b"\n")


def scene(folder: Path) -> Scene:
    """How a scene was made."""
    path = folder / SCENE
    if not path.is_file():
        raise UserError(f"{folder}: no scene is there; `sentinel v2x scene` makes one")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Scene)
    except msgspec.MsgspecError as error:
        raise UserError(f"{path}: no scene: {error}") from None

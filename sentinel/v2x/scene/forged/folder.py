"""A forged scene on the disk.

messages/NN-VARIANT.oer   messages with their certificates, in the order they are sent
air.pcap                  the same as frames: DSMP (YD/T 3707) in profile ydt3957, WSMP in 1609.2
trust.oer, *.oer          the domain's root list, certificates of its roles, list of its authorities
crl.oer                   what is revoked
labels.ndjson             a line for each message: variant, and the verdict and reason that are right
scene.json                name, seed, profile, receiver's place and when all is received
"""

from __future__ import annotations

import struct
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sentinel.ca.v2x.charter import ROLES
from sentinel.errors import UserError
from sentinel.v2x.scene.forged.payloads import FORGERIES
from sentinel.v2x.scene.forged.town import FOREIGN, Town
from sentinel.v2x.scene.forged.variants import Forger, Message
from sentinel.v2x.scene.make import EPOCH

MESSAGES, AIR, TRUST, CRL = "messages", "air.pcap", "trust.oer", "crl.oer"
LABELS, SCENE = "labels.ndjson", "scene.json"

FLIGHT = 0.002
"""s from sending to receipt."""

_ETHERNET, _USER0 = 1, 147
"""Link types of captures; the first of the private ones is taken for DSMP."""


class Label(msgspec.Struct, frozen=True):
    """What is right about a message. `frame` is its number in the capture, from 1."""

    message: str
    frame: int
    variant: str
    verdict: str
    reason: str
    aid: int


class Forged(msgspec.Struct, frozen=True):
    """How a forged scene was made, and how it is to be verified (`--at`, `--position`)."""

    name: str
    seed: int
    profile: str
    at: str
    latitude: float
    longitude: float
    messages: int


def write(name: str, seed: int, profile: str, out: Path) -> Forged:
    """Make a forged scene in a new folder. Keys are new each time; all else follows from the seed."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: is not empty; name a new folder")
    (out / MESSAGES).mkdir(parents=True, exist_ok=True)
    at = datetime.fromtimestamp(EPOCH, UTC)
    with tempfile.TemporaryDirectory(prefix="sentinel-") as part:
        home, abroad = Path(part) / "home", Path(part) / "abroad"
        home.mkdir()
        abroad.mkdir()
        with (
            Town(home, "Town", profile, at, ROLES) as town,
            Town(abroad, "Elsewhere", profile, at, FOREIGN) as foreign,
        ):
            forger = Forger(FORGERIES[name], seed, town, foreign)
            messages = list(forger.messages())
            for path in town.public.iterdir():
                (out / path.name).write_bytes(path.read_bytes())
            (out / CRL).write_bytes(town.lists())
    labels = []
    for number, message in enumerate(messages, 1):
        path = Path(MESSAGES) / f"{number:02}-{message.variant}.oer"
        (out / path).write_bytes(message.octets)
        labels.append(Label(str(path), number, message.variant, message.verdict, message.reason, message.aid))
    (out / AIR).write_bytes(_capture(messages, profile))
    (out / LABELS).write_bytes(b"".join(msgspec.json.encode(label) + b"\n" for label in labels))
    last = datetime.fromtimestamp(messages[-1].sent + FLIGHT, UTC).isoformat().replace("+00:00", "Z")
    made = Forged(name, seed, profile, last, forger.latitude, forger.longitude, len(messages))
    (out / SCENE).write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    return made


def _capture(messages: list[Message], profile: str) -> bytes:
    """A capture of the messages as they are on the air."""
    dsmp = profile == "ydt3957"
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, _USER0 if dsmp else _ETHERNET)
    for message in messages:
        aid, octets = _identifier(message.aid), message.octets
        if dsmp:
            # adaptation layer: DSMP; version 0 without extensions, aid, length
            frame = b"\4\0" + aid + struct.pack(">H", len(octets)) + octets
        else:
            # broadcast; WSMP version 3, no extensions, TPID 0, psid, length in two octets
            head = b"\xff" * 6 + b"\2\0\0\0\0\1\x88\xdc"
            frame = head + b"\3\0" + aid + struct.pack(">H", 0x8000 | len(octets)) + octets
        micros = round((message.sent + FLIGHT) * 1_000_000)
        out += struct.pack("<IIII", *divmod(micros, 1_000_000), len(frame), len(frame)) + frame
    return out


def _identifier(aid: int) -> bytes:
    """An aid of one or two octets (IEEE 1609.3, 8.1.3)."""
    return bytes([aid]) if aid < 0x80 else struct.pack(">H", 0x8000 + aid - 0x80)

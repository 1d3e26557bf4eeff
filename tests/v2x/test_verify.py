"""`sentinel v2x verify`: a domain is founded, stations sign, and every command line gives its verdict."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sentinel import _native
from sentinel.cli.v2x import app
from sentinel.errors import UserError

AT = "--at"


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if isinstance(result.exception, UserError):
        raise result.exception
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def lines(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
    result = run("verify", *arguments)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


class World:
    """A domain and the stations that were enrolled in it."""

    def __init__(self, folder: Path, profile: str, *more: object) -> None:
        self.folder, self.profile = folder, profile
        self.dir = folder / "pki"
        self.secret = folder / "secret"
        self.secret.write_text("correct horse battery staple\n")
        self.do("init", "--profile", profile, "--name", "Trial", "--dir", self.dir, *more)
        self.trust = self.dir / "public" / "trust.oer"
        self.payload = folder / "payload"
        self.payload.write_bytes(b"any payload")

    def do(self, *arguments: object) -> Any:
        result = run(*arguments, "--passphrase-file", self.secret)
        assert result.exit_code == 0, result.output
        return result

    def station(self, name: str, *aids: str, **options: object) -> Path:
        out = self.folder / name
        self.do("enrol", "--dir", self.dir, "--vehicle", name, "--kind", "rsu", "--out", out)
        more = [part for aid in aids for part in ("--aid", aid)]
        more += [part for flag, value in options.items() for part in (f"--{flag}", str(value))]
        self.do("issue", "--dir", self.dir, "--station", out, "--type", "application", *more)
        return out

    def sign(self, station: Path, aid: int, name: str, *more: object) -> Path:
        out = self.folder / name
        result = run(
            "sign", "--station", station, "--aid", aid, "--payload", self.payload, "--out", out, *more
        )
        assert result.exit_code == 0, result.output
        return out

    def verdict(self, *arguments: object) -> tuple[int, str, str]:
        code, [line] = lines(*arguments, "--trust", self.trust)
        return code, line["verdict"], line["reason"]


@pytest.fixture(scope="module", params=["ydt3957", "1609.2"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("domain"), request.param)


@pytest.fixture(scope="module")
def station(world: World) -> Path:
    return world.station("station", "111", "3620")


def later(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def test_a_signed_message_and_its_certificate_are_accepted(world: World, station: Path) -> None:
    message = world.sign(station, 111, "good.oer", "--with-cert")
    code, [line] = lines(message, "--trust", world.trust)
    assert code == 0
    assert {k: line[k] for k in ("input", "frame", "verdict", "reason", "aid")} == {
        "input": str(message),
        "frame": None,
        "verdict": "accept",
        "reason": "ok",
        "aid": 111,
    }
    assert len(line["hashed_id8"]) == 16
    assert line["signer"] == line["hashed_id8"]
    assert datetime.fromisoformat(line["generation_time"]).tzinfo is not None
    certificate = next((station / "certs").glob("*.oer"))
    code, [line] = lines(certificate, "--trust", world.trust)
    assert (code, line["kind"], line["reason"]) == (0, "certificate", "ok")


def test_a_digest_waits_until_its_certificate_is_there(world: World, station: Path) -> None:
    message = world.sign(station, 111, "digest.oer")
    assert world.verdict(message) == (0, "wait", "unknown-signer")
    assert world.verdict(message, "--certs", station / "certs") == (0, "accept", "ok")
    whole = world.sign(station, 111, "whole.oer", "--with-cert")
    _, both = lines(message, whole, "--trust", world.trust)
    assert sorted((line["input"], line["reason"]) for line in both) == [
        (str(message), "ok"),
        (str(whole), "ok"),
    ]


def test_what_is_wrong_is_said_and_ends_with_3(world: World, station: Path) -> None:
    message = world.sign(station, 111, "one.oer", "--with-cert")
    assert world.verdict(message, AT, later(minutes=5)) == (3, "reject", "stale")
    early = world.sign(station, 111, "early.oer", "--with-cert", "--generation-time", later(minutes=5))
    assert world.verdict(early) == (3, "reject", "future")
    assert world.verdict(message, AT, later(days=3650)) == (3, "reject", "list-expired")
    code, twice = lines(message, message, "--trust", world.trust)
    assert (code, [line["reason"] for line in twice]) == (3, ["ok", "replayed"])
    changed = bytearray(message.read_bytes())
    changed[-1] ^= 1
    broken = world.folder / "broken.oer"
    broken.write_bytes(changed)
    assert world.verdict(broken) == (3, "reject", "bad-signature")
    broken.write_bytes(changed[:-9])
    assert world.verdict(broken) == (3, "reject", "malformed")
    foreign = world.sign(station, 112, "permission.oer", "--with-cert")
    assert world.verdict(foreign) == (3, "reject", "aid-not-permitted")
    unknown = world.sign(station, 98765, "unknown.oer", "--with-cert")
    assert world.verdict(unknown) == (3, "reject", "aid-unknown")
    table = world.folder / "aids.tsv"
    table.write_text("98765\town\t-\t-\t30\t5\t1\tours\n")
    assert world.verdict(unknown, "--aids", table) == (3, "reject", "aid-not-permitted")


def test_a_region_is_kept(world: World) -> None:
    local = world.station("local", "3619", circle="31.23,121.47,500")
    message = world.sign(local, 3619, "local.oer", "--with-cert")
    assert world.verdict(message, "--position", "31.23,121.47")[2] == "ok"
    assert world.verdict(message, "--position", "31.30,121.47") == (3, "reject", "out-of-region")
    assert world.verdict(message)[2] == "ok"


def test_a_certificate_ends(world: World) -> None:
    short = world.station("short", "111", hours=1)
    message = world.sign(short, 111, "short.oer", "--with-cert", "--generation-time", later(hours=5))
    assert world.verdict(message, AT, later(hours=5)) == (3, "reject", "expired")


def test_a_revoked_certificate_is_refused(world: World) -> None:
    gone = world.station("gone", "111")
    message = world.sign(gone, 111, "gone.oer", "--with-cert")
    assert world.verdict(message) == (0, "accept", "ok")
    world.do("revoke", next((gone / "certs").glob("*.oer")), "--dir", world.dir)
    crl = world.folder / "crl.oer"
    world.do("crl", "--dir", world.dir, "--out", crl)
    assert world.verdict(message, "--crl", crl) == (3, "reject", "revoked")
    kept = world.sign(world.station("kept", "111"), 111, "kept.oer", "--with-cert")
    assert world.verdict(kept, "--crl", crl) == (0, "accept", "ok")
    changed = bytearray(crl.read_bytes())
    changed[-1] ^= 1
    crl.write_bytes(changed)
    with pytest.raises(UserError, match=r"crl\.oer: its signature does not hold"):
        world.verdict(message, "--crl", crl)


def test_another_domain_is_not_trusted(world: World, station: Path, tmp_path: Path) -> None:
    other = World(tmp_path, world.profile)
    message = other.sign(other.station("rogue", "111"), 111, "rogue.oer", "--with-cert")
    assert world.verdict(message) == (3, "reject", "untrusted-chain")
    assert other.verdict(message) == (0, "accept", "ok")


def test_a_list_without_its_manager_is_refused_in_one_line(
    world: World, tmp_path: Path, station: Path
) -> None:
    alone = tmp_path / "trust.oer"
    alone.write_bytes(world.trust.read_bytes())
    with pytest.raises(UserError, match=r"trust\.oer: is signed by .*put it beside the list"):
        lines(world.trust, "--trust", alone)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--position", "91,0"], "no place on earth"),
        (["--position", "here"], "LAT,LON"),
        ([AT, "yesterday"], "write 2026"),
        (["--certs", "/nowhere/at/all"], "no folder"),
    ],
)
def test_wrong_options_are_one_line(world: World, wrong: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        lines(world.trust, "--trust", world.trust, *wrong)


def ethernet(kind: int, contents: bytes) -> bytes:
    return b"\xff" * 6 + b"\2\0\0\0\0\1" + struct.pack(">H", kind) + contents


def ipv4(protocol: int, contents: bytes) -> bytes:
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20 + len(contents), 1, 0, 64, protocol, 0, b"\n\0\0\1", b"\n\0\0\2"
    )
    return ethernet(0x0800, head + contents)


def udp(contents: bytes) -> bytes:
    return ipv4(17, struct.pack(">HHHH", 4000, 4001, 8 + len(contents), 0) + contents)


def tcp(seq: int, contents: bytes) -> bytes:
    return ipv4(6, struct.pack(">HHIIBBHHH", 5000, 1883, seq, 0, 0x50, 0x18, 1000, 0, 0) + contents)


def length(n: int) -> bytes:
    return bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])


def capture(frames: list[bytes], link: int = 1) -> bytes:
    now = int(datetime.now(UTC).timestamp())
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    for frame in frames:
        out += struct.pack("<IIII", now, 0, len(frame), len(frame)) + frame
    return out


Carrier = Callable[[bytes], list[bytes]]
CARRIERS: dict[str, tuple[int, Carrier]] = {
    "geonetworking": (1, lambda m: [ethernet(0x8947, b"\x12\0\x05\x01" + m)]),
    "wsmp": (1, lambda m: [ethernet(0x88DC, b"\3\0\x20" + bytes([0x80 | len(m) >> 8, len(m) & 255]) + m)]),
    "dsmp": (147, lambda m: [b"\4\0\x6f" + struct.pack(">H", len(m)) + m]),
    "udp": (1, lambda m: [udp(m)]),
    "raw": (147, lambda m: [m]),
    "mqtt": (1, lambda m: _published(m)),
}


def _published(message: bytes) -> list[bytes]:
    body = struct.pack(">H", 3) + b"rsu" + message
    packet = b"\x30" + length(len(body)) + body
    return [tcp(1, packet[:50]), tcp(51, packet[50:])]


@pytest.mark.parametrize("name", CARRIERS)
def test_messages_are_found_in_captures(world: World, station: Path, name: str, tmp_path: Path) -> None:
    message = world.sign(station, 111, f"{name}.oer", "--with-cert").read_bytes()
    link, carry = CARRIERS[name]
    path = tmp_path / "air.pcap"
    path.write_bytes(capture([udp(b"something else"), *carry(message)], link))
    code, [line] = lines(tmp_path, "--trust", world.trust)
    assert (code, line["verdict"], line["layer"]) == (0, "accept", name), line
    assert line["frame"] == (3 if name == "mqtt" else 2)


@pytest.mark.corpus
def test_published_roots_and_the_european_list_are_named(corpus: Path) -> None:
    vectors = corpus.parent / "vectors"
    tlm, ectl = vectors / "its" / "tlm.oer", vectors / "its" / "ectl.oer"
    code, found = lines(tlm, ectl, "--trust", tlm, AT, "2020-06-01T00:00:00Z")
    assert [line["kind"] for line in found] == ["certificate", "etsi-list"]
    assert found[0]["hashed_id8"] == "e7a4b2b045e7acf9"
    assert code in (0, 3)
    for name in ("recursive_depth_150.oer", "CE4CF6C19BFED720_with_recursion_depth150.oer"):
        code, [line] = lines(vectors / "its" / name, "--trust", tlm)
        assert (code, line["reason"]) == (3, "malformed")


def test_the_bench_says_what_it_measured() -> None:
    result = run("bench", "--seconds", "0.2", "--format", "json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["refused"] == 0
    assert report["messages_per_s"] > 0
    assert report["rss_bytes"] > 0
    result = run("bench", "--flood", "200:50", "--rate", "100", "--seconds", "0.5", "--format", "json")
    report = json.loads(result.stdout)
    assert report["refused"] == 0
    assert report["p999_ms"] > 0
    assert report["new_p999_ms"] > 0
    assert report["ratio"] is None


def test_octets_are_told_apart() -> None:
    assert _native.v2x_sniff(b"") is None
    assert _native.v2x_sniff(b"\xff" * 40) is None

"""Weak passwords of challenge and response, from the packets to the records, findings and the store."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from sentinel import pipeline
from sentinel.report.document import Document
from sentinel.report.findings import findings
from tests.crack.lines import CHALLENGE, NONCE
from tests.crack.primitives import mac, md5, nt
from tests.probes.scene import Scene, Turn, capture, client, packets, server

Record = dict[str, Any]

LISTED = "Turbinenhaus-West"


def digest(password: str, user: str = "admin", status: str = "200 OK") -> list[Turn]:
    """HTTP Digest (RFC 7616): a challenge, its response, and the server's answer."""
    first = md5(f"{user}:Camera:{password}".encode()).hex()
    request = md5(b"GET:/status").hex()
    response = md5(f"{first}:abc123:00000001:0f0f:auth:{request}".encode()).hex()
    field = (
        f'Digest username="{user}", realm="Camera", nonce="abc123", uri="/status", qop=auth, nc=00000001, '
        f'cnonce="0f0f", response="{response}"'
    )
    ask = 'Digest realm="Camera", nonce="abc123", qop="auth"'
    return [
        client(b"GET /status HTTP/1.1\r\nHost: cam\r\n\r\n"),
        server(f"HTTP/1.1 401 No\r\nWWW-Authenticate: {ask}\r\nContent-Length: 0\r\n\r\n".encode()),
        client(f"GET /status HTTP/1.1\r\nHost: cam\r\nAuthorization: {field}\r\n\r\n".encode()),
        server(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()),
    ]


def ntlm(password: str, user: str = "operator") -> list[Turn]:
    """NTLM over HTTP with NetNTLMv2 (MS-NTHT, MS-NLMP 2.2.1)."""
    key = mac("md5", nt(password), f"{user.upper()}PLANT".encode("utf-16-le"))
    blob = b"\x01\x01" + bytes(6) + NONCE * 3
    parts = [bytes(24), mac("md5", key, CHALLENGE, blob) + blob]
    parts += [text.encode("utf-16-le") for text in ("PLANT", user, "WS1")] + [b""]
    at, fields = 64, b""
    for part in parts:
        fields += struct.pack("<HHI", len(part), len(part), at)
        at += len(part)
    flags = struct.pack("<I", 0x00088201)
    third = b"NTLMSSP\0" + struct.pack("<I", 3) + fields + flags + b"".join(parts)
    second = b"NTLMSSP\0" + struct.pack("<IHHI", 2, 0, 0, 56) + flags + CHALLENGE + bytes(24)
    first = b"NTLMSSP\0" + struct.pack("<I", 1) + flags + bytes(16)

    def coded(message: bytes) -> bytes:
        return base64.b64encode(message)

    get = b"GET / HTTP/1.1\r\nHost: hmi\r\nAuthorization: NTLM "
    return [
        client(get + coded(first) + b"\r\n\r\n"),
        server(
            b"HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM " + coded(second) + b"\r\nContent-Length: 0\r\n\r\n"
        ),
        client(get + coded(third) + b"\r\n\r\n"),
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ]


def recorded(path: Path, talks: list[list[Turn]]) -> str:
    """A capture of one log-in for each device."""
    frames = []
    for flow, talk in enumerate(talks):
        scene = Scene(protocol="http", transport="tcp", port=80, talk=talk)
        for frame in packets(scene, scene.segments(), flow=flow):
            mark = bytes([flow])  # hardware addresses of their own: these are several devices
            frames.append(frame[:4] + mark + frame[5:10] + mark + frame[11:])
    return str(capture(path / "log-ins.pcap", frames))


def scanned(name: str, **options: Any) -> Document:
    result = pipeline.scan([name], pipeline.Options(**options))
    pipeline.derive(result.inventory, None, until=result.until)
    limits, _ = result.inventory.counters()
    records = {
        kind: [json.loads(line) for line in result.inventory.records(kind)]
        for kind in ("asset", "credential")
    }
    return Document(assets=records["asset"], credentials=records["credential"], limits=json.loads(limits))


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(f"nothing\n{LISTED}\n", encoding="utf-8")
    return path


def test_the_users_list(tmp_path: Path, words: Path) -> None:
    name = recorded(tmp_path, [digest(LISTED), ntlm(LISTED), digest("Vq7#mLw0_xTz"), ntlm("Vq7#mLw0_xTz")])
    without = scanned(name)
    assert len(without.credentials) == 4
    assert not any({"cracked", "common"} & set(c["weaknesses"]) for c in without.credentials)
    document = scanned(name, passwords=words)
    first, second, third, fourth = sorted(document.credentials, key=lambda c: c["frame"])
    for c in (first, second):
        assert c["weaknesses"] == ["cracked", "common", "reused"]
        assert c["password"] == "T•••••"
        assert LISTED not in json.dumps(c)
    assert first["secret_id"] == second["secret_id"]
    for c in (third, fourth):
        assert c["weaknesses"] == []
        assert "password" not in c
    shown = scanned(name, passwords=words, reveal=True)
    assert [c.get("password") for c in sorted(shown.credentials, key=lambda c: c["frame"])] == [
        LISTED, LISTED, None, None,
    ]  # fmt: skip


def test_it_is_an_exposure_with_its_frame(tmp_path: Path, words: Path) -> None:
    document = scanned(recorded(tmp_path, [digest(LISTED)]), passwords=words)
    (asset,) = [a for a in document.assets if a["ip"] == ["10.9.0.2"]]
    (weak,) = [e for e in asset["exposures"] if e["kind"] == "weak-password"]
    assert weak["severity"] == "high"
    assert (
        weak["title"] == "Opens with a common password over HTTP, guessed from challenge and response (admin)"
    )
    (credential,) = document.credentials
    assert weak["evidence"][0]["frame"] == credential["frame"]


def test_a_vendor_default_is_found_without_a_list(tmp_path: Path) -> None:
    document = scanned(recorded(tmp_path, [digest("wago")]))
    (credential,) = document.credentials
    assert {"cracked", "default"} <= set(credential["weaknesses"])
    kinds = {e["kind"] for asset in document.assets for e in asset.get("exposures", ())}
    assert "default-password" in kinds


def test_a_refused_guess_exposes_nothing(tmp_path: Path) -> None:
    document = scanned(recorded(tmp_path, [digest("admin", status="401 No")]))
    assert "cracked" in document.credentials[0]["weaknesses"]
    assert not [e for asset in document.assets for e in asset.get("exposures", ())]


def test_the_same_password_is_one_finding(tmp_path: Path, words: Path) -> None:
    name = recorded(tmp_path, [digest(LISTED), ntlm(LISTED), digest(LISTED, "root")])
    found = findings(scanned(name, passwords=words))
    (one,) = [f for f in found if "devices" in f.text]
    assert one.severity == "high"
    assert one.text.startswith("the same easily guessed password on 3 devices, user admin, operator, root")
    assert all(address in one.text for address in ("10.9.0.2", "10.9.1.2", "10.9.2.2"))
    assert len(one.assets) == 3
    assert not [f for f in found if f is not one and "password" in f.text]


def test_a_store_keeps_it_and_no_secret(tmp_path: Path, words: Path) -> None:
    from sentinel.store import open_store

    name = recorded(tmp_path, [digest(LISTED), ntlm(LISTED)])
    folder = tmp_path / "store"
    options = pipeline.Options(passwords=words)
    pipeline.scan_into(open_store(f"sqlite://{folder}", create=True), [name], options)
    store = open_store(f"sqlite://{folder}")
    records = list(store.documents("credential"))
    assert [c["password"] for c in records] == ["T•••••"] * 2
    assert all({"cracked", "reused"} <= set(c["weaknesses"]) for c in records)
    assert len({c["secret_id"] for c in records}) == 1
    for path in folder.rglob("*"):
        assert not path.is_file() or LISTED.encode() not in path.read_bytes()
    # another scan brings the old one in again
    pipeline.scan_into(store, [recorded(folder.parent, [ntlm("Vq7#mLw0_xTz")])], options)
    assert sorted(len(c["weaknesses"]) for c in store.documents("credential")) == [0, 3, 3]


def test_no_seconds_no_guess(tmp_path: Path) -> None:
    document = scanned(recorded(tmp_path, [digest("admin")]), password_seconds=0)
    assert document.credentials[0]["weaknesses"] == []


def test_what_was_not_tried_is_counted(tmp_path: Path) -> None:
    words = tmp_path / "long.txt"
    words.write_text("".join(f"word{n}\n" for n in range(300_000)), encoding="utf-8")
    name = recorded(tmp_path, [ntlm("Vq7#mLw0_xTz")])
    document = scanned(name, passwords=words, password_seconds=0.5)
    assert document.limits["passwords_lines_unfinished"] == 1


def test_guessing_and_spraying_are_counts(tmp_path: Path) -> None:
    """Five names at one device, then one name at it and another."""
    tries = [digest(f"wrong{n}", f"user{n}", "401 No") for n in range(5)]
    talk = [turn for one in tries for turn in one] + digest(LISTED)
    name = recorded(tmp_path, [talk, digest("wrong", status="401 No")])
    result = pipeline.scan([name], pipeline.Options())
    pipeline.derive(result.inventory, None, until=result.until)
    conversations = [json.loads(line) for line in result.inventory.records("conversation")]
    counts = {c["server"]["ip"]: c.get("logins") for c in conversations}
    assert counts["10.9.0.2"] == {"success": 1, "failure": 5, "users": 6}
    assert counts["10.9.1.2"] == {"failure": 1, "users": 1}
    assets = [json.loads(line) for line in result.inventory.records("asset")]
    sides = {a["ip"][0]: a.get("logins") for a in assets if a["ip"]}
    assert sides["10.9.0.2"] == {"served": {"success": 1, "failure": 5, "users": 6, "peers": 1}}
    assert sides["10.9.0.1"] == {"made": {"success": 1, "failure": 5, "users": 6, "peers": 1}}

"""A user's own probe: the package of docs/guides/own-probe.md is installed, listed and used in a scan."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

GUIDE = ROOT / "docs" / "guides" / "own-probe.md"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a process in which the guide's package is installed."""
    blocks = re.findall(r"```(python|toml)\n# (\S+)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    text = {name: body for _, name, body in blocks}
    entry = re.search(r'\[project\.entry-points\."sentinel\.probes"\]\n(.*\n)', text["pyproject.toml"])
    assert entry is not None
    folder = tmp_path_factory.mktemp("own")
    wheel = folder / "acme_beacon-1.0-py3-none-any.whl"
    info = "acme_beacon-1.0.dist-info"
    files = {
        "acme_beacon.py": text["acme_beacon.py"],
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: acme-beacon\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[sentinel.probes]\n" + entry[1].replace('"', ""),
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))
    target = folder / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", target, wheel],
        check=True,
    )
    return {**os.environ, "PYTHONPATH": str(target)}


def sentinel(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sentinel", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def capture(path: Path, payloads: list[bytes]) -> Path:
    """A pcap file of UDP datagrams from 10.0.0.5 to 10.0.0.255, port 4000."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, payload in enumerate(payloads):
        udp = struct.pack(">HHHH", 4000, 4000, 8 + len(payload), 0) + payload
        ip = struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0, b"\n\0\0\5", b"\n\0\0\xff"
        )
        frame = b"\xff" * 6 + b"\x02\0\0\0\0\5" + b"\x08\x00" + ip + udp
        out.append(struct.pack("<IIII", 1_700_000_000 + number, 0, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(out))
    return path


def test_it_is_listed(installed: dict[str, str]) -> None:
    listed = json.loads(sentinel(installed, "probes", "list", "--format", "json"))
    (own,) = (probe for probe in listed if probe["name"] == "acme-beacon")
    assert own["written_in"] == "python"
    assert own["ports"] == [4000]
    assert "ACME integration manual" in sentinel(installed, "probes", "show", "acme-beacon")


def test_it_is_used(installed: dict[str, str], tmp_path: Path) -> None:
    beacon = b"ACME\x05X-100"
    path = capture(tmp_path / "acme.pcap", [beacon, b"ACME\xffX", beacon])
    document = json.loads(sentinel(installed, "scan", str(path), "--format", "json"))
    (asset,) = (asset for asset in document["assets"] if "10.0.0.5" in asset["ip"])
    assert (asset["vendor"], asset["model"]) == ("ACME", "X-100")
    assert {fact["protocol"] for fact in asset["facts"]} == {"acme-beacon"}
    assert document["parse_errors"] == {"acme-beacon": 1}


def test_without_it_nothing_is_said(tmp_path: Path) -> None:
    path = capture(tmp_path / "acme.pcap", [b"ACME\x05X-100"])
    document = json.loads(sentinel(dict(os.environ), "scan", str(path), "--format", "json"))
    assert all(asset.get("model") is None for asset in document["assets"])

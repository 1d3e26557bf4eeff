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
from typing import Any

import pytest

from tests.conftest import ROOT

GUIDE = ROOT / "docs" / "guides" / "own-probe.md"

DEVICE, TOOL, EVERYBODY = b"\n\0\0\5", b"\n\0\0\x09", b"\n\0\0\xff"


def guide() -> dict[str, str]:
    """The guide's files: name to text."""
    text = GUIDE.read_text(encoding="utf-8")
    return dict(re.findall(r"```(?:python|toml)\n# (\S+)\n(.*?)```", text, re.DOTALL))


def install(folder: Path, module: str, code: str, entry: str) -> dict[str, str]:
    """Install a wheel of one module and one entry point. Returns the environment it is seen in."""
    wheel = folder / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    files = {
        f"{module}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[sentinel.probes]\n{entry}\n",
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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a process in which the guide's package is installed."""
    files = guide()
    entry = re.search(r'\[project\.entry-points\."sentinel\.probes"\]\n(.*\n)', files["pyproject.toml"])
    assert entry is not None
    folder = tmp_path_factory.mktemp("own")
    return install(folder, "acme_link", files["acme_link.py"], entry[1].replace('"', ""))


def run(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sentinel", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def sentinel(environment: dict[str, str], *arguments: str | Path) -> str:
    done = run(environment, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def scan(environment: dict[str, str], path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(sentinel(environment, "scan", path, "--format", "json"))
    return document


Datagram = tuple[bytes, int, bytes, int, bytes]
"""Address and port of the sender, of the receiver, payload."""


def capture(path: Path, datagrams: list[Datagram]) -> Path:
    """A pcap file of these UDP datagrams, a second apart."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, (src, sport, dst, dport, payload) in enumerate(datagrams):
        udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0, src, dst)
        frame = b"\x02\0" + dst + b"\x02\0" + src + b"\x08\x00" + ip + udp
        out.append(struct.pack("<IIII", 1_700_000_000 + number, 0, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(out))
    return path


def message(kind: int, text: str) -> bytes:
    return b"ACME" + bytes((kind, len(text))) + text.encode()


def hello(model: str) -> Datagram:
    return DEVICE, 4000, EVERYBODY, 4000, message(1, model)


def asks(kind: int, text: str) -> Datagram:
    return TOOL, 50000, DEVICE, 4000, message(kind, text)


def answers(kind: int, text: str) -> Datagram:
    return DEVICE, 4000, TOOL, 50000, message(kind | 0x80, text)


def test_it_is_listed(installed: dict[str, str]) -> None:
    listed = json.loads(sentinel(installed, "probes", "list", "--format", "json"))
    (own,) = (probe for probe in listed if probe["name"] == "acme-link")
    assert own["written_in"] == "python"
    assert own["ports"] == [4000]
    assert "ACME integration manual" in sentinel(installed, "probes", "show", "acme-link")


def test_its_facts_operations_and_credentials_are_in_the_inventory(
    installed: dict[str, str], tmp_path: Path
) -> None:
    datagrams = [
        hello("X-100"),
        asks(2, "service:wrong-one"),
        answers(2, "no"),
        asks(2, "service:Acme4000!"),
        answers(2, "ok"),
        asks(3, "cold"),
        answers(3, "ok"),
        asks(3, "cold"),
    ]
    document = scan(installed, capture(tmp_path / "acme.pcap", datagrams))
    (asset,) = (asset for asset in document["assets"] if "10.0.0.5" in asset["ip"])
    assert (asset["vendor"], asset["model"]) == ("ACME", "X-100")
    assert {fact["protocol"] for fact in asset["facts"]} >= {"acme-link"}
    assert document["parse_errors"] == {}

    outcomes = {c["outcome"]: c for c in document["credentials"]}
    assert outcomes.keys() == {"failure", "success"}
    for credential in outcomes.values():
        assert credential["protocol"] == "acme-link"
        assert credential["username"] == "service"
        assert "cleartext" in credential["weaknesses"]
    assert "Acme4000!" not in json.dumps(document)

    resets = {o["outcome"]: o for o in document["operations"]}
    assert resets.keys() == {"accepted", "no-answer"}
    for operation in resets.values():
        assert (operation["protocol"], operation["name"], operation["action"]) == (
            "acme-link",
            "reset",
            "restart",
        )


def test_a_malformed_piece_is_counted_and_the_probe_leaves_the_flow(
    installed: dict[str, str], tmp_path: Path
) -> None:
    broken = (DEVICE, 4000, EVERYBODY, 4000, b"ACME\x01\xffX")
    document = scan(installed, capture(tmp_path / "some.pcap", [hello("X-100"), broken, hello("X-200")]))
    assert document["parse_errors"] == {"acme-link": 1}
    (asset,) = (asset for asset in document["assets"] if "10.0.0.5" in asset["ip"])
    assert {f["value"] for f in asset["facts"] if f["name"] == "model"} == {"X-100", "X-200"}
    # after three the rest of the flow is not looked at
    document = scan(
        installed, capture(tmp_path / "many.pcap", [hello("X-100"), *[broken] * 5, hello("X-200")])
    )
    assert document["parse_errors"] == {"acme-link": 3}
    (asset,) = (asset for asset in document["assets"] if "10.0.0.5" in asset["ip"])
    assert {f["value"] for f in asset["facts"] if f["name"] == "model"} == {"X-100"}


def changed(folder: Path, old: str, new: str) -> dict[str, str]:
    """The guide's probe with one place changed, installed."""
    code = guide()["acme_link.py"]
    assert old in code
    return install(folder, "acme_link", code.replace(old, new), "acme-link = acme_link:AcmeLink")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind, length = data[4], data[5]", "kind, length = data[4], data[500]", "IndexError: index out of"),
        ('action="restart"', 'action="reboot"', "ValueError: action: 'reboot' is no word of the data model"),
        ("yield Fact(side=side", "yield (side", "SyntaxError"),
        ('value="ACME"', "value=7", "ValueError: value: 7 is of the wrong type"),
        ("yield self._done(kind - ANSWER", "yield (kind - ANSWER", "AttributeError: 'tuple' object"),
    ],
)
def test_a_faulty_probe_is_taken_off_and_named_in_one_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    environment = changed(tmp_path, old, new)
    path = capture(
        tmp_path / "acme.pcap", [hello("X-100"), asks(3, "cold"), answers(3, "ok"), hello("X-200")]
    )
    done = run(environment, "scan", path, "--format", "json")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("sentinel: probe acme-link")
    assert said in line
    if said == "SyntaxError":
        assert "cannot be loaded" in line
        return
    assert "taken off for this scan" in line
    document = json.loads(done.stdout)
    assert document["sources"][0]["packets"] == 4
    assert document["conversations"]


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    for taken, who in (("dlt645", "sentinel"), ("modbus", "sentinel")):
        folder = tmp_path / taken
        folder.mkdir()
        environment = changed(folder, 'name = "acme-link"', f'name = "{taken}"')
        path = capture(folder / "acme.pcap", [hello("X-100")])
        done = run(environment, "scan", path)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert f"its name {taken} is taken by {who}" in line
        assert "acme_link:AcmeLink" in line
        assert done.stdout == ""


def test_without_it_nothing_is_said(tmp_path: Path) -> None:
    path = capture(tmp_path / "acme.pcap", [hello("X-100")])
    document = scan(dict(os.environ), path)
    assert all(asset.get("model") is None for asset in document["assets"])

"""What is shipped to run the daemon: every path, command, flag and setting in it is there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.config import known_keys, load
from sentinel.config.sections import Settings
from tests.conftest import ROOT
from tools import default_settings
from tools.docs import commands

PACKAGING = ROOT / "packaging"
SETTINGS = (PACKAGING / "sentinel.toml").read_text(encoding="utf-8")


def check_command(words: list[str]) -> None:
    """A command line of `sentinel` without the program: its command and options exist."""
    known = {path.removeprefix("sentinel "): command for path, command in commands()}
    command = known[words[0]]
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert {word for word in words[1:] if word.startswith("-")} <= flags, words


def check_variable(name: str) -> None:
    if name.startswith("SENTINEL_"):
        assert name.removeprefix("SENTINEL_").lower().replace("__", ".", 1) in known_keys(), name


def test_settings_file_is_what_the_model_gives() -> None:
    assert default_settings.text() == SETTINGS, "run `make docs`"


def test_settings_file_loads_as_it_is(tmp_path: Path) -> None:
    loaded = load(file=PACKAGING / "sentinel.toml", environ={})
    assert loaded.settings == Settings()
    assert not loaded.origins


def test_settings_file_names_every_setting_with_its_default(tmp_path: Path) -> None:
    taken = re.sub(r"(?m)^# ([a-z0-9_]+ = .+)$", r"\1", SETTINGS)
    file = tmp_path / "sentinel.toml"
    file.write_text(taken, encoding="utf-8")
    loaded = load(file=file, environ={})
    assert loaded.settings == Settings()
    named = set()
    section = ""
    for line in SETTINGS.splitlines():
        if found := re.fullmatch(r"\[([a-z0-9]+)\]", line):
            section = found[1]
        if found := re.fullmatch(r"# ([a-z0-9_]+) =.*", line):
            named.add(f"{section}.{found[1]}")
        if found := re.fullmatch(r"# \[\[([a-z0-9.]+)\]\]", line):
            named.add(found[1])
    assert named == set(known_keys())
    assert max(map(len, SETTINGS.splitlines())) <= 110


def unit() -> dict[str, list[str]]:
    """Directives of the unit by name; a directive may stand more than once."""
    found: dict[str, list[str]] = {}
    for line in (PACKAGING / "sentinel.service").read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_starts_what_there_is() -> None:
    directives = unit()
    (start,) = directives["ExecStart"]
    program, *words = shlex.split(start)
    assert program == "/usr/bin/sentinel"
    check_command(words)
    assert directives["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    for pair in directives["Environment"]:
        check_variable(pair.partition("=")[0])


def test_the_unit_gives_no_more_than_packet_sockets_need() -> None:
    directives = unit()
    assert directives["Type"] == ["notify"]
    assert directives["CapabilityBoundingSet"] == directives["AmbientCapabilities"] == ["CAP_NET_RAW"]
    assert directives["ProtectSystem"] == ["strict"]
    assert "AF_PACKET" in directives["RestrictAddressFamilies"][0].split()
    assert int(directives["TimeoutStopSec"][0]) == 10
    assert int(directives["WatchdogSec"][0]) >= 10


@pytest.fixture
def analyze() -> str:
    """Path of systemd-analyze."""
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed: the unit is not checked by systemd")
    return found


def test_systemd_takes_the_unit(analyze: str, tmp_path: Path) -> None:
    program = tmp_path / "sentinel"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    text = (PACKAGING / "sentinel.service").read_text(encoding="utf-8")
    copy = tmp_path / "sentinel.service"
    copy.write_text(text.replace("/usr/bin/sentinel", str(program)), encoding="utf-8")
    done = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "sentinel" in line]
    assert (done.returncode, ours) == (0, [])


def test_systemd_finds_the_unit_hardened(analyze: str) -> None:
    """At most 2.0 of 10 on systemd's scale of exposure: packet sockets and the network cost the most."""
    done = subprocess.run(
        [analyze, "security", "--offline=yes", "--threshold=20", PACKAGING / "sentinel.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def instructions() -> Iterator[tuple[str, str]]:
    text = (PACKAGING / "Containerfile").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^#.*\n", "", text).replace("\\\n", " ")
    for line in filter(str.strip, text.splitlines()):
        name, _, rest = line.partition(" ")
        yield name, rest.strip()


def test_the_container_file_copies_what_there_is_and_runs_without_root() -> None:
    given = list(instructions())
    for name, rest in given:
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
        if name == "ENV":
            for pair in rest.split():
                check_variable(pair.partition("=")[0])
    assert [rest for name, rest in given if name == "USER"] == ["10001"]
    stages = [rest for name, rest in given if name == "FROM"]
    assert len(stages) == 2
    floor = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]
    assert stages[0].startswith(f"rust:{floor['rust-version']}")
    (command,) = (rest for name, rest in given if name == "CMD")
    check_command(yaml.safe_load(command))
    text = (PACKAGING / "Containerfile").read_text(encoding="utf-8")
    (example,) = re.findall(r"sentinel (collect .*)", text)
    check_command(example.split())


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PACKAGING / "compose.yml").read_text(encoding="utf-8"))
    return loaded


def test_compose_hangs_together() -> None:
    file = compose()
    services = file["services"]
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            assert other in services, name
        for secret in service.get("secrets", ()):
            assert secret in file["secrets"], name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in file["volumes"], name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name
    secrets = [secret["file"] for secret in file["secrets"].values()]
    assert all(path.startswith("./secrets/") for path in secrets)


def test_compose_runs_the_collector_as_it_is_meant() -> None:
    file = compose()
    service = file["services"]["sentinel"]
    check_command(service["command"])
    for name in service["environment"]:
        check_variable(name)
    load(
        environ={name: str(value) for name, value in service["environment"].items()},
        system_file=Path("/none"),
    )
    assert (service["cap_drop"], service["cap_add"]) == (["ALL"], ["NET_RAW"])
    assert service["network_mode"] == "host"
    build = service["build"]
    assert (PACKAGING / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    for name, other in file["services"].items():
        for line in other.get("command", ()) if name != "sentinel" else ():
            done = subprocess.run(["bash", "-n"], input=line.replace("$$", "$"), text=True, check=False)
            assert done.returncode == 0, name

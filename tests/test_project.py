"""What the two commands and CI rest on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sentinel import __version__
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _name(requirement: str) -> str:
    return re.split(r"[\s<>=!\[;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_lock_file_pins_every_dependency_by_hash(project: dict[str, Any]) -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", "\n".join(line for line in text.splitlines() if "#" not in line))
    pinned = {}
    for entry in filter(str.strip, entries):
        found = re.match(r"([A-Za-z0-9._-]+)==\S+", entry.strip())
        assert found is not None, entry
        assert "--hash=sha256:" in entry, entry
        pinned[_name(found[1])] = entry
    wanted = project["project"]["dependencies"][:]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    assert {_name(requirement) for requirement in wanted} <= pinned.keys(), "run `make lock`"


def test_lock_file_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_one_version(project: dict[str, Any]) -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == __version__ == cargo["workspace"]["package"]["version"]


def test_make_lists_its_targets() -> None:
    done = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True)
    for target in ("demo", "test", "lint", "bench", "fuzz", "docs"):
        assert re.search(rf"^  make {target} ", done.stdout, re.MULTILINE)


def test_ci_calls_the_readme_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nexport SENTINEL_REQUIRE_ALL=1\nmake test\n" in script
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_packages_of_ci_are_what_doctor_asks_for() -> None:
    from tools.doctor import OPTIONAL

    lines = (ROOT / ".ci" / "packages").read_text(encoding="utf-8").splitlines()
    listed = {line for line in lines if line and not line.startswith("#")}
    rust = {"rustfmt", "rust-clippy"}  # come with the toolchain
    assert {package for *_, package in OPTIONAL.values()} - rust <= listed


def _doctor(
    tmp_path: Path, *arguments: str, path: str, require: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "doctor.py", *arguments],
        env={"PATH": path, "HOME": str(tmp_path), "SENTINEL_REQUIRE_ALL": require},
        capture_output=True,
        text=True,
        check=False,
    )


def test_doctor_says_what_is_missing_and_what_is_lost(tmp_path: Path) -> None:
    done = _doctor(tmp_path, path=str(tmp_path))
    assert done.returncode == 1
    assert "tshark     missing: no comparison with tshark" in done.stdout
    assert "error: cargo was not found: install Rust" in done.stderr


def test_doctor_lets_optional_things_be_missing(tmp_path: Path) -> None:
    for name, output in (("cargo", "cargo 99.1.0 (x)"), ("cc", "")):
        program = tmp_path / name
        program.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] || exit 101\necho "{output}"\n', encoding="utf-8"
        )
        program.chmod(0o755)
    done = _doctor(tmp_path, path=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "clippy     missing: the Rust code is not linted" in done.stdout
    assert _doctor(tmp_path, "has", "clippy", path=str(tmp_path)).returncode == 1
    required = _doctor(tmp_path, path=str(tmp_path), require="1")
    assert required.returncode == 1
    assert "error: tshark is missing and SENTINEL_REQUIRE_ALL is set" in required.stderr


def test_doctor_refuses_an_old_toolchain(tmp_path: Path) -> None:
    for name, output in (("cargo", "cargo 1.70.0"), ("cc", "")):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "{output}"\n', encoding="utf-8")
        program.chmod(0o755)
    done = _doctor(tmp_path, path=str(tmp_path))
    assert done.returncode == 1
    assert "error: cargo 1.70.0 is too old: Rust 1.95 or newer is needed" in done.stderr


def test_a_skip_is_a_failure_where_everything_is_required(tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    test.write_text(
        "import pytest\n\n\ndef test_here(corpus):\n    pass\n\n\n"
        "@pytest.mark.xfail(strict=True)\ndef test_known():\n    assert False\n",
        encoding="utf-8",
    )
    (tmp_path / "conftest.py").write_text("from tests.conftest import *  # noqa\n", encoding="utf-8")
    for require, outcome in (("", "1 skipped, 1 xfailed"), ("1", "1 xfailed, 1 error")):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-rsf",
                "-p",
                "no:cacheprovider",
                "--rootdir",
                tmp_path,
                test,
            ],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "SENTINEL_CORPUS": str(tmp_path), "SENTINEL_REQUIRE_ALL": require},
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome in done.stdout, done.stdout
        assert "no evaluation captures in" in done.stdout


HOSTS = re.compile(r"pypi\.org|files\.pythonhosted|crates\.io|registry\.npmjs|proxy\.golang")


def test_project_text_names_no_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git working tree")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if name in ("Cargo.lock", "tests/test_project.py") or not path.is_file():
            continue
        assert HOSTS.search(path.read_text(encoding="utf-8", errors="replace")) is None, name

"""What every test may ask for: the corpus, optional programs, the command line.

What a machine may lack is asked for by fixture, and a test that cannot have it is skipped with the
reason. With SENTINEL_REQUIRE_ALL=1 a skip is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.elastic.fixtures import _servers, elastic, elastic_secured, elastic_server  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("SENTINEL_REQUIRE_ALL", "") not in ("", "0")

hypothesis.settings.register_profile("tests", deadline=None, derandomize=True)
hypothesis.settings.register_profile(
    "fuzz", deadline=None, max_examples=int(os.environ.get("SENTINEL_CASES", "20000"))
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))


def _refused(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turns a skip into a failure that says so."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"SENTINEL_REQUIRE_ALL is set and this was skipped: {reason}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Processes share the tests file by file; files that need Elasticsearch are all one process's, which boots it."""
    from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.split("::")[0]
            return "elastic" if path in shared else path

    files = (ROOT / "tests").rglob("test_*.py")
    shared = {str(path.relative_to(ROOT)) for path in files if "mark.elastic" in path.read_text("utf-8")}
    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        _refused(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if REQUIRE_ALL and report.skipped:
        _refused(report)
    return report


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of the evaluation captures: SENTINEL_CORPUS, or ../shared/captures beside the project."""
    named = os.environ.get("SENTINEL_CORPUS")
    folder = Path(named) if named else ROOT.parent / "shared" / "captures"
    if not (folder / "industrial.csv").is_file():
        pytest.skip(f"no evaluation captures in {folder} (name another folder in SENTINEL_CORPUS)")
    return folder


def _program(names: tuple[str, ...], lost: str) -> str:
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip(f"{names[0]} is not installed: {lost}")


@pytest.fixture(scope="session")
def tshark() -> str:
    """Path of tshark."""
    return _program(("tshark",), "nothing to compare with")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that can run headless."""
    return _program(("chromium", "chromium-browser", "google-chrome"), "pages are not opened")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings, the store or the keys of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs `sentinel` with the given arguments in this process."""

    def run(*arguments: str | Path) -> Ran:
        from sentinel.cli import main

        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        code = ended.value.code
        assert isinstance(code, int)
        return Ran(code, *capfd.readouterr())

    return run

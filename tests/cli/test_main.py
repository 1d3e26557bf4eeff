"""The command line as a whole: exit codes, one-line errors, what `--help` may load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
import typer

from sentinel import __version__
from sentinel import cli as command_line
from sentinel.errors import UserError
from tests.conftest import Ran

HEAVY = frozenset(
    """
    sentinel._native sentinel.pipeline sentinel.config sentinel.inventory sentinel.store sentinel.report
    sentinel.export sentinel.demo asyncio cryptography elasticsearch hypothesis importlib.metadata msgspec
    multiprocessing netaddr numpy pydantic pydantic_core pydantic_settings scapy sqlite3 ssl structlog tomllib
    unittest xml yaml
    """.split()
)
"""Modules `sentinel --help` does without."""


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys, sentinel.cli\n"
        "try:\n    sentinel.cli.main(['--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Usage: sentinel" in done.stdout
    assert not HEAVY & set(done.stderr.split())


def test_version(cli: Callable[..., Ran]) -> None:
    assert cli("--version") == Ran(0, f"sentinel {__version__}\n", "")


def test_without_a_command_the_help_is_shown(cli: Callable[..., Ran]) -> None:
    assert "Usage: sentinel" in cli().out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nothing",), "sentinel: No such command 'nothing' (see `sentinel --help`)\n"),
        (("config", "show", "--x"), "sentinel: No such option: --x (see `sentinel config show --help`)\n"),
        (("probes", "show"), "sentinel: Missing argument 'name' (see `sentinel probes show --help`)\n"),
        (("probes", "show", "modbuss"), "sentinel: no probe is called modbuss: did you mean modbus?\n"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    cli: Callable[..., Ran], arguments: tuple[str, ...], line: str
) -> None:
    assert cli(*arguments) == Ran(2, "", line)


def failing(error: BaseException) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UserError("x.pcap: is empty"), 1, "sentinel: x.pcap: is empty\n"),
        (UserError("bad\n\x1b[31mname\x07", 2), 2, "sentinel: bad \\x1b[31mname\\x07\n"),
        (
            FileNotFoundError(2, "No such file or directory", "/a/b"),
            1,
            "sentinel: /a/b: No such file or directory\n",
        ),
        (KeyboardInterrupt(), 130, ""),
        (typer.Exit(3), 3, ""),
        (BrokenPipeError(), 1, ""),
    ],
)
def test_errors_are_one_line(
    cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    monkeypatch.setattr(command_line, "build", lambda _: failing(error))
    monkeypatch.setattr(command_line, "_detach_stdout", lambda: None)
    assert cli() == Ran(code, "", line)


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "build", lambda _: failing(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        command_line.main([])


def test_a_closed_pipe_is_no_error() -> None:
    pipe = f"{sys.executable} -m sentinel probes list --format json | head -c 1 >/dev/null"
    done = subprocess.run(
        ["bash", "-c", f"{pipe}; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "1")

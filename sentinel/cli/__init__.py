"""The command line: one file a command group, put together here from one list.

A group's file defines its commands and imports heavy modules inside them, so that
`sentinel --help` stays quick; a test holds the modules it may load.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from sentinel import __version__
from sentinel.errors import UserError

GROUPS: tuple[str, ...] = (
    "assets",
    "conversations",
    "credentials",
    "events",
    "alerts",
    "chains",
    "rules",
    "store",
    "probes",
    "config",
    "ca",
)
"""Groups of commands, in the order of the help: the `app` of `sentinel.cli.<name>`."""

COMMANDS: tuple[str, ...] = ("demo", "scan", "collect", "status", "report")
"""Commands without a group, in the order of the help: the function `<name>` of `sentinel.cli.<name>`."""

EXIT_CODES: dict[int, str] = {
    0: "Fine. A capture cut in its last record is a warning, not an error.",
    1: "Error: a file, a store or a setting is wrong. One line on standard error names it and the way out. "
    "What was read before it is kept and reported. Wins over 3.",
    2: "Wrong usage: an unknown command or option, or a value it does not take.",
    3: "Findings at or above `--fail-on`.",
    4: "A CA operation waits for approval; its request's id is on standard output.",
    130: "Interrupted (Ctrl-C), after writing what it had.",
}
"""Every exit code and what it means: the reference is made from this."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sentinel {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Watch an industrial or IoT network without touching it.

    What is on it, which secrets are weak, who does what to which controller. It listens and never sends.
    """


def build(only: str | None = None) -> typer.Typer:
    """The whole command line, from the lists above, or what is needed to run one of its commands or groups:
    to put all together takes as long as many a command."""
    commands = [name for name in COMMANDS if only in (None, name)]
    groups = [name for name in GROUPS if only in (None, name)]
    app = typer.Typer(
        name="sentinel",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in commands:
        app.command(name)(getattr(import_module(f"sentinel.cli.{name}"), name))
    for name in groups:
        app.add_typer(import_module(f"sentinel.cli.{name}").app, name=name)
    return app


def _line(text: str) -> str:
    """One line that a terminal can show as it is: control characters become spaces or escapes."""
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in joined)


def _fail(text: str, code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.write(f"sentinel: {_line(text)}\n")
    raise SystemExit(code)


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with an exit code of `EXIT_CODES`.

    What a person can put right is said in one line on standard error. Anything else is a fault of
    the program and keeps its traceback.
    """
    given = sys.argv[1:] if args is None else args
    known = given and given[0] in COMMANDS + GROUPS
    command = typer.main.get_command(build(given[0] if known else None))
    try:
        code = command.main(args, prog_name="sentinel", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        _fail(error.message, error.exit_code)
    except TyperException as error:
        hint = getattr(getattr(error, "ctx", None), "command_path", "sentinel")
        _fail(f"{error.format_message().rstrip('.')} (see `{hint} --help`)", error.exit_code)
    except typer.Abort:
        _fail("stopped", 130)
    except BrokenPipeError:
        _detach_stdout()
        raise SystemExit(1) from None
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}", 1)
    raise SystemExit(code if isinstance(code, int) else 0)


def _detach_stdout() -> None:
    """The reader of the pipe is gone: keep the interpreter from writing to it again at its end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

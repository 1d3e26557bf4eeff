"""`sentinel ca serve`: the CA over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.ca.common import opened, warn
from sentinel.cli.ca.options import DirOption, PassphraseOption

if TYPE_CHECKING:
    import signal

    from sentinel.ca.authority import Authority


def serve(
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="For EST and the API, by TLS.")
    ],
    plain: Annotated[
        str | None, typer.Option("--plain", metavar="HOST:PORT", help="For OCSP and CRLs, without TLS.")
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option("--ready-file", help="Written when it listens: the addresses, JSON.")
    ] = None,
    san: Annotated[
        list[str] | None,
        typer.Option("--san", help="Further names of the server's certificate: dns:X, ip:X."),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate", help="The server's certificate and its issuers, in place of one by this CA."
        ),
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Its key.")] = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Answer EST, the API, OCSP and CRLs until SIGTERM or SIGINT. The root's key is not needed."""
    import json
    import logging
    from signal import SIGINT, SIGTERM, sigwait

    from sentinel.ca import files
    from sentinel.ca.serve.start import started
    from sentinel.config import load

    logging.basicConfig(level=logging.INFO, format="sentinel: %(message)s")
    ending = {SIGTERM, SIGINT}
    # blocked before threads start, so that none of them gets a signal that this one waits for
    with _opened(dir, passphrase_file) as authority, _blocked(ending):
        with _told():
            options = load().settings.ca
            service = started(authority, options, listen, plain, tuple(san or ()), certificate, key)
        try:
            ready = json.dumps(service.addresses())
            if ready_file is not None:
                files.write(ready_file, f"{ready}\n".encode(), force=True)
            warn(f"listening: {ready}")
            sigwait(ending)
        finally:
            service.stop()
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)


def _opened(dir: Path | None, passphrase_file: Path | None) -> Authority:
    with _told():
        return opened(dir, passphrase_file)


@contextmanager
def _blocked(signals: set[signal.Signals]) -> Iterator[None]:
    """Signals are not delivered, and what was blocked before is again afterwards, whatever happened."""
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _told() -> Iterator[None]:
    """A server that cannot start says so in one line, whatever the reason: nobody reads its traceback in the
    journal of a machine that starts it again and again."""
    from sentinel.errors import UserError

    try:
        yield
    except UserError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())
        raise UserError(f"ca serve: cannot start: {type(error).__name__}: {said}") from error

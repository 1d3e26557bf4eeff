"""`sentinel v2x verify`: messages and certificates, each with its verdict and why."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sentinel.errors import UserError


class Shown(StrEnum):
    """How verdicts are shown."""

    NDJSON = "ndjson"
    TABLE = "table"


def verify(
    trust: Annotated[
        list[Path],
        typer.Option(
            "--trust",
            help="Root list, or root certificates. Certificates and domain lists beside it are used.",
        ),
    ],
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[INPUT...]", help="Message or certificate (.oer), capture, or folder of such."
        ),
    ] = None,
    interface: Annotated[
        list[str] | None,
        typer.Option(
            "--interface", help="Listen on this interface, until a signal; repeatable. Never sends."
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.1, help="Listen so long. [default: until a signal]")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store", help="Keep refused and waiting messages, alerts and chains: sqlite:///folder."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--every", help="Keep accepted messages in the store too.")] = False,
    rules: Annotated[
        list[Path] | None, typer.Option("--rules", help="Sigma rules beside the packs; repeatable.")
    ] = None,
    no_rules: Annotated[bool, typer.Option("--no-rules", help="Leave the rule packs out.")] = False,
    crl: Annotated[
        list[Path] | None, typer.Option("--crl", help="List of revocations, full or delta; repeatable.")
    ] = None,
    certs: Annotated[
        Path | None,
        typer.Option(
            "--certs", help="Folder of certificates that signers are named by, or chains go through."
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", help="When all is received (RFC 3339). [default: now; in captures a frame's time]"
        ),
    ] = None,
    position: Annotated[
        str | None, typer.Option("--position", help="LAT,LON of the receiver, degrees.")
    ] = None,
    aids: Annotated[
        Path | None, typer.Option("--aids", help="Table of application ids that wins over the one built in.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse payloads that are not of their application's grammar.")
    ] = False,
    utc: Annotated[
        bool, typer.Option("--utc", help="Times of messages and certificates leave leap seconds out.")
    ] = False,
    format: Annotated[Shown, typer.Option("--format", help="How verdicts are shown.")] = Shown.NDJSON,
) -> None:
    """Verify messages and certificates: whom they are from, whether he may, whether it is new and can be.

    Ends with 3 if any is rejected. What waits for its signer's certificate is not rejected. With a store the
    verdicts are events: rules see them all, and what they find is among the alerts and chains of the store.
    """
    from sentinel.cli.v2x.keeping import Keeper
    from sentinel.cli.v2x.sign import moment
    from sentinel.v2x.times import microseconds
    from sentinel.v2x.verify import Policy, Verification, verifier

    if not inputs and not interface:
        raise UserError("nothing to verify: name files, or --interface", 2)
    if (rules or every or no_rules) and store is None:
        raise UserError("--rules, --no-rules and --every are for --store: name one", 2)
    if interface and at is not None:
        raise UserError("--at is for files: what is heard is heard now", 2)

    when = None if at is None else microseconds(moment(at, "--at"))
    policy = Policy(
        tuple(trust), tuple(crl or ()), certs, aids, _place(position), strict, "utc" if utc else "tai"
    )
    run = Verification(verifier(policy), when)
    with ExitStack() as stack:
        keeper = None
        if store is not None:
            keeper = stack.enter_context(Keeper(store, rules or (), packs=not no_rules, every=every))
            run.on_event = keeper.take
        for line in run.lines(inputs or ()):
            _tell(line, format)
        if interface:
            with _until(seconds) as going:
                for line in run.listen(interface, going):
                    _tell(line, format)
                    sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()
    if keeper is not None:
        run.warnings += keeper.refused
        sys.stderr.write(f"sentinel: {keeper.kept:,} events and {keeper.alerts:,} alerts kept in {store}\n")
    for warning in run.warnings:
        sys.stderr.write(f"sentinel: {warning}\n")
    dropped = {name: n for name, n in run.verifier.counts().items() if name.endswith("_dropped") and n}
    if dropped:
        sys.stderr.write("sentinel: not kept: " + ", ".join(f"{n:,} {k}" for k, n in dropped.items()) + "\n")
    if run.rejected:
        raise typer.Exit(3)


def _tell(line: dict[str, object], format: Shown) -> None:
    import msgspec

    write = sys.stdout.buffer.write
    if format is Shown.NDJSON:
        write(msgspec.json.encode(line) + b"\n")
        return
    where = line["input"] if line["frame"] is None else f"{line['input']}:{line['frame']}"
    detail = f": {line['detail']}" if "detail" in line else ""
    write(f"{line['verdict']:<7}{line['reason']:<18}{line['kind']:<12}{where}{detail}\n".encode())


@contextmanager
def _until(seconds: float | None) -> Iterator[Callable[[], bool]]:
    """Whether to go on: until so many seconds are over, or the process is asked to end."""
    asked = []
    before = {
        number: signal.signal(number, lambda *_: asked.append(True))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    end = None if seconds is None else time.monotonic() + seconds
    try:
        yield lambda: not asked and (end is None or time.monotonic() < end)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _place(given: str | None) -> tuple[float, float] | None:
    if given is None:
        return None
    try:
        latitude, longitude = (float(part) for part in given.split(","))
    except ValueError:
        raise UserError(f"--position {given[:60]}: write LAT,LON in degrees", 2) from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise UserError(f"--position {given[:60]}: is no place on earth", 2)
    return latitude, longitude

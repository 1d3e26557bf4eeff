"""`sentinel v2x verify`: messages and certificates, each with its verdict and why."""

from __future__ import annotations

import sys
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
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Message or certificate (.oer), capture, or folder of such."),
    ],
    trust: Annotated[
        list[Path],
        typer.Option(
            "--trust",
            help="Root list, or root certificates. Certificates and domain lists beside it are used.",
        ),
    ],
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

    Ends with 3 if any is rejected. What waits for its signer's certificate is not rejected.
    """
    import msgspec

    from sentinel.cli.v2x.sign import moment
    from sentinel.v2x.verify import Policy, Verification, microseconds, verifier

    when = None if at is None else microseconds(moment(at, "--at"))
    policy = Policy(
        tuple(trust), tuple(crl or ()), certs, aids, _place(position), strict, "utc" if utc else "tai"
    )
    run = Verification(verifier(policy), when)
    write = sys.stdout.buffer.write
    for line in run.lines(inputs):
        if format is Shown.NDJSON:
            write(msgspec.json.encode(line) + b"\n")
            continue
        where = line["input"] if line["frame"] is None else f"{line['input']}:{line['frame']}"
        detail = f": {line['detail']}" if "detail" in line else ""
        write(f"{line['verdict']:<7}{line['reason']:<18}{line['kind']:<12}{where}{detail}\n".encode())
    sys.stdout.buffer.flush()
    for warning in run.warnings:
        sys.stderr.write(f"sentinel: {warning}\n")
    dropped = {name: n for name, n in run.verifier.counts().items() if name.endswith("_dropped") and n}
    if dropped:
        sys.stderr.write("sentinel: not kept: " + ", ".join(f"{n:,} {k}" for k, n in dropped.items()) + "\n")
    if run.rejected:
        raise typer.Exit(3)


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

"""`sentinel v2x bench`: how many messages one core verifies, and how long they wait."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from sentinel.cli.ca.options import Form, FormOption
from sentinel.errors import UserError


class Algorithm(StrEnum):
    """What messages and certificates are signed with."""

    SM2 = "sm2"
    P256 = "p256"


def bench(
    algorithm: Annotated[Algorithm, typer.Option("--algorithm", help="What is verified.")] = Algorithm.SM2,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long.")] = 5.0,
    known: Annotated[bool, typer.Option("--known", help="Stations that are known. [default]")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="A certificate in each message that was never seen.")
    ] = False,
    flood: Annotated[
        str | None,
        typer.Option(
            "--flood", metavar="RATE:COUNT", help="Messages a second of so many new signers beside."
        ),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            "--rate", min=1, help="Messages a second of known stations, by the clock. [default: all it can]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed makes the same keys.")] = 1,
    format: FormOption = Form.TABLE,
) -> None:
    """Measure verification end to end, in memory, on one core, beside OpenSSL's bare P-256 verification.

    With --rate or --flood messages arrive by the clock, and the times are from each message's moment.
    """
    from sentinel.cli.ca.common import show_json
    from sentinel.v2x.bench import Plan, run

    if known + fresh + (flood is not None) > 1:
        raise UserError("--known, --fresh, --flood: choose one", 2)
    mode = "fresh" if fresh else "flood" if flood is not None else "known"
    if fresh and rate is not None:
        raise UserError("--rate: goes with known stations and --flood; --fresh is measured at full load", 2)
    report = run(Plan(algorithm.value, mode, seconds, rate, _flood(flood), seed))
    if format is Form.JSON:
        show_json(report)
        return
    for name, value in report.items():
        if value is not None:
            shown = f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"
            sys.stdout.write(f"{name:<22}{shown:>16}\n")


def _flood(given: str | None) -> tuple[int, int] | None:
    if given is None:
        return None
    rate, _, count = given.partition(":")
    if not (
        rate.isdecimal() and count.isdecimal() and 0 < int(rate) <= 1_000_000 and 0 < int(count) <= 1_000_000
    ):
        raise UserError(f"--flood {given[:40]}: write RATE:COUNT, messages a second and signers", 2)
    return int(rate), int(count)

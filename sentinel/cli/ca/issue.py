"""`sentinel ca issue`: certificates with keys that the CA makes, one or a whole list."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.ca.common import (
    SOURCE,
    DaysOption,
    DerOption,
    ForceOption,
    OperatorOption,
    OutOption,
    WhyOption,
    opened,
    tell,
    warn,
    who,
)
from sentinel.cli.ca.init import Algorithm
from sentinel.cli.ca.options import DirOption, Form, FormOption, PassphraseOption
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.ca.authority import Authority
    from sentinel.ca.delivery import How


def issue(
    profile: Annotated[str, typer.Option("--profile", help="Kind of certificate (`ca profiles`).")],
    out: OutOption,
    name: Annotated[
        str | None, typer.Option("--name", help="Subject: a common name, or CN=plc-7,O=Plant.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="A certificate for each line of this file; --out is a folder then."),
    ] = None,
    serial: Annotated[str | None, typer.Option("--serial", help="Serial number of the device.")] = None,
    san: Annotated[
        list[str] | None, typer.Option("--san", help="Another name: dns:X, ip:X, uri:X; may be given again.")
    ] = None,
    days: DaysOption = None,
    algorithm: Annotated[
        Algorithm | None, typer.Option("--algorithm", help="Kind of the new key. [default: as the CA's]")
    ] = None,
    role: Annotated[str | None, typer.Option("--role", help="Role of a Modbus Security client.")] = None,
    hardware_type: Annotated[
        str | None, typer.Option("--hardware-type", help="Object identifier of the kind of device.")
    ] = None,
    asset: Annotated[str, typer.Option("--asset", help="The monitor's asset it belongs to.")] = "",
    key_out: Annotated[
        Path | None, typer.Option("--key-out", help="File for the new key. [default: --out with .key]")
    ] = None,
    no_key_passphrase: Annotated[
        bool, typer.Option("--no-key-passphrase", help="Write new keys in the open.")
    ] = False,
    sign_csr: Annotated[
        Path | None,
        typer.Option("--sign-csr", help="Request for the signing key of a TLCP pair, made by the device."),
    ] = None,
    der: DerOption = False,
    force: ForceOption = False,
    operator: OperatorOption = None,
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Make a key and issue its certificate, or one for each line of a CSV file.

    A TLCP pair gives BASE.sign.pem, BASE.sign.key, BASE.enc.pem and BASE.enc.enveloped.der, its encryption
    key for the signing key alone.
    """
    from sentinel.ca import files
    from sentinel.ca.delivery import How, deliver, wish, written
    from sentinel.ca.x509 import altnames, names, request
    from sentinel.ca.x509.order import Order

    if csv is None and name is None and sign_csr is None:
        raise UserError("say for whom: --name, or --csv for many", 2)
    alone = (name, serial, san, role, asset, key_out, sign_csr)
    if csv is not None and any(alone):
        raise UserError("--csv: names, serial numbers, roles and keys are given in its columns", 2)
    with opened(dir, passphrase_file) as authority:
        found = authority.profiles.get(profile)
        if sign_csr is not None and not found.pair:
            raise UserError(f"--sign-csr: profile {profile} gives no pair; use `ca sign`", 2)
        sealed = None
        if not no_key_passphrase and sign_csr is None:
            sealed = authority.passphrase("key")
        how = How(sealed, der, force)
        kind = "" if algorithm is None else algorithm.value
        asked = None
        if sign_csr is not None:
            asked = files.unpem(files.read(sign_csr), *request.LABELS, name=sign_csr)[0][1]
        order = Order(
            profile,
            request=asked,
            subject=None if name is None else names.parse(name),
            alt_names=None if san is None else tuple(map(altnames.parse, san)),
            days=days,
            serial_number=serial,
            hardware_type=hardware_type,
            role=role,
            asset=asset,
            who=who(operator),
            source=SOURCE,
            why=why,
        )
        if csv is None:
            one = wish(order, out, key_out, found.pair, kind)
            [answer] = deliver(authority, [one], how)
            tell(authority, answer, written(authority, one), format)
        else:
            _many(authority, csv, out, order, kind, how)


def _many(authority: Authority, path: Path, out: Path, like: object, kind: str, how: How) -> None:
    """Issue for each line of a file, many at a time; faults are told with their lines, the rest goes on."""
    from msgspec.structs import replace

    from sentinel.ca import bulk
    from sentinel.ca.delivery import deliver, wish
    from sentinel.ca.x509.order import Order, Refused

    assert isinstance(like, Order)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; --csv wants a folder for --out")
    out.mkdir(parents=True, exist_ok=True)
    pair = authority.profiles.get(like.profile).pair
    done, faults = 0, 0
    rows = iter(bulk.lines(path, like.profile, like.who, like.source))
    with _progress(bulk.count(path)) as show:
        while batch := list(islice(rows, bulk.BATCH)):
            wrong = {line.number: line.reason for line in batch if isinstance(line, bulk.Fault)}
            good = [line for line in batch if not isinstance(line, bulk.Fault)]
            wishes = [
                wish(
                    replace(
                        line.order,
                        days=line.order.days or like.days,
                        hardware_type=line.order.hardware_type or like.hardware_type,
                        why=like.why,
                    ),
                    out / f"{line.base}.pem",
                    None,
                    pair,
                    kind,
                )
                for line in good
            ]
            for line, answer in zip(good, deliver(authority, wishes, how), strict=True):
                if isinstance(answer, Refused):
                    wrong[line.number] = answer.reason
            for number in sorted(wrong):
                warn(f"{path}: line {number}: {wrong[number]}")
            faults += len(wrong)
            done += len(batch) - len(wrong)
            show(len(batch))
    sys.stdout.write(f"{out}: {done:,} issued, {faults:,} refused\n")
    if faults:
        raise UserError(f"{path}: {faults:,} of {done + faults:,} lines were refused")


def _progress(total: int) -> AbstractContextManager[Callable[[int], None]]:
    from sentinel.cli.ca.progress import progress

    return progress("issuing", total)

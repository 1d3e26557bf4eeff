"""`sentinel v2x decode`: what stands in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sentinel.cli.ca.common import show_json
from sentinel.cli.ca.options import Form, FormOption
from sentinel.cli.v2x.options import Profile
from sentinel.errors import UserError

KINDS = (
    "Certificate",
    "Data",
    "RootCtl",
    "PkiCtl",
    "ScmsPdu",
    "SignedCertificateRequest",
    "CrlContents",
    "EtsiList",
    "EncryptedData",
    "ToBeSignedCertificate",
)
"""Structures that are tried, in this order."""


def decode(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Certificate, message, list or request (.oer).")
    ],
    profile: Annotated[
        Profile | None, typer.Option("--profile", help="Whose rules. [default: both are tried]")
    ] = None,
    structure: Annotated[
        str | None,
        typer.Option("--structure", help=f"What it is: {', '.join(KINDS)}. [default: all are tried]"),
    ] = None,
    format: FormOption = Form.JSON,
) -> None:
    """Show what stands in a file. No signature is verified."""
    from sentinel.ca import files

    found = told(files.read(file), profile, structure, file)
    if format is Form.JSON:
        show_json(found)
        return
    sys.stdout.write(f"{found['structure']} ({found['profile']})\n")
    for line in _lines(found["value"], ""):
        sys.stdout.write(f"{line}\n")


def told(octets: bytes, profile: str | None, structure: str | None, name: object) -> dict[str, Any]:
    """Structure, profile and value of octets."""
    from sentinel import _native

    if structure is not None and structure not in KINDS:
        raise UserError(f"--structure {structure[:40]}: one of {', '.join(KINDS)}", 2)
    why = ""
    for kind in KINDS if structure is None else (structure,):
        for rules in ("ydt3957", "1609.2") if profile is None else (profile,):
            try:
                value = _native.v2x_decode(rules, kind, octets)
            except ValueError as error:
                why = why or f"{kind} of {rules}: {error}"
                continue
            if (
                profile is None
                and rules == "ydt3957"
                and kind in ("Certificate", "RootCtl", "PkiCtl", "Data")
            ):
                rules = _curve(value) or rules
            out = {"file": str(name), "structure": kind, "profile": rules, "value": plain(value)}
            if kind == "Certificate":
                out["hashed_id8"] = _native.v2x_certificate(rules, octets)["id8"].hex()
            return out
    raise UserError(f"{name}: nothing that is known here ({why})")


def _curve(value: Any) -> str | None:
    """The profile whose algorithms a value has: the structures of both are the same."""
    if isinstance(value, dict):
        for each in value.values():
            if (found := _curve(each)) is not None:
                return found
    elif isinstance(value, list):
        for each in value:
            if (found := _curve(each)) is not None:
                return found
    elif isinstance(value, tuple):
        name = str(value[0])
        if name in ("sm2Signature", "ecsigSm2", "ecencSm2", "sm3AndDigest", "sm4Ccm"):
            return "ydt3957"
        if name.startswith(("ecdsa", "ecies", "sha")):
            return "1609.2"
        return _curve(value[1])
    return None


def plain(value: Any) -> Any:
    """A value as JSON: octets in hexadecimal, a choice as an object with one member."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, tuple):
        return {str(value[0]): plain(value[1])}
    return value


def _lines(value: Any, indent: str) -> list[str]:
    out: list[str] = []
    items = value.items() if isinstance(value, dict) else enumerate(value, 1)
    for key, each in items:
        if isinstance(each, dict | list) and each:
            out += [f"{indent}{key}", *_lines(each, indent + "  ")]
        else:
            out.append(f"{indent}{key}: {each}")
    return out

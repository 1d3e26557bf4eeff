"""Attack chains: alerts joined over hosts and time. A thin face of the native `Chains`.

What it does, its parameters and what each is worth: docs/concepts/chains.md.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from sentinel import _native
from sentinel.errors import UserError

Record = dict[str, Any]


@cache
def stages() -> tuple[Mapping[str, Any], ...]:
    """The stage table: tactics of ATT&CK, Enterprise and ICS, and the order among them."""
    text = files(__package__).joinpath("data", "stages.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["stage"])


@cache
def stage_table() -> bytes:
    """The stage table as the native module takes it."""
    return json.dumps({"stage": stages()}).encode()


def make(*, networks: Iterable[str] = (), **settings: float | bool) -> _native.Chains:
    """An engine without chains.

    `networks` are those of the organisation besides the private ones (zones' networks). Other settings are
    named in docs/concepts/chains.md. Raises `UserError` for what is no network or no setting.
    """
    try:
        return _native.Chains(
            stages=stage_table(), settings=json.dumps({"networks": list(networks), **settings}).encode()
        )
    except ValueError as error:
        raise UserError(str(error)) from None


def join(alerts: Sequence[bytes], *, networks: Iterable[str] = (), **settings: float | bool) -> list[Record]:
    """Chains of alert documents that are all there is, the highest score first."""
    engine = make(networks=networks, **settings)
    engine.feed(alerts)
    engine.finish()
    return records(engine.all())


def records(documents: Iterable[bytes]) -> list[Record]:
    """Chain documents as plain data."""
    return [json.loads(document) for document in documents]

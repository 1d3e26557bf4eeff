"""The list of probes written in Python: the shipped ones, and a user's own from entry points.

Both are opened by the same contract. A shipped probe is one file and one line here.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import entry_points

from sentinel.errors import UserError
from sentinel.probes.cjt188 import Cjt188
from sentinel.probes.contract import Probe, Signature
from sentinel.probes.dlt645 import Dlt645
from sentinel.probes.dlt698 import Dlt698
from sentinel.probes.gb26875 import Gb26875
from sentinel.probes.gb32960 import Gb32960
from sentinel.probes.hj212 import Hj212
from sentinel.probes.jt808 import Jt808
from sentinel.probes.qgdw1376 import Qgdw1376
from sentinel.probes.sl651 import Sl651
from sentinel.probes.szy206 import Szy206
from sentinel.probes.ubnt_discovery import UbntDiscovery
from sentinel.probes.vstarcam import Vstarcam
from sentinel.probes.ykc import Ykc

SHIPPED: tuple[type[Probe], ...] = (
    Cjt188,
    Dlt645,
    Dlt698,
    Gb26875,
    Gb32960,
    Hj212,
    Jt808,
    Qgdw1376,
    Sl651,
    Szy206,
    UbntDiscovery,
    Vstarcam,
    Ykc,
)

GROUP = "sentinel.probes"
"""Entry point group. Each entry names a class that keeps `sentinel.probes.contract.Probe`."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@cache
def python_probes() -> tuple[type[Probe], ...]:
    """Every Python probe, shipped ones first, a user's own by name.

    Raises `UserError` that names the entry point which cannot be loaded or does not keep the contract.
    """
    from sentinel._native import native_probes

    known = {name: "sentinel" for name, *_ in native_probes()}
    known.update((probe.name, "sentinel") for probe in SHIPPED)
    found: list[type[Probe]] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        where = f"probe {entry.name} ({entry.value}, entry point {GROUP})"
        try:
            probe = entry.load()
        except Exception as why:  # noqa: BLE001 - a user's module may raise anything while it is imported
            raise UserError(f"{where} cannot be loaded: {type(why).__name__}: {why}") from None
        fault = check(probe)
        if fault is None and probe.name in known:
            fault = f"its name {probe.name} is taken by {known[probe.name]}"
        if fault is not None:
            raise UserError(f"{where}: {fault}")
        known[probe.name] = entry.value
        found.append(probe)
    return (*SHIPPED, *found)


def open_probe(name: str) -> Probe:
    """A new instance of the probe of that name, for one flow."""
    return _by_name()[name]()


@cache
def _by_name() -> dict[str, type[Probe]]:
    return {probe.name: probe for probe in python_probes()}


def check(probe: object) -> str | None:
    """What keeps `probe` from being a probe, in words; None if nothing does."""
    if not isinstance(probe, type):
        return "it is no class"
    for attribute, kind in (
        ("name", str),
        ("title", str),
        ("industrial", bool),
        ("signature", Signature),
        ("facts", tuple),
        ("credentials", tuple),
        ("operations", tuple),
        ("source", str),
    ):
        if not isinstance(getattr(probe, attribute, None), kind):
            return f"its {attribute} is no {kind.__name__} (derive from sentinel.probes.contract.Probe)"
    name: str = probe.name  # type: ignore[attr-defined]
    if not _NAME.fullmatch(name):
        return f"its name {name!r} is not lower case with hyphens"
    for method in ("feed", "end"):
        if not callable(getattr(probe, method, None)):
            return f"it has no method {method}"
    return _check_signature(probe.signature)  # type: ignore[attr-defined]


def _check_signature(signature: Signature) -> str | None:
    if not signature.transports or not {"tcp", "udp"}.issuperset(signature.transports):
        return f"signature: transports are tcp and udp, not {signature.transports!r}"
    if not signature.shapes or not all(shape.patterns for shape in signature.shapes):
        return "signature: it needs shapes, each with a pattern"
    if any(not 0 < port < 65536 for port in signature.ports):
        return f"signature: ports are 1 to 65535, not {signature.ports!r}"
    return None

"""The CA's register: what a certificate costs in groups as the server commits them, and the first page of
every search over a million rows, which are filled in without signing.

`--events N` says how many rows. A page is asked for in a connection of its own, as a command does.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench import _plan
from sentinel.ca.keys import generate
from sentinel.ca.register import Certificate, Entry, Register

ROWS = 1_000_000
FILL = 20_000
GROUP = 64
GROUPS = 150
PAGE = 200
PROFILES = ("device", "tls-server", "tls-client", "ldevid")
DER = 700
"""Octets of a certificate, about those of a P-256 device."""


def made(number: int) -> tuple[Certificate, bytes, Entry]:
    """A certificate that no key signed."""
    der = hashlib.shake_128(b"%d" % number).digest(DER)
    digest = hashlib.sha256(der).hexdigest()
    serial = f"5{hashlib.sha256(b'serial %d' % number).hexdigest()[:39]}"
    certificate = Certificate(
        serial=serial,
        subject=f"CN=device-{number:07},O=Plant {number % 50}",
        issuer="CN=Issuing CA",
        algorithm="p256",
        profile=PROFILES[number % 4],
        not_before="2026-01-01T00:00:00Z",
        not_after=f"{2020 + number % 20}-{1 + number // 20 % 12:02}-{1 + number // 240 % 28:02}T00:00:00Z",
        sha256=digest,
        spki_sha256=hashlib.sha256(b"key %d" % number).hexdigest(),
        asset=f"asset-{number:06}" if number % 3 == 0 else None,
        requester="bench",
        names=(f"dns:device-{number:07}.plant.example", f"serial:SN{number * 7919 % 10**9:09}"),
    )
    details = {"sha256": digest, "profile": certificate.profile, "name": certificate.subject}
    entry = Entry(at="2026-01-01T00:00:00Z", action="issue", who="bench", subject=serial, details=details)
    return certificate, der, entry


def main() -> None:
    rows = _plan.PLAN.events or ROWS
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        path = Path(folder) / "register.db"
        with Register.create(path) as register:
            register.signer = generate("p256")
            _groups(register, "empty", 0)
            start = time.perf_counter()
            for first in range(GROUP * GROUPS, rows, FILL):
                register.commit_many([made(n) for n in range(first, min(first + FILL, rows))])
            _revoke(register, rows)
            size = path.stat().st_size / rows
            print(f"  {rows:,} rows filled in {time.perf_counter() - start:,.0f} s, {size:,.0f} octets each")
            _groups(register, "full", rows)
        for name, ask in _searches(rows):
            _page(path, name, ask)


def _groups(register: Register, name: str, first: int) -> None:
    """CPU time a certificate, in groups of one transaction each."""
    groups = [[made(n) for n in range(first + at * GROUP, first + (at + 1) * GROUP)] for at in range(GROUPS)]
    wall, cpu = time.perf_counter(), time.process_time()
    for group in groups:
        register.commit_many(group)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = cpu / GROUP / GROUPS * 1e6
    print(
        f"{name}: {each:.0f} us of CPU a certificate in groups of {GROUP}; {wall / GROUPS * 1e3:.1f} ms a group"
    )
    _plan.PLAN.record("register", **{f"{name}_us_per_certificate": round(each, 1)})


def _revoke(register: Register, rows: int) -> None:
    """One in a hundred."""
    with register.transaction() as change:
        for number in range(0, rows, 100):
            serial = made(number)[0].serial
            change.revoke(serial, "superseded")
            change.audit("revoke", who="bench", subject=serial, details={"reason": "superseded"})


def _searches(rows: int) -> Iterator[tuple[str, Callable[[Register], object]]]:
    middle = made(rows // 2)[0]
    yield "newest", _listed
    for state in ("valid", "revoked", "held", "expired"):
        yield f"state {state}", partial(_listed, state=state)
        yield (
            f"profile and state {state}",
            partial(_listed, state=state, profile="device"),
        )
    yield "profile", partial(_listed, profile="ldevid")
    yield "profile that is not there", partial(_listed, profile="none")
    yield "ends within 30 days", partial(_listed, expiring=30)
    yield "serial", lambda r: r.certificate(middle.serial)
    yield "start of a serial", lambda r: r.search(middle.serial[:9])
    yield "fingerprint", lambda r: r.by_fingerprint(middle.sha256)
    yield "key", lambda r: r.by_key(middle.spki_sha256)
    yield "asset", lambda r: r.search(middle.asset or "asset-000300")
    for text in ("device-0500000", "SN00", "plant.example", "Plant 7", "not there", "zz", "7"):
        yield f"text {text!r}", partial(_found, text=text)


def _listed(register: Register, **conditions: Any) -> list[Certificate]:
    return [*register.list(limit=PAGE, **conditions)]


def _found(register: Register, text: str) -> list[Certificate]:
    return register.search(text, limit=PAGE)


def _page(path: Path, name: str, ask: Callable[[Register], object]) -> None:
    """The first page: median and worst of five."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        with Register.open(path, readonly=True) as register:
            found = ask(register)
        times.append((time.perf_counter() - start) * 1e3)
    count = len(found) if isinstance(found, list) else int(found is not None)
    print(f"  {name:<32}{count:>4} rows  {median(times):7.1f} ms, at most {max(times):.1f}")
    _plan.PLAN.record("register", **{name: round(median(times), 1)})

"""The CA's revocation lists: made from the register, numbered, signed, published.

A number is taken and written down in the transaction that reads what is revoked, so numbers strictly
rise with what the lists know, over crashes too: a number whose list was never published stays unused.
A delta builds on the last complete list that was published.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.register import Revoked
from sentinel.ca.revocation import Actor
from sentinel.ca.watch import Base, kept, state_name
from sentinel.ca.x509 import certificate, crl, names
from sentinel.ca.x509.rows import moment
from sentinel.ca.x509.templates import crl_url
from sentinel.errors import UserError

DAYS, DELTA_DAYS = 7, 1
"""Days until the next list is due."""
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Published:
    """A list that was made. `base` is the complete list's number of a delta."""

    role: str
    der: bytes
    number: int
    base: int | None
    this_update: datetime
    next_update: datetime
    entries: int
    path: Path

    def document(self) -> dict[str, object]:
        """It as JSON, without the list itself."""
        return {
            "ca": self.role,
            "number": self.number,
            "base": self.base,
            "this_update": moment(self.this_update),
            "next_update": moment(self.next_update),
            "entries": self.entries,
            "file": str(self.path),
        }


def place(folder: Path, role: str, *, delta: bool = False) -> Path:
    """Where the list of a CA lies in its folder, in DER."""
    return folder / "public" / f"{role}{'-delta' if delta else ''}.crl"


def publish(
    authority: Authority,
    role: str,
    actor: Actor,
    *,
    delta: bool = False,
    days: int | None = None,
    now: datetime | None = None,
) -> Published:
    """Make the next list of a CA and put it into the CA's folder.

    `UserError` for a delta before any complete list, or where the CA's key is not at hand. Readers of the
    folder see the old list or the new one, whole.
    """
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise UserError(f"--days {days}: 1 to {MOST_DAYS} are taken", 2)
    role = authority.charter.member(role).role
    begin = (now or datetime.now(UTC)).replace(microsecond=0)
    end = begin + timedelta(days=days or (DELTA_DAYS if delta else DAYS))
    with _alone(authority.folder / "public"):
        return _publish(authority, role, actor, delta, begin, end)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes and threads from publishing meanwhile, so that no older list takes the place of
    a newer one."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _publish(
    authority: Authority, role: str, actor: Actor, delta: bool, begin: datetime, end: datetime
) -> Published:
    issuer, signer = authority.certificate(role), authority.signer(role)
    before = kept(authority.register, state_name(role))
    if delta and before is None:
        raise UserError(
            f"CRL of {role}: no complete list was made yet, which a delta builds on; make it first"
        )
    register = authority.register
    with register.transaction() as change:
        position = register.position()
        since = before.position if delta and before is not None else None
        rows = list(register.revoked(names.text(issuer.subject), since=since))
        number = change.next_number(state_name(role))
        base = before.number if delta and before is not None else None
        if not delta:
            rows = _not_past(rows, before)
        change.audit(
            "crl",
            who=actor.who,
            why=actor.why,
            source=actor.source,
            subject=role,
            details={"number": number, "entries": len(rows), **({} if base is None else {"base": base})},
        )
    url = crl_url(authority.base_url, role, delta=True) if authority.base_url else None
    tbs = crl.to_be_signed(
        algorithm=signer.signature_algorithm(),
        issuer=issuer.subject_der,
        this_update=begin,
        next_update=end,
        entries=_entries(rows, begin),
        number=number,
        authority_key=issuer.subject_key,
        base=base,
        freshest=url,
    )
    data = certificate.signed(tbs, signer)
    path = place(authority.folder, role, delta=delta)
    files.write(path, data, force=True)
    _keep(authority, role, Base(number, position, moment(begin), moment(end)), delta=delta)
    return Published(role, data, number, base, begin, end, len(rows), path)


def _not_past(rows: list[Revoked], before: Base | None) -> list[Revoked]:
    """Without certificates that ended before the last list: they stood in one list after their end, which is
    all that is asked (RFC 5280, 3.3)."""
    if before is None:
        return rows
    return [row for row in rows if row.not_after >= before.this_update]


def _entries(rows: list[Revoked], begin: datetime) -> Iterator[bytes]:
    tails: dict[tuple[str, str], bytes] = {}
    for row in rows:
        shared = (row.revoked_at, row.reason)
        if shared not in tails:
            at = datetime.fromisoformat(row.revoked_at) if row.revoked_at else begin
            tails[shared] = crl.encode_tail(at, row.reason)
        yield crl.encode_entry(bytes.fromhex(row.serial), tails[shared])


def _keep(authority: Authority, role: str, made: Base, *, delta: bool) -> None:
    """Remember a list that was published, unless a later one was meanwhile. Deltas build on complete ones."""
    name = state_name(role, delta=delta)
    with authority.register.transaction() as change:
        there = kept(authority.register, name)
        if there is None or there.number < made.number:
            change.put_state(name, msgspec.json.encode(made))


def due(authority: Authority, role: str, now: datetime) -> str:
    """Which list is to be made: `complete` when half of the last one's time has gone, `delta` when a state
    has changed since the last list of either kind or half of the last delta's time has gone, else empty."""
    role = authority.charter.member(role).role
    complete, delta = (kept(authority.register, state_name(role, delta=one)) for one in (False, True))
    if complete is None or _half_gone(complete, now):
        return "complete"
    known = complete
    if delta is not None and delta.number > complete.number:
        if _half_gone(delta, now):
            return "delta"
        known = delta
    changed = authority.register.changed(names.text(authority.certificate(role).subject))
    return "delta" if changed > known.position else ""


def _half_gone(made: Base, now: datetime) -> bool:
    begin, end = datetime.fromisoformat(made.this_update), datetime.fromisoformat(made.next_update)
    return now >= begin + (end - begin) / 2

"""Lists of revocations, signed by the misbehaviour authority: by hash, and by the seeds of linkage values.

Series 1 is of enrolment certificates, 2 of pseudonyms (linked), 3 of application certificates (IEEE 1609.2,
7.3; YD/T 3957, CRL). A delta holds what came since the last full list of its series.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sentinel import _native
from sentinel.ca.v2x import clock, codec, pdu, secured
from sentinel.ca.v2x.aca import APPLICATIONS, PSEUDONYMS
from sentinel.ca.v2x.eca import SERIES as ENROLMENTS
from sentinel.ca.v2x.role import Role

SERIES = (ENROLMENTS, PSEUDONYMS, APPLICATIONS)


class _Full(msgspec.Struct, frozen=True):
    """What the last full list of a series was: its number, and the last row in it."""

    serial: int
    row: int


def publish(role: Role, *, delta: bool = False, who: str) -> bytes:
    """The lists of all series in one file (compositeCrl of ScmsPdu), each signed for itself."""
    lists = [make(role, series, delta=delta, who=who) for series in SERIES]
    value = {"crl": [codec.decode("Data", one, role.suite) for one in lists]}
    return pdu.wrap("cert", "compositeCrl", value, role.suite)


def make(role: Role, series: int, *, delta: bool = False, who: str) -> bytes:
    """The next list of a series, signed. Without a full list before it, a delta is a full one."""
    name = f"crl-{series}"
    kept = role.register.state(name)
    full = None if kept is None else msgspec.msgpack.decode(kept, type=_Full)
    delta = delta and full is not None
    since = full.row if delta and full is not None else 0
    now = role.now()
    rows = _rows(role, series, since, now)
    with role.transaction() as change:
        number = change.next_number(name)
        if not delta:
            last = max((row[0] for row in rows), default=since)
            full = _Full(number, last)
            change.put_state(name, msgspec.msgpack.encode(full))
        assert full is not None
        if series == PSEUDONYMS:
            content = ("deltaLinkedCrl" if delta else "fullLinkedCrl", _linked(role, rows, now))
        else:
            entries = [{"id": id, "expiry": expiry} for _, id, expiry in rows]
            content = (
                "deltaHashCrl" if delta else "fullHashCrl",
                {"crlSerial": full.serial, "entries": entries},
            )
        days = 1 if delta else role.limits.crl_days
        value = {
            "version": 1,
            "crlSeries": series,
            "crlCraca": role.peer("root").digest[-8:],
            "issueDate": now,
            "nextCrl": now + days * clock.DAY,
            "priorityInfo": {},
            "typeSpecific": content,
        }
        octets = codec.encode("CrlContents", value, role.suite)
        signed = secured.sign(
            octets,
            role.key(),
            role.certificate,
            role.suite,
            aid=role.suite.crl,
            time=now * 1_000_000,
            attach=True,
        )
        details = {"series": series, "number": number, "entries": len(rows), "delta": delta}
        change.audit("crl", who=who, details=details)
    return signed


def _rows(role: Role, series: int, since: int, now: int) -> list[tuple[Any, ...]]:
    """Entries of a series after a row, those that have ended left out."""
    if series == PSEUDONYMS:
        return role.register.query(
            "SELECT number, i, one, other, last, count FROM v2x_seed WHERE number > ? AND last >= ? "
            "ORDER BY number",
            (since, clock.week(now)),
        )
    return role.register.query(
        "SELECT number, id, expiry FROM v2x_revoked WHERE series = ? AND number > ? AND expiry > ? "
        "ORDER BY number",
        (series, since, now),
    )


def _linked(role: Role, rows: list[tuple[Any, ...]], now: int) -> dict[str, Any]:
    """ToBeSignedLinkageCrl: seeds brought forward to this week."""
    this = clock.week(now)
    ids = [LA_ID[name].to_bytes(2) for name in ("la1", "la2")]
    found: dict[int, dict[int, list[dict[str, bytes]]]] = {}
    for _, i, one, other, last, count in rows:
        seeds = [
            _native.v2x_seed(role.suite.name, id, seed, max(0, this - i))
            for id, seed in zip(ids, (one, other), strict=True)
        ]
        pair = {"linkageSeed1": seeds[0], "linkageSeed2": seeds[1]}
        found.setdefault(count, {}).setdefault(last, []).append(pair)
    individual = [
        {
            "jmax": count,
            "contents": [
                {
                    "la1Id": ids[0],
                    "la2Id": ids[1],
                    "contents": [{"iMax": last, "contents": pairs} for last, pairs in sorted(by_end.items())],
                }
            ],
        }
        for count, by_end in sorted(found.items())
    ]
    # with neither individuals nor groups the list would not be well-formed
    return {"iRev": this, "indexWithinI": 0, "individual": individual}


LA_ID = {"la1": 1, "la2": 2}
"""Identifiers of a domain's linkage authorities."""

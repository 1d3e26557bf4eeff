"""What the misbehaviour authority asks the other roles, and how they answer: each knows its part alone.

YD/T 3957 leaves the interfaces to the ACA and the registration authority open (NULL in its modules): they are
MessagePack here, in data that is signed. That to the linkage authorities is its own.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sentinel import _native
from sentinel.ca.v2x import clock, pdu
from sentinel.ca.v2x.role import Role
from sentinel.errors import UserError

DAYS_KEPT = 8


class Trace(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """To the ACA: what lies behind a linkage value."""

    linkage: bytes
    i: int


class Traced(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Its answer: both halves of the value, the request's hash, and the certificate's number."""

    one: bytes
    other: bytes
    request: bytes
    serial: bytes


class Revoke(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """To a CA: a certificate is revoked."""

    serial: bytes
    reason: str


class Deny(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """To the registration authority: whoever a request was of gets nothing any more."""

    request: bytes
    why: str


class Denied(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Its answer: the last week that the station has pseudonyms of, and how many a week. Not who it is."""

    last: int
    count: int


Message = Trace | Traced | Revoke | Deny | Denied

_encode = msgspec.msgpack.encode
_decoder = msgspec.msgpack.Decoder(Message)


def encode(message: Message) -> bytes:
    """Octets of a message."""
    return _encode(message)


def decode(octets: bytes) -> Message:
    """A message. `UserError` for octets that are none."""
    try:
        return _decoder.decode(octets)
    except msgspec.DecodeError as error:
        raise UserError(f"question of the misbehaviour authority: {error}") from None


def quota(role: Role, question: str, subject: str = "") -> None:
    """Count a question of the misbehaviour authority, and put it into the audit. `UserError` for more than a
    day's number."""
    day = clock.text(role.clock())[:10]
    with role.transaction() as change:
        number = change.next_number(f"queries-{day}")
        if number <= role.limits.queries:
            change.audit("query", who="ma", source="pdu", subject=subject, details={"question": question})
    if number > role.limits.queries:
        raise UserError(
            f"{question}: {role.limits.queries} questions a day are answered by the {role.name}; "
            "ask tomorrow, or raise `queries` in its role.toml"
        )


def revoke(role: Role, asked: Revoke) -> None:
    """Mark a certificate revoked in its CA's register."""
    serial = asked.serial.hex()
    found = role.register.certificate(serial)
    if found is None:
        raise UserError(f"certificate {serial}: was not issued by the {role.name}")
    if found.state == "revoked":
        return
    quota(role, "revoke", serial)
    with role.transaction() as change:
        change.revoke(serial, asked.reason, change.at)
        change.audit("revoke", who="ma", source="pdu", subject=serial, details={"reason": asked.reason})


def seeds(role: Role, asked: dict[str, Any], chain_seed: Any) -> dict[str, Any]:
    """A linkage authority's answer (laMaLinkageSeedResponse): for each value the seed of its chain, of this
    week or of its first one, if that is later: never an earlier one, so that the past stays unlinked."""
    suite = role.suite
    id = role.charter.la_id.to_bytes(2)
    this = clock.week(role.now())
    out = []
    for one in asked["individualLVs"]:
        chain, first = find(role, one["iValue"], one["lv"], chain_seed)
        i = max(this, first)
        seed = _native.v2x_seed(suite.name, id, chain_seed(chain), i - first)
        out.append({"i": i, "lv": one["lv"], "ls": seed})
    return {"laId": id, "individualLSInfos": out, "groupLSInfos": []}


def find(role: Role, i: int, value: bytes, chain_seed: Any) -> tuple[bytes, int]:
    """Chain and first period of a pre-linkage value. `UserError` if it is of none."""
    id = role.charter.la_id.to_bytes(2)
    rows = role.register.query("SELECT id, first FROM v2x_chain WHERE first <= ?", (i,))
    for chain, first in rows:
        seed = _native.v2x_seed(role.suite.name, id, chain_seed(chain), i - first)
        for j in range(1, role.limits.per_week + 1):
            if _native.v2x_pre_linkage(role.suite.name, id, seed, j) == value:
                return chain, first
    raise UserError("question of the misbehaviour authority: the value is of no chain here")


def wrap_request(role: Role, values: list[tuple[int, bytes]]) -> bytes:
    """maLaLinkageSeedRequest."""
    asked = {
        "maId": role.certificate.digest[-8:],
        "individualLVs": [{"iValue": i, "lv": value} for i, value in values],
        "groupLVs": [],
    }
    return pdu.wrap("la-ma", "maLaLinkageSeedRequest", asked, role.suite)

"""The registration authority's orders for pseudonyms, and the pool in which vehicles are mixed.

What is asked of the ACA stands in the register before it is sent, and is sent as it stands there until it is
answered: a crash loses nothing, and the ACA answers what it answered before.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

import msgspec

from sentinel import _native
from sentinel.ca.register import Change
from sentinel.ca.v2x import clock, codec, pdu, secured
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.role import Role
from sentinel.ca.v2x.suite import Suite
from sentinel.ca.v2x.transport import Transport
from sentinel.errors import UserError

LINKAGE = ("la1", "la2")
ANSWERS = 8_000
"""Answers in one download at the most."""

_PER_WEEK = re.compile(rb"per-week (\d{1,3})").fullmatch
_WEEKS = re.compile(r"weeks-(\d{1,5})-(\d{1,3})").fullmatch


@dataclass(frozen=True, slots=True)
class Order:
    """What a vehicle sent once: keys, permissions, and the linkage authorities' names of its chains."""

    id: bytes
    station: bytes | None
    """HashedId8 of its enrolment certificate; None for one that was made up."""
    request: dict[str, Any]
    count: int
    chains: tuple[bytes, bytes] | None


class Pool:
    """Orders, and what of them waits for the ACA."""

    def __init__(self, role: Role, transport: Transport) -> None:
        self.role, self.transport = role, transport

    def order(self, found: pdu.Request, station: Certificate, asked: dict[str, Any]) -> None:
        """Keep a vehicle's order. The same one again is the same."""
        role, suite = self.role, self.role.suite
        form, keys = asked["additionalParams"]
        if form != "original":
            raise UserError(f"request: butterfly keys of kind {form}; original ones are expanded here")
        for expansion in ("signingExpansion", "encryptionExpansion"):
            if keys[expansion][0] != suite.expansion:
                raise UserError(
                    f"request: {expansion} of {keys[expansion][0]}; {suite.name} has {suite.expansion}"
                )
        count = _count(asked, role.limits.per_week)
        if role.register.query("SELECT 1 FROM v2x_order WHERE id = ?", (found.hash8,)):
            return
        if role.register.query(
            "SELECT 1 FROM v2x_order WHERE station = ? AND chains NOTNULL", (station.digest[-8:],)
        ):
            # with other keys it would have twice as many pseudonyms as others
            raise UserError(f"enrolment certificate {station.id8}: has ordered pseudonyms with other keys")
        with role.transaction() as change:
            change.db.execute("DELETE FROM v2x_order WHERE station = ?", (station.digest[-8:],))
            change.db.execute(
                "INSERT INTO v2x_order VALUES (?, ?, ?, ?, NULL)",
                (found.hash8, station.digest[-8:], found.tbs, count),
            )
            details = {"request": found.hash8.hex(), "kind": "pseudonym", "per_week": count}
            change.audit("request", who=station.id8, source="pdu", subject=station.serial, details=details)

    def download(self, station: Certificate, name: str) -> bytes:
        """What a station asks for by `weeks-FIRST-NUMBER`: whole weeks of answers, each with its week and
        place. What is missing of it is ordered, and there at once if enough vehicles wait with it."""
        role = self.role
        asked = _WEEKS(name)
        if asked is None:
            raise UserError(f"download {name[:60]}: write weeks-FIRST-NUMBER")
        first, number = int(asked[1]), int(asked[2])
        this = clock.week(role.now())
        if not (number >= 1 and this <= first + number - 1 < this + role.limits.weeks):
            raise UserError(
                f"download {name}: {role.limits.weeks} weeks from {this} on are given, none that has passed"
            )
        order = self._of(station)
        first = max(first, this)
        number = int(asked[1]) + number - first
        if number * order.count > ANSWERS:
            raise UserError(f"download {name}: {ANSWERS:,} pseudonyms at once; ask for fewer weeks")
        self._want(order, range(first, first + number))
        self.flush()
        rows = role.register.query(
            "SELECT i, j, answer FROM v2x_request WHERE vehicle = ? AND i BETWEEN ? AND ? AND i NOT IN "
            "(SELECT i FROM v2x_request WHERE vehicle = ? AND answer IS NULL) ORDER BY i, j",
            (order.id, first, first + number - 1, order.id),
        )
        return codec.many([i.to_bytes(2) + j.to_bytes(1) + answer for i, j, answer in rows])

    def _of(self, station: Certificate) -> Order:
        rows = self.role.register.query(
            "SELECT id, station, request, count, chains FROM v2x_order WHERE station = ?",
            (station.digest[-8:],),
        )
        if not rows:
            raise UserError(f"enrolment certificate {station.id8}: has not asked for pseudonyms yet")
        return _order(rows[-1], self.role.suite)

    def _want(self, order: Order, weeks: range) -> None:
        """Put what is missing of some weeks into the pool."""
        role = self.role
        have = {
            i
            for (i,) in role.register.query(
                "SELECT DISTINCT i FROM v2x_request WHERE vehicle = ? AND i BETWEEN ? AND ?",
                (order.id, weeks.start, weeks.stop - 1),
            )
        }
        missing = [week for week in weeks if week not in have]
        if not missing:
            return
        chains, requests = self._expanded(order, missing)
        with role.transaction() as change:
            self._put(change, order, chains, missing, requests)
            details = {"request": order.id.hex(), "weeks": len(missing), "first": missing[0]}
            change.audit("order", who="ra", source="pdu", details=details)

    def _put(
        self,
        change: Change,
        order: Order,
        chains: tuple[bytes, bytes],
        weeks: list[int],
        requests: list[bytes],
    ) -> None:
        digest = self.role.suite.digest
        places = [(week, j) for week in weeks for j in range(1, order.count + 1)]
        change.db.execute(
            "UPDATE v2x_order SET chains = ? WHERE id = ?", (msgspec.msgpack.encode(chains), order.id)
        )
        change.db.executemany(
            "INSERT INTO v2x_request VALUES (?, ?, ?, ?, ?, NULL)",
            [
                (digest(octets)[-8:], order.id, week, j, octets)
                for (week, j), octets in zip(places, requests, strict=True)
            ],
        )

    def _expanded(self, order: Order, weeks: list[int]) -> tuple[tuple[bytes, bytes], list[bytes]]:
        """Names of the order's chains, and a request to the ACA for each pseudonym of some weeks."""
        role, suite = self.role, self.role.suite
        answers = [self._linkage(which, order, weeks) for which in range(2)]
        chains = tuple(_chain(answer, suite) for answer in answers)
        keys = order.request["additionalParams"][1]
        tbs = {**order.request["tbsCert"], "id": ("linkageData", {"iCert": 0, "linkage-value": bytes(9)})}
        tbs["validityPeriod"] = {"start": 0, "duration": ("hours", 7 * 24 + 1)}
        requests = _native.v2x_expand_all(
            suite.name,
            codec.encode("ToBeSignedCertificate", tbs, suite),
            signing=codec.compressed(tbs["verifyKeyIndicator"][1][1]),
            signing_expansion=keys["signingExpansion"][1],
            encryption=codec.compressed(keys["encryptionKey"]["publicKey"][1]),
            encryption_expansion=keys["encryptionExpansion"][1],
            time=role.now() // clock.HOUR * clock.HOUR,
            periods=[(week, week * clock.WEEK) for week in weeks],
            count=order.count,
            linkage=(answers[0], answers[1]),
        )
        return (chains[0], chains[1]), requests

    def _linkage(self, which: int, order: Order, weeks: list[int]) -> bytes:
        """A linkage authority's answer: encrypted values for some weeks of the order's chain."""
        role, suite = self.role, self.role.suite
        name = LINKAGE[which]
        header = {
            "iMin": weeks[0],
            "iMax": weeks[-1],
            "praId": role.certificate.name,
            "pcaId": role.peer("aca").name,
        }
        told: dict[str, Any] = {"header": header, "jMax": order.count}
        if order.chains is None:
            told["numberOfFreshInd"] = 1
        else:
            told["continuationsInd"] = [codec.decode("EncryptedData", order.chains[which], suite)]
        asked = pdu.wrap("la-ra", "praLaLinkageValueRequest", ("individualLVRequest", told), suite)
        return secured.opened(
            self.transport.send(name, role.signed(asked)), role.peer(name), suite, f"answer of {name}"
        )

    def flush(self) -> int:
        """Send what waits to the ACA, mixed, if it is of enough vehicles; how many were answered. With the
        policy `fill` missing vehicles are made up. What was sent before and not answered is sent again."""
        role = self.role
        waiting = role.register.query("SELECT DISTINCT vehicle FROM v2x_request WHERE answer IS NULL")
        if not waiting:
            return 0
        short = role.limits.shuffle - len(waiting)
        if short > 0:
            if not role.limits.fill:
                return 0
            self._fill(waiting[0][0], short)
        rows = role.register.query("SELECT hash, pdu FROM v2x_request WHERE answer IS NULL")
        mixed = [rows[n] for n in secrets.SystemRandom().sample(range(len(rows)), len(rows))]
        for at in range(0, len(mixed), role.limits.batch):
            self._send(mixed[at : at + role.limits.batch])
        return len(mixed)

    def _send(self, rows: list[tuple[bytes, bytes]]) -> None:
        """A batch to the ACA, and its answers into the register."""
        role = self.role
        answer = self.transport.send("aca", role.signed(codec.many([octets for _, octets in rows])))
        answers = codec.each(answer, len(rows))
        if len(answers) != len(rows):
            raise UserError(f"answer of the ACA: {len(answers):,} to {len(rows):,} requests")
        with role.transaction() as change:
            change.db.executemany(
                "UPDATE v2x_request SET answer = ?, pdu = NULL WHERE hash = ?",
                [(answer, hash) for (hash, _), answer in zip(rows, answers, strict=True)],
            )
            # what was made up is nobody's
            change.db.execute(
                "DELETE FROM v2x_request WHERE vehicle IN (SELECT id FROM v2x_order WHERE station IS NULL)"
            )
            change.db.execute("DELETE FROM v2x_order WHERE station IS NULL")
            change.audit("batch", who="ra", source="pdu", details={"requests": len(rows)})

    def _fill(self, like: bytes, number: int) -> None:
        """Make up vehicles that ask for what one asks for. Nobody has their keys."""
        role = self.role
        [row] = role.register.query(
            "SELECT id, station, request, count, chains FROM v2x_order WHERE id = ?", (like,)
        )
        weeks = [
            i
            for (i,) in role.register.query(
                "SELECT DISTINCT i FROM v2x_request WHERE vehicle = ? AND answer IS NULL ORDER BY i", (like,)
            )
        ]
        model = _order(row, role.suite)
        for _ in range(number):
            order = _made_up(model, role.suite)
            chains, requests = self._expanded(order, weeks)
            with role.transaction() as change:
                change.db.execute(
                    "INSERT INTO v2x_order VALUES (?, NULL, ?, ?, NULL)",
                    (order.id, pdu.wrap("ee-ra", "eeRaCertRequest", order.request, role.suite), order.count),
                )
                self._put(change, order, chains, weeks, requests)


def _count(asked: dict[str, Any], most: int) -> int:
    """Pseudonyms a week that an order is for: what its authorization says, or the most."""
    for one in asked.get("aaaAuthorizationInfoList", ()):
        found = _PER_WEEK(one["aaaAuthorizationInfo"])
        if found is not None:
            count = int(found[1])
            if not 1 <= count <= most:
                raise UserError(f"request: {count} pseudonyms a week; 1 to {most} are given")
            return count
    return most


def _order(row: tuple[Any, ...], suite: Suite) -> Order:
    id, station, request, count, chains = row
    kept = None if chains is None else msgspec.msgpack.decode(chains, type=tuple[bytes, bytes])
    return Order(id, station, pdu.unwrap(request, "eeRaCertRequest", suite), count, kept)


def _chain(answer: bytes, suite: Suite) -> bytes:
    """The encrypted name of the chain in a linkage authority's answer."""
    told = pdu.unwrap(answer, "laPraLinkageValueResponse", suite)
    return codec.encode("EncryptedData", told["individualLVs"][0]["linkageChainId"], suite)


def _made_up(like: Order, suite: Suite) -> Order:
    """An order of nobody: its private keys are forgotten as they are made."""
    signing, sealing = (_native.V2xKey.generate(suite.name).public() for _ in range(2))
    tbs = {
        **like.request["tbsCert"],
        "verifyKeyIndicator": ("verificationKey", codec.verify_key(signing, suite)),
    }
    keys = {
        "signingExpansion": (suite.expansion, secrets.token_bytes(16)),
        "encryptionKey": codec.encryption_key(sealing, suite),
        "encryptionExpansion": (suite.expansion, secrets.token_bytes(16)),
    }
    request = {**like.request, "tbsCert": tbs, "additionalParams": ("original", keys)}
    return Order(secrets.token_bytes(8), None, request, like.count, None)

"""The ways in which a message can be false, and what a receiver must say to each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from sentinel.ca.v2x.station import Chosen
from sentinel.v2x.geo import Plane
from sentinel.v2x.scene.forged.payloads import Forgery, Say
from sentinel.v2x.scene.forged.town import Town

STEP = 0.1
"""s between messages."""
LATE = 300.0
"""s after which a message is sent again: longer than any of the scenes' aids lets it live."""
AWAY = 5_000.0
"""m from the receiver to where the signer out of its region may be."""
HONEST = 3
"""True messages of a scene."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is sent. `sent` is s, POSIX; `reason` the one that `v2x verify` has to give."""

    variant: str
    reason: str
    aid: int
    sent: float
    octets: bytes

    @property
    def verdict(self) -> str:
        return "accept" if self.reason == "ok" else "reject"


class Forger:
    """Makes the messages of one scene in a domain of its own, and a foreign one."""

    def __init__(self, forgery: Forgery, seed: int, town: Town, foreign: Town) -> None:
        self.forgery, self.town, self.foreign = forgery, town, foreign
        self.random = Random(f"{forgery.name}:{seed}")  # noqa: S311 - the same for the same seed
        self.latitude = round(30.0 + self.random.random(), 5)
        self.longitude = round(120.0 + self.random.random(), 5)
        self._start = town.at.timestamp()
        self._sent = 0

    def messages(self) -> Iterator[Message]:
        """All variants, in an order that the seed deals; what is replayed comes after what it repeats."""
        forgery, town, kind = self.forgery, self.town, self.forgery.kind
        aid, other = forgery.aid, forgery.other
        held = f"{aid}:{forgery.ssp}" if forgery.ssp else str(aid)
        honest, gone = self._honest("honest", held), self._honest("gone", held)
        town.revoke(gone)
        away = Plane(self.latitude, self.longitude).degrees(AWAY, 0.0)
        elsewhere = town.application("elsewhere", kind, held, f"{away[0]:.5f},{away[1]:.5f},500")
        old = town.application("old", kind, held, ended=True)
        unfit = town.application("unfit", kind, str(other))
        rogue = self.foreign.application("rogue", kind, held)
        makers: list[Callable[[], Message]] = [lambda: self._make("honest", "ok", honest)] * HONEST + [
            lambda: self._make("wrong-signer", "untrusted-chain", rogue, false=True),
            lambda: self._make("no-aid", "aid-not-permitted", unfit, false=True),
            lambda: self._make("other-aid", "aid-not-permitted", unfit, aid=other, false=True),
            lambda: self._make("expired", "expired", old, false=True),
            lambda: self._make("revoked", "revoked", gone, false=True),
            lambda: self._make("out-of-region", "out-of-region", elsewhere, false=True),
            lambda: self._make("implausible", "implausible", honest, false=True, impossible=True),
            lambda: self._make("replayed-late", "stale", honest, age=LATE),
        ]
        if forgery.ssp:
            plain = town.application("plain", kind, str(aid))
            makers.append(lambda: self._make("no-ssp", "ssp-insufficient", plain, false=True))
        self.random.shuffle(makers)
        true: list[Message] = []
        for make in makers:
            made = make()
            true += [made] if made.reason == "ok" else []
            yield made
        again = self.random.choice(true)
        yield replace(again, variant="replayed", reason="replayed", sent=self._next())

    def _honest(self, name: str, held: str) -> Chosen:
        if self.forgery.pseudonyms:
            return self.town.pseudonym(name, self.forgery.kind, held)
        return self.town.application(name, self.forgery.kind, held)

    def _next(self) -> float:
        self._sent += 1
        return self._start + self._sent * STEP

    def _make(
        self,
        variant: str,
        reason: str,
        by: Chosen,
        *,
        aid: int | None = None,
        age: float = 0.0,
        false: bool = False,
        impossible: bool = False,
    ) -> Message:
        sent = self._next()
        generated = sent - age
        say = Say(
            generated,
            self._sent,
            # a station keeps the identity of its certificate
            by.certificate.id8,
            self.latitude,
            self.longitude,
            false,
            impossible,
        )
        aid = self.forgery.aid if aid is None else aid
        at = datetime.fromtimestamp(generated, UTC)
        octets = self.town.sign(self.forgery.payload(say), by, aid, at)
        return Message(variant, reason, aid, sent, octets)

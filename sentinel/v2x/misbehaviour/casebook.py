"""The authority's cases: reports grouped by whom they are about, weighed, proposed, decided.

A report counts if its evidence shows again what it says (`report.confirmed`). Each reporter counts once for a
case, however often it reports; what it says is believed by half, of a roadside unit by three quarters, and
beliefs of several add up as independent ones do. Nothing is revoked here: a person or a policy decides.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from sentinel.ca.register.faults import told
from sentinel.ca.register.records import now
from sentinel.errors import UserError
from sentinel.model import database
from sentinel.model.disk import sync_folder
from sentinel.v2x.misbehaviour.report import Report, confirmed

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE "case" (
        target TEXT PRIMARY KEY, opened TEXT NOT NULL, state TEXT NOT NULL, belief REAL NOT NULL,
        reports INTEGER NOT NULL, decision TEXT, decided TEXT, operator TEXT, why TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE report (
        id TEXT PRIMARY KEY, target TEXT NOT NULL, reporter TEXT NOT NULL, day TEXT NOT NULL,
        belief REAL NOT NULL, reasons TEXT NOT NULL, document BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX report_target ON report (target, reporter);
    CREATE INDEX report_reporter ON report (reporter, day);
    """,
)
"""Tables of a casebook. Evidence is kept as it came."""

VEHICLE, ROADSIDE = 0.5, 0.75
"""Belief in one reporter."""

PROPOSED = 0.75
"""Belief from which on revocation is proposed: two vehicles, or one roadside unit."""

KEPT = 50
"""Reports kept of a case; more are counted."""

DAILY = 1_000
"""Reports of one reporter in a day; more are refused, or one could fill the disk."""

STATES = ("open", "proposed", "decided")
DECISIONS = ("revoke", "dismiss")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that is said of one certificate."""

    target: str
    opened: str
    state: str
    belief: float
    reports: int
    reporters: int
    reasons: list[str]
    decision: str | None = None
    decided: str | None = None
    operator: str | None = None
    why: str | None = None


class Casebook:
    """The open book of an authority: one SQLite file, what is said to be done is on the disk."""

    def __init__(self, path: Path) -> None:
        new = not path.exists()
        self.path = path
        with told(path):
            self._db: sqlite3.Connection = database.connect(path, "FULL")
            try:
                database.migrate(self._db, MIGRATIONS)
            except ValueError as error:
                self._db.close()
                raise UserError(f"{path}: {error}") from None
            except BaseException:
                self._db.close()
                raise
            if new:
                sync_folder(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def take(self, report: Report, borne_out: Sequence[str] | None = None) -> Case:
        """Take a report in: look at its evidence again, unless that was done and gave `borne_out`, and put
        it to its case. The same report again changes nothing."""
        borne_out = confirmed(report) if borne_out is None else borne_out
        belief = (ROADSIDE if report.roadside else VEHICLE) if borne_out else 0.0
        day = now()[:10]
        with told(self.path), database.transaction(self._db) as db:
            known = db.execute("SELECT target FROM report WHERE id = ?", (report.id,)).fetchone()
            if known is None:
                (today,) = db.execute(
                    "SELECT count(*) FROM report WHERE reporter = ? AND day = ?", (report.reporter, day)
                ).fetchone()
                if today >= DAILY:
                    raise UserError(f"{report.reporter}: {DAILY:,} reports today; no more are taken")
                db.execute(
                    """INSERT INTO "case" VALUES (?, ?, 'open', 0.0, 0, NULL, NULL, NULL, NULL)
                    ON CONFLICT DO NOTHING""",
                    (report.target, now()),
                )
                self._put(db, report, belief, borne_out, day)
        return self.case(known[0] if known else report.target)

    def _put(
        self, db: sqlite3.Connection, report: Report, belief: float, reasons: Sequence[str], day: str
    ) -> None:
        state, count = db.execute(
            """SELECT state, reports FROM "case" WHERE target = ?""", (report.target,)
        ).fetchone()
        kept = db.execute("SELECT count(*) FROM report WHERE target = ?", (report.target,)).fetchone()[0]
        if kept < KEPT:
            db.execute(
                "INSERT INTO report VALUES (?, ?, ?, ?, ?, ?, ?)",
                (report.id, report.target, report.reporter, day, belief, " ".join(reasons), report.encoded()),
            )
        doubt = 1.0
        for (most,) in db.execute(
            "SELECT max(belief) FROM report WHERE target = ? GROUP BY reporter", (report.target,)
        ):
            doubt *= 1.0 - most
        total = 1.0 - doubt
        if state != "decided":
            state = "proposed" if total >= PROPOSED else "open"
        db.execute(
            """UPDATE "case" SET state = ?, belief = ?, reports = ? WHERE target = ?""",
            (state, total, count + 1, report.target),
        )

    def case(self, target: str) -> Case:
        """The case of a certificate."""
        with told(self.path):
            found = self._db.execute("""SELECT * FROM "case" WHERE target = ?""", (target,)).fetchone()
        if found is None:
            raise UserError(f"{target}: no case of this certificate")
        return self._case(found)

    def _case(self, found: tuple[str, str, str, float, int, str, str, str, str]) -> Case:
        target, opened, state, belief, reports, decision, decided, operator, why = found
        reasons: dict[str, None] = {}
        reporters = set()
        for reporter, names in self._db.execute(
            "SELECT reporter, reasons FROM report WHERE target = ? AND belief > 0 ORDER BY id", (target,)
        ):
            reporters.add(reporter)
            reasons.update(dict.fromkeys(names.split()))
        return Case(
            target=target,
            opened=opened,
            state=state,
            belief=belief,
            reports=reports,
            reporters=len(reporters),
            reasons=[*reasons],
            decision=decision,
            decided=decided,
            operator=operator,
            why=why,
        )

    def cases(self, state: str | None = None, limit: int = 200) -> list[Case]:
        """Cases, those most believed first."""
        if state is not None and state not in STATES:
            raise UserError(f"{state}: no state of a case; there are {', '.join(STATES)}")
        with told(self.path):
            rows = self._db.execute(
                """SELECT * FROM "case" WHERE ?1 IS NULL OR state = ?1
                ORDER BY belief DESC, target LIMIT ?2""",
                (state, limit),
            ).fetchall()
            return [self._case(row) for row in rows]

    def evidence(self, target: str) -> list[bytes]:
        """The reports of a case as they came, those that are kept."""
        with told(self.path):
            rows = self._db.execute("SELECT document FROM report WHERE target = ? ORDER BY id", (target,))
            return [bytes(document) for (document,) in rows]

    def decide(self, target: str, decision: str, *, operator: str, why: str = "") -> Case:
        """Close a case: revoke or dismiss, by a person or a policy, once. What it entails is the caller's."""
        if decision not in DECISIONS:
            raise UserError(f"{decision}: no decision; there are {', '.join(DECISIONS)}")
        before = self.case(target)
        with told(self.path), database.transaction(self._db) as db:
            done = db.execute(
                """UPDATE "case" SET state = 'decided', decision = ?, decided = ?, operator = ?, why = ?
                WHERE target = ? AND state != 'decided'""",
                (decision, now(), operator, why, target),
            )
            if done.rowcount == 0:
                raise UserError(f"{target}: decided already ({before.decision} by {before.operator})")
        return self.case(target)

"""A new issuing CA under the root of a CA that is there: another key, another name, a folder of its own.

What the old issuing CA issued stays with it, its lists and its answers too, until all of it has ended. The
root's register is the old folder's: it records the new certificate, makes the root's list, and revokes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sentinel.ca import founding
from sentinel.ca.authority import Authority
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.register import Change, Register
from sentinel.ca.revocation import Actor
from sentinel.ca.x509 import certificate, names
from sentinel.ca.x509.rows import row_of_authority
from sentinel.errors import UserError


def found(
    folder: Path,
    plan: founding.Plan,
    old: Authority,
    passphrases: Passphrases,
    actor: Actor,
    take: Callable[[Change], tuple[str, ...]],
    more: Callable[[Path, Register], None] | None = None,
) -> None:
    """Make it in `folder`. `take` uses the approvals up in the transaction that puts the certificate into the
    root's register, which is done before the folder is there."""
    check(plan, old)
    root = old.certificate("root")

    def told(issuing: certificate.Certificate) -> None:
        subject = names.text(issuing.subject)
        if old.register.by_subject(subject):
            raise UserError(f"--name {plan.name}: the root has certified {subject}; choose another")
        row = row_of_authority(issuing, "issuing", actor.who)
        with old.register.transaction() as change:
            change.add(row, issuing.der)
            change.audit(
                "new-ca-key",
                who=actor.who,
                why=actor.why,
                source=actor.source,
                subject=row.serial,
                details={"name": row.subject, "profile": "issuing", "sha256": row.sha256},
                approvals=take(change),
            )

    above = founding.Above(root, old.signer("root"), old.charter.base_url, told)
    founding.found(folder, replace(plan, above=above), passphrases, more)


def check(plan: founding.Plan, old: Authority) -> None:
    """`UserError` if there can be no such CA: nothing needs to be approved for that to be seen."""
    root = old.certificate("root")
    if len(old.charter.members) < 2:
        raise UserError(f"{old.folder}: its root issues itself and lets no CA stand under it")
    if plan.algorithm != old.charter.algorithm:
        raise UserError(
            f"--algorithm {plan.algorithm}: the root is {old.charter.algorithm}, and so is all under it"
        )
    if not plan.intermediate:
        raise UserError("--no-intermediate: what comes under a root is an issuing CA", 2)
    left = (root.not_after - datetime.now(UTC)).days
    days = min(founding.ISSUING_DAYS, plan.days) if plan.issuing_days is None else plan.issuing_days
    if days > left:
        raise UserError(f"--issuing-days {days}: longer than the root's, which ends in {left} days")

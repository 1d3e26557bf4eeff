"""How a PKI comes to be: keys and certificates of its roles, a folder each, and its first root list."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentinel import _native
from sentinel.ca import files, operators
from sentinel.ca.audit import key as audit_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.register import Register
from sentinel.ca.v2x import certificate, charter, clock, codec, ctl, keyfiles
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.crl import LA_ID
from sentinel.ca.v2x.role import OWN, PEERS, REGISTER, Role, audit_passphrases
from sentinel.ca.v2x.suite import Suite, suite
from sentinel.errors import UserError
from sentinel.model.disk import sync_folder

DAYS = 7300
PUBLIC = "public"
TRUST, DOMAIN = "trust.oer", "domain.oer"
"""The root list, and the list of this domain's authorities."""

APP, ENROL = 0x80, 0x40
"""EndEntityType: certificates for applications, for enrolment."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be founded. `country` is an ISO 3166-1 number, 0 for none."""

    name: str
    profile: str = "ydt3957"
    roles: tuple[str, ...] = charter.ROLES
    country: int = 0
    days: int = DAYS
    who: str = ""
    time: clock.Scale = "tai"
    limits: charter.Limits = field(default_factory=charter.Limits)
    operators: dict[str, bytes] = field(default_factory=dict)
    """Who may approve what the misbehaviour authority and the list manager do, and their public keys."""


def found(
    folder: Path,
    plan: Plan,
    passphrases: Passphrases,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Make a PKI in `folder`, which must not be there or be empty. All of it is made in a folder beside and
    takes its name at the end: a crash leaves no half of one."""
    _check(folder, plan)
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(mode=0o700)
        _Founding(part, plan, passphrases, now).build()
        part.replace(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check(folder: Path, plan: Plan) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: is not an empty folder; give a new one with --dir")
    if not folder.parent.is_dir():
        raise UserError(f"{folder}: its folder {folder.parent} is not there")
    unknown = [role for role in plan.roles if role not in charter.ROLES]
    if unknown:
        raise UserError(f"--roles {unknown[0][:40]}: all, or some of {','.join(charter.ROLES)}", 2)
    if "root" not in plan.roles:
        raise UserError("--roles: a root is needed: the certificates of the other roles are its", 2)
    if not 1 <= plan.days <= charter.DAYS_MOST:
        raise UserError(f"--days {plan.days}: 1 to {charter.DAYS_MOST} are taken", 2)
    if not 0 <= plan.country <= 999:
        raise UserError(f"--region {plan.country}: a number of ISO 3166-1, 156 for China", 2)
    if not (0 < len(plan.name) <= charter.NAME_MOST and plan.name.isprintable()):
        raise UserError(
            f"--name {plan.name[:80]!r}: 1 to {charter.NAME_MOST} characters that can be shown", 2
        )


def permissions(role: str, chosen: Suite, la_id: int) -> dict[str, Any]:
    """What a role's certificate lets it do."""
    if role in ("root", "eca", "aca", "app"):
        kinds = ENROL if role == "eca" else APP + ENROL if role == "root" else APP
        group: dict[str, Any] = {"subjectPermissions": ("all", None)}
        if role == "root":
            group["chainLengthRange"] = 1
        if kinds != APP:
            group["eeType"] = bytes([kinds])
        issue: list[dict[str, Any]] | None = [group]
    else:
        issue = None
    kind = {"la1": "la", "la2": "la", "app": "aca", "lm": "root"}.get(role, role)
    told = {"ma": {"version": 1, "relevantPsids": []}, "la": {"version": 1, "laId": la_id}}
    ssp = codec.encode("ScmsSsp", (kind, told.get(kind, {"version": 1})), chosen)
    app: list[dict[str, Any]] = [{"psid": chosen.management, "ssp": ("opaque", ssp)}]
    if role == "ma":
        crls = {"version": 1, "associatedCraca": "issuerIsCraca", "crls": [1, 2, 3]}
        app.append({"psid": chosen.crl, "ssp": ("opaque", codec.encode("CrlSsp", crls, chosen))})
    return {"appPermissions": app, "certIssuePermissions": issue}


class _Founding:
    """One founding: what is made so far."""

    def __init__(self, part: Path, plan: Plan, passphrases: Passphrases, now: Callable[[], datetime]) -> None:
        self.part, self.plan, self.passphrases, self.now = part, plan, passphrases, now
        self.suite = suite(plan.profile)
        self.start = clock.time32(now(), plan.time)
        self.made: dict[str, Certificate] = {}
        self.keys: dict[str, _native.V2xKey] = {}

    def build(self) -> None:
        (self.part / PUBLIC).mkdir(mode=0o755)
        for role in charter.ROLES:
            if role in self.plan.roles:
                self._certify(role)
        for role in self.made:
            self._establish(role)
        if "lm" in self.made:
            with Role.open(self.part / "lm", self.passphrases) as lm:
                lm.clock = self.now
                files.write(
                    self.part / PUBLIC / TRUST,
                    ctl.add(lm, self.made["root"].octets, who=self.plan.who, founding=True),
                )
                below = [one for role, one in self.made.items() if role not in ("root", "lm")]
                files.write(self.part / PUBLIC / DOMAIN, ctl.domain_list(lm, below))

    def _certify(self, role: str) -> None:
        """Keys and certificate of a role. The root and the list manager sign themselves."""
        plan = self.plan
        folder = self.part / role
        for each in ("keys", PEERS, "audit"):
            (folder / each).mkdir(mode=0o700, parents=True)
        folder.chmod(0o700)
        key, sealing = _native.V2xKey.generate(plan.profile), _native.V2xKey.generate(plan.profile)
        words = self.passphrases.fresh(role)
        keyfiles.write(folder / "keys" / "sign.pem", key, words, self.suite)
        keyfiles.write(folder / "keys" / "encrypt.pem", sealing, words, self.suite)
        own = role in ("root", "lm")
        root = self.made.get("root")
        la_id = LA_ID.get(role, 0)
        tbs = certificate.to_be_signed(
            self.suite,
            key.public(),
            start=self.start,
            duration=certificate.duration(plan.days * 24),
            name=f"{plan.name} {role}",
            craca=bytes(3) if own or root is None else root.digest[-3:],
            region=certificate.country(plan.country) if plan.country else None,
            encryptionKey=codec.encryption_key(sealing.public(), self.suite),
            **permissions(role, self.suite, la_id),
        )
        issued = certificate.sign(tbs, key if own else self.keys["root"], None if own else root, self.suite)
        self.made[role], self.keys[role] = issued, key
        files.write(folder / OWN, issued.octets)
        files.write(self.part / PUBLIC / f"{role}.oer", issued.octets)
        told = charter.Charter(
            version=charter.VERSION,
            name=plan.name,
            profile=self.suite.name,
            role=role,
            time=plan.time,
            country=plan.country,
            la_id=la_id,
            limits=plan.limits,
        )
        files.write(folder / charter.FILE, told.text().encode())

    def _establish(self, role: str) -> None:
        """Register and audit of a role, and the certificates of the others it knows."""
        folder, plan = self.part / role, self.plan
        for other, issued in self.made.items():
            if other != role:
                files.write(folder / PEERS / f"{other}.oer", issued.octets)
        algorithm = self.suite.algorithm
        Register.create(folder / REGISTER, digest=audit_key.digest(algorithm)).close()
        audit_key.make(folder, algorithm, audit_passphrases(self.passphrases, role))
        with Role.open(folder, self.passphrases) as opened:
            opened.clock = self.now
            issuer = "root" if role not in ("root", "lm") else role
            with opened.transaction() as change:
                for name, issued in self.made.items():
                    if issuer == role and name in (role, *(() if role == "lm" else SIGNED)):
                        row = opened.row(issued, name)
                        change.add(row, issued.octets)
                        details = {"name": row.subject, "profile": name, "sha256": row.sha256}
                        change.audit("found", who=plan.who, subject=row.serial, details=details)
                for name, key in plan.operators.items() if role in APPROVING else ():
                    operators.add(change, name, key, role="administrator", who=plan.who)
                if issuer != role:
                    details = {"role": role, "certificate": self.made[role].id8}
                    change.audit("role", who=plan.who, details=details)


APPROVING = ("ma", "lm")
"""Roles whose operations may need approval."""

SIGNED = tuple(role for role in charter.ROLES if role not in ("root", "lm"))
"""Roles whose certificates are the root's."""

"""How a CA comes to be: keys, root and issuing certificate, charter, register, in one folder.

All of it is made in a folder beside and takes its name at the end: a crash leaves no half of a CA.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentinel.ca import charter, files
from sentinel.ca.audit import key as audit_key
from sentinel.ca.authority import REGISTER
from sentinel.ca.keys import PublicKey, Signer, generate
from sentinel.ca.keys.algorithms import ALGORITHMS
from sentinel.ca.keys.files import write_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.register import Register
from sentinel.ca.x509 import certificate, der, extensions, names
from sentinel.ca.x509.rows import row_of_authority
from sentinel.ca.x509.templates import locations
from sentinel.errors import UserError
from sentinel.model.disk import sync_folder

ROOT_DAYS = 7300
ISSUING_DAYS = 3650
_MOST_DAYS = 36525


@dataclass(frozen=True, slots=True)
class Above:
    """The root of a CA that is there, for a new issuing CA beside its own. `base_url` is where the root's
    list is served."""

    root: certificate.Certificate
    signer: Signer
    base_url: str
    told: Callable[[certificate.Certificate], None]
    """Called with the new certificate before it is anywhere: to put it into the root's register."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be founded. `permitted` and `excluded` are name constraints of the issuing CA."""

    name: str
    algorithm: str = "sm2"
    days: int = ROOT_DAYS
    issuing_days: int | None = None
    intermediate: bool = True
    base_url: str = ""
    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    policy: charter.Policy = field(default_factory=charter.Policy)
    who: str = ""
    tokens: tuple[tuple[str, str], ...] = ()
    """(role, `pkcs11:` URI) of keys that a token holds."""
    above: Above | None = None
    """Whose root it comes under; None makes one."""


def found(
    folder: Path,
    plan: Plan,
    passphrases: Passphrases,
    more: Callable[[Path, Register], None] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Make a CA in `folder`, which must not be there or be empty. `more` is called with the unfinished
    folder and the register, to put in what stands beside."""
    _check(folder, plan)
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(mode=0o700)
        _build(part, plan, passphrases, more, clock().replace(microsecond=0))
        part.replace(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check(folder: Path, plan: Plan) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "holds a CA already" if (folder / charter.FILE).exists() else "is not an empty folder"
        raise UserError(f"{folder}: {what}; give a new folder with --dir")
    if not folder.parent.is_dir():
        raise UserError(f"{folder}: its folder {folder.parent} is not there")
    if plan.algorithm not in ALGORITHMS:
        raise UserError(f"--algorithm {plan.algorithm}: not one of {', '.join(ALGORITHMS)}", 2)
    for flag, days in (("--days", plan.days), ("--issuing-days", plan.issuing_days)):
        if days is not None and not 1 <= days <= _MOST_DAYS:
            raise UserError(f"{flag} {days}: 1 to {_MOST_DAYS} are taken", 2)
    if plan.issuing_days is not None and plan.issuing_days > plan.days:
        raise UserError(f"--issuing-days {plan.issuing_days}: longer than the root's {plan.days}", 2)
    if plan.base_url and (
        not plan.base_url.startswith("http://")
        or not plan.base_url.isascii()
        or not plan.base_url.isprintable()
        or " " in plan.base_url
    ):
        # a CRL fetched over TLS may need itself to be checked (RFC 5280, section 8)
        raise UserError(
            f"--base-url {plan.base_url}: an http:// address; CRL and OCSP are signed themselves", 2
        )


def _build(
    part: Path,
    plan: Plan,
    passphrases: Passphrases,
    more: Callable[[Path, Register], None] | None,
    now: datetime,
) -> None:
    for name in ("keys", "profiles", "public"):
        (part / name).mkdir(mode=0o700)
    places = dict(plan.tokens)
    if plan.above is None:
        of_root = f"{plan.name} Root" if plan.intermediate and "=" not in plan.name else plan.name
        signer = _key(part, "root", plan, passphrases, places)
        root = _root(signer, names.parse(of_root), now, plan)
    else:
        signer, root = plan.above.signer, plan.above.root
    chain = [root]
    if plan.intermediate:
        issuing_name = _issuing_name(plan.name)
        subject = _key(part, "issuing", plan, passphrases, places)
        chain.insert(0, _issuing(subject, issuing_name, root, signer, now, plan))
    both: tuple[charter.Role, ...] = ("root", "issuing")
    roles = both[: len(chain)]
    members = tuple(
        charter.Member(role, one.sha256, places.get(role, f"keys/{role}.pem"))
        for role, one in zip(roles, reversed(chain), strict=True)
    )
    made = charter.Charter(
        charter.VERSION, plan.name, plan.algorithm, members, plan.base_url.rstrip("/"), plan.policy
    )
    files.write(part / "public" / "root.pem", files.pem(certificate.LABEL, root.der))
    bundle = b"".join(files.pem(certificate.LABEL, one.der) for one in chain)
    files.write(part / "public" / "chain.pem", bundle)
    register = Register.create(part / REGISTER, digest=audit_key.digest(plan.algorithm))
    try:
        register.signer = audit_key.make(part, plan.algorithm, passphrases, plan.policy.key_cipher)
        with register.transaction() as change:
            for role, one in zip(roles, reversed(chain), strict=True):
                row = row_of_authority(one, role, plan.who)
                change.add(row, one.der)
                change.audit(
                    "found",
                    who=plan.who,
                    source="cli",
                    subject=row.serial,
                    details={"name": row.subject, "profile": role, "sha256": row.sha256},
                )
        if more is not None:
            more(part, register)
        if plan.above is not None:
            plan.above.told(chain[0])
    finally:
        register.close()
    files.write(part / charter.FILE, made.text().encode())
    sync_folder(part)


def _issuing_name(name: str) -> names.Name:
    """The name of the issuing CA: that of the root, its common name told apart."""
    given = names.parse(name)
    return names.checked(tuple((key, f"{value} Issuing" if key == "CN" else value) for key, value in given))


def _key(part: Path, role: str, plan: Plan, passphrases: Passphrases, places: dict[str, str]) -> Signer:
    """A new key for a role, in its file or its token."""
    if role in places:
        from sentinel.ca.keys.pkcs11 import make_token_key

        return make_token_key(places[role], plan.algorithm, passphrases.get(role), part)
    key = generate(plan.algorithm)
    secret = passphrases.fresh(role)
    write_key(part / "keys" / f"{role}.pem", key, secret, plan.policy.key_cipher)
    return key


def _root(signer: Signer, name: names.Name, now: datetime, plan: Plan) -> certificate.Certificate:
    identifier = PublicKey(signer.spki()).identifier()
    encoded = names.encode(name)
    length = 1 if plan.intermediate else 0
    tbs = certificate.to_be_signed(
        certificate.new_serial(),
        signer.signature_algorithm(),
        encoded,
        _validity(now, plan.days),
        encoded,
        signer.spki(),
        extensions.authority_key(identifier),
        extensions.subject_key(identifier),
        extensions.key_usage(("keyCertSign", "cRLSign")),
        extensions.authority_constraints(length),
        *(() if plan.intermediate else _constraints(plan)),
    )
    return certificate.read(certificate.signed(tbs, signer))


def _issuing(
    subject: Signer,
    name: names.Name,
    root: certificate.Certificate,
    signer: Signer,
    now: datetime,
    plan: Plan,
) -> certificate.Certificate:
    days = min(ISSUING_DAYS, plan.days) if plan.issuing_days is None else plan.issuing_days
    base = (plan.base_url if plan.above is None else plan.above.base_url).rstrip("/")
    tbs = certificate.to_be_signed(
        certificate.new_serial(),
        signer.signature_algorithm(),
        root.subject_der,
        _validity(now, days),
        names.encode(name),
        subject.spki(),
        extensions.authority_key(root.subject_key),
        extensions.subject_key(PublicKey(subject.spki()).identifier()),
        extensions.key_usage(("keyCertSign", "cRLSign")),
        extensions.authority_constraints(0),
        *_constraints(plan),
        *(locations(base, "root") if base else ()),
    )
    return certificate.read(certificate.signed(tbs, signer))


def _constraints(plan: Plan) -> tuple[bytes, ...]:
    if not plan.permitted and not plan.excluded:
        return ()
    return (extensions.name_constraints(plan.permitted, plan.excluded),)


def _validity(now: datetime, days: int) -> bytes:
    return der.sequence(der.time(now), der.time(now + timedelta(days=days)))

"""Accounts: an operator makes one, with what it may ask for, and a client binds its key to it once.

What the operator hands over is the account's id and a secret (RFC 8555, 7.3.4: external account
binding, HS256). The secret is wiped when a key is bound; a second client with it is refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from sentinel.ca.register import Change, Register
from sentinel.ca.serve.acme import jwk
from sentinel.ca.serve.acme.problems import unauthorized
from sentinel.ca.x509 import altnames
from sentinel.errors import UserError

MOST = 10_000
"""Accounts of a CA, those that are waiting for their client included."""
MOST_DAYS = 3650
_SECRET = 32


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account. `names` (kind:value) are valid for it without a challenge. Times are RFC 3339 UTC."""

    id: str
    name: str
    profile: str
    by: str
    not_after: str
    """Until when a key may be bound to it."""
    status: str = "waiting"
    """waiting, valid or deactivated."""
    names: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    key: str = ""
    """JSON of its public key."""
    secret: str = ""
    """Base64url, until a key is bound."""

    @property
    def who(self) -> str:
        """How the register and the audit name it. No operator has a colon and this many digits."""
        return f"acme:{self.id}"

    def jwk(self) -> jwk.Jwk:
        return jwk.read(msgspec.json.decode(self.key))


_account = msgspec.json.Decoder(Account).decode


def make(
    change: Change,
    *,
    name: str,
    profile: str,
    names: Sequence[str],
    days: int,
    by: str,
    source: str = "cli",
) -> Account:
    """Make an account that waits for its client; `secret` is to be shown once."""
    if not 1 <= days <= MOST_DAYS:
        raise UserError(f"days {days}: from 1 to {MOST_DAYS:,}", 2)
    if not (0 < len(name) <= 128 and name.isprintable()):
        raise UserError("name: 1 to 128 characters that can be shown", 2)
    parsed = dict.fromkeys(map(altnames.parse, names))
    for kind, value in parsed:
        if kind not in ("dns", "ip") or value.startswith("*"):
            raise UserError(f"name {kind}:{value}: ACME knows dns:X and ip:X, without wildcards", 2)
    if len(parsed) > altnames.MOST_NAMES:
        raise UserError(f"names: {len(parsed)}, more than {altnames.MOST_NAMES}", 2)
    (count,) = change.db.execute("SELECT count(*) FROM acme_account").fetchone()
    if count >= MOST:
        raise UserError(f"account {name}: there are {MOST:,}, and no more are taken")
    account = Account(
        id=secrets.token_hex(8),
        name=name,
        profile=profile,
        by=by,
        not_after=(datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        names=tuple(map(altnames.text, parsed)),
        secret=jwk.written(secrets.token_bytes(_SECRET)),
    )
    change.db.execute("INSERT INTO acme_account VALUES (?, NULL, ?)", (account.id, _encoded(account)))
    details = {"for": name, "profile": profile, "names": account.names}
    change.audit("acme-account", who=by, source=source, subject=account.id, details=details)
    return account


def find(register: Register, id: str) -> Account | None:
    rows = register.query("SELECT document FROM acme_account WHERE id = ?", (id,))
    return _account(rows[0][0]) if rows else None


def by_key(register: Register, key: jwk.Jwk) -> Account | None:
    """The account that a key is bound to."""
    rows = register.query("SELECT document FROM acme_account WHERE thumbprint = ?", (key.thumbprint(),))
    return _account(rows[0][0]) if rows else None


def bind(change: Change, account: Account, key: jwk.Jwk, contact: tuple[str, ...], source: str) -> Account:
    """Bind a client's key to a waiting account. `AcmeError` if somebody was faster."""
    bound = msgspec.structs.replace(account, status="valid", key=key.text, contact=contact, secret="")
    done = change.db.execute(
        "UPDATE acme_account SET thumbprint = ?, document = ? WHERE id = ? AND thumbprint IS NULL",
        (key.thumbprint(), _encoded(bound), account.id),
    )
    if done.rowcount != 1:
        raise unauthorized(f"account {account.id}: a key is bound to it already")
    told = {"for": account.name, "key": key.thumbprint()}
    change.audit("acme-bind", who=account.who, source=source, subject=account.id, details=told)
    return bound


def save(change: Change, account: Account, action: str, source: str) -> None:
    """Keep an account that has a key, as it is now. `AcmeError` if it was removed."""
    key = account.jwk().thumbprint()
    done = change.db.execute(
        "UPDATE acme_account SET thumbprint = ?, document = ? WHERE id = ?",
        (key, _encoded(account), account.id),
    )
    if done.rowcount != 1:
        raise unauthorized(f"account {account.id}: was removed")
    told = {"for": account.name, "key": key, "status": account.status}
    change.audit(action, who=account.who, source=source, subject=account.id, details=told)


def remove(change: Change, id: str, *, who: str, source: str = "cli") -> None:
    """Take an account out with its orders; its certificates stay as they are."""
    if change.db.execute("DELETE FROM acme_account WHERE id = ?", (id,)).rowcount != 1:
        raise UserError(f"account {id[:64]}: not there")
    change.db.execute("DELETE FROM acme_order WHERE account = ?", (id,))
    change.audit("acme-remove", who=who, source=source, subject=id)


def every(register: Register) -> list[Account]:
    """All accounts, without their secrets."""
    rows = register.query("SELECT document FROM acme_account ORDER BY id LIMIT ?", (MOST,))
    return [msgspec.structs.replace(_account(row[0]), secret="") for row in rows]


def _encoded(account: Account) -> bytes:
    return msgspec.json.encode(account)

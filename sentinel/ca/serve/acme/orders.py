"""Orders, each with its authorizations (RFC 8555, 7.1.3, 7.1.4)."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sentinel.ca.register import Change, Register
from sentinel.ca.register.records import now
from sentinel.ca.serve.acme.accounts import Account
from sentinel.ca.serve.acme.problems import AcmeError
from sentinel.ca.x509 import altnames

MOST = 300
"""Orders of an account that have not ended."""
LIFE = timedelta(days=3)
"""From the order to its end, whatever became of it."""


class Authorization(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That an account speaks for a name (dns or ip): pending, valid, invalid or deactivated. One that has
    a `token` has an http-01 challenge; others were valid from the start."""

    kind: str
    value: str
    status: str
    token: str = ""
    validated: str = ""
    error: dict[str, Any] | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order. `serial` is that of its certificate, once it is there."""

    id: str
    account: str
    expires: str
    authorizations: tuple[Authorization, ...]
    serial: str = ""
    replaces: str = ""
    """Serial number of the certificate it takes the place of (RFC 9773, 5)."""

    @property
    def status(self) -> str:
        states = {one.status for one in self.authorizations}
        if self.serial:
            return "valid"
        if states & {"invalid", "deactivated"} or self.expires < now():
            return "invalid"
        return "ready" if states == {"valid"} else "pending"

    def names(self) -> tuple[altnames.AltName, ...]:
        return tuple((one.kind, one.value) for one in self.authorizations)


_order = msgspec.json.Decoder(Order).decode


def make(change: Change, account: Account, authorizations: tuple[Authorization, ...], replaces: str) -> Order:
    """Keep a new order. `AcmeError` if the account has too many; those that ended are forgotten here."""
    change.db.execute("DELETE FROM acme_order WHERE account = ? AND expires < ?", (account.id, change.at))
    (count,) = change.db.execute(
        "SELECT count(*) FROM acme_order WHERE account = ?", (account.id,)
    ).fetchone()
    if count >= MOST:
        raise AcmeError(
            429,
            "rateLimited",
            f"account {account.id}: has {MOST} orders; they end after {LIFE.days} days",
            ("retry-after", "3600"),
        )
    order = Order(
        id=secrets.token_hex(16),
        account=account.id,
        expires=(datetime.now(UTC) + LIFE).strftime("%Y-%m-%dT%H:%M:%SZ"),
        authorizations=authorizations,
        replaces=replaces,
    )
    change.db.execute(
        "INSERT INTO acme_order VALUES (?, ?, ?, ?)",
        (order.id, order.account, order.expires, msgspec.json.encode(order)),
    )
    return order


def find(register: Register, id: str) -> Order | None:
    rows = register.query("SELECT document FROM acme_order WHERE id = ?", (id,))
    return _order(rows[0][0]) if rows else None


def of(register: Register, account: Account) -> list[str]:
    """Ids of an account's orders that have not ended."""
    rows = register.query(
        "SELECT id FROM acme_order WHERE account = ? AND expires >= ? ORDER BY expires LIMIT ?",
        (account.id, now(), MOST),
    )
    return [id for (id,) in rows]


def authorize(change: Change, id: str, number: int, **new: Any) -> Order | None:
    """Change an authorization that is pending or valid, of an order without a certificate; None if there is
    no such order any more."""
    row = change.db.execute("SELECT document FROM acme_order WHERE id = ?", (id,)).fetchone()
    if row is None:
        return None
    order = _order(row[0])
    known = list(order.authorizations)
    if not order.serial and known[number].status in ("pending", "valid"):
        known[number] = msgspec.structs.replace(known[number], **new)
        order = msgspec.structs.replace(order, authorizations=tuple(known))
        _save(change, order)
    return order


def finish(change: Change, order: Order, serial: str) -> Order:
    """Note the certificate of an order, in the transaction that records it. `AcmeError` if the order is not
    ready any more, or what it replaces was replaced before."""
    row = change.db.execute("SELECT document FROM acme_order WHERE id = ?", (order.id,)).fetchone()
    if row is None or (order := _order(row[0])).status != "ready":
        raise AcmeError(403, "orderNotReady", f"order {order.id}: is not ready")
    if order.replaces:
        name = f"acme-replaced/{order.replaces}"
        if change.db.execute("SELECT 1 FROM state WHERE name = ?", (name,)).fetchone():
            raise replaced(order.replaces)
        change.put_state(name, serial.encode())
    order = msgspec.structs.replace(order, serial=serial)
    _save(change, order)
    return order


def replaced(serial: str) -> AcmeError:
    return AcmeError(409, "alreadyReplaced", f"replaces: certificate {serial} was replaced before")


def was_replaced(register: Register, serial: str) -> bool:
    return register.state(f"acme-replaced/{serial}") is not None


def _save(change: Change, order: Order) -> None:
    change.db.execute(
        "UPDATE acme_order SET document = ? WHERE id = ?", (msgspec.json.encode(order), order.id)
    )

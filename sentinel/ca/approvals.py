"""Approvals: grave operations wait until m operators have signed them, each with his own key.

What is signed are the operation and its arguments, who asked, the head of the audit when it was asked
and the end of the request. Nobody approves his own request. A request that has its approvals is carried
out by giving the same command again, once, and before it ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sentinel.ca import operators
from sentinel.ca.keys import Signer
from sentinel.ca.register import Change, Register
from sentinel.ca.register.records import now
from sentinel.errors import UserError

HOURS = 72
"""Hours that a request waits."""

OPEN_MOST = 100
"""Requests that wait at the most."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class PendingError(UserError):
    """An operation waits for approval; `request` is the id of its request."""

    def __init__(self, request: Request) -> None:
        left = request.needed - len(request.approved)
        super().__init__(
            f"{request.operation}: waits for {left} of {request.needed} approvals until {request.expires} "
            f"(`sentinel ca approve {request.id}`); then give the same command again",
            4,
        )
        self.request = request.id


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request. `size` and `root` are the audit's head when it was made; `state` is open, done, refused,
    or expired. `approved` names the operators whose signatures count."""

    id: str
    at: str
    operation: str
    arguments: dict[str, Any]
    requester: str
    size: int
    root: str
    expires: str
    needed: int
    state: str
    approved: tuple[str, ...] = ()

    def statement(self, origin: str, operator: str) -> bytes:
        """What an operator signs: a line each, ended by a newline."""
        lines = (
            "sentinel approval 1",
            origin,
            self.id,
            self.operation,
            _encode(self.arguments).decode(),
            _encode(self.requester).decode(),
            self.size,
            self.root,
            self.expires,
            _encode(operator).decode(),
        )
        return "".join(f"{line}\n" for line in lines).encode()


def demand(
    register: Register,
    operation: str,
    arguments: Mapping[str, Any],
    *,
    needed: int,
    who: str,
    source: str = "cli",
) -> Request | None:
    """The approved request for an operation; None if `needed` is 0.

    Without one it is asked for: `PendingError`, which exits with 4. What comes back is to be given to
    `take` in the transaction that does the operation.
    """
    if not needed:
        return None
    wanted = _encode(dict(arguments)).decode()
    found = register.query(
        f"SELECT {_COLUMNS} FROM request WHERE state = 'open' AND operation = ? AND arguments = ? "  # noqa: S608
        "AND requester = ? AND expires > ? ORDER BY at DESC LIMIT 1",
        (operation, wanted, who, now()),
    )
    if found:
        request = _request(register, found[0])
        # the policy of today counts, and that of the day it was asked
        if len(request.approved) >= max(needed, request.needed):
            return request
        raise PendingError(request)
    with register.transaction() as change:
        id = _ask(register, change, operation, wanted, needed, who, source)
    raise PendingError(get(register, id))


def _ask(
    register: Register, change: Change, operation: str, wanted: str, needed: int, who: str, source: str
) -> str:
    change.db.execute(
        "UPDATE request SET state = 'expired' WHERE state = 'open' AND expires <= ?", (change.at,)
    )
    (waiting,) = change.db.execute("SELECT count(*) FROM request WHERE state = 'open'").fetchone()
    if waiting >= OPEN_MOST:
        raise UserError(f"{operation}: {OPEN_MOST} requests wait already; approve or refuse some")
    id = secrets.token_hex(6)
    size = change.log.size
    expires = (datetime.now(UTC) + timedelta(hours=HOURS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    root = register.root(size).hex()
    change.db.execute(
        "INSERT INTO request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
        (id, change.at, operation, wanted, who, size, root, expires, needed),
    )
    details = {"operation": operation, "arguments": wanted, "needed": needed, "expires": expires}
    change.audit("request", who=who, source=source, subject=id, details=details)
    return id


def take(change: Change, request: Request | None) -> tuple[str, ...]:
    """Use an approved request up, in the transaction of its operation; the names for the audit's entry."""
    if request is None:
        return ()
    done = change.db.execute(
        "UPDATE request SET state = 'done' WHERE id = ? AND state = 'open' AND expires > ?",
        (request.id, change.at),
    )
    if done.rowcount != 1:
        raise UserError(f"request {request.id}: was used, refused, or has expired; ask again")
    return (request.id, *request.approved)


def approve(register: Register, id: str, name: str, signer: Signer, source: str = "cli") -> Request:
    """Approve a request as an operator, with his key."""
    request = _open(register, id, name)
    _, key = _operator(register, request, name)
    if signer.spki() != key.spki:
        raise UserError(f"operator {name}: the key is not the one entered for him")
    algorithm = signer.signature_algorithm()
    signature = signer.sign(request.statement(register.origin, name))
    with register.transaction() as change:
        change.db.execute(
            "INSERT OR REPLACE INTO approval VALUES (?, ?, ?, ?, ?)",
            (id, name, change.at, algorithm, signature),
        )
        details = {"operation": request.operation, "signature": signature.hex()}
        change.audit("approve", who=name, source=source, subject=id, details=details)
    return get(register, id)


def refuse(
    register: Register, id: str, name: str, signer: Signer, why: str = "", source: str = "cli"
) -> Request:
    """Refuse a request as an operator: it ends."""
    request = _open(register, id, name)
    _, key = _operator(register, request, name)
    if signer.spki() != key.spki:
        raise UserError(f"operator {name}: the key is not the one entered for him")
    signature = signer.sign(b"refused\n" + request.statement(register.origin, name))
    with register.transaction() as change:
        change.db.execute("UPDATE request SET state = 'refused' WHERE id = ?", (id,))
        details = {"operation": request.operation, "signature": signature.hex()}
        change.audit("refuse", who=name, source=source, why=why, subject=id, details=details)
    return get(register, id)


def _open(register: Register, id: str, name: str) -> Request:
    request = get(register, id)
    if request.state != "open":
        raise UserError(f"request {id}: is {request.state}; ask again by giving its command")
    if request.requester == name:
        raise UserError(f"request {id}: {name} asked for it, and nobody approves his own request")
    return request


def _operator(register: Register, request: Request, name: str) -> tuple[str, Any]:
    found = operators.find(register, name)
    if found is None:
        raise UserError(f"operator {name[:80]}: there is none; `sentinel ca operators` lists them")
    if found[0] not in operators.APPROVING:
        raise UserError(f"operator {name}: an {found[0]} does not approve or refuse")
    return found


def get(register: Register, id: str) -> Request:
    """A request. `UserError` if there is none."""
    found = register.query(f"SELECT {_COLUMNS} FROM request WHERE id = ?", (id,))  # noqa: S608
    if not found:
        raise UserError(f"request {id[:40]}: there is none; `sentinel ca requests` lists them")
    return _request(register, found[0])


def every(register: Register, limit: int = 200) -> list[Request]:
    """Requests, the newest first."""
    sql = f"SELECT {_COLUMNS} FROM request ORDER BY at DESC, id LIMIT ?"  # noqa: S608
    return [_request(register, row) for row in register.query(sql, (limit,))]


_COLUMNS = "id, at, operation, arguments, requester, size, root, expires, needed, state"


def _request(register: Register, row: tuple[Any, ...]) -> Request:
    """A request from its row. Only signatures that are right today count, over the audit as it is today."""
    id, at, operation, arguments, requester, size, root, expires, needed, state = row
    request = Request(
        id=id,
        at=at,
        operation=operation,
        arguments=msgspec.json.decode(arguments),
        requester=requester,
        size=size,
        root=root,
        expires=expires,
        needed=needed,
        state="expired" if state == "open" and expires <= now() else state,
    )
    approved = []
    for name, algorithm, signature in register.query(
        "SELECT operator, algorithm, signature FROM approval WHERE request = ? ORDER BY at, operator", (id,)
    ):
        found = operators.find(register, name)
        if found is None or found[0] not in operators.APPROVING or name == requester:
            continue
        if found[1].verify(algorithm, request.statement(register.origin, name), signature):
            approved.append(name)
    if approved and register.root(size).hex() != root:
        approved = []  # the audit is not the one that was approved
    return msgspec.structs.replace(request, approved=tuple(approved))

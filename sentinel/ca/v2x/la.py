"""A linkage authority: one of the two halves of every linkage value. It never knows whose.

A chain of values is for one vehicle, whichever: the registration authority knows which, and cannot read the
values. Seeds are made of the authority's key and the chain's name, so that none stands in a file.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from sentinel import _native
from sentinel.ca.v2x import codec, pdu, secured, tracing
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.role import Role
from sentinel.ca.v2x.transport import Transport
from sentinel.errors import UserError

PERIODS_MOST = 520
CHAIN = 16
"""Octets of a chain's name."""

_TOLD = "shared-with-aca"


class LinkageAuthority:
    """Makes chains, and continues them."""

    def __init__(self, role: Role, transport: Transport) -> None:
        self.role, self.transport = role, transport
        self.id = role.charter.la_id.to_bytes(2)

    def handle(self, octets: bytes) -> bytes:
        """Answer the registration authority's request for one chain, new or continued."""
        role = self.role
        found = secured.read(octets, role.suite, "request")
        if role.knows("ma") and found.signer == role.peer("ma").id8:
            return self._seeds(secured.verify(found, role.peer("ma"), role.suite, "request"))
        asked = secured.verify(found, role.peer("ra"), role.suite, "request")
        form, told = pdu.unwrap(asked, "praLaLinkageValueRequest", role.suite)
        if form != "individualLVRequest":
            raise UserError(f"request: {form}; values of groups are not made here")
        first, last = told["header"]["iMin"], told["header"]["iMax"]
        if not first <= last < first + PERIODS_MOST:
            raise UserError(f"request: periods {first} to {last}; {PERIODS_MOST} at the most")
        shared = self._shared()
        chain, start = self._chain(told, first)
        return role.signed(
            _native.v2x_linkage_answer(
                role.suite.name,
                authority=self.id,
                first=start,
                seed=self.seed(chain),
                shared=shared,
                own=self._derived(b"names")[:16],
                chain=chain,
                start=first,
                periods=last - first + 1,
                count=told["jMax"],
            )
        )

    def _seeds(self, octets: bytes) -> bytes:
        """Answer the misbehaviour authority: seeds from now on."""
        role = self.role
        asked = pdu.unwrap(octets, "maLaLinkageSeedRequest", role.suite)
        tracing.quota(role, "seeds")
        hash = role.suite.digest(octets)[-8:]
        told = {"requestHash": hash, **tracing.seeds(role, asked, self.seed)}
        return role.signed(pdu.wrap("la-ma", "laMaLinkageSeedResponse", told, role.suite))

    def _chain(self, told: dict[str, Any], first: int) -> tuple[bytes, int]:
        """Name of the chain that is asked for, and the period it begins with."""
        role = self.role
        continued = told.get("continuationsInd")
        if continued:
            try:
                sealed = codec.encode("EncryptedData", continued[0], role.suite)
                chain = _native.v2x_open_shared(role.suite.name, sealed, self._derived(b"names")[:16])
            except ValueError as error:
                raise UserError(f"request: no chain of this authority: {error}") from None
            rows = role.register.query("SELECT first FROM v2x_chain WHERE id = ?", (chain,))
            if not rows:
                raise UserError("request: no chain of this authority")
            return chain, rows[0][0]
        chain = secrets.token_bytes(CHAIN)
        with role.transaction() as change:
            change.db.execute("INSERT INTO v2x_chain VALUES (?, ?)", (chain, first))
            change.audit("chain", who="ra", source="pdu", subject=chain.hex(), details={"first": first})
        return chain, first

    def seed(self, chain: bytes) -> bytes:
        """Seed of a chain in its first period."""
        return self._derived(b"seed" + chain)[:16]

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.digest(self.role.key("encrypt").secret(), purpose, hashlib.sha256)

    def _shared(self) -> bytes:
        """The key that hides values from the registration authority. The pseudonym CA is told it once,
        signed, and encrypted to its certificate."""
        role, aca = self.role, self.role.peer("aca")
        shared = self._derived(b"shared" + aca.digest)[:16]
        if role.register.state(_TOLD) != aca.digest:
            self._tell(aca, shared)
        return shared

    def _tell(self, aca: Certificate, shared: bytes) -> None:
        role = self.role
        inner = _native.v2x_unsecured(role.suite.name, shared)
        self.transport.send("aca", role.signed(secured.seal(inner, aca, role.suite)))
        with role.transaction() as change:
            change.put_state(_TOLD, aca.digest)
            change.audit("shared-key", who=role.name, source="pdu", subject=aca.serial)

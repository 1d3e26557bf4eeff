"""Accounts over the wire: joining with an external binding, changes, a new key (RFC 8555, 7.3)."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from sentinel.ca.register import Register
from sentinel.ca.register.records import now
from sentinel.ca.serve.acme import accounts, jwk, jws, views
from sentinel.ca.serve.acme.accounts import Account
from sentinel.ca.serve.acme.calls import Call, decoded
from sentinel.ca.serve.acme.problems import AcmeError, malformed, unauthorized
from sentinel.ca.serve.web import Reply, json, told

_CONTACTS, _CONTACT = 5, 256


class _New(msgspec.Struct, frozen=True, rename="camel"):
    contact: tuple[str, ...] | None = None
    only_return_existing: bool = False
    external_account_binding: dict[str, Any] | None = None


class _Update(msgspec.Struct, frozen=True):
    contact: tuple[str, ...] | None = None
    status: str | None = None


class _KeyChange(msgspec.Struct, frozen=True, rename="camel"):
    account: str
    old_key: dict[str, Any]


def join(register: Register, call: Call) -> Reply:
    """The account of a key; a new one where the request is bound to one that an operator made."""
    asked = call.decoded(_New)
    known = accounts.by_key(register, call.key)
    if known is not None:
        if known.status != "valid":
            raise unauthorized(f"account {known.id}: is {known.status}")
        return _shown(call, known, 200)
    if asked.only_return_existing:
        raise AcmeError(400, "accountDoesNotExist", "this key has no account")
    if asked.external_account_binding is None:
        raise AcmeError(
            403,
            "externalAccountRequired",
            "externalAccountBinding: is needed; the operator makes one with `sentinel ca acme --new`",
        )
    account = _bound(register, call, asked.external_account_binding)
    contact = _contact(asked.contact)
    with register.transaction() as change:
        account = accounts.bind(change, account, call.key, contact, call.request.peer)
    return _shown(call, account, 201)


def _bound(register: Register, call: Call, given: dict[str, Any]) -> Account:
    """The account that a binding names (7.3.4): a MAC by its secret over the client's key."""
    binding = _inner(given, "externalAccountBinding")
    if binding.kid is None or binding.nonce is not None:
        raise malformed("externalAccountBinding: its header has kid, alg and url alone")
    if binding.algorithm != "HS256":
        raise AcmeError(
            400,
            "badSignatureAlgorithm",
            f"externalAccountBinding: alg {binding.algorithm[:20]!r}; HS256 is taken",
            algorithms=("HS256",),
        )
    account = accounts.find(register, binding.kid)
    secret = jwk.octets(account.secret, "secret") if account is not None else b""
    if account is None or not secret or account.not_after < now() or not binding.check_mac(secret):
        raise unauthorized(
            "externalAccountBinding: not known; it was used, taken back, has ended, or its key is another"
        )
    if binding.url != call.signed.url:
        raise malformed("externalAccountBinding: its url is that of new-account")
    if jwk.read(decoded(binding.payload, dict), "externalAccountBinding.payload").text != call.key.text:
        raise malformed("externalAccountBinding: holds another key than the request is signed with")
    return account


def _inner(given: dict[str, Any], name: str) -> jws.Signed:
    try:
        return jws.read(given, name)
    except msgspec.ValidationError as error:
        raise malformed(f"{name}: {told(error)}") from None


def update(register: Register, call: Call) -> Reply:
    """Show an account, change its contacts, or deactivate it for good (7.3.2, 7.3.6)."""
    account = call.known()
    if call.signed.payload:
        asked = call.decoded(_Update)
        if asked.status not in (None, "valid", "deactivated"):
            raise malformed(f"status {asked.status!r:.40}: deactivated is all that can be asked for")
        new = account
        if asked.contact is not None:
            new = msgspec.structs.replace(new, contact=_contact(asked.contact))
        if asked.status == "deactivated":
            new = msgspec.structs.replace(new, status="deactivated")
        if new != account:
            action = "acme-deactivate" if new.status == "deactivated" else "acme-contact"
            with register.transaction() as change:
                accounts.save(change, new, action, call.request.peer)
        account = new
    return _shown(call, account, 200)


def rekey(register: Register, call: Call) -> Reply:
    """Another key for an account: the request holds one signed by the new key (7.3.5)."""
    inner = jws.read(call.signed.payload, "payload")
    if inner.key is None or inner.nonce is not None:
        raise malformed("payload: its header has jwk, alg and url alone")
    inner.check(inner.key)
    if inner.url != call.signed.url:
        raise malformed("payload: its url is that of the request")
    asked, account = decoded(inner.payload, _KeyChange), call.known()
    if asked.account != f"{call.base}account/{account.id}":
        raise malformed("account: another one signed this")
    if jwk.read(asked.old_key, "oldKey").text != account.key:
        raise malformed("oldKey: is not the account's key")
    other = accounts.by_key(register, inner.key)
    if other is not None:
        raise AcmeError(
            409, "malformed", "key: has an account already", ("location", f"{call.base}account/{other.id}")
        )
    new = msgspec.structs.replace(account, key=inner.key.text)
    with register.transaction() as change:
        try:
            accounts.save(change, new, "acme-rekey", call.request.peer)
        except sqlite3.IntegrityError:
            raise AcmeError(409, "malformed", "key: has an account already") from None
    return _shown(call, new, 200)


def _contact(given: tuple[str, ...] | None) -> tuple[str, ...]:
    contact = given or ()
    if len(contact) > _CONTACTS:
        raise AcmeError(400, "invalidContact", f"contact: {len(contact)}; {_CONTACTS} at the most")
    for one in contact:
        if not one.startswith("mailto:"):
            raise AcmeError(400, "unsupportedContact", f"contact {one[:60]!r}: mailto: is taken")
        if len(one) > _CONTACT or not (one.isascii() and one.isprintable()) or set(one) & set(",? "):
            raise AcmeError(400, "invalidContact", f"contact {one[:60]!r}: one address in ASCII")
    return contact


def _shown(call: Call, account: Account, status: int) -> Reply:
    where = f"{call.base}account/{account.id}"
    return json(views.account(call.base, account), status, ("location", where))

"""What clients are shown: directory, accounts, orders, authorizations, challenges (RFC 8555, 7.1)."""

from __future__ import annotations

from typing import Any

from sentinel.ca.serve.acme.accounts import Account
from sentinel.ca.serve.acme.orders import Authorization, Order


def directory(base: str) -> dict[str, Any]:
    return {
        "newNonce": f"{base}new-nonce",
        "newAccount": f"{base}new-account",
        "newOrder": f"{base}new-order",
        "revokeCert": f"{base}revoke-cert",
        "keyChange": f"{base}key-change",
        "renewalInfo": f"{base}renewal-info",
        "meta": {"externalAccountRequired": True},
    }


def account(base: str, one: Account) -> dict[str, Any]:
    return {"status": one.status, "contact": one.contact, "orders": f"{base}account/{one.id}/orders"}


def order(base: str, one: Order) -> dict[str, Any]:
    out: dict[str, Any] = {
        "status": one.status,
        "expires": one.expires,
        "identifiers": [_identifier(each) for each in one.authorizations],
        "authorizations": [f"{base}authorization/{one.id}-{n}" for n in range(len(one.authorizations))],
        "finalize": f"{base}order/{one.id}/finalize",
    }
    if one.serial:
        out["certificate"] = f"{base}certificate/{one.serial}"
    if one.replaces:
        out["replaces"] = one.replaces
    fault = next((each.error for each in one.authorizations if each.error), None)
    if fault is not None:
        out["error"] = fault
    return out


def authorization(base: str, one: Order, number: int, *, trying: bool) -> dict[str, Any]:
    found = one.authorizations[number]
    return {
        "status": found.status,
        "expires": one.expires,
        "identifier": _identifier(found),
        "challenges": [challenge(base, one, number, trying=trying)] if found.token else [],
    }


def challenge(base: str, one: Order, number: int, *, trying: bool) -> dict[str, Any]:
    found = one.authorizations[number]
    state = "processing" if trying and found.status == "pending" else found.status
    out: dict[str, Any] = {
        "type": "http-01",
        "url": f"{base}challenge/{one.id}-{number}",
        "status": "valid" if state == "deactivated" else state,
        "token": found.token,
    }
    if found.validated:
        out["validated"] = found.validated
    if found.error:
        out["error"] = found.error
    return out


def _identifier(one: Authorization) -> dict[str, str]:
    return {"type": one.kind, "value": one.value}

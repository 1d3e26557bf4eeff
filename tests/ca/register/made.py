"""Certificates for tests of the register: rows without a signature."""

from __future__ import annotations

import hashlib

from sentinel.ca.register import Certificate, Entry, Register


def encoded(number: int) -> bytes:
    """What stands for the DER of a certificate."""
    return f"certificate {number}".encode()


def certificate(number: int, **other: object) -> Certificate:
    """A certificate, always the same for its number."""
    digest = hashlib.sha256(encoded(number)).hexdigest()
    facts: dict[str, object] = {
        "serial": f"4{digest[:39]}",
        "subject": f"CN=device-{number:07},O=Plant",
        "issuer": "CN=Issuing CA",
        "algorithm": "p256",
        "profile": "device",
        "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2099-01-01T00:00:00Z",
        "sha256": digest,
        "spki_sha256": hashlib.sha256(f"key {number}".encode()).hexdigest(),
        "requester": "alice",
    }
    return Certificate(**{**facts, **other})  # type: ignore[arg-type]


def entry(number: int) -> Entry:
    """The entry of the audit that goes with a certificate."""
    c = certificate(number)
    return Entry(
        at="2026-01-01T00:00:00Z", action="issue", who="alice", subject=c.serial, details={"sha256": c.sha256}
    )


def put(register: Register, count: int, first: int = 0) -> None:
    """Add certificates in one transaction."""
    register.commit_many([(certificate(n), encoded(n), entry(n)) for n in range(first, first + count)])

"""The register: every certificate the CA ever made, and the audit of everything it did, in one file.

What a certificate needs to be released - its row and its entry of the audit - is one transaction, on the
disk when `Register.transaction` has ended (SQLite, WAL, synchronous=FULL).
"""

from __future__ import annotations

from sentinel.ca.register.book import Register
from sentinel.ca.register.change import Change
from sentinel.ca.register.records import KEYS, REASONS, STATES, Certificate, Entry, Revoked, now

__all__ = ["KEYS", "REASONS", "STATES", "Certificate", "Change", "Entry", "Register", "Revoked", "now"]

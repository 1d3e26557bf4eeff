"""Responders of OCSP: keys that a CA lets answer for it, each with a certificate that lasts a few days.

Key and certificate lie in one file, so that they always belong together; a new one takes its place in time.
The CA's own key is needed for that alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.keys import Signer, generate
from sentinel.ca.keys.files import key_pem, read_key
from sentinel.ca.x509 import certificate, names
from sentinel.ca.x509.order import Issued, Order
from sentinel.errors import UserError

PROFILE = "ocsp"
KEY = "ocsp"
"""Name of the passphrase of a responder's key."""


@dataclass(frozen=True, slots=True)
class Delegate:
    """A key that answers for a CA, and its certificate."""

    signer: Signer
    certificate: certificate.Certificate

    def lasts(self, now: datetime) -> bool:
        """Whether it need not be replaced yet: more than a third of its time is left."""
        begin, end = self.certificate.not_before, self.certificate.not_after
        return begin - timedelta(minutes=5) <= now < end - (end - begin) / 3


def place(folder: Path, role: str) -> Path:
    """The file of the responder of a CA."""
    return folder / "keys" / ("ocsp.pem" if role == "issuing" else f"ocsp-{role}.pem")


def delegate(authority: Authority, role: str, now: datetime) -> Delegate:
    """The responder of a CA, a new one if there is none that lasts.

    Where the CA's key is away one that has not ended yet goes on; `UserError` when that has ended too.
    """
    role = authority.charter.member(role).role
    there = _read(authority, role)
    if there is not None and there.lasts(now):
        return there
    try:
        return _make(authority, role)
    except UserError:
        if there is not None and there.certificate.not_before <= now < there.certificate.not_after:
            return there
        raise


def _read(authority: Authority, role: str) -> Delegate | None:
    """The one in the file, None if there is none, or one that is not of this CA or no longer in force."""
    path = place(authority.folder, role)
    if not path.is_file():
        return None
    [(_, data), *_] = files.unpem(files.read(path), certificate.LABEL, name=path)
    found = certificate.read(data)
    row = authority.register.by_fingerprint(found.sha256)
    if row is None or row.state != "valid" or not found.signed_by(authority.certificate(role).key):
        return None
    signer = read_key(path, _passphrase(authority))
    return Delegate(signer, found) if signer.spki() == found.spki else None


def _make(authority: Authority, role: str) -> Delegate:
    key = generate(authority.charter.algorithm)
    subject = names.parse(f"{names.common_name(authority.certificate(role).subject)[:59]} OCSP")
    order = Order(
        PROFILE, key=key.spki(), subject=subject, who="sentinel", source="self", why="responder of OCSP"
    )
    [answer] = authority.issuer(role).issue([order])
    if not isinstance(answer, Issued):
        raise UserError(f"responder of OCSP: {answer.reason}")
    secret = _passphrase(authority) or authority.passphrase(KEY)
    text = key_pem(key, secret, authority.charter.policy.key_cipher) + files.pem(
        certificate.LABEL, answer.der
    )
    files.write(place(authority.folder, role), text, secret=True, force=True)
    return Delegate(key, certificate.read(answer.der))


def _passphrase(authority: Authority) -> bytes | None:
    """That of the responder's key: its own, or that of the issuing key where it has none."""
    return authority.known_passphrase(KEY) or authority.known_passphrase("issuing")

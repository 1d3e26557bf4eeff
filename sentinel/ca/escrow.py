"""Escrow: encryption keys of TLCP pairs that are kept, for the day their holder has lost them.

Off unless the charter's policy names an escrow key. Then each key is wrapped with that key's public half
(SM2EnvelopedKey, GB/T 35276) and put into the register in the transaction that records its certificate.
The private half is needed for a release alone and can be taken away, as the root's. What is released is
wrapped anew for who gets it: nobody sees it in the open, and there is a line of the audit before it is out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from sentinel import _native
from sentinel.ca import charter, files
from sentinel.ca.authority import Authority
from sentinel.ca.keys import PublicKey, generate
from sentinel.ca.keys.files import read_key, write_key
from sentinel.ca.keys.software import Sm2Key
from sentinel.ca.register import Certificate, Change
from sentinel.ca.revocation import Actor
from sentinel.ca.x509 import certificate, envelope
from sentinel.ca.x509.rows import ESCROW
from sentinel.errors import UserError

SECRET, PUBLIC = Path("keys", "escrow.pem"), Path("public", "escrow.pem")
LABEL = "PUBLIC KEY"
KEY = "escrow"
"""Name of the key's passphrase."""

Take = Callable[[Change], tuple[str, ...]]
"""Uses the approvals of an operation up, in its transaction; who approved."""


def establish(authority: Authority, actor: Actor, take: Take) -> str:
    """Make the escrow key and switch escrow on in the charter; the key's SHA-256. `UserError` if it is on."""
    folder = authority.folder
    if authority.charter.policy.escrow:
        raise UserError(f"{folder / charter.FILE}: escrow is on already")
    key = generate("sm2")
    digest = PublicKey(key.spki()).sha256()
    write_key(folder / SECRET, key, authority.passphrase(KEY), authority.charter.policy.key_cipher)
    files.write(folder / PUBLIC, files.pem(LABEL, key.spki()), force=True)
    with authority.register.transaction() as change:
        change.audit(
            "escrow",
            who=actor.who,
            why=actor.why,
            source=actor.source,
            subject=digest,
            approvals=take(change),
        )
    # the switch last: nothing is wrapped for a key that is not there
    policy = msgspec.structs.replace(authority.charter.policy, escrow=digest)
    made = msgspec.structs.replace(authority.charter, policy=policy)
    files.write(folder / charter.FILE, made.text().encode(), force=True)
    return digest


def held(authority: Authority, serial: str) -> tuple[Certificate, bytes]:
    """The encryption certificate of a pair by the serial of either, and its wrapped key."""
    row = authority.register.certificate(serial)
    if row is None:
        raise UserError(f"serial {serial[:64]}: this CA has no such certificate")
    register = authority.register
    for one in [row] if row.pair_id is None else register.pair(row.pair_id):
        for same in register.by_key(one.spki_sha256 or ""):  # a renewal keeps the key
            sealed = register.state(ESCROW + same.serial)
            if sealed is not None:
                return one, sealed
    raise UserError(f"serial {serial}: no key of it is in escrow")


def release(
    authority: Authority, serial: str, recipient: PublicKey, actor: Actor, take: Take
) -> tuple[str, bytes]:
    """The key wrapped for `recipient` (SM2EnvelopedKey, DER) and the serial of its certificate. When this
    returns the audit has an entry of it, on the disk."""
    if not actor.why:
        raise UserError("escrow release: say for what it is released (--why), for the audit", 2)
    if recipient.algorithm != "sm2":
        raise UserError(f"escrow release: to an SM2 key, not {recipient.algorithm}")
    row, sealed = held(authority, serial)
    public, secret = envelope.unseal(sealed, _native.Sm2Key(_unlocked(authority).secret))
    data = authority.register.encoded(row.serial)
    if data is None or certificate.read(data).key.octets != public:
        raise UserError(f"serial {row.serial}: what is in escrow is not the key of its certificate")
    out = envelope.seal(_native.sm2_decompress(recipient.octets), public, secret)
    with authority.register.transaction() as change:
        change.audit(
            "escrow-release",
            who=actor.who,
            why=actor.why,
            source=actor.source,
            subject=row.serial,
            details={"name": row.subject, "to": recipient.sha256()},
            approvals=take(change),
        )
    return row.serial, out


def _unlocked(authority: Authority) -> Sm2Key:
    path = authority.folder / SECRET
    if not path.is_file():
        raise UserError(f"{path}: the escrow key is not here; bring it back for this operation")
    key = read_key(path, authority.known_passphrase(KEY))
    expected = authority.charter.policy.escrow
    if not isinstance(key, Sm2Key) or PublicKey(key.spki()).sha256() != expected:
        raise UserError(f"{path}: not the escrow key that {charter.FILE} names")
    return key

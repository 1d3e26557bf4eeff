"""Keys of roles and stations in files: PKCS#8, as those of the X.509 CA."""

from __future__ import annotations

from pathlib import Path

from sentinel import _native
from sentinel.ca import files
from sentinel.ca.keys import PublicKey, SoftwareKey
from sentinel.ca.keys.files import read_key, write_key
from sentinel.ca.keys.software import from_secret
from sentinel.ca.v2x.suite import Suite
from sentinel.errors import UserError


def write(path: Path, key: _native.V2xKey, passphrase: bytes | None, suite: Suite) -> None:
    """Write a key, 0600; in the open where `passphrase` is None."""
    write_key(path, from_secret(suite.algorithm, key.secret()), passphrase)


def read(path: Path, passphrase: bytes | None, suite: Suite) -> _native.V2xKey:
    """Read a key. `UserError` for one of another algorithm."""
    found: SoftwareKey = read_key(path, passphrase)
    if found.algorithm != suite.algorithm:
        raise UserError(f"{path}: a key of {found.algorithm}; profile {suite.name} has {suite.algorithm}")
    return _native.V2xKey(suite.name, found.secret)


def read_public(path: Path, suite: Suite) -> bytes:
    """A public key (PEM, SubjectPublicKeyInfo), compressed. `UserError` for one of another algorithm."""
    found = PublicKey(files.unpem(files.read(path), "PUBLIC KEY", name=path)[0][1])
    if found.algorithm != suite.algorithm:
        raise UserError(f"{path}: a key of {found.algorithm}; profile {suite.name} has {suite.algorithm}")
    octets = found.octets
    return octets if len(octets) == COMPRESSED else bytes([2 + (octets[-1] & 1)]) + octets[1:COMPRESSED]


COMPRESSED = 33
"""Octets of a compressed key: 02 or 03, x."""

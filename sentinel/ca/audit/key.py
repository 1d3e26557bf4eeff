"""The key of the audit's heads: made with the CA, kept apart from its other keys' passphrases if wanted."""

from __future__ import annotations

from pathlib import Path

from sentinel.ca import files
from sentinel.ca.keys import PublicKey, Signer, generate
from sentinel.ca.keys.files import read_key, write_key
from sentinel.ca.keys.passphrases import Passphrases

SECRET = Path("keys", "audit.pem")
PUBLIC = Path("audit", "key.pem")
LABEL = "PUBLIC KEY"


def make(folder: Path, algorithm: str, passphrases: Passphrases, cipher: str = "aes256") -> Signer:
    """Make the key for a new CA of an algorithm: SM2 for SM2, P-256 for all others."""
    key = generate("sm2" if algorithm == "sm2" else "p256")
    (folder / PUBLIC).parent.mkdir(mode=0o700, exist_ok=True)
    write_key(folder / SECRET, key, passphrase(passphrases) or passphrases.fresh("audit"), cipher)
    files.write(folder / PUBLIC, files.pem(LABEL, key.spki()))
    return key


def unlock(folder: Path, passphrases: Passphrases) -> Signer | None:
    """The key, None where it or its passphrase is not to be had: then entries wait for the next head."""
    if not (folder / SECRET).is_file():
        return None
    words = passphrase(passphrases)
    return None if words is None else read_key(folder / SECRET, words)


def passphrase(passphrases: Passphrases) -> bytes | None:
    """That of the audit's key: its own, or that of the issuing key where it has none."""
    return passphrases.get("audit") or passphrases.get("issuing")


def public(folder: Path) -> bytes | None:
    """SubjectPublicKeyInfo of the key, DER; None if the CA has none."""
    path = folder / PUBLIC
    if not path.is_file():
        return None
    return PublicKey(files.unpem(files.read(path), LABEL, name=path)[0][1]).spki


def digest(algorithm: str) -> str:
    """The digest of the tree for a CA of an algorithm."""
    return "sm3" if algorithm == "sm2" else "sha256"

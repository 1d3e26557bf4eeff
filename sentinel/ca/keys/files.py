"""Key files: PKCS#8 in PEM, encrypted unless it was said otherwise, readable by their owner alone."""

from __future__ import annotations

from pathlib import Path

from sentinel.ca import files
from sentinel.ca.keys import pkcs8
from sentinel.ca.keys.software import SoftwareKey, from_pkcs8
from sentinel.errors import UserError

CIPHERS = {"aes256": pkcs8.AES_256, "sm4": pkcs8.SM4}
"""What encrypts key files, by the name that `ca.toml` and `--key-cipher` have for it."""
SEALED, OPEN = "ENCRYPTED PRIVATE KEY", "PRIVATE KEY"


def write_key(
    path: Path, key: SoftwareKey, passphrase: bytes | None, cipher: str = "aes256", *, force: bool = False
) -> None:
    """Write a key, 0600, encrypted with one of `CIPHERS`. `passphrase` None writes it in the open."""
    files.write(path, key_pem(key, passphrase, cipher), secret=True, force=force)


def key_pem(key: SoftwareKey, passphrase: bytes | None, cipher: str = "aes256") -> bytes:
    """PEM of a key: encrypted PKCS#8, or plain where `passphrase` is None."""
    if passphrase is None:
        return files.pem(OPEN, key.pkcs8())
    return files.pem(SEALED, pkcs8.encrypt(key.pkcs8(), passphrase, cipher=CIPHERS[cipher]))


def read_key(path: Path, passphrase: bytes | None) -> SoftwareKey:
    """Read a key. An encrypted one without a passphrase is refused with what to do."""
    [(label, data), *_] = files.unpem(files.read(path), SEALED, OPEN, name=path)
    try:
        if label == OPEN or not _sealed(data):
            return from_pkcs8(data)
        if passphrase is None:
            raise UserError("private key: is encrypted; give its passphrase with --passphrase-file")
        return from_pkcs8(pkcs8.decrypt(data, passphrase))
    except UserError as error:
        raise UserError(f"{path}: {error.message}", error.exit_code) from None


def is_sealed(path: Path) -> bool:
    """Whether a key file is encrypted; nothing is unlocked."""
    [(label, data), *_] = files.unpem(files.read(path), SEALED, OPEN, name=path)
    return label == SEALED and _sealed(data)


def _sealed(data: bytes) -> bool:
    """EncryptedPrivateKeyInfo begins with an AlgorithmIdentifier, PrivateKeyInfo with a version."""
    from sentinel.ca.x509 import der

    try:
        return der.Reader(data).enter().peek() == der.SEQUENCE
    except der.DerError:
        return False

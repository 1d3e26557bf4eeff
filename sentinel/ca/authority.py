"""A CA at work: its charter, its certificates, its keys as they are needed, its register."""

from __future__ import annotations

import stat
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sentinel.ca import charter, files
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.register import Register
from sentinel.ca.x509 import certificate
from sentinel.ca.x509.profiles import Profiles
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.ca.keys import Signer
    from sentinel.ca.x509.issue import Issuer

KEYS = frozenset({"root", "issuing", "ocsp", "audit", "key", "tls", "escrow"})
"""Names of keys with a passphrase of their own; `key` is that of a key made for someone else."""

REGISTER = "register.db"
URI = "pkcs11:"


class Authority:
    """A CA's folder, opened. Keys stay locked until a signer is asked for; a root key that was taken away
    is missed only by what needs it."""

    def __init__(
        self,
        folder: Path,
        found: charter.Charter,
        chain: tuple[certificate.Certificate, ...],
        register: Register,
        passphrases: Passphrases,
    ) -> None:
        self.folder = folder
        self.charter = found
        self.register = register
        self.profiles = Profiles(folder / "profiles")
        self._chain = chain
        self._passphrases = passphrases
        self._signers: dict[str, Signer] = {}

    @classmethod
    def open(
        cls, folder: Path, passphrases: Passphrases | None = None, *, readonly: bool = False
    ) -> Authority:
        """Open a CA. `UserError` where there is none, or where its certificates are not those of its
        charter. No key is read."""
        found = charter.load(folder)
        path = folder / "public" / "chain.pem"
        chain = tuple(
            certificate.read(data) for _, data in files.unpem(files.read(path), certificate.LABEL, name=path)
        )
        expected = [member.sha256 for member in reversed(found.members)]
        if [one.sha256 for one in chain] != expected:
            raise UserError(f"{path}: not the certificates of {charter.FILE}; bring them back from a backup")
        register = Register.open(folder / REGISTER, readonly=readonly)
        known = passphrases or Passphrases()

        def unlock() -> Signer | None:
            from sentinel.ca.audit import key

            return key.unlock(folder, known)

        register.unlock = unlock
        return cls(folder, found, chain, register, known)

    @property
    def base_url(self) -> str | None:
        return self.charter.base_url or None

    def chain(self, role: str = "issuing") -> tuple[certificate.Certificate, ...]:
        """Certificates from `role` to the root."""
        return self._chain if role == "issuing" else self._chain[-1:]

    def certificate(self, role: str) -> certificate.Certificate:
        """The CA certificate of a role: root, or issuing, which is the root where there is no other."""
        return self.chain(role)[0]

    def signer(self, role: str) -> Signer:
        """The key of a CA certificate, unlocked with its passphrase, kept until `close`.

        `UserError` if it is not there (the root's may be away), or belongs to another certificate.
        """
        member = self.charter.member(role)
        if member.role not in self._signers:
            signer = self._unlock(member)
            if signer.spki() != self.certificate(member.role).spki:
                raise UserError(f"{member.key}: not the key of the {member.role} certificate")
            self._signers[member.role] = signer
        return self._signers[member.role]

    def _unlock(self, member: charter.Member) -> Signer:
        if member.key.startswith(URI):
            from sentinel.ca.keys.pkcs11 import open_token_key

            return open_token_key(member.key, self._passphrases.get(member.role), self.folder)
        path = self.folder / member.key
        if not path.is_file():
            raise UserError(f"{path}: the {member.role} key is not here; bring it back for this operation")
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise UserError(f"{path}: others can read it (mode {mode:04o}); chmod 600 it")
        from sentinel.ca.keys.files import read_key  # what only looks needs no cryptography

        return read_key(path, self._passphrases.get(member.role))

    def passphrase(self, name: str) -> bytes:
        """The passphrase for a new key of this name."""
        return self._passphrases.fresh(name)

    def known_passphrase(self, name: str) -> bytes | None:
        """The passphrase of a key that is there, None if there is none to be had."""
        return self._passphrases.get(name)

    def issuer(self, role: str = "issuing") -> Issuer:
        """What issues under the CA certificate of a role."""
        from sentinel.ca.x509.issue import Issuer

        found = self.certificate(role)
        return Issuer(
            found,
            self.signer(role),
            self.register,
            self.profiles,
            role=self.charter.member(role).role,
            base_url=self.base_url,
            escrow=self._escrow(),
            reserved=frozenset(one.key.sha256() for one in self._chain),
        )

    def _escrow(self) -> bytes | None:
        """The point that encryption keys of pairs are kept under (`sentinel.ca.escrow`), None if none are."""
        expected = self.charter.policy.escrow
        if not expected:
            return None
        from sentinel import _native
        from sentinel.ca.keys import PublicKey

        path = self.folder / "public" / "escrow.pem"
        key = PublicKey(files.unpem(files.read(path), "PUBLIC KEY", name=path)[0][1])
        if key.algorithm != "sm2" or key.sha256() != expected:
            raise UserError(f"{path}: not the escrow key that {charter.FILE} names")
        return _native.sm2_decompress(key.octets)

    def close(self) -> None:
        self._signers.clear()
        self.register.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

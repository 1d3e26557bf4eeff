"""`ca.toml`: what a CA is. Written by `ca init`; its policy may be changed with an editor."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

from sentinel.ca import files
from sentinel.errors import UserError

FILE = "ca.toml"
VERSION = 1

Operation = Literal["new-ca-key", "revoke-ca", "restore", "escrow-release", "operators"]
"""What may need the approval of several operators."""


Role = Literal["root", "issuing"]

KeyCipher = Literal["aes256", "sm4"]
"""What encrypts key files: AES-256-CBC or SM4-CBC."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the CA asks of its operators."""

    approvals: Annotated[int, msgspec.Meta(ge=0, le=16)] = 0
    """Operators who must approve; 0 asks for none."""
    approve: tuple[Operation, ...] = get_args(Operation)
    key_cipher: KeyCipher = "aes256"
    """Of the key files that the CA writes from now on; all are read."""
    escrow: str = ""
    """SHA-256 of the key under which encryption keys of TLCP pairs are kept; empty: none is kept."""

    def needed(self, operation: Operation) -> int:
        """Operators who must approve an operation."""
        return self.approvals if operation in self.approve else 0


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CA certificate of this CA."""

    role: Role
    sha256: str
    """Of the certificate, hexadecimal."""
    key: str
    """Where its key is: a file below the CA's folder, or a `pkcs11:` URI."""


class Charter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of `ca.toml`."""

    version: int
    name: str
    algorithm: str
    members: tuple[Member, ...]
    base_url: str = ""
    policy: Policy = Policy()

    def member(self, role: str) -> Member:
        """The certificate of a role. Without an issuing CA the root issues."""
        for member in self.members:
            if member.role == role:
                return member
        return self.members[0]

    def text(self) -> str:
        """TOML. Strings are written as JSON, which is a part of TOML's basic strings."""
        lines = [
            "# A CA of sentinel. `policy` may be changed; the rest belongs to its certificates.",
            f"version = {self.version}",
            f"name = {_quoted(self.name)}",
            f"algorithm = {_quoted(self.algorithm)}",
            f"base_url = {_quoted(self.base_url)}",
            "",
            "[policy]",
            "# operators who must approve (0: none), and for what",
            f"approvals = {self.policy.approvals}",
            f"approve = [{', '.join(map(_quoted, self.policy.approve))}]",
            "# of new key files: aes256 or sm4",
            f"key_cipher = {_quoted(self.policy.key_cipher)}",
            "# the key that encryption keys of TLCP pairs are kept under (empty: they are not kept)",
            f"escrow = {_quoted(self.policy.escrow)}",
        ]
        for member in self.members:
            lines += ["", "[[members]]"]
            lines += [f"{key} = {_quoted(value)}" for key, value in msgspec.structs.asdict(member).items()]
        return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def load(folder: Path, name: str = FILE) -> Charter:
    """Read a CA's charter. `UserError` where the folder holds none, or one that is wrong or too new."""
    path = folder / name
    if not path.is_file():
        raise UserError(
            f"{folder}: no CA is in it; make one with `sentinel ca init --dir {folder} --name NAME`"
        )
    try:
        data = tomllib.loads(files.read(path).decode())
        version = data.get("version")
        if version != VERSION:
            raise UserError(f"{path}: version {version!r}; this program reads {VERSION}")
        charter = msgspec.convert(data, Charter)
    except (ValueError, msgspec.ValidationError) as error:
        raise UserError(f"{path}: {' '.join(str(error).split())}") from None
    if [member.role for member in charter.members] not in (["root"], ["root", "issuing"]):
        raise UserError(f"{path}: members: a root, and an issuing CA or none, are expected")
    return charter

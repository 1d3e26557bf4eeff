"""The roles of a domain in one process: a folder with a folder for each."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from sentinel.ca import files
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.v2x import certificate, charter
from sentinel.ca.v2x.aca import AuthorizationCa
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.eca import EnrolmentCa
from sentinel.ca.v2x.founding import PUBLIC
from sentinel.ca.v2x.la import LinkageAuthority
from sentinel.ca.v2x.ma import MisbehaviourAuthority
from sentinel.ca.v2x.ra import RegistrationAuthority
from sentinel.ca.v2x.role import Role
from sentinel.ca.v2x.suite import suite
from sentinel.ca.v2x.transport import Handler, Local
from sentinel.errors import UserError


class Domain:
    """A domain's folder, opened. A role is opened when it is needed."""

    def __init__(
        self, folder: Path, passphrases: Passphrases | None = None, *, readonly: bool = False
    ) -> None:
        self.folder, self._passphrases, self._readonly = folder, passphrases, readonly
        self._roles: dict[str, Role] = {}
        if not (folder / PUBLIC / "root.oer").is_file():
            raise UserError(
                f"{folder}: no PKI for vehicles is in it; `sentinel v2x init --dir {folder}` makes one"
            )
        self.suite = suite(charter.load(self._any()).profile)
        self.transport = Local(
            {
                "eca": lambda: EnrolmentCa(self.role("eca")).handle,
                "aca": lambda: AuthorizationCa(self.role("aca")).handle,
                "app": self._app,
                "la1": lambda: LinkageAuthority(self.role("la1"), self.transport).handle,
                "la2": lambda: LinkageAuthority(self.role("la2"), self.transport).handle,
                "ra": lambda: RegistrationAuthority(self.role("ra"), self.transport).handle,
            }
        )

    def _any(self) -> Path:
        for role in charter.ROLES:
            if (self.folder / role / charter.FILE).is_file():
                return self.folder / role
        raise UserError(f"{self.folder}: holds no role; bring one back")

    def misbehaviour(self) -> MisbehaviourAuthority:
        """The misbehaviour authority, which asks the others."""
        return MisbehaviourAuthority(self.role("ma"), self.transport)

    def _app(self) -> Handler:
        """Without an application CA of its own, the domain's ACA issues what it would."""
        own = (self.folder / "app" / charter.FILE).is_file()
        return AuthorizationCa(self.role("app" if own else "aca")).handle

    def role(self, name: str) -> Role:
        """A role, opened. `UserError` where it is not here."""
        if name not in self._roles:
            self._roles[name] = Role.open(self.folder / name, self._passphrases, readonly=self._readonly)
        return self._roles[name]

    def roles(self) -> list[str]:
        """Roles that are here."""
        return [role for role in charter.ROLES if (self.folder / role / charter.FILE).is_file()]

    def public(self, role: str) -> Certificate:
        """The published certificate of a role."""
        path = self.folder / PUBLIC / f"{role}.oer"
        return certificate.read(files.read(path), self.suite, path)

    def trusted(self) -> dict[str, bytes]:
        """Certificates that a station of this domain starts with. Where the ACA is the application CA too,
        its certificate stands for both."""
        out = {}
        for role in ("root", "eca", "aca", "app", "ra", "lm"):
            path = self.folder / PUBLIC / f"{role}.oer"
            if path.is_file():
                out[role] = files.read(path)
        if "app" not in out and "aca" in out:
            out["app"] = out["aca"]
        return out

    def close(self) -> None:
        for role in self._roles.values():
            role.close()
        self._roles.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

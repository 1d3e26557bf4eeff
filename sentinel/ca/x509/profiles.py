"""Profiles: what a kind of certificate may hold, read from YAML and checked when it is read.

The shipped ones lie in `sentinel/ca/profiles`; a file of the same name in the CA's own `profiles`
folder takes the place of a shipped one, any other adds one. The keys of a profile are the fields
of `Profile`; an unknown key or a wrong value is a `UserError` that names the file and the key.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from sentinel.ca.x509 import der, extensions, names
from sentinel.errors import UserError

SUFFIX = ".yml"
MOST_DAYS = 36525
"""A hundred years: the longest end a profile may give, other than none."""

Usage = Literal["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"]
Attribute = Literal[
    "CN", "serialNumber", "C", "L", "ST", "STREET", "O", "OU", "title", "organizationIdentifier", "DC", "UID",
    "emailAddress",
]  # fmt: skip
KeyKind = Literal["sm2", "p256", "p384", "ed25519", "rsa"]
Days = Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The subject's attributes."""

    required: tuple[Attribute, ...] = ("CN",)
    allowed: tuple[Attribute, ...] = ("CN", "O", "OU", "C", "ST", "L", "serialNumber")
    unique: bool = False
    """One certificate in force for each subject: a second one is a renewal or a rekey."""


class AltNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The subject's alternative names."""

    allowed: tuple[Literal["dns", "ip", "uri", "email", "hw"], ...] = ()
    required: tuple[Literal["dns", "ip", "uri", "email", "hw"], ...] = ()
    """At least one of these kinds."""
    one_uri: bool = False
    wildcards: bool = False
    from_common_name: bool = False
    """A common name that is a host name or an address becomes an alternative name too."""


class Usages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """keyUsage for keys that sign only (SM2, ECDSA, Ed25519) and for RSA, which can encrypt as well."""

    sign: tuple[Usage, ...]
    rsa: tuple[Usage, ...] | None = None


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of certificate."""

    name: str
    title: str
    algorithms: tuple[KeyKind, ...]
    key_usage: Usages
    """Of the only certificate, or of the signing one of a pair."""
    pair_usage: tuple[Usage, ...] | None = None
    """keyUsage of the encryption certificate: with it the profile gives a TLCP pair."""
    rsa_bits: Annotated[int, msgspec.Meta(ge=2048, le=8192)] = 3072
    """The shortest modulus taken."""
    days: Days | Literal["never"] = 365
    most_days: Days | Literal["never"] = 825
    subject: Subject = Subject()
    alt_names: AltNames = AltNames()
    purposes: tuple[str, ...] = ()
    purposes_critical: bool = False
    policies: tuple[str, ...] = ()
    basic_constraints: bool = False
    """An empty basicConstraints. Not for TLCP: some of its software refuses it in a leaf."""
    hardware_type: str | None = None
    """Object identifier of the device's kind: adds the hardware module name (IEEE 802.1AR, RFC 4108)."""
    serial_number: bool = False
    """The device's serial number stands in the subject; the common name is taken where none is given."""
    role: bool = False
    """A Modbus Security role may be given."""
    nocheck: bool = False
    revocable: bool = True
    """CRL and OCSP are pointed to."""
    shared_key: bool = False
    """A key may be in certificates of several subjects."""

    @property
    def pair(self) -> bool:
        return self.pair_usage is not None


def read(path: Path, text: bytes) -> Profile:
    """A profile from YAML; it is named as its file."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data: Any = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader
        if not isinstance(data, dict):
            raise UserError(f"{path}: no profile; it is a mapping of keys (docs/guides/ca-profiles.md)")
        profile = msgspec.convert({"name": path.stem, **data}, Profile)
    except (yaml.YAMLError, msgspec.ValidationError, RecursionError, ValueError) as error:
        raise UserError(f"{path}: {' '.join(str(error).split())}") from None
    for fault in _faults(profile, path):
        raise UserError(f"{path}: {fault}")
    return profile


def _faults(profile: Profile, path: Path) -> list[str]:
    """What no type can say of a profile."""
    out = []
    if _NAME.fullmatch(profile.name) is None or profile.name != path.stem:
        out.append(f"name {profile.name!r}: small letters, digits, hyphens, and the same as the file's")
    if not profile.algorithms:
        out.append("algorithms: none")
    if profile.pair and profile.algorithms != ("sm2",):
        out.append("pair_usage: a TLCP pair has SM2 keys; algorithms: [sm2]")
    if not set(profile.subject.required) <= set(profile.subject.allowed):
        out.append("subject.required: not all of subject.allowed")
    if not set(profile.alt_names.required) <= set(profile.alt_names.allowed):
        out.append("alt_names.required: not all of alt_names.allowed")
    if profile.most_days != "never" and (profile.days == "never" or profile.days > profile.most_days):
        out.append(f"days: {profile.days}, more than most_days {profile.most_days}")
    numbers = [*profile.policies, *(p for p in profile.purposes if p not in extensions.PURPOSES)]
    for number in filter(None, (*numbers, profile.hardware_type)):
        try:
            der.oid(number)
        except ValueError:
            known = ", ".join(extensions.PURPOSES)
            out.append(f"{number!r}: no object identifier, and no purpose by name ({known})")
    assert set(profile.subject.allowed) <= set(names.ATTRIBUTES)
    return out


def shipped() -> list[Profile]:
    """Profiles that come with the program, by name."""
    folder = Path(str(files("sentinel.ca"))) / "profiles"
    return [read(path, path.read_bytes()) for path in sorted(folder.glob(f"*{SUFFIX}"))]


class Profiles:
    """The profiles of a CA, each read once, when it is first asked for."""

    def __init__(self, own: Path | None) -> None:
        """`own` is the folder of the CA's own profiles; it need not be there."""
        self._folders = [Path(str(files("sentinel.ca"))) / "profiles"]
        if own is not None:
            self._folders.insert(0, own)
        self._read: dict[str, Profile] = {}

    def names(self) -> list[str]:
        return sorted({path.stem for folder in self._folders for path in folder.glob(f"*{SUFFIX}")})

    def get(self, name: str) -> Profile:
        """A profile by its name. `UserError` names those that are there."""
        if name not in self._read:
            path = self.path(name)
            if path is None:
                raise UserError(f"profile {name}: not there; {', '.join(self.names())} are", 2)
            self._read[name] = read(path, path.read_bytes())
        return self._read[name]

    def path(self, name: str) -> Path | None:
        """The file a profile is read from."""
        if _NAME.fullmatch(name) is None:
            return None
        found = (folder / f"{name}{SUFFIX}" for folder in self._folders)
        return next((path for path in found if path.is_file()), None)

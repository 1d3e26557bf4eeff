"""From wishes to files: keys are made, certificates ordered, and both written where they were asked for.

A key's file is on the disk before its certificate is signed, a certificate's file is written after the
register has it. An order that is refused leaves no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.keys import SoftwareKey, generate
from sentinel.ca.keys.files import write_key
from sentinel.ca.x509 import certificate
from sentinel.ca.x509.order import Issued, Order, Refused
from sentinel.ca.x509.profiles import Profile
from sentinel.errors import UserError


@dataclass(frozen=True, slots=True)
class Wish:
    """One certificate to be written to `out`. Where `order` has neither request nor key, a key is made with
    `algorithm` and written to `key_out`. A pair goes to files beside, named after `out`."""

    order: Order
    out: Path
    key_out: Path
    algorithm: str = ""


@dataclass(frozen=True, slots=True)
class How:
    """How files are written: the passphrase of new keys (None: in the open), PEM or DER, over others."""

    passphrase: bytes | None = None
    as_der: bool = False
    force: bool = False


def base_of(out: Path) -> Path:
    """BASE of BASE.pem."""
    return out.with_suffix("") if out.suffix in (".pem", ".crt", ".cer", ".der") else out


def beside(out: Path, ending: str) -> Path:
    base = base_of(out)
    return base.with_name(base.name + ending)


def another(which: str, word: str) -> Path:
    """The file for what takes the place of a certificate: BASE.<word>.pem beside its file, which may be
    one of a pair's, or a file named after its serial number."""
    if not Path(which).is_file():
        return Path(f"{which.replace(':', '')}.pem")
    base = base_of(Path(which))
    return base.with_name(f"{base.name.removesuffix('.sign').removesuffix('.enc')}.{word}.pem")


def wish(order: Order, out: Path, key_out: Path | None, pair: bool, algorithm: str = "") -> Wish:
    """A wish with the usual names: BASE.key, or BASE.sign.pem and BASE.sign.key of a pair."""
    if pair:
        return Wish(order, beside(out, ".sign.pem"), key_out or beside(out, ".sign.key"), algorithm)
    return Wish(order, out, key_out or beside(out, ".key"), algorithm)


def _pair_files(one: Wish) -> tuple[Path, Path]:
    """Files of the encryption certificate and its key, beside BASE.sign.pem."""
    base = base_of(one.out)
    name = base.name.removesuffix(".sign")
    return base.with_name(f"{name}.enc.pem"), base.with_name(f"{name}.enc.enveloped.der")


def usual_algorithm(profile: Profile, preferred: str) -> str:
    """The algorithm of a new key where none was asked for: the CA's own if the profile takes it."""
    kinds = profile.algorithms
    kind = "rsa" if preferred.startswith("rsa") else preferred
    if kind in kinds:
        return preferred
    return "rsa3072" if kinds[0] == "rsa" else kinds[0]


def deliver(authority: Authority, wishes: Sequence[Wish], how: How) -> list[Issued | Refused]:
    """Issue all of `wishes` in one go and write what was issued. A file in the way, or one that cannot be
    written, is a `UserError`; when that happens after a certificate was issued, it says which."""
    keys: list[SoftwareKey | None] = []
    orders = []
    for one in wishes:
        _free(authority, one, how.force)
        key = None
        order = one.order
        if order.request is None and order.key is None:
            profile = authority.profiles.get(order.profile)
            key = generate(one.algorithm or usual_algorithm(profile, authority.charter.algorithm))
            order = replace(order, key=key.spki())
        keys.append(key)
        orders.append(order)
    cipher = authority.charter.policy.key_cipher
    for one, key in zip(wishes, keys, strict=True):
        if key is not None:
            write_key(one.key_out, key, how.passphrase, cipher, force=how.force)
    answers: list[Issued | Refused] = []
    try:
        answers = authority.issuer().issue(orders)
    finally:
        for at, (one, key) in enumerate(zip(wishes, keys, strict=True)):
            if key is not None and (not answers or isinstance(answers[at], Refused)):
                one.key_out.unlink(missing_ok=True)
    for one, answer in zip(wishes, answers, strict=True):
        if isinstance(answer, Issued):
            _write(one, answer, how)
    return answers


def written(authority: Authority, one: Wish) -> list[Path]:
    """The files that a wish for a new key ends in."""
    out = [one.out]
    if one.order.request is None and one.order.key is None:
        out.append(one.key_out)
    if authority.profiles.get(one.order.profile).pair:
        out += _pair_files(one)
    return out


def _free(authority: Authority, one: Wish, force: bool) -> None:
    files.free(one.out, force=force)
    if one.order.request is None and one.order.key is None:
        files.free(one.key_out, force=force)
    if authority.profiles.get(one.order.profile).pair:
        for path in _pair_files(one):
            files.free(path, force=force)


def _write(one: Wish, issued: Issued, how: How) -> None:
    try:
        files.write(one.out, encoded(issued.der, how.as_der), force=how.force)
        if issued.pair_der is not None:
            pair_out, enveloped_out = _pair_files(one)
            files.write(pair_out, encoded(issued.pair_der, how.as_der), force=how.force)
            if issued.enveloped is not None:
                files.write(enveloped_out, issued.enveloped, secret=True, force=how.force)
    except UserError as error:
        raise UserError(
            f"{error.message}; it is issued: `ca show {issued.serial} --format pem` gives it"
        ) from None


def encoded(data: bytes, as_der: bool) -> bytes:
    return data if as_der else files.pem(certificate.LABEL, data)

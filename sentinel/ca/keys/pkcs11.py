"""Keys in a token (PKCS#11): ECDSA and RSA keys sign inside it; SM2 keys are wrapped by a key inside it.

A key is named by a URI (RFC 7512): `pkcs11:token=LABEL;object=LABEL?module-path=/path/to/lib.so`. The PIN is
the passphrase of the key it stands for. No open token signs with SM2: there the private number is
encrypted by an AES key that never leaves the token, and lies in `keys/<object>.wrapped` of the CA's folder;
without the token it cannot be opened.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sentinel.ca import files
from sentinel.ca.keys.algorithms import ALGORITHMS
from sentinel.ca.keys.contract import Signer
from sentinel.ca.keys.software import RSA_EXPONENT, generate
from sentinel.ca.x509 import der
from sentinel.errors import UserError

SCHEME = "pkcs11:"
_LABEL = re.compile(r"[A-Za-z0-9._ -]{1,32}", re.ASCII)
_IV = 16
_WRAPPED = b"sentinel-wrapped-1"
"""First octets of a wrapped key's file."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key is: the library, the token's label, the key's."""

    module: str
    token: str
    label: str


def parse(uri: str) -> Place:
    """Read a URI. `UserError` where the token, the object or the library is not named."""
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    found = {}
    for text, mark in ((path, ";"), (query, "&")):
        for part in filter(None, text.split(mark)):
            key, _, value = part.partition("=")
            found[key] = unquote(value)
    unknown = sorted(found.keys() - {"token", "object", "module-path"})
    if not uri.startswith(SCHEME) or unknown:
        # the URI itself is not shown: it may hold a PIN that was put there by mistake
        what = f"attribute {unknown[0]}" if uri.startswith(SCHEME) else "no pkcs11: URI"
        raise UserError(f"token: {what}; write {SCHEME}token=T;object=O?module-path=/path/to/lib.so", 2)
    for key in ("token", "object", "module-path"):
        if not found.get(key):
            raise UserError(f"{uri}: {key} is missing", 2)
    for key in ("token", "object"):
        if _LABEL.fullmatch(found[key]) is None:
            raise UserError(f"{uri}: {key} {found[key]!r}: 1 to 32 letters, digits and . _ - are taken", 2)
    return Place(found["module-path"], found["token"], found["object"])


def _library() -> Any:
    try:
        import pkcs11
    except ImportError:
        raise UserError("keys in a token need python-pkcs11: pip install 'sentinel[pkcs11]'") from None
    return pkcs11


def _session(place: Place, pin: bytes | None) -> Any:
    """A session with the token, for reading and writing. Faults of the token are `UserError`."""
    pkcs11 = _library()
    if pin is None:
        raise UserError(f"token {place.token}: no PIN for it; give one with --passphrase-file")
    try:
        token = pkcs11.lib(place.module).get_token(token_label=place.token)
        return token.open(rw=True, user_pin=pin.decode())
    except pkcs11.exceptions.UserAlreadyLoggedIn:
        return token.open(rw=True)
    except (pkcs11.exceptions.PKCS11Error, RuntimeError, UnicodeDecodeError) as error:
        raise UserError(f"token {place.token} ({place.module}): {_said(error)}") from None


def _said(error: Exception) -> str:
    """What a fault of a token is called; many have no text of their own."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    return f"{words}: {error}" if str(error) else words


class TokenKey:
    """An ECDSA or RSA key inside a token."""

    def __init__(self, private: Any, algorithm: str, spki: bytes, place: Place) -> None:
        self._private = private
        self._algorithm = algorithm
        self._spki = spki
        self._place = place

    @property
    def algorithm(self) -> str:
        return self._algorithm

    def spki(self) -> bytes:
        return self._spki

    def signature_algorithm(self) -> bytes:
        return ALGORITHMS[self._algorithm].signature

    def sign(self, tbs: bytes) -> bytes:
        pkcs11 = _library()
        try:
            if self._algorithm.startswith("rsa"):
                return bytes(self._private.sign(tbs, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))
            digest = hashlib.sha256 if self._algorithm == "p256" else hashlib.sha384
            raw = bytes(self._private.sign(digest(tbs).digest(), mechanism=pkcs11.Mechanism.ECDSA))
        except pkcs11.exceptions.PKCS11Error as error:
            raise UserError(f"token {self._place.token}: did not sign: {_said(error)}") from None
        half = len(raw) // 2
        return der.sequence(
            der.integer(int.from_bytes(raw[:half], "big")), der.integer(int.from_bytes(raw[half:], "big"))
        )


def make_token_key(uri: str, algorithm: str, pin: bytes | None, folder: Path) -> Signer:
    """Make a key in a token, or an SM2 key wrapped by one, in the CA's folder. A label that is taken is
    refused: a CA never shares a key."""
    place = parse(uri)
    if algorithm == "ed25519":
        raise UserError("--algorithm ed25519: tokens take p256, p384, rsa3072, rsa4096, or sm2 wrapped", 2)
    session = _session(place, pin)
    pkcs11 = _library()
    if next(iter(session.get_objects({pkcs11.Attribute.LABEL: place.label})), None) is not None:
        raise UserError(f"token {place.token}: holds an object {place.label} already; name another")
    try:
        if algorithm == "sm2":
            return _wrap_new(session, place, folder)
        common = {"id": os.urandom(16), "label": place.label, "store": True}
        sign = pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY
        if algorithm.startswith("rsa"):
            session.generate_keypair(
                pkcs11.KeyType.RSA,
                int(algorithm[3:]),
                capabilities=sign,
                public_template={
                    pkcs11.Attribute.PUBLIC_EXPONENT: RSA_EXPONENT.to_bytes(3, "big"),
                },
                private_template=_kept(pkcs11),
                **common,
            )
        else:
            from pkcs11.util.ec import encode_named_curve_parameters

            curve = encode_named_curve_parameters({"p256": "secp256r1", "p384": "secp384r1"}[algorithm])
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: curve}, local=True
            )
            parameters.generate_keypair(capabilities=sign, private_template=_kept(pkcs11), **common)
    except pkcs11.exceptions.PKCS11Error as error:
        raise UserError(f"token {place.token}: made no key: {_said(error)}") from None
    return _find(session, place)


def _kept(pkcs11: Any) -> dict[Any, bool]:
    """The private key never leaves the token."""
    return {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}


def open_token_key(uri: str, pin: bytes | None, folder: Path) -> Signer:
    """The key that a URI names, or the SM2 key in `folder` that it wraps."""
    place = parse(uri)
    session = _session(place, pin)
    path = _wrapped(place, folder)
    if path.is_file():
        return _unwrap(session, place, files.read(path))
    return _find(session, place)


def _find(session: Any, place: Place) -> TokenKey:
    pkcs11 = _library()
    from pkcs11.util import ec, rsa

    try:
        private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=place.label)
        public = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=place.label)
        if private.key_type == pkcs11.KeyType.RSA:
            numbers = rsa.encode_rsa_public_key(public)
            spki = der.sequence(ALGORITHMS["rsa3072"].key, der.bits(numbers))
            return TokenKey(private, f"rsa{public.key_length}", spki, place)
        spki = ec.encode_ec_public_key(public)
    except (pkcs11.exceptions.PKCS11Error, KeyError) as error:
        raise UserError(f"token {place.token}: key {place.label}: {_said(error)}") from None
    from sentinel.ca.keys.public import PublicKey

    return TokenKey(private, PublicKey(spki).algorithm, spki, place)


def _wrapped(place: Place, folder: Path) -> Path:
    return folder / "keys" / f"{place.label}.wrapped"


def _wrap_new(session: Any, place: Place, folder: Path) -> Signer:
    """A new SM2 key, encrypted by a new AES key of the token: mark, IV, ciphertext (AES-CBC, padded)."""
    pkcs11 = _library()
    key = generate("sm2")
    wrapping = session.generate_key(
        pkcs11.KeyType.AES,
        256,
        label=place.label,
        id=os.urandom(16),
        store=True,
        capabilities=pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT,
        template=_kept(pkcs11),
    )
    iv = os.urandom(_IV)
    sealed = wrapping.encrypt(key.pkcs8(), mechanism=pkcs11.Mechanism.AES_CBC_PAD, mechanism_param=iv)
    files.write(_wrapped(place, folder), _WRAPPED + iv + bytes(sealed), secret=True)
    return key


def _unwrap(session: Any, place: Place, data: bytes) -> Signer:
    pkcs11 = _library()
    from sentinel.ca.keys.software import from_pkcs8

    if not data.startswith(_WRAPPED):
        raise UserError(f"keys/{place.label}.wrapped: no key wrapped by a token")
    iv, sealed = data[len(_WRAPPED) :][:_IV], data[len(_WRAPPED) + _IV :]
    try:
        wrapping = session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, label=place.label)
        info = wrapping.decrypt(sealed, mechanism=pkcs11.Mechanism.AES_CBC_PAD, mechanism_param=iv)
    except pkcs11.exceptions.PKCS11Error as error:
        raise UserError(
            f"token {place.token}: did not open keys/{place.label}.wrapped: {_said(error)}"
        ) from None
    return from_pkcs8(bytes(info))

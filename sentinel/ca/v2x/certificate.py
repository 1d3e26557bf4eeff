"""Certificates of IEEE 1609.2 and YD/T 3957: what they say, and how they are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentinel import _native
from sentinel.ca.v2x import clock, codec
from sentinel.ca.v2x.suite import Suite
from sentinel.errors import UserError

_SECONDS = {
    "microseconds": 1e-6,
    "milliseconds": 1e-3,
    "seconds": 1,
    "minutes": 60,
    "hours": 3600,
    "sixtyHours": 216_000,
    "years": 31_556_952,
}
_NUMBER_MOST = 65_535
_AID = re.compile(r"(\d{1,10})(?::((?:[0-9a-fA-F]{2})*))?").fullmatch


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was read. `digest` is its hash, `id8` HashedId8 in hexadecimal."""

    octets: bytes
    digest: bytes
    value: dict[str, Any]

    @property
    def id8(self) -> str:
        return self.digest[-8:].hex()

    @property
    def serial(self) -> str:
        """Its number in a register."""
        return number(self.digest).hex()

    @property
    def tbs(self) -> dict[str, Any]:
        found: dict[str, Any] = self.value["toBeSigned"]
        return found

    @property
    def issuer(self) -> str:
        """HashedId8 of the issuer, `self` where it signs itself."""
        kind, value = self.value["issuer"]
        return "self" if kind == "self" else value.hex()

    @property
    def name(self) -> str:
        """How it is named: its name, the linkage value, or its HashedId8."""
        kind, value = self.tbs["id"]
        if kind == "name":
            return str(value)
        return value["linkage-value"].hex() if kind == "linkageData" else self.id8

    @property
    def start(self) -> int:
        """Time32."""
        return int(self.tbs["validityPeriod"]["start"])

    @property
    def end(self) -> int:
        """Time32 of the first moment at which it is no longer valid."""
        unit, count = self.tbs["validityPeriod"]["duration"]
        return self.start + int(count * _SECONDS[unit])

    @property
    def public(self) -> bytes:
        """The key, compressed."""
        kind, value = self.tbs["verifyKeyIndicator"]
        if kind != "verificationKey":
            raise UserError(f"certificate {self.id8}: has no key of its own; explicit ones are taken")
        return codec.compressed(value[1])

    @property
    def encryption(self) -> bytes | None:
        """The key to encrypt to, compressed, if it has one."""
        found = self.tbs.get("encryptionKey")
        return None if found is None else codec.compressed(found["publicKey"][1])

    @property
    def aids(self) -> dict[int, bytes | None]:
        """Application ids that may be signed for, each with its SSP."""
        return {
            one["psid"]: one["ssp"][1] if "ssp" in one else None for one in self.tbs.get("appPermissions", ())
        }

    def valid(self, time: int) -> bool:
        """Whether a Time32 is within its validity."""
        return self.start <= time < self.end


def number(digest: bytes) -> bytes:
    """Number of a certificate in a register: HashedId8, and the 12 octets before it in the hash."""
    return digest[-8:] + digest[-20:-8]


def read(octets: bytes, suite: Suite, what: object = "certificate") -> Certificate:
    """Read a certificate. Its signature is not looked at."""
    value = codec.decode("Certificate", octets, suite, what)
    try:
        return Certificate(octets, _native.v2x_certificate(suite.name, octets)["hash"], value)
    except ValueError as error:
        raise UserError(f"{what}: {error}") from None


def verify(
    certificate: Certificate, issuer: Certificate | None, suite: Suite, what: object = "certificate"
) -> None:
    """`UserError` unless a certificate is signed by its issuer; by itself where `issuer` is None."""
    if issuer is not None and certificate.issuer != issuer.id8:
        raise UserError(f"{what}: is issued by {certificate.issuer}, not by {issuer.id8}")
    try:
        wrong = _native.v2x_verify_certificate(
            suite.name, certificate.octets, issuer.octets if issuer else None
        )
    except ValueError as error:
        wrong = str(error)
    if wrong is not None:
        raise UserError(f"{what}: {wrong}")


def sign(tbs: dict[str, Any], key: _native.V2xKey, issuer: Certificate | None, suite: Suite) -> Certificate:
    """A certificate over what is to be signed; of the key itself where `issuer` is None."""
    return read(key.certificate(tbs, issuer.octets if issuer else None), suite)


def to_be_signed(
    suite: Suite,
    key: bytes,
    *,
    start: int,
    duration: tuple[str, int],
    name: str | None = None,
    craca: bytes = bytes(3),
    series: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """ToBeSignedCertificate. `craca` is HashedId3 of who is above its revocation list; further components by
    their names, those that are None left out."""
    return {
        "id": ("none", None) if name is None else ("name", name),
        "cracaId": craca,
        "crlSeries": series,
        "validityPeriod": {"start": start, "duration": duration},
        **{part: value for part, value in more.items() if value is not None},
        "verifyKeyIndicator": ("verificationKey", codec.verify_key(key, suite)),
    }


def duration(hours: int) -> tuple[str, int]:
    """Duration of so many hours; in sixty hours, rounded down, where it is longer than seven years."""
    if hours <= _NUMBER_MOST:
        return ("hours", hours)
    return ("sixtyHours", min(hours // 60, _NUMBER_MOST))


def circle(text: str) -> tuple[str, Any]:
    """GeographicRegion of LAT,LON,METRES."""
    try:
        latitude, longitude, metres = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--circle {text[:60]}: write LAT,LON,METRES", 2) from None
    if not (-90 <= latitude <= 90 and -180 < longitude <= 180 and 1 <= metres <= _NUMBER_MOST):
        raise UserError(f"--circle {text[:60]}: degrees, and 1 to {_NUMBER_MOST} metres", 2)
    center = {"latitude": round(latitude * 1e7), "longitude": round(longitude * 1e7)}
    return ("circularRegion", {"center": center, "radius": int(metres)})


def country(number: int) -> tuple[str, Any]:
    """GeographicRegion of a country (ISO 3166-1, numeric)."""
    return ("identifiedRegion", [("countryOnly", number)])


def permission(text: str) -> dict[str, Any]:
    """PsidSsp of N or N:SSP, the SSP in hexadecimal."""
    found = _AID(text)
    if found is None:
        raise UserError(f"--aid {text[:60]}: write a number, or NUMBER:SSP with the SSP in hexadecimal", 2)
    if found[2] is None:
        return {"psid": int(found[1])}
    return {"psid": int(found[1]), "ssp": ("opaque", bytes.fromhex(found[2]))}


def times(certificate: Certificate, scale: clock.Scale) -> tuple[datetime, datetime]:
    """From when and until when it is valid."""
    return clock.moment(certificate.start, scale), clock.moment(certificate.end, scale)

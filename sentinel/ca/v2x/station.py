"""A station's folder: its keys, its enrolment certificate, and the certificates it signs messages with.

station.toml          what it is
enrolment.oer         its enrolment certificate
keys/                 private keys, 0600: enrolment.pem, caterpillar, one file for each week
certs/*.oer           certificates for messages
trusted/*.oer         root and authorities it believes
"""

from __future__ import annotations

import json
import secrets
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from sentinel import _native
from sentinel.ca import files
from sentinel.ca.v2x import certificate, clock, codec, keyfiles, pdu, secured
from sentinel.ca.v2x.certificate import Certificate
from sentinel.ca.v2x.clock import Scale
from sentinel.ca.v2x.suite import Name, Suite, suite
from sentinel.ca.v2x.transport import Transport
from sentinel.errors import UserError

FILE = "station.toml"
ENROLMENT, ORDER = "enrolment.oer", "order"
WEEKS_MOST = 200
"""Weeks of 20 pseudonyms that are asked for at once."""

SECRET = 32
_PAIR = 8 + SECRET


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of `station.toml`."""

    id: str
    kind: str
    profile: Name
    time: Scale = "tai"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A certificate that a message is signed with, and its key."""

    certificate: Certificate
    key: _native.V2xKey


class Station:
    """A station's folder, opened."""

    def __init__(self, folder: Path, about: About) -> None:
        self.folder, self.about = folder, about
        self.suite: Suite = suite(about.profile)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def create(cls, folder: Path, about: About, trusted: dict[str, bytes]) -> Self:
        """Make a station's folder, which must not be there or be empty."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder}: is not an empty folder; name a new one with --out")
        try:
            for each in ("keys", "certs", "trusted"):
                (folder / each).mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise UserError(f"{error.filename or folder}: {error.strerror}") from None
        for role, octets in trusted.items():
            files.write(folder / "trusted" / f"{role}.oer", octets)
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in msgspec.structs.asdict(about).items()]
        files.write(folder / FILE, "".join(lines).encode())
        return cls(folder, about)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a station's folder. `UserError` where there is none."""
        path = folder / FILE
        if not path.is_file():
            raise UserError(f"{folder}: no station is in it; `sentinel v2x enrol --out {folder}` makes one")
        try:
            about = msgspec.convert(tomllib.loads(files.read(path).decode()), About)
        except (ValueError, msgspec.ValidationError) as error:
            raise UserError(f"{path}: {' '.join(str(error).split())}") from None
        return cls(folder, about)

    def now(self) -> int:
        """This moment as Time32."""
        return clock.time32(self.clock(), self.about.time)

    def trusted(self, role: str) -> Certificate:
        """A certificate of the domain that it believes."""
        path = self.folder / "trusted" / f"{role}.oer"
        return certificate.read(files.read(path), self.suite, path)

    def enrolment(self) -> Certificate:
        """Its enrolment certificate."""
        path = self.folder / ENROLMENT
        if not path.is_file():
            raise UserError(f"{self.folder}: is not enrolled")
        return certificate.read(files.read(path), self.suite, path)

    def key(self, name: str) -> _native.V2xKey:
        """A private key of its own."""
        path = self.folder / "keys" / f"{name}.pem"
        if not path.is_file():
            raise UserError(f"{path}: the key is not here; the station signs with the one it made itself")
        return keyfiles.read(path, None, self.suite)

    def enrol(self, transport: Transport) -> Certificate:
        """Make a key and have it enrolled."""
        key = _native.V2xKey.generate(self.suite.name)
        tbs = certificate.to_be_signed(
            self.suite, key.public(), start=self.now(), duration=("hours", 1), appPermissions=[{"psid": 0}]
        )
        asked = {
            "version": 1,
            "generationTime": self.now(),
            "type": "explicit",
            "tbsCert": tbs,
            "canonicalId": f"{self.about.kind}:{self.about.id}",
        }
        octets = pdu.wrap("eca-ee", "eeEcaCertRequest", asked, self.suite)
        keyfiles.write(self.folder / "keys" / "enrolment.pem", key, None, self.suite)
        eca = self.trusted("eca")
        answer = transport.send("eca", pdu.request(octets, key, None, self.suite))
        answer = secured.opened(answer, eca, self.suite, "answer of the enrolment CA")
        told = pdu.unwrap(answer, "ecaEeCertResponse", self.suite)
        found = certificate.read(codec.encode("Certificate", told["certificate"], self.suite), self.suite)
        if found.public != key.public():
            raise UserError("answer of the enrolment CA: the certificate is of another key")
        self.enrolled(found)
        return found

    def enrolled(self, found: Certificate) -> None:
        """Keep an enrolment certificate that the domain's enrolment CA has issued."""
        certificate.verify(found, self.trusted("eca"), self.suite, "enrolment certificate")
        files.write(self.folder / ENROLMENT, found.octets)

    def request(self, interface: str, message: str, value: dict[str, Any]) -> bytes:
        """A request signed with the enrolment key, which the registration authority alone reads."""
        octets = pdu.wrap(interface, message, value, self.suite)
        asked = pdu.request(octets, self.key("enrolment"), self.enrolment(), self.suite)
        return secured.seal(asked, self.trusted("ra"), self.suite)

    def application(
        self,
        transport: Transport,
        permissions: list[dict[str, Any]],
        hours: int,
        region: tuple[str, Any] | None = None,
        start: int | None = None,
    ) -> Certificate:
        """Have an application certificate issued for a new key."""
        key = _native.V2xKey.generate(self.suite.name)
        tbs = certificate.to_be_signed(
            self.suite,
            key.public(),
            start=self.now() if start is None else start,
            duration=("hours", hours),
            region=region,
            appPermissions=permissions,
        )
        asked = {"version": 1, "generationTime": self.now(), "type": "explicit", "tbsCert": tbs}
        answer = transport.send("ra", self.request("ee-ra", "eeRaCertRequest", asked))
        told = pdu.unwrap(answer, "acaRaCertResponse", self.suite)
        form, data = told["acaResponse"]
        if form != "plain":
            raise UserError(f"answer of the application CA: is {form}")
        issuer = self.trusted("app")
        inner = secured.opened(
            codec.encode("Data", data, self.suite), issuer, self.suite, "answer of the application CA"
        )
        told = pdu.unwrap(inner, "acaEeCertResponse", self.suite)
        found = certificate.read(codec.encode("Certificate", told["certificate"], self.suite), self.suite)
        certificate.verify(found, issuer, self.suite, "application certificate")
        if found.public != key.public():
            raise UserError("answer of the application CA: the certificate is of another key")
        keyfiles.write(self.folder / "keys" / f"{found.id8}.pem", key, None, self.suite)
        files.write(self.folder / "certs" / self.file(found), found.octets)
        return found

    @staticmethod
    def file(found: Certificate) -> str:
        """Name of a certificate's file: a pseudonym's begins with its week."""
        kind, value = found.tbs["id"]
        return f"{value['iCert']}-{found.id8}.oer" if kind == "linkageData" else f"{found.id8}.oer"

    def pseudonyms(
        self, transport: Transport, permissions: list[dict[str, Any]], *, weeks: int, per_week: int
    ) -> list[Certificate]:
        """Have pseudonyms for this week and those after it, and keep those that are not here yet. The keys
        they are made of are sent once; fewer come where the registration authority still mixes."""
        order = self.folder / ORDER
        if not order.is_file():
            self._order(transport, permissions, per_week)
        first = clock.week(self.now())
        made: list[Certificate] = []
        step = max(1, WEEKS_MOST * 20 // max(per_week, 20))
        for at in range(first, first + weeks, step):
            number = min(step, first + weeks - at)
            asked = {"generationTime": self.now(), "filename": f"weeks-{at}-{number}"}
            answer = transport.send("ra", self.request("ee-ra", "eeRaDownloadRequest", asked))
            answer = secured.opened(
                answer, self.trusted("ra"), self.suite, "answer of the registration authority"
            )
            made += self._received(codec.each(answer, number * 255))
        return made

    def _order(self, transport: Transport, permissions: list[dict[str, Any]], per_week: int) -> None:
        """Send the keys that pseudonyms are made of. They are written first: they stay the vehicle's."""
        suite = self.suite
        keys = self.folder / "keys"
        for name in ("signing", "encryption"):
            if not (keys / f"{name}.pem").is_file():
                keyfiles.write(keys / f"{name}.pem", _native.V2xKey.generate(suite.name), None, suite)
            if not (keys / f"{name}.expansion").is_file():
                files.write(keys / f"{name}.expansion", secrets.token_bytes(16), secret=True)
        expansions = [
            (suite.expansion, files.read(keys / f"{name}.expansion")) for name in ("signing", "encryption")
        ]
        tbs = certificate.to_be_signed(
            suite,
            self.key("signing").public(),
            start=self.now(),
            duration=("hours", 7 * 24 + 1),
            appPermissions=permissions,
        )
        asked = {
            "version": 1,
            "generationTime": self.now(),
            "type": "explicit",
            "tbsCert": tbs,
            "additionalParams": (
                "original",
                {
                    "signingExpansion": expansions[0],
                    "encryptionKey": codec.encryption_key(self.key("encryption").public(), suite),
                    "encryptionExpansion": expansions[1],
                },
            ),
            "aaaAuthorizationInfoList": [{"aaaAuthorizationInfo": b"per-week %d" % per_week}],
        }
        answer = transport.send("ra", self.request("ee-ra", "eeRaCertRequest", asked))
        answer = secured.opened(answer, self.trusted("ra"), suite, "answer of the registration authority")
        told = pdu.unwrap(answer, "raEeCertAck", suite)
        files.write(self.folder / ORDER, told["requestHash"].hex().encode() + b"\n")

    def _received(self, answers: list[bytes]) -> list[Certificate]:
        """Open answers of the ACA, week by week: a week's keys are written last, and say that it is all
        here."""
        keys = self.folder / "keys"
        caterpillar = _native.V2xCaterpillar(
            self.suite.name,
            self.key("signing"),
            files.read(keys / "signing.expansion"),
            self.key("encryption"),
            files.read(keys / "encryption.expansion"),
        )
        aca = self.trusted("aca").octets
        by_week: dict[int, list[tuple[int, bytes]]] = {}
        for one in answers:
            by_week.setdefault(int.from_bytes(one[:2]), []).append((one[2], one[3:]))
        made = []
        for week, each in sorted(by_week.items()):
            path = keys / f"{week}.week"
            if path.is_file():
                continue
            try:
                pairs = [caterpillar.receive(answer, aca, week, j) for j, answer in each]
            except ValueError as error:
                raise UserError(f"answer of the ACA for week {week}: {error}") from None
            found = [certificate.read(octets, self.suite) for octets, _ in pairs]
            lines = [one.digest[-8:] + secret for one, (_, secret) in zip(found, pairs, strict=True)]
            for fresh in found:
                files.write(self.folder / "certs" / self.file(fresh), fresh.octets, force=True)
            files.write(path, b"".join(lines), secret=True)
            made += found
        return made

    def certificates(self) -> list[Certificate]:
        """Certificates for messages, by their start."""
        found = [
            certificate.read(files.read(path), self.suite, path) for path in self.folder.glob("certs/*.oer")
        ]
        return sorted(found, key=lambda one: (one.start, one.id8))

    def choose(self, aid: int, time: int) -> Chosen | None:
        """The certificate that a message of an application is signed with at a Time32: one that is valid
        then and may, the newest; otherwise one that falls short the least. None if there is none at all."""
        found = self.certificates()
        if not found:
            return None
        best = max(found, key=lambda one: (aid in one.aids, one.valid(time), one.start, one.id8))
        return Chosen(best, self._secret(best))

    def _secret(self, found: Certificate) -> _native.V2xKey:
        kind, value = found.tbs["id"]
        if kind != "linkageData":
            return self.key(found.id8)
        path = self.folder / "keys" / f"{value['iCert']}.week"
        pairs = files.read(path)
        for at in range(0, len(pairs), _PAIR):
            if pairs[at : at + 8] == found.digest[-8:]:
                return _native.V2xKey(self.suite.name, pairs[at + 8 : at + _PAIR])
        raise UserError(f"{path}: does not hold the key of {found.id8}")

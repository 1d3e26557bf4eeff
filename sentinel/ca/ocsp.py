"""The responder of OCSP (RFC 6960): answers from the register, signed by a delegate of the CA asked about.

What was never issued is `unknown`, what is on hold `revoked` with that reason. An answer without a nonce
may be given again until `Response.cacheable_until`, as long as `Responder.version` stays what it was
before the answer was made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sentinel.ca.authority import Authority
from sentinel.ca.delegate import Delegate, delegate
from sentinel.ca.x509 import names, ocsp
from sentinel.errors import StoreAwayError, UserError

VALID = timedelta(hours=4)
"""Time until nextUpdate."""
AGAIN = timedelta(minutes=5)
"""Time until a responder that could not be had is asked for again."""

_MOST_SERIAL = 1 << 160


@dataclass(frozen=True, slots=True)
class Response:
    """An OCSPResponse in DER. The times are None in one that has no answer; `cacheable_until` also where a
    nonce, or what is not known yet, makes it good for once alone. `fault` says why there is no answer."""

    der: bytes
    cacheable_until: datetime | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Ca:
    """A CA that is answered for, as CertIDs and the register name it."""

    role: str
    name: str


class Responder:
    """Answers for the CAs of a folder. Threads may share one. `respond` never raises for what it is sent."""

    def __init__(
        self, authority: Authority, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._authority = authority
        self._clock = clock
        self._lock = threading.Lock()
        self._delegates: dict[str, Delegate] = {}
        self._away: dict[str, tuple[datetime, str]] = {}
        self._cas: dict[tuple[str, bytes, bytes], _Ca] = {}
        for member in authority.charter.members:
            of = authority.certificate(member.role)
            ca = _Ca(member.role, names.text(of.subject))
            for digest, sum_of in ocsp.DIGESTS.items():
                self._cas[digest, sum_of(of.subject_der), sum_of(of.key.octets)] = ca
        self._names = sorted({ca.name for ca in self._cas.values()})

    def version(self) -> tuple[int, ...]:
        """Changes whenever a state of a certificate has changed, by whatever process."""
        return tuple(self._authority.register.changed(name) for name in self._names)

    def ready(self, role: str = "issuing") -> None:
        """`UserError` says why there is no key to answer with."""
        self._delegate(self._authority.charter.member(role).role, self._clock().replace(microsecond=0))

    def respond(self, request: bytes) -> Response:
        """The answer to an OCSPRequest."""
        try:
            asked = ocsp.decode_request(request)
        except UserError as error:
            return Response(ocsp.error("malformedRequest"), fault=error.message)
        try:
            return self._answer(asked)
        except StoreAwayError as error:
            return Response(ocsp.error("tryLater"), fault=error.message)
        except UserError as error:
            return Response(ocsp.error("internalError"), fault=error.message)

    def _answer(self, asked: ocsp.Request) -> Response:
        cas = [self._cas.get((one.digest, one.name_hash, one.key_hash)) for one in asked.asked]
        ca = next((found for found in cas if found is not None), None)
        if ca is None:
            return Response(ocsp.error("unauthorized"), fault="asked about certificates of another CA")
        now = self._clock().replace(microsecond=0)
        try:
            signs = self._delegate(ca.role, now)
        except StoreAwayError:
            raise
        except UserError as error:
            return Response(ocsp.error("unauthorized"), fault=error.message)
        end = min(now + VALID, signs.certificate.not_after)
        singles = [
            self._single(one, ca if of is ca else None, now, end)
            for one, of in zip(asked.asked, cas, strict=True)
        ]
        tbs = ocsp.to_be_signed(
            ocsp.responder_by_key(signs.certificate.key.octets), now, singles, asked.nonce
        )
        data = ocsp.encode_response(
            tbs, signs.signer.signature_algorithm(), signs.signer.sign(tbs), [signs.certificate.der]
        )
        again = asked.nonce is None and all(one.state != "unknown" for one in singles)
        return Response(data, now + (end - now) / 2 if again else None, now, end)

    def _single(self, about: ocsp.CertId, ca: _Ca | None, now: datetime, end: datetime) -> ocsp.Single:
        if ca is None or not 0 < about.serial < _MOST_SERIAL:
            return ocsp.Single(about, "unknown", now, end)
        row = self._authority.register.certificate(f"{about.serial:040x}")
        if row is None or row.issuer != ca.name:
            return ocsp.Single(about, "unknown", now, end)
        if row.state in ("revoked", "held"):
            assert row.revoked_at is not None
            at = datetime.fromisoformat(row.revoked_at)
            return ocsp.Single(about, "revoked", now, end, at, row.reason or "unspecified")
        return ocsp.Single(about, "good", now, end)

    def _delegate(self, role: str, now: datetime) -> Delegate:
        """The delegate of a CA. One that cannot be had is not asked for again for a while."""
        found = self._delegates.get(role)
        if found is not None and found.lasts(now):
            return found
        with self._lock:
            found = self._delegates.get(role)
            if found is not None and found.lasts(now):
                return found
            until, why = self._away.get(role, (now, ""))
            if why and now < until:
                if found is not None and now < found.certificate.not_after:
                    return found
                raise UserError(why)
            try:
                self._delegates[role] = delegate(self._authority, role, now)
            except StoreAwayError:
                raise
            except UserError as error:
                self._away[role] = (now + AGAIN, error.message)
                raise
            if not self._delegates[role].lasts(now):
                self._away[role] = (now + AGAIN, f"the {role} key is away")
            return self._delegates[role]

"""What all certificates of one profile and one issuer share, encoded once.

Only serial number, validity, subject, key, key identifier, alternative names and role differ from
one certificate to the next; everything else is octets that are joined to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sentinel.ca.keys import PublicKey, Signer
from sentinel.ca.x509 import altnames, certificate, der, extensions
from sentinel.ca.x509.profiles import Profile

_SUBJECT_KEY = extensions.subject_key(bytes(20))[:-20]
"""What stands before a key identifier, which is of 20 octets."""


class Template:
    """Certificates of one profile, from one issuer, with one use of the key."""

    def __init__(
        self,
        profile: Profile,
        usage: Sequence[str],
        issuer: certificate.Certificate,
        signer: Signer,
        base_url: str | None,
        role: str,
    ) -> None:
        """`role` names the issuer in its URLs: `<base>/crl/<role>.crl`, `<base>/crl/<role>.cer`."""
        self._algorithm = signer.signature_algorithm()
        self._issuer = issuer.subject_der
        first = [extensions.authority_key(issuer.subject_key), extensions.key_usage(usage)]
        if profile.purposes:
            first.append(extensions.extended_key_usage(profile.purposes, critical=profile.purposes_critical))
        if profile.basic_constraints:
            first.append(extensions.extension(extensions.CONSTRAINTS, der.sequence(), critical=True))
        if profile.policies:
            first.append(extensions.policies(profile.policies))
        self._first = b"".join(first)
        last = []
        if base_url is not None:
            last = locations(base_url, role, revocable=profile.revocable)
        if profile.nocheck:
            last.append(extensions.ocsp_nocheck())
        self._last = b"".join(last)
        self._kept: tuple[datetime, datetime, bytes] | None = None

    def to_be_signed(
        self,
        serial: bytes,
        begin: datetime,
        end: datetime,
        subject: bytes,
        key: PublicKey,
        alt: tuple[altnames.AltName, ...],
        modbus_role: str | None,
    ) -> bytes:
        """TBSCertificate of one certificate, DER; so is the subject."""
        own = [_SUBJECT_KEY, key.identifier()]
        if alt:
            own.append(extensions.alt_names(alt))
        if modbus_role is not None:
            own.append(extensions.modbus_role(modbus_role))
        return certificate.to_be_signed(
            serial,
            self._algorithm,
            self._issuer,
            self._validity(begin, end),
            subject,
            key.spki,
            self._first,
            *own,
            self._last,
        )

    def signed(self, tbs: bytes, signature: bytes) -> bytes:
        """The certificate, DER."""
        return der.sequence(tbs, self._algorithm, der.bits(signature))

    def _validity(self, begin: datetime, end: datetime) -> bytes:
        """Validity, kept for the next certificate: those of one batch have the same."""
        kept = self._kept
        if kept is None or kept[0] != begin or kept[1] != end:
            kept = self._kept = (begin, end, der.sequence(der.time(begin), der.time(end)))
        return kept[2]


def locations(base_url: str, role: str, *, revocable: bool = True) -> list[bytes]:
    """Where the CRL, the OCSP responder and the certificate of the issuer `role` are."""
    out = []
    if revocable:
        out.append(extensions.crl_points(crl_url(base_url, role)))
    out.append(
        extensions.authority_access(
            ocsp=f"{base_url}/ocsp" if revocable else None, issuer=f"{base_url}/crl/{role}.cer"
        )
    )
    return out


def crl_url(base_url: str, role: str, *, delta: bool = False) -> str:
    """Where a CRL of the CA `role` is served."""
    return f"{base_url}/crl/{role}{'-delta' if delta else ''}.crl"

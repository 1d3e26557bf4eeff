"""Enrolment over Secure Transport (RFC 7030, RFC 8951): `/.well-known/est/[PROFILE/]...`

A first certificate takes a token (HTTP Basic or Bearer), or a device's initial identity over TLS; a
renewal the current certificate over TLS, or a CMS SignedData over the request by the current key,
which is what devices with SM2 keys have. The label in the path is a profile.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.keys import SoftwareKey, generate
from sentinel.ca.register import Certificate
from sentinel.ca.renewal import renewal
from sentinel.ca.serve.access import Caller, Callers
from sentinel.ca.serve.issuing import Ask, bound, issue, refuse
from sentinel.ca.serve.web import RefusedError, Reply, Request, segments
from sentinel.ca.x509 import cms, der, names, request
from sentinel.ca.x509.issue import Issuer
from sentinel.ca.x509.order import Issued, Order
from sentinel.errors import UserError

PREFIX = "/.well-known/est/"
INITIAL, LOCAL = "device", "ldevid"
"""Profiles: what a device is made with, and what it gets for that (IEEE 802.1AR)."""

_PKCS7 = "application/pkcs7-mime; smime-type=certs-only"
_BOUNDARY = "sentinel-est"
_SPACE = re.compile(rb"\s+")


@dataclass(frozen=True, slots=True)
class Est:
    """Answers EST."""

    authority: Authority
    issuer: Issuer

    def __call__(self, requests: Sequence[Request]) -> None:
        """Answer a group: what issues together in one transaction."""
        asks = []
        callers = Callers(self.authority.register, requests)
        for one in requests:
            try:
                label, operation = self._operation(one.path)
                match one.method, operation:
                    case "GET", "cacerts":
                        self._certificates().give(one)
                    case "GET", "csrattrs":
                        self._attributes().give(one)
                    case "POST", "simpleenroll":
                        asks.append(self._enrol(one, label, callers))
                    case "POST", "simplereenroll":
                        asks.append(self._again(one, callers))
                    case "POST", "serverkeygen":
                        asks.append(self._with_key(one, label, callers))
                    case _:
                        raise RefusedError(404, f"{one.method} {one.path[:100]}: no operation of EST")
            except UserError as error:
                _refuse(one, error)
        if asks:
            issue(self.issuer, self.authority.register, asks)

    def _operation(self, path: str) -> tuple[str, str]:
        match segments(path, PREFIX):
            case [operation]:
                return "", operation
            case [label, operation]:
                self.authority.profiles.get(label)
                return label, operation
        raise RefusedError(404, f"{path[:100]}: no operation of EST")

    def _certificates(self) -> Reply:
        return _base64(cms.certificates_only(one.der for one in self.authority.chain()), _PKCS7)

    def _attributes(self) -> Reply:
        """What a request should hold (RFC 7030, 4.5.2): an extension request, and the CA's own algorithm."""
        own = der.Reader(self.authority.certificate("issuing").algorithm).enter().oid()
        return _base64(der.sequence(der.oid(request.EXTENSION_REQUEST), der.oid(own)), "application/csrattrs")

    def _enrol(self, one: Request, label: str, callers: Callers) -> Ask:
        who = callers.of(one)
        order = Order(
            self._profile(who, label),
            request=_request(one.body),
            serial_number=(who.token.serial_number or None) if who.token is not None else None,
            who=who.name,
            source=one.peer,
            why="EST",
        )
        if who.role == "device":
            return self._own(one, who, order)
        return Ask(one, who, bound(who, order), self._issued, problem=False)

    def _profile(self, who: Caller, label: str) -> str:
        if label:
            return label
        return who.token.profile if who.token is not None and who.token.profile else LOCAL

    def _own(self, one: Request, who: Caller, order: Order) -> Ask:
        """A device with an initial identity gets a local one, for the serial number that it was made with."""
        assert who.row is not None
        if who.row.profile != INITIAL or order.profile != LOCAL:
            raise RefusedError(
                403,
                f"{who.name}: with a certificate of {who.row.profile} no {order.profile} is given; "
                "simplereenroll renews",
            )
        serial = dict(names.parse(who.row.subject)).get("serialNumber")
        asked = dict(request.read(order.request or b"").subject).get("serialNumber", serial)
        if serial is None or asked != serial:
            raise RefusedError(403, f"serial {asked}: the certificate shown is of {serial}")
        return Ask(
            one,
            who,
            replace(order, serial_number=serial, asset=who.row.asset or ""),
            self._issued,
            problem=False,
        )

    def _again(self, one: Request, callers: Callers) -> Ask:
        """Renewal or rekey: subject, names and profile stay, the key is that of the request."""
        if one.header("content-type").startswith("application/pkcs7-mime"):
            row, csr = self._signed(_decoded(one.body))
        else:
            who = callers.of(one)
            if who.row is None:
                raise RefusedError(
                    401, "simplereenroll: takes the current certificate over TLS, or a request signed by CMS"
                )
            row, csr = who.row, _request(one.body)
        asked = request.read(csr)
        order = renewal(
            self.authority, row.serial, keep_key=False, who=row.subject, source=one.peer, why="EST"
        )
        if asked.subject != order.subject or asked.alt_names() not in ((), order.alt_names):
            raise RefusedError(403, "simplereenroll: subject and names stay as they are (RFC 7030, 4.2.2)")
        known = Caller(row.subject, "device", row=row)
        return Ask(one, known, replace(order, request=csr), self._issued, problem=False)

    def _signed(self, data: bytes) -> tuple[Certificate, bytes]:
        """Row of the certificate whose key signed a request, and the request."""
        signed = cms.read(data)
        signer = signed.signer()
        row = self.authority.register.by_fingerprint(signer.sha256)
        if row is None:
            raise RefusedError(401, "signed request: its signer's certificate is not of this CA")
        if row.state != "valid":
            raise RefusedError(401, f"certificate {row.serial}: is {row.state}")
        if not signed.holds(signer.key):
            raise RefusedError(401, "signed request: its signature does not hold")
        return row, _request(signed.content)

    def _with_key(self, one: Request, label: str, callers: Callers) -> Ask:
        """A key made here, of the kind that the request's key has; it goes out once and is kept nowhere."""
        ask = self._enrol(one, label, callers)
        asked = request.read(ask.order.request or b"")
        if not asked.proven():
            raise RefusedError(400, "request: its signature is not of its key (proof of possession failed)")
        kind = asked.key.algorithm
        key = generate("rsa3072" if kind.startswith("rsa") else kind)
        order = replace(
            ask.order,
            request=None,
            key=key.spki(),
            subject=asked.subject,
            alt_names=asked.alt_names() or None,
        )
        return replace(ask, order=order, told=lambda issued: _both(key, issued))

    def _issued(self, issued: Issued) -> Reply:
        both = [issued.der] + ([issued.pair_der] if issued.pair_der is not None else [])
        return _base64(cms.certificates_only(both), _PKCS7)


def _refuse(one: Request, error: UserError) -> None:
    """Who has shown no token yet is challenged without a body, its reason in a header: clients that begin so
    show one then, and Bouncy Castle's (1.81) takes no challenge with a body."""
    if isinstance(error, RefusedError) and error.headers and not one.header("authorization"):
        Reply(error.status, headers=error.headers).give(one)
    else:
        refuse(one, error, problem=False)


def _both(key: SoftwareKey, issued: Issued) -> Reply:
    """Key and certificate in two parts (RFC 7030, 4.4.2)."""
    parts = (("application/pkcs8", key.pkcs8()), (_PKCS7, cms.certificates_only([issued.der])))
    body = b""
    for kind, data in parts:
        head = f"--{_BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        body += head.encode() + base64.encodebytes(data).replace(b"\n", b"\r\n")
    return Reply(200, body + f"--{_BOUNDARY}--\r\n".encode(), f"multipart/mixed; boundary={_BOUNDARY}")


def _base64(data: bytes, kind: str) -> Reply:
    return Reply(200, base64.encodebytes(data), kind, (("content-transfer-encoding", "base64"),))


def _decoded(body: bytes) -> bytes:
    """Octets of a body: base64 whatever its header says (RFC 8951, 3.1), PEM and DER are taken as well."""
    if body[:1] == b"\x30":
        return body
    if b"-----BEGIN" in body:
        return files.unpem(body, *request.LABELS, "CMS", "PKCS7", name="body")[0][1]
    try:
        return base64.b64decode(_SPACE.sub(b"", body), validate=True)
    except binascii.Error:
        raise RefusedError(400, "body: no base64") from None


def _request(body: bytes) -> bytes:
    data = _decoded(body)
    if not data:
        raise RefusedError(400, "body: empty; a PKCS#10 request in base64 is expected")
    return data

"""Whom we trust: the system's authorities, those of a file, or the one whose fingerprint is known."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from typing import Any

from sentinel.config.sections import ElasticSettings
from sentinel.errors import StoreAwayError, UserError

_HEX = re.compile(r"[0-9a-f]{64}")


def context(host: str, port: int, settings: ElasticSettings) -> ssl.SSLContext:
    """A context that checks the server's chain and name. Raises `UserError` for a file or fingerprint that
    is none, `StoreAwayError` if the server must be asked for its chain and is away."""
    if settings.fingerprint is None and settings.ca is None:
        return ssl.create_default_context()
    if settings.fingerprint is None:
        try:
            return ssl.create_default_context(cafile=str(settings.ca))
        except ssl.SSLError:
            raise UserError(f"elastic.ca: {settings.ca}: holds no certificates in PEM") from None
        except OSError as error:
            raise UserError(f"elastic.ca: {settings.ca}: {error.strerror}") from None
    wanted = settings.fingerprint.replace(":", "").strip().lower()
    if _HEX.fullmatch(wanted) is None:
        raise UserError(f"elastic.fingerprint: {settings.fingerprint}: not a SHA-256 in hex (64 digits)")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the pinned certificate may be one below the root
    made.load_verify_locations(cadata=_pinned(host, port, wanted, settings.timeout))
    return made


def _pinned(host: str, port: int, wanted: str, timeout: float) -> bytes:
    """The certificate of this fingerprint among those the server shows. It alone is trusted afterwards, and
    every connection is checked against it: what is read here proves nothing."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname = False
    asking.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout) as plain,
            asking.wrap_socket(plain, server_hostname=host) as secure,
        ):
            chain = _chain(secure)
    except ssl.SSLError as error:
        raise UserError(f"https://{host}:{port}: {reason(error)}") from None
    except OSError as error:
        raise StoreAwayError(f"https://{host}:{port}: cannot be reached: {error.strerror or error}") from None
    for certificate in chain:
        if hashlib.sha256(certificate).hexdigest() == wanted:
            return certificate
    raise UserError(
        f"https://{host}:{port}: shows no certificate with elastic.fingerprint {wanted[:16]}… "
        f"(its last one has {hashlib.sha256(chain[-1]).hexdigest()})"
    )


def _chain(secure: ssl.SSLSocket) -> list[bytes]:
    """Certificates a server shows, DER, its own first."""
    if hasattr(secure, "get_unverified_chain"):  # Python 3.13
        return list(secure.get_unverified_chain())
    inner: Any = secure._sslobj  # type: ignore[attr-defined]
    return [
        ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in inner.get_unverified_chain()
    ]


def reason(error: BaseException) -> str:
    """A failure of TLS in words that say what to do."""
    text = str(error)
    if "certificate has expired" in text:
        return "the server's certificate has expired; renew it there"
    if "not yet valid" in text:
        return "the server's certificate is not valid yet; look at both clocks"
    if "Hostname mismatch" in text or "IP address mismatch" in text or "doesn't match" in text:
        return "the server's certificate is for another name; use the name it is for"
    if "self-signed" in text or "self signed" in text or "unable to get" in text or "VERIFY_FAILED" in text:
        return (
            "the server's certificate comes from an unknown authority; name it in elastic.ca or "
            "elastic.fingerprint"
        )
    if "WRONG_VERSION_NUMBER" in text or "UNEXPECTED_EOF" in text or "record layer" in text.lower():
        return "no TLS is spoken there; write http:// if that is wanted"
    return f"TLS fails: {text[:200]}"

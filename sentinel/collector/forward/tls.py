"""TLS towards receivers: who they must be, who we are."""

from __future__ import annotations

import ssl
from pathlib import Path

from sentinel.config.sections import Receiver
from sentinel.errors import UserError


def context(receiver: Receiver) -> ssl.SSLContext:
    """TLS 1.2 or newer (RFC 5425 as RFC 9662 has it); the receiver's certificate must come from `ca`, else
    from an authority of the system, and name its host.

    Files are read anew at each call, so that a renewed certificate is taken up at the next connection.
    Raises `UserError` that names the file.
    """
    try:
        made = ssl.create_default_context(cafile=str(receiver.ca) if receiver.ca else None)
    except OSError as error:
        raise UserError(f"{receiver.ca}: {_why(error, 'holds no certificate (PEM)')}") from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if receiver.certificate is not None:
        _own(made, receiver.certificate, receiver.key)
    return made


def _own(made: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    for path in (certificate, *([key] if key else ())):
        try:
            path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        # nobody is there to be asked for a passphrase
        made.load_cert_chain(certificate, key, password=_no_passphrase)
    except _LockedError:
        raise UserError(f"{key or certificate}: its key has a passphrase; give one without") from None
    except OSError as error:
        raise UserError(
            f"{certificate}: {_why(error, 'no certificate (PEM) that fits the key')}"
            + (f" {key}" if key else "")
        ) from None


class _LockedError(Exception):
    pass


def _no_passphrase() -> bytes:
    raise _LockedError


def _why(error: OSError, bad: str) -> str:
    if isinstance(error, ssl.SSLError):
        return bad
    return f"cannot be read: {error.strerror}"


def failed(error: OSError) -> str:
    """An error of a connection in a few words, for the log."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message or error.reason}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(error.reason or 'failed').replace('_', ' ').lower()}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or str(error) or type(error).__name__

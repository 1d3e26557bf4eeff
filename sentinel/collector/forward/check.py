"""What can be wrong with the receivers of the settings, found before anything starts."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sentinel.collector.forward import tls
from sentinel.collector.forward.lines import PORTS
from sentinel.config.sections import ForwardSettings, Receiver
from sentinel.errors import UserError

_SCHEMES = {
    "syslog": tuple(PORTS),
    "cef": tuple(PORTS),
    "webhook": ("https", "http"),
    "stix": ("file",),
}
SHORTEST_SECRET = 16
"""Octets of a secret below which a warning is given (HMAC: RFC 2104, 3, asks for as many as the hash has)."""
LONGEST_SECRET = 4096


@dataclass(frozen=True, slots=True)
class Known:
    """A receiver whose settings are sound."""

    name: str
    receiver: Receiver
    url: SplitResult


def check(settings: ForwardSettings) -> list[str]:
    """Look at all receivers. Returns warnings, one line each; raises `UserError` for the first fault."""
    return [
        line for known in receivers(settings) for line in (*_files(known), *_folders(known), *_plain(known))
    ]


def receivers(settings: ForwardSettings) -> list[Known]:
    """All receivers with their names. Raises `UserError` where a URL does not fit, or two have one name."""
    out: dict[str, Known] = {}
    for number, receiver in enumerate(settings.to, 1):
        place = f"forward.to[{number}]"
        url = _url(place, receiver)
        name = receiver.name or "-".join(filter(None, (receiver.kind, url.hostname or Path(url.path).name)))
        if name in out:
            raise UserError(f"{place}: a receiver is named {name} already; give one of them another `name`")
        _fits(f"{place} ({name})", receiver, url)
        out[name] = Known(name, receiver, url)
    return list(out.values())


def _url(place: str, receiver: Receiver) -> SplitResult:
    schemes = _SCHEMES[receiver.kind]
    likely = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        url = urlsplit(receiver.url)
        port = url.port
    except ValueError:
        raise UserError(f"{place}: url: is no URL; {receiver.kind} needs {likely}") from None
    # the rest of a URL may hold a secret that somebody put there: it is never shown
    shown = f"{url.scheme or 'without a scheme'}"
    if url.scheme not in schemes:
        raise UserError(f"{place}: url: {shown} is no way to a {receiver.kind} receiver; write {likely}")
    if "@" in url.netloc:
        raise UserError(f"{place}: url: holds a user or password; secrets stand in files (`secret`)")
    if url.scheme == "file":
        if url.netloc or not url.path.startswith("/") or url.path == "/":
            raise UserError(f"{place}: url: file:// needs the absolute path of a folder: file:///folder")
        return url
    if not url.hostname or port == 0:
        raise UserError(f"{place}: url: names no host, or port 0")
    if url.scheme in PORTS and (url.path not in ("", "/") or url.query):
        raise UserError(f"{place}: url: {url.scheme}://host:port has no path")
    if url.scheme == "http" and not _loopback(url.hostname):
        raise UserError(f"{place}: url: http:// goes to this host only; write https://{url.hostname}")
    return url


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fits(place: str, receiver: Receiver, url: SplitResult) -> None:
    secure = url.scheme in ("tls", "https")
    for name in ("ca", "certificate", "key"):
        if getattr(receiver, name) is not None and not secure:
            raise UserError(f"{place}: {name}: {url.scheme}:// has no TLS; write tls:// or https://")
    if receiver.key is not None and receiver.certificate is None:
        raise UserError(f"{place}: key: is the key of no certificate; name that in `certificate`")
    if receiver.secret is not None and receiver.kind != "webhook":
        raise UserError(f"{place}: secret: only a webhook is signed with one")


def _files(known: Known) -> list[str]:
    receiver = known.receiver
    try:
        if known.url.scheme in ("tls", "https"):
            tls.context(receiver)
        if receiver.secret is not None:
            secret(receiver.secret)
    except UserError as error:
        raise UserError(f"receiver {known.name}: {error.message}") from None
    warnings = [
        f"receiver {known.name}: {path}: every user may read it; chmod o-rwx {path}"
        for path in (receiver.secret, receiver.key)
        if path is not None and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH)
    ]
    if receiver.secret is not None and len(secret(receiver.secret)) < SHORTEST_SECRET:
        warnings.append(
            f"receiver {known.name}: {receiver.secret}: under {SHORTEST_SECRET} octets it is easy to guess"
        )
    return warnings


def _folders(known: Known) -> list[str]:
    if known.url.scheme == "file":
        folder = Path(known.url.path)
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if not there.is_dir():
            raise UserError(f"receiver {known.name}: {there}: is a file, bundles need a folder")
        if not os.access(there, os.W_OK | os.X_OK):
            raise UserError(f"receiver {known.name}: {there}: cannot be written by this user")
    return []


def _plain(known: Known) -> list[str]:
    if known.receiver.kind == "webhook" and known.receiver.secret is None:
        return [f"receiver {known.name}: deliveries are not signed; name a file in `secret`"]
    return []


def secret(path: Path) -> bytes:
    """The key of a file, without the newline at its end. Raises `UserError` that does not show it."""
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST_SECRET + 1).rstrip(b"\r\n")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    if not text or len(text) > LONGEST_SECRET:
        raise UserError(f"{path}: holds no key: it is empty or longer than {LONGEST_SECRET:,} octets")
    return text

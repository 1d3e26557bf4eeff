"""A service put together from a CA."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from pathlib import Path

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.keys.files import read_key
from sentinel.ca.ocsp import Responder
from sentinel.ca.serve.acme.http01 import Http01, networks
from sentinel.ca.serve.acme.server import Acme
from sentinel.ca.serve.api import Api
from sentinel.ca.serve.audits import Audits
from sentinel.ca.serve.ending import Ending
from sentinel.ca.serve.est import Est
from sentinel.ca.serve.identity import KEY_LABEL, Identity, names_of
from sentinel.ca.serve.lists import Lists
from sentinel.ca.serve.ocsp import Ocsp
from sentinel.ca.serve.service import Service
from sentinel.ca.serve.web import Handler
from sentinel.ca.x509 import altnames
from sentinel.config.sections import CaSettings
from sentinel.errors import UserError

log = logging.getLogger("sentinel.ca.serve")

_NO_RESPONDER = (
    "give its passphrase by a line `ocsp: ...` of the passphrase file, or remove keys/ocsp.pem: "
    "a new responder is made then"
)
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):([0-9]{1,5})")


def address(text: str, option: str) -> str:
    """HOST:PORT with its host as an address. `UserError` for what is none."""
    found = _PLACE.fullmatch(text)
    if found is None or int(found[2]) > 65535:
        raise UserError(f"{option} {text}: write HOST:PORT, as 0.0.0.0:8443 or [::1]:8443", 2)
    host, port = found[1].strip("[]"), found[2]
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        try:
            host = str(socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][4][0])
        except OSError as error:
            raise UserError(f"{option} {text}: {error.strerror}") from None
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def started(
    authority: Authority,
    options: CaSettings,
    listen: str,
    plain: str | None,
    san: tuple[str, ...] = (),
    certificate: Path | None = None,
    key: Path | None = None,
) -> Service:
    """A service that answers. `UserError` if it cannot listen, or a key is missing."""
    if (certificate is None) != (key is None):
        raise UserError("--certificate and --key go together", 2)
    places = [address(listen, "--listen")]
    plain_places = [] if plain is None else [address(plain, "--plain")]
    issuer = authority.issuer()
    identity = fixed = None
    if certificate is not None and key is not None:
        opened = read_key(key, authority.known_passphrase("tls"))
        fixed = files.read(certificate), files.pem(KEY_LABEL, opened.pkcs8())
    else:
        identity = Identity(
            authority, issuer, names_of(places, authority.base_url, tuple(map(altnames.parse, san)))
        )
    service = Service(places, plain_places, options, identity, fixed)
    responder, lists = Ocsp(service.server, Responder(authority)), Lists(service.server, authority)
    lists.certificates()
    lists.watch()
    http01 = Http01(networks(options.acme_http01))
    service.ends.append(http01.stop)
    handlers: dict[str, Handler] = {
        "acme": Acme(authority, issuer, http01, responder.forget),
        "api": Api(authority, issuer, responder.forget, Audits(authority)),
        "enrol": Est(authority, issuer),
        "status": responder,
    }
    try:
        responder.responder.ready()
    except UserError as error:
        log.warning("OCSP is not answered: %s; %s", error.message, _NO_RESPONDER)
    service.start(handlers, [responder.watch, lists.watch, Ending(authority, options.warn_days)])
    return service

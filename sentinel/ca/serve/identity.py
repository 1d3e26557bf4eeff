"""The server's own certificate: issued by the CA, its key in memory alone, renewed in time."""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime, timedelta

from sentinel.ca import files
from sentinel.ca.authority import Authority
from sentinel.ca.keys import generate
from sentinel.ca.x509 import altnames, certificate
from sentinel.ca.x509.issue import Issuer
from sentinel.ca.x509.order import Issued, Order
from sentinel.errors import UserError

PROFILE = "tls-server"
DAYS = 30
"""Days of a certificate; it is renewed after two thirds of them."""

KEY_LABEL = "PRIVATE KEY"
FILE = "tls.pem"


class Identity:
    """Chain and key in PEM, and when the next ones are due. An SM2 CA's own certificates are not sent: no
    client could check them, and one that trusts the server's alone would stumble over them."""

    def __init__(self, authority: Authority, issuer: Issuer, names: tuple[altnames.AltName, ...]) -> None:
        self._authority, self._issuer, self._names = authority, issuer, names
        self.chain, self.key, self.due = b"", b"", datetime.now(UTC)

    def renew(self) -> None:
        """A new key and certificate, which is written to `public/tls.pem` too. `UserError` if refused."""
        signer = generate("p256")
        now = datetime.now(UTC)
        left = (self._authority.certificate("issuing").not_after - now).days
        order = Order(
            PROFILE,
            key=signer.spki(),
            subject=(("CN", self._names[0][1]),),
            alt_names=self._names,
            days=max(1, min(DAYS, left)),
            who="serve",
            source="serve",
            why="the server's own certificate",
        )
        [issued] = self._issuer.issue([order])
        if not isinstance(issued, Issued):
            raise UserError(f"the server's own certificate: {issued.reason}")
        own = files.pem(certificate.LABEL, issued.der)
        above = () if self._authority.charter.algorithm == "sm2" else self._authority.chain()[:-1]
        self.chain = own + b"".join(files.pem(certificate.LABEL, one.der) for one in above)
        self.key = files.pem(KEY_LABEL, signer.pkcs8())
        self.due = now + timedelta(days=max(1, min(DAYS, left))) * 2 / 3
        files.write(self._authority.folder / "public" / FILE, own, force=True)


def names_of(
    listen: list[str], base_url: str | None, more: tuple[altnames.AltName, ...]
) -> tuple[altnames.AltName, ...]:
    """Names a server is reached by: those given, the host of the base URL, the addresses it listens on."""
    found = list(more)
    if base_url is not None:
        host = base_url.split("//", 1)[-1].split("/", 1)[0]
        host = host.rsplit(":", 1)[0] if host.count(":") == 1 or "]:" in host else host
        own = altnames.host_or_address(host.strip("[]"))
        if own is not None:
            found.append(own)
    for text in listen:
        address = ipaddress.ip_address(text.rsplit(":", 1)[0].strip("[]"))
        if address.is_unspecified:
            own = altnames.host_or_address(socket.gethostname())
            found += [own] if own is not None else []
        else:
            found.append(("ip", str(address)))
        if address.is_unspecified or address.is_loopback:
            found.append(("dns", "localhost"))
    return tuple(dict.fromkeys(found))

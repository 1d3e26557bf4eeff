"""A CA and its server for tests: real certificates, real sockets on loopback."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sentinel import _native
from sentinel.ca import files, founding, operators
from sentinel.ca.authority import Authority
from sentinel.ca.keys import Signer, generate
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.serve import routes, tokens
from sentinel.ca.serve.acme.http01 import Http01
from sentinel.ca.serve.start import started
from sentinel.ca.serve.web import Request
from sentinel.ca.x509 import altnames, names, request
from sentinel.config.sections import CaSettings

CASES = int(os.environ.get("SENTINEL_CASES", "1000"))
"""Malformed requests."""

BOUNDS: dict[str, Any] = {"rate": 0.0, "burst": 1.0, "connections": 64, "connections_per_address": 64}


class Bare:
    """The native server alone, with lanes answered by functions of the test."""

    def __init__(self, answers: dict[str, Callable[[Request], None]], **changes: Any) -> None:
        settings = routes.settings([], ["127.0.0.1:0"], **BOUNDS)
        lanes = changes.pop("lanes", {})
        for route in settings["routes"]:
            route["plain"] = True
        for lane in settings["lanes"]:
            lane |= lanes.get(lane["name"], {})
        self.server = _native.HttpServer(settings | changes)
        host, _, port = self.server.plain_addresses[0].rpartition(":")
        self.address = host, int(port)
        self._threads = []
        for name, answer in answers.items():
            thread = threading.Thread(target=self._work, args=(routes.LANES.index(name), answer))
            thread.start()
            self._threads.append(thread)

    def _work(self, lane: int, answer: Callable[[Request], None]) -> None:
        while (taken := self.server.take(lane, 16, 0.2, 0.0)) is not None:
            while taken:
                answer(taken.pop(0))

    def __enter__(self) -> Bare:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop(0.0)
        for thread in self._threads:
            thread.join()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=20)

    def ask(self, octets: bytes) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own; its response."""
        with self.connect() as client:
            client.sendall(octets)
            return response(client)


def response(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, header fields (names in lower case) and body; status 0 if the connection ended without."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return 0, {}, data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(fields.get("content-length", 0)):
        more = client.recv(65536)
        if not more:
            break
        body += more
    return int(first.split()[1]), fields, body


def post(path: str, body: bytes, *fields: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *fields, "", ""]).encode()


def context(trusted: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """TLS of a client that trusts one certificate, whatever its issuer."""
    made = ssl.create_default_context(cafile=trusted)
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if certificate is not None:
        made.load_cert_chain(certificate, key)
    return made


class Served:
    """A CA at work and its server. The root's key is taken away before it starts."""

    def __init__(self, folder: Path, algorithm: str) -> None:
        self.folder, self.algorithm = folder / "ca", algorithm
        passphrases = Passphrases("a passphrase")
        plan = founding.Plan(
            name="Works", algorithm=algorithm, days=3650, base_url="http://pki.test", who="tests"
        )
        founding.found(self.folder, plan, passphrases)
        self.root_key = folder / "root.pem"
        (self.folder / "keys" / "root.pem").rename(self.root_key)
        self.authority = Authority.open(self.folder, passphrases)
        options = CaSettings(rate=0.0, connections_per_address=512)
        self.service = started(self.authority, options, "127.0.0.1:0", "127.0.0.1:0")
        self.https = self.service.addresses()["https"][0]
        self.http = self.service.addresses()["http"][0]
        self.trusted = self.folder / "public" / "tls.pem"

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop()
        self.authority.close()

    def http01(self) -> Http01:
        """What looks at devices for ACME."""
        ends = (getattr(end, "__self__", None) for end in self.service.ends)
        return next(end for end in ends if isinstance(end, Http01))

    def token(self, kind: str = "enrol", **given: Any) -> str:
        """A new token, made as `ca tokens` makes one."""
        with self.authority.register.transaction() as change:
            wanted: dict[str, Any] = {"name": "somebody", "by": "tests", "days": 1, **given}
            return tokens.make(change, kind=kind, **wanted)[0]

    def person(self, name: str, role: str = "operator") -> str:
        """A token that speaks for an operator, who is entered if he is not."""
        if operators.find(self.authority.register, name) is None:
            with self.authority.register.transaction() as change:
                operators.add(change, name, generate("p256").spki(), role=role, who="tests")
        return self.token("api", name=name)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        plain: bool = False,
    ) -> tuple[int, dict[str, str], bytes]:
        """One request over TLS, or without; a body that is no octets goes as JSON."""
        host, _, port = (self.http if plain else self.https).partition(":")
        if plain:
            client = http.client.HTTPConnection(host, int(port), timeout=30)
        else:
            tls = context(self.trusted, certificate, key)
            client = http.client.HTTPSConnection(host, int(port), context=tls, timeout=30)
        with closing(client):
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            given = {"authorization": f"Bearer {token}"} if token else {}
            client.request(method, path, data, {**given, **(headers or {})})
            got = client.getresponse()
            return got.status, {name.lower(): value for name, value in got.getheaders()}, got.read()


def csr(key: Signer, name: str = "CN=plc-7", *san: str) -> bytes:
    """A request, DER."""
    return request.make(key, names.parse(name), tuple(map(altnames.parse, san)))


def csr_pem(key: Signer, name: str = "CN=plc-7", *san: str) -> str:
    return files.pem(request.LABELS[0], csr(key, name, *san)).decode()

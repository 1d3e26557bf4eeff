"""A CA and its server for tests: real certificates, real sockets on loopback."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sentinel import _native
from sentinel.ca.serve import routes
from sentinel.ca.serve.web import Request

CASES = int(os.environ.get("SENTINEL_CASES", "1000"))
"""Malformed requests."""

BOUNDS = {"rate": 0.0, "burst": 1.0, "connections": 64, "connections_per_address": 64}


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
            for request in taken:
                answer(request)

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


def documents(replies: Sequence[bytes]) -> list[Any]:
    return [json.loads(reply) for reply in replies]

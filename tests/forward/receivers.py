"""Real receivers on loopback, and small parsers of what they get, written apart from the encoders."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

PATIENCE = 60.0


def until(what: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What a condition gives once it is true; fails where it does not become so in time."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
    return found


class Log:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))

    warning = info

    def text(self) -> str:
        return "\n".join(f"{event} {fields}" for event, fields in self.lines)


class Streams:
    """Takes connections (TLS with a context) and splits what comes by its octet counts (RFC 6587, 3.4.1)."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.messages: list[bytes] = []
        self.reads = threading.Event()
        self.reads.set()
        """Cleared: connections are taken, nothing is read."""
        self.after: int | None = None
        """Messages after which a connection is reset in the middle of the next one."""
        self.peers: list[dict[str, Any]] = []
        self._context, self._open = context, set[socket.socket]()
        self._ended = False
        self._listening = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                made, _ = self._listening.accept()
            except OSError:
                return
            self._open.add(made)
            thread = threading.Thread(target=self._serve, args=(made,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, made: socket.socket) -> None:
        at: socket.socket = made
        try:
            made.settimeout(PATIENCE)
            if self._context is not None:
                at = self._context.wrap_socket(made, server_side=True)
                self._open.add(at)
                self.peers.append(at.getpeercert() or {})
            self._read(at)
        except (OSError, ValueError):
            pass
        finally:
            at.close()

    def _read(self, at: socket.socket) -> None:
        text, count = b"", 0
        while True:
            while not self.reads.wait(0.05):
                if self._ended:
                    return
            got = at.recv(4096)
            if not got:
                return
            text += got
            while True:
                length, mark, rest = text.partition(b" ")
                if not mark or len(rest) < int(length):
                    break
                self.messages.append(rest[: int(length)])
                text = rest[int(length) :]
                count += 1
                if self.after is not None and count >= self.after:
                    self.after = None
                    at.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    return

    def close(self) -> None:
        """Dies: the port is free, connections are broken off."""
        self._ended = True
        self.reads.set()
        for at in (self._listening, *self._open):
            try:
                socket.socket.shutdown(at, socket.SHUT_RDWR)
            except OSError:
                pass
            at.close()
        for thread in self._threads:
            thread.join(PATIENCE)


@contextmanager
def streams(port: int = 0, context: ssl.SSLContext | None = None) -> Iterator[Streams]:
    server = Streams(port, context)
    try:
        yield server
    finally:
        server.close()


@dataclass
class Request:
    headers: dict[str, str]
    body: bytes

    def documents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.body)["documents"]
        return found


@dataclass
class Script:
    """What the endpoint does next: a status with headers, `hang`, `reset` or `drip`; then always 204."""

    steps: deque[tuple[int | str, dict[str, str]]] = field(default_factory=deque)
    judge: Callable[[Request], int | None] = lambda _: None
    requests: list[Request] = field(default_factory=list)
    answered: list[int | str] = field(default_factory=list)
    freed: threading.Event = field(default_factory=threading.Event)

    def then(self, step: int | str, **headers: str) -> None:
        self.steps.append((step, {k.replace("_", "-"): v for k, v in headers.items()}))

    def accepted(self) -> list[str]:
        """Ids of all documents that were answered with 204."""
        taken = (r for r, a in zip(self.requests, self.answered, strict=False) if a == 204)
        return [one["id"] for request in taken for one in request.documents()]


class _Endpoint(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def do_POST(self) -> None:
        script = self.script
        text = self.rfile.read(int(self.headers["Content-Length"]))
        request = Request(dict(self.headers.items()), text)
        step, headers = script.steps.popleft() if script.steps else (script.judge(request) or 204, {})
        script.requests.append(request)
        script.answered.append(step)
        if isinstance(step, int):
            self.send_response(step)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            return
        self.close_connection = True
        if step == "hang":
            script.freed.wait(PATIENCE)
        elif step == "drip":
            try:
                while not script.freed.wait(0.02):
                    self.wfile.write(b"H")
            except OSError:
                pass

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def endpoint(script: Script, context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[int]:
    """An HTTP(S) endpoint that does what a script says; gives its port."""
    handler = type("Endpoint", (_Endpoint,), {"script": script})
    server = _Quiet(("127.0.0.1", port), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        script.freed.set()
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


@dataclass(frozen=True)
class Certificates:
    """An authority, a server's certificate for 127.0.0.1 and localhost, a client's; all PEM."""

    ca: Path
    server: Path
    client: Path
    key: Path
    locked: Path
    other_ca: Path

    def server_context(self, *, client: bool = False) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.server)
        if client:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(self.ca)
        return made


def certificates(folder: Path) -> Certificates:
    """Fresh ones, of one day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    now = datetime.now(UTC)

    def pem(key: Any, password: bytes | None = None) -> bytes:
        locked = BestAvailableEncryption(password) if password else NoEncryption()
        return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))

    def issue(name: str, issuer: Any = None, *, ca: bool = False) -> tuple[Any, Any]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        by, by_key = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = (
            x509.CertificateBuilder(by, subject, key.public_key(), x509.random_serial_number(),
                                    now - timedelta(hours=1), now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by_key.public_key()), critical=False)
        )  # fmt: skip
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        else:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(by_key, hashes.SHA256()), key

    authority, other = issue("Test CA", ca=True), issue("Other CA", ca=True)
    server, client = issue("server", authority), issue("sensor-1", authority)

    def write(name: str, *parts: bytes) -> Path:
        path = folder / name
        path.write_bytes(b"".join(parts))
        path.chmod(0o600)
        return path

    def cert(of: tuple[Any, Any]) -> bytes:
        return bytes(of[0].public_bytes(Encoding.PEM))

    return Certificates(
        ca=write("ca.pem", cert(authority)),
        server=write("server.pem", cert(server), pem(server[1])),
        client=write("client.pem", cert(client)),
        key=write("client.key", pem(client[1])),
        locked=write("locked.key", pem(client[1], b"secret")),
        other_ca=write("other.pem", cert(other)),
    )

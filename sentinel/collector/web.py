"""`/metrics` and `/health`, by a small HTTP server that cannot be made to hang or grow.

One request a connection, GET and HEAD only, so many connections at once, so many seconds for each. Who may
reach it, the address says: loopback unless set otherwise. There is nothing secret in what it tells.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client.exposition import choose_encoder

from sentinel import __version__
from sentinel.collector.metrics import Metrics
from sentinel.errors import UserError

CONNECTIONS = 16
"""Connections served at once; more are answered with 503."""

SECONDS = 5.0
"""Seconds a connection lives at most."""

BUSY = b"HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


def serve(listen: str, metrics: Metrics) -> Web:
    """Start serving on `host:port` or `[address]:port`, in threads. Raises `UserError` where it cannot."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        if not 0 <= int(port) <= 65535:
            raise OSError(None, "there is no such port")
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        server = _server(found[0][0], metrics)
        server.server_bind_to(found[0][4])
    except OSError as error:
        raise UserError(f"metrics.listen = {listen}: {error.strerror or error}") from None
    return Web(server)


class Web:
    """The server at work. Close it."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.25}, name="metrics", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on; useful where 0 was asked for."""
        return int(self._server.server_address[1])

    @property
    def refused(self) -> int:
        """Connections that were turned away or cut off."""
        return self._server.refused

    def close(self) -> None:
        """End it and every connection."""
        self._server.shutdown()
        self._server.cut(0.0)
        self._server.server_close()
        self._thread.join(SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    request_queue_size = CONNECTIONS
    metrics: Metrics

    def setup(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.refused = 0
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._open: dict[socket.socket, float] = {}
        self._guard = threading.Lock()

    def server_bind_to(self, address: Any) -> None:
        """Bind and listen; closes the socket where that fails."""
        try:
            self.server_address = address
            self.server_bind()
            self.server_activate()
        except OSError:
            self.server_close()
            raise

    def server_bind(self) -> None:
        # without the look-up of our own name that HTTPServer makes
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            self.refused += 1
            try:
                request.settimeout(0.1)
                request.sendall(BUSY)
            except OSError:
                pass
            self.shutdown_request(request)
            return
        with self._guard:
            self._open[request] = time.monotonic()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._gone(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._gone(request)

    def _gone(self, request: Any) -> None:
        with self._guard:
            if self._open.pop(request, None) is not None:
                self._slots.release()

    def cut(self, seconds: float) -> None:
        """End connections older than so many seconds; their threads see the end of the stream."""
        old = time.monotonic() - seconds
        with self._guard:
            for request, since in self._open.items():
                if since <= old:
                    self.refused += 1
                    try:
                        request.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass

    def service_actions(self) -> None:
        self.cut(SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own affair."""


def _server(family: int, metrics: Metrics) -> _Server:
    kind = type("_Server", (_Server,), {"address_family": family})
    server: _Server = kind(("", 0), _Handler, bind_and_activate=False)
    server.setup(metrics)
    return server


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = f"sentinel/{__version__}"
    sys_version = ""
    timeout = SECONDS
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=utf-8"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        metrics = self.server.metrics
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept", ""))
            self._answer(200, kind, encode(metrics.registry))
        elif path in ("/health", "/healthz"):
            health = metrics.health()
            code = 503 if health["status"] == "failing" else 200
            self._answer(code, "application/json", json.dumps(health).encode() + b"\n")
        elif path == "/":
            self._answer(200, "text/plain; charset=utf-8", b"sentinel: /metrics and /health\n")
        else:
            self.send_error(404)

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        self._answer(405, "text/plain; charset=utf-8", b"405 GET only\n", Allow="GET, HEAD")

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = do_POST  # noqa: N815

    def _answer(self, code: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(code)
        more = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
            **headers,
        }
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Who asked is not told in our log."""

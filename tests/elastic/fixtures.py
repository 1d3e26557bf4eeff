"""Elasticsearch by fixture: one server open, one with TLS and passwords, for the whole test session.

Both boot at once; a server that no selected test asks for is not booted. `SENTINEL_TEST_ELASTICSEARCH`
names a server of one's own (an open one) instead of the first: what the tests make there begins with
names of their own and is deleted.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from tests.elastic import certificates, server
from tests.elastic.server import Access, Server

OWN = "SENTINEL_TEST_ELASTICSEARCH"
PASSWORDS = {"sentinel": "sensor-pass-1", "reader": "reader-pass-1", "admin": "admin-pass-1"}
"""Users of the server with passwords, by what they may."""

ROLES = """
sentinel:
  cluster: [monitor, manage_index_templates]
  indices:
    - names: ["sentinel-*", "test-*"]
      privileges: [all]
reader:
  cluster: [monitor]
  indices:
    - names: ["sentinel-*", "test-*"]
      privileges: [read, view_index_metadata]
"""


@dataclass
class Secured:
    """The server with TLS and passwords, and what a client needs for it."""

    server: Server
    ca: certificates.Pair
    folder: Path

    @cached_property
    def ca_file(self) -> Path:
        """The authority's certificate."""
        return self._file("ca.pem", self.ca.pem)

    def access(self, user: str = "sentinel", password: str | None = None) -> Access:
        """How a user comes in; with another password perhaps."""
        text = PASSWORDS[user] if password is None else password
        path = self._file(f"{user}.password", text + "\n")
        return Access(f"https://{user}@127.0.0.1:{self.server.port}", self.ca_file, path)

    def _file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path


class Servers:
    """The servers of a session, booting side by side."""

    def __init__(self, folder: Path, *, open_too: bool, secured_too: bool) -> None:
        self.open: Server | None = None
        self.secured: Secured | None = None
        server.unpacked()
        if open_too:
            self.open = server.new({"xpack.security.enabled": "false"})
            self.open.start()
        if secured_too:
            self.secured = _secured(folder)
            self.secured.server.start()

    def remove(self) -> None:
        """Stop them and delete all they made."""
        for one in (self.open, self.secured and self.secured.server):
            if one:
                one.remove()
        server.forget()


def _secured(folder: Path) -> Secured:
    ca = certificates.authority("Test CA")
    own = certificates.server(ca)
    settings = {
        "xpack.security.enabled": "true",
        "xpack.security.http.ssl.enabled": "true",
        "xpack.security.http.ssl.key": "http.key",
        "xpack.security.http.ssl.certificate": "http.pem",
        "xpack.security.authc.realms.file.users.order": "0",
        # a changed certificate is taken up at once
        "resource.reload.interval.high": "200ms",
        # one thread and one place to wait: what comes at once is refused with 429
        "thread_pool.write.size": "1",
        "thread_pool.write.queue_size": "1",
    }
    files = {
        "http.key": own.key_pem,
        "http.pem": own.pem + ca.pem,
        "roles.yml": ROLES,
        "users": "".join(f"{name}:{_hashed(text)}\n" for name, text in PASSWORDS.items()),
        "users_roles": "sentinel:sentinel\nreader:reader\nsuperuser:admin\n",
    }
    return Secured(server.new(settings, files, "https"), ca, folder)


def _hashed(password: str) -> str:
    """A password as the file realm keeps it: PBKDF2 with HMAC-SHA512, 1,000 rounds."""
    salt = os.urandom(32)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1000, 32)
    return f"{{PBKDF2}}1000${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


@pytest.fixture(scope="session")
def _servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    own = bool(os.environ.get(OWN))
    try:
        servers = Servers(
            tmp_path_factory.mktemp("elastic"),
            open_too="elastic_server" in wanted or ("elastic" in wanted and not own),
            secured_too="elastic_secured" in wanted,
        )
    except server.ServerMissingError as missing:
        server.forget()
        pytest.skip(f"no Elasticsearch: {missing} (or name a server of your own in {OWN})")
    yield servers
    servers.remove()


@pytest.fixture(scope="session")
def elastic_server(_servers: Servers) -> Server:
    """The open server itself, for tests that stop it. They leave it running."""
    assert _servers.open is not None
    return _servers.open if _servers.open.port else _servers.open.wait()


@pytest.fixture(scope="session")
def elastic(request: pytest.FixtureRequest) -> Access:
    """An Elasticsearch without TLS and passwords."""
    own = os.environ.get(OWN)
    return Access(own) if own else Access(request.getfixturevalue("elastic_server").url)


@pytest.fixture(scope="session")
def elastic_secured(_servers: Servers) -> Secured:
    """The server with TLS and passwords."""
    assert _servers.secured is not None
    if not _servers.secured.server.port:
        _servers.secured.server.wait()
    return _servers.secured

"""The way to one Elasticsearch: TLS, who we are, requests with raw bodies, answers as they are.

The connections are those under the official client (`urllib3`). The client itself loads the system's
authorities beside the ones it is given, so that its connections cannot be pinned to one, and takes 1.2 s
to import. Threads may share a `Client`.
"""

from __future__ import annotations

import base64
import gzip
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import msgspec

from sentinel.config.sections import ElasticSettings
from sentinel.errors import StoreAwayError, UserError
from sentinel.store.elastic import faults, tls

if TYPE_CHECKING:
    import urllib3

JSON = "application/json"
NDJSON = "application/x-ndjson"
TRIES = 4
"""How often a request is made that fails in passing."""
FIRST_WAIT = 0.1
"""Seconds until the second try; doubled for each further one, and spread by half."""
OLDEST = 8
"""Least major version."""
PRODUCT = "x-elastic-product"
"""Header that every answer of an Elasticsearch has."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Client:
    """Requests to the server of a URL (`https://user@host:9200`). Raises `UserError` for a URL or files
    that cannot be."""

    def __init__(self, url: str, settings: ElasticSettings) -> None:
        import urllib3

        parts = urlsplit(url)
        try:
            port = parts.port or 9200
        except ValueError:
            port = 0
        if parts.scheme not in ("http", "https") or not parts.hostname or not port or parts.query:
            raise UserError(f"store {_without_secret(url)}: no such server; write https://user@host:9200")
        if parts.password is not None:
            raise UserError(
                f"store {_without_secret(url)}: a password does not belong into a URL; name the file that "
                "holds it in elastic.password"
            )
        self.user = unquote(parts.username) if parts.username else None
        self.url = _without_secret(url)
        self.timeout = settings.timeout
        self._base = parts.path.rstrip("/")
        self._compress = settings.compress
        self._headers = {"accept": JSON}
        self._keyed = settings.api_key is not None
        if given := self._authorization(settings):
            if parts.scheme == "http" and parts.hostname not in LOOPBACK:
                raise UserError(f"store {self.url}: would send a password in clear text; write https://")
            self._headers["authorization"] = given
        how: dict[str, Any] = {"maxsize": settings.in_flight + 2, "block": True}
        self._pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            trusted = tls.context(parts.hostname, port, settings)
            self._pool = urllib3.HTTPSConnectionPool(parts.hostname, port, ssl_context=trusted, **how)
        else:
            self._pool = urllib3.HTTPConnectionPool(parts.hostname, port, **how)
        self._wanted_cluster = settings.cluster
        self.version = ""

    def _authorization(self, settings: ElasticSettings) -> str | None:
        if settings.api_key is not None:
            if self.user is not None:
                raise UserError(f"store {self.url}: names a user, and elastic.api_key is set; leave one out")
            return f"ApiKey {_secret(settings.api_key, 'elastic.api_key')}"
        if self.user is None:
            return None
        if settings.password is None:
            raise UserError(
                f"store {self.url}: user {self.user} needs a password; name the file that holds it in "
                "elastic.password"
            )
        both = f"{self.user}:{_secret(settings.password, 'elastic.password')}"
        return f"Basic {base64.b64encode(both.encode()).decode()}"

    def close(self) -> None:
        """Give connections back."""
        self._pool.close()

    def raw(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        content: str = JSON,
        tries: int = TRIES,
        timeout: float | None = None,
    ) -> bytes:
        """The body of a successful answer. Raises `StoreAwayError` after some tries, `AnswerError` for what
        the server refuses."""
        wait = FIRST_WAIT
        for n in range(tries):
            try:
                return self._once(method, target, body, content, timeout)
            except (faults.SetUpError, faults.NoAnswerError):
                raise
            except StoreAwayError:
                if n == tries - 1:
                    raise
                time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311
                wait *= 2
        raise AssertionError("unreachable")

    def json(self, method: str, target: str, body: Any = None, **how: Any) -> Any:
        """Likewise, with JSON on both ways."""
        packed = None if body is None else msgspec.json.encode(body)
        answer = self.raw(method, target, packed, **how)
        return msgspec.json.decode(answer) if answer else None

    def maybe(self, method: str, target: str, body: Any = None) -> Any:
        """Likewise, None for what is not there (404)."""
        try:
            return self.json(method, target, body)
        except faults.AnswerError as error:
            if error.status == 404:
                return None
            raise

    def _once(
        self, method: str, target: str, body: bytes | None, content: str, timeout: float | None
    ) -> bytes:
        from urllib3 import Timeout
        from urllib3 import exceptions as told

        seconds = self.timeout if timeout is None else timeout
        headers = dict(self._headers)
        if body is not None:
            headers["content-type"] = content
            if self._compress:
                body = gzip.compress(body, 1)
                headers["content-encoding"] = "gzip"
        try:
            answer = self._pool.urlopen(
                method,
                self._base + target,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=Timeout(total=seconds),
            )
        except told.SSLError as error:
            raise faults.SetUpError(f"{self.url}: {tls.reason(error)}") from None
        except (told.NewConnectionError, told.ProtocolError, OSError) as error:
            raise StoreAwayError(f"{self.url}: cannot be reached: {_cause(error)}") from None
        except told.TimeoutError:
            raise faults.NoAnswerError(f"{self.url}: no answer within {seconds:g} s") from None
        except told.HTTPError as error:
            raise StoreAwayError(f"{self.url}: cannot be reached: {_cause(error)}") from None
        if answer.status < 300 and PRODUCT in answer.headers:
            return answer.data
        # a proxy in front says some things by itself
        if PRODUCT not in answer.headers and answer.status not in faults.PASSING | {401, 403}:
            raise faults.SetUpError(f"{self.url}: what answers there is not Elasticsearch")
        request = f"{method} {target.partition('?')[0]}"
        raise faults.of(self.url, request, answer.status, answer.data, self.user, key=self._keyed)

    def check(self) -> None:
        """Look at who answers. Raises `UserError` for a wrong server, certificate, password or cluster,
        `StoreAwayError` if none answers."""
        try:
            nodes = self.json("GET", "/_nodes/_local?filter_path=cluster_name,nodes.*.version", tries=1)
        except faults.SetUpError as error:
            raise UserError(error.message) from None
        cluster = nodes.get("cluster_name", "")
        versions = sorted(str(node.get("version", "")) for node in nodes.get("nodes", {}).values())
        self.version = versions[0] if versions else ""
        major = self.version.partition(".")[0]
        if not major.isdigit() or int(major) < OLDEST:
            raise UserError(
                f"{self.url}: Elasticsearch {self.version or '?'}; version {OLDEST} or newer is needed"
            )
        if self._wanted_cluster is not None and cluster != self._wanted_cluster:
            raise UserError(
                f"{self.url}: the cluster is {cluster!r}, elastic.cluster asks for {self._wanted_cluster!r}"
            )


def segment(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")


def _secret(path: Path, setting: str) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{setting}: {path}: {getattr(error, 'strerror', None) or 'not text'}") from None
    if not text or "\n" in text:
        raise UserError(f"{setting}: {path}: must hold one line")
    return text


def _without_secret(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{mark}{user.partition(':')[0]}{at}{host}".rstrip("/")


def _cause(error: BaseException) -> str:
    """Why a connection failed, without the connection's own description."""
    text = str(error)
    return faults.one_line(text.rpartition("] ")[2].rpartition(": ")[2] or text)

"""What goes wrong with a server is told in one line, and nothing is lost by it: against real servers that
are stopped, silenced, started again, too busy, read-only, or not the right ones."""

from __future__ import annotations

import http.server
import itertools
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.config.sections import ElasticSettings
from sentinel.errors import StoreAwayError, UserError
from sentinel.store.elastic.client import Client
from sentinel.store.elastic.store import ElasticStore
from sentinel.store.spool import Spool
from sentinel.store.spooled import SpooledWriter
from tests.elastic import certificates
from tests.elastic.fixtures import PASSWORDS, Secured
from tests.elastic.server import Access, Server
from tests.store.conformance import alert, asset, encoded, event, ids, lines

pytestmark = pytest.mark.elastic
_numbers = itertools.count()


def settings(prefix: str, **more: Any) -> ElasticSettings:
    return ElasticSettings(**{"prefix": f"test-{prefix}", "refresh": 600, **more})


def opened(url: str, wanted: ElasticSettings, folder: Path, **more: Any) -> ElasticStore:
    return ElasticStore(url, wanted, **{"sensor": "one", "folder": folder, "create": True, **more})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


# --- who answers --------------------------------------------------------------------------------------


def secured(at: Secured, access: Access, **more: Any) -> ElasticSettings:
    return settings(f"secured-{next(_numbers)}", **{"ca": access.ca, "password": access.password, **more})


def test_with_the_right_certificate_and_password_it_is_written_to(
    elastic_secured: Secured, folder: Path
) -> None:
    access = elastic_secured.access()
    store = opened(access.url, secured(elastic_secured, access), folder)
    assert store.url == access.url
    with store.writer() as writer:
        assert writer.append_events(lines([event(1), event(2)])).new == 2
    assert ids(store.search()) == ids([event(1), event(2)])
    store.close()
    pinned = {"ca": None, "fingerprint": elastic_secured.ca.fingerprint.upper()}
    store = opened(access.url, store.settings.model_copy(update=pinned), folder)
    assert store.counts()["event"] == 2
    store.close()


def test_an_api_key_goes_without_a_user(elastic_secured: Secured, folder: Path, tmp_path: Path) -> None:
    # this distribution of the server can make no keys (it lacks what their index needs): one it does not know
    key = tmp_path / "key"
    key.write_text("c2Vuc29yOnN3b3JkZmlzaA==\n")
    key.chmod(0o600)
    access = elastic_secured.access()
    wanted = secured(elastic_secured, access, password=None, api_key=key)
    with pytest.raises(UserError, match=r"names a user, and elastic\.api_key is set"):
        opened(access.url, wanted, folder)
    with pytest.raises(UserError, match=r"not let in: the API key of elastic\.api_key") as told:
        opened(f"https://127.0.0.1:{elastic_secured.server.port}", wanted, folder)
    assert "c2Vuc29y" not in told.value.message


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"ca": None}, "comes from an unknown authority; name it in elastic.ca"),
        ({"ca": "other"}, "comes from an unknown authority"),
        ({"ca": None, "fingerprint": "00" * 32}, "shows no certificate with elastic.fingerprint"),
        ({"fingerprint": "abc"}, "not a SHA-256 in hex"),
        ({"ca": "missing"}, "missing.pem: No such file"),
        ({"password": None}, "needs a password; name the file that holds it in elastic.password"),
        ({"password": "wrong"}, "not let in: user sentinel and its password"),
        ({"cluster": "production"}, "elastic.cluster asks for 'production'"),
    ],
)
def test_a_wrong_server_or_secret_is_one_line_at_the_start(
    elastic_secured: Secured, folder: Path, tmp_path: Path, change: dict[str, Any], line: str
) -> None:
    access = elastic_secured.access()
    if change.get("ca") in ("other", "missing"):
        path = tmp_path / f"{change['ca']}.pem"
        if change["ca"] == "other":
            path.write_text(certificates.authority("Test CA").pem)
        change = {**change, "ca": path}
    if change.get("password") == "wrong":
        change = {**change, "password": tmp_path / "password"}
        change["password"].write_text("no such password")
    with pytest.raises(UserError) as told:
        opened(access.url, secured(elastic_secured, access, **change), folder)
    assert line in told.value.message
    assert "\n" not in told.value.message
    assert not isinstance(told.value, StoreAwayError)
    assert not any(password in told.value.message for password in PASSWORDS.values())


def test_a_missing_right_is_named(elastic_secured: Secured, folder: Path) -> None:
    access = elastic_secured.access("reader")
    store = opened(access.url, secured(elastic_secured, access), folder)
    with pytest.raises(
        UserError, match="user reader lacks a privilege: one of the cluster privileges"
    ) as told:
        store.writer().__enter__()
    assert not isinstance(told.value, StoreAwayError)
    store.close()


def test_a_url_that_is_none_is_refused(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("x")
    for url, line in (
        ("https://", "no such server"),
        ("https://host:99999", "no such server"),
        ("https://me:hunter2@host:9200", "a password does not belong into a URL"),
        ("http://me@elsewhere:9200", "in clear text"),
    ):
        with pytest.raises(UserError, match=line) as told:
            Client(url, ElasticSettings(password=password))
        assert "hunter2" not in told.value.message


def test_a_certificate_that_has_ended_is_told(elastic_secured: Secured, folder: Path) -> None:
    """The server takes up a certificate that has ended while it runs: what is open goes on as away, what
    begins is told, and all is well when it is renewed."""
    access = elastic_secured.access()
    wanted = secured(elastic_secured, access)
    server, files = elastic_secured.server, dict(elastic_secured.server.files)

    def put(pair: certificates.Pair, until: str) -> str:
        (server.config / "http.key").write_text(pair.key_pem)
        (server.config / "http.pem").write_text(pair.pem + elastic_secured.ca.pem)
        return waited(until)

    def waited(until: str) -> str:
        for _ in range(300):
            try:
                opened(access.url, wanted, folder).close()
                said = "fine"
            except UserError as error:
                said = error.message
            if until in said:
                return said
            threading.Event().wait(0.05)
        raise AssertionError(said)

    try:
        said = put(certificates.server(elastic_secured.ca, days=-1), "expired")
        assert said == f"{access.url}: the server's certificate has expired; renew it there"
    finally:
        (server.config / "http.key").write_text(files["http.key"])
        (server.config / "http.pem").write_text(files["http.pem"])
        waited("fine")


class _Other(http.server.BaseHTTPRequestHandler):
    """Not Elasticsearch, or an old one."""

    answer = b"hello"
    headers_too: tuple[tuple[str, str], ...] = ()

    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in self.headers_too:
            self.send_header(name, value)
        self.send_header("content-length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Other) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


def test_what_is_not_elasticsearch_or_too_old_is_refused(
    other: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="what answers there is not Elasticsearch"):
        opened(other, settings("other"), folder)
    old = {"cluster_name": "c", "nodes": {"n": {"version": "7.17.9"}}}
    monkeypatch.setattr(_Other, "answer", json.dumps(old).encode())
    monkeypatch.setattr(_Other, "headers_too", (("X-Elastic-Product", "Elasticsearch"),))
    with pytest.raises(UserError, match=r"Elasticsearch 7\.17\.9; version 8 or newer is needed"):
        opened(other, settings("other"), folder)


def test_no_store_where_none_was_made(elastic: Access, folder: Path) -> None:
    with pytest.raises(UserError, match="no store here"):
        opened(elastic.url, settings("nowhere"), folder, create=False)


# --- what others made there ---------------------------------------------------------------------------


def test_templates_and_indices_of_others_are_refused(elastic: Access, folder: Path) -> None:
    client = Client(elastic.url, ElasticSettings())
    mine = settings("foreign")
    store = opened(elastic.url, mine, folder)
    body = {"index_patterns": ["test-foreign-events-*"], "priority": 100, "template": {}}
    client.json("PUT", "/_index_template/test-foreign-events", body)
    with pytest.raises(UserError, match="the index template test-foreign-events is not sentinel's"):
        store.writer().__enter__()
    client.json("DELETE", "/_index_template/test-foreign-events")
    client.json("PUT", "/test-foreign-state", {})
    with pytest.raises(UserError, match="the index test-foreign-state is not sentinel's"):
        store.writer().__enter__()
    client.json("DELETE", "/test-foreign-state")
    client.json(
        "PUT",
        "/_index_template/other",
        {"index_patterns": ["test-foreign-ev*"], "priority": 900, "template": {}},
    )
    try:
        with pytest.raises(UserError, match="another index template is chosen for test-foreign-events-2026"):
            store.writer().__enter__()
    finally:
        client.json("DELETE", "/_index_template/other")
    with store.writer() as writer:
        assert writer.append_events(lines([event(1)])).new == 1
    assert store.verify() == []
    newer = client.json("GET", "/_index_template/test-foreign-events")["index_templates"][0]["index_template"]
    newer["_meta"]["sentinel"]["version"] = 99
    client.json("PUT", "/_index_template/test-foreign-events", newer)
    with pytest.raises(UserError, match=r"made by a newer sentinel \(version 99"):
        store.writer().__enter__()
    # one of an older program is brought up to date, and so are the indices made from it
    del newer["template"]["mappings"]["properties"]["ot.action"]
    newer["_meta"]["sentinel"] = {"version": 0, "digest": "old"}
    client.json("PUT", "/_index_template/test-foreign-events", newer)
    client.json("DELETE", "/test-foreign-events-2026.01.01")
    client.json("PUT", "/test-foreign-events-2026.01.01")
    assert any("1 fields have another type or none: ot.action" in line for line in store.verify())
    with store.writer():
        pass
    assert store.verify() == []
    store.close()
    client.close()


# --- faults that pass ---------------------------------------------------------------------------------


def test_a_busy_server_gets_everything_in_the_end(elastic_secured: Secured, folder: Path) -> None:
    """One thread and one place to wait: 24 requests at once are refused in part (429), and made again."""
    access = elastic_secured.access()
    wanted = secured(elastic_secured, access, in_flight=24, batch=25)
    store = opened(access.url, wanted, folder)
    refused = []
    try_once = store.client._once

    def watched(*request: Any) -> bytes:
        try:
            return try_once(*request)
        except StoreAwayError as error:
            refused.append(error.message)
            raise

    store.client._once = watched  # type: ignore[method-assign,assignment]
    some = [event(n, event_reason="x" * 2000) for n in range(1200)]
    with store.writer() as writer:
        written = writer.append_events(lines(some))
        assert (written.new, written.lost) == (1200, 0)
    assert any("too much to do" in line for line in refused)
    assert store.counts()["event"] == 1200
    store.close()


def test_a_full_disk_is_a_fault_that_passes(elastic: Access, folder: Path) -> None:
    """What a server does at the flood stage of its disk: indices may be read and deleted from only."""
    store = opened(elastic.url, settings("full"), folder)
    with store.writer() as writer:
        writer.append_events(lines([event(1)]))
        block = {"index.blocks.read_only_allow_delete": True}
        store.client.json("PUT", "/test-full-events-2026.01.01/_settings", block)
        with pytest.raises(StoreAwayError, match="blocked"):
            writer.append_events(lines([event(2)]))
        assert ids(store.search()) == ids([event(1)])
        block["index.blocks.read_only_allow_delete"] = False
        store.client.json("PUT", "/test-full-events-2026.01.01/_settings", block)
        assert writer.append_events(lines([event(1), event(2)])).new == 1
    store.close()


def test_one_bad_document_does_not_stop_the_others(elastic: Access, folder: Path) -> None:
    """A server that refuses single documents: of a type that an index was made with otherwise."""
    store = opened(elastic.url, settings("bad"), folder)
    with store.writer() as writer:
        made = {"mappings": {"properties": {"odd": {"type": "long"}}}}
        store.client.json("PUT", "/test-bad-events-2026.01.01", made)
        some = [event(n, odd="text" if n % 3 == 0 else n) for n in range(90)]
        written = writer.append_events(lines(some))
        assert (written.new, written.lost, len(written.refused)) == (60, 30, 20)
        assert f"{0:032x}" in written.refused[0]
        assert "failed to parse field [odd] of type [long]" in written.refused[0]
    store.close()


def test_a_server_that_is_silent_stopped_and_started_again_loses_nothing(
    elastic_server: Server, folder: Path, tmp_path: Path
) -> None:
    wanted = settings("stopped", timeout=1.5)
    store = opened(elastic_server.url, wanted, folder)
    clock = [0.0]
    at = Spool(tmp_path / "spool", 1 << 20)
    with SpooledWriter(store.writer, at, clock=lambda: clock[0]) as writer:
        writer.append_events(lines([event(1)]))
        elastic_server.signal(signal.SIGSTOP)
        writer.append_events(lines([event(2)]))
        assert "no answer within 1.5 s" in writer.why
        elastic_server.signal(signal.SIGCONT)
        elastic_server.stop()
        clock[0] += 1000
        writer.append_alerts(encoded([alert(3)]))
        assert "cannot be reached: Connection refused" in writer.why
        writer.put_state("x", b"1")
        assert at.records == 2
        with pytest.raises(StoreAwayError, match="cannot be reached"):
            store.counts()
        elastic_server.start()
        elastic_server.wait()
        clock[0] += 1000
        for _ in range(200):
            if writer.drain():
                break
            clock[0] += 1000  # a server that has just come up has no shards yet
        writer.append_events(lines([event(1), event(4)]))
        assert at.bytes == 0
    assert ids(store.search()) == ids([event(1), event(2), event(4)])
    assert ids(store.alerts()) == ids([alert(3)])
    assert store.state("x") == b"1"
    store.close()


def test_a_red_index_is_told_and_waited_for(elastic: Access, folder: Path) -> None:
    """A shard that no node may hold: writes wait, then fail in passing; `verify` names it."""
    store = opened(elastic.url, settings("red"), folder)
    nowhere = {"settings": {"index.routing.allocation.require._name": "nobody"}}
    with store.writer() as writer:
        store.client.json("PUT", "/test-red-events-2026.01.01?timeout=1s&wait_for_active_shards=0", nowhere)
        with pytest.raises(StoreAwayError, match="test-red-events-2026"):
            writer.append_events(lines([event(1)]))
        assert any("test-red-events-2026.01.01: red" in line for line in store.verify())
        anywhere = {"index.routing.allocation.require._name": None}
        store.client.json("PUT", "/test-red-events-2026.01.01/_settings", anywhere)
        assert writer.append_events(lines([event(1)])).new == 1
    assert store.verify() == []
    store.close()


# --- one writer ---------------------------------------------------------------------------------------


def test_another_machine_may_not_write_as_this_sensor(
    elastic: Access, tmp_path: Path, monkeypatch: Any
) -> None:
    first = opened(elastic.url, settings("two"), tmp_path / "a")
    second = opened(elastic.url, settings("two"), tmp_path / "b")
    third = opened(elastic.url, settings("two"), tmp_path / "b", sensor="three")
    with first.writer() as writer:
        monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
        with pytest.raises(UserError, match="writes as sensor one"):
            second.writer().__enter__()
        with third.writer() as other:
            records = {"asset": encoded([asset("a-3")])}
            other.commit([], b"", set(), [], records, {})
            writer.commit([], b"", set(), [], {"asset": encoded([asset("a-1"), asset("a-2")])}, {})
            other.commit([], b"", set(), [], {"asset": encoded([asset("a-4")])}, {})
            first.touched("test-two-assets")
            assert sorted(ids(first.documents("asset"))) == ["a-1", "a-2", "a-4"]
        # a machine that was silent for too long is followed, and told when it comes back
        lock = "/test-two-state/_update/lock%2Fone"
        first.client.json("POST", lock, {"doc": {"renewed": 1.0}})
        with second.writer():
            monkeypatch.setattr("sentinel.store.elastic.lock.RENEW", 0.0)
            with pytest.raises(UserError, match="another process has begun to write as sensor one"):
                writer.append_events(lines([event(1)]))
    for store in (first, second, third):
        store.close()

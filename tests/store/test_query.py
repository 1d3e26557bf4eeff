"""A stored search equals the plain evaluator, on random documents and queries."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.query import And, Compare, Exists, In, Node, Not, Or, matches, parse
from sentinel.store.search import ASSET_COLUMNS, EVENT_COLUMNS, FIRST, LAST, narrow, terms, times
from sentinel.store.sqlite import SqliteStore

ADDRESSES = ["10.0.0.1", "10.0.1.77", "fe80::1", "::ffff:10.0.0.1"]
TIMES = [f"2026-01-{day:02}T{hour:02}:00:00.000000Z" for day in (1, 2, 3) for hour in (0, 12)]
NAMES = ["sentinel.modbus", "sentinel.S7comm", "Sentinel.K", "zeek.conn", "12", "true"]
IDS = [f"{n:032x}" for n in range(12)]
words = st.sampled_from(
    [
        *ADDRESSES,
        *TIMES,
        *NAMES,
        *IDS[:3],
        "10.0.0.0/8",
        "2026-01-02",
        "sentinel.*",
        "*k",
        "?2",
        "2026-01-02T12:00:00+00:00",
    ]
)
scalars = st.one_of(words, st.integers(0, 3), st.booleans(), st.sampled_from([1.0, 2.5]))
fields = st.sampled_from([*EVENT_COLUMNS, *ASSET_COLUMNS, "ot.value", "source", "ip"])
trees: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.builds(Compare, fields, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), scalars),
        st.builds(lambda f, v: In(f, tuple(v)), fields, st.lists(scalars, min_size=1, max_size=3)),
        st.builds(Exists, fields),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda items: And(tuple(items)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda items: Or(tuple(items)), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)
events = st.lists(
    st.fixed_dictionaries(
        {"@timestamp": st.sampled_from(TIMES), "event.id": st.sampled_from(IDS)},
        optional={
            "event.dataset": st.sampled_from(NAMES),
            "event.action": st.sampled_from(NAMES),
            "source.ip": st.sampled_from(ADDRESSES),
            "destination.ip": st.sampled_from(ADDRESSES),
            "ot.value": scalars,
        },
    ),
    max_size=8,
    unique_by=lambda event: event["event.id"],
)
assets = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(IDS), "ip": st.lists(st.sampled_from(ADDRESSES), max_size=2)},
        optional={
            "vendor": st.one_of(st.none(), st.sampled_from(NAMES)),
            "type": st.one_of(st.none(), st.sampled_from(NAMES)),
            "level": st.one_of(st.none(), st.integers(0, 5), st.just(3.5)),
        },
    ),
    max_size=8,
    unique_by=lambda asset: asset["id"],
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def fresh(folder: Path) -> SqliteStore:
    """The store, emptied."""
    store = SqliteStore(folder / "store", create=True)
    for path in store.events.files():
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("DELETE FROM event")
    return store


@settings(max_examples=80)
@given(events, st.lists(trees, min_size=1, max_size=6), st.sampled_from(IDS), st.sampled_from(TIMES))
def test_search_equals_the_evaluator(
    folder: Path, documents: list[dict[str, Any]], queries: list[Node], id_: str, time: str
) -> None:
    store = fresh(folder)
    with store.writer() as writer:
        writer.append_events(b"\n".join(json.dumps(document).encode() for document in documents))
    in_order = sorted(documents, key=lambda event: (event["@timestamp"], event["event.id"]))
    for query in queries:
        wanted = [event for event in in_order if matches(query, event)]
        assert list(store.search(query)) == wanted
        rest = [event for event in wanted if (event["@timestamp"], event["event.id"]) > (time, id_)]
        assert list(store.search(query, (time, id_))) == rest


@settings(max_examples=100)
@given(assets, st.lists(trees, min_size=1, max_size=6))
def test_where_equals_the_evaluator(
    folder: Path, documents: list[dict[str, Any]], queries: list[Node]
) -> None:
    store = fresh(folder)
    docs = [json.dumps(document).encode() for document in documents]
    with store.writer() as writer:
        records: dict[str, Iterable[bytes]] = {"asset": docs, "conversation": docs}
        records |= {"credential": [], "operation": []}
        writer.commit([], b"", set(), [], records, {})
    for query in queries:
        wanted = [document for document in documents if matches(query, document)]
        assert list(store.documents("asset", query)) == wanted
        assert list(store.documents("conversation", query)) == wanted


def test_columns_narrow_what_is_read() -> None:
    query = parse('@timestamp >= 2026-01-02 AND event.dataset = "sentinel.*" AND ot.action = stop')
    found = narrow(query, EVENT_COLUMNS)
    assert found.sql == "((part(0, time) AND part(1, dataset) AND part(2, operation))) IS NOT 0"
    assert times(query) == ("2026-01-02T00:00:00.000000Z", LAST)
    assert times(parse("@timestamp = 2026-01-02 OR a = 1")) == (FIRST, LAST)
    assert narrow(parse("a = 1 OR NOT b exists"), EVENT_COLUMNS).sql == "1"


def test_terms_of_a_query_are_looked_up() -> None:
    assert terms(parse("event.id = ABCD AND a = 1"), "event.id") == {"abcd"}
    assert terms(parse("event.id in (A, b) AND event.id in (B, c)"), "event.id") == {"b"}
    assert "10.0.0.1" in (terms(parse('source.ip = "::ffff:10.0.0.1"'), "source.ip") or ())
    assert terms(parse('source.ip = "FE80::0:1"'), "source.ip") == {"fe80::1", "fe80::0:1"}
    for text in ("source.ip = 10.0.0.0/8", "source.ip = 10.*", "source.ip != 10.0.0.1", "NOT source.ip = a"):
        assert terms(parse(text), "source.ip") is None
    assert terms(parse("source.ip = a OR b = c"), "source.ip") is None


def test_a_query_of_any_length_is_answered(folder: Path) -> None:
    store = fresh(folder)
    with store.writer() as writer:
        writer.append_events(b'{"@timestamp":"2026-01-01T00:00:00.000000Z","event.id":"0a"}')
    query = parse(" OR ".join(f"event.dataset = x{n}" for n in range(2000)) + " OR event.id = 0a")
    assert [event["event.id"] for event in store.search(query)] == ["0a"]

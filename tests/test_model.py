"""Records and words: their form, and that the wire engine uses the same words."""

from __future__ import annotations

import re

import msgspec
import pytest

from sentinel.model import (
    ACTIONS,
    CATEGORIES,
    CREDENTIAL_KINDS,
    INDUSTRIAL,
    LOGIN_OUTCOMES,
    OTHER_PROTOCOLS,
    OUTCOMES,
    RECORDS,
    Asset,
    Operation,
)
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Action", ACTIONS),
        ("Category", CATEGORIES),
        ("Outcome", OUTCOMES),
        ("LoginOutcome", LOGIN_OUTCOMES),
        ("CredKind", CREDENTIAL_KINDS),
    ],
)
def test_the_wire_engine_has_the_same_words(name: str, words: tuple[str, ...]) -> None:
    text = (ROOT / "crates" / "wire" / "src" / "model.rs").read_text(encoding="utf-8")
    block = re.search(rf"words! \{{[^}}]*?\b{name} \{{(.*?)\}}", text, re.DOTALL)
    assert block is not None
    assert tuple(re.findall(r'= "([^"]+)"', block[1])) == words


def test_a_protocol_has_one_name_in_one_list() -> None:
    assert not INDUSTRIAL & OTHER_PROTOCOLS
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in INDUSTRIAL | OTHER_PROTOCOLS)


def test_every_built_in_probe_has_a_known_name() -> None:
    from sentinel.probes.catalogue import all_probes

    for probe in all_probes():
        assert (probe.name in INDUSTRIAL) is probe.industrial, probe
        assert probe.industrial or probe.name in OTHER_PROTOCOLS, probe


def test_a_record_reads_back() -> None:
    line = (
        b'{"protocol":"modbus","action":"write","name":"write_single_coil","code":5,"category":"control",'
        b'"client":{"ip":"10.0.0.9","asset":"a2"},"server":{"ip":"10.0.0.1","port":502,"asset":"a1"},'
        b'"detail":{"unit":"1"},"outcome":"accepted","count":1,"first":"2024-03-01T12:00:00.000000Z",'
        b'"last":"2024-03-01T12:00:00.000000Z","source":"a.pcap","frame":7}'
    )
    operation = msgspec.json.decode(line, type=Operation)
    assert operation.server.port == 502
    assert msgspec.json.encode(operation) == line


def test_words_and_keys_are_checked() -> None:
    with pytest.raises(msgspec.ValidationError, match="plumber"):
        msgspec.json.decode(b'{"id":"a1","type":"plumber","packets":1,"bytes":60}', type=Asset)
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.json.decode(b'{"id":"a1","colour":"red","packets":1,"bytes":60}', type=Asset)


def test_records_have_a_description() -> None:
    assert all(kind.__doc__ for kind in RECORDS.values())

"""Whatever a document holds, what is sent can be parsed by the grammars, fits its limit, and says the same."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel.collector.forward import cef, syslog
from sentinel.collector.forward.message import Item
from sentinel.collector.forward.text import milliseconds
from tests.forward.conftest import alert, chain
from tests.forward.parsers import parse_cef, parse_syslog

text = st.text(max_size=60) | st.sampled_from(
    ['a="b"]', "x\\", "\\]", "a|b\\|c", "k=v \\= q", "一\u202e", "\n\r\0", "=", ""]
)
values = text | st.integers() | st.booleans() | st.none() | st.floats() | st.lists(text, max_size=3)
names = st.sampled_from(["source.ip", "user.name", "rule.name", "rule.id", "event.reason", "event.action", "ot.value",
                         "host.name", "event.severity", "@timestamp", "event.id", "network.protocol", "sentinel.frame",
                         "sentinel.credential.cleartext.and.more", "title", "state", "severity", "last"]) | st.text(max_size=40)  # fmt: skip
documents = st.dictionaries(names, values, max_size=20)
kinds = st.sampled_from(["alert", "chain"])
limits = st.sampled_from([480, 1180, 2048, 8192])


def item(document: dict[str, Any], kind: Any = "alert") -> Item:
    return Item(1, kind, "x", json.dumps(document).encode())


def shown(value: Any) -> str:
    """A text as receivers see it: what breaks lines is replaced."""
    from sentinel.export.text import plain

    return plain(value)


@given(documents, kinds, limits)
def test_syslog_is_always_well_formed(document: dict[str, Any], kind: str, most: int) -> None:
    written = syslog.message(item(document, kind), "sensor-1", most)
    assert len(written.text) <= most
    parsed = parse_syslog(written.text)
    assert parsed.kind == kind
    assert parsed.marked is not parsed.text.isascii()
    assert not set(parsed.text) & set("\n\r\0")
    assert parsed.elements["origin"]["software"] == ["sentinel"]
    assert ("cut" in parsed.data) <= written.cut
    if not written.cut:
        for name, value in document.items():
            if isinstance(value, str) and name in ("source.ip", "user.name", "rule.name", "event.action"):
                assert parsed.data[name] == [shown(value)]


@given(documents, kinds, limits)
def test_cef_is_always_well_formed(document: dict[str, Any], kind: str, most: int) -> None:
    written = cef.message(item(document, kind), "sensor-1", max(most, 1180))
    parsed = parse_syslog(written.text)
    assert not parsed.marked
    assert not parsed.elements
    told = parse_cef(parsed.text)
    assert 0 <= told.severity <= 10
    assert all(key.removesuffix("Label") in told.fields for key in told.fields)
    if not written.cut and kind == "alert":
        for key, name in (("act", "event.action"), ("duser", "user.name"), ("app", "network.protocol")):
            value = document.get(name)
            if isinstance(value, str) and value.strip():
                assert told.fields[key] == shown(value).rstrip(" ")


@given(st.text(min_size=600, max_size=3000), limits)
def test_what_is_too_long_is_cut_between_characters(long: str, most: int) -> None:
    for name in ("event.reason", "user.name", "rule.name"):
        raw = json.dumps(json.loads(alert(1)) | {name: long}).encode()
        written = syslog.message(Item(1, "alert", "x", raw), "sensor-1", most)
        assert len(written.text) <= most
        parsed = parse_syslog(written.text)
        # what identifies an alert is there whatever else goes
        assert parsed.data["event.id"] == [f"{1:032x}"]
        assert written.cut is ("cut" in parsed.data or parsed.text.endswith("…"))


def test_severities() -> None:
    told = [
        parse_syslog(syslog.message(item({"event.severity": n}), "h", 2048).text).priority % 8
        for n in (1, 2, 3, 4, 5)
    ]
    assert told == [6, 5, 4, 3, 2]
    levels = [
        parse_cef(parse_syslog(cef.message(item({"event.severity": n}), "h", 2048).text).text).severity
        for n in (1, 2, 3, 4, 5)
    ]
    assert levels == [1, 3, 5, 8, 10]


def test_a_list_is_one_parameter_for_each_value() -> None:
    raw = alert(1, threat__technique__id=["T0858", "T0816"])
    parsed = parse_syslog(syslog.message(Item(1, "alert", "x", raw), "sensor-1", 8192).text)
    assert parsed.data["threat.technique.id"] == ["T0858", "T0816"]
    assert parsed.data["destination.port"] == ["102"]


def test_text_beyond_ascii_has_the_mark() -> None:
    raw = alert(1, event__reason="违规外联: 10.0.0.1")
    parsed = parse_syslog(syslog.message(Item(1, "alert", "x", raw), "sensor-1", 8192).text)
    assert (parsed.marked, parsed.text) == (True, "违规外联: 10.0.0.1")


def test_keys_of_the_dictionary() -> None:
    raw = alert(
        1, source__ip="2001:db8::1", network__transport="udp", rule__name="a|b\\c", event__reason="k=v"
    )
    told = parse_cef(parse_syslog(cef.message(Item(1, "alert", "x", raw), "sensor-1", 8192).text).text)
    assert (told.name, told.class_id) == ("a|b\\c", "a952af2c-4c56-5e41-a3f0-e42dc75f9551")
    assert "src" not in told.fields
    assert told.fields["c6a2"] == "2001:db8::1"
    assert told.fields["c6a2Label"] == "Source IPv6 Address"
    assert (told.fields["dst"], told.fields["dpt"], told.fields["proto"]) == ("10.0.1.10", "102", "UDP")
    assert (told.fields["rt"], told.fields["msg"]) == ("1772434801000", "k=v")
    grown = parse_cef(parse_syslog(cef.message(Item(1, "chain", "c", chain("c", 7)), "s", 8192).text).text)
    assert (grown.fields["cnt"], grown.fields["src"], grown.fields["cs1"]) == ("7", "10.0.2.4", "Execution")
    assert int(grown.fields["end"]) - int(grown.fields["start"]) == 300_000


def test_milliseconds() -> None:
    assert milliseconds("1970-01-01T00:00:01.029999Z") == 1029
    assert milliseconds("yesterday") is None
    assert milliseconds(5) is None

"""The outcome on a terminal: complete, fitting, and harmless whatever a device calls itself."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from sentinel.report.document import Document
from sentinel.report.table import MOST, render, safe
from tests.report.plants import network, plant, source


def shown(document: Document, width: int = 120, *, colour: bool = False) -> str:
    out = io.StringIO()
    render(document, Console(file=out, width=width, force_terminal=colour, no_color=not colour))
    return out.getvalue()


def test_reading_order() -> None:
    text = shown(plant())
    titles = [
        "plant.pcap: 48,211 packets", "Look at this first", "What is there", "Secrets on the wire",
        "What was done", "Who talks to whom", "Keep in mind",
    ]  # fmt: skip
    places = [text.index(title) for title in titles]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_fits_its_width(width: int) -> None:
    assert max(len(line) for line in shown(plant(), width).splitlines()) <= width
    assert "10.1.1.10" in shown(plant(), width)


def test_words_break_at_spaces() -> None:
    lines = shown(plant(), 80).splitlines()
    assert any("s7comm plc stop" in line for line in lines)
    assert any("engineering" in line and "engineering-" not in line for line in lines)


def test_neighbour_discovery_is_no_talk() -> None:
    assert " arp" not in shown(plant())


def test_no_colour_when_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    render(plant(), Console(file=out, width=120, force_terminal=True))
    assert "\x1b[3" not in out.getvalue()
    assert "\x1b[" not in shown(plant())


def test_captured_text_is_text() -> None:
    document = plant()
    document.assets[0]["name"] = "[red]\x1b[31mX\u202e"
    text = shown(document, 160)
    assert "[red]\ufffd[31mX\ufffd" in text
    assert "\x1b" not in text
    assert safe("a" * 70).plain == "a" * 59 + "…"


def test_what_is_left_out_is_said() -> None:
    document = replace(network(60), totals={"assets": 5000})
    assert f"{5000 - MOST['assets']:,} more assets" in shown(document)
    assert "5,000 assets" in shown(document)


def test_caveats() -> None:
    text = shown(plant(), 160)
    assert "plant.pcap ends inside a packet: the capture was cut" in text
    assert "3 packets are shorter than on the wire" in text
    assert "not understood: modbus 4 PDUs" in text
    assert "Keep in mind" not in shown(Document(sources=[source()]))


def test_nothing_at_all() -> None:
    assert shown(Document()).strip()


def test_a_chain_is_told_by_its_path() -> None:
    from tests.report.stories import HOSTS, chain

    text = shown(plant(chains=[chain(20)]))
    assert "How it went on: c-0123456789abcdef" in text
    assert "Rule 8 " in text
    assert "Rule 7 " not in text  # not on the path
    assert "acted in step 3" in text
    assert HOSTS[1] in text

"""The field table: what it holds, and what it refuses."""

from __future__ import annotations

import re

import pytest

from sentinel.fields import FieldTableError, fields, parse
from sentinel.model import PROTOCOLS
from tests.conftest import ROOT
from tools.fields import ordered

PARTS = frozenset({"engine", "zeek", "suricata", "rules", "store", "inventory"})
"""What fills fields beside protocols."""


def test_the_table_is_sound() -> None:
    table = fields()
    assert list(table) == sorted(table)
    for field in table.values():
        assert set(field.by) <= PROTOCOLS | PARTS, field


def test_the_table_is_in_order() -> None:
    text = (ROOT / "sentinel" / "fields.toml").read_text(encoding="utf-8")
    assert text == ordered(text), "run `make fix`"


def test_lines_for_one_field_are_made_one() -> None:
    line = '"{}" = {{ type = "{}", help = "A.", by = ["{}"]{} }}\n'
    text = (
        line.format("b", "long", "dns", "") + "# note\n\n" + line.format("a", "ip", "arp", ", secret = true")
    )
    joined = ordered(text + line.format("a", "ip", "ndp", ""))
    assert joined == (
        '# note\n"a" = { type = "ip", help = "A.", by = ["arp", "ndp"], secret = true }\n'
        '"b" = { type = "long", help = "A.", by = ["dns"] }\n'
    )
    with pytest.raises(ValueError, match="line 5: b is ip here and long before"):
        ordered(text + line.format("b", "ip", "ndp", ""))


def test_reads_a_line() -> None:
    table = parse('"b.c" = { type = "long", help = "A number.", by = ["dns", "arp"] }\n')
    assert (table["b.c"].type, table["b.c"].by, table["b.c"].secret) == ("long", ("arp", "dns"), False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"B" = { type = "long", help = "x", by = ["dns"] }', "B: a name is lower case"),
        ('"b" = { type = "long", help = "x" }', "b: needs type, help and by"),
        ('"b" = { type = "long", help = "x", by = ["dns"], more = 1 }', "b: needs type, help and by"),
        ('"b" = 1', "b: needs type, help and by"),
        ('"b" = { type = "int", help = "x", by = ["dns"] }', "b: type 'int' is none of keyword"),
        ('"b" = { type = "long", help = " ", by = ["dns"] }', "b: help is empty"),
        ('"b" = { type = "long", help = "x", by = [] }', "b: by is a list"),
        ('"b" = { type = "long", help = "x", by = ["dns"], secret = 1 }', "b: secret is true or false"),
    ],
)
def test_refuses(line: str, message: str) -> None:
    with pytest.raises(FieldTableError, match=re.escape(message)):
        parse(line)

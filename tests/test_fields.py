"""The field table: what it holds, and what it refuses."""

from __future__ import annotations

import re
import tomllib

import pytest

from sentinel.fields import FieldTableError, fields, parse
from sentinel.model import PROTOCOLS
from tests.conftest import ROOT

PARTS = frozenset({"engine", "zeek", "suricata", "rules", "store", "inventory"})
"""What fills fields beside protocols."""


def test_the_table_is_sound() -> None:
    table = fields()
    assert list(table) == sorted(table)
    for field in table.values():
        assert set(field.by) <= PROTOCOLS | PARTS, field


def test_a_field_is_one_line() -> None:
    text = (ROOT / "sentinel" / "fields.toml").read_text(encoding="utf-8")
    for line in filter(None, text.splitlines()):
        if not line.startswith("#"):
            assert re.fullmatch(r'"[^"]+" = \{ .* \}', line), line
            assert len(tomllib.loads(line)) == 1


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

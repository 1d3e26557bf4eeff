"""The grammar: what is read, what it means, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.query import (
    And,
    Compare,
    Exists,
    In,
    Node,
    Not,
    Or,
    QueryError,
    Scalar,
    fields_of,
    glob,
    leaves,
    matches,
    operand,
    parse,
)

PLC: dict[str, Any] = {
    "id": "a1",
    "vendor": "Siemens",
    "model": "6ES7 315-2EH14-0AB0",
    "firmware": "1.10",
    "ip": ["10.0.1.5", "fe80::1"],
    "level": 1,
    "level_text": "10",
    "cut": False,
    "services": [
        {"port": 102, "protocol": "s7comm"},
        {"port": 80, "protocol": "http", "tls": {"self": True}},
    ],
    "client": {"ip": "192.168.0.7", "asset": None},
    "source.ip": "172.16.0.1",
    "first": "2024-03-01T12:00:00.000000Z",
    "empty": [],
    "path": "C:\\temp\\*.bin",
}


@pytest.mark.parametrize(
    "text",
    [
        'vendor = "Siemens"',
        "vendor = SIEMENS AND level < 2",
        "vendor = 'siem*'",
        'model = "6es7 31?-*"',
        "NOT vendor = ABB",
        "vendor != ABB",
        "missing != 1",
        "not missing exists",
        "ip = 10.0.0.0/8",
        "ip in (192.168.0.0/16, 10.0.1.5)",
        "ip = FE80:0::1",
        "ip = fe80::/10",
        "client.ip = 192.168.0.0/24",
        "source.ip = 172.16.0.1",
        "services.port = 102 and services.protocol = http",
        "services.port >= 102",
        "services.tls.self = true",
        "services.tls.self = 'True'",
        "services exists AND services.tls exists",
        "cut = false",
        "level in (0, 1)",
        "level = '1'",
        "level_text = 10",
        "level_text < 9",
        "firmware = 1.10",
        "first >= 2024-03-01",
        "first = 2024-03-01T12:00:00Z",
        "first = '2024-03-01 13:00+01:00'",
        "first < 2024-03-01T12:00:00.000001Z",
        'first = "2024-03-01*"',
        "path = 'c:\\temp\\\\*.bin'",
        "path = 'C:*\\*.bin'",
        "(vendor = ABB OR vendor = Siemens) AND NOT (level = 2 OR level > 3)",
        "vendor = ABB AND level = 9 OR level = 1",
    ],
)
def test_holds(text: str) -> None:
    assert matches(parse(text), PLC)


@pytest.mark.parametrize(
    "text",
    [
        "vendor = Siem",
        "vendor = 'Siemens?'",
        "vendor != siemens",
        "missing = 1",
        "missing exists",
        "empty exists",
        "client.asset exists",
        "client exists AND client.asset exists",
        "ip = 10.0.1.0/30",
        "level = s*",
        "level != 1",
        "level < 1",
        "cut < 1",
        "cut = 0",
        "firmware = 1.1",
        "first < 2024-03-01",
        "first = 2024-03-01",
        "services = 102",
        "path = 'C:\\temp\\\\*x'",
        "vendor = ABB AND (level = 9 OR level = 1)",
    ],
)
def test_does_not_hold(text: str) -> None:
    assert not matches(parse(text), PLC)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "query: expected the name of a field, found the end at character 1"),
        ("vendor", "query: expected = != < <= > >= IN or EXISTS after vendor, found the end at character 7"),
        ("vendor =", "query: expected a value, found the end at character 9"),
        ("vendor == x", "query: expected a value, found = at character 9"),
        ('vendor = "x', "query: text without its closing quote at character 10"),
        ("(vendor = x", "query: expected ), found the end at character 12"),
        ("vendor = x level = 1", "query: expected AND, OR or the end, found level at character 12"),
        ("vendor in x", "query: expected (, found x at character 11"),
        ("vendor in ()", "query: expected a value, found ) at character 12"),
        ("9x = 1", "query: expected the name of a field, found 9x at character 1"),
        ("vendor ! x", "query: unexpected ! at character 8"),
        ("not " * 100 + "a = 1", "query: nested deeper than 64 at character 257"),
        ("a = " + "x" * 70_000, "query: longer than 65536 characters at character 65537"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert refused.value.message == message
    assert refused.value.exit_code == 2


def test_tree() -> None:
    tree = parse("a = 1 AND b in (x, 'y') OR NOT c exists")
    assert tree == Or((And((Compare("a", "=", 1), In("b", ("x", "y")))), Not(Exists("c"))))
    assert list(fields_of(tree)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-3", -3),
        ("1.5", 1.5),
        ("true", True),
        ("007", "007"),
        ("1.50", "1.50"),
        ("1e3", "1e3"),
        ("nan", "nan"),
        ("True", "True"),
        ("9" * 30, "9" * 30),
        ("10.0.0.1", "10.0.0.1"),
        ("-", "-"),
    ],
)
def test_bare_words_become_numbers_only_if_they_spell_back(text: str, value: Scalar) -> None:
    parsed = parse(f"a = {text}")
    assert parsed == Compare("a", "=", value)
    assert isinstance(parsed, Compare)
    assert type(parsed.value) is type(value)


def test_equal_numbers_of_different_kind_keep_their_own_meaning() -> None:
    assert operand(1) != operand(True)
    assert operand(1) != operand(1.0)


# Properties. Alphabets are small, so that queries and documents meet.

words = st.text(alphabet="aAbB*?\\ ßİ10.:/-\"'", max_size=6)
addresses = st.sampled_from(["10.0.0.1", "10.0.0.0/8", "::1", "::ffff:10.0.0.1", "10.0.0.1/0", "2024-01-01"])
scalars = st.one_of(words, addresses, st.integers(-3, 3), st.sampled_from([0.5, 1.0]), st.booleans())
names = st.sampled_from(["a", "b", "a.b", "b.c.d", "@timestamp"])
trees: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.builds(Compare, names, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), scalars),
        st.builds(lambda f, v: In(f, tuple(v)), names, st.lists(scalars, min_size=1, max_size=3)),
        st.builds(Exists, names),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda items: And(tuple(items)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda items: Or(tuple(items)), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)
documents = st.dictionaries(
    names,
    st.recursive(
        st.one_of(scalars, st.none()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcd"), inner, max_size=2)
        ),
        max_leaves=5,
    ),
    max_size=4,
)


def spell(node: Node) -> str:
    """A query that reads back as this tree."""
    match node:
        case And(items):
            return " AND ".join(f"({spell(item)})" for item in items)
        case Or(items):
            return " OR ".join(f"({spell(item)})" for item in items)
        case Not(item):
            return f"NOT ({spell(item)})"
        case Exists(field):
            return f"{field} EXISTS"
        case In(field, values):
            return f"{field} IN ({', '.join(map(spell_value, values))})"
        case Compare(field, op, value):
            return f"{field} {op} {spell_value(value)}"


def spell_value(value: Scalar) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '\\"') + '"'
    return str(value).lower() if isinstance(value, bool) else repr(value)


def writable(value: Scalar) -> bool:
    """Text in which a backslash stands before a quote or the end has no spelling in that quote."""
    return not (isinstance(value, str) and (value.endswith("\\") or '\\"' in value))


@given(trees)
def test_a_tree_spelled_out_reads_back(node: Node) -> None:
    def all_writable(node: Node) -> bool:
        match node:
            case And(items) | Or(items):
                return all(map(all_writable, items))
            case Not(item):
                return all_writable(item)
            case In(_, values):
                return all(map(writable, values))
            case Compare(_, _, value):
                return writable(value)
            case _:
                return True

    if all_writable(node):
        assert parse(spell(node)) == node


@given(st.text(alphabet="ab=!<>()\"'\\*?, ANDORTINEXS.1/:\n", max_size=30))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    at = 0
    try:
        matches(parse(text), PLC)
    except QueryError as refused:
        at = refused.at
    assert 0 <= at <= len(text)


@given(trees, documents)
def test_not_is_the_opposite_and_or_and_and_are_each_others(node: Node, document: dict[str, Any]) -> None:
    holds = matches(node, document)
    assert matches(Not(node), document) is not holds
    assert matches(And((node, node)), document) is holds
    assert matches(Or((node, Not(node))), document)


@given(names, scalars, documents)
def test_relations_of_the_operators(field: str, value: Scalar, document: dict[str, Any]) -> None:
    equal = matches(Compare(field, "=", value), document)
    assert matches(Compare(field, "!=", value), document) is not equal
    assert matches(In(field, (value,)), document) is equal
    if equal or matches(Compare(field, "<", value), document):
        assert matches(Exists(field), document)
    less, more = (matches(Compare(field, op, value), document) for op in ("<=", ">="))
    assert less or not matches(Compare(field, "<", value), document)
    assert more or not matches(Compare(field, ">", value), document)


@given(documents, names)
def test_leaves_are_scalars(document: dict[str, Any], field: str) -> None:
    assert all(isinstance(leaf, str | int | float) for leaf in leaves(document, field))


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=8))
def test_patterns_agree_with_regular_expressions(pattern: str, text: str) -> None:
    import re

    meaning = operand(pattern + "*")
    expression = "".join({"*": ".*", "?": "."}.get(c, c) for c in pattern + "*")
    assert glob(meaning.parts, text) is (re.fullmatch(expression, text) is not None)  # type: ignore[union-attr]

"""The native module and its stub say the same; what crosses the border wrongly is a one-line ValueError."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from sentinel import _native
from tests.conftest import ROOT

STUB = ast.parse((ROOT / "sentinel" / "_native.pyi").read_text(encoding="utf-8"))
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}


def methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {inner.name: inner for inner in node.body if isinstance(inner, ast.FunctionDef)}


def test_every_public_name_is_in_both() -> None:
    public = {name for name in vars(_native) if not name.startswith("_")}
    assert public == FUNCTIONS.keys() | CLASSES.keys()
    for name, node in CLASSES.items():
        members = {member for member in vars(getattr(_native, name)) if not member.startswith("_")}
        assert members == {member for member in methods(node) if not member.startswith("_")}, name


def parameters(node: ast.FunctionDef) -> list[tuple[str, str]]:
    """(name, kind) of a stub's parameters, without the first of a method."""
    plain = [(argument.arg, "plain") for argument in node.args.args if argument.arg not in ("self", "cls")]
    return plain + [(argument.arg, "keyword") for argument in node.args.kwonlyargs]


def declared(what: Any) -> list[tuple[str, str]]:
    signature = inspect.signature(what)
    return [
        (p.name, "keyword" if p.kind is inspect.Parameter.KEYWORD_ONLY else "plain")
        for p in signature.parameters.values()
        if p.name != "self"
    ]


def test_signatures_agree() -> None:
    for name, function in FUNCTIONS.items():
        assert declared(getattr(_native, name)) == parameters(function), name
    for name, node in CLASSES.items():
        own = getattr(_native, name)
        for member, method in methods(node).items():
            if member == "__new__":
                assert declared(own) == parameters(method), name
            elif any(isinstance(one, ast.Name) and one.id == "property" for one in method.decorator_list):
                assert inspect.isgetsetdescriptor(getattr(own, member)), f"{name}.{member}"
            elif member != "__len__":
                assert declared(getattr(own, member)) == parameters(method), f"{name}.{member}"


def test_defaults_agree() -> None:
    new = methods(CLASSES["Scan"])["__new__"]
    values = {
        argument.arg: ast.literal_eval(default)
        for argument, default in zip(new.args.kwonlyargs, new.args.kw_defaults, strict=True)
        if isinstance(default, ast.Constant) and default.value is not ...
    }
    real = inspect.signature(_native.Scan).parameters
    assert values == {name: real[name].default for name in values}


def test_native_probes_are_what_the_stub_says() -> None:
    probes = _native.native_probes()
    assert len({probe[0] for probe in probes}) == len(probes) > 20
    for probe in probes:
        name, title, industrial, transports, ports, facts, credentials, operations, source, level, proofs = (
            probe
        )
        assert name
        assert title
        assert source
        assert isinstance(industrial, bool)
        assert isinstance(level, int)
        assert 1 <= level <= 5
        assert all(isinstance(proof, str) for proof in proofs)
        assert set(transports) <= {"tcp", "udp", "ip", "icmp", "ethernet"}
        assert all(0 < port < 65536 for port in ports)
        assert all(isinstance(word, str) for word in (*facts, *credentials, *operations))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"events": "some"}, "events: 'some' is none of none, notable, all"),
        ({"filter": "tcp and and"}, "filter"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        _native.Scan([], **arguments)
    assert str(caught.value).isprintable()


def test_a_finished_scan_says_so(tmp_path: Path) -> None:
    run = _native.Scan([str(tmp_path / "none.pcap")])
    assert len(run.errors()) == 1
    assert run.step(0.1)
    assert run.chunks() == []
    with pytest.raises(ValueError, match="no such chunk"):
        run.observe(0, [])
    inventory = run.finish()
    assert len(run.events()) == 0
    assert dict(inventory.totals()) == dict.fromkeys(
        ("assets", "conversations", "credentials", "operations"), 0
    )
    for again in (run.finish, lambda: run.step(0.1)):
        with pytest.raises(ValueError, match="the scan is finished"):
            again()
    with pytest.raises(ValueError, match="no record kind 'thing'"):
        inventory.records("thing")
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        _native.Inventory().merge(b"not observations")


def test_observations_come_back_the_same() -> None:
    empty = _native.Inventory()
    other = _native.Inventory()
    other.merge(empty.observations())
    assert other.observations() == empty.observations()
    assert other.sources() == b"[]"

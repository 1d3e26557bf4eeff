"""Kibana's saved objects: a whole whose parts fit, on fields that there are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from sentinel import model
from sentinel.export.kibana import BOARDS, COLUMNS, TIMES, VERSIONS, saved_objects
from sentinel.fields import fields
from sentinel.store.elastic import mappings
from tests.conftest import Ran

NEEDED = {
    "index-pattern": {"title", "name", "timeFieldName", "fields", "fieldFormatMap", "runtimeFieldMap"},
    "search": {"title", "columns", "sort", "kibanaSavedObjectMeta"},
    "lens": {"title", "visualizationType", "state"},
    "dashboard": {"title", "panelsJSON", "optionsJSON", "version", "timeRestore", "kibanaSavedObjectMeta"},
}


def objects(prefix: str = "sentinel") -> list[dict[str, Any]]:
    return list(saved_objects(prefix))


def of(kind: str) -> Iterator[dict[str, Any]]:
    return (one for one in objects() if one["type"] == kind)


def test_every_object_is_whole_and_references_resolve() -> None:
    seen: set[tuple[str, str]] = set()
    for one in objects():
        assert set(one) == {
            "type",
            "id",
            "attributes",
            "references",
            "coreMigrationVersion",
            "typeMigrationVersion",
            "managed",
        }
        assert one["typeMigrationVersion"] == VERSIONS[one["type"]]
        assert NEEDED[one["type"]] <= one["attributes"].keys()
        # importing in order finds what is referred to
        assert {(ref["type"], ref["id"]) for ref in one["references"]} <= seen
        names = [ref["name"] for ref in one["references"]]
        assert len(set(names)) == len(names)
        assert (one["type"], one["id"]) not in seen
        seen.add((one["type"], one["id"]))
    assert {kind for kind, _ in seen} == set(VERSIONS)


def test_texts_that_hold_json_parse() -> None:
    def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from strings(inner, name)
        elif isinstance(value, str):
            yield key, value

    found = 0
    for one in objects():
        for key, text in strings(one["attributes"]):
            if key.endswith("JSON") or key in (
                "fields",
                "fieldAttrs",
                "fieldFormatMap",
                "runtimeFieldMap",
                "sourceFilters",
            ):
                json.loads(text)
                found += 1
    assert found > 20


def test_panels_and_their_references() -> None:
    for board in of("dashboard"):
        panels = json.loads(board["attributes"]["panelsJSON"])
        assert [f"{p['panelIndex']}:{p['panelRefName']}" for p in panels] == [
            ref["name"] for ref in board["references"]
        ]
        assert [p["type"] for p in panels] == [ref["type"] for ref in board["references"]]
        places: set[tuple[int, int]] = set()
        for panel in panels:
            grid = panel["gridData"]
            assert grid["i"] == panel["panelIndex"]
            assert grid["x"] + grid["w"] <= 48
            cells = {
                (x, y)
                for x in range(grid["x"], grid["x"] + grid["w"])
                for y in range(grid["y"], grid["y"] + grid["h"])
            }
            assert not cells & places
            places |= cells


def test_lens_layers() -> None:
    for lens in of("lens"):
        state = lens["attributes"]["state"]
        ((layer_id, layer),) = state["datasourceStates"]["formBased"]["layers"].items()
        assert [ref["name"] for ref in lens["references"]] == [f"indexpattern-datasource-layer-{layer_id}"]
        columns = layer["columns"]
        assert layer["columnOrder"] == list(columns)
        # buckets come before metrics
        bucketed = [columns[name]["isBucketed"] for name in layer["columnOrder"]]
        assert bucketed == sorted(bucketed, reverse=True)
        for column in columns.values():
            order = column["params"].get("orderBy")
            assert order is None or not columns[order["columnId"]]["isBucketed"]
        visualization = state["visualization"]
        inner = (
            visualization
            if lens["attributes"]["visualizationType"] == "lnsDatatable"
            else visualization["layers"][0]
        )
        assert inner["layerId"] == layer_id
        used = {
            *[c["columnId"] for c in inner.get("columns", ())],
            *inner.get("accessors", ()), *inner.get("primaryGroups", ()), *inner.get("metrics", ()),
            *[inner[key] for key in ("xAccessor", "splitAccessor") if key in inner],
        }  # fmt: skip
        assert used == set(columns)


def paths(annotation: Any) -> set[str]:
    """Dotted names of what a record of the model holds."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        out = set()
        for name, inner in get_type_hints(annotation).items():
            out |= {name, *(f"{name}.{path}" for path in paths(inner))}
        return out
    return {path for inner in get_args(annotation) for path in paths(inner)}


def used(view: str) -> set[str]:
    names = {*COLUMNS[view], TIMES[view]}
    for board in BOARDS:
        for row in board.rows:
            for chart in row:
                if chart.view == view:
                    names |= {
                        *chart.by,
                        *([chart.over] if chart.over else ()),
                        *(chart.metric[1:] if chart.metric else ()),
                    }
    return names


def test_fields_there_are() -> None:
    assert used("events") | used("alerts") <= set(fields())
    assert used("assets") <= paths(model.Asset)
    assert used("chains") <= paths(model.Chain)


def test_fields_are_indexed() -> None:
    assert used("events") | used("alerts") <= set(mappings.event_types())
    assert used("assets") <= set(mappings.record_types("asset"))
    assert used("chains") <= set(mappings.record_types("chain"))


def test_the_command(cli: Callable[..., Ran], tmp_path: Path) -> None:
    out = tmp_path / "kibana.ndjson"
    assert cli("store", "kibana", "--output", out).code == 0
    *lines, end = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines == json.loads(json.dumps(objects()))
    assert end["exportedCount"] == len(lines) == 4 + 4 + sum(len(r) for b in BOARDS for r in b.rows) + 4
    assert cli("store", "kibana").out == out.read_text(encoding="utf-8")
    other = [json.loads(line) for line in cli("store", "kibana", "--prefix", "plant-2").out.splitlines()][:-1]
    assert not {one["id"] for one in other} & {one["id"] for one in lines}
    assert other[0]["attributes"]["title"] == "plant-2-events"
    refused = cli("store", "kibana", "--prefix", "Plant*")
    assert (refused.code, refused.err.count("\n")) == (2, 1)

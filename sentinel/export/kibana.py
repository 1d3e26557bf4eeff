"""Data views, searches and dashboards for Kibana, as one file that its import of saved objects takes.

The form is that of Kibana 8.9's export (`typeMigrationVersion` of each type as it was there): newer ones
bring it up to date on import, older ones refuse it. Identifiers are UUIDs of version 5 over prefix and name,
so that importing again replaces, and two prefixes stand side by side. Times are left to the reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO
from uuid import NAMESPACE_OID, uuid5

Saved = dict[str, Any]

CORE = "8.8.0"
"""`coreMigrationVersion` of 8.8 to 8.19."""
VERSIONS = {"index-pattern": "8.0.0", "search": "8.0.0", "lens": "8.9.0", "dashboard": "8.9.0"}
"""Versions of the types in 8.9."""

TIMES = {"events": "@timestamp", "alerts": "@timestamp", "assets": "last", "chains": "last"}
"""Data views by what the names of their indices end in, and the field that tells time in each."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "events": ("event.dataset", "event.action", "event.outcome", "source.ip", "destination.ip",
               "network.protocol", "ot.action", "ot.function.name", "user.name"),
    "alerts": ("rule.level", "rule.name", "event.reason", "source.ip", "destination.ip",
               "network.protocol", "threat.tactic.name", "threat.technique.id"),
    "assets": ("ip", "mac", "type", "level", "vendor", "model", "firmware", "name", "exposures.kind"),
    "chains": ("score", "state", "alert_count", "tactics", "techniques", "entities.ip", "first"),
}  # fmt: skip
"""Columns of the saved searches."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture: how many documents of a data view, by the most frequent values of fields.

    `over` a field of time there are bars; without one, and `by` several fields, a table. `metric` (operation,
    field) stands in the place of the count.
    """

    title: str
    view: str
    by: tuple[str, ...]
    over: str | None = None
    shape: str = "bar"
    size: int = 10
    metric: tuple[str, str] | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard: rows of charts, below them the saved search of its data view."""

    title: str
    view: str
    rows: tuple[tuple[Chart, ...], ...]


BOARDS = (
    Board(
        "Alerts",
        "alerts",
        (
            (Chart("Alerts over time by severity", "alerts", ("rule.level",), "@timestamp"),),
            (
                Chart("Top rules", "alerts", ("rule.name", "rule.level"), shape="table", size=20),
                Chart("ATT&CK tactics", "alerts", ("threat.tactic.name",), shape="donut"),
            ),
            (
                Chart("ATT&CK techniques", "alerts", ("threat.technique.id",), shape="lying", size=15),
                Chart("Sources of alerts", "alerts", ("source.ip",), shape="lying"),
                Chart("Destinations of alerts", "alerts", ("destination.ip",), shape="lying"),
            ),
        ),
    ),
    Board(
        "Chains",
        "chains",
        (
            (Chart("Chains by score", "chains", ("id", "state"), shape="table", size=20,
                   metric=("max", "score"), query="not state : merged"),),
            (
                Chart("Chains over time", "chains", ("state",), "last"),
                Chart("Tactics in chains", "chains", ("tactics",), shape="lying"),
                Chart("Who takes part", "chains", ("entities.ip", "entities.role"), shape="table"),
            ),
        ),
    ),
    Board(
        "Assets",
        "assets",
        (
            (
                Chart("Assets by type", "assets", ("type",), shape="donut", size=20),
                Chart("Assets by vendor", "assets", ("vendor",), shape="lying", size=15),
                Chart("Assets by level", "assets", ("level",), shape="bar"),
            ),
            (
                Chart("Exposures", "assets", ("exposures.kind", "exposures.severity"), shape="table"),
                Chart("Protocols offered", "assets", ("services.protocol",), shape="lying", size=20),
            ),
        ),
    ),
    Board(
        "Events",
        "events",
        (
            (Chart("Events over time by protocol", "events", ("network.protocol",), "@timestamp"),),
            (
                Chart("Actions on controllers", "events", ("ot.action",), shape="lying", size=20),
                Chart("Outcome", "events", ("event.outcome",), shape="donut"),
                Chart("Who acts", "events", ("source.ip", "ot.action"), shape="table",
                      query="ot.category : (control or engineering or administration)"),
            ),
        ),
    ),
)  # fmt: skip

_WIDTH = 48
"""Columns of a dashboard's grid."""
_HEIGHT = 12
_NUMBERS = frozenset(("level", "score", "alert_count"))
"""Fields of the charts that are numbers."""
_ADDRESSES = frozenset(("source.ip", "destination.ip", "entities.ip"))


def write_kibana(out: TextIO, prefix: str = "sentinel") -> None:
    """Write all saved objects, one a line, and the line that ends an export."""
    count = 0
    for thing in saved_objects(prefix):
        count += 1
        out.write(json.dumps(thing, ensure_ascii=False, sort_keys=True) + "\n")
    end = {
        "excludedObjects": [],
        "excludedObjectsCount": 0,
        "exportedCount": count,
        "missingRefCount": 0,
        "missingReferences": [],
    }
    out.write(json.dumps(end, sort_keys=True) + "\n")


def saved_objects(prefix: str = "sentinel") -> Iterator[Saved]:
    """All objects: each after those it refers to."""
    for view, time in TIMES.items():
        yield _view(prefix, view, time)
    for view in TIMES:
        yield _search(prefix, view)
    for board in BOARDS:
        for row in board.rows:
            yield from (_lens(prefix, chart) for chart in row)
    for board in BOARDS:
        yield _dashboard(prefix, board)


def _id(prefix: str, type_: str, name: str) -> str:
    return str(uuid5(NAMESPACE_OID, json.dumps(["sentinel kibana", prefix, type_, name])))


def _saved(prefix: str, type_: str, name: str, attributes: Saved, references: Sequence[Saved] = ()) -> Saved:
    return {
        "type": type_,
        "id": _id(prefix, type_, name),
        "attributes": attributes,
        "references": list(references),
        "coreMigrationVersion": CORE,
        "typeMigrationVersion": VERSIONS[type_],
        "managed": False,
    }


def _refers(prefix: str, name: str, type_: str, to: str) -> Saved:
    return {"name": name, "type": type_, "id": _id(prefix, type_, to)}


def _view(prefix: str, view: str, time: str) -> Saved:
    attributes = {
        "title": f"{prefix}-{view}",
        "name": f"{prefix}: {view}",
        "timeFieldName": time,
        "allowHidden": False,
        "fields": "[]",
        "fieldAttrs": "{}",
        "fieldFormatMap": "{}",
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
    }
    return _saved(prefix, "index-pattern", view, attributes)


def _search(prefix: str, view: str) -> Saved:
    index = "kibanaSavedObjectMeta.searchSourceJSON.index"
    by = "score" if view == "chains" else TIMES[view]
    attributes = {
        "title": f"{prefix}: {view}",
        "description": "",
        "columns": list(COLUMNS[view]),
        "sort": [[by, "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"query": _query(""), "filter": [], "indexRefName": index})
        },
    }
    return _saved(prefix, "search", view, attributes, [_refers(prefix, index, "index-pattern", view)])


def _query(text: str) -> Saved:
    return {"query": text, "language": "kuery"}


def _lens(prefix: str, chart: Chart) -> Saved:
    columns = _columns(chart)
    kind, visualization = _visualization(chart, list(columns))
    attributes = {
        "title": chart.title,
        "description": "",
        "visualizationType": kind,
        "state": {
            "datasourceStates": {
                "formBased": {
                    "layers": {
                        "data": {
                            "columns": columns,
                            "columnOrder": list(columns),
                            "incompleteColumns": {},
                            "sampling": 1,
                        }
                    }
                }
            },
            "visualization": visualization,
            "query": _query(chart.query),
            "filters": [],
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }
    view = _refers(prefix, "indexpattern-datasource-layer-data", "index-pattern", chart.view)
    return _saved(prefix, "lens", chart.title, attributes, [view])


def _columns(chart: Chart) -> dict[str, Saved]:
    """Columns of a chart's layer: what it is split by first, what is counted last, as Lens orders them."""
    out: dict[str, Saved] = {}
    for n, name in enumerate(chart.by):
        out[f"by-{n}"] = {
            "label": name,
            "customLabel": True,
            "dataType": "number" if name in _NUMBERS else "ip" if name in _ADDRESSES else "string",
            "operationType": "terms",
            "scale": "ordinal",
            "sourceField": name,
            "isBucketed": True,
            "params": {
                "size": chart.size,
                "orderBy": {"type": "column", "columnId": "value"},
                "orderDirection": "desc",
                "otherBucket": False,
                "missingBucket": False,
                "parentFormat": {"id": "terms"},
                "include": [],
                "exclude": [],
                "includeIsRegex": False,
                "excludeIsRegex": False,
            },
        }
    if chart.over is not None:
        out["time"] = {
            "label": chart.over,
            "dataType": "date",
            "operationType": "date_histogram",
            "scale": "interval",
            "sourceField": chart.over,
            "isBucketed": True,
            "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
        }
    out["value"] = {
        "label": "count" if chart.metric is None else chart.metric[1],
        "customLabel": True,
        "dataType": "number",
        "operationType": "count" if chart.metric is None else chart.metric[0],
        "scale": "ratio",
        "sourceField": "___records___" if chart.metric is None else chart.metric[1],
        "isBucketed": False,
        "params": {"emptyAsNull": True},
    }
    return out


def _visualization(chart: Chart, columns: list[str]) -> tuple[str, Saved]:
    layer: Saved = {"layerId": "data", "layerType": "data"}
    if chart.shape == "table":
        shown = [{"columnId": name, "isTransposed": False} for name in columns]
        return "lnsDatatable", {**layer, "columns": shown}
    if chart.shape == "donut":
        pie = {
            **layer,
            "primaryGroups": ["by-0"],
            "metrics": ["value"],
            "numberDisplay": "value",
            "categoryDisplay": "default",
            "legendDisplay": "default",
            "nestedLegend": False,
        }
        return "lnsPie", {"shape": "donut", "layers": [pie]}
    series = "bar_horizontal" if chart.shape == "lying" else "bar_stacked"
    bars = {**layer, "accessors": ["value"], "position": "top", "seriesType": series, "showGridlines": False}
    ends = {"xAccessor": "time", "splitAccessor": "by-0"} if chart.over else {"xAccessor": "by-0"}
    return "lnsXY", {
        "legend": {"isVisible": chart.over is not None, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "preferredSeriesType": series,
        "layers": [{**bars, **ends}],
    }


def _dashboard(prefix: str, board: Board) -> Saved:
    panels: list[Saved] = []
    references: list[Saved] = []

    def place(type_: str, to: str, x: int, y: int, width: int, height: int) -> None:
        panel = str(len(panels) + 1)
        panels.append(
            {
                "type": type_,
                "panelIndex": panel,
                "gridData": {"x": x, "y": y, "w": width, "h": height, "i": panel},
                "embeddableConfig": {"enhancements": {}},
                "panelRefName": f"panel_{panel}",
            }
        )
        references.append(_refers(prefix, f"{panel}:panel_{panel}", type_, to))

    for y, row in enumerate(board.rows):
        width = _WIDTH // len(row)
        for x, chart in enumerate(row):
            place("lens", chart.title, x * width, y * _HEIGHT, width, _HEIGHT)
    place("search", board.view, 0, len(board.rows) * _HEIGHT, _WIDTH, 2 * _HEIGHT)
    attributes = {
        "title": f"{prefix}: {board.title}",
        "description": "",
        "version": 1,
        "timeRestore": False,
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps(
            {
                "useMargins": True,
                "syncColors": False,
                "syncCursor": True,
                "syncTooltips": False,
                "hidePanelTitles": False,
            }
        ),
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({"query": _query(""), "filter": []})},
    }
    return _saved(prefix, "dashboard", board.title, attributes, references)

"""Templates of indices: put there, brought up to date, and protected from those of others.

Everything of ours carries `_meta.sentinel` with a version and a digest of its content. A newer version
than ours stays and is told; an older one is replaced, and fields that are new are added to the indices
that are there. A field never changes its type in place: an index keeps the one it was made with.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from sentinel.config.sections import ElasticSettings
from sentinel.errors import UserError
from sentinel.store.elastic import faults, mappings
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import RECORDS, Layout

VERSION = 1
PRIORITY = 500
"""Above those of Elastic's own products (100 to 250)."""
AT_ONCE = 4
"""Templates and indices that are put at once."""


def wanted(layout: Layout, settings: ElasticSettings) -> dict[str, dict[str, Any]]:
    """Templates by name."""
    own = {"number_of_replicas": settings.replicas, "refresh_interval": f"{round(settings.refresh * 1000)}ms"}
    timed = {**own, "number_of_shards": settings.shards, "mapping.total_fields.limit": mappings.FIELD_LIMIT,
             "mapping.total_fields.ignore_dynamic_beyond_limit": True}  # fmt: skip
    small = {**own, "number_of_shards": 1}
    events = mappings.events()
    out = {
        layout.events: _template([f"{layout.events}-*"], timed, events, layout.events),
        layout.alerts: _template(
            [f"{layout.alerts}-*"], {**timed, "number_of_shards": 1}, events, layout.alerts
        ),
        layout.chains: _template([layout.chains], small, mappings.records("chain")),
        layout.sources: _template(
            [layout.sources],
            small,
            mappings.plain(sensor="keyword", run="long", sha256="keyword", site="keyword"),
        ),
        layout.state: _template(
            [layout.state],
            small,
            mappings.plain(sensor="keyword", kind="keyword", name="keyword", blob="keyword"),
        ),
    }
    for kind in RECORDS:
        out[layout.records(kind)] = _template([layout.records(kind)], small, mappings.records(kind))
    return out


def install(client: Client, layout: Layout, settings: ElasticSettings) -> None:
    """Bring templates and indices up to date. Raises `UserError` where others' are in the way, or a newer
    sentinel's."""
    found = client.maybe("GET", f"/_index_template/{segment(layout.prefix)}-*") or {}
    there = {one["name"]: one["index_template"] for one in found.get("index_templates", ())}
    made = wanted(layout, settings)
    changed = {
        name: template
        for name, template in made.items()
        if name not in there or _is_older(client.url, name, there[name], template)
    }
    # side by side: a server takes what comes at once in one step
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda item: _put(client, *item), changed.items()))
        indices = client.maybe("GET", f"/{layout.prefix}-*/_alias") or {}
        _refuse_foreign(client, layout, indices)
    if layout.state not in indices:
        create(client, layout.state)
    for name in changed if indices else ():
        _grow(client, changed[name])


def create(client: Client, index: str) -> None:
    """Make an index from its template, unless it is there."""
    try:
        client.json("PUT", f"/{segment(index)}")
    except faults.AnswerError as error:
        if error.kind != "resource_already_exists_exception":
            raise UserError(error.message) from None


def _template(
    patterns: list[str], settings: dict[str, Any], mapping: dict[str, Any], alias: str | None = None
) -> dict[str, Any]:
    digest = hashlib.sha256(msgspec.json.encode([patterns, settings, mapping], order="sorted")).hexdigest()[
        :16
    ]
    meta = {"sentinel": {"version": VERSION, "digest": digest}}
    inner: dict[str, Any] = {"settings": {"index": settings}, "mappings": {**mapping, "_meta": meta}}
    if alias is not None:
        inner["aliases"] = {alias: {}}
    return {"index_patterns": patterns, "priority": PRIORITY, "template": inner, "_meta": meta}


def _is_older(url: str, name: str, before: dict[str, Any], ours: dict[str, Any]) -> bool:
    mark = (before.get("_meta") or {}).get("sentinel")
    if not isinstance(mark, dict):
        raise UserError(
            f"{url}: the index template {name} is not sentinel's; delete it, or choose another elastic.prefix"
        )
    if mark.get("version", 0) > VERSION:
        raise UserError(
            f"{url}: the index template {name} was made by a newer sentinel (version {mark['version']}, "
            f"this one "
            f"knows {VERSION})"
        )
    return bool(mark != ours["_meta"]["sentinel"])


def _put(client: Client, name: str, template: dict[str, Any]) -> None:
    try:
        client.json("PUT", f"/_index_template/{segment(name)}", template)
    except faults.AnswerError as error:
        raise UserError(f"{client.url}: the index template {name} is refused: {error.reason}") from None


def _refuse_foreign(client: Client, layout: Layout, there: dict[str, Any]) -> None:
    """Raises `UserError` for indices and templates of others under our names."""
    marked = client.maybe("GET", f"/{layout.prefix}-*/_mapping?filter_path=*.mappings._meta") or {}
    ours = {*layout.fixed}
    for index in sorted(there):
        timed = index.startswith((f"{layout.events}-", f"{layout.alerts}-"))
        if index in (layout.events, layout.alerts):
            raise UserError(
                f"{client.url}: {index} is an index, where an alias belongs; choose another elastic.prefix"
            )
        if (timed or index in ours) and "sentinel" not in _meta(marked.get(index)):
            raise UserError(
                f"{client.url}: the index {index} is not sentinel's; delete it, or choose another "
                "elastic.prefix"
            )
    for probe in (layout.event_index("2026-01-01T00"), layout.alert_index("2026-01")):
        made = client.json("POST", f"/_index_template/_simulate_index/{segment(probe)}")
        if "sentinel" not in _meta(made.get("template")):
            raise UserError(
                f"{client.url}: another index template is chosen for {probe}; lower its priority below "
                f"{PRIORITY}, or choose another elastic.prefix"
            )


def _meta(found: dict[str, Any] | None) -> dict[str, Any]:
    meta = ((found or {}).get("mappings") or {}).get("_meta")
    return meta if isinstance(meta, dict) else {}


def _grow(client: Client, template: dict[str, Any]) -> None:
    """Add new fields to the indices of a template that are there. One that has a field with another type
    stays as it is: its fields are read as the server gives them."""
    mapping = template["template"]["mappings"]
    pattern = template["index_patterns"][0]
    found = client.maybe("GET", f"/{pattern}/_mapping") or {}
    for index in sorted(found):
        change = {"properties": mapping["properties"], "_meta": mapping["_meta"]}
        try:
            client.json("PUT", f"/{segment(index)}/_mapping", change)
        except faults.AnswerError as error:
            if error.status != 400:
                raise UserError(error.message) from None
            _grow_field_by_field(client, index, found[index]["mappings"], change)


def _grow_field_by_field(client: Client, index: str, there: dict[str, Any], change: dict[str, Any]) -> None:
    known = there.get("properties", {})
    new = {name: how for name, how in change["properties"].items() if name not in known}
    client.json("PUT", f"/{segment(index)}/_mapping", {"properties": new, "_meta": change["_meta"]})

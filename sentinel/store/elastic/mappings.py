"""Mappings, made from the field table and the table of records.

Text is `keyword` with the `lowercase` normalizer, so that it is compared as `sentinel.query` does. What a
field's type cannot hold (a text where a number belongs, a text of more than `LONGEST` characters) is not
refused: the document is kept, and the server names the field in the document's `_ignored`. Queries count
on that (`compile.py`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sentinel.fields import fields

LONGEST = 8191
"""Characters of a text that is indexed: with four octets each they fit Lucene's 32,766 for a term."""
TIME_FORMAT = "uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'"
"""The one form of times in documents."""
FIELD_LIMIT = 3000
"""Fields of an index, those of the table and those of logs of others; what is beyond is not indexed."""
KEPT = "sentinel_record"
"""Member of a stored record that is ours: key, place, sensor. It is taken off when it is read."""

TEXT = {"type": "keyword", "normalizer": "lowercase", "ignore_above": LONGEST}
_TYPES: dict[str, dict[str, Any]] = {
    "keyword": TEXT,
    "text": TEXT,
    "ip": {"type": "ip", "ignore_malformed": True},
    "long": {"type": "long", "ignore_malformed": True, "coerce": False},
    "double": {"type": "double", "ignore_malformed": True, "coerce": False},
    "boolean": {"type": "boolean", "ignore_malformed": True},
    "date": {"type": "date_nanos", "format": TIME_FORMAT, "ignore_malformed": True},
}
ACK = {"sentinel.ack.time": "date", "sentinel.ack.user": "keyword", "sentinel.ack.note": "keyword"}


@cache
def event_types() -> Mapping[str, str]:
    """Type of each field of events and alerts that has a line in the table."""
    return {name: "keyword" if field.type == "text" else field.type for name, field in fields().items()} | ACK


@cache
def record_types(kind: str) -> Mapping[str, str]:
    """Type of each indexed field of a kind of records, or of chains."""
    table = tomllib.loads(
        files("sentinel.store.elastic").joinpath("records.toml").read_text(encoding="utf-8")
    )
    return dict(table[kind])


def events() -> dict[str, Any]:
    """Mapping of events and alerts. Names are flat: `user` and `user.name` are two fields. Fields that are
    not in the table are text."""
    properties = {name: _TYPES[type_] for name, type_ in event_types().items()}
    properties["@timestamp"] = {"type": "date_nanos", "format": TIME_FORMAT}
    return {
        "subobjects": False,
        "date_detection": False,
        "dynamic_templates": [{"others": {"match_mapping_type": "*", "mapping": TEXT}}],
        "properties": properties,
    }


def records(kind: str) -> dict[str, Any]:
    """Mapping of a kind of records, or of chains."""
    properties = _nested({name: _TYPES[type_] for name, type_ in record_types(kind).items()})
    properties[KEPT] = {
        "properties": {
            "key": {"type": "keyword"},
            "order": {"type": "long"},
            "sensor": {"type": "keyword"},
            "hash": {"type": "keyword", "index": False},
        }
    }
    return {"dynamic": False, "properties": properties}


def plain(**types: str) -> dict[str, Any]:
    """Mapping of documents of our own, of which only these fields are searched for."""
    return {"dynamic": False, "properties": {name: {"type": type_} for name, type_ in types.items()}}


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in flat.items():
        *above, last = name.split(".")
        at = out
        for part in above:
            at = at.setdefault(part, {"properties": {}})["properties"]
        at[last] = value
    return out

"""Who talks to whom as GraphML (graphml.graphdrawing.org, 1.0), for Gephi, yEd, Cytoscape, networkx.

A node per asset, and per address that is none (a multicast group); an edge per conversation, from
client to server. Written as it comes: memory grows with the number of distinct ends only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import TextIO

from sentinel.export.text import Record, address, counts, plain, service

NODE = {
    "label": "string", "ip": "string", "mac": "string", "name": "string", "type": "string", "level": "double",
    "vendor": "string", "model": "string", "firmware": "string", "services": "string", "exposures": "int",
}  # fmt: skip
EDGE = {
    "protocol": "string", "transport": "string", "port": "int", "packets": "long", "bytes": "long",
    "operations": "string", "first": "string", "last": "string",
}  # fmt: skip
"""What nodes and edges carry, with GraphML's types."""


def write_graphml(assets: Iterable[Record], conversations: Iterable[Record], out: TextIO) -> None:
    """Write the graph of conversations."""
    out.writelines(line + "\n" for line in _lines(assets, conversations))


def _lines(assets: Iterable[Record], conversations: Iterable[Record]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    for scope, keys in (("node", NODE), ("edge", EDGE)):
        for name, kind in keys.items():
            yield f'  <key id="{scope}-{name}" for="{scope}" attr.name="{name}" attr.type="{kind}"/>'
    yield '  <graph id="conversations" edgedefault="directed">'
    nodes: dict[str, str] = {}
    for asset in assets:
        nodes[asset["id"]] = asset["id"]
        nodes.update((alias, asset["id"]) for alias in asset.get("aliases") or ())
        yield from _node(asset["id"], _asset(asset))
    for n, talk in enumerate(conversations):
        ends = []
        for side in ("client", "server"):
            end = talk[side]
            known = nodes.get(end.get("asset") or "")
            if known is None:
                shown = str(end.get("ip") or end.get("mac") or "unknown")
                known = f"address:{shown}"
                if known not in nodes:
                    nodes[known] = known
                    yield from _node(known, {"label": shown, "ip": end.get("ip"), "mac": end.get("mac")})
            ends.append(known)
        yield f'    <edge id="e{n}" source="{_text(ends[0])}" target="{_text(ends[1])}">'
        yield from _data("edge", EDGE, talk | {"operations": counts(talk.get("operations") or {})})
        yield "    </edge>"
    yield "  </graph>"
    yield "</graphml>"


def _asset(asset: Record) -> Record:
    return asset | {
        "label": address(asset),
        "ip": ", ".join(asset.get("ip") or ()),
        "mac": ", ".join(asset.get("mac") or ()),
        "services": ", ".join(map(service, asset.get("services") or ())),
        "exposures": len(asset.get("exposures") or ()),
    }


def _node(name: str, values: Record) -> Iterator[str]:
    yield f'    <node id="{_text(name)}">'
    yield from _data("node", NODE, values)
    yield "    </node>"


def _data(scope: str, keys: dict[str, str], values: Record) -> Iterator[str]:
    for name in keys:
        if (value := values.get(name)) not in (None, ""):
            yield f'      <data key="{scope}-{name}">{_text(value)}</data>'


def _text(value: object) -> str:
    return escape(plain(value), quote=True)

"""GraphML: well-formed, every edge between nodes that are there."""

from __future__ import annotations

import io
from xml.etree import ElementTree

from sentinel.export.graphml import EDGE, NODE, write_graphml
from tests.report.plants import HOSTILE, plant

SPACE = {"g": "http://graphml.graphdrawing.org/xmlns"}


def graph() -> ElementTree.Element:
    document = plant()
    document.assets[0]["vendor"] = "Sie\x00mens & \ud800<Co>"
    out = io.StringIO()
    write_graphml(document.assets, document.conversations, out)
    return ElementTree.fromstring(out.getvalue().encode())


def test_nodes_and_edges() -> None:
    root, document = graph(), plant()
    nodes = [node.get("id") for node in root.iterfind(".//g:node", SPACE)]
    edges = [(edge.get("source"), edge.get("target")) for edge in root.iterfind(".//g:edge", SPACE)]
    assert len(edges) == len(document.conversations)
    assert len(nodes) == len(set(nodes)) == len(document.assets) + 1
    assert "address:239.255.255.250" in nodes
    assert {end for edge in edges for end in edge} <= set(nodes)


def test_data_has_declared_keys_and_types() -> None:
    root = graph()
    keys = {key.get("id"): key.get("attr.type") for key in root.iterfind("g:key", SPACE)}
    assert len(keys) == len(NODE) + len(EDGE)
    for data in root.iterfind(".//g:data", SPACE):
        assert data.text
        if keys[data.get("key")] in ("int", "long"):
            int(data.text)
        if keys[data.get("key")] == "double":
            float(data.text)


def test_captured_text_is_text() -> None:
    texts = [data.text for data in graph().iterfind(".//g:data", SPACE)]
    assert HOSTILE in texts
    assert "Sie\ufffdmens & \ufffd<Co>" in texts

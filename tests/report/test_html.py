"""The page as a text: one file, its policy, its data; what a browser makes of it is tests/browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from typing import Any

from sentinel.report.document import Document
from sentinel.report.html import SCRIPTS, embedded, render
from sentinel.report.html.view import EVIDENCE, FACTS, band, subnets, view
from tests.report.plants import HOSTILE, asset, evidence, fact, network, operation, plant, source


def data(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    loaded = json.loads(found[1])
    assert isinstance(loaded, dict)
    return loaded


def test_policy_allows_the_page_itself_and_nothing_else() -> None:
    page = render(plant())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == "'none'"
    for name, pattern in (("style-src", r"<style>(.*?)</style>"), ("script-src", r"<script>(.*?)</script>")):
        (text,) = re.findall(pattern, page, re.DOTALL)
        assert rules[name] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_names_no_other_place() -> None:
    page = render(Document())
    assert set(re.findall(r"https?://[^\s\"']+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(src|href)=[\"'](?!#)", page)
    assert "innerHTML" not in page
    assert "eval(" not in page


def test_captured_text_cannot_leave_its_element() -> None:
    page = render(plant())
    assert HOSTILE not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert HOSTILE in [one.get("name") for one in data(page)["assets"]]
    assert embedded("</script><!--&\u2028") == r'"\u003c/script\u003e\u003c!--\u0026\u2028"'


def test_odd_values_still_make_a_page() -> None:
    document = plant()
    document.assets[0]["name"] = "\ud800\x00"
    document.operations[0]["detail"] = {"value": float("nan"), "more": [float("inf"), None]}
    page = render(document)
    page.encode()
    assert data(page)["operations"][0]["detail"]["value"] == "nan"


def test_same_document_same_page() -> None:
    assert render(plant()) == render(plant())


def test_lean_data() -> None:
    record = view(Document(sources=[source()], assets=[asset(1, "10.0.0.1", None, None)]))["assets"][0]
    assert None not in record.values()
    assert [] not in record.values()
    assert view(plant())["operations"][0]["source"] == "plant.pcap"
    twins = [source("/a/x.pcap"), source("/b/x.pcap")]
    assert [s["source"] for s in view(Document(sources=twins))["sources"]] == ["/a/x.pcap", "/b/x.pcap"]


def test_long_lists_are_cut_and_it_is_said() -> None:
    many = asset(
        1, "10.0.0.1", "plc", 1.0, facts=[fact(f"f{n}", "v", "lldp", n) for n in range(FACTS + 5)],
        roles=[{"role": "plc", "score": 1.0, "because": [evidence("lldp", "x", "y", n) for n in range(20)]}],
    )  # fmt: skip
    record = view(Document(assets=[many]))["assets"][0]
    assert (len(record["facts"]), record["facts_left"]) == (FACTS, 5)
    assert len(record["roles"][0]["because"]) == EVIDENCE
    assert len(many["facts"]) == FACTS + 5


def test_bands() -> None:
    assert band(asset(1, "10.0.0.1", None, 3.5)) == "3.5"
    assert band(asset(1, "10.0.0.1", None, 1.0)) == "1"
    assert band(asset(1, "10.0.0.1", None, None)) == "none"
    assert band(asset(1, "93.184.216.34", None, None)) == "outside"
    assert band(asset(1, "93.184.216.34", None, 2.0)) == "2"
    assert band(asset(1, "not an address", None, None)) == "none"
    assert band(asset(1, None, None, None)) == "none"


def test_subnets() -> None:
    assert subnets(asset(1, "10.1.2.3", None, None)) == ["10.1.2.0/24", "10.1.0.0/16"]
    assert subnets(asset(1, "fe80::5", None, None)) == ["fe80::/64", "fe80::/48"]
    assert subnets(asset(1, None, None, None)) == ["no address", "no address"]


def test_what_changes() -> None:
    seen = view(plant())
    assert [c["changing"] for c in seen["conversations"]][:3] == [0, 40, 900]
    assert [c["background"] for c in seen["conversations"]].count(True) == 1
    assert [o["changing"] for o in seen["operations"]] == [False, True, False, True, True, True]
    one = asset(1, "10.0.0.1", None, None)
    assert view(Document(operations=[operation(one, one, "x", "other", "y", "monitor")]))["operations"]


def test_totals_of_what_is_not_listed() -> None:
    assert view(Document(totals={"assets": 86_000}))["totals"]["assets"] == 86_000
    assert view(network(30))["totals"]["assets"] == 30


def test_every_part_of_the_script_is_in_the_page() -> None:
    folder = resources.files("sentinel.report.html") / "page"
    there = {entry.name for entry in folder.iterdir() if entry.name.endswith(".js")}
    assert there == set(SCRIPTS)

"""STIX 2.1: parsed strictly by stix2, references that resolve, the same bytes again."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import stix2

from sentinel.export._stix import address_object, moment
from sentinel.export.stix import stix, write_stix
from sentinel.rules import chains
from tests.rules.stories import OUTSIDE, alert, intrusion


def made() -> dict[str, Any]:
    return stix(chains.join(intrusion()))


def refs(thing: dict[str, Any]) -> list[str]:
    found = []
    for key, value in thing.items():
        if key.endswith("_ref"):
            found.append(value)
        elif key.endswith("_refs"):
            found += value
    return found


def test_stix2_reads_it_strictly() -> None:
    document = made()
    parsed = stix2.parse(json.loads(json.dumps(document)), allow_custom=False)
    assert len(parsed.objects) == len(document["objects"])
    for thing in document["objects"]:
        # identifiers of observables are those that stix2 works out itself
        if thing["type"] in ("ipv4-addr", "ipv6-addr", "mac-addr"):
            assert stix2.parse({k: v for k, v in thing.items() if k != "id"}).id == thing["id"]


def test_content() -> None:
    objects = made()["objects"]
    known = {thing["id"] for thing in objects}
    assert len(known) == len(objects)
    for thing in objects:
        assert set(refs(thing)) <= known
    kinds = Counter(thing["type"] for thing in objects)
    assert (kinds["grouping"], kinds["sighting"], kinds["observed-data"]) == (1, 6, 6)
    assert kinds["infrastructure"] == kinds["relationship"]
    (indicator,) = (thing for thing in objects if thing["type"] == "indicator")
    assert indicator["pattern"] == f"[ipv4-addr:value = '{OUTSIDE}']"
    (download,) = (t for t in objects if t["type"] == "attack-pattern" and t["name"] == "T0843")
    assert download["kill_chain_phases"] == [
        {"kill_chain_name": "mitre-ics-attack", "phase_name": "persistence"}
    ]
    assert download["external_references"] == [{"source_name": "mitre-ics-attack", "external_id": "T0843"}]


def test_several_chains_in_one_bundle_the_same_again() -> None:
    other = [
        alert(n, f"r{n}", tactic, "10.9.0.1", "10.9.0.2") for n, tactic in enumerate(("Discovery", "Impact"))
    ]
    both = chains.join(intrusion() + other)
    out, again = io.StringIO(), io.StringIO()
    write_stix(both, out)
    write_stix(both, again)
    assert out.getvalue() == again.getvalue()
    kinds = Counter(thing["type"] for thing in json.loads(out.getvalue())["objects"])
    assert (kinds["grouping"], kinds["identity"]) == (2, 1)


def test_addresses_and_times() -> None:
    assert moment("2026-03-02T07:00:00.123456Z") == "2026-03-02T07:00:00.123Z"
    for text, kind, value in (
        ("2001:DB8::1", "ipv6-addr", "2001:db8::1"),
        ("00-0C-29-AA-BB-CC", "mac-addr", "00:0c:29:aa:bb:cc"),
    ):
        thing = address_object(text)
        assert thing is not None
        assert (thing["type"], thing["value"]) == (kind, value)
    assert address_object("WORKSTATION") is None
    assert address_object(None) is None

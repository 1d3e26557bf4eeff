"""CycloneDX: only what version 1.6 of the format knows, references that resolve."""

from __future__ import annotations

import io
import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from sentinel.export.cyclonedx import write_cyclonedx
from tests.report.plants import HOSTILE, asset, exposure, plant

BILL = {
    "$schema",
    "bomFormat",
    "specVersion",
    "serialNumber",
    "version",
    "metadata",
    "components",
    "vulnerabilities",
}
COMPONENT = {"type", "bom-ref", "name", "manufacturer", "version", "description", "properties", "components"}
VULNERABILITY = {"bom-ref", "id", "ratings", "description", "affects"}


def bill(assets: list[dict[str, Any]], made: datetime | None = None) -> dict[str, Any]:
    out = io.StringIO()
    write_cyclonedx(assets, out, version="0.1.0", made=made)
    loaded = json.loads(out.getvalue())
    assert isinstance(loaded, dict)
    return loaded


def every(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for one in components for part in (one, *every(one.get("components", [])))]


def test_structure() -> None:
    made = bill(plant().assets, datetime(2026, 3, 2, 7, tzinfo=UTC))
    assert set(made) <= BILL
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    uuid.UUID(re.fullmatch(r"urn:uuid:([0-9a-f-]{36})", made["serialNumber"])[1])  # type: ignore[index]
    assert made["metadata"]["timestamp"] == "2026-03-02T07:00:00Z"
    parts = every(made["components"])
    references = [part["bom-ref"] for part in parts]
    assert len(references) == len(set(references))
    for part in parts:
        assert set(part) <= COMPONENT
        assert part["type"] in ("device", "firmware", "operating-system")
        assert part["name"]
        assert all(
            isinstance(p["name"], str) and isinstance(p["value"], str) for p in part.get("properties", ())
        )


def test_device() -> None:
    press = bill(plant().assets)["components"][0]
    assert press["name"] == "6ES7 315-2EH14-0AB0"
    assert press["manufacturer"] == {"name": "Siemens"}
    assert press["components"] == [
        {
            "type": "firmware",
            "bom-ref": "a-000000000001/firmware",
            "name": "6ES7 315-2EH14-0AB0 firmware",
            "version": "V3.2.8",
        }
    ]
    assert {"name": "sentinel:ip", "value": "10.1.1.10"} in press["properties"]
    assert {"name": "sentinel:level", "value": "1.0"} in press["properties"]


def test_vulnerabilities_name_what_they_affect() -> None:
    title = "The key of the CPU family is known (CVE-2022-38465)"
    flawed = [exposure("known-vulnerability", "high", title, 7)]
    made = bill([asset(n, f"10.0.0.{n}", "plc", 1.0, exposures=flawed) for n in (1, 2)])
    (flaw,) = made["vulnerabilities"]
    assert set(flaw) <= VULNERABILITY
    assert flaw["id"] == "CVE-2022-38465"
    assert flaw["ratings"] == [{"severity": "high"}]
    assert [a["ref"] for a in flaw["affects"]] == [c["bom-ref"] for c in made["components"]]


def test_same_assets_same_bill() -> None:
    assert bill(plant().assets) == bill(plant().assets)
    assert bill(plant().assets)["serialNumber"] != bill(plant().assets[:2])["serialNumber"]


def test_captured_text_is_text() -> None:
    names = [p["value"] for c in bill(plant().assets)["components"] for p in c["properties"]]
    assert HOSTILE in names

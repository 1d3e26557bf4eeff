"""Assets as a CycloneDX 1.6 bill of materials (ECMA-424): devices, with their firmware and system.

What the format has no place for (addresses, level, services) stands in properties named `sentinel:…`.
A known vulnerability of an asset becomes an entry that points at it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TextIO

from sentinel.export.text import Record, address, plain, service

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_RATINGS = {"informational": "info", "low": "low", "medium": "medium", "high": "high", "critical": "critical"}


def write_cyclonedx(
    assets: Iterable[Record], out: TextIO, *, version: str, made: datetime | None = None
) -> None:
    """Write the bill of the given assets.

    `version` is this program's. Without `made` no time is written, and the same assets give the same
    bill, its serial number included.
    """
    components: list[Record] = []
    flaws: dict[str, Record] = {}
    for asset in assets:
        components.append(_device(asset))
        for cve, severity, title in _vulnerabilities(asset):
            flaw = flaws.setdefault(cve, {
                "bom-ref": f"vulnerability:{cve}", "id": cve, "ratings": [{"severity": severity}],
                "description": title, "affects": [],
            })  # fmt: skip
            flaw["affects"].append({"ref": str(asset["id"])})
    metadata: Record = {
        "tools": {"components": [{"type": "application", "name": "sentinel", "version": version}]}
    }
    if made is not None:
        metadata["timestamp"] = made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    bill: Record = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "",
        "version": 1,
        "metadata": metadata,
        "components": components,
    }
    if flaws:
        bill["vulnerabilities"] = list(flaws.values())
    bill["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(bill)).urn
    json.dump(bill, out, ensure_ascii=False, indent=1)
    out.write("\n")


def _device(asset: Record) -> Record:
    device: Record = {
        "type": "device",
        "bom-ref": str(asset["id"]),
        "name": _first(asset, "model", "product", "name") or address(asset),
    }
    if vendor := asset.get("vendor"):
        device["manufacturer"] = {"name": plain(vendor)}
    if hardware := asset.get("hardware"):
        device["version"] = plain(hardware)
    if product := asset.get("product"):
        device["description"] = plain(product)
    device["properties"] = [{"name": f"sentinel:{n}", "value": plain(v)} for n, v in _properties(asset)]
    parts = []
    if firmware := asset.get("firmware"):
        parts.append({
            "type": "firmware", "bom-ref": f"{asset['id']}/firmware", "name": f"{device['name']} firmware",
            "version": plain(firmware),
        })  # fmt: skip
    if system := asset.get("os"):
        parts.append({"type": "operating-system", "bom-ref": f"{asset['id']}/os", "name": plain(system)})
    if parts:
        device["components"] = parts
    return device


def _properties(asset: Record) -> Iterator[tuple[str, object]]:
    for key in ("ip", "mac"):
        yield from ((key, value) for value in asset.get(key) or ())
    yield from (("hostname", value) for value in asset.get("hostnames") or ())
    yield from ((f"address:{o['kind']}", o["value"]) for o in asset.get("other") or ())
    for key in ("site", "name", "type", "level", "serial", "location", "first", "last"):
        if asset.get(key) is not None:
            yield key, asset[key]
    yield from (("service", service(one)) for one in asset.get("services") or ())


def _vulnerabilities(asset: Record) -> Iterator[tuple[str, str, str]]:
    found = set()
    for exposure in asset.get("exposures") or ():
        if exposure["kind"] == "known-vulnerability":
            for cve in _CVE.findall(exposure["title"]):
                if cve not in found:
                    found.add(cve)
                    yield cve, _RATINGS.get(exposure["severity"], "unknown"), plain(exposure["title"])


def _first(asset: Record, *keys: str) -> str:
    return next((plain(asset[key]) for key in keys if asset.get(key)), "")

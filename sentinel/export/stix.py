"""Chains as a plain STIX 2.1 bundle: what was seen (observed-data, sightings of attack-patterns), on which
infrastructure, indicators of foreign addresses, and a grouping per chain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any, TextIO

from sentinel.export._stix import address_object, bundle, end_name, moment, own_id, source_identity, summary
from sentinel.export.text import Record, plain

_MOST = 999_999_999
"""Highest count that observed-data and sightings may carry (STIX 2.1, 4.14 and 5.2)."""


_ICS = re.compile(r"TA01(0\d|1[01])")
"""Tactics of ATT&CK for ICS: TA0100 to TA0111."""


_PRIVATE = [
    ip_network(text)
    for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
]
"""Networks that mean nothing to others: RFC 1918, RFC 6598, RFC 4193."""


def write_stix(chains: Iterable[Record], out: TextIO) -> None:
    """Write one bundle of all chain documents; the same chains give the same bytes."""
    json.dump(stix(chains), out, ensure_ascii=False, indent=1)
    out.write("\n")


def stix(chains: Iterable[Record]) -> Record:
    """The bundle of chain documents (docs/reference/data-model.md, chain)."""
    objects: list[Record] = []
    named = []
    for chain in chains:
        named.append((chain["id"], chain["last"], chain["alert_count"]))
        objects += _chain(chain)
    return bundle(objects, "stix", *named)


def write_stix_alerts(alerts: Iterable[Record], out: TextIO) -> None:
    """Write one bundle of alert documents: each is told as a chain of one step is."""
    write_stix((_alone(alert) for alert in alerts), out)


def _alone(alert: Record) -> Record:
    """An alert as a chain of nothing else."""
    time, rule = alert["@timestamp"], alert.get("rule.name") or "alert"
    step = {
        "n": 1,
        "time": time,
        "last": time,
        "rule": rule,
        "tactic": _first(alert.get("threat.tactic.name")),
        "tactic_id": _first(alert.get("threat.tactic.id")),
        "technique": _first(alert.get("threat.technique.id")),
        "source": _first(alert.get("source.ip") or alert.get("source.mac")),
        "destination": _first(alert.get("destination.ip") or alert.get("destination.mac")),
        "count": 1,
    }
    return {
        "id": alert["event.id"],
        "title": rule,
        "first": time,
        "last": time,
        "alert_count": 1,
        "steps": [step],
        "explanation": alert.get("event.reason") or rule,
    }


def _first(value: Any) -> Any:
    """The first of several values."""
    return (value[0] if value else None) if isinstance(value, list) else value


def _chain(chain: Record) -> list[Record]:
    first, last = moment(chain["first"]), moment(chain["last"])
    author = source_identity("2026-01-01T00:00:00.000Z")
    common = {"spec_version": "2.1", "created": first, "modified": last, "created_by_ref": author["id"]}
    hosts: dict[str, list[Record]] = {}
    objects = [author]
    for step in chain["steps"]:
        ends: list[Record | None] = []
        for side in ("source", "destination"):
            name, address = end_name(step, side), address_object(step.get(side))
            ends.append(address)
            if name is not None and name not in hosts:
                hosts[name] = _host(chain, name, address, common)
        if pattern := _pattern(step, author):
            objects.append(pattern)
        objects += _seen(chain, step, ends, pattern, common)
        objects += [_indicator(address, common) for address in ends if address and _is_public(address)]
    objects += [thing for host in hosts.values() for thing in host]
    ids = dict.fromkeys(thing["id"] for thing in objects)
    grouping = {
        "type": "grouping",
        "id": own_id("grouping", chain["id"]),
        **common,
        "name": plain(chain.get("title") or chain["id"]),
        "description": "\n".join(plain(line) for line in chain["explanation"].split("\n")),
        "context": "suspicious-activity",
        "object_refs": list(ids),
    }
    return [*objects, grouping]


def _host(chain: Record, name: str, address: Record | None, common: Record) -> list[Record]:
    host = {
        "type": "infrastructure",
        "id": own_id("infrastructure", chain["id"], name),
        **common,
        "name": name,
    }
    if address is None:
        return [host]
    consists = {
        "type": "relationship",
        "id": own_id("relationship", host["id"], address["id"]),
        **common,
        "relationship_type": "consists-of",
        "source_ref": host["id"],
        "target_ref": address["id"],
    }
    return [host, address, consists]


def _pattern(step: Record, author: Record) -> Record | None:
    """The technique of a step, or its tactic where no technique is known."""
    technique, tactic, tactic_id = (step.get(key) for key in ("technique", "tactic", "tactic_id"))
    name = technique or tactic
    if not name:
        return None
    matrix = (
        "mitre-ics-attack"
        if str(tactic_id or "").startswith("TA01") and tactic_id != "TA0112"
        else "mitre-attack"
    )
    pattern: Record = {
        "type": "attack-pattern",
        "spec_version": "2.1",
        "id": own_id("attack-pattern", name, tactic or ""),
        "created": author["created"],
        "modified": author["modified"],
        "created_by_ref": author["id"],
        "name": plain(name),
    }
    if tactic:
        phase = plain(tactic).lower().replace(" ", "-")
        pattern["kill_chain_phases"] = [{"kill_chain_name": matrix, "phase_name": phase}]
    if external := technique or tactic_id:
        pattern["external_references"] = [{"source_name": matrix, "external_id": plain(external)}]
    return pattern


def _seen(
    chain: Record, step: Record, ends: list[Record | None], pattern: Record | None, common: Record
) -> list[Record]:
    """What was observed in a step, and the sighting of its technique."""
    times = {"first": moment(step["time"]), "last": moment(step["last"])}
    count = min(step["count"], _MOST)
    addresses = [address for address in ends if address]
    sighting: Record = {
        "type": "sighting",
        "id": own_id("sighting", chain["id"], step["n"], step["time"]),
        **common,
        "description": summary(step),
        "first_seen": times["first"],
        "last_seen": times["last"],
        "count": count,
        "where_sighted_refs": [common["created_by_ref"]],
    }
    out = list(addresses)
    if addresses:
        observed = {
            "type": "observed-data",
            "id": own_id("observed-data", chain["id"], step["n"], step["time"]),
            **common,
            "first_observed": times["first"],
            "last_observed": times["last"],
            "number_observed": count,
            "object_refs": [*dict.fromkeys(address["id"] for address in addresses)],
        }
        out.append(observed)
        sighting["observed_data_refs"] = [observed["id"]]
    if pattern is None:
        return out
    return [*out, sighting | {"sighting_of_ref": pattern["id"]}]


def _indicator(address: Record, common: Record) -> Record:
    return {
        "type": "indicator",
        "id": own_id("indicator", address["id"], common["created"]),
        **common,
        "name": address["value"],
        "indicator_types": ["anomalous-activity"],
        "pattern": f"[{address['type']}:value = '{address['value']}']",
        "pattern_type": "stix",
        "valid_from": common["created"],
    }


def _is_public(address: Record) -> bool:
    if address["type"] == "mac-addr":
        return False
    ip = ip_address(address["value"])
    reserved = ip.is_link_local or ip.is_multicast or ip.is_loopback or ip.is_unspecified or ip.is_reserved
    return not reserved and not any(ip in network for network in _PRIVATE)

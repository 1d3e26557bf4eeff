"""What the STIX 2.1 exports share: deterministic identifiers, times, addresses, who says it.

Identifiers are UUIDs of version 5, so that the same chain gives the same bundle. Those of addresses follow
STIX 2.1, section 2.9: its own namespace, over the canonical JSON of what identifies the object (RFC 8785);
all others have a namespace of this project.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from ipaddress import ip_address

from sentinel.export.text import Record, plain

OBSERVABLE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace of cyber-observable objects (STIX 2.1, section 2.9)."""

OWN = uuid.uuid5(uuid.NAMESPACE_OID, "sentinel")


def own_id(kind: str, *of: object) -> str:
    """Identifier of an object of ours: the same for the same parts."""
    return f"{kind}--{uuid.uuid5(OWN, json.dumps([kind, *map(str, of)]))}"


def moment(text: str) -> str:
    """A time as STIX wants `created` and `modified`: UTC with milliseconds."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def source_identity(first: str) -> Record:
    """Who says it: this program."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": own_id("identity", "sentinel"),
        "created": first,
        "modified": first,
        "name": "sentinel",
        "identity_class": "system",
    }


def address_object(text: str | None) -> Record | None:
    """The observable of an address; None for what is no IP or hardware address."""
    if not text:
        return None
    try:
        ip = ip_address(text)
        kind, value = f"ipv{ip.version}-addr", str(ip)
    except ValueError:
        octets = text.lower().replace("-", ":").split(":")
        if len(octets) != 6 or not all(len(o) == 2 and set(o) <= set("0123456789abcdef") for o in octets):
            return None
        kind, value = "mac-addr", ":".join(octets)
    contributing = json.dumps({"value": value}, separators=(",", ":"))
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid5(OBSERVABLE, contributing)}",
        "value": value,
    }


def end_name(step: Record, side: str) -> str | None:
    """How an end of a step is called: its asset's id, else its address."""
    name = step.get(f"{side}_asset") or step.get(side)
    return plain(name) if name else None


def summary(step: Record) -> str:
    """A step in a sentence or two."""
    said = f"{plain(step['rule'])}, {step['count']} alert{'s' if step['count'] != 1 else ''}."
    if because := step.get("because"):
        said += f" Linked to step {because['step']}: {plain(because['text'])}."
    return said


def bundle(objects: list[Record], *of: object) -> Record:
    """A bundle; an object that comes twice is written once."""
    once = {thing["id"]: thing for thing in reversed(objects)}
    return {"type": "bundle", "id": own_id("bundle", *of), "objects": list(reversed(once.values()))}

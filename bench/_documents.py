"""Documents of a large plant, made as they are needed and the same each time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from random import Random
from typing import Any

START = 1_768_204_800
"""2026-01-12T08:00:00Z."""

_EVENT = (
    '{"@timestamp":"%s.%06dZ","event.id":"%032x","event.kind":"event","event.category":["network"],'
    '"event.dataset":"sentinel.modbus","event.action":"%s","event.outcome":"success",'
    '"network.transport":"tcp","network.protocol":"modbus","source.ip":"%s","source.port":%d,'
    '"destination.ip":"%s","destination.port":502,"ot.protocol":"modbus","ot.action":"%s",'
    '"ot.function.code":%d,"ot.unit":"1","ot.address.start":%d,"ot.address.count":2,'
    '"sentinel.source":"eth0","sentinel.frame":%d}'
)
_DONE = (
    ("read_holding_registers", "read", 3),
    ("write_single_register", "write", 6),
    ("diagnostics", "diagnose", 8),
)


def address(n: int) -> str:
    """Of host n, 10.0.0.1 on."""
    n += 1
    return f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"


def events(count: int, batch: int, hosts: int = 10_000, a_second: int = 250) -> Iterator[bytes]:
    """Batches of events between any two hosts, in order of time. Every thousandth writes, every hundred
    thousandth is a diagnosis."""
    random = Random(12)
    bits = random.getrandbits
    names = [address(n) for n in range(hosts)]
    step, clock, second = 1_000_000 // a_second, "", -1
    for first in range(0, count, batch):
        lines = []
        for n in range(first, min(first + batch, count)):
            seconds, micro = divmod(n * step, 1_000_000)
            if seconds != second:
                second, clock = seconds, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + seconds))
            name, action, code = _DONE[2 if n % 100_000 == 99_999 else n % 1_000 == 999]
            source, destination = names[bits(30) % hosts], names[bits(30) % hosts]
            port = 1024 + (n & 0x7FFF)
            lines.append(
                _EVENT % (clock, micro, bits(128), name, source, port, destination, action, code, n & 4095, n)
            )
        yield "\n".join(lines).encode()


def assets(count: int) -> list[bytes]:
    """Assets with facts as a scan gives them, about 4 KB each."""
    out = []
    for n in range(count):
        vendor = ("Siemens", "Schneider Electric", "Rockwell Automation", "ABB")[n % 4]
        seen = {"source": "eth0", "frame": n, "count": 9, "first": "2026-01-12T08:00:00.000000Z",
                "last": "2026-01-12T09:00:00.000000Z"}  # fmt: skip
        facts = [
            {
                "name": name,
                "value": f"{name} {n}",
                "protocol": "modbus",
                "field": f"modbus.{name}",
                "by": "self",
                **seen,
            }
            for name in ("vendor", "product", "firmware", "serial", "name", "location", "model", "hardware")
        ]
        services = [
            {"port": p, "transport": "tcp", "protocol": q, "confidence": 1.0, **seen}
            for p, q in ((502, "modbus"), (80, "http"))
        ]
        exposure = {
            "kind": "no-authentication",
            "severity": "high",
            "title": "Modbus has no authentication",
            "evidence": [],
        }
        asset: dict[str, Any] = {
            "id": f"a-{n:012x}", "aliases": [f"a-old-{n}"] if n % 10 == 0 else [], "site": "default", "vlan": [],
            "mac": [f"00:80:f4:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"], "ip": [address(n)],
            "hostnames": [f"plc-{n}"], "other": [], "vendor": vendor, "model": f"M{n % 50}", "serial": f"S{n}",
            "type": ("plc", "hmi", "rtu")[n % 3], "level": n % 4, "roles": [], "services": services, "clients": [],
            "facts": facts, "exposures": [exposure], "conflicts": {}, "packets": n, "bytes": 60 * n,
            "first": seen["first"], "last": seen["last"],
        }  # fmt: skip
        out.append(json.dumps(asset).encode())
    return out


def alerts(count: int, evidence: list[str], hosts: int = 10_000) -> list[bytes]:
    """Alerts of a hundred rules; one in a hundred is critical."""
    out = []
    for n in range(count):
        clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + n))
        alert = {
            "@timestamp": f"{clock}.500000Z", "event.id": f"{n * 2654435761 % (1 << 128):032x}",
            "event.kind": "alert", "event.severity": 5 if n % 100 == 0 else 2 + n % 3,
            "event.reason": "A register was written by a host that never did before", "rule.id": f"rule-{n % 100}",
            "rule.name": f"Rule {n % 100}", "source.ip": address(n % hosts), "destination.ip": address(n * 7 % hosts),
            "source.asset": f"a-{n % hosts:012x}", "destination.asset": f"a-{n * 7 % hosts:012x}",
            "threat.tactic.id": ["TA0106"], "threat.technique.id": ["T0836"], "sentinel.evidence": evidence[n % 50 : n % 50 + 3],
        }  # fmt: skip
        out.append(json.dumps(alert).encode())
    return out

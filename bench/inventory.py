"""Time of giving meaning: one profile anew, one that was seen before, the tables, hardware addresses.

Prints one line per measure, CPU time; asserts nothing.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from sentinel.inventory import meaning, oui
from sentinel.inventory.credentials import Assessor

VARIANTS = 3000
"""Distinct profiles: about what a network of 86,000 hosts has."""


def fact(name: str, value: str, protocol: str) -> dict[str, str]:
    return {"name": name, "value": value, "protocol": protocol, "field": name, "by": "self"}


def profile(i: int) -> dict[str, Any]:
    """One of several kinds of host, with texts that no other has."""
    image = "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M)"
    plc = {
        "oui": ["Siemens AG"],
        "facts": [
            fact("model", f"6ES7 315-2EH14-0AB{i % 10}", "s7comm"),
            fact("serial", f"S C-B1U39314{i:04}", "s7comm"),
        ],
        "services": [{"protocol": "s7comm", "port": 102, "transport": "tcp", "confidence": 100}],
        "served": [
            {"protocol": "s7comm", "action": "write", "category": "control", "outcome": "accepted"},
        ],
    }
    switch = {
        "oui": ["Cisco Systems, Inc"],
        "facts": [fact("description", f"{image}, Version 12.2(55)SE{i}, RELEASE SOFTWARE (fc1)", "snmp")],
        "services": [{"protocol": "snmp", "port": 161, "transport": "udp", "confidence": 100}],
    }
    desktop = {
        "oui": ["Dell Inc."],
        "facts": [
            fact("hostname", f"DESKTOP-{i:07}", "dhcp"),
            fact("user_agent", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.{i}", "http"),
        ],
        "clients": [{"protocol": p, "port": 1, "transport": "tcp"} for p in ("http", "dns", "smb")],
    }
    return (plc, switch, desktop)[i % 3]


def report(what: str, per: int, unit: float, name: str, work: Callable[[], object]) -> None:
    start = time.process_time()
    work()
    spent = time.process_time() - start
    print(f"{what:<48} {spent / per / unit:9.1f} {name}")


def main() -> None:
    count = VARIANTS
    one = json.dumps([profile(i) for i in range(3)]).encode()
    many = json.dumps([profile(i) for i in range(count)]).encode()
    report("first profiles, with reading the tables", 1, 1e-3, "ms", lambda: meaning.describe_all(one))
    report(f"{count} distinct profiles, each", count, 1e-6, "us", lambda: meaning.describe_all(many))
    report(f"{count} profiles again, each", count, 1e-6, "us", lambda: meaning.describe_all(many))
    report("first hardware address", 1, 1e-3, "ms", lambda: oui.vendors(["001c06"]))
    prefixes = [f"{i * 7919 % (1 << 24):06x}" for i in range(2000)]
    report("2000 hardware addresses, each", 2000, 1e-6, "us", lambda: oui.vendors(prefixes))
    item = {"protocol": "http", "kind": "password", "username": "admin", "cleartext": True}
    items = json.dumps([{**item, "secret": f"secret{i}"} for i in range(2000)]).encode()
    assessor = Assessor(key=bytes(32))
    report("2000 credentials with reading the tables, each", 2000, 1e-6, "us", lambda: assessor.assess(items))


if __name__ == "__main__":
    main()

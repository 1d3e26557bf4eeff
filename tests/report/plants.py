"""Documents to show: a small plant with an intruder in it, and networks as large as asked for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sentinel.report.document import Document

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
"""A name a device may give itself; in a page it must stay a name."""

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
CAPTURE = "/captures/plant.pcap"


def at(seconds: float) -> str:
    """A time of the capture, as records write it."""
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def asset(n: int, ip: str | None, kind: str | None, level: float | None, **known: Any) -> dict[str, Any]:
    """One asset, with every key an inventory writes."""
    mac = f"02:00:5e:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"
    record: dict[str, Any] = {
        "id": f"a-{n:012x}", "aliases": [], "mac": [mac], "ip": [ip] if ip else [], "site": "default",
        "hostnames": [], "other": [], "vendor": None, "product": None, "model": None, "firmware": None,
        "hardware": None, "serial": None, "os": None, "name": None, "location": None, "type": kind,
        "level": level, "roles": [], "services": [], "clients": [], "facts": [], "exposures": [],
        "first": at(n), "last": at(3000 + n), "packets": 100 + n, "bytes": 9000 + n,
    }  # fmt: skip
    return record | known


def end(asset: dict[str, Any], port: int | None = None) -> dict[str, Any]:
    """How a record names one side."""
    named: dict[str, Any] = {"ip": asset["ip"][0], "asset": asset["id"]}
    return named if port is None else named | {"port": port}


def conversation(
    client: dict[str, Any],
    server: dict[str, Any],
    protocol: str | None,
    port: int,
    packets: int,
    **operations: int,
) -> dict[str, Any]:
    return {
        "client": end(client), "server": end(server), "protocol": protocol, "transport": "tcp", "port": port,
        "packets": packets, "bytes": packets * 90, "first": at(1), "last": at(3500),
        "operations": {action.replace("_", "-"): n for action, n in operations.items()},
    }  # fmt: skip


def operation(
    client: dict[str, Any], server: dict[str, Any], protocol: str, action: str, name: str, category: str,
    second: float = 60, times: int = 1, outcome: str = "accepted", **detail: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "protocol": protocol, "action": action, "name": name, "code": 1, "category": category,
        "client": end(client), "server": end(server, 502), "detail": detail, "outcome": outcome,
        "count": times,
        "first": at(second), "last": at(second + times), "source": CAPTURE, "frame": int(second) * 3,
    }  # fmt: skip


def credential(
    client: dict[str, Any],
    server: dict[str, Any],
    protocol: str,
    user: str | None,
    outcome: str,
    *weaknesses: str,
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "protocol": protocol, "kind": "password", "server": end(server, 80), "client": end(client),
        "secret": "a•••••", "secret_id": "s1", "outcome": outcome, "weaknesses": list(weaknesses),
        "source": CAPTURE, "frame": 812, "time": at(270), "count": 1,
    }  # fmt: skip
    return record if user is None else record | {"username": user}


def evidence(protocol: str, field: str, value: str, frame: int) -> dict[str, Any]:
    return {"protocol": protocol, "field": field, "value": value, "source": CAPTURE, "frame": frame,
            "time": at(frame / 3), "count": 1}  # fmt: skip


def fact(name: str, value: str, protocol: str, frame: int, by: str = "self") -> dict[str, Any]:
    return {"name": name, "value": value, "protocol": protocol, "field": f"{protocol}.{name}",
            "source": CAPTURE, "frame": frame, "count": 2,
            "first": at(1), "last": at(9), "by": by}  # fmt: skip


def service(protocol: str | None, port: int, frame: int = 20) -> dict[str, Any]:
    return {"port": port, "transport": "tcp", "protocol": protocol, "confidence": 1.0, "source": CAPTURE,
            "frame": frame, "count": 1, "first": at(1), "last": at(9)}  # fmt: skip


def exposure(kind: str, severity: str, title: str, frame: int) -> dict[str, Any]:
    return {"kind": kind, "severity": severity, "title": title,
            "evidence": [evidence("s7comm", "served", "stop", frame)]}  # fmt: skip


def source(name: str = CAPTURE, **other: Any) -> dict[str, Any]:
    return {
        "name": name, "sha256": "5e" * 32, "kind": "capture", "site": "default", "packets": 48_211,
        "bytes": 5_120_334, "first": at(0), "last": at(3600), "dropped": 0, "truncated": 0, "cut": False,
        "link_types": ["ethernet"], "warnings": [],
    } | other  # fmt: skip


def plant(**other: Any) -> Document:
    """Two PLCs, a drive, an HMI, an engineering station, a historian, a switch, a camera, a meter,
    and an intruder who calls himself something that no page should believe."""
    press = asset(
        1, "10.1.1.10", "plc", 1.0, vendor="Siemens", product="CPU 315-2 PN/DP", model="6ES7 315-2EH14-0AB0",
        firmware="V3.2.8", serial="S C-E4V12345678", name="PRESS-1", location="hall 2",
        services=[service("s7comm", 102), service(None, 80)],
        roles=[{"role": "plc", "score": 12.5,
                "because": [evidence("s7comm", "szl", "6ES7 315-2EH14-0AB0", 31)]}],
        facts=[fact("model", "6ES7 315-2EH14-0AB0", "s7comm", 31), fact("firmware", "V3.2.8", "s7comm", 31)],
        exposures=[exposure("no-authentication", "high", "Accepted stop without authentication", 812)],
    )  # fmt: skip
    oven = asset(
        2, "10.1.1.20", "plc", 1.0, vendor="Schneider Electric", model="BMX P34 2020", firmware="v2.70",
        services=[service("modbus", 502)], other=[{"kind": "bacnet-device", "value": "77"}],
        exposures=[exposure("no-authentication", "high", "Accepted write without authentication", 90)],
    )  # fmt: skip
    drive = asset(
        3, "10.1.1.31", "drive", 0.0, vendor="Danfoss", model="FC-302", services=[service("modbus", 502)]
    )
    hmi = asset(4, "10.1.2.4", "hmi", 2.0, vendor="Advantech", clients=["modbus", "s7comm"])
    station = asset(5, "10.1.2.5", "engineering-workstation", 2.0, vendor="Dell", hostnames=["eng-05"])
    historian = asset(6, "10.1.3.6", "historian", 3.0, vendor="HPE", os="Windows Server 2019")
    switch = asset(7, "10.1.0.1", "switch", None, vendor="Hirschmann", model="RS20-0800T1T1SDAE")
    camera = asset(
        8, "10.1.4.8", "camera", None, vendor="Hikvision", model="DS-2CD2032-I",
        services=[service("http", 80)],
        exposures=[exposure("default-password", "critical", "Opens with a default password (admin)", 812)],
    )  # fmt: skip
    meter = asset(9, "10.1.1.99", "power-meter", 0.0, vendor="Janitza")
    meter["ip"].append("fe80::5eff:fe00:9")
    intruder = asset(
        10, "10.1.2.66", None, None, name=HOSTILE, hostnames=[HOSTILE], product="</script><b>x</b>"
    )
    cloud = asset(11, "198.41.30.7", "server", None, mac=[])
    record: dict[str, Any] = {
        "version": "0.1.0",
        "sources": [source(cut=True, truncated=3)],
        "assets": [press, oven, drive, hmi, station, historian, switch, camera, meter, intruder, cloud],
        "conversations": [
            conversation(hmi, press, "s7comm", 102, 12_000, read=4000),
            conversation(hmi, oven, "modbus", 502, 9_000, read=3000, write=40),
            conversation(oven, drive, "modbus", 502, 4_000, read=900, write=900),
            conversation(station, press, "s7comm", 102, 300, identify=3, upload=1),
            conversation(historian, hmi, "opcua", 4840, 2_000, read=800),
            conversation(historian, cloud, "tls", 443, 700),
            conversation(hmi, switch, "snmp", 161, 120, read=60),
            conversation(station, camera, "http", 80, 80),
            conversation(hmi, meter, "modbus", 502, 900, read=300),
            conversation(intruder, press, "s7comm", 102, 60, identify=2, download=3, stop=1),
            conversation(intruder, camera, "http", 80, 30),
            conversation(intruder, drive, None, 23, 2),
            conversation(hmi, oven, "arp", 0, 2) | {"transport": "ethernet"},
            conversation(hmi, oven, "ssdp", 1900, 5) | {"server": {"ip": "239.255.255.250", "asset": None}},
        ],
        "credentials": [
            credential(intruder, camera, "http", "admin", "failure", "cleartext", "common"),
            credential(intruder, camera, "http", "admin", "success", "cleartext", "vendor-default"),
            credential(hmi, switch, "snmp", None, "success", "cleartext", "default") | {"kind": "community"},
        ],
        "operations": [
            operation(hmi, press, "s7comm", "read", "read_var", "monitor", 5, 3000, target="DB10.DBB0"),
            operation(hmi, oven, "modbus", "write", "write_single_register", "control", 60, 40, unit="1",
                      addresses=[{"start": 200, "count": 4}]),
            operation(station, press, "s7comm", "upload", "start_upload", "engineering", 900, target="OB1"),
            operation(intruder, press, "s7comm", "download", "download_block", "engineering", 2400,
                      target=HOSTILE),
            operation(intruder, press, "s7comm", "stop", "plc_stop", "control", 2460),
            operation(intruder, oven, "modbus", "write", "write_multiple_coils", "control", 2500,
                      outcome="refused"),
        ],
        "limits": {"conversations_summed": 2},
        "parse_errors": {"modbus": 4},
    }  # fmt: skip
    return Document(**(record | other))


KINDS = (
    ("plc", 1.0, "Siemens"), ("io-device", 0.0, "Phoenix Contact"), ("drive", 0.0, "Danfoss"),
    ("hmi", 2.0, "Weintek"),
    ("camera", None, "Axis"), ("switch", None, "Moxa"), ("workstation", 4.0, "Dell"), ("server", 3.0, "HPE"),
    (None, None, None),
)  # fmt: skip


def network(size: int, seed: int = 7) -> Document:
    """A network of `size` assets in networks of 200, each talking to a few others."""
    chance = random.Random(seed)
    assets = []
    for n in range(size):
        kind, level, vendor = chance.choice(KINDS)
        where = f"10.{20 + n // 50_000}.{n // 200 % 250}.{n % 200 + 1}"
        if n % 97 == 96:
            kind, level, where = "server", None, f"{chance.randrange(60, 99)}.{n % 251}.7.{n % 200 + 1}"
        assets.append(asset(n + 1, where, kind, level, vendor=vendor, model=vendor and f"M-{n % 40}"))
    talks = []
    for n, one in enumerate(assets):
        for _ in range(chance.choice((0, 1, 1, 2))):
            other = assets[min(max(n + chance.randrange(-60, 60), 0), size - 1)]
            if other is not one and one["level"] in (2.0, 3.0, 4.0, None):
                wrote = {"write": 3} if chance.random() < 0.08 else {"read": 9}
                talks.append(conversation(one, other, "modbus", 502, chance.randrange(2, 90_000), **wrote))
    return Document(version="0.1.0", sources=[source()], assets=assets, conversations=talks)

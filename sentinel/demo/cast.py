"""Who is in the demo plant: the truth that a scan has to find."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A device. What is None cannot be told from its traffic."""

    key: str
    ip: str
    mac: str
    type: str | None = None
    level: float | None = None
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None
    name: str | None = None


SWITCH = Actor(
    "switch",
    "10.20.0.1",
    "00:80:63:4a:10:01",
    "switch",
    None,
    "Hirschmann",
    "RS20-0800T1T1SDAE",
    "L2B-09.1.00",
    "943434045180211",
    "cell-switch-1",
)
S7 = Actor(
    "plc-s7",
    "10.20.1.10",
    "00:1b:1b:a2:31:10",
    "plc",
    1,
    "Siemens",
    "6ES7 315-2EH14-0AB0",
    "V3.2.8",
    "S C-D7UN41772026",
    "LINE-1",
)
MODICON = Actor(
    "plc-modbus",
    "10.20.1.20",
    "00:80:f4:0e:62:20",
    "plc",
    1,
    "Schneider Electric",
    "BMX P34 2020",
    "v2.70",
    None,
    None,
)
HMI = Actor("hmi", "10.20.2.30", "00:0b:ab:71:05:30", "hmi", 2, "Advantech")
ENGINEERING = Actor(
    "engineering-station", "10.20.2.40", "00:1e:c9:55:2b:40", "engineering-workstation", 2, "Dell"
)
CAMERA = Actor(
    "camera",
    "10.20.3.50",
    "44:19:b6:12:9c:50",
    "camera",
    None,
    "Hikvision",
    "DS-2CD2032-I",
    "V5.4.5",
    "DS-2CD2032-I20260103CCWR572631234",
    "Loading bay",
)
METER = Actor("meter-gateway", "10.20.3.60", "00:90:e8:3d:44:60", "power-meter", 1, "Moxa")
INTRUDER = Actor("intruder", "10.20.2.99", "b8:27:eb:0c:fe:99", vendor="Raspberry Pi", name="kali")

CAST = (SWITCH, S7, MODICON, HMI, ENGINEERING, CAMERA, METER, INTRUDER)

METER_NUMBER = "202600004711"
"""Number of the electricity meter behind the gateway, as it stands on its plate."""

CAMERA_UUID = "4419b612-9c50-11e5-8994-feff819cdc9f"
"""Unique device name of the camera's UPnP announcements."""

CREDENTIALS: tuple[tuple[str, str | None, str, str], ...] = (
    ("http", "admin", "admin", "failure"),
    ("http", "admin", "1234", "failure"),
    ("http", "admin", "12345", "success"),
    ("snmp", None, "public", "success"),
    ("dlt645", "00000001", "000000", "success"),
)
"""(protocol, user, secret, outcome) of every secret on the wire."""

OPERATIONS: tuple[tuple[str, str, str, str, str], ...] = (
    ("modbus", "read", "hmi", "plc-modbus", "accepted"),
    ("modbus", "write", "hmi", "plc-modbus", "accepted"),
    ("modbus", "identify", "engineering-station", "plc-modbus", "accepted"),
    ("s7comm", "read", "hmi", "plc-s7", "accepted"),
    ("s7comm", "identify", "engineering-station", "plc-s7", "accepted"),
    ("s7comm", "upload", "engineering-station", "plc-s7", "accepted"),
    ("snmp", "read", "engineering-station", "switch", "accepted"),
    ("isapi", "identify", "intruder", "camera", "refused"),
    ("isapi", "identify", "intruder", "camera", "accepted"),
    ("s7comm", "identify", "intruder", "plc-s7", "accepted"),
    ("s7comm", "download", "intruder", "plc-s7", "accepted"),
    ("s7comm", "stop", "intruder", "plc-s7", "accepted"),
    ("dlt645", "read", "hmi", "meter-gateway", "accepted"),
    ("dlt645", "set-time", "hmi", "meter-gateway", "accepted"),
)
"""(protocol, action, by, to, outcome) that a scan has to name, by the actors' keys."""

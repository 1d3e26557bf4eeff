"""Dahua DHIP: a log-in in two rounds, questions, a configuration, a reboot that is refused; discovery."""

import json
import struct
from typing import Any

from tests.probes.scene import Scene, client, server

HASH = "0123456789ABCDEF0123456789ABCDEF"


def frame(message: dict[str, Any], session: int = 0) -> bytes:
    """A JSON text behind DHIP's head."""
    text = json.dumps(message).encode("ascii")
    number = message.get("id", 0)
    return b"\x20\0\0\0DHIP" + struct.pack("<IIIIII", session, number, len(text), 0, len(text), 0) + text


def call(number: int, method: str, **params: Any) -> bytes:
    """A call with its parameters."""
    return frame({"id": number, "method": method, "params": params or None, "session": 7})


def answer(number: int, result: bool = True, **more: Any) -> bytes:
    """What comes back of it."""
    return frame({"id": number, **more, "result": result, "session": 7})


CHALLENGE = {"random": "1234567", "realm": "Login to 4A00123PAZ", "encryption": "Default"}
DEVICE = {
    "mac": "a0:bd:1d:00:00:22",
    "method": "client.notifyDevInfo",
    "params": {
        "deviceInfo": {
            "DeviceClass": "IPC",
            "DeviceType": "IPC-HDW4631C",
            "Init": 166,
            "MachineName": "gate",
            "SerialNo": "4A00123PAZ",
            "Vendor": "Dahua",
            "Version": "2.800.0000.24.R",
        }
    },
}

TALK = [
    client(call(1, "global.login", userName="admin", password="", clientType="Web3.0")),
    server(answer(1, False, error={"code": 268632079, "message": "Component error"}, params=CHALLENGE)),
    client(call(2, "global.login", userName="admin", password=HASH, clientType="Web3.0")),
    server(answer(2, params={"keepAliveInterval": 60})),
    client(call(3, "magicBox.getDeviceType")),
    server(answer(3, params={"type": "DH-NVR4208"})),
    client(call(4, "magicBox.getSoftwareVersion")),
    server(answer(4, params={"version": {"BuildDate": "2020-01-01", "Version": "4.001.0"}})),
    client(call(5, "configManager.setConfig", name="Telnet", table={"Enable": True})),
    server(answer(5)),
    client(call(6, "magicBox.reboot")),
    server(answer(6, False, error={"code": 285409284, "message": "No authority"})),
]

FACTS = {("server", "model", "DH-NVR4208"), ("server", "firmware", "4.001.0")}
OPERATIONS = [
    ("login", "authenticate", "accepted"),
    ("get_device_type", "identify", "accepted"),
    ("get_software_version", "identify", "accepted"),
    ("set_config", "configure", "accepted"),
    ("reboot", "restart", "refused"),
]

SCENES = [
    Scene(
        protocol="dhip",
        transport="tcp",
        port=5000,
        talk=TALK,
        facts=FACTS,
        operations=OPERATIONS,
        credentials=[("hash", "admin", f"admin:Login to 4A00123PAZ:1234567:{HASH}", "success")],
    ),
    Scene(
        protocol="dhip",
        name="discovery",
        transport="udp",
        port=37810,
        talk=[
            client(frame({"method": "DHDiscover.search", "params": {"mac": "", "uni": 1}})),
            server(frame(DEVICE)),
        ],
        facts={
            ("server", "vendor", "Dahua"),
            ("server", "model", "IPC-HDW4631C"),
            ("server", "serial", "4A00123PAZ"),
            ("server", "firmware", "2.800.0000.24.R"),
            ("server", "name", "gate"),
            ("server", "device_class", "IPC"),
            ("server", "role", "camera"),
            ("server", "initialised", "166"),
        },
        operations=[("discover", "discover", "accepted")],
    ),
]

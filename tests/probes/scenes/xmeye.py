"""XMeye: a log-in with the default password's hash, questions, a new password, a reboot; discovery."""

import json
import struct
from typing import Any

from tests.probes.scene import Scene, client, server


def frame(number: int, message: dict[str, Any] | None, sequence: int = 0) -> bytes:
    """A message; odd numbers are answers."""
    text = json.dumps(message).encode("ascii") + b"\n\0" if message is not None else b""
    return struct.pack("<BBHIIBBHI", 0xFF, number % 2, 0, 9, sequence, 0, 0, number, len(text)) + text


_INFO = {
    "BuildTime": "2019-01-01",
    "DeviceModel": "",
    "HardWare": "50X20L",
    "HardWareVersion": "V1",
    "SerialNo": "a1b2c3d4e5f60718",
    "SoftWareVersion": "V4.03.R11",
}

SCENES = [
    Scene(
        protocol="xmeye",
        transport="tcp",
        port=34567,
        talk=[
            client(frame(1000, {"EncryptType": "MD5", "LoginType": "DVRIP-Web", "PassWord": "tlJwpbo6", "UserName": "admin"})),
            server(frame(1001, {"AliveInterval": 21, "DeviceType ": "IPC", "Ret": 100, "SessionID": "0x00000009"})),
            client(frame(1020, {"Name": "SystemInfo", "SessionID": "0x9"})),
            server(frame(1021, {"Name": "SystemInfo", "Ret": 100, "SystemInfo": _INFO})),
            server(frame(1412, None)[:16] + struct.pack("<I", 2000) + bytes(range(200)) * 10),
            client(frame(1488, {"EncryptType": "MD5", "NewPassWord": "GRuHbyVp", "PassWord": "tlJwpbo6", "UserName": "admin"})),
            server(frame(1489, {"Ret": 100})),
            client(frame(1450, {"Name": "OPMachine", "OPMachine": {"Action": "Reboot"}})),
            server(frame(1451, {"Name": "OPMachine", "Ret": 107})),
        ],
        facts={
            ("server", "role", "camera"),
            ("server", "model", "50X20L"),
            ("server", "serial", "a1b2c3d4e5f60718"),
            ("server", "firmware", "V4.03.R11"),
            ("server", "hardware", "V1"),
        },
        operations=[
            ("login", "authenticate", "accepted"),
            ("system_info", "identify", "accepted"),
            ("modify_password", "configure", "accepted"),
            ("reboot", "restart", "refused"),
        ],
        credentials=[
            ("hash", "admin", "tlJwpbo6", "success"),
            ("hash", "admin", "GRuHbyVp", "unknown"),
        ],
    ),
    Scene(
        protocol="xmeye",
        name="discovery",
        transport="udp",
        port=34569,
        talk=[
            client(frame(1530, None)),
            server(
                frame(
                    1531,
                    {
                        "NetWork.NetCommon": {
                            "HostName": "cam1", "MAC": "00:12:12:00:00:22", "SN": "0718", "Version": "V4.03"
                        },
                        "Ret": 100,
                    },
                )
            ),
        ],
        facts={
            ("server", "name", "cam1"),
            ("server", "serial", "0718"),
            ("server", "firmware", "V4.03"),
        },
        operations=[("search_devices", "discover", "accepted")],
        any_port=False,
    ),
]  # fmt: skip

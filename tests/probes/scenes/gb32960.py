"""GB/T 32960: a platform logs in for its vehicles; a vehicle of its own is queried and ordered."""

from tests.probes.scene import Scene, client, server

VIN = b"LSVAU2180N2183294"
NONE = bytes(17)
TIME = bytes((24, 3, 5, 12, 30, 10))


def frame(command: int, data: bytes = b"", flag: int = 0xFE, vin: bytes = VIN, start: bytes = b"##") -> bytes:
    """A frame, not enciphered."""
    content = bytes((command, flag)) + vin + b"\x01" + len(data).to_bytes(2) + data
    check = 0
    for byte in content:
        check ^= byte
    return start + content + bytes((check,))


_LOGIN = TIME + b"\x00\x01" + b"89860123456789012345" + b"\x01\x08" + b"PACK0001"
_PLATFORM = TIME + b"\x00\x01" + b"evuser".ljust(12, b"\0") + b"Ev#12345".ljust(20, b"\0") + b"\x01"
_UPGRADE = TIME + b"\x01CMIOT;dial;dialpw;10.0.0.9;8080;ABCD;HW001;SW002;http://10.0.0.9/f.bin;30"

SCENES = [
    Scene(
        protocol="gb32960",
        name="platform",
        transport="tcp",
        port=32960,
        talk=[
            client(frame(0x05, _PLATFORM, vin=NONE)),
            server(frame(0x05, TIME, flag=1, vin=NONE)),
            client(frame(0x01, _LOGIN)),
            server(frame(0x01, TIME, flag=1)),
            client(frame(0x02, TIME + b"\x01" + bytes(20))),
            server(frame(0x02, TIME, flag=1)),
            client(frame(0x06, TIME + b"\x00\x01", vin=NONE)),
            server(frame(0x06, TIME, flag=2, vin=NONE)),
        ],
        facts={
            ("client", "role", "server"),
            ("client", "id:vin", VIN.decode()),
            ("client", "id:iccid", "89860123456789012345"),
            ("client", "battery_code", "PACK0001"),
        },
        operations=[
            ("platform_login", "authenticate", "accepted"),
            ("vehicle_login", "authenticate", "accepted"),
            ("platform_logout", "authenticate", "refused"),
        ],
        credentials=[("password", "evuser", "Ev#12345", "success")],
    ),
    Scene(
        protocol="gb32960",
        name="2025",
        transport="tcp",
        port=32960,
        talk=[
            client(frame(0x01, _LOGIN, start=b"$$")),
            server(frame(0x01, TIME, flag=1, start=b"$$")),
            server(frame(0x80, TIME + b"\x02\x07\x08", start=b"$$")),
            client(frame(0x80, TIME + b"\x02\x07HW001\x08SW001", flag=1, start=b"$$")),
            server(frame(0x81, TIME + b"\x01\x01\x00\x64", start=b"$$")),
            client(frame(0x81, TIME, flag=2, start=b"$$")),
            server(frame(0x82, _UPGRADE, start=b"$$")),
            client(frame(0x82, TIME, flag=1, start=b"$$")),
            server(frame(0x82, TIME + b"\x02", start=b"$$")),
            client(frame(0x82, TIME, flag=2, start=b"$$")),
        ],
        facts={
            ("client", "role", "vehicle-terminal"),
            ("client", "id:vin", VIN.decode()),
            ("client", "id:iccid", "89860123456789012345"),
            ("client", "battery_code", "PACK0001"),
            ("client", "hardware", "HW001"),
            ("client", "firmware", "SW001"),
        },
        operations=[
            ("vehicle_login", "authenticate", "accepted"),
            ("query_parameters", "read", "accepted"),
            ("set_parameters", "configure", "refused"),
            ("remote_upgrade", "firmware", "accepted"),
            ("terminal_power_off", "stop", "refused"),
        ],
        credentials=[("password", "dial", "dialpw", "success")],
    ),
]

"""KNXnet/IP: a gateway is found, described and used: group writes, memory, keys, its own properties."""

import struct

from tests.probes.scene import Scene, Turn, client, server

SERIAL = bytes.fromhex("00c501020304")
"""Maker 0x00c5 is Weinzierl Engineering."""
MAC = bytes.fromhex("020000000902")
HPAI = b"\x08\x01" + bytes((10, 9, 0, 1)) + struct.pack(">H", 3671)
TUNNEL = b"\x04\x01\x00\x00"
"""Connection header: channel 1, sequence 0."""


def frame(service: int, body: bytes) -> bytes:
    return struct.pack(">BBHH", 6, 0x10, service, 6 + len(body)) + body


def device_info() -> bytes:
    body = struct.pack(">BBHH", 0x02, 0, 0x1105, 0x1234) + SERIAL + bytes((224, 0, 23, 12)) + MAC
    body += b"KNX IP Interface 730".ljust(30, b"\0")
    families = bytes((2, 1, 3, 1, 4, 1, 5, 1))
    return bytes((54, 1)) + body + bytes((2 + len(families), 2)) + families


def bus(
    code: int, to: int, apdu: bytes, *, group: bool = False, control: int = 0xBC, source: int = 0
) -> bytes:
    """A cEMI frame in a tunnelling request."""
    cemi = struct.pack(">BBBBHHB", code, 0, control, 0xE0 if group else 0x60, source, to, len(apdu) - 1)
    return frame(0x0420, TUNNEL + cemi + apdu)


def ack(status: int = 0) -> bytes:
    return frame(0x0421, TUNNEL[:3] + bytes((status,)))


def asked(to: int, apdu: bytes, *, group: bool = False, good: bool = True) -> list[Turn]:
    """A request to the bus, its acknowledgement and its confirmation."""
    control = 0xBC if good else 0xBD
    return [
        client(bus(0x11, to, apdu, group=group)),
        server(ack()),
        server(bus(0x2E, to, apdu, group=group, control=control)),
        client(ack()),
    ]


def apdu(service: int, data: bytes = b"") -> bytes:
    return struct.pack(">H", service) + data


DEVICE = 0x1107
KEY = bytes.fromhex("12345678")

SCENES = [
    Scene(
        protocol="knx",
        transport=transport,
        port=3671,
        talk=[
            client(frame(0x0203, HPAI)),
            server(frame(0x0204, device_info())),
            client(frame(0x0205, HPAI + HPAI + bytes((4, 4, 2, 0)))),
            server(frame(0x0206, b"\x01\x00" + HPAI + bytes((4, 4, 0x11, 0xFA)))),
            *asked(0x0A03, apdu(0x0081), group=True),
            *asked(0x0A04, apdu(0x0080, b"\x0c\x66"), group=True, good=False),
            client(bus(0x11, DEVICE, apdu(0x3D1, b"\x00" + KEY))),
            server(ack()),
            server(bus(0x29, 0x11FA, apdu(0x3D2, b"\x00"), source=DEVICE)),
            *asked(DEVICE, apdu(0x0281, b"\x40\x00\x2a")),
            *asked(DEVICE, apdu(0x0380)),
            client(frame(0x0310, TUNNEL + bytes.fromhex("fc 0000 01 0f 1001"))),
            server(frame(0x0310, TUNNEL + bytes.fromhex("fb 0000 01 0f 1001") + b"KNX-IP-730")),
            client(frame(0x0310, TUNNEL + bytes.fromhex("f6 0000 01 36 1001 01"))),
            server(frame(0x0310, TUNNEL + bytes.fromhex("f5 0000 01 36 0001 05"))),
        ],
        facts={
            ("server", "name", "KNX IP Interface 730"),
            ("server", "medium", "twisted pair"),
            ("server", "id:knx", "1.1.5"),
            ("server", "project", "4660"),
            ("server", "serial", SERIAL.hex()),
            ("server", "vendor", "Weinzierl Engineering"),
            ("server", "model", "KNX-IP-730"),
            ("server", "services", "core v1, device management v1, tunnelling v1, routing v1"),
            ("server", "role", "gateway"),
            ("server", "bus-device", "1.1.7"),
            ("client", "id:knx", "1.1.250"),
        },
        operations=[
            ("description_request", "identify", "accepted"),
            ("group_value_write", "write", "accepted"),
            ("group_value_write", "write", "refused"),
            ("authorize_request", "authenticate", "accepted"),
            ("memory_write", "download", "accepted"),
            ("restart", "restart", "accepted"),
            ("m_prop_read", "read", "accepted"),
            ("m_prop_write", "configure", "refused"),
        ],
        credentials=[("key", "", KEY.hex(), "success")],
    )
    for transport in ("udp", "tcp")
]

"""DoIP: a vehicle is found, a tester is let in, unlocks a unit, writes and flashes it."""

import struct

from tests.probes.scene import Scene, Turn, client, server

VIN = b"WVWZZZ1KZ6W000001"
EID = bytes.fromhex("020000000902")
TESTER, GATEWAY, UNIT = 0x0E80, 0x1000, 0x1010


def message(kind: int, body: bytes = b"") -> bytes:
    return struct.pack(">BBHI", 2, 0xFD, kind, len(body)) + body


def pair(ask: str, answer: str, unit: int = UNIT) -> list[Turn]:
    """A UDS request, the gateway's acknowledgement and the unit's answer."""
    request, reply = bytes.fromhex(ask), bytes.fromhex(answer)
    return [
        client(message(0x8001, struct.pack(">HH", TESTER, unit) + request)),
        server(message(0x8002, struct.pack(">HHB", unit, TESTER, 0))),
        server(message(0x8001, struct.pack(">HH", unit, TESTER) + reply)),
    ]


ANNOUNCEMENT = VIN + struct.pack(">H", GATEWAY) + EID + bytes.fromhex("0000aabbccdd") + b"\0\0"
SERIAL = b"ECU0001234".hex()

SCENES = [
    Scene(
        protocol="doip",
        transport="udp",
        port=13400,
        talk=[
            client(message(0x0001)),
            server(message(0x0004, ANNOUNCEMENT)),
            client(message(0x4001)),
            server(message(0x4002, struct.pack(">BBBI", 0, 5, 1, 4096))),
        ],
        facts={
            ("server", "id:vin", VIN.decode()),
            ("server", "id:doip", "0x1000"),
            ("server", "eid", EID.hex()),
            ("server", "gid", "0000aabbccdd"),
            ("server", "role", "gateway"),
        },
        operations=[
            ("vehicle_identification", "discover", "accepted"),
            ("entity_status", "read", "accepted"),
        ],
    ),
    Scene(
        protocol="doip",
        transport="tcp",
        port=13400,
        talk=[
            client(message(0x0005, struct.pack(">HBI", TESTER, 0, 0))),
            server(message(0x0006, struct.pack(">HHBI", TESTER, GATEWAY, 0x10, 0))),
            *pair("22f190", "62f190" + VIN.hex()),
            *pair("22f18c", "62f18c" + SERIAL, GATEWAY),
            *pair("22f189", "62f189" + b"V2.1".hex()),
            *pair("1002", "5002003201f4"),
            *pair("2701", "670111223344"),
            *pair("2702deadbeef", "7f2735"),
            *pair("2701", "670155667788"),
            *pair("2702cafef00d", "6702"),
            *pair("2ef1901234", "7f2e33"),
            *pair("3101ff00", "7101ff00"),
            *pair("3400440000100000001000", "74200402"),
            *pair("3601aabbcc", "7601"),
            *pair("37", "77"),
            *pair("1101", "5101"),
        ],
        facts={
            ("client", "id:doip", "0x0e80"),
            ("server", "id:doip", "0x1000"),
            ("server", "id:vin", VIN.decode()),
            ("server", "serial", "ECU0001234"),
            ("server", "ecu", "0x1000 F18C ECU serial number ECU0001234"),
            ("server", "ecu", "0x1010 F189 ECU software V2.1"),
        },
        operations=[
            ("routing_activation", "authenticate", "accepted"),
            ("read_data_by_identifier", "read", "accepted"),
            ("diagnostic_session_control", "change-mode", "accepted"),
            ("security_access_request_seed", "authenticate", "accepted"),
            ("security_access_send_key", "authenticate", "refused"),
            ("security_access_send_key", "authenticate", "accepted"),
            ("write_data_by_identifier", "write", "refused"),
            ("routine_start", "start", "accepted"),
            ("request_download", "download", "accepted"),
            ("transfer_data", "download", "accepted"),
            ("request_transfer_exit", "download", "accepted"),
            ("ecu_reset", "restart", "accepted"),
        ],
        credentials=[("key", "", "cafef00d", "success"), ("key", "", "deadbeef", "failure")],
    ),
]

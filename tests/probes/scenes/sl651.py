"""SL 651: a station reports; the centre asks its version, sets its clock and changes its password."""

from sentinel.probes.dialogue import crc16
from tests.probes.scene import Scene, client, server

STATION = "0012345678"
TIME = bytes.fromhex("240305123010")


def frame(function: int, body: bytes, *, up: bool, end: int = 0x03, password: str = "A000") -> bytes:
    """A frame without packet number."""
    station, centre = bytes.fromhex(STATION), b"\x01"
    head = b"\x7e\x7e" + (centre + station if up else station + centre) + bytes.fromhex(password)
    head += bytes((function,)) + ((0 if up else 0x8000) | len(body)).to_bytes(2) + b"\x02"
    whole = head + body + bytes((end,))
    return whole + crc16(whole).to_bytes(2)


_HEAD = b"\x00\x01" + TIME
_OWN = _HEAD + b"\xf1\xf1" + bytes.fromhex(STATION)

SCENES = [
    Scene(
        protocol="sl651",
        transport="tcp",
        port=7101,
        talk=[
            client(frame(0x32, _OWN + b"\x48", up=True)),
            server(frame(0x32, _HEAD, up=False, end=0x06)),
            server(frame(0x45, _HEAD, up=False, end=0x05)),
            client(frame(0x45, _OWN + b"\x06V1.0.3", up=True)),
            server(frame(0x4A, _HEAD, up=False, end=0x05)),
            client(frame(0x4A, _OWN, up=True)),
            server(frame(0x49, _HEAD + b"\x03\x10\xa0\x00\x03\x10\xb1\x23", up=False, end=0x05)),
            client(frame(0x49, _OWN, up=True)),
            server(frame(0x48, _HEAD, up=False, end=0x05, password="FFFF")),
            client(frame(0x48, _OWN, up=True, end=0x15)),
        ],
        facts={
            ("client", "role", "rtu"),
            ("client", "id:station", STATION),
            ("client", "firmware", "V1.0.3"),
        },
        operations=[
            ("query_software_version", "identify", "accepted"),
            ("set_time", "set-time", "accepted"),
            ("change_password", "configure", "accepted"),
            ("factory_reset", "factory-reset", "refused"),
        ],
        credentials=[
            ("password", STATION, "A000", "success"),
            ("password", STATION, "B123", "success"),
            ("password", STATION, "FFFF", "failure"),
        ],
    )
]

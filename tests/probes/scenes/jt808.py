"""JT/T 808: a terminal registers, is authenticated and ordered about, in both editions."""

from tests.probes.scene import Scene, client, server


def frame(
    code: int, body: bytes, serial: int, *, phone: str = "013912345678", part: tuple[int, int] | None = None
) -> bytes:
    """A frame of 2013 (phone of 12 digits) or 2019 (of 20), escaped."""
    new = len(phone) == 20
    properties = len(body) | (0x4000 if new else 0) | (0x2000 if part else 0)
    content = code.to_bytes(2) + properties.to_bytes(2) + (b"\x01" if new else b"") + bytes.fromhex(phone)
    content += serial.to_bytes(2)
    if part:
        content += part[0].to_bytes(2) + part[1].to_bytes(2)
    content += body
    check = 0
    for byte in content:
        check ^= byte
    content += bytes((check,))
    return b"\x7e" + content.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


def answer(serial: int, code: int, result: int = 0) -> bytes:
    """Body of a general answer."""
    return serial.to_bytes(2) + code.to_bytes(2) + bytes((result,))


_NEW = "00000000013812345678"
_REGISTER = (
    (44).to_bytes(2)
    + (300).to_bytes(2)
    + b"70111"
    + b"BSJ-A6".ljust(20, b"\0")
    + b"A000123"
    + b"\x02"
    + "粤B12345".encode("gbk")
)
_REGISTER_2019 = (
    (31).to_bytes(2) + (115).to_bytes(2) + b"70222".ljust(11, b"\0") + b"GPS-2019".ljust(30, b"\0")
    + b"ID20190001".ljust(30, b"\0") + b"\x00" + b"LSVAU2180N2183294"
)  # fmt: skip
_ATTRIBUTES = (
    b"\x00\x07" + b"70111" + b"BSJ-A6".ljust(20, b"\0") + b"A000123" + bytes.fromhex("89860123456789012345")
    + b"\x04HW10" + b"\x06V3.2.1" + b"\x03\x04"
)  # fmt: skip
_UPGRADE = b"\x01http://10.0.0.9/fw.bin;CMIOT;apnuser;apnpass;10.0.0.9;808;0;70111;HW10;V4;30"

SCENES = [
    Scene(
        protocol="jt808",
        name="2013",
        transport="tcp",
        port=6808,
        talk=[
            client(frame(0x0100, _REGISTER, 1)),
            server(frame(0x8100, b"\x00\x01\x00" + b"AUTH~}01", 1)),
            client(frame(0x0102, b"AUTH~}01", 2)),
            server(frame(0x8001, answer(2, 0x0102), 2)),
            server(frame(0x8107, b"", 3)),
            client(frame(0x0107, _ATTRIBUTES, 3)),
            server(frame(0x8103, b"\x01\x00\x00\x00\x01\x04\x00\x00\x00\x3c", 4)),
            client(frame(0x0001, answer(4, 0x8103), 4)),
            server(frame(0x8105, b"\x04", 5)),
            client(frame(0x0001, answer(5, 0x8105, 1), 5)),
            server(frame(0x8105, _UPGRADE, 6)),
            client(frame(0x0001, answer(6, 0x8105), 6)),
            server(frame(0x8500, b"\x01", 7)),
            client(frame(0x0500, b"\x00\x07" + bytes(28), 7)),
            server(frame(0x8300, b"\x01" + "减速".encode("gbk"), 8)),
            client(frame(0x0001, answer(8, 0x8300), 8)),
            server(frame(0x8108, b"\x00" + b"70111" + b"\x02V4" + bytes(40), 9, part=(2, 1))),
            server(frame(0x8108, bytes(50), 10, part=(2, 2))),
            client(frame(0x0001, answer(9, 0x8108), 9)),
        ],
        facts={
            ("client", "role", "vehicle-terminal"),
            ("client", "id:phone", "13912345678"),
            ("client", "region", "440300"),
            ("client", "vendor_code", "70111"),
            ("client", "model", "BSJ-A6"),
            ("client", "serial", "A000123"),
            ("client", "plate", "粤B12345"),
            ("client", "id:iccid", "89860123456789012345"),
            ("client", "hardware", "HW10"),
            ("client", "firmware", "V3.2.1"),
        },
        operations=[
            ("terminal_registration", "authenticate", "accepted"),
            ("terminal_authentication", "authenticate", "accepted"),
            ("query_terminal_attributes", "identify", "accepted"),
            ("set_terminal_parameters", "configure", "accepted"),
            ("terminal_reset", "restart", "refused"),
            ("wireless_upgrade", "firmware", "accepted"),
            ("vehicle_control", "force", "accepted"),
            ("send_text", "write", "accepted"),
            ("send_upgrade_package", "firmware", "accepted"),
            ("send_upgrade_package", "firmware", "no-answer"),
        ],
        credentials=[
            ("auth-code", "13912345678", "AUTH~}01", "success"),
            ("password", "apnuser", "apnpass", "success"),
        ],
    ),
    Scene(
        protocol="jt808",
        name="2019",
        transport="tcp",
        port=6808,
        talk=[
            client(frame(0x0100, _REGISTER_2019, 1, phone=_NEW)),
            server(frame(0x8100, b"\x00\x01\x04", 1, phone=_NEW)),
            client(
                frame(0x0102, b"\x06SECRET" + b"860000000000001" + b"SW1.0".ljust(20, b"\0"), 2, phone=_NEW)
            ),
            server(frame(0x8001, answer(2, 0x0102, 1), 2, phone=_NEW)),
            server(frame(0x9101, b"\x0810.0.0.9" + bytes(7), 3, phone=_NEW)),
            client(frame(0x0001, answer(3, 0x9101, 3), 3, phone=_NEW)),
        ],
        facts={
            ("client", "role", "vehicle-terminal"),
            ("client", "id:phone", "13812345678"),
            ("client", "region", "310115"),
            ("client", "vendor_code", "70222"),
            ("client", "model", "GPS-2019"),
            ("client", "serial", "ID20190001"),
            ("client", "id:vin", "LSVAU2180N2183294"),
            ("client", "id:imei", "860000000000001"),
            ("client", "firmware", "SW1.0"),
        },
        operations=[
            ("terminal_registration", "authenticate", "refused"),
            ("terminal_authentication", "authenticate", "refused"),
            ("real_time_video", "subscribe", "refused"),
        ],
        credentials=[("auth-code", "13812345678", "SECRET", "failure")],
    ),
]

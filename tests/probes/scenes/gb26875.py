"""GB/T 26875.3: a fire protection device reports, tells its version, is set and refuses to be initialised."""

from tests.probes.scene import Scene, client, server

DEVICE, CENTRE = "0000A1B2C3D4", "000000000001"


def frame(command: int, serial: int, data: bytes, *, up: bool) -> bytes:
    """A frame of version 1.1."""
    source, target = (DEVICE, CENTRE) if up else (CENTRE, DEVICE)
    body = serial.to_bytes(2, "little") + b"\x01\x01" + bytes((10, 30, 12, 5, 3, 24))
    body += bytes.fromhex(source)[::-1] + bytes.fromhex(target)[::-1] + len(data).to_bytes(2, "little")
    body += bytes((command,)) + data
    return b"@@" + body + bytes((sum(body) & 0xFF,)) + b"##"


SCENES = [
    Scene(
        protocol="gb26875",
        transport="tcp",
        port=5200,
        talk=[
            client(frame(2, 1, b"\x15\x01\x01" + bytes(6), up=True)),
            server(frame(3, 1, b"", up=False)),
            server(frame(4, 2, b"\x55\x01", up=False)),
            client(frame(5, 2, b"\x19\x01\x02\x05", up=True)),
            server(frame(1, 3, b"\x5a\x01" + bytes((10, 30, 12, 5, 3, 24)), up=False)),
            client(frame(3, 3, b"", up=True)),
            server(frame(1, 4, b"\x59\x01\x00", up=False)),
            client(frame(6, 4, b"", up=True)),
        ],
        facts={
            ("client", "role", "gateway"),
            ("client", "id:fire-device", DEVICE),
            ("client", "protocol_version", "1.1"),
            ("client", "firmware", "2.5"),
        },
        operations=[
            ("read_device_version", "identify", "accepted"),
            ("set_device_time", "set-time", "accepted"),
            ("initialise_device", "factory-reset", "refused"),
        ],
    )
]

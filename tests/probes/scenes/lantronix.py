"""Lantronix: a device server is found and its set-up record read, with the Telnet password in it; then written."""

from tests.probes.scene import Scene, client, server

MAC = bytes.fromhex("00204a000902")


def record(password: bytes) -> bytes:
    return (bytes(12) + password.ljust(4, b"\0")).ljust(120, b"\0")


SCENES = [
    Scene(
        protocol="lantronix",
        transport="udp",
        port=30718,
        any_port=False,
        talk=[
            client(b"\0\0\0\xf6"),
            server((b"\0\0\0\xf7" + bytes(4) + b"X9").ljust(24, b"\0") + MAC),
            client(b"\0\0\0\xf8"),
            server(b"\0\0\0\xf9" + record(b"abcd")),
            client(b"\0\0\0\xfa" + record(b"xyz1")),
            server(b"\0\0\0\xfb"),
        ],
        facts={
            ("server", "vendor", "Lantronix"),
            ("server", "role", "serial-server"),
            ("server", "product", "type X9"),
        },
        operations=[
            ("query", "discover", "accepted"),
            ("read_setup", "read", "accepted"),
            ("write_setup", "configure", "accepted"),
        ],
        credentials=[("password", "", "abcd", "unknown"), ("password", "", "xyz1", "unknown")],
    )
]

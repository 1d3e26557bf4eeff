"""IEC 62056-21: a meter is read, a password is refused and taken, its clock and its relay are set."""

from tests.probes.scene import Scene, client, server


def frame(start: int, body: bytes) -> bytes:
    """Start character, body, ETX, check octet."""
    check = 0
    for octet in body + b"\x03":
        check ^= octet
    return bytes((start,)) + body + b"\x03" + bytes((check,))


def command(kind: str, data: bytes = b"") -> bytes:
    return frame(1, kind.encode() + (b"\x02" + data if data else b""))


READ_OUT = b"0.0.0(12345678)\r\n0.2.0(V3.01)\r\n1.8.0(0001234.5*kWh)\r\n!\r\n"

SCENES = [
    Scene(
        protocol="iec62056-21",
        transport="tcp",
        port=8000,
        talk=[
            client(b"/?12345678!\r\n"),
            server(b"/LGZ5\\2ZMD3104407.B32\r\n"),
            client(b"\x06050\r\n"),
            server(frame(2, READ_OUT)),
            client(b"/?12345678!\r\n"),
            server(b"/LGZ5\\2ZMD3104407.B32\r\n"),
            client(b"\x06051\r\n"),
            server(command("P0", b"()")),
            client(command("P1", b"(11111111)")),
            server(b"\x15"),
            client(command("P1", b"(00000000)")),
            server(b"\x06"),
            client(command("R1", b"1.8.0()")),
            server(frame(2, b"1.8.0(0001234.5*kWh)")),
            client(command("W1", b"0.9.1(120000)")),
            server(b"\x06"),
            client(command("W1", b"C003(0001)")),
            server(frame(2, b"(ERR02)")),
            client(command("E2", b"C002(FF)")),
            server(b"\x06"),
            client(command("B0")),
        ],
        facts={
            ("server", "vendor", "Landis+Gyr"),
            ("server", "model", "ZMD3104407.B32"),
            ("server", "serial", "12345678"),
            ("server", "id:meter", "12345678"),
            ("server", "firmware", "V3.01"),
            ("server", "role", "meter"),
        },
        operations=[
            ("sign_on", "identify", "accepted"),
            ("read_out", "read", "accepted"),
            ("password_command", "authenticate", "refused"),
            ("password_command", "authenticate", "accepted"),
            ("read_command", "read", "accepted"),
            ("write_command", "set-time", "accepted"),
            ("write_command", "write", "refused"),
            ("execute_command", "other", "accepted"),
            ("break_command", "other", "unknown"),
        ],
        credentials=[("password", "", "00000000", "success"), ("password", "", "11111111", "failure")],
    )
]

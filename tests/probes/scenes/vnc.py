"""VNC: a challenge of version 3.8, one that fails, a desktop without a password in version 3.3."""

import struct

from tests.probes.scene import Scene, client, server


def desktop(name: str) -> bytes:
    """ServerInit: 1280 x 800, 32 bits, a name."""
    pixels = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
    return struct.pack(">HH", 1280, 800) + pixels + struct.pack(">I", len(name)) + name.encode()


_CHALLENGE, _RESPONSE = bytes(range(16)), bytes(range(100, 116))
_LINE = f"$vnc$*{_CHALLENGE.hex().upper()}*{_RESPONSE.hex().upper()}"
_HELLO = [server(b"RFB 003.008\n"), client(b"RFB 003.008\n"), server(b"\x02\x02\x10"), client(b"\x02")]

SCENES = [
    Scene(
        protocol="vnc",
        name="password",
        transport="tcp",
        port=5900,
        talk=[
            *_HELLO,
            server(_CHALLENGE),
            client(_RESPONSE),
            server(bytes(4)),
            client(b"\x01"),
            server(desktop("HMI-Panel-7")),
        ],
        facts={("server", "rfb_version", "3.8"), ("server", "name", "HMI-Panel-7")},
        operations=[("connect", "authenticate", "accepted")],
        credentials=[("hash", "", _LINE, "success")],
        events=["connect", "log-in"],
    ),
    Scene(
        protocol="vnc",
        name="refused",
        transport="tcp",
        port=5900,
        talk=[
            *_HELLO,
            server(_CHALLENGE),
            client(_RESPONSE),
            server(struct.pack(">II", 1, 21) + b"Authentication failed"),
        ],
        facts={("server", "rfb_version", "3.8")},
        operations=[("connect", "authenticate", "refused")],
        credentials=[("hash", "", _LINE, "failure")],
    ),
    Scene(
        protocol="vnc",
        name="open",
        transport="tcp",
        port=5900,
        talk=[
            server(b"RFB 003.003\n"),
            client(b"RFB 003.003\n"),
            server(struct.pack(">I", 1)),
            client(b"\x01"),
            server(desktop("open")),
        ],
        facts={("server", "rfb_version", "3.3"), ("server", "name", "open")},
        operations=[("connect", "authenticate", "accepted")],
    ),
]

"""TeamViewer on its own port."""

from tests.probes.scene import Scene, client, server

SCENES = [
    Scene(
        protocol="teamviewer",
        transport="tcp",
        port=5938,
        talk=[client(b"\x17\x24\x0a\x20" + bytes(16)), server(b"\x17\x24\x11\x04" + bytes(16))],
        any_port=False,
    )
]

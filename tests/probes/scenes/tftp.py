"""TFTP: a firmware is fetched, another is written, a write is refused."""

from tests.probes.scene import Scene, client, server


def request(kind: int, name: str, *options: str) -> bytes:
    return bytes([0, kind]) + b"".join(t.encode() + b"\0" for t in (name, "octet", *options))


SCENES = [
    Scene(
        protocol="tftp",
        transport="udp",
        port=69,
        talk=[
            client(request(1, "boot/plc_v2.bin", "tsize", "0")),
            server(b"\0\x06tsize\x00512\0"),
            client(b"\0\x04\0\0"),
            server(b"\0\x03\0\x01" + bytes(512)),
            client(b"\0\x04\0\x01"),
            client(request(2, "running-config")),
            server(b"\0\x04\0\0"),
            client(b"\0\x03\0\x01hostname sw1"),
            server(b"\0\x04\0\x01"),
            client(request(2, "image.bin")),
            server(b"\0\x05\0\x02Access violation\0"),
        ],
        facts={("client", "firmware_file", "boot/plc_v2.bin")},
        operations=[
            ("read_request", "file-read", "accepted"),
            ("write_request", "file-write", "accepted"),
            ("write_request", "firmware", "refused"),
        ],
        events=["read_request", "write_request"],
    )
]

"""SOCKS: a name and password for version 5, a user's name in version 4a; what is behind is read on."""

from tests.probes.scene import Scene, client, server

_GET = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"

SCENES = [
    Scene(
        protocol="socks",
        name="five",
        transport="tcp",
        port=1080,
        talk=[
            client(b"\x05\x02\x00\x02"),
            server(b"\x05\x02"),
            client(b"\x01\x03amy\x06s3cret"),
            server(b"\x01\x00"),
            client(b"\x05\x01\x00\x03\x0bexample.org\x00\x50"),
            server(b"\x05\x00\x00\x01\x0a\x09\x00\x02\x04\x38"),
            client(_GET),
        ],
        operations=[("connect", "other", "accepted")],
        credentials=[("password", "amy", "s3cret", "success")],
    ),
    Scene(
        protocol="socks",
        name="four",
        transport="tcp",
        port=1080,
        talk=[
            client(b"\x04\x01\x00\x50\x00\x00\x00\x01bob\x00example.org\x00"),
            server(b"\x00\x5b\x00\x00\x00\x00\x00\x00"),
        ],
        operations=[("connect", "other", "refused")],
        credentials=[("user", "bob", "", "failure")],
        any_port=False,
    ),
]

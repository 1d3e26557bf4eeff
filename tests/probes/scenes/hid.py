"""HID VertX: a door controller is found, then told to blink, once with a command of the shell."""

from tests.probes.scene import Scene, client, server


def message(word: str, *fields: str) -> bytes:
    rest = "".join(f";{f}" for f in fields)
    total = len(word) + 5 + len(rest)
    return f"{word};{total:03d}{rest};".encode()


SCENES = [
    Scene(
        protocol="hid",
        transport="udp",
        port=4070,
        talk=[
            client(b"discover;013;"),
            server(
                message(
                    "discovered",
                    "02:00:00:00:09:02",
                    "Gate",
                    "10.9.0.2",
                    "3",
                    "V1000",
                    "2.2.7.18",
                    "2010-08-01",
                )
            ),
            client(message("command_blink_on", "02:00:00:00:09:02", "30")),
            client(message("command_blink_on", "02:00:00:00:09:02", "1`id`")),
        ],
        facts={
            ("server", "vendor", "HID Global"),
            ("server", "name", "Gate"),
            ("server", "model", "V1000"),
            ("server", "firmware", "2.2.7.18"),
            ("server", "firmware_date", "2010-08-01"),
            ("server", "role", "building-controller"),
        },
        operations=[
            ("discover", "discover", "accepted"),
            ("command_blink_on", "write", "unknown"),
            ("command_injection", "write", "unknown"),
        ],
    )
]

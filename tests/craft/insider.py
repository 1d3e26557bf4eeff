"""An insider at the engineering station: at night the program is saved, changed and loaded again."""

from __future__ import annotations

from sentinel.demo.scenes.s7 import OB1, Session
from tests.craft.plant import DAY, ENGINEERING, HOUR, MINUTE, S7, SECOND, Plant, Scene, days

DAYS = 8


def play(wire: Plant) -> None:
    """Eight usual days, then twenty to four in the night."""
    days(wire, DAYS + 1)
    for day in range(DAYS):
        save = Session(wire, day * DAY + 3 * HOUR, ENGINEERING, S7)
        for _ in range(2):
            save.upload(OB1)
        save.tcp.close()
    night = DAYS * DAY + 19 * HOUR + 40 * MINUTE
    look = Session(wire, night, ENGINEERING, S7)
    look.identify(S7)
    look.upload(OB1)
    look.tcp.close()
    load = Session(wire, night + 9 * MINUTE, ENGINEERING, S7)
    load.stop()
    load.tcp.wait(load.tcp.now + 5 * SECOND)
    load.download(OB1[:-2] + b"\x70\x0b\x65\0")
    load.tcp.close()


SCENE = Scene(
    play,
    attackers=(ENGINEERING,),
    victims=(S7,),
    tactics=("collection", "execution|inhibit-response-function|lateral-movement|persistence"),
)

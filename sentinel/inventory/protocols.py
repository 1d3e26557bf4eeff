"""What is known of each protocol: how much its word is worth, and whether it asks who one is."""

from dataclasses import dataclass
from functools import cache

from sentinel.inventory import tables
from sentinel.model.words import INDUSTRIAL

_UNLISTED_RANK = 30


@dataclass(frozen=True, slots=True)
class Protocol:
    """`rank`: 0-100, how specific its facts are; `auth`: none, optional or login; `shown`: for people."""

    rank: int = _UNLISTED_RANK
    auth: str = "login"
    shown: str = ""


_UNLISTED = Protocol()


@cache
def _all() -> dict[str, Protocol]:
    rows = tables.rows("protocols.tsv")
    return {name: Protocol(int(rank), auth, shown) for name, rank, auth, shown in rows}


def protocol(name: str) -> Protocol:
    """What is known of a protocol; for one not listed, what holds for an ordinary IT protocol."""
    return _all().get(name, _UNLISTED)


def shown(name: str) -> str:
    """The protocol's name as it is written in a sentence."""
    return _all().get(name, _UNLISTED).shown or name


def industrial(name: str) -> bool:
    """True if the protocol controls or meters a process."""
    return name in INDUSTRIAL

"""Attack scenes and a day without one, made with scapy: the same bytes every time."""

from tests.craft import (
    abuse,
    access_point,
    ailing,
    benign,
    botnet,
    crossings,
    insider,
    jump,
    newcomer,
    opcua_theft,
    substation,
)
from tests.craft.plant import Scene

SCENES: dict[str, Scene] = {
    module.__name__.rpartition(".")[2]: module.SCENE
    for module in (
        jump,
        insider,
        substation,
        botnet,
        access_point,
        opcua_theft,
        benign,
        crossings,
        abuse,
        newcomer,
        ailing,
    )
}
"""Scenes by the names of their files."""

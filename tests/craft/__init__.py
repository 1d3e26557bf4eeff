"""Attack scenes and a day without one, made with scapy: the same bytes every time."""

from tests.craft import access_point, benign, botnet, insider, jump, opcua_theft, substation
from tests.craft.plant import Scene

SCENES: dict[str, Scene] = {
    module.__name__.rpartition(".")[2]: module.SCENE
    for module in (jump, insider, substation, botnet, access_point, opcua_theft, benign)
}
"""Scenes by the names of their files."""
